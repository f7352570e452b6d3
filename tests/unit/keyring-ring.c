#include <support/keyring-world.h>

static saf_ring *open_ring(keyring_world *w, const char *owner, const char *name)
{
    saf_ring *ring = NULL;
    assert_ok(saf_ring_open(&ring, w->store, NULL, owner, name, &w->err), &w->err);
    return ring;
}

/* Three certificates: A/one with key, CERTAUTH/ca, SITE/shared; the ring A/Ring holds them in that order. */
static void fill(keyring_world *w)
{
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) one = test_cert_issued("one", 2, &ca, NULL);
    OWN(test_cert) shared = test_cert_issued("shared", 3, &ca, NULL);
    keyring_add(w, "CERTAUTH", "ca", &ca, ca.key);
    keyring_add(w, "SITE", "shared", &shared, shared.key);
    keyring_add(w, "A", "one", &one, one.key);
    keyring_make_ring(w, "A", "Ring");
    keyring_connect(w, "A", "Ring", "A", "one", SAF_DEFAULT);
    keyring_connect(w, "A", "Ring", "CERTAUTH", "ca", SAF_NOT_DEFAULT);
    keyring_connect(w, "A", "Ring", "SITE", "shared", SAF_NOT_DEFAULT);
}

static void disconnect(keyring_world *w, const char *cert_owner, const char *label)
{
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_disconnect(change, "A", "Ring", cert_owner, label, &w->err), &w->err);
    keyring_commit(w, change);
}

static void delete_ring(keyring_world *w, const char *owner, const char *name)
{
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_delete(change, owner, name, &w->err), &w->err);
    keyring_commit(w, change);
}

/* ---- snapshots ------------------------------------------------------------------------------------------------ */

TEST(a_ring_shows_its_connections_in_their_order)
{
    keyring_world *w = *state;
    fill(w);
    OWN(saf_ring) *ring = open_ring(w, "a", "Ring");
    assert_string_equal(saf_ring_owner(ring), "A");
    assert_string_equal(saf_ring_name(ring), "Ring");
    assert_int_equal(saf_ring_size(ring), 3);
    assert_string_equal(saf_ring_at(ring, 0)->cert->label, "one");
    assert_int_equal(saf_ring_at(ring, 0)->usage, SAF_USAGE_PERSONAL);
    assert_int_equal(saf_ring_at(ring, 1)->usage, SAF_USAGE_CERTAUTH);
    assert_int_equal(saf_ring_at(ring, 2)->usage, SAF_USAGE_SITE);
    assert_null(saf_ring_at(ring, 3));
    assert_ptr_equal(saf_ring_default(ring), saf_ring_at(ring, 0));
}

TEST(a_label_is_found_with_and_without_its_owner)
{
    keyring_world *w = *state;
    fill(w);
    OWN(saf_ring) *ring = open_ring(w, "A", "Ring");
    assert_ptr_equal(saf_ring_find_label(ring, NULL, "ca"), saf_ring_at(ring, 1));
    assert_ptr_equal(saf_ring_find_label(ring, "certauth", "ca"), saf_ring_at(ring, 1));
    assert_null(saf_ring_find_label(ring, "A", "ca"));
    assert_null(saf_ring_find_label(ring, NULL, "CA"));
}

TEST(a_snapshot_does_not_change)
{
    keyring_world *w = *state;
    fill(w);
    OWN(saf_ring) *ring = open_ring(w, "A", "Ring");
    uint64_t generation = saf_ring_generation(ring);
    delete_ring(w, "A", "Ring");
    assert_int_equal(saf_ring_size(ring), 3);
    assert_int_equal(saf_ring_generation(ring), generation);
}

TEST(ring_names_are_case_sensitive)
{
    keyring_world *w = *state;
    saf_ring *ring = NULL;
    fill(w);
    assert_fails(saf_ring_open(&ring, w->store, NULL, "A", "RING", &w->err), SAF_E_NOT_FOUND, &w->err,
                 "no ring A/RING");
    assert_codes(&w->err, 8, 8, 84);
    assert_non_null(strstr(w->err.hint, "safring ring list"));
    assert_fails(saf_ring_open(&ring, w->store, NULL, "A", "", &w->err), SAF_E_USAGE, &w->err, "ring name");
    assert_codes(&w->err, 8, 8, 28);
    keyring_make_ring(w, "A", "RING");
}

