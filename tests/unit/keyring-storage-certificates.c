/* What every engine of storage.h does alike: certificates, and what CAs have issued. */
#include <support/storage-world.h>

/* ---- certificates ---------------------------------------------------------------------------------------------- */

static saf_status check_cert(void *context, const struct storage_cert *cert, saf_error *err)
{
    const struct storage_new_cert *added = context;
    (void)err;
    assert_string_equal(cert->owner, added->owner);
    assert_string_equal(cert->label, added->label);
    assert_int_equal(cert->trust, added->trust);
    assert_int_equal(cert->der.len, added->der.len);
    assert_memory_equal(cert->der.data, added->der.data, added->der.len);
    assert_memory_equal(cert->fingerprint.data, added->fingerprint.data, SAF_FINGERPRINT_LEN);
    assert_memory_equal(cert->key_id.data, added->key_id.data, SAF_FINGERPRINT_LEN);
    assert_int_equal(cert->key_place, SAF_KEY_NONE);
    assert_true(!cert->key_uri && !cert->last_serial && !cert->requested_at && !cert->revoked_at);
    return SAF_E_CONFLICT; /* it was here */
}

TEST(what_is_added_is_found_as_it_is)
{
    storage_world *w = *state;
    struct storage_new_cert cert = new_cert_of("A", "it's \"ž\"; --", 0x1FF);
    cert.trust = SAF_HIGHTRUST;
    CHANGE(storage_add_cert(w->storage, &cert, &w->err));
    assert_int_equal(storage_find_cert(w->storage, "A", cert.label, check_cert, &cert, &w->err), SAF_E_CONFLICT);
    assert_int_equal(storage_find_cert_by_fingerprint(w->storage, cert.fingerprint, check_cert, &cert, &w->err), SAF_E_CONFLICT);
    assert_int_equal(storage_find_cert_by_serial(w->storage, cert.issuer_digest, "1FF", check_cert, &cert, &w->err), SAF_E_CONFLICT);
}

TEST(what_is_not_there_is_no_failure_and_no_visit)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    CHANGE(add_cert(w, "A", "one", 1) ? SAF_OK : SAF_E_FAILED);
    DONE(storage_find_cert(w->storage, "A", "ONE", see_cert, &seen, &w->err));
    DONE(storage_find_cert(w->storage, "A", "one ", see_cert, &seen, &w->err));
    DONE(storage_find_cert_by_fingerprint(w->storage, hash_of(2), see_cert, &seen, &w->err));
    DONE(storage_find_cert_by_serial(w->storage, hash_of(0), "2", see_cert, &seen, &w->err));
    DONE(storage_find_cert_by_serial(w->storage, hash_of(1), "1", see_cert, &seen, &w->err));
    assert_seen(&seen, "");
}

TEST(owner_and_label_are_unique_and_so_are_issuer_and_serial)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    add_cert(w, "A", "one", 1);
    struct storage_new_cert same_label = new_cert_of("A", "one", 2);
    REFUSED(storage_add_cert(w->storage, &same_label, &w->err));
    struct storage_new_cert same_serial = new_cert_of("A", "two", 1);
    REFUSED(storage_add_cert(w->storage, &same_serial, &w->err));
    same_serial.issuer_digest = hash_of(7);
    DONE(storage_add_cert(w->storage, &same_serial, &w->err));
    struct storage_new_cert other_owner = new_cert_of("B", "one", 3);
    DONE(storage_add_cert(w->storage, &other_owner, &w->err));
    storage_rollback(w->storage);
}

TEST(a_certificate_cannot_have_a_key_that_is_not_there)
{
    storage_world *w = *state;
    struct storage_new_cert cert = new_cert_of("A", "one", 1);
    cert.has_key = true;
    DONE(storage_begin_write(w->storage, &w->err));
    saf_status status = storage_add_cert(w->storage, &cert, &w->err);
    if (status == SAF_OK) /* an engine may say so only now */
        status = storage_commit(w->storage, &w->err);
    else
        storage_rollback(w->storage);
    REFUSED(status);
    assert_int_equal(find_cert_id(w, "A", "one"), 0);
}

