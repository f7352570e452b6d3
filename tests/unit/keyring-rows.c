#include <support/keyring-world.h>
#include <support/scratch.h>

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

/* What somebody does who can write store.db and has no master key: each test changes rows as the sqlite3 command would, and expects that whoever reads them is
 * refused, or, where nothing of it can be seen in a row, that a check of the store says it. */

OWN_VALUE(saf_store_problems, saf_store_problems_free)

static const char REMOVED[] = "records were added, removed or put back to an older state";

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    char *text = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA foreign_keys = OFF", NULL, NULL, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s: %s", sql, text);
    if (strncmp(sql, "UPDATE", 6) == 0 || strncmp(sql, "DELETE", 6) == 0)
        assert_true(sqlite3_changes(db) > 0);
    sqlite3_close(db);
}

static void add_policy(keyring_world *w)
{
    saf_policy policy = { .appl = "ZOWEAPPL", .user = "*", .alg = "HS512", .key = "pkcs11:token=T;object=k;type=secret-key", .timeout_min = 15 };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_add_policy(change, &policy, &w->err), &w->err);
    assert_ok(saf_store_add_intent(NULL, change, SAF_INTENT_DESTROY_KEY, "pkcs11:id=%09", &w->err), &w->err);
    keyring_commit(w, change);
}

static void revoke_serial(keyring_world *w, const char *serial)
{
    OWN(saf_cert) *ca = keyring_find(w, "CERTAUTH", "ca");
    saf_crl_turn turn;
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_revoke(change, ca, serial, SAF_REASON_SUPERSEDED, &w->err), &w->err);
    assert_ok(saf_store_next_crl(&turn, change, ca, &w->err), &w->err);
    keyring_commit(w, change);
}

static void publish(keyring_world *w)
{
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_publish(change, "A", "Ring", "pub", geteuid(), false, &w->err), &w->err);
    keyring_commit(w, change);
}

/* CERTAUTH/ca has issued A/web and the revoked A/old; with A/token all are in A/Ring, which is published; there is one of everything. */
static void enter_things(keyring_world *w)
{
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) web = test_cert_issued("web", 2, &ca, NULL);
    OWN(test_cert) old = test_cert_issued("old", 3, &ca, NULL);
    OWN(test_cert) token = test_cert_self_signed("token", 4);
    keyring_add(w, "CERTAUTH", "ca", &ca, ca.key);
    keyring_add(w, "A", "web", &web, web.key);
    keyring_add(w, "A", "old", &old, old.key);
    keyring_add_in_token(w, "A", "token", &token, "pkcs11:id=%01");
    OWN(saf_cert) *issuer = keyring_find(w, "CERTAUTH", "ca");
    keyring_record(w, issuer, &web, "A", "web");
    keyring_record(w, issuer, &old, "A", "old");
    keyring_make_ring(w, "A", "Ring");
    keyring_make_ring(w, "A", "Other");
    keyring_connect(w, "A", "Ring", "A", "web", SAF_DEFAULT);
    keyring_connect(w, "A", "Ring", "CERTAUTH", "ca", SAF_NOT_DEFAULT);
    keyring_connect(w, "A", "Ring", "A", "old", SAF_NOT_DEFAULT);
    keyring_connect(w, "A", "Ring", "A", "token", SAF_NOT_DEFAULT);
    keyring_connect(w, "A", "Other", "CERTAUTH", "ca", SAF_DEFAULT);
    add_policy(w);
    revoke_serial(w, "3");
    publish(w);
}

static saf_status set_trust(saf_change *change, const char *owner, const char *label, saf_trust trust, saf_error *err)
{
    const saf_cert_alteration alteration = { .trust = trust };
    return saf_store_alter_cert(change, owner, label, &alteration, err);
}

static bool says(const saf_store_problems *problems, const char *sentence)
{
    for (size_t i = 0; i < problems->count; i++)
        if (strstr(problems->texts[i], sentence))
            return true;
    return false;
}

static void assert_check_says(keyring_world *w, const char *sentence)
{
    OWN(saf_store_problems) problems = { 0 };
    assert_ok(saf_store_check(&problems, w->store, NULL, NULL, NULL, &w->err), &w->err);
    if (!says(&problems, sentence))
        fail_msg("%zu problems, the first \"%s\", none says \"%s\"", problems.count, problems.count ? problems.texts[0] : "", sentence);
}

