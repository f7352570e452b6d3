#include <support/keyring-world.h>

#include <sqlite3.h>

#define URI "pkcs11:token=zowe;object=web;id=%01;type=private"

/* A/old and A/new with their keys. */
typedef struct pair {
    test_cert old, new;
} pair;

static void release_pair(pair *pair)
{
    test_cert_free(&pair->old);
    test_cert_free(&pair->new);
}

OWN_VALUE(pair, release_pair)

static pair enter(keyring_world *w, const char *owner)
{
    pair made = { .old = test_cert_self_signed("web", 1), .new = test_cert_self_signed("web", 2) };
    keyring_add(w, owner, "old", &made.old, made.old.key);
    keyring_add(w, owner, "new", &made.new, made.new.key);
    return made;
}

/* The same for tests that need no more of them. */
static void set_up(keyring_world *w, const char *owner)
{
    pair made = enter(w, owner);
    release_pair(&made);
}

static saf_status roll_over_of(keyring_world *w, saf_rollover *out, const char *owner)
{
    OWN(saf_cert) *old = keyring_find(w, owner, "old");
    OWN(saf_cert) *new = keyring_find(w, owner, "new");
    OWN(saf_change) *change = keyring_begin(w);
    saf_status status = saf_store_roll_over(out, change, old, new, &w->err);
    if (status == SAF_OK)
        keyring_commit(w, GIVE(&change));
    return status;
}

static saf_status roll_over(keyring_world *w, saf_rollover *out)
{
    return roll_over_of(w, out, "A");
}

static void connect_as(keyring_world *w, const char *ring, const char *label, saf_usage usage, saf_default is_default)
{
    const saf_connect_request request = {
        .ring_owner = "A", .ring_name = ring, .cert_owner = "A", .cert_label = label, .usage = usage, .is_default = is_default
    };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_connect(change, &request, &w->err), &w->err);
    keyring_commit(w, change);
}

/* A ring as "label/usage" in order, the default with a star. */
static void assert_ring(keyring_world *w, const char *name, const char *expected)
{
    char text[200] = "";
    OWN(saf_ring) *ring = NULL;
    assert_ok(saf_ring_open(&ring, w->store, NULL, "A", name, &w->err), &w->err);
    for (size_t i = 0; i < saf_ring_size(ring); i++) {
        const saf_connection *at = saf_ring_at(ring, i);
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%s/%d%s", i ? " " : "", at->cert->label, (int)at->usage,
                 at->is_default == SAF_DEFAULT ? "*" : "");
    }
    assert_string_equal(text, expected);
}

/* ---- the key -------------------------------------------------------------------------------------------------- */

TEST(rollover_destroys_the_old_key_and_keeps_the_certificate)
{
    keyring_world *w = *state;
    set_up(w, "A");
    saf_rollover done;
    EVP_PKEY *key = NULL;
    assert_ok(roll_over(w, &done), &w->err);
    assert_string_equal(done.key_uri, "");
    OWN(saf_cert) *old = keyring_find(w, "A", "old");
    OWN(saf_cert) *new = keyring_find(w, "A", "new");
    assert_int_equal(old->key_place, SAF_KEY_NONE);
    assert_int_equal(saf_store_load_key(&key, w->store, NULL, old, NULL), SAF_E_NOT_FOUND);
    assert_int_equal(new->key_place, SAF_KEY_STORED);
}

TEST(nothing_is_awaited_for_a_key_that_a_rollover_destroyed)
{
    keyring_world *w = *state;
    set_up(w, "A");
    OWN(saf_cert) *asked = keyring_find(w, "A", "old");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_note_request(change, asked, &w->err), &w->err);
    keyring_commit(w, change);
    assert_ok(roll_over(w, NULL), &w->err);
    OWN(saf_cert) *old = keyring_find(w, "A", "old");
    assert_int_equal(old->requested_at, 0);
}