/* ---- virtual rings -------------------------------------------------------------------------------------------- */

TEST(virtual_rings_hold_all_of_an_owner)
{
    keyring_world *w = *state;
    fill(w);
    OWN(saf_ring) *mine = open_ring(w, "a", "*");
    OWN(saf_ring) *cas = open_ring(w, "*AUTH*", "*");
    OWN(saf_ring) *site = open_ring(w, "*site*", "*");
    assert_int_equal(saf_ring_size(mine), 1);
    assert_int_equal(saf_ring_at(mine, 0)->usage, SAF_USAGE_PERSONAL);
    assert_null(saf_ring_default(mine));
    assert_string_equal(saf_ring_owner(cas), "*AUTH*");
    assert_int_equal(saf_ring_at(cas, 0)->usage, SAF_USAGE_CERTAUTH);
    assert_string_equal(saf_ring_owner(site), "*SITE*");
    assert_int_equal(saf_ring_at(site, 0)->usage, SAF_USAGE_SITE);
}

TEST(a_virtual_ring_of_nothing_is_empty)
{
    keyring_world *w = *state;
    OWN(saf_ring) *ring = open_ring(w, "NOBODY", "*");
    assert_int_equal(saf_ring_size(ring), 0);
    assert_int_equal(saf_ring_generation(ring), 0);
}

TEST(a_virtual_rings_generation_follows_its_owners_certificates)
{
    keyring_world *w = *state;
    fill(w);
    uint64_t before = keyring_poll(w, "*AUTH*", "*");
    uint64_t other = keyring_poll(w, "A", "*");
    OWN(test_cert) second = test_cert_self_signed("CA 2", 1);
    keyring_add(w, "CERTAUTH", "second", &second, NULL);
    uint64_t added = keyring_poll(w, "*AUTH*", "*");
    assert_true(added > before);
    assert_int_equal(keyring_poll(w, "A", "*"), other);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "CERTAUTH", "second", SAF_NO_FORCE, &w->err), &w->err);
    keyring_commit(w, change);
    assert_true(keyring_poll(w, "*AUTH*", "*") > added);
}

TEST(virtual_rings_cannot_be_changed)
{
    keyring_world *w = *state;
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_ring_create(change, "A", "*", &w->err), SAF_E_USAGE, &w->err, "virtual");
    assert_codes(&w->err, 8, 8, 28);
}

/* ---- generations ---------------------------------------------------------------------------------------------- */

TEST(every_visible_change_raises_the_generation)
{
    keyring_world *w = *state;
    fill(w);
    uint64_t last = keyring_poll(w, "A", "Ring");
    OWN(saf_ring) *ring = open_ring(w, "A", "Ring");
    assert_int_equal(saf_ring_generation(ring), last);

    keyring_connect(w, "A", "Ring", "CERTAUTH", "ca", SAF_DEFAULT);
    assert_true(keyring_poll(w, "A", "Ring") > last);
    last = keyring_poll(w, "A", "Ring");

    disconnect(w, "SITE", "shared");
    assert_true(keyring_poll(w, "A", "Ring") > last);
    last = keyring_poll(w, "A", "Ring");

    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "one", SAF_FORCE, &w->err), &w->err);
    keyring_commit(w, change);
    assert_true(keyring_poll(w, "A", "Ring") > last);
}

TEST(other_rings_generations_stay)
{
    keyring_world *w = *state;
    fill(w);
    keyring_make_ring(w, "A", "Other");
    uint64_t other = keyring_poll(w, "A", "Other");
    disconnect(w, "SITE", "shared");
    assert_int_equal(keyring_poll(w, "A", "Other"), other);
}

TEST(a_ring_made_again_does_not_repeat_a_generation)
{
    keyring_world *w = *state;
    fill(w);
    uint64_t before = keyring_poll(w, "A", "Ring");
    delete_ring(w, "A", "Ring");
    keyring_make_ring(w, "A", "Ring");
    assert_true(keyring_poll(w, "A", "Ring") > before);
}

TEST(poll_names_a_ring_that_is_not_there)
{
    keyring_world *w = *state;
    uint64_t generation;
    assert_fails(saf_ring_poll(&generation, w->store, NULL, "ZWESVUSR", "Foo", &w->err), SAF_E_NOT_FOUND, &w->err,
                 "no ring ZWESVUSR/Foo");
    assert_codes(&w->err, 8, 8, 84);
}

