/* What every engine of storage.h does alike: transactions, settings and counters, keys, the audit trail, policies, intents, publications, copies. */
#include <support/storage-world.h>

#include <support/scratch.h>

/* ---- transactions ---------------------------------------------------------------------------------------------- */

static uint64_t counter_of(storage_world *w, struct storage *storage)
{
    uint64_t value;
    DONE(storage_get_counter(&value, storage, "change", &w->err));
    return value;
}

static void count_up(storage_world *w)
{
    uint64_t value;
    DONE(storage_next_generation(&value, w->storage, &w->err));
}

TEST(what_is_rolled_back_is_not_there)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    count_up(w);
    add_cert(w, "A", "one", 1);
    assert_int_equal(counter_of(w, w->storage), 1);
    storage_rollback(w->storage);
    assert_int_equal(counter_of(w, w->storage), 0);
    assert_int_equal(find_cert_id(w, "A", "one"), 0);
    storage_rollback(w->storage); /* none is open: nothing happens */
}

TEST(a_step_undoes_alone)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    add_cert(w, "A", "one", 1);
    DONE(storage_begin_step(w->storage, &w->err));
    add_cert(w, "A", "two", 2);
    storage_undo_step(w->storage);
    DONE(storage_commit(w->storage, &w->err));
    assert_int_not_equal(find_cert_id(w, "A", "one"), 0);
    assert_int_equal(find_cert_id(w, "A", "two"), 0);
}

TEST(steps_nest)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(storage_begin_step(w->storage, &w->err));
    add_cert(w, "A", "outer", 1);
    DONE(storage_begin_step(w->storage, &w->err));
    add_cert(w, "A", "inner", 2);
    DONE(storage_keep_step(w->storage, &w->err));
    DONE(storage_begin_step(w->storage, &w->err));
    add_cert(w, "A", "undone", 3);
    storage_undo_step(w->storage);
    DONE(storage_keep_step(w->storage, &w->err));
    DONE(storage_commit(w->storage, &w->err));
    assert_int_not_equal(find_cert_id(w, "A", "outer"), 0);
    assert_int_not_equal(find_cert_id(w, "A", "inner"), 0);
    assert_int_equal(find_cert_id(w, "A", "undone"), 0);
}

TEST(an_outer_step_undoes_what_an_inner_one_kept)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(storage_begin_step(w->storage, &w->err));
    DONE(storage_begin_step(w->storage, &w->err));
    add_cert(w, "A", "inner", 1);
    DONE(storage_keep_step(w->storage, &w->err));
    storage_undo_step(w->storage);
    DONE(storage_commit(w->storage, &w->err));
    assert_int_equal(find_cert_id(w, "A", "inner"), 0);
}

TEST(a_step_needs_a_change)
{
    storage_world *w = *state;
    assert_int_equal(storage_begin_step(w->storage, &w->err), SAF_E_IO);
    assert_int_equal(storage_keep_step(w->storage, &w->err), SAF_E_IO);
    storage_undo_step(w->storage);
}

TEST(a_refused_row_undoes_no_other)
{
    storage_world *w = *state;
    const struct storage_new_cert again = new_cert_of("A", "one", 2);
    DONE(storage_begin_write(w->storage, &w->err));
    add_cert(w, "A", "one", 1);
    REFUSED(storage_add_cert(w->storage, &again, &w->err));
    add_cert(w, "A", "two", 3);
    DONE(storage_commit(w->storage, &w->err));
    assert_int_not_equal(find_cert_id(w, "A", "one"), 0);
    assert_int_not_equal(find_cert_id(w, "A", "two"), 0);
}

TEST(what_is_not_committed_nobody_else_sees)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    count_up(w);
    assert_int_equal(counter_of(w, w->other), 0);
    DONE(storage_commit(w->storage, &w->err));
    assert_int_equal(counter_of(w, w->other), 1);
}

/* Whether a writer waits for readers or not is the engine's business; that they see one state is not. */
TEST(a_reader_sees_one_state)
{
    storage_world *w = *state;
    DONE(storage_begin_read(w->other, &w->err));
    assert_int_equal(counter_of(w, w->other), 0);
    DONE(storage_begin_write(w->storage, &w->err));
    count_up(w);
    saf_status status = storage_commit(w->storage, &w->err);
    assert_true(status == SAF_OK || status == SAF_E_BUSY);
    assert_int_equal(counter_of(w, w->other), 0);
    DONE(storage_commit(w->other, &w->err));
    assert_int_equal(counter_of(w, w->other), status == SAF_OK);
}