static void assert_sound(keyring_world *w)
{
    OWN(saf_store_problems) problems = { 0 };
    assert_ok(saf_store_check(&problems, w->store, NULL, NULL, NULL, &w->err), &w->err);
    if (problems.count)
        fail_msg("%s", problems.texts[0]);
}

/* ---- the reads that matter ------------------------------------------------------------------------------------ */

typedef saf_status (*reading_fn)(keyring_world *w);

static saf_status find_web(keyring_world *w)
{
    OWN(saf_cert) *cert = NULL;
    return saf_store_find_cert(&cert, w->store, NULL, "A", "web", &w->err);
}

static saf_status find_token(keyring_world *w)
{
    OWN(saf_cert) *cert = NULL;
    return saf_store_find_cert(&cert, w->store, NULL, "A", "token", &w->err);
}

static saf_status open_ring(keyring_world *w)
{
    OWN(saf_ring) *ring = NULL;
    return saf_ring_open(&ring, w->store, NULL, "A", "Ring", &w->err);
}

static saf_status open_other(keyring_world *w)
{
    OWN(saf_ring) *ring = NULL;
    return saf_ring_open(&ring, w->store, NULL, "A", "Other", &w->err);
}

static saf_status open_virtual(keyring_world *w)
{
    OWN(saf_ring) *ring = NULL;
    return saf_ring_open(&ring, w->store, NULL, "A", "*", &w->err);
}

static saf_status list_certs(keyring_world *w)
{
    OWN(saf_cert_page) page = { 0 };
    const saf_cert_query query = { .limit = 100 };
    return saf_store_list_certs(&page, w->store, NULL, &query, &w->err);
}

static saf_status list_rings(keyring_world *w)
{
    OWN(saf_ring_page) page = { 0 };
    const saf_ring_query query = { .limit = 100 };
    return saf_store_list_rings(&page, w->store, NULL, &query, &w->err);
}

static saf_status list_issued(keyring_world *w)
{
    OWN(saf_issued_page) page = { 0 };
    OWN(saf_cert) *ca = keyring_find(w, "CERTAUTH", "ca");
    return saf_store_list_issued(&page, w->store, NULL, ca, NULL, &w->err);
}

static saf_status make_crl(keyring_world *w)
{
    saf_crl_turn turn;
    OWN(saf_cert) *ca = keyring_find(w, "CERTAUTH", "ca");
    OWN(saf_change) *change = keyring_begin(w);
    return saf_store_next_crl(&turn, change, ca, &w->err);
}

static saf_status find_revocation(keyring_world *w)
{
    int64_t at;
    OWN(saf_cert) *old = keyring_find(w, "A", "old");
    return saf_store_find_revocation(&at, NULL, w->store, old->fingerprint, &w->err);
}

static saf_status load_key(keyring_world *w)
{
    EVP_PKEY *key = NULL;
    OWN(saf_cert) *web = keyring_find(w, "A", "web");
    saf_status status = saf_store_load_key(&key, w->store, NULL, web, &w->err);
    EVP_PKEY_free(key);
    return status;
}

static saf_status find_policy(keyring_world *w)
{
    saf_policy policy;
    return saf_store_find_policy(&policy, w->store, NULL, "ZOWEAPPL", "*", &w->err);
}

static saf_status list_intents(keyring_world *w)
{
    OWN(saf_intent_page) page = { 0 };
    return saf_store_list_intents(&page, w->store, NULL, &w->err);
}

OWN_VALUE(saf_publication_page, saf_publication_page_free)

static saf_status list_publications(keyring_world *w)
{
    OWN(saf_publication_page) page = { 0 };
    return saf_store_list_publications(&page, w->store, NULL, &w->err);
}

/* ---- each column of each table -------------------------------------------------------------------------------- */

struct edit {
    const char *set; /* UPDATE … */
    reading_fn read;
    const char *sentence;
};