TEST(numbers_of_certificates_are_used_once)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    int64_t one = add_cert(w, "A", "one", 1);
    DONE(storage_delete_cert(w->storage, one, &w->err));
    int64_t two = add_cert(w, "A", "two", 2);
    assert_true(two > one);
    DONE(storage_delete_cert(w->storage, 4711, &w->err)); /* none: nothing happens */
    storage_rollback(w->storage);
}

static void add_some(storage_world *w)
{
    DONE(storage_begin_write(w->storage, &w->err));
    add_cert(w, "B", "one", 1);
    add_cert(w, "A", "two", 2);
    add_cert(w, "A", "one", 3);
    add_cert(w, "CERTAUTH", "ca", 4);
    add_cert(w, "A", "Three", 5);
    DONE(storage_commit(w->storage, &w->err));
}

TEST(certificates_are_listed_by_owner_and_label_in_pages)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    add_some(w);
    saf_cert_query query = { .limit = 3 };
    DONE(storage_visit_certs(w->storage, &query, see_cert, &seen, &w->err));
    assert_seen(&seen, "A/Three A/one A/two ");
    query.after_owner = "A";
    query.after_label = "two";
    DONE(storage_visit_certs(w->storage, &query, see_cert, &seen, &w->err));
    assert_seen(&seen, "B/one CERTAUTH/ca ");
    query.owner = "A";
    query.after_label = "Three";
    DONE(storage_visit_certs(w->storage, &query, see_cert, &seen, &w->err));
    assert_seen(&seen, "A/one A/two ");
    query.after_label = "one, which is gone";
    DONE(storage_visit_certs(w->storage, &query, see_cert, &seen, &w->err));
    assert_seen(&seen, "A/two ");
}

TEST(an_owners_come_in_the_order_they_were_added)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    add_some(w);
    DONE(storage_visit_owned(w->storage, "A", see_cert, &seen, &w->err));
    assert_seen(&seen, "A/two A/one A/Three ");
    DONE(storage_visit_owned(w->storage, "C", see_cert, &seen, &w->err));
    assert_seen(&seen, "");
}

TEST(subjects_come_with_the_owners_first_and_then_the_cas)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    static const char *const owners[] = { "Z", "A", "CERTAUTH", "B" };
    DONE(storage_begin_write(w->storage, &w->err));
    for (unsigned i = 0; i < 4; i++) {
        struct storage_new_cert cert = new_cert_of(owners[i], "x", i + 1);
        cert.subject_hash = UINT32_MAX;
        DONE(storage_add_cert(w->storage, &cert, &w->err));
    }
    DONE(storage_commit(w->storage, &w->err));
    DONE(storage_visit_subjects(w->storage, UINT32_MAX, "B", see_cert, &seen, &w->err));
    assert_seen(&seen, "B/x CERTAUTH/x A/x Z/x ");
}

TEST(the_certificates_of_a_key_and_those_that_have_it_are_two_things)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    DONE(storage_begin_write(w->storage, &w->err));
    add_key(w, 9, "pkcs11:a");
    for (unsigned i = 1; i <= 3; i++) {
        struct storage_new_cert cert = new_cert_of(i == 3 ? "B" : "A", i == 1 ? "z" : "a", i);
        cert.key_id = hash_of(9);
        cert.has_key = i == 2;
        DONE(storage_add_cert(w->storage, &cert, &w->err));
    }
    DONE(storage_visit_certs_of_key(w->storage, "A", hash_of(9), see_cert, &seen, &w->err));
    assert_seen(&seen, "A/z A/a ");
    DONE(storage_visit_key_holders(w->storage, "A", hash_of(9), see_cert, &seen, &w->err));
    assert_seen(&seen, "A/a ");
    DONE(storage_visit_key_holders(w->storage, "B", hash_of(9), see_cert, &seen, &w->err));
    assert_seen(&seen, "");
    storage_rollback(w->storage);
}