TEST(a_second_writer_is_told_that_the_first_is_busy)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    assert_int_equal(storage_begin_write(w->other, &w->err), SAF_E_BUSY);
    assert_true(w->err.text[0]);
    storage_rollback(w->storage);
    DONE(storage_begin_write(w->other, &w->err));
    storage_rollback(w->other);
}

TEST(a_commit_survives_that_the_database_is_closed)
{
    storage_world *w = *state;
    CHANGE(storage_put_setting(w->storage, "name", saf_bytes_of_text("value"), &w->err));
    storage_close(&w->storage);
    storage_close(&w->other);
    DONE(storage_open(&w->storage, ".", STORAGE_USE, 0, &w->err));
    OWN(saf_buffer) value = { 0 };
    DONE(storage_get_setting(&value, w->storage, "name", &w->err));
    assert_string_equal(saf_buffer_text(&value), "value");
    assert_null(w->other);
    storage_close(&w->other);
}

TEST(what_is_open_when_the_database_is_closed_is_undone)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    count_up(w);
    storage_close(&w->storage);
    assert_int_equal(counter_of(w, w->other), 0);
}

/* ---- opening --------------------------------------------------------------------------------------------------- */

TEST(nothing_can_be_used_where_none_was_made)
{
    storage_world *w = *state;
    struct storage *storage = NULL;
    assert_int_equal(mkdir("empty", 0700), 0);
    assert_int_equal(storage_open(&storage, "empty", STORAGE_USE, 0, &w->err), SAF_E_NOT_FOUND);
    assert_int_equal(storage_open(&storage, "missing", STORAGE_USE, 0, &w->err), SAF_E_NOT_FOUND);
    assert_null(storage);
}

TEST(a_half_made_one_is_not_found_and_can_be_made)
{
    storage_world *w = *state;
    struct storage *storage = NULL;
    assert_int_equal(mkdir("half", 0700), 0);
    DONE(storage_open(&storage, "half", STORAGE_MAKE, 0, &w->err));
    DONE(storage_begin_write(storage, &w->err));
    DONE(storage_make_schema(storage, &w->err));
    storage_close(&storage); /* before it commits */
    assert_int_equal(storage_open(&storage, "half", STORAGE_USE, 0, &w->err), SAF_E_NOT_FOUND);
    DONE(storage_open(&storage, "half", STORAGE_MAKE, 0, &w->err));
    storage_close(&storage);
}

TEST(what_is_there_is_not_made_again)
{
    storage_world *w = *state;
    struct storage *storage = NULL;
    unsigned schema;
    assert_int_equal(storage_open(&storage, ".", STORAGE_MAKE, 0, &w->err), SAF_E_EXISTS);
    assert_null(storage);
    DONE(storage_get_schema(&schema, w->storage, &w->err));
    assert_int_equal(schema, STORAGE_SCHEMA);
}

/* ---- settings and counters ------------------------------------------------------------------------------------- */

TEST(a_setting_keeps_any_bytes)
{
    storage_world *w = *state;
    OWN(saf_buffer) value = { 0 };
    bool found;
    CHANGE(storage_put_setting(w->storage, "it's \"ž\"", saf_bytes_of("\0a\0\xFF", 4), &w->err));
    DONE(storage_find_setting(&found, &value, w->storage, "it's \"ž\"", &w->err));
    assert_true(found);
    assert_int_equal(value.len, 4);
    assert_memory_equal(value.data, "\0a\0\xFF", 4);
}

TEST(a_setting_may_be_empty_and_is_replaced)
{
    storage_world *w = *state;
    OWN(saf_buffer) value = { 0 };
    bool found;
    CHANGE(storage_put_setting(w->storage, "name", saf_bytes_of_text("long"), &w->err));
    CHANGE(storage_put_setting(w->storage, "name", saf_bytes_of(NULL, 0), &w->err));
    DONE(storage_find_setting(&found, &value, w->storage, "name", &w->err));
    assert_true(found);
    assert_int_equal(value.len, 0);
}

TEST(a_setting_that_is_missing_is_damage_or_not_found)
{
    storage_world *w = *state;
    OWN(saf_buffer) value = { 0 };
    bool found = true;
    DONE(storage_find_setting(&found, &value, w->storage, "none", &w->err));
    assert_false(found);
    REFUSED(storage_get_setting(&value, w->storage, "none", &w->err));
    CHANGE(storage_put_setting(w->storage, "none", saf_bytes_of_text("x"), &w->err));
    CHANGE(storage_delete_setting(w->storage, "none", &w->err));
    DONE(storage_find_setting(&found, &value, w->storage, "none", &w->err));
    assert_false(found);
}