/* ---- connecting ----------------------------------------------------------------------------------------------- */

TEST(a_new_default_takes_the_place_of_the_old)
{
    keyring_world *w = *state;
    fill(w);
    keyring_connect(w, "A", "Ring", "SITE", "shared", SAF_DEFAULT);
    OWN(saf_ring) *ring = open_ring(w, "A", "Ring");
    assert_string_equal(saf_ring_default(ring)->cert->label, "shared");
    assert_int_equal(saf_ring_at(ring, 0)->is_default, SAF_NOT_DEFAULT);
}

TEST(connecting_again_changes_usage_and_keeps_the_place)
{
    keyring_world *w = *state;
    fill(w);
    const saf_connect_request request = {
        .ring_owner = "A", .ring_name = "Ring", .cert_owner = "A", .cert_label = "one", .usage = SAF_USAGE_SITE
    };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_connect(change, &request, &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_ring) *ring = open_ring(w, "A", "Ring");
    assert_int_equal(saf_ring_size(ring), 3);
    assert_string_equal(saf_ring_at(ring, 0)->cert->label, "one");
    assert_int_equal(saf_ring_at(ring, 0)->usage, SAF_USAGE_SITE);
    assert_null(saf_ring_default(ring));
}

TEST(connect_names_what_is_not_there)
{
    keyring_world *w = *state;
    fill(w);
    saf_connect_request request = {
        .ring_owner = "A", .ring_name = "None", .cert_owner = "A", .cert_label = "one", .usage = SAF_USAGE_PERSONAL
    };
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_ring_connect(change, &request, &w->err), SAF_E_NOT_FOUND, &w->err, "no ring A/None");
    assert_codes(&w->err, 8, 8, 84);
    request.ring_name = "Ring";
    request.cert_label = "none";
    assert_fails(saf_ring_connect(change, &request, &w->err), SAF_E_NOT_FOUND, &w->err, "no certificate A/none");
    assert_codes(&w->err, 8, 8, 44);
    request.cert_label = "one";
    request.usage = (saf_usage)5;
    assert_fails(saf_ring_connect(change, &request, &w->err), SAF_E_USAGE, &w->err, "usage");
}

TEST(disconnect_names_what_is_not_connected)
{
    keyring_world *w = *state;
    fill(w);
    disconnect(w, "A", "one");
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_ring_disconnect(change, "A", "Ring", "A", "one", &w->err), SAF_E_NOT_FOUND, &w->err,
                 "certificate A/one is not connected to ring A/Ring");
    assert_codes(&w->err, 8, 8, 44);
}

/* ---- creating and deleting ------------------------------------------------------------------------------------ */

TEST(create_refuses_a_ring_that_exists)
{
    keyring_world *w = *state;
    keyring_make_ring(w, "A", "Ring");
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_ring_create(change, "a", "Ring", &w->err), SAF_E_EXISTS, &w->err, "ring A/Ring exists already");
}

TEST(create_refuses_a_name_that_no_address_could_hold)
{
    keyring_world *w = *state;
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_ring_create(change, "A", "one&two", &w->err), SAF_E_USAGE, &w->err, "ampersand");
}

TEST(certauth_and_site_own_no_rings)
{
    keyring_world *w = *state;
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_ring_create(change, "certauth", "r", &w->err), SAF_E_USAGE, &w->err, "CERTAUTH owns no rings");
    assert_non_null(strstr(w->err.hint, "*AUTH*/*"));
    assert_fails(saf_ring_create(change, "SITE", "r", &w->err), SAF_E_USAGE, &w->err, "SITE owns no rings");
}

TEST(deleting_a_ring_keeps_its_certificates)
{
    keyring_world *w = *state;
    fill(w);
    delete_ring(w, "A", "Ring");
    OWN(saf_cert) *cert = keyring_find(w, "A", "one");
    assert_non_null(cert);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "one", SAF_NO_FORCE, &w->err), &w->err);
    assert_fails(saf_ring_delete(change, "A", "Ring", &w->err), SAF_E_NOT_FOUND, &w->err, "no ring A/Ring");
    saf_change_abandon(&change);
}