#define WEB "certificate A/web was altered"
#define CERT(set) { "UPDATE certificate SET " set " WHERE label = 'web'", find_web, WEB }
#define ONE "connection 1 of ring A/Ring was altered"
#define CONNECTION(set) { "UPDATE connection SET " set " WHERE id = 1", open_ring, ONE }
#define ISSUED(set) { "UPDATE issued SET " set " WHERE serial = '3'", list_issued, "issued certificate 2 (serial " }
#define POLICY(set) { "UPDATE policy SET " set, find_policy, "policy JWT." }
#define INTENT(set) { "UPDATE intent SET " set, list_intents, " was altered" }
#define RING(set) { "UPDATE ring SET " set " WHERE name = 'Ring'", list_rings, "ring " }
#define PUBLICATION(set) { "UPDATE publication SET " set, list_publications, "the publication in " }

static const struct edit EDITS[] = {
    CERT("id = 99"), CERT("owner = 'A', label = 'web', trust = 0x40000000"), CERT("der = (SELECT der FROM certificate WHERE label = 'ca')"),
    CERT("issuer_digest = zeroblob(32)"), CERT("serial = '77'"), CERT("subject_hash = 1"), CERT("fingerprint = zeroblob(32)"),
    CERT("key_id = zeroblob(32), key = NULL"), CERT("key = NULL"), CERT("last_serial = '5'"), CERT("not_after = 9999999999"), CERT("requested_at = 1"),
    CERT("revoked_at = 1, revocation_reason = 1"), CERT("mac = zeroblob(16)"), CERT("mac = x''"), CERT("mac = substr(mac, 1, 15)"),
    { "UPDATE certificate SET label = 'other' WHERE label = 'web'", list_certs, "certificate A/other was altered" },
    { "UPDATE certificate SET owner = 'B' WHERE label = 'web'", list_certs, "certificate B/web was altered" },
    { "UPDATE certificate SET revoked_at = NULL, revocation_reason = NULL WHERE label = 'old'", open_ring, "certificate A/old was altered" },

    { "UPDATE connection SET ring = 2, is_default = 0 WHERE id = 1", open_other, "connection 1 of ring A/Other was altered" },
    { "UPDATE connection SET certificate = 2 WHERE ring = 2", open_other, "connection 5 of ring A/Other was altered" },
    CONNECTION("usage = 0"), CONNECTION("is_default = 0"), CONNECTION("changed = 5"),
    { "UPDATE connection SET id = 99 WHERE id = 1", open_ring, "connection 99 of ring A/Ring was altered" },

    ISSUED("id = 2, ca_key_id = ca_key_id, at = 5"), ISSUED("der = x'3000'"), ISSUED("not_after = 1"), ISSUED("owner = NULL, label = NULL"),
    ISSUED("owner = 'B'"), ISSUED("label = 'x'"), ISSUED("revoked_at = NULL, revocation_reason = NULL"), ISSUED("revoked_at = 5"), ISSUED("revocation_reason = 6"),
    ISSUED("serial = '7'"), ISSUED("fingerprint = zeroblob(32)"),
    { "UPDATE issued SET revoked_at = NULL, revocation_reason = NULL WHERE serial = '3'", find_revocation, "issued certificate 2 (serial 3) was altered" },
    { "UPDATE issued SET revoked_at = NULL, revocation_reason = NULL WHERE serial = '3'", list_issued, "issued certificate 2 (serial 3) was altered" },
    { "UPDATE issued SET ca_key_id = zeroblob(32) WHERE serial = '3'", find_revocation, "issued certificate 2 (serial 3) was altered" },
    { "UPDATE issued SET issuer_digest = zeroblob(32) WHERE serial = '3'", find_revocation, "issued certificate 2 (serial 3) was altered" },
    { "UPDATE issued SET revoked_at = NULL, revocation_reason = NULL WHERE serial = '3'", make_crl, "issued certificate 2 (serial 3) was altered" },
    { "UPDATE crl SET number = 1, at = 5", make_crl, "the number of the last CRL" },
    { "UPDATE crl SET number = 77", make_crl, "the number of the last CRL" },

    { "UPDATE key SET uri = 'pkcs11:id=%02' WHERE uri IS NOT NULL", find_token, "the private key of A/token was altered" },
    { "UPDATE key SET version = 2 WHERE uri IS NOT NULL", open_ring, "the private key of A/token was altered" },
    { "UPDATE key SET record_id = randomblob(16) WHERE id = (SELECT key FROM certificate WHERE label = 'web')", load_key, "the private key of A/web was altered" },
    { "UPDATE key SET sealed = zeroblob(99) WHERE id = (SELECT key FROM certificate WHERE label = 'web')", load_key, "the private key of A/web was altered" },
    { "UPDATE key SET sealed = NULL, uri = 'pkcs11:id=%02' WHERE id = (SELECT key FROM certificate WHERE label = 'web')", find_web,
      "the private key of A/web was altered" },

    POLICY("alg = 'none'"), POLICY("key = 'pkcs11:object=x'"), POLICY("kid = 'x'"), POLICY("key_use = 1"), POLICY("timeout_min = 1440"),
    POLICY("any_appl = 1"), POLICY("prot_allowed = 1"), POLICY("generation = 1"),
    INTENT("kind = 0"), INTENT("uri = 'pkcs11:id=%01'"), INTENT("at = 1"), INTENT("id = 7"),
    RING("name = 'Rung'"), RING("owner = 'B'"), RING("generation = 1"), RING("shrunk = 1"), RING("id = 77"),
    { "UPDATE owner SET generation = 1 WHERE name = 'A'", open_virtual, "the generation of owner A was altered" },
    PUBLICATION("dir = '/tmp/stolen'"), PUBLICATION("id = randomblob(16)"), PUBLICATION("owner = 'B'"), PUBLICATION("name = 'Other'"),
    PUBLICATION("user = 65534"), PUBLICATION("with_keys = 1"), PUBLICATION("generation = 1"), PUBLICATION("generation = NULL"), PUBLICATION("is_ended = 1"),
};

