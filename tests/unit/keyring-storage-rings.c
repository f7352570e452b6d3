/* What every engine of storage.h does alike: rings, their connections, and what their readers are told of changes. */
#include <support/storage-world.h>

/* A ring with three certificates, each connected at its own generation. */
typedef struct filled {
    int64_t ring, certs[3];
} filled;

static filled fill(storage_world *w)
{
    static const char *const labels[] = { "c", "b", "a" };
    filled made = { 0 };
    DONE(storage_begin_write(w->storage, &w->err));
    made.ring = add_ring(w, "Ring", 1);
    for (unsigned i = 0; i < 3; i++) {
        made.certs[i] = add_cert(w, "A", labels[i], i + 1);
        DONE(storage_connect(w->storage, made.ring, made.certs[i], SAF_USAGE_PERSONAL, i ? SAF_NOT_DEFAULT : SAF_DEFAULT, i + 2, &w->err));
    }
    return made;
}

static saf_status see_member(void *context, const struct storage_cert *cert, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%s:%d%s ", cert->label, cert->usage, cert->is_default == SAF_DEFAULT ? "!" : "");
    return saf_buffer_check(&seen->text, err);
}

static void assert_changed(storage_world *w, int64_t ring, uint64_t since, const char *expected)
{
    OWN(seen) seen = { .count = 0 };
    DONE(storage_visit_ring(w->storage, ring, since, see_member, &seen, &w->err));
    assert_seen(&seen, expected);
}

static void assert_state(storage_world *w, const char *name, uint64_t generation, uint64_t shrunk)
{
    struct storage_ring_state now;
    DONE(storage_poll_ring(&now, w->storage, "A", name, &w->err));
    assert_int_equal(now.generation, generation);
    assert_int_equal(now.shrunk, shrunk);
}

TEST(connections_come_in_the_order_they_were_made)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    filled made = fill(w);
    assert_changed(w, made.ring, 0, "c:8! b:8 a:8 ");
    DONE(storage_visit_ring_numbers(w->storage, made.ring, see_number, &seen, &w->err));
    assert_seen(&seen, "1 2 3 ");
    storage_rollback(w->storage);
}

TEST(a_ring_is_found_by_owner_and_exact_name)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    struct storage_ring_state now;
    fill(w);
    DONE(storage_find_ring(w->storage, "A", "Ring", see_ring, &seen, &w->err));
    assert_seen(&seen, "A/Ring:3 ");
    DONE(storage_find_ring(w->storage, "A", "RING", see_ring, &seen, &w->err));
    assert_seen(&seen, "");
    DONE(storage_poll_ring(&now, w->storage, "A", "ring", &w->err));
    assert_int_equal(now.id, 0);
    REFUSED(storage_add_ring(w->storage, "A", "Ring", 9, &w->err));
    DONE(storage_add_ring(w->storage, "B", "Ring", 9, &w->err));
    storage_rollback(w->storage);
}

TEST(rings_are_listed_by_owner_and_name_in_pages)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    filled made = fill(w);
    add_ring(w, "it's", 9);
    add_ring(w, "a", 9);
    DONE(storage_add_ring(w->storage, "B", "Ring", 9, &w->err));
    saf_ring_query query = { .limit = 2 };
    DONE(storage_visit_rings(w->storage, &query, see_ring, &seen, &w->err));
    assert_seen(&seen, "A/Ring:3 A/a:0 ");
    query = (saf_ring_query) { .limit = 9, .after_owner = "A", .after_name = "a" };
    DONE(storage_visit_rings(w->storage, &query, see_ring, &seen, &w->err));
    assert_seen(&seen, "A/it's:0 B/Ring:0 ");
    query = (saf_ring_query) { .limit = 9, .owner = "B" };
    DONE(storage_visit_rings(w->storage, &query, see_ring, &seen, &w->err));
    assert_seen(&seen, "B/Ring:0 ");
    query = (saf_ring_query) { .limit = 9, .cert_owner = "A", .cert_label = "b" };
    DONE(storage_visit_rings(w->storage, &query, see_ring, &seen, &w->err));
    assert_seen(&seen, "A/Ring:3 ");
    query.owner = "B";
    DONE(storage_visit_rings(w->storage, &query, see_ring, &seen, &w->err));
    assert_seen(&seen, "");
    assert_true(made.ring > 0);
    storage_rollback(w->storage);
}

TEST(a_connection_that_is_made_again_keeps_its_place)
{
    storage_world *w = *state;
    filled made = fill(w);
    DONE(storage_connect(w->storage, made.ring, made.certs[1], SAF_USAGE_SITE, SAF_NOT_DEFAULT, 7, &w->err));
    assert_changed(w, made.ring, 0, "c:8! b:0 a:8 ");
    assert_changed(w, made.ring, 6, "b:0 ");
    assert_state(w, "Ring", 7, 1);
    storage_rollback(w->storage);
}