TEST(rollover_destroys_the_key_for_everybody_who_has_it)
{
    keyring_world *w = *state;
    OWN(pair) pair = enter(w, "A");
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) theirs = test_cert_issued("web", 2, &ca, pair.old.key);
    keyring_add(w, "B", "theirs", &theirs, pair.old.key);
    keyring_make_ring(w, "B", "Ring");
    keyring_connect(w, "B", "Ring", "B", "theirs", SAF_DEFAULT);
    uint64_t ring = keyring_poll(w, "B", "Ring"), owned = keyring_poll(w, "B", "*");
    assert_ok(roll_over(w, NULL), &w->err);
    OWN(saf_cert) *cert = keyring_find(w, "B", "theirs");
    assert_int_equal(cert->key_place, SAF_KEY_NONE);
    assert_true(keyring_poll(w, "B", "Ring") > ring);
    assert_true(keyring_poll(w, "B", "*") > owned);
}

TEST(rollover_of_a_key_in_a_token_leaves_an_intent_and_says_which)
{
    keyring_world *w = *state;
    OWN(test_cert) old = test_cert_self_signed("web", 1);
    OWN(test_cert) new = test_cert_self_signed("web", 2);
    OWN(saf_intent_page) intents = { 0 };
    saf_rollover done;
    bool used = true;
    keyring_add_in_token(w, "A", "old", &old, URI);
    keyring_add(w, "A", "new", &new, new.key);
    assert_ok(roll_over(w, &done), &w->err);
    assert_string_equal(done.key_uri, URI);
    assert_ok(saf_store_list_intents(&intents, w->store, NULL, &w->err), &w->err);
    assert_int_equal(intents.count, 1);
    assert_int_equal(intents.intents[0].kind, SAF_INTENT_DESTROY_KEY);
    assert_string_equal(intents.intents[0].uri, URI);
    assert_ok(saf_store_uses_key_uri(&used, w->store, NULL, URI, &w->err), &w->err);
    assert_false(used);
}

/* ---- rings ---------------------------------------------------------------------------------------------------- */

TEST(a_personal_connection_is_taken_over_in_its_place)
{
    keyring_world *w = *state;
    set_up(w, "A");
    OWN(test_cert) other = test_cert_self_signed("other", 1);
    saf_rollover done;
    keyring_add(w, "A", "last", &other, NULL);
    keyring_make_ring(w, "A", "Ring");
    connect_as(w, "Ring", "old", SAF_USAGE_PERSONAL, SAF_DEFAULT);
    connect_as(w, "Ring", "last", SAF_USAGE_PERSONAL, SAF_NOT_DEFAULT);
    uint64_t generation = keyring_poll(w, "A", "Ring");
    assert_ok(roll_over(w, &done), &w->err);
    assert_ring(w, "Ring", "new/8* last/8");
    assert_true(keyring_poll(w, "A", "Ring") > generation);
    assert_int_equal(done.replaced, 1);
    assert_int_equal(done.added, 0);
}

TEST(beside_an_authority_or_site_the_successor_is_added)
{
    keyring_world *w = *state;
    set_up(w, "A");
    saf_rollover done;
    keyring_make_ring(w, "A", "Auth");
    keyring_make_ring(w, "A", "Site");
    connect_as(w, "Auth", "old", SAF_USAGE_CERTAUTH, SAF_NOT_DEFAULT);
    connect_as(w, "Site", "old", SAF_USAGE_SITE, SAF_DEFAULT);
    uint64_t generation = keyring_poll(w, "A", "Auth");
    assert_ok(roll_over(w, &done), &w->err);
    assert_ring(w, "Auth", "old/2 new/2");
    assert_ring(w, "Site", "old/0 new/0*");
    assert_true(keyring_poll(w, "A", "Auth") > generation);
    assert_int_equal(done.replaced, 0);
    assert_int_equal(done.added, 2);
}