/* The database as it was, for the next edit. */
static void keep_database(const char *from, const char *to)
{
    char command[200];
    snprintf(command, sizeof command, "cp -p %s %s", from, to);
    assert_int_equal(system(command), 0);
}

TEST(no_column_of_any_row_can_be_edited)
{
    keyring_world *w = *state;
    enter_things(w);
    saf_store_close(&w->store);
    keep_database("store/store.db", "sound.db");
    for (size_t i = 0; i < sizeof EDITS / sizeof *EDITS; i++) {
        const struct edit *edit = &EDITS[i];
        keep_database("sound.db", "store/store.db");
        w->store = keyring_open_again(w);
        if (edit->read(w) != SAF_OK)
            fail_msg("before any edit: %s", w->err.text);
        run_sql(edit->set);
        saf_status status = edit->read(w);
        if (status != SAF_E_FAILED || !strstr(w->err.text, edit->sentence) || !strstr(w->err.text, "was altered"))
            fail_msg("%s: expected \"%s\", got %s \"%s\"", edit->set, edit->sentence, saf_status_name(status), w->err.text);
        assert_check_says(w, edit->sentence);
        saf_store_close(&w->store);
    }
    w->store = keyring_open_again(w);
}

TEST(a_store_with_one_of_everything_is_sound)
{
    keyring_world *w = *state;
    enter_things(w);
    assert_sound(w);
    saf_store_close(&w->store);
    w->store = keyring_open_again(w);
    assert_sound(w);
}

/* ---- rows that were moved, removed, put back ------------------------------------------------------------------ */

TEST(two_rows_that_exchanged_what_they_say_are_refused)
{
    keyring_world *w = *state;
    enter_things(w);
    run_sql("CREATE TABLE x AS SELECT * FROM certificate; UPDATE certificate SET label = id;"
            "UPDATE certificate SET (label, mac) = (SELECT label, mac FROM x WHERE x.id = CASE certificate.id WHEN 2 THEN 3 WHEN 3 THEN 2 ELSE certificate.id END);"
            "DROP TABLE x");
    assert_fails(find_web(w), SAF_E_FAILED, &w->err, "certificate A/web was altered");
    assert_check_says(w, "certificate A/web was altered");
    assert_check_says(w, "certificate A/old was altered");
}

TEST(a_row_of_another_ring_does_not_count_here)
{
    keyring_world *w = *state;
    enter_things(w);
    run_sql("UPDATE connection SET (id, ring, certificate, is_default) = (6, 2, 2, 0) WHERE id = 1");
    assert_fails(open_other(w), SAF_E_FAILED, &w->err, "connection 6 of ring A/Other was altered");
}