static saf_status see_setting(void *context, const char *name, saf_bytes value, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%s=%zu ", name, value.len);
    return saf_buffer_check(&seen->text, err);
}

TEST(settings_come_in_the_order_of_their_names)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    CHANGE(storage_put_setting(w->storage, "b", saf_bytes_of_text("xx"), &w->err));
    CHANGE(storage_put_setting(w->storage, "a", saf_bytes_of_text("x"), &w->err));
    CHANGE(storage_put_setting(w->storage, "B", saf_bytes_of_text(""), &w->err));
    DONE(storage_visit_settings(w->storage, see_setting, &seen, &w->err));
    assert_seen(&seen, "B=0 a=1 b=2 sum=62 ");
}

TEST(counters_begin_at_0_and_keep_large_numbers)
{
    storage_world *w = *state;
    uint64_t value = 1;
    DONE(storage_get_counter(&value, w->storage, "policies", &w->err));
    assert_int_equal(value, 0);
    CHANGE(storage_put_counter(w->storage, "policies", INT64_MAX, &w->err));
    DONE(storage_get_counter(&value, w->storage, "policies", &w->err));
    assert_true(value == INT64_MAX);
}

TEST(each_generation_is_the_next)
{
    storage_world *w = *state;
    uint64_t one, two;
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(storage_next_generation(&one, w->storage, &w->err));
    DONE(storage_next_generation(&two, w->storage, &w->err));
    DONE(storage_commit(w->storage, &w->err));
    assert_int_equal(one, 1);
    assert_int_equal(two, 2);
    assert_int_equal(counter_of(w, w->other), 2);
}

TEST(an_owner_has_a_generation)
{
    storage_world *w = *state;
    uint64_t generation = 1;
    DONE(storage_get_owner(&generation, w->storage, "A", &w->err));
    assert_int_equal(generation, 0);
    CHANGE(storage_put_owner(w->storage, "A", 3, &w->err));
    CHANGE(storage_put_owner(w->storage, "A", 7, &w->err));
    DONE(storage_get_owner(&generation, w->storage, "A", &w->err));
    assert_int_equal(generation, 7);
    DONE(storage_get_owner(&generation, w->storage, "a", &w->err));
    assert_int_equal(generation, 0);
}

/* ---- private keys ---------------------------------------------------------------------------------------------- */

static saf_status see_key(void *context, const struct storage_key *key, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%02X%02X version=%u sealed=%zu uri=%s ", key->id.data[1], key->id.data[2], key->version, key->sealed.len,
                      key->uri ? key->uri : "none");
    return saf_buffer_check(&seen->text, err);
}

TEST(a_key_is_sealed_or_in_a_token)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    DONE(storage_begin_write(w->storage, &w->err));
    add_key(w, 0x102, NULL);
    add_key(w, 0x203, "pkcs11:a");
    DONE(storage_commit(w->storage, &w->err));
    DONE(storage_find_key(w->storage, hash_of(0x102), see_key, &seen, &w->err));
    assert_seen(&seen, "0102 version=1 sealed=7 uri=none ");
    DONE(storage_find_key(w->storage, hash_of(0x203), see_key, &seen, &w->err));
    assert_seen(&seen, "0203 version=1 sealed=0 uri=pkcs11:a ");
    DONE(storage_find_key(w->storage, hash_of(3), see_key, &seen, &w->err));
    assert_seen(&seen, "");
}

TEST(a_key_that_is_neither_or_both_is_refused)
{
    storage_world *w = *state;
    struct storage_key key = { .id = hash_of(1), .record_id = saf_bytes_of(hash_of(1).data, STORAGE_RECORD_ID_LEN), .version = 1 };
    DONE(storage_begin_write(w->storage, &w->err));
    REFUSED(storage_add_key(w->storage, &key, &w->err));
    key.uri = "pkcs11:a";
    key.sealed = saf_bytes_of_text("x");
    REFUSED(storage_add_key(w->storage, &key, &w->err));
    storage_rollback(w->storage);
}