TEST(a_visitor_that_fails_ends_the_reading)
{
    storage_world *w = *state;
    OWN(seen) seen = { .stop_after = 2 };
    saf_cert_query query = { .limit = 10 };
    add_some(w);
    assert_int_equal(storage_visit_certs(w->storage, &query, see_cert, &seen, &w->err), SAF_E_CONFLICT);
    assert_string_equal(w->err.text, "enough");
    assert_seen(&seen, "A/Three A/one ");
    seen.stop_after = 0;
    DONE(storage_visit_certs(w->storage, &query, see_cert, &seen, &w->err)); /* and nothing is left behind */
    assert_seen(&seen, "A/Three A/one A/two B/one CERTAUTH/ca ");
}

static saf_status look_again(void *context, const struct storage_cert *cert, saf_error *err)
{
    storage_world *w = context;
    OWN(seen) seen = { .count = 0 };
    (void)err;
    DONE(storage_find_cert(w->storage, "B", "one", see_cert, &seen, &w->err));
    assert_string_equal(saf_buffer_text(&seen.text), "B/one ");
    assert_string_equal(cert->label, "one"); /* a row lives as long as its visit */
    return SAF_OK;
}

TEST(a_visitor_may_read)
{
    storage_world *w = *state;
    add_some(w);
    DONE(storage_find_cert(w->storage, "A", "one", look_again, w, &w->err));
}

static saf_status take_all_of(void *context, const struct storage_cert *cert, saf_error *err)
{
    (void)err;
    char *text = NULL;
    assert_true(asprintf(&text, "%s trust=%x key=%d uri=%s last=%s requested=%lld", cert->label, (unsigned)cert->trust, cert->key_place,
                         cert->key_uri ? cert->key_uri : "none", cert->last_serial ? cert->last_serial : "none",
                         (long long)cert->requested_at) > 0);
    *(char **)context = text;
    return SAF_OK;
}

static void assert_cert_is(storage_world *w, const char *label, const char *expected)
{
    char *text = NULL;
    DONE(storage_find_cert(w->storage, "A", label, take_all_of, &text, &w->err));
    assert_string_equal(text ? text : "nothing", expected);
    free(text);
}

TEST(each_setter_sets_its_own_and_nothing_else)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    add_key(w, 1, "pkcs11:a");
    int64_t id = add_cert(w, "A", "one", 1);
    add_cert(w, "A", "two", 2);
    assert_cert_is(w, "one", "one trust=80000000 key=0 uri=none last=none requested=0");
    DONE(storage_set_trust(w->storage, id, SAF_NOTRUST, &w->err));
    DONE(storage_set_key(w->storage, id, &w->err));
    DONE(storage_set_last_serial(w->storage, id, "FF", &w->err));
    DONE(storage_set_requested(w->storage, id, INT64_MAX, &w->err));
    assert_cert_is(w, "one", "one trust=20000000 key=2 uri=pkcs11:a last=FF requested=9223372036854775807");
    REFUSED(storage_set_label(w->storage, id, "two", &w->err));
    DONE(storage_set_label(w->storage, id, "three", &w->err));
    assert_cert_is(w, "three", "three trust=20000000 key=2 uri=pkcs11:a last=FF requested=9223372036854775807");
    assert_cert_is(w, "two", "two trust=80000000 key=0 uri=none last=none requested=0");
    storage_rollback(w->storage);
}

TEST(a_replaced_certificate_keeps_its_label_and_key)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    add_key(w, 1, "pkcs11:a");
    int64_t id = add_cert(w, "A", "one", 1);
    add_cert(w, "A", "two", 2);
    DONE(storage_set_key(w->storage, id, &w->err));
    DONE(storage_set_requested(w->storage, id, 5, &w->err));
    struct storage_new_cert taken = new_cert_of("", "", 2);
    REFUSED(storage_replace_cert(w->storage, id, &taken, &w->err));
    struct storage_new_cert new = new_cert_of("", "", 3);
    new.trust = SAF_HIGHTRUST;
    DONE(storage_replace_cert(w->storage, id, &new, &w->err));
    assert_cert_is(w, "one", "one trust=40000000 key=2 uri=pkcs11:a last=none requested=0");
    OWN(seen) seen = { .count = 0 };
    DONE(storage_find_cert_by_fingerprint(w->storage, hash_of(3), see_cert, &seen, &w->err));
    DONE(storage_find_cert_by_fingerprint(w->storage, hash_of(1), see_cert, &seen, &w->err));
    assert_seen(&seen, "A/one ");
    storage_rollback(w->storage);
}