TEST(a_successor_that_is_connected_already_inherits_usage_and_default)
{
    keyring_world *w = *state;
    set_up(w, "A");
    saf_rollover done;
    keyring_make_ring(w, "A", "Personal");
    keyring_make_ring(w, "A", "Auth");
    connect_as(w, "Personal", "old", SAF_USAGE_PERSONAL, SAF_DEFAULT);
    connect_as(w, "Personal", "new", SAF_USAGE_SITE, SAF_NOT_DEFAULT);
    connect_as(w, "Auth", "new", SAF_USAGE_PERSONAL, SAF_NOT_DEFAULT);
    connect_as(w, "Auth", "old", SAF_USAGE_CERTAUTH, SAF_DEFAULT);
    assert_ok(roll_over(w, &done), &w->err);
    assert_ring(w, "Personal", "new/8*");
    assert_ring(w, "Auth", "new/2* old/2");
    assert_int_equal(done.replaced, 1);
    assert_int_equal(done.added, 0);
}

TEST(a_successor_that_is_the_default_already_stays_it)
{
    keyring_world *w = *state;
    set_up(w, "A");
    keyring_make_ring(w, "A", "Ring");
    connect_as(w, "Ring", "old", SAF_USAGE_PERSONAL, SAF_NOT_DEFAULT);
    connect_as(w, "Ring", "new", SAF_USAGE_PERSONAL, SAF_DEFAULT);
    assert_ok(roll_over(w, NULL), &w->err);
    assert_ring(w, "Ring", "new/8*");
}

TEST(another_default_of_a_ring_stays)
{
    keyring_world *w = *state;
    set_up(w, "A");
    OWN(test_cert) other = test_cert_self_signed("other", 1);
    keyring_add(w, "A", "other", &other, NULL);
    keyring_make_ring(w, "A", "Ring");
    connect_as(w, "Ring", "other", SAF_USAGE_PERSONAL, SAF_DEFAULT);
    connect_as(w, "Ring", "old", SAF_USAGE_CERTAUTH, SAF_NOT_DEFAULT);
    assert_ok(roll_over(w, NULL), &w->err);
    assert_ring(w, "Ring", "other/8* old/2 new/2");
}

TEST(many_rings_are_rolled_over)
{
    enum { RINGS = 40 };
    keyring_world *w = *state;
    set_up(w, "A");
    saf_rollover done;
    char name[20];
    for (int i = 0; i < RINGS; i++) {
        snprintf(name, sizeof name, "Ring %d", i);
        keyring_make_ring(w, "A", name);
        connect_as(w, name, "old", SAF_USAGE_PERSONAL, SAF_DEFAULT);
    }
    assert_ok(roll_over(w, &done), &w->err);
    assert_int_equal(done.replaced, RINGS);
    assert_ring(w, "Ring 0", "new/8*");
    assert_ring(w, "Ring 39", "new/8*");
}

/* ---- the counter ---------------------------------------------------------------------------------------------- */

static void set_serial(keyring_world *w, const char *owner, const char *label, unsigned serial)
{
    OWN(saf_cert) *cert = keyring_find(w, owner, label);
    saf_change *change = keyring_begin(w);
    for (unsigned i = 0; i < serial; i++) {
        OWN(own_text) given = NULL;
        assert_ok(saf_store_next_serial(&given, change, cert, &w->err), &w->err);
    }
    keyring_commit(w, change);
}

static void assert_serial_after(keyring_world *w, unsigned old, unsigned new, const char *expected)
{
    set_up(w, "CERTAUTH");
    if (old)
        set_serial(w, "CERTAUTH", "old", old);
    if (new)
        set_serial(w, "CERTAUTH", "new", new);
    assert_ok(roll_over_of(w, NULL, "CERTAUTH"), &w->err);
    OWN(saf_cert) *successor = keyring_find(w, "CERTAUTH", "new");
    if (expected)
        assert_string_equal(successor->last_serial, expected);
    else
        assert_null(successor->last_serial);
}