TEST(keys_and_their_records_are_unique)
{
    storage_world *w = *state;
    struct storage_key key = { .id = hash_of(1), .record_id = saf_bytes_of(hash_of(2).data, STORAGE_RECORD_ID_LEN), .version = 1, .uri = "pkcs11:b" };
    DONE(storage_begin_write(w->storage, &w->err));
    add_key(w, 1, NULL);
    REFUSED(storage_add_key(w->storage, &key, &w->err));
    key.id = hash_of(3);
    key.record_id = saf_bytes_of(hash_of(1).data, STORAGE_RECORD_ID_LEN);
    REFUSED(storage_add_key(w->storage, &key, &w->err));
    storage_rollback(w->storage);
}

TEST(a_key_goes_with_its_last_certificate)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    DONE(storage_begin_write(w->storage, &w->err));
    add_key(w, 1, NULL);
    int64_t id = add_cert(w, "A", "one", 1);
    DONE(storage_set_key(w->storage, id, &w->err));
    DONE(storage_drop_unused_key(w->storage, hash_of(1), &w->err));
    DONE(storage_find_key(w->storage, hash_of(1), see_key, &seen, &w->err));
    assert_seen(&seen, "0001 version=1 sealed=7 uri=none ");
    DONE(storage_delete_cert(w->storage, id, &w->err));
    DONE(storage_drop_unused_key(w->storage, hash_of(1), &w->err));
    DONE(storage_find_key(w->storage, hash_of(1), see_key, &seen, &w->err));
    assert_seen(&seen, "");
    storage_rollback(w->storage);
}

TEST(a_destroyed_key_is_taken_from_all_who_have_it)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    uint64_t holders, generation;
    struct storage_ring_state ring;
    bool has;
    DONE(storage_begin_write(w->storage, &w->err));
    add_key(w, 1, "pkcs11:a");
    int64_t id = add_cert(w, "A", "one", 1);
    DONE(storage_set_key(w->storage, id, &w->err));
    int64_t ring_id = add_ring(w, "Ring", 1);
    DONE(storage_connect(w->storage, ring_id, id, SAF_USAGE_PERSONAL, SAF_NOT_DEFAULT, 2, &w->err));
    DONE(storage_has_key_uri(&has, w->storage, "pkcs11:a", &w->err));
    assert_true(has);
    DONE(storage_destroy_key(&holders, w->storage, hash_of(1), 9, &w->err));
    assert_int_equal(holders, 1);
    DONE(storage_has_key_uri(&has, w->storage, "pkcs11:a", &w->err));
    assert_false(has);
    DONE(storage_poll_ring(&ring, w->storage, "A", "Ring", &w->err));
    assert_int_equal(ring.generation, 9);
    DONE(storage_get_owner(&generation, w->storage, "A", &w->err));
    assert_int_equal(generation, 9);
    DONE(storage_visit_ring(w->storage, ring_id, 8, see_cert, &seen, &w->err));
    assert_seen(&seen, "A/one ");
    DONE(storage_destroy_key(&holders, w->storage, hash_of(1), 10, &w->err));
    assert_int_equal(holders, 0);
    storage_rollback(w->storage);
}

/* ---- audit trail ----------------------------------------------------------------------------------------------- */

static saf_status see_audit(void *context, const struct storage_audit *record, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%llu %s %s%s ", (unsigned long long)record->number, record->who, record->details,
                      record->fingerprint.len ? "!" : "");
    return saf_buffer_check(&seen->text, err);
}

static saf_status write_audit(storage_world *w, uint64_t number, const char *details, saf_bytes fingerprint)
{
    const struct storage_audit record = { .number = number, .at = -1, .who = "A", .action = "a", .object = "o", .details = details,
                                          .fingerprint = fingerprint, .mac = hash_of(1) };
    return storage_add_audit(w->storage, &record, &w->err);
}

TEST(audit_records_come_in_pages)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    DONE(storage_last_audit(w->storage, see_audit, &seen, &w->err));
    assert_seen(&seen, "");
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(write_audit(w, 1, "x='1'", saf_bytes_of(NULL, 0)));
    DONE(write_audit(w, 2, "", hash_of(1)));
    DONE(write_audit(w, 3, "ž", saf_bytes_of(NULL, 0)));
    REFUSED(write_audit(w, 3, "again", saf_bytes_of(NULL, 0)));
    DONE(storage_commit(w->storage, &w->err));
    DONE(storage_visit_audit(w->storage, 0, 2, see_audit, &seen, &w->err));
    assert_seen(&seen, "1 A x='1' 2 A ! ");
    DONE(storage_visit_audit(w->storage, 2, 2, see_audit, &seen, &w->err));
    assert_seen(&seen, "3 A ž ");
    DONE(storage_last_audit(w->storage, see_audit, &seen, &w->err));
    assert_seen(&seen, "3 A ž ");
}