static saf_status count_page(void *context, const struct storage_cert *cert, saf_error *err)
{
    saf_cert_query *query = context;
    static char label[SAF_LABEL_MAX + 1];
    (void)err;
    snprintf(label, sizeof label, "%s", cert->label);
    query->after_owner = "A";
    query->after_label = label;
    return SAF_OK;
}

TEST(ten_thousand_are_listed_without_a_gap)
{
    enum { MANY = 10000 };
    storage_world *w = *state;
    saf_store_info info;
    saf_cert_query query = { .limit = 999 };
    unsigned pages = 0;
    DONE(storage_begin_write(w->storage, &w->err));
    for (unsigned i = 0; i < MANY; i++) {
        char label[16];
        snprintf(label, sizeof label, "%05u", i);
        const struct storage_new_cert cert = new_cert_of("A", label, i);
        DONE(storage_add_cert(w->storage, &cert, &w->err));
    }
    DONE(storage_commit(w->storage, &w->err));
    DONE(storage_count(&info, w->storage, &w->err));
    assert_int_equal(info.certificates, MANY);
    for (; !query.after_label || strcmp(query.after_label, "09999") != 0; pages++)
        DONE(storage_visit_certs(w->storage, &query, count_page, &query, &w->err));
    assert_int_equal(pages, 11);
}

static saf_status see_raw_cert(void *context, const struct storage_raw_cert *cert, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%s:%s:%lld ", cert->label, cert->serial, (long long)cert->not_after);
    return saf_buffer_check(&seen->text, err);
}

static saf_status see_raw_key(void *context, const struct storage_raw_key *key, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%s:%s ", key->key.uri, key->label ? key->label : "nobody");
    return saf_buffer_check(&seen->text, err);
}

TEST(rows_as_they_lie_there_come_in_pages)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    add_some(w);
    DONE(storage_visit_raw_certs(w->storage, 0, 2, see_raw_cert, &seen, &w->err));
    assert_seen(&seen, "one:1:1 two:2:2 ");
    DONE(storage_visit_raw_certs(w->storage, 2, 10, see_raw_cert, &seen, &w->err));
    assert_seen(&seen, "one:3:3 ca:4:4 Three:5:5 ");
    DONE(storage_begin_write(w->storage, &w->err));
    add_key(w, 2, "pkcs11:b");
    add_key(w, 1, "pkcs11:a");
    DONE(storage_set_key(w->storage, find_cert_id(w, "A", "two"), &w->err));
    DONE(storage_visit_raw_keys(w->storage, saf_bytes_of(NULL, 0), 10, see_raw_key, &seen, &w->err));
    assert_seen(&seen, "pkcs11:a:nobody pkcs11:b:two ");
    DONE(storage_visit_raw_keys(w->storage, hash_of(1), 10, see_raw_key, &seen, &w->err));
    assert_seen(&seen, "pkcs11:b:two ");
    storage_rollback(w->storage);
}

/* ---- what CAs have issued -------------------------------------------------------------------------------------- */

static struct storage_ca ca_of(unsigned key, unsigned name)
{
    return (struct storage_ca) { .key_id = hash_of(key), .name_digest = hash_of(name) };
}

static saf_status add_issued(storage_world *w, const struct storage_ca *ca, const char *serial, unsigned number)
{
    const struct storage_issued issued = { .owner = "A", .label = "x", .serial = serial, .der = hash_of(number), .fingerprint = hash_of(number),
                                           .not_after = 100, .at = 1 };
    return storage_add_issued(w->storage, ca, &issued, &w->err);
}

static saf_status see_issued(void *context, const struct storage_issued *issued, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%lld:%u%s%s ", (long long)issued->id, issued->der.data[2], issued->revoked_at ? " revoked" : "",
                      issued->is_current ? " here" : "");
    return saf_buffer_check(&seen->text, err);
}