/* ---- private keys --------------------------------------------------------------------------------------------- */

TEST(a_personal_connection_gives_its_key)
{
    keyring_world *w = *state;
    EVP_PKEY *key = NULL;
    fill(w);
    OWN(saf_ring) *ring = open_ring(w, "A", "Ring");
    assert_ok(saf_ring_load_key(&key, ring, saf_ring_at(ring, 0), w->store, NULL, &w->err), &w->err);
    EVP_PKEY_free(key);
}

TEST(other_connections_give_no_key)
{
    keyring_world *w = *state;
    EVP_PKEY *key = NULL;
    fill(w);
    OWN(saf_ring) *ring = open_ring(w, "A", "Ring");
    for (size_t i = 1; i < 3; i++)
        assert_fails(saf_ring_load_key(&key, ring, saf_ring_at(ring, i), w->store, NULL, &w->err), SAF_E_NOT_FOUND,
                     &w->err, "its usage is not PERSONAL");
}

TEST(a_virtual_ring_gives_the_keys_of_a_user_alone)
{
    keyring_world *w = *state;
    EVP_PKEY *key = NULL;
    fill(w);
    OWN(saf_ring) *mine = open_ring(w, "A", "*");
    OWN(saf_ring) *cas = open_ring(w, "*AUTH*", "*");
    assert_ok(saf_ring_load_key(&key, mine, saf_ring_at(mine, 0), w->store, NULL, &w->err), &w->err);
    EVP_PKEY_free(key);
    assert_fails(saf_ring_load_key(&key, cas, saf_ring_at(cas, 0), w->store, NULL, &w->err), SAF_E_NOT_FOUND, &w->err,
                 "not PERSONAL");
}

TEST(an_old_snapshot_gives_no_key_that_was_taken_out)
{
    keyring_world *w = *state;
    EVP_PKEY *key = NULL;
    fill(w);
    OWN(saf_ring) *ring = open_ring(w, "A", "Ring");
    disconnect(w, "A", "one");
    assert_fails(saf_ring_load_key(&key, ring, saf_ring_at(ring, 0), w->store, NULL, &w->err), SAF_E_NOT_FOUND, &w->err,
                 "no longer connected");
}

TEST(a_key_of_a_ring_asks_for_the_rings_authority)
{
    keyring_world *w = *state;
    EVP_PKEY *key = NULL;
    const saf_principal who = { .user = "SRV" };
    fill(w);
    OWN(saf_ring) *ring = open_ring(w, "A", "Ring");
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_ring_load_key(&key, ring, saf_ring_at(ring, 0), w->store, &who, &w->err), SAF_E_DENIED, &w->err,
                 "SRV has no authority for ring-key on A/Ring");
    assert_codes(&w->err, 8, 8, 8);
}

/* ---- other owners' certificates -------------------------------------------------------------------------------- */

/* An authority that denies one function. */
static saf_decision deny_one(void *context, const saf_principal *who, const saf_question *question)
{
    (void)who;
    return question->function == *(const saf_function *)context ? SAF_DENY : SAF_ALLOW;
}

static saf_store *open_denying(keyring_world *w, saf_function *denied)
{
    saf_store *store = NULL;
    const saf_store_options options = { .authority = deny_one, .authority_context = denied };
    assert_ok(saf_store_open(&store, "store", &options, &w->err), &w->err);
    return store;
}

static saf_status try_connect(keyring_world *w, saf_store *store, const char *cert_owner, const char *label,
                              saf_usage usage)
{
    const saf_principal eve = { .user = "EVE" };
    const saf_connect_request request = {
        .ring_owner = "EVE", .ring_name = "Mine", .cert_owner = cert_owner, .cert_label = label, .usage = usage
    };
    OWN(saf_change) *change = NULL;
    assert_ok(saf_change_begin(&change, store, &eve, &w->err), &w->err);
    return saf_ring_connect(change, &request, &w->err);
}

static void fill_with_eve(keyring_world *w)
{
    fill(w);
    OWN(test_cert) eve = test_cert_self_signed("eve", 1);
    keyring_add(w, "EVE", "eve", &eve, eve.key);
    keyring_make_ring(w, "EVE", "Mine");
}