/* ---- policies -------------------------------------------------------------------------------------------------- */

static saf_status see_policy(void *context, const saf_policy *policy, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%s.%s %u ", policy->appl, policy->user, policy->timeout_min);
    return saf_buffer_check(&seen->text, err);
}

static saf_status put_policy(storage_world *w, const char *appl, const char *user, unsigned timeout_min)
{
    saf_policy policy = { .alg = "HS512", .key = "pkcs11:", .timeout_min = timeout_min };
    snprintf(policy.appl, sizeof policy.appl, "%s", appl);
    snprintf(policy.user, sizeof policy.user, "%s", user);
    return storage_put_policy(w->storage, &policy, &w->err);
}

TEST(policies_come_in_the_order_of_their_names_and_are_replaced)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(put_policy(w, "B", "*", 1));
    DONE(put_policy(w, "A", "X", 2));
    DONE(put_policy(w, "A", "*", 3));
    DONE(put_policy(w, "A", "X", 1440));
    REFUSED(put_policy(w, "A", "Y", 0));
    DONE(storage_commit(w->storage, &w->err));
    DONE(storage_visit_policies(w->storage, see_policy, &seen, &w->err));
    assert_seen(&seen, "A.* 3 A.X 1440 B.* 1 ");
    DONE(storage_find_policy(w->storage, "A", "X", see_policy, &seen, &w->err));
    assert_seen(&seen, "A.X 1440 ");
    DONE(storage_find_policy(w->storage, "A", "Z", see_policy, &seen, &w->err));
    assert_seen(&seen, "");
}

/* ---- intents --------------------------------------------------------------------------------------------------- */

static saf_status see_intent(void *context, const saf_intent *intent, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%llu %s ", (unsigned long long)intent->number, intent->uri);
    return saf_buffer_check(&seen->text, err);
}

TEST(intents_have_numbers_that_are_used_once)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    saf_intent one = { .uri = "pkcs11:a" }, two = { .uri = "pkcs11:b" };
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(storage_add_intent(w->storage, &one, &w->err));
    DONE(storage_delete_intent(w->storage, one.number, &w->err));
    DONE(storage_add_intent(w->storage, &two, &w->err));
    DONE(storage_commit(w->storage, &w->err));
    assert_true(two.number > one.number);
    DONE(storage_find_intent(w->storage, one.number, see_intent, &seen, &w->err));
    assert_seen(&seen, "");
    DONE(storage_visit_intents(w->storage, 10, see_intent, &seen, &w->err));
    assert_seen(&seen, "2 pkcs11:b ");
}

/* ---- publications ---------------------------------------------------------------------------------------------- */

static saf_status see_publication(void *context, const struct storage_publication *row, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%s%s%s%s ", row->dir, row->is_due ? " due" : "", row->is_ended ? " ended" : "", row->is_written ? " written" : "");
    return saf_buffer_check(&seen->text, err);
}

TEST(a_publication_is_due_until_it_is_written_and_when_its_ring_changes)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    bool due;
    uint64_t count;
    struct storage_publication row = { .dir = "/b", .id = saf_bytes_of(hash_of(1).data, STORAGE_RECORD_ID_LEN), .owner = "A", .name = "Ring", .generation = 1 };
    DONE(storage_begin_write(w->storage, &w->err));
    int64_t ring = add_ring(w, "Ring", 1);
    DONE(storage_put_publication(w->storage, &row, &w->err));
    DONE(storage_visit_publications(w->storage, see_publication, &seen, &w->err));
    assert_seen(&seen, "/b due ");
    DONE(storage_set_published(w->storage, &row, &w->err));
    DONE(storage_has_due_publication(&due, w->storage, &w->err));
    assert_false(due);
    DONE(storage_empty_ring(w->storage, ring, 2, &w->err));
    DONE(storage_find_publication(w->storage, "/b", see_publication, &seen, &w->err));
    assert_seen(&seen, "/b due written ");
    DONE(storage_end_publications(&count, w->storage, "A", "Ring", NULL, &w->err));
    assert_int_equal(count, 1);
    DONE(storage_visit_publications(w->storage, see_publication, &seen, &w->err));
    assert_seen(&seen, "/b due ended written ");
    DONE(storage_drop_ended_publication(w->storage, "/b", &w->err));
    DONE(storage_has_due_publication(&due, w->storage, &w->err));
    assert_false(due);
    storage_rollback(w->storage);
}