TEST(who_loses_the_default_has_changed)
{
    storage_world *w = *state;
    filled made = fill(w);
    DONE(storage_connect(w->storage, made.ring, made.certs[2], SAF_USAGE_PERSONAL, SAF_DEFAULT, 7, &w->err));
    assert_changed(w, made.ring, 6, "c:8 a:8! ");
    storage_rollback(w->storage);
}

TEST(the_default_may_be_given_again_to_who_has_it)
{
    storage_world *w = *state;
    filled made = fill(w);
    DONE(storage_connect(w->storage, made.ring, made.certs[0], SAF_USAGE_CERTAUTH, SAF_DEFAULT, 7, &w->err));
    assert_changed(w, made.ring, 0, "c:2! b:8 a:8 ");
    storage_rollback(w->storage);
}

TEST(readers_are_told_what_has_changed_since)
{
    storage_world *w = *state;
    filled made = fill(w);
    assert_changed(w, made.ring, 1, "c:8! b:8 a:8 ");
    assert_changed(w, made.ring, 3, "a:8 ");
    assert_changed(w, made.ring, 4, "");
    assert_changed(w, made.ring, INT64_MAX, "");
    storage_rollback(w->storage);
}

TEST(a_certificate_that_changes_does_so_in_all_its_rings)
{
    storage_world *w = *state;
    filled made = fill(w);
    int64_t other = add_ring(w, "Other", 5);
    int64_t third = add_ring(w, "Third", 5);
    DONE(storage_connect(w->storage, other, made.certs[1], SAF_USAGE_PERSONAL, SAF_NOT_DEFAULT, 6, &w->err));
    DONE(storage_connect(w->storage, third, made.certs[0], SAF_USAGE_PERSONAL, SAF_NOT_DEFAULT, 6, &w->err));
    DONE(storage_touch_rings_of(w->storage, made.certs[1], 7, &w->err));
    assert_changed(w, made.ring, 6, "b:8 ");
    assert_changed(w, other, 6, "b:8 ");
    assert_changed(w, third, 6, "");
    assert_state(w, "Ring", 7, 1);
    assert_state(w, "Other", 7, 5);
    assert_state(w, "Third", 6, 5);
    storage_rollback(w->storage);
}

TEST(a_lost_connection_shrinks_the_ring)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    bool removed;
    filled made = fill(w);
    DONE(storage_disconnect(&removed, w->storage, made.ring, made.certs[1], 7, &w->err));
    assert_true(removed);
    assert_state(w, "Ring", 7, 7);
    assert_changed(w, made.ring, 6, "");
    DONE(storage_visit_ring_numbers(w->storage, made.ring, see_number, &seen, &w->err));
    assert_seen(&seen, "1 3 ");
    DONE(storage_disconnect(&removed, w->storage, made.ring, made.certs[1], 8, &w->err));
    assert_false(removed);
    assert_state(w, "Ring", 7, 7);
    storage_rollback(w->storage);
}

TEST(numbers_of_connections_rise_whatever_is_removed)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    bool removed;
    filled made = fill(w);
    DONE(storage_disconnect(&removed, w->storage, made.ring, made.certs[2], 7, &w->err));
    DONE(storage_connect(w->storage, made.ring, made.certs[2], SAF_USAGE_PERSONAL, SAF_NOT_DEFAULT, 8, &w->err));
    DONE(storage_visit_ring_numbers(w->storage, made.ring, see_number, &seen, &w->err));
    assert_seen(&seen, "1 2 4 ");
    storage_rollback(w->storage);
}

TEST(all_connections_of_a_certificate_go_at_once)
{
    storage_world *w = *state;
    filled made = fill(w);
    int64_t other = add_ring(w, "Other", 5);
    DONE(storage_connect(w->storage, other, made.certs[1], SAF_USAGE_PERSONAL, SAF_NOT_DEFAULT, 6, &w->err));
    DONE(storage_disconnect_all(w->storage, made.certs[1], 7, &w->err));
    assert_changed(w, made.ring, 0, "c:8! a:8 ");
    assert_changed(w, other, 0, "");
    assert_state(w, "Ring", 7, 7);
    assert_state(w, "Other", 7, 7);
    storage_rollback(w->storage);
}

TEST(an_emptied_ring_is_there)
{
    storage_world *w = *state;
    filled made = fill(w);
    DONE(storage_empty_ring(w->storage, made.ring, 7, &w->err));
    assert_changed(w, made.ring, 0, "");
    assert_state(w, "Ring", 7, 7);
    storage_rollback(w->storage);
}