TEST(the_counter_goes_on_where_the_old_one_was)
{
    assert_serial_after(*state, 0x2A, 0, "2A");
}

TEST(counters_are_compared_as_numbers)
{
    assert_serial_after(*state, 0x100, 0xFF, "100");
}

TEST(a_counter_that_is_higher_stays)
{
    assert_serial_after(*state, 9, 0x1F, "1F");
}

TEST(two_counters_that_never_counted_stay_so)
{
    assert_serial_after(*state, 0, 0, NULL);
}

/* ---- what is refused ------------------------------------------------------------------------------------------ */

TEST(rollover_refuses_another_owners_certificate)
{
    keyring_world *w = *state;
    set_up(w, "A");
    OWN(test_cert) other = test_cert_self_signed("web", 3);
    keyring_add(w, "B", "new", &other, other.key);
    OWN(saf_cert) *old = keyring_find(w, "A", "old");
    OWN(saf_cert) *new = keyring_find(w, "B", "new");
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_store_roll_over(NULL, change, old, new, &w->err), SAF_E_USAGE, &w->err, "different owners");
}

TEST(rollover_refuses_a_certificate_of_the_same_key)
{
    keyring_world *w = *state;
    set_up(w, "A");
    OWN(saf_cert) *old = keyring_find(w, "A", "old");
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_store_roll_over(NULL, change, old, old, &w->err), SAF_E_USAGE, &w->err, "would be destroyed");
}

TEST(rollover_refuses_an_old_certificate_without_key)
{
    keyring_world *w = *state;
    set_up(w, "A");
    assert_ok(roll_over(w, NULL), &w->err);
    assert_fails(roll_over(w, NULL), SAF_E_CONFLICT, &w->err, "A/old has no private key to destroy");
}

TEST(rollover_is_for_the_certificates_that_were_meant)
{
    keyring_world *w = *state;
    set_up(w, "A");
    OWN(test_cert) other = test_cert_self_signed("other", 3);
    OWN(saf_cert) *old = keyring_find(w, "A", "old");
    OWN(saf_cert) *new = keyring_find(w, "A", "new");
    OWN(saf_change) *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "new", SAF_NO_FORCE, &w->err), &w->err);
    assert_fails(saf_store_roll_over(NULL, change, old, new, &w->err), SAF_E_NOT_FOUND, &w->err, "A/new");
    assert_ok(keyring_try_add(change, "A", "new", &other, other.key, &w->err), &w->err);
    assert_fails(saf_store_roll_over(NULL, change, old, new, &w->err), SAF_E_CONFLICT, &w->err, "replaced meanwhile");
}

static saf_decision deny_new(void *context, const saf_principal *who, const saf_question *question)
{
    (void)context;
    (void)who;
    return question->function == SAF_FN_CERT_ROLLOVER && !strcmp(question->name, "new") ? SAF_DENY : SAF_ALLOW;
}

TEST(rollover_asks_for_both)
{
    keyring_world *w = *state;
    const saf_store_options options = { .authority = deny_new };
    set_up(w, "A");
    saf_store_close(&w->store);
    assert_ok(saf_store_open(&w->store, "store", &options, &w->err), &w->err);
    assert_fails(roll_over(w, NULL), SAF_E_DENIED, &w->err, "cert-rollover on A/new");
}

/* ---- all or nothing ------------------------------------------------------------------------------------------- */