TEST(publications_come_in_the_order_of_their_directories_and_are_forgotten_together)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    uint64_t count;
    struct storage_publication row = { .dir = "/b", .id = saf_bytes_of(hash_of(1).data, STORAGE_RECORD_ID_LEN), .owner = "A", .name = "*" };
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(storage_put_publication(w->storage, &row, &w->err));
    row.dir = "/a";
    row.id = saf_bytes_of(hash_of(2).data + 1, STORAGE_RECORD_ID_LEN);
    DONE(storage_put_publication(w->storage, &row, &w->err));
    DONE(storage_visit_publications(w->storage, see_publication, &seen, &w->err));
    assert_seen(&seen, "/a due /b due ");
    DONE(storage_drop_publications(&count, w->storage, &w->err));
    assert_int_equal(count, 2);
    storage_rollback(w->storage);
}

/* ---- as a whole ------------------------------------------------------------------------------------------------ */

static saf_status see_fault(void *context, const char *fault, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%s\n", fault);
    return saf_buffer_check(&seen->text, err);
}

TEST(a_new_database_has_no_faults_and_nothing_in_it)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    saf_store_info info;
    DONE(storage_check(w->storage, see_fault, &seen, &w->err));
    assert_seen(&seen, "");
    DONE(storage_count(&info, w->storage, &w->err));
    assert_true(!info.certificates && !info.rings && !info.policies && !info.audit_records);
}

TEST(a_copy_is_of_the_store_that_it_says)
{
    storage_world *w = *state;
    CHANGE(storage_put_setting(w->storage, "store-id", saf_bytes_of_text("this one"), &w->err));
    assert_int_equal(scratch_write("copy", "", 0600), 0);
    DONE(storage_copy(w->storage, "copy", NULL, NULL, &w->err));
    DONE(storage_verify_copy("copy", "this one", &w->err));
    REFUSED(storage_verify_copy("copy", "another", &w->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORAGE(what_is_rolled_back_is_not_there),
        IN_STORAGE(a_step_undoes_alone),
        IN_STORAGE(steps_nest),
        IN_STORAGE(an_outer_step_undoes_what_an_inner_one_kept),
        IN_STORAGE(a_step_needs_a_change),
        IN_STORAGE(a_refused_row_undoes_no_other),
        IN_STORAGE(what_is_not_committed_nobody_else_sees),
        IN_STORAGE(a_reader_sees_one_state),
        IN_STORAGE(a_second_writer_is_told_that_the_first_is_busy),
        IN_STORAGE(a_commit_survives_that_the_database_is_closed),
        IN_STORAGE(what_is_open_when_the_database_is_closed_is_undone),
        IN_STORAGE(nothing_can_be_used_where_none_was_made),
        IN_STORAGE(a_half_made_one_is_not_found_and_can_be_made),
        IN_STORAGE(what_is_there_is_not_made_again),
        IN_STORAGE(a_setting_keeps_any_bytes),
        IN_STORAGE(a_setting_may_be_empty_and_is_replaced),
        IN_STORAGE(a_setting_that_is_missing_is_damage_or_not_found),
        IN_STORAGE(settings_come_in_the_order_of_their_names),
        IN_STORAGE(counters_begin_at_0_and_keep_large_numbers),
        IN_STORAGE(each_generation_is_the_next),
        IN_STORAGE(an_owner_has_a_generation),
        IN_STORAGE(a_key_is_sealed_or_in_a_token),
        IN_STORAGE(a_key_that_is_neither_or_both_is_refused),
        IN_STORAGE(keys_and_their_records_are_unique),
        IN_STORAGE(a_key_goes_with_its_last_certificate),
        IN_STORAGE(a_destroyed_key_is_taken_from_all_who_have_it),
        IN_STORAGE(audit_records_come_in_pages),
        IN_STORAGE(policies_come_in_the_order_of_their_names_and_are_replaced),
        IN_STORAGE(intents_have_numbers_that_are_used_once),
        IN_STORAGE(a_publication_is_due_until_it_is_written_and_when_its_ring_changes),
        IN_STORAGE(publications_come_in_the_order_of_their_directories_and_are_forgotten_together),
        IN_STORAGE(a_new_database_has_no_faults_and_nothing_in_it),
        IN_STORAGE(a_copy_is_of_the_store_that_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