TEST(a_serial_is_given_away_once_by_a_key_and_in_a_name)
{
    storage_world *w = *state;
    bool has;
    const struct storage_ca ca = ca_of(1, 2), same_key = ca_of(1, 3), same_name = ca_of(4, 2), other = ca_of(4, 5);
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(add_issued(w, &ca, "A", 1));
    DONE(storage_has_issued(&has, w->storage, &ca, "A", &w->err));
    assert_true(has);
    DONE(storage_has_issued(&has, w->storage, &same_key, "A", &w->err));
    assert_true(has);
    DONE(storage_has_issued(&has, w->storage, &same_name, "A", &w->err));
    assert_true(has);
    DONE(storage_has_issued(&has, w->storage, &other, "A", &w->err));
    assert_false(has);
    REFUSED(add_issued(w, &same_key, "A", 2));
    storage_rollback(w->storage);
}

TEST(what_a_ca_issued_comes_in_its_order_in_pages)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    const struct storage_ca ca = ca_of(1, 2), other = ca_of(1, 3);
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(add_issued(w, &ca, "C", 1));
    DONE(add_issued(w, &other, "B", 2));
    DONE(add_issued(w, &ca, "A", 3));
    add_cert(w, "A", "x", 3);
    DONE(storage_set_revoked(w->storage, 1, 50, SAF_REASON_SUPERSEDED, &w->err));
    saf_issued_query query = { .limit = 1 };
    DONE(storage_visit_issued(w->storage, &ca, &query, see_issued, &seen, &w->err));
    assert_seen(&seen, "1:1 revoked ");
    query.after = 1;
    DONE(storage_visit_issued(w->storage, &ca, &query, see_issued, &seen, &w->err));
    assert_seen(&seen, "3:3 here ");
    query = (saf_issued_query) { .only_revoked = true, .limit = 9 };
    DONE(storage_visit_issued(w->storage, &ca, &query, see_issued, &seen, &w->err));
    assert_seen(&seen, "1:1 revoked ");
    query.after = UINT64_MAX;
    DONE(storage_visit_issued(w->storage, &ca, &query, see_issued, &seen, &w->err));
    DONE(storage_find_issued(w->storage, &ca, "B", see_issued, &seen, &w->err));
    assert_seen(&seen, "");
    DONE(storage_find_issued(w->storage, &other, "B", see_issued, &seen, &w->err));
    assert_seen(&seen, "2:2 ");
    storage_rollback(w->storage);
}

static saf_status note_revoked(void *context, const struct storage_cert *cert, saf_error *err)
{
    (void)err;
    *(int64_t *)context = cert->revoked_at;
    return SAF_OK;
}

TEST(a_revocation_shows_at_the_certificate_and_is_taken_back)
{
    storage_world *w = *state;
    const struct storage_ca ca = ca_of(1, 2);
    int64_t at = 0;
    saf_reason reason;
    DONE(storage_begin_write(w->storage, &w->err));
    add_cert(w, "A", "x", 3);
    DONE(add_issued(w, &ca, "A", 3));
    DONE(storage_set_revoked(w->storage, 1, 50, SAF_REASON_CERTIFICATE_HOLD, &w->err));
    DONE(storage_find_revocation(&at, &reason, w->storage, hash_of(3), &w->err));
    assert_true(at == 50 && reason == SAF_REASON_CERTIFICATE_HOLD);
    DONE(storage_find_cert(w->storage, "A", "x", note_revoked, &at, &w->err));
    assert_int_equal(at, 50);
    DONE(storage_set_revoked(w->storage, 1, 0, SAF_REASON_UNSPECIFIED, &w->err));
    DONE(storage_find_revocation(&at, &reason, w->storage, hash_of(3), &w->err));
    assert_int_equal(at, 0);
    DONE(storage_find_cert(w->storage, "A", "x", note_revoked, &at, &w->err));
    assert_int_equal(at, 0);
    REFUSED(storage_set_revoked(w->storage, 1, 50, SAF_REASON_REMOVE_FROM_CRL, &w->err));
    storage_rollback(w->storage);
}