/* Each row is as it was made. */
static const char *const REMOVALS[] = {
    "DELETE FROM certificate WHERE label = 'old'", "DELETE FROM connection WHERE id = 1", "DELETE FROM ring WHERE name = 'Other'",
    "DELETE FROM issued WHERE serial = '3'", "DELETE FROM crl", "DELETE FROM policy", "DELETE FROM intent", "DELETE FROM publication",
    "DELETE FROM owner WHERE name = 'A'", "DELETE FROM key WHERE uri IS NOT NULL",
};

TEST(a_row_that_was_removed_shows_in_the_sum)
{
    keyring_world *w = *state;
    enter_things(w);
    saf_store_close(&w->store);
    keep_database("store/store.db", "sound.db");
    for (size_t i = 0; i < sizeof REMOVALS / sizeof *REMOVALS; i++) {
        keep_database("sound.db", "store/store.db");
        run_sql(REMOVALS[i]);
        w->store = keyring_open_again(w);
        assert_check_says(w, REMOVED);
        saf_store_close(&w->store);
    }
    w->store = keyring_open_again(w);
}

/* Its MAC is right: only the sum is not. It stays wrong, whatever is done after. */
TEST(an_older_state_of_a_row_shows_in_the_sum)
{
    keyring_world *w = *state;
    enter_things(w);
    keep_database("store/store.db", "before.db");
    saf_change *change = keyring_begin(w);
    assert_ok(set_trust(change, "A", "web", SAF_NOTRUST, &w->err), &w->err);
    keyring_commit(w, change);
    assert_sound(w);
    run_sql("ATTACH 'before.db' AS b; UPDATE certificate SET (trust, mac) = (SELECT trust, mac FROM b.certificate AS c WHERE c.id = certificate.id) WHERE label = 'web'");
    assert_ok(find_web(w), &w->err);
    assert_check_says(w, REMOVED);
    keyring_make_ring(w, "A", "Later");
    assert_check_says(w, REMOVED);
}

TEST(an_older_state_of_all_rows_shows_in_the_sum)
{
    keyring_world *w = *state;
    enter_things(w);
    keep_database("store/store.db", "before.db");
    keyring_make_ring(w, "A", "Later");
    run_sql("ATTACH 'before.db' AS b; DELETE FROM ring WHERE name = 'Later'; UPDATE counter SET value = (SELECT value FROM b.counter WHERE name = 'change')"
            " WHERE name = 'change'");
    assert_check_says(w, REMOVED);
}

/* With the sum of then, which is bound to the end of the trail of then. */
TEST(an_older_sum_does_not_fit_the_trail)
{
    keyring_world *w = *state;
    saf_change *change = NULL;
    enter_things(w);
    keep_database("store/store.db", "before.db");
    keyring_make_ring(w, "A", "Later");
    run_sql("ATTACH 'before.db' AS b; DELETE FROM ring WHERE name = 'Later'; UPDATE setting SET value = (SELECT value FROM b.setting WHERE name = 'sum')"
            " WHERE name = 'sum'");
    assert_check_says(w, "the sum of the records in the database");
    assert_fails(saf_change_begin(&change, w->store, NULL, &w->err), SAF_E_FAILED, &w->err, "the sum of the records in the database");
    assert_ok(open_ring(w), &w->err);
}

TEST(a_trail_that_was_cut_off_stops_all_changes)
{
    keyring_world *w = *state;
    saf_change *change = NULL;
    enter_things(w);
    run_sql("DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)");
    assert_fails(saf_change_begin(&change, w->store, NULL, &w->err), SAF_E_FAILED, &w->err, "the end of its audit trail was removed");
}

TEST(a_missing_sum_stops_all_changes)
{
    keyring_world *w = *state;
    saf_change *change = NULL;
    enter_things(w);
    run_sql("DELETE FROM setting WHERE name = 'sum'");
    assert_fails(saf_change_begin(&change, w->store, NULL, &w->err), SAF_E_FAILED, &w->err, "the sum of the records");
    assert_check_says(w, "the setting sum is missing");
}

/* ---- an altered row is never vouched for anew ----------------------------------------------------------------- */