/* The database as text, but for what counts on: two that are equal are the same store. */
static char *dump(void)
{
    static const char SQL[] =
        "SELECT (SELECT group_concat(label || hex(coalesce(key, '')) || coalesce(last_serial, '-'), ' ') FROM certificate)"
        " || (SELECT group_concat(id || ':' || ring || ':' || certificate || ':' || usage || ':' || is_default, ' ')"
        " FROM connection) || (SELECT group_concat(name || generation, ' ') FROM ring)"
        " || (SELECT count(*) FROM key) || '.' || (SELECT count(*) FROM audit) || '.' || (SELECT count(*) FROM intent)"
        " || (SELECT group_concat(name || generation, ' ') FROM owner)";
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, SQL, -1, &rows, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
    char *text = strdup((const char *)sqlite3_column_text(rows, 0));
    sqlite3_finalize(rows);
    sqlite3_close(db);
    return text;
}

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* A constraint that no store has makes the rollover fail where @p index says; the change is committed nevertheless. */
static void assert_nothing_is_left_behind(keyring_world *w, const char *index)
{
    set_up(w, "A");
    keyring_make_ring(w, "A", "One");
    keyring_make_ring(w, "A", "Two");
    connect_as(w, "One", "old", SAF_USAGE_PERSONAL, SAF_DEFAULT);
    connect_as(w, "Two", "old", SAF_USAGE_CERTAUTH, SAF_DEFAULT);
    set_serial(w, "A", "old", 5);
    run_sql(index);
    OWN(own_text) before = dump();
    OWN(saf_cert) *old = keyring_find(w, "A", "old");
    OWN(saf_cert) *new = keyring_find(w, "A", "new");
    saf_change *change = keyring_begin(w);
    assert_int_equal(saf_store_roll_over(NULL, change, old, new, &w->err), SAF_E_FAILED);
    keyring_commit(w, change);
    OWN(own_text) after = dump();
    assert_string_equal(after, before);
}

TEST(a_rollover_that_fails_at_its_second_ring_changes_nothing)
{
    assert_nothing_is_left_behind(*state, "CREATE UNIQUE INDEX fault ON connection (certificate) WHERE certificate = 2");
}

TEST(a_rollover_that_fails_at_the_counter_changes_nothing)
{
    assert_nothing_is_left_behind(*state, "CREATE UNIQUE INDEX fault ON certificate (last_serial)");
}

TEST(a_rollover_that_fails_at_its_last_record_changes_nothing)
{
    assert_nothing_is_left_behind(*state, "CREATE UNIQUE INDEX fault ON audit (iif(action IN ('store-create', 'cert-rollover'), 1, NULL))");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(rollover_destroys_the_old_key_and_keeps_the_certificate),
        IN_KEYRING(nothing_is_awaited_for_a_key_that_a_rollover_destroyed),
        IN_KEYRING(rollover_destroys_the_key_for_everybody_who_has_it),
        IN_KEYRING(rollover_of_a_key_in_a_token_leaves_an_intent_and_says_which),
        IN_KEYRING(a_personal_connection_is_taken_over_in_its_place),
        IN_KEYRING(beside_an_authority_or_site_the_successor_is_added),
        IN_KEYRING(a_successor_that_is_connected_already_inherits_usage_and_default),
        IN_KEYRING(a_successor_that_is_the_default_already_stays_it),
        IN_KEYRING(another_default_of_a_ring_stays),
        IN_KEYRING(many_rings_are_rolled_over),
        IN_KEYRING(the_counter_goes_on_where_the_old_one_was),
        IN_KEYRING(counters_are_compared_as_numbers),
        IN_KEYRING(a_counter_that_is_higher_stays),
        IN_KEYRING(two_counters_that_never_counted_stay_so),
        IN_KEYRING(rollover_refuses_another_owners_certificate),
        IN_KEYRING(rollover_refuses_a_certificate_of_the_same_key),
        IN_KEYRING(rollover_refuses_an_old_certificate_without_key),
        IN_KEYRING(rollover_is_for_the_certificates_that_were_meant),
        IN_KEYRING(rollover_asks_for_both),
        IN_KEYRING(a_rollover_that_fails_at_its_second_ring_changes_nothing),
        IN_KEYRING(a_rollover_that_fails_at_the_counter_changes_nothing),
        IN_KEYRING(a_rollover_that_fails_at_its_last_record_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