TEST(a_connected_certificate_cannot_go)
{
    storage_world *w = *state;
    filled made = fill(w);
    saf_status status = storage_delete_cert(w->storage, made.certs[0], &w->err);
    if (status == SAF_OK) /* an engine may say so only now */
        status = storage_commit(w->storage, &w->err);
    REFUSED(status);
    storage_rollback(w->storage);
}

TEST(a_ring_goes_with_its_connections_and_without_its_certificates)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    filled made = fill(w);
    DONE(storage_delete_ring(w->storage, made.ring, &w->err));
    DONE(storage_find_ring(w->storage, "A", "Ring", see_ring, &seen, &w->err));
    assert_changed(w, made.ring, 0, "");
    assert_int_equal(find_cert_id(w, "A", "c"), made.certs[0]);
    DONE(storage_delete_cert(w->storage, made.certs[0], &w->err));
    assert_seen(&seen, "");
    assert_true(add_ring(w, "Ring", 9) > made.ring); /* its number is not used again */
    assert_state(w, "Ring", 9, 9);
    storage_rollback(w->storage);
}

static saf_status see_connection(void *context, const struct storage_connection *connection, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%s/%s:%d%s ", connection->ring_owner, connection->ring_name, connection->usage,
                      connection->is_default == SAF_DEFAULT ? "!" : "");
    return saf_buffer_check(&seen->text, err);
}

TEST(the_connections_of_a_certificate_come_in_their_order)
{
    storage_world *w = *state;
    OWN(seen) seen = { .count = 0 };
    filled made = fill(w);
    int64_t other = add_ring(w, "Another", 5);
    DONE(storage_connect(w->storage, other, made.certs[0], SAF_USAGE_SITE, SAF_NOT_DEFAULT, 6, &w->err));
    DONE(storage_visit_connections(w->storage, made.certs[0], see_connection, &seen, &w->err));
    assert_seen(&seen, "A/Ring:8! A/Another:0 ");
    DONE(storage_find_connection(w->storage, other, made.certs[0], see_connection, &seen, &w->err));
    assert_seen(&seen, "A/Another:0 ");
    DONE(storage_find_connection(w->storage, other, made.certs[1], see_connection, &seen, &w->err));
    assert_seen(&seen, "");
    storage_rollback(w->storage);
}

TEST(a_connection_that_is_handed_over_keeps_place_usage_and_default)
{
    storage_world *w = *state;
    filled made = fill(w);
    int64_t heir = add_cert(w, "A", "heir", 9);
    DONE(storage_hand_over(w->storage, 1, heir, 7, &w->err));
    assert_changed(w, made.ring, 0, "heir:8! b:8 a:8 ");
    assert_changed(w, made.ring, 6, "heir:8! ");
    assert_state(w, "Ring", 7, 1);
    REFUSED(storage_hand_over(w->storage, 2, heir, 8, &w->err)); /* it is connected already */
    storage_rollback(w->storage);
}

TEST(a_connection_has_two_ends)
{
    storage_world *w = *state;
    DONE(storage_begin_write(w->storage, &w->err));
    int64_t ring = add_ring(w, "Ring", 1);
    saf_status status = storage_connect(w->storage, ring, 4711, SAF_USAGE_PERSONAL, SAF_NOT_DEFAULT, 2, &w->err);
    if (status == SAF_OK)
        status = storage_commit(w->storage, &w->err);
    REFUSED(status);
    storage_rollback(w->storage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORAGE(connections_come_in_the_order_they_were_made),
        IN_STORAGE(a_ring_is_found_by_owner_and_exact_name),
        IN_STORAGE(rings_are_listed_by_owner_and_name_in_pages),
        IN_STORAGE(a_connection_that_is_made_again_keeps_its_place),
        IN_STORAGE(who_loses_the_default_has_changed),
        IN_STORAGE(the_default_may_be_given_again_to_who_has_it),
        IN_STORAGE(readers_are_told_what_has_changed_since),
        IN_STORAGE(a_certificate_that_changes_does_so_in_all_its_rings),
        IN_STORAGE(a_lost_connection_shrinks_the_ring),
        IN_STORAGE(numbers_of_connections_rise_whatever_is_removed),
        IN_STORAGE(all_connections_of_a_certificate_go_at_once),
        IN_STORAGE(an_emptied_ring_is_there),
        IN_STORAGE(a_connected_certificate_cannot_go),
        IN_STORAGE(a_ring_goes_with_its_connections_and_without_its_certificates),
        IN_STORAGE(the_connections_of_a_certificate_come_in_their_order),
        IN_STORAGE(a_connection_that_is_handed_over_keeps_place_usage_and_default),
        IN_STORAGE(a_connection_has_two_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