TEST(connecting_anothers_certificate_as_personal_needs_authority_for_its_key)
{
    keyring_world *w = *state;
    saf_function denied = SAF_FN_CERT_KEY;
    fill_with_eve(w);
    OWN(saf_store) *store = open_denying(w, &denied);
    assert_fails(try_connect(w, store, "A", "one", SAF_USAGE_PERSONAL), SAF_E_DENIED, &w->err,
                 "EVE has no authority for cert-key on A/one");
    assert_codes(&w->err, 8, 8, 8);
    assert_fails(try_connect(w, store, "CERTAUTH", "ca", SAF_USAGE_PERSONAL), SAF_E_DENIED, &w->err,
                 "cert-key on CERTAUTH/ca");
    assert_fails(try_connect(w, store, "SITE", "shared", SAF_USAGE_PERSONAL), SAF_E_DENIED, &w->err, "SITE/shared");
    assert_ok(try_connect(w, store, "A", "one", SAF_USAGE_SITE), &w->err);
    assert_ok(try_connect(w, store, "CERTAUTH", "ca", SAF_USAGE_CERTAUTH), &w->err);
    assert_ok(try_connect(w, store, "eve", "eve", SAF_USAGE_PERSONAL), &w->err);
}

TEST(connecting_asks_to_list_the_certificate)
{
    keyring_world *w = *state;
    saf_function denied = SAF_FN_CERT_LIST;
    fill_with_eve(w);
    OWN(saf_store) *store = open_denying(w, &denied);
    assert_fails(try_connect(w, store, "CERTAUTH", "ca", SAF_USAGE_CERTAUTH), SAF_E_DENIED, &w->err,
                 "EVE has no authority for cert-list on CERTAUTH/ca");
    assert_fails(try_connect(w, store, "A", "no such", SAF_USAGE_SITE), SAF_E_DENIED, &w->err, "cert-list");
}

TEST(connecting_still_asks_for_the_ring)
{
    keyring_world *w = *state;
    saf_function denied = SAF_FN_RING_CONNECT;
    fill_with_eve(w);
    OWN(saf_store) *store = open_denying(w, &denied);
    assert_fails(try_connect(w, store, "EVE", "eve", SAF_USAGE_PERSONAL), SAF_E_DENIED, &w->err,
                 "ring-connect on EVE/Mine");
}

static saf_status try_load(keyring_world *w, saf_store *store, const char *owner, const char *name, size_t index)
{
    const saf_principal eve = { .user = "EVE" };
    EVP_PKEY *key = NULL;
    OWN(saf_ring) *ring = open_ring(w, owner, name);
    saf_status status = saf_ring_load_key(&key, ring, saf_ring_at(ring, index), store, &eve, &w->err);
    EVP_PKEY_free(key);
    return status;
}

TEST(a_ring_gives_anothers_key_only_with_authority_for_the_certificate)
{
    keyring_world *w = *state;
    saf_function denied = SAF_FN_CERT_KEY;
    fill_with_eve(w);
    keyring_connect(w, "EVE", "Mine", "A", "one", SAF_NOT_DEFAULT);
    keyring_connect(w, "EVE", "Mine", "EVE", "eve", SAF_NOT_DEFAULT);
    OWN(saf_store) *store = open_denying(w, &denied);
    assert_fails(try_load(w, store, "EVE", "Mine", 0), SAF_E_DENIED, &w->err,
                 "EVE has no authority for cert-key on A/one");
    assert_codes(&w->err, 8, 8, 8);
    assert_ok(try_load(w, store, "EVE", "Mine", 1), &w->err);
    assert_ok(try_load(w, store, "EVE", "*", 0), &w->err);
    denied = SAF_FN_RING_KEY;
    assert_fails(try_load(w, store, "EVE", "Mine", 1), SAF_E_DENIED, &w->err, "ring-key on EVE/Mine");
    denied = SAF_FN_CERT_DELETE;
    assert_ok(try_load(w, store, "EVE", "Mine", 0), &w->err);
}

TEST(a_connection_of_another_ring_is_refused)
{
    keyring_world *w = *state;
    EVP_PKEY *key = NULL;
    fill(w);
    OWN(saf_ring) *one = open_ring(w, "A", "Ring");
    OWN(saf_ring) *two = open_ring(w, "A", "Ring");
    assert_fails(saf_ring_load_key(&key, one, saf_ring_at(two, 0), w->store, NULL, &w->err), SAF_E_USAGE, &w->err,
                 "not one of ring A/Ring");
}