TEST(a_ca_is_in_use_while_something_of_it_is_valid)
{
    storage_world *w = *state;
    bool has;
    saf_cert ca = { .owner = "B", .label = "ca" };
    const struct storage_ca row = ca_of(1, 2);
    memcpy(ca.key_id, row.key_id.data, sizeof ca.key_id);
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(add_issued(w, &row, "A", 3));
    DONE(storage_has_valid_issued(&has, w->storage, &ca, 99, &w->err));
    assert_true(has);
    DONE(storage_has_valid_issued(&has, w->storage, &ca, 100, &w->err));
    assert_false(has);
    DONE(storage_set_revoked(w->storage, 1, 50, SAF_REASON_SUPERSEDED, &w->err));
    DONE(storage_has_valid_issued(&has, w->storage, &ca, 99, &w->err));
    assert_false(has);
    storage_rollback(w->storage);
}

TEST(crl_numbers_rise_by_one_for_each_ca)
{
    storage_world *w = *state;
    saf_crl_turn turn;
    const struct storage_ca ca = ca_of(1, 2), other = ca_of(1, 3);
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(storage_next_crl(&turn, w->storage, &ca, 10, &w->err));
    assert_true(turn.number == 1 && turn.previous_at == 0);
    DONE(storage_next_crl(&turn, w->storage, &ca, 20, &w->err));
    assert_true(turn.number == 2 && turn.previous_at == 10);
    DONE(storage_next_crl(&turn, w->storage, &other, 20, &w->err));
    assert_int_equal(turn.number, 1);
    storage_rollback(w->storage);
}

static saf_status see_raw_issued(void *context, const struct storage_raw_issued *issued, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%s ", issued->serial);
    return saf_buffer_check(&seen->text, err);
}

TEST(all_that_was_issued_comes_in_pages)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    const struct storage_ca ca = ca_of(1, 2), other = ca_of(3, 4);
    DONE(storage_begin_write(w->storage, &w->err));
    DONE(add_issued(w, &ca, "C", 1));
    DONE(add_issued(w, &other, "B", 2));
    DONE(add_issued(w, &ca, "A", 3));
    DONE(storage_visit_raw_issued(w->storage, 0, 2, see_raw_issued, &seen, &w->err));
    assert_seen(&seen, "C B ");
    DONE(storage_visit_raw_issued(w->storage, 2, 2, see_raw_issued, &seen, &w->err));
    assert_seen(&seen, "A ");
    storage_rollback(w->storage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORAGE(what_is_added_is_found_as_it_is),
        IN_STORAGE(what_is_not_there_is_no_failure_and_no_visit),
        IN_STORAGE(owner_and_label_are_unique_and_so_are_issuer_and_serial),
        IN_STORAGE(a_certificate_cannot_have_a_key_that_is_not_there),
        IN_STORAGE(numbers_of_certificates_are_used_once),
        IN_STORAGE(certificates_are_listed_by_owner_and_label_in_pages),
        IN_STORAGE(an_owners_come_in_the_order_they_were_added),
        IN_STORAGE(subjects_come_with_the_owners_first_and_then_the_cas),
        IN_STORAGE(the_certificates_of_a_key_and_those_that_have_it_are_two_things),
        IN_STORAGE(a_visitor_that_fails_ends_the_reading),
        IN_STORAGE(a_visitor_may_read),
        IN_STORAGE(each_setter_sets_its_own_and_nothing_else),
        IN_STORAGE(a_replaced_certificate_keeps_its_label_and_key),
        IN_STORAGE(ten_thousand_are_listed_without_a_gap),
        IN_STORAGE(rows_as_they_lie_there_come_in_pages),
        IN_STORAGE(a_serial_is_given_away_once_by_a_key_and_in_a_name),
        IN_STORAGE(what_a_ca_issued_comes_in_its_order_in_pages),
        IN_STORAGE(a_revocation_shows_at_the_certificate_and_is_taken_back),
        IN_STORAGE(a_ca_is_in_use_while_something_of_it_is_valid),
        IN_STORAGE(crl_numbers_rise_by_one_for_each_ca),
        IN_STORAGE(all_that_was_issued_comes_in_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