TEST(a_change_of_an_altered_row_is_refused)
{
    keyring_world *w = *state;
    enter_things(w);
    run_sql("UPDATE connection SET usage = 8 WHERE ring = 1 AND certificate = 1");
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(set_trust(change, "CERTAUTH", "ca", SAF_HIGHTRUST, &w->err), SAF_E_FAILED, &w->err, "connection 2 of ring A/Ring was altered");
    assert_ok(saf_change_commit(&change, &w->err), &w->err);
    OWN(saf_cert) *still = keyring_find(w, "CERTAUTH", "ca");
    assert_int_equal(still->trust, SAF_TRUST);
    assert_fails(open_ring(w), SAF_E_FAILED, &w->err, "connection 2 of ring A/Ring was altered");
}

TEST(the_loss_of_an_altered_row_is_refused)
{
    keyring_world *w = *state;
    enter_things(w);
    run_sql("UPDATE ring SET shrunk = 1 WHERE name = 'Other'");
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_ring_delete(change, "A", "Other", &w->err), SAF_E_FAILED, &w->err, "ring A/Other was altered");
}

TEST(other_rings_and_certificates_stay_usable)
{
    keyring_world *w = *state;
    enter_things(w);
    run_sql("UPDATE connection SET usage = 0 WHERE id = 1");
    assert_fails(open_ring(w), SAF_E_FAILED, &w->err, "connection 1 of ring A/Ring was altered");
    assert_ok(open_other(w), &w->err);
    assert_ok(find_web(w), &w->err);
    keyring_make_ring(w, "A", "Later");
}

/* ---- the attack ----------------------------------------------------------------------------------------------- */

static const char STOLEN_SQL[] = "INSERT INTO publication (dir, id, owner, name, user, with_keys, generation, is_ended) VALUES"
                                 " ('%s', randomblob(16), '%s', '%s', 65534, 1, NULL, 0)";

/* In the scratch directory; the first in the order of directories. */
static void slip_in(const char *owner, const char *ring)
{
    char *here = getcwd(NULL, 0), *dir = NULL, *sql = NULL;
    assert_non_null(here);
    assert_true(asprintf(&dir, "%s/aaaa-stolen", here) > 0);
    assert_true(asprintf(&sql, STOLEN_SQL, dir, owner, ring) > 0);
    run_sql(sql);
    free(sql);
    free(dir);
    free(here);
}

static void assert_nothing_is_stolen(keyring_world *w, const char *before, const char *owner, const char *ring)
{
    saf_error why = { .text = "" };
    enter_things(w);
    if (*before)
        run_sql(before);
    slip_in(owner, ring);
    keyring_make_ring(w, "B", "Unrelated");
    assert_int_equal(saf_store_unpublished(w->store, &why), 1);
    assert_non_null(strstr(why.text, "was altered"));
    assert_int_equal(access("aaaa-stolen", F_OK), -1);
    assert_check_says(w, "aaaa-stolen was altered");
    assert_check_says(w, REMOVED);
}

TEST(a_publication_that_was_slipped_in_is_not_written)
{
    assert_nothing_is_stolen(*state, "", "A", "Ring");
}

TEST(a_publication_of_a_ring_with_other_usages_is_not_written)
{
    assert_nothing_is_stolen(*state, "UPDATE connection SET usage = 8", "A", "Ring");
}

TEST(a_publication_of_a_virtual_ring_is_not_written)
{
    assert_nothing_is_stolen(*state, "", "A", "*");
}

TEST(a_publication_of_all_authorities_is_not_written)
{
    assert_nothing_is_stolen(*state, "", "*AUTH*", "*");
}

/* A genuine publication, of a ring in which the CA's key is now to be published. */
TEST(a_published_ring_with_other_usages_is_not_written_again)
{
    keyring_world *w = *state;
    saf_error why = { .text = "" };
    enter_things(w);
    run_sql("UPDATE connection SET usage = 8 WHERE certificate = 1; UPDATE publication SET generation = NULL, with_keys = 1");
    keyring_make_ring(w, "B", "Unrelated");
    assert_int_equal(saf_store_unpublished(w->store, &why), 1);
    assert_non_null(strstr(why.text, "was altered"));
}