/* ---- listing -------------------------------------------------------------------------------------------------- */

static void assert_listing(keyring_world *w, const saf_ring_query *query, const char *expected)
{
    char seen[2048] = "";
    OWN(saf_ring_page) page = { 0 };
    assert_ok(saf_store_list_rings(&page, w->store, NULL, query, &w->err), &w->err);
    for (size_t i = 0; i < page.count; i++) {
        size_t len = strlen(seen);
        snprintf(seen + len, sizeof seen - len, "%s/%s:%d ", page.rings[i].owner, page.rings[i].name,
                 (int)page.rings[i].size);
    }
    assert_string_equal(seen, expected);
}

TEST(rings_are_listed_in_pages_and_by_certificate)
{
    keyring_world *w = *state;
    fill(w);
    keyring_make_ring(w, "B", "x");
    keyring_make_ring(w, "A", "Empty");
    keyring_connect(w, "B", "x", "CERTAUTH", "ca", SAF_NOT_DEFAULT);
    assert_listing(w, NULL, "A/Empty:0 A/Ring:3 B/x:1 ");
    assert_listing(w, &(saf_ring_query) { .owner = "a" }, "A/Empty:0 A/Ring:3 ");
    assert_listing(w, &(saf_ring_query) { .limit = 1 }, "A/Empty:0 ");
    assert_listing(w, &(saf_ring_query) { .after_owner = "A", .after_name = "Empty" }, "A/Ring:3 B/x:1 ");
    assert_listing(w, &(saf_ring_query) { .cert_owner = "certauth", .cert_label = "ca" }, "A/Ring:3 B/x:1 ");
    assert_listing(w, &(saf_ring_query) { .owner = "B", .cert_owner = "CERTAUTH", .cert_label = "ca" }, "B/x:1 ");
    assert_listing(w, &(saf_ring_query) { .owner = "C" }, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(a_ring_shows_its_connections_in_their_order),
        IN_KEYRING(a_label_is_found_with_and_without_its_owner),
        IN_KEYRING(a_snapshot_does_not_change),
        IN_KEYRING(ring_names_are_case_sensitive),
        IN_KEYRING(virtual_rings_hold_all_of_an_owner),
        IN_KEYRING(a_virtual_ring_of_nothing_is_empty),
        IN_KEYRING(a_virtual_rings_generation_follows_its_owners_certificates),
        IN_KEYRING(virtual_rings_cannot_be_changed),
        IN_KEYRING(every_visible_change_raises_the_generation),
        IN_KEYRING(other_rings_generations_stay),
        IN_KEYRING(a_ring_made_again_does_not_repeat_a_generation),
        IN_KEYRING(poll_names_a_ring_that_is_not_there),
        IN_KEYRING(a_new_default_takes_the_place_of_the_old),
        IN_KEYRING(connecting_again_changes_usage_and_keeps_the_place),
        IN_KEYRING(connect_names_what_is_not_there),
        IN_KEYRING(disconnect_names_what_is_not_connected),
        IN_KEYRING(create_refuses_a_ring_that_exists),
        IN_KEYRING(create_refuses_a_name_that_no_address_could_hold),
        IN_KEYRING(certauth_and_site_own_no_rings),
        IN_KEYRING(deleting_a_ring_keeps_its_certificates),
        IN_KEYRING(a_personal_connection_gives_its_key),
        IN_KEYRING(other_connections_give_no_key),
        IN_KEYRING(a_virtual_ring_gives_the_keys_of_a_user_alone),
        IN_KEYRING(an_old_snapshot_gives_no_key_that_was_taken_out),
        IN_KEYRING(a_key_of_a_ring_asks_for_the_rings_authority),
        IN_KEYRING(connecting_anothers_certificate_as_personal_needs_authority_for_its_key),
        IN_KEYRING(connecting_asks_to_list_the_certificate),
        IN_KEYRING(connecting_still_asks_for_the_ring),
        IN_KEYRING(a_ring_gives_anothers_key_only_with_authority_for_the_certificate),
        IN_KEYRING(a_connection_of_another_ring_is_refused),
        IN_KEYRING(rings_are_listed_in_pages_and_by_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