/* One row that was slipped in does not keep the other publications from being written. */
TEST(other_publications_are_written_beside_an_altered_one)
{
    keyring_world *w = *state;
    enter_things(w);
    slip_in("A", "Ring");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_publish(change, "A", "Other", "second", geteuid(), false, &w->err), &w->err);
    keyring_commit(w, change);
    assert_int_equal(saf_store_unpublished(w->store, NULL), 1);
    assert_int_equal(access("second/ring.saf", F_OK), 0);
}

/* Which row an index leads to is nothing that the row itself says. */
TEST(an_index_that_leads_elsewhere_is_noticed)
{
    keyring_world *w = *state;
    enter_things(w);
    run_sql("PRAGMA writable_schema = ON; CREATE INDEX y ON ring (iif(name = 'Ring', owner, owner), iif(name = 'Ring', 'Other', iif(name = 'Other', 'Ring', name)));"
            "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'y') WHERE name = 'sqlite_autoindex_ring_1';"
            "DELETE FROM sqlite_schema WHERE name = 'y'");
    saf_store_close(&w->store);
    w->store = keyring_open_again(w);
    assert_fails(open_other(w), SAF_E_FAILED, &w->err, "ring A/Other was altered");
}

TEST(an_index_that_leads_to_other_connections_is_noticed)
{
    keyring_world *w = *state;
    enter_things(w);
    run_sql("PRAGMA writable_schema = ON; CREATE INDEX y ON connection (3 - ring);"
            "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'y') WHERE name = 'connection_ring';"
            "DELETE FROM sqlite_schema WHERE name = 'y'");
    saf_store_close(&w->store);
    w->store = keyring_open_again(w);
    assert_int_equal(open_other(w), SAF_E_FAILED);
}

/* ---- the sum goes on ------------------------------------------------------------------------------------------ */

TEST(steps_that_are_undone_leave_the_sum_as_it_was)
{
    keyring_world *w = *state;
    saf_change_step *outer = NULL, *inner = NULL;
    enter_things(w);
    OWN(saf_change) *change = keyring_begin(w);
    assert_ok(saf_ring_create(change, "A", "first", &w->err), &w->err);
    assert_ok(saf_change_step_begin(&outer, change, &w->err), &w->err);
    assert_ok(saf_ring_delete(change, "A", "Ring", &w->err), &w->err);
    assert_ok(saf_change_step_begin(&inner, change, &w->err), &w->err);
    assert_ok(saf_ring_create(change, "A", "inner", &w->err), &w->err);
    assert_ok(saf_change_step_keep(&inner, &w->err), &w->err);
    saf_change_step_undo(&outer);
    assert_int_equal(saf_ring_create(change, "A", "first", &w->err), SAF_E_EXISTS);
    assert_ok(saf_change_step_begin(&outer, change, &w->err), &w->err);
    assert_ok(saf_ring_create(change, "A", "second", &w->err), &w->err);
    assert_ok(saf_change_step_keep(&outer, &w->err), &w->err);
    assert_ok(saf_change_commit(&change, &w->err), &w->err);
    assert_sound(w);
    assert_ok(open_ring(w), &w->err);
}

TEST(a_change_that_is_abandoned_leaves_the_sum_as_it_was)
{
    keyring_world *w = *state;
    enter_things(w);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_delete(change, "A", "Ring", &w->err), &w->err);
    saf_change_abandon(&change);
    assert_sound(w);
    keyring_make_ring(w, "A", "Later");
    assert_sound(w);
}

TEST(all_that_a_store_does_keeps_it_sound)
{
    keyring_world *w = *state;
    enter_things(w);
    const saf_cert_alteration alteration = { .trust = SAF_NOTRUST, .new_label = "renamed" };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_alter_cert(change, "A", "web", &alteration, &w->err), &w->err);
    assert_ok(saf_ring_delete(change, "A", "Other", &w->err), &w->err);
    keyring_commit(w, change);
    assert_sound(w);
    change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "renamed", SAF_FORCE, &w->err), &w->err);
    assert_ok(saf_store_delete_cert(change, "A", "token", SAF_FORCE, &w->err), &w->err);
    keyring_commit(w, change);
    assert_sound(w);
    OWN(saf_cert) *old = keyring_find(w, "A", "old");
    assert_true(old->revoked_at > 0);
}

TEST(a_certificate_that_comes_back_is_revoked_still)
{
    keyring_world *w = *state;
    enter_things(w);
    OWN(saf_cert) *old = keyring_find(w, "A", "old");
    const saf_cert_entry entry = { .owner = "B", .label = "back", .trust = SAF_TRUST, .der = old->der };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "old", SAF_FORCE, &w->err), &w->err);
    assert_ok(saf_store_add_cert(change, &entry, &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_cert) *back = keyring_find(w, "B", "back");
    assert_true(back->revoked_at > 0);
    assert_int_equal(back->reason, SAF_REASON_SUPERSEDED);
    assert_sound(w);
}

TEST(many_processes_keep_one_sum)
{
    enum { PROCESSES = 4, RINGS = 8 };
    keyring_world *w = *state;
    enter_things(w);
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child != 0)
            continue;
        saf_store *store = NULL;
        int failed = saf_store_open(&store, "store", NULL, NULL) != SAF_OK;
        for (int k = 0; k < RINGS && !failed; k++) {
            char name[24];
            saf_change *change = NULL;
            snprintf(name, sizeof name, "p%d-%d", i, k);
            failed = saf_change_begin(&change, store, NULL, NULL) != SAF_OK || saf_ring_create(change, "A", name, NULL) != SAF_OK ||
                     saf_change_commit(&change, NULL) != SAF_OK;
        }
        saf_store_close(&store);
        _exit(failed);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_sound(w);
}

/* A journal is left, which the next who opens the store plays back. */
TEST(a_process_that_is_killed_leaves_the_sum_as_it_was)
{
    keyring_world *w = *state;
    int status;
    enter_things(w);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        saf_store *store = NULL;
        saf_change *change = NULL;
        if (saf_store_open(&store, "store", NULL, NULL) == SAF_OK && saf_change_begin(&change, store, NULL, NULL) == SAF_OK &&
            saf_ring_delete(change, "A", "Ring", NULL) == SAF_OK)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_sound(w);
    keyring_make_ring(w, "A", "Later");
    assert_sound(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(no_column_of_any_row_can_be_edited),
        IN_KEYRING(a_store_with_one_of_everything_is_sound),
        IN_KEYRING(two_rows_that_exchanged_what_they_say_are_refused),
        IN_KEYRING(a_row_of_another_ring_does_not_count_here),
        IN_KEYRING(a_row_that_was_removed_shows_in_the_sum),
        IN_KEYRING(an_older_state_of_a_row_shows_in_the_sum),
        IN_KEYRING(an_older_state_of_all_rows_shows_in_the_sum),
        IN_KEYRING(an_older_sum_does_not_fit_the_trail),
        IN_KEYRING(a_trail_that_was_cut_off_stops_all_changes),
        IN_KEYRING(a_missing_sum_stops_all_changes),
        IN_KEYRING(a_change_of_an_altered_row_is_refused),
        IN_KEYRING(the_loss_of_an_altered_row_is_refused),
        IN_KEYRING(other_rings_and_certificates_stay_usable),
        IN_KEYRING(a_publication_that_was_slipped_in_is_not_written),
        IN_KEYRING(a_publication_of_a_ring_with_other_usages_is_not_written),
        IN_KEYRING(a_publication_of_a_virtual_ring_is_not_written),
        IN_KEYRING(a_publication_of_all_authorities_is_not_written),
        IN_KEYRING(a_published_ring_with_other_usages_is_not_written_again),
        IN_KEYRING(other_publications_are_written_beside_an_altered_one),
        IN_KEYRING(an_index_that_leads_elsewhere_is_noticed),
        IN_KEYRING(an_index_that_leads_to_other_connections_is_noticed),
        IN_KEYRING(steps_that_are_undone_leave_the_sum_as_it_was),
        IN_KEYRING(a_change_that_is_abandoned_leaves_the_sum_as_it_was),
        IN_KEYRING(all_that_a_store_does_keeps_it_sound),
        IN_KEYRING(a_certificate_that_comes_back_is_revoked_still),
        IN_KEYRING(many_processes_keep_one_sum),
        IN_KEYRING(a_process_that_is_killed_leaves_the_sum_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
