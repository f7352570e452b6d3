#include <support/keyring-world.h>
#include <support/scratch.h>

#include <sqlite3.h>

/* A sound store with one of everything; each test breaks one thing in the database and expects the sentence that names it. */

OWN_VALUE(saf_store_problems, saf_store_problems_free)

static const char *const POLICY_KEY = "pkcs11:token=T;object=k;type=secret-key";

static void add_policy(keyring_world *w)
{
    saf_policy policy = { .appl = "ZOWEAPPL", .user = "*", .alg = "HS512", .timeout_min = 15 };
    snprintf(policy.key, sizeof policy.key, "%s", POLICY_KEY);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_add_policy(change, &policy, &w->err), &w->err);
    assert_ok(saf_store_add_intent(NULL, change, SAF_INTENT_MAKE_KEY, "pkcs11:id=%09", &w->err), &w->err);
    keyring_commit(w, change);
}

static void enter_things(keyring_world *w)
{
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) web = test_cert_issued("web", 2, &ca, NULL);
    OWN(test_cert) token = test_cert_self_signed("token", 3);
    keyring_add(w, "CERTAUTH", "ca", &ca, ca.key);
    keyring_add(w, "A", "web", &web, web.key);
    keyring_add_in_token(w, "A", "token", &token, "pkcs11:id=%01");
    OWN(saf_cert) *issuer = keyring_find(w, "CERTAUTH", "ca");
    keyring_record(w, issuer, &web, "A", "web");
    keyring_make_ring(w, "A", "Ring");
    keyring_connect(w, "A", "Ring", "A", "web", SAF_DEFAULT);
    keyring_connect(w, "A", "Ring", "CERTAUTH", "ca", SAF_NOT_DEFAULT);
    add_policy(w);
}

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    char *text = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON; PRAGMA foreign_keys = OFF", NULL, NULL, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s", text);
    sqlite3_close(db);
}

static void check(saf_store_problems *out, keyring_world *w)
{
    assert_ok(saf_store_check(out, w->store, NULL, NULL, NULL, &w->err), &w->err);
}

static void assert_says(const saf_store_problems *problems, const char *sentence)
{
    for (size_t i = 0; i < problems->count; i++)
        if (strstr(problems->texts[i], sentence))
            return;
    fail_msg("%zu problems, the first \"%s\", none says \"%s\"", problems->count, problems->count ? problems->texts[0] : "", sentence);
}

/* The database is changed under the open store, as by another program. */
static void assert_finds(keyring_world *w, const char *sql, const char *sentence)
{
    OWN(saf_store_problems) problems = { 0 };
    enter_things(w);
    run_sql(sql);
    check(&problems, w);
    assert_says(&problems, sentence);
}

/* ---- sound ---------------------------------------------------------------------------------------------------- */

TEST(an_empty_store_is_sound)
{
    OWN(saf_store_problems) problems = { 0 };
    check(&problems, *state);
    assert_int_equal(problems.count, 0);
}

TEST(a_store_with_one_of_everything_is_sound)
{
    keyring_world *w = *state;
    OWN(saf_store_problems) problems = { 0 };
    enter_things(w);
    check(&problems, w);
    if (problems.count)
        fail_msg("%s", problems.texts[0]);
}

TEST(a_store_of_more_than_a_page_is_sound)
{
    enum { MANY = 205 };
    keyring_world *w = *state;
    OWN(saf_store_problems) problems = { 0 };
    saf_change *change = keyring_begin(w);
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        OWN(test_cert) made = test_cert_self_signed(name, i + 1);
        assert_ok(keyring_try_add(change, "A", name, &made, made.key, &w->err), &w->err);
        assert_ok(saf_ring_create(change, "A", name, &w->err), &w->err);
    }
    keyring_commit(w, change);
    run_sql("UPDATE certificate SET not_after = 1 WHERE label = 'n204'; UPDATE ring SET name = 'a&b' WHERE name = 'n99'");
    check(&problems, w);
    assert_int_equal(problems.count, 4);
    assert_says(&problems, "certificate A/n204 was altered");
    assert_says(&problems, "ring A/a&b was altered");
    assert_says(&problems, "A/n204: its not_after");
    assert_says(&problems, "ring A/a&b");
}

TEST(no_more_than_a_thousand_problems_are_collected)
{
    keyring_world *w = *state;
    OWN(saf_store_problems) problems = { 0 };
    run_sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
            " INSERT INTO ring (owner, name, generation, shrunk) SELECT 'A', 'a&' || i, 0, 0 FROM n");
    check(&problems, w);
    assert_int_equal(problems.count, 1000);
}

TEST(a_check_asks_the_authority)
{
    keyring_world *w = *state;
    OWN(saf_store_problems) problems = { 0 };
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_store_check(&problems, w->store, NULL, NULL, NULL, &w->err), SAF_E_DENIED, &w->err, "store-read");
}

static void note_progress(void *context, uint64_t done, uint64_t total)
{
    uint64_t *seen = context;
    seen[0] = done;
    seen[1] = total;
}

TEST(a_check_tells_how_far_it_is)
{
    keyring_world *w = *state;
    OWN(saf_store_problems) problems = { 0 };
    uint64_t seen[2] = { 0 };
    enter_things(w);
    assert_ok(saf_store_check(&problems, w->store, NULL, note_progress, seen, &w->err), &w->err);
    assert_int_equal(seen[0], 5);
    assert_int_equal(seen[1], 5);
}

/* ---- one thing is broken -------------------------------------------------------------------------------------- */

#define BREAKS(name, sql, sentence) \
    TEST(name) \
    { \
        assert_finds(*state, sql, sentence); \
    }

/* the database's structure */
BREAKS(a_reference_to_nothing, "DELETE FROM certificate WHERE label = 'ca'", "table connection refers to a row of certificate that is not there")
BREAKS(a_missing_index, "DROP INDEX certificate_key_id", "lacks something: index certificate_key_id")
BREAKS(a_foreign_table, "CREATE TABLE mine (x)", "has something that this release does not make: column mine.x")
BREAKS(a_foreign_column, "ALTER TABLE certificate ADD COLUMN mine TEXT", "does not make: column certificate.mine (TEXT)")
BREAKS(a_trigger, "CREATE TRIGGER spy AFTER INSERT ON key BEGIN DELETE FROM audit; END", "does not make: trigger spy")
BREAKS(a_lost_constraint, "UPDATE sqlite_master SET sql = replace(sql, 'CHECK (usage IN (0, 2, 8))', '') WHERE name = 'connection'",
       "lacks something: table connection")

/* certificates */
BREAKS(bytes_that_are_no_certificate, "UPDATE certificate SET der = x'3000' WHERE label = 'web'", "certificate A/web: its bytes are not a certificate")
BREAKS(exchanged_bytes, "UPDATE certificate SET der = (SELECT der FROM certificate WHERE label = 'ca') WHERE label = 'web'",
       "certificate A/web: its fingerprint is another certificate's")
BREAKS(a_wrong_fingerprint, "UPDATE certificate SET fingerprint = zeroblob(32) WHERE label = 'web'", "certificate A/web: its fingerprint")
BREAKS(a_wrong_key_id, "UPDATE certificate SET key_id = zeroblob(32) WHERE label = 'web'", "certificate A/web: its key_id is not the hash")
BREAKS(a_wrong_issuer_digest, "UPDATE certificate SET issuer_digest = zeroblob(32) WHERE label = 'web'", "certificate A/web: its issuer_digest")
BREAKS(a_wrong_serial, "UPDATE certificate SET serial = '77' WHERE label = 'web'", "certificate A/web: its serial is not the one in it")
BREAKS(a_wrong_subject_hash, "UPDATE certificate SET subject_hash = 1 WHERE label = 'web'", "certificate A/web: its subject_hash")
BREAKS(a_wrong_end_of_validity, "UPDATE certificate SET not_after = 1 WHERE label = 'web'", "certificate A/web: its not_after")
BREAKS(a_last_serial_that_is_none, "UPDATE certificate SET last_serial = '0a' WHERE label = 'ca'", "certificate CERTAUTH/ca: its last_serial")
BREAKS(an_owner_in_lower_case, "UPDATE certificate SET owner = 'a' WHERE label = 'web'", "certificate a/web: its owner is not one")
BREAKS(an_empty_label, "UPDATE certificate SET label = '' WHERE label = 'web'", "certificate A/: its label is not one")
BREAKS(an_unknown_status, "UPDATE certificate SET trust = 5 WHERE label = 'web'", "certificate A/web has an unknown status")

/* keys */
BREAKS(swapped_key_records,
       "UPDATE key SET sealed = (SELECT sealed FROM key AS k JOIN certificate AS c ON c.key = k.id WHERE c.label = 'ca')"
       " WHERE id = (SELECT key FROM certificate WHERE label = 'web')",
       "private key of A/web: it does not open")
BREAKS(a_key_moved_to_another_certificate,
       "DELETE FROM key WHERE id = (SELECT key FROM certificate WHERE label = 'web');"
       "UPDATE key SET id = (SELECT key_id FROM certificate WHERE label = 'web') WHERE id = (SELECT key FROM certificate WHERE label = 'ca')",
       "private key of A/web: it does not open")
BREAKS(an_altered_key, "UPDATE key SET sealed = zeroblob(length(sealed)) WHERE sealed IS NOT NULL", "private key of A/web: it does not open")
BREAKS(an_older_version_of_a_key, "UPDATE key SET version = 2 WHERE sealed IS NOT NULL", "private key of A/web: it does not open")
BREAKS(a_key_without_certificate, "UPDATE certificate SET key = NULL WHERE label = 'web'", ": no certificate has it")
BREAKS(a_key_of_another_public_key, "UPDATE certificate SET key = (SELECT key FROM certificate WHERE label = 'ca') WHERE label = 'web'",
       "certificate A/web has the private key of another public key")
BREAKS(a_key_that_is_sealed_and_in_a_token, "UPDATE key SET uri = 'pkcs11:id=%02' WHERE sealed IS NOT NULL", "it is neither sealed nor in a token, or both")
BREAKS(a_uri_that_is_none, "UPDATE key SET uri = 'file:key' WHERE uri IS NOT NULL", "private key of A/token: \"file:key\" is not the PKCS#11 URI")
BREAKS(a_uri_with_a_pin, "UPDATE key SET uri = 'pkcs11:id=%01?pin-value=1' WHERE uri IS NOT NULL", "private key of A/token: the private key's URI has a PIN")

/* what was issued */
BREAKS(an_issued_row_of_no_certificate, "UPDATE issued SET der = x'00'", "issued certificate 1 (serial 2): its bytes are not a certificate")
BREAKS(an_issued_row_with_a_wrong_fingerprint, "UPDATE issued SET fingerprint = zeroblob(32)", "issued certificate 1 (serial 2): its fingerprint")
BREAKS(an_issued_row_with_a_wrong_serial, "UPDATE issued SET serial = '7'", "issued certificate 1 (serial 7): its serial")
BREAKS(an_issued_row_of_another_issuer, "UPDATE issued SET issuer_digest = zeroblob(32)", "its issuer_digest")
BREAKS(an_issued_row_with_a_wrong_end, "UPDATE issued SET not_after = 5", "issued certificate 1 (serial 2): its not_after")
BREAKS(an_issued_row_for_nobody, "UPDATE issued SET owner = 'x'", "issued certificate 1 (serial 2): its owner is not one")
BREAKS(a_revocation_without_reason, "UPDATE issued SET revoked_at = 5", "issued certificate 2 is revoked for an unknown reason")

/* rings and counters */
BREAKS(a_ring_with_a_bad_name, "UPDATE ring SET name = 'a&b'", "ring A/a&b: the ring name")
BREAKS(a_ring_of_certauth, "UPDATE ring SET owner = 'CERTAUTH'", "ring CERTAUTH/Ring: its owner owns no rings")
BREAKS(two_defaults, "DROP INDEX connection_default; UPDATE connection SET is_default = 1", "ring A/Ring has 2 default certificates")
BREAKS(an_unknown_usage, "UPDATE connection SET usage = 3", "ring A/Ring has a connection of an unknown usage")
BREAKS(a_generation_above_the_counter, "UPDATE ring SET generation = 9000000000000000", "ring A/Ring: its generation 9000000000000000 is above the counter")
BREAKS(a_connection_above_its_ring, "UPDATE connection SET changed = 9000000000000000", "ring A/Ring: a connection has changed at 9000000000000000")
BREAKS(a_loss_above_its_ring, "UPDATE ring SET shrunk = 9000000000000000", "ring A/Ring: it has lost a connection at 9000000000000000")
BREAKS(a_rolled_back_counter, "UPDATE counter SET value = 1 WHERE name = 'change'", "is above the counter of changes")
BREAKS(an_owner_without_generation, "DELETE FROM owner WHERE name = 'A'", "certificates of A have no generation")
BREAKS(an_owner_above_the_counter, "UPDATE owner SET generation = 9000000000000000 WHERE name = 'A'", "owner A: the generation 9000000000000000")
#define PUBLISHED(dir, name, generation) "INSERT INTO publication (dir, id, owner, name, user, with_keys, generation, is_ended) VALUES ('" dir "', zeroblob(16), 'A', '" name "', 0, 0, " generation ", 0)"
BREAKS(a_publication_of_no_ring, PUBLISHED("/pub", "None", "NULL"), "publication /pub is of the ring A/None, which is not there")
BREAKS(a_publication_without_a_place, PUBLISHED("pub", "Ring", "NULL"), "publication pub: its directory is not absolute")
BREAKS(a_publication_above_the_counter, PUBLISHED("/pub", "*", "9000000000000000"), "publication /pub: its generation 9000000000000000 is above the counter")
BREAKS(numbers_that_would_be_used_twice, "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'certificate'", "numbers of table certificate would be used twice")

/* policies, intents, settings */
BREAKS(a_policy_with_a_bad_key, "UPDATE policy SET key = 'file:key'", "policy JWT.ZOWEAPPL.*.SAF: policy JWT.ZOWEAPPL.*.SAF: \"file:key\"")
BREAKS(a_policy_in_lower_case, "UPDATE policy SET appl = 'zoweappl'", "policy JWT.zoweappl.*.SAF: its names are not in upper case")
BREAKS(a_policy_with_an_impossible_timeout, "UPDATE policy SET timeout_min = 0", "a policy has an impossible timeout")
BREAKS(a_policy_above_the_counter, "UPDATE policy SET generation = 9000000000000000", "policy JWT.ZOWEAPPL.*.SAF: its generation 9000000000000000")
BREAKS(an_intent_for_a_key_in_use, "UPDATE intent SET uri = 'pkcs11:id=%01'", "intent 1 concerns a key that certificate A/token has")
BREAKS(an_intent_for_no_key, "UPDATE intent SET uri = 'x'", "intent 1: \"x\" is not the PKCS#11 URI")
BREAKS(an_intent_of_unknown_kind, "UPDATE intent SET kind = 7", "intent 1 is of an unknown kind")
BREAKS(a_missing_setting, "DELETE FROM setting WHERE name = 'created'", "the setting created is missing")
BREAKS(an_unknown_setting, "INSERT INTO setting VALUES ('mine', x'00')", "the setting mine is none of this release")
BREAKS(a_setting_of_another_kind, "INSERT INTO setting VALUES ('scrypt', zeroblob(44))", "the setting scrypt does not belong")
BREAKS(a_damaged_setting, "UPDATE setting SET value = CAST('soon' AS BLOB) WHERE name = 'created'", "the setting created is damaged")
BREAKS(an_unknown_counter, "INSERT INTO counter VALUES ('mine', 1)", "the counter mine is none of this release")

/* audit */
BREAKS(an_edited_audit_row, "UPDATE audit SET who = 'nobody' WHERE number = 3", "the audit trail is broken at record 3")
BREAKS(a_removed_audit_row, "DELETE FROM audit WHERE number = 2", "the audit trail is broken at record 2")

/* ---- pages and files ------------------------------------------------------------------------------------------ */

TEST(a_damaged_page_is_found)
{
    keyring_world *w = *state;
    OWN(saf_store_problems) problems = { 0 };
    char page[4096];
    memset(page, 0x5A, sizeof page);
    enter_things(w);
    saf_store_close(&w->store);
    FILE *file = fopen("store/store.db", "r+e");
    assert_non_null(file);
    assert_int_equal(fseek(file, -(long)sizeof page, SEEK_END), 0);
    assert_int_equal(fwrite(page, 1, sizeof page, file), sizeof page);
    assert_int_equal(fclose(file), 0);
    w->store = keyring_open_again(w);
    check(&problems, w);
    assert_true(problems.count > 0);
}

static void assert_finds_file(keyring_world *w, const char *sentence)
{
    OWN(saf_store_problems) problems = { 0 };
    check(&problems, w);
    assert_says(&problems, sentence);
    assert_int_equal(problems.count, 1);
}

TEST(a_database_that_others_may_read)
{
    assert_int_equal(chmod("store/store.db", 0644), 0);
    assert_finds_file(*state, "store/store.db is open to others (mode 0644)");
}

TEST(a_directory_that_others_may_enter)
{
    assert_int_equal(chmod("store", 0711), 0);
    assert_finds_file(*state, "store is open to others (mode 0711)");
}

TEST(a_key_file_that_others_may_read)
{
    assert_int_equal(chmod("store/master.key", 0440), 0);
    assert_finds_file(*state, "store/master.key is open to others (mode 0440)");
}

TEST(a_file_of_another_user)
{
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown("store/softhsm2.conf", 65534, 65534), 0);
    assert_finds_file(*state, "store/softhsm2.conf belongs to another user (uid 65534)");
}

TEST(a_directory_of_tokens_that_is_none)
{
    assert_int_equal(rmdir("store/tokens"), 0);
    assert_int_equal(scratch_write("store/tokens", "", 0600), 0);
    assert_finds_file(*state, "store/tokens is not a directory");
}

TEST(a_file_that_was_not_finished)
{
    assert_int_equal(scratch_write("store/.saf-0123456789abcdef", "half", 0600), 0);
    assert_finds_file(*state, "store/.saf-0123456789abcdef was left behind");
}

TEST(a_new_key_file_that_has_not_got_its_name)
{
    assert_int_equal(scratch_write("store/master.key.next", "half", 0600), 0);
    assert_finds_file(*state, "store/master.key.next was left behind");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(an_empty_store_is_sound),
        IN_KEYRING(a_store_with_one_of_everything_is_sound),
        IN_KEYRING(a_store_of_more_than_a_page_is_sound),
        IN_KEYRING(no_more_than_a_thousand_problems_are_collected),
        IN_KEYRING(a_check_asks_the_authority),
        IN_KEYRING(a_check_tells_how_far_it_is),
        IN_KEYRING(a_reference_to_nothing),
        IN_KEYRING(a_missing_index),
        IN_KEYRING(a_foreign_table),
        IN_KEYRING(a_foreign_column),
        IN_KEYRING(a_trigger),
        IN_KEYRING(a_lost_constraint),
        IN_KEYRING(bytes_that_are_no_certificate),
        IN_KEYRING(exchanged_bytes),
        IN_KEYRING(a_wrong_fingerprint),
        IN_KEYRING(a_wrong_key_id),
        IN_KEYRING(a_wrong_issuer_digest),
        IN_KEYRING(a_wrong_serial),
        IN_KEYRING(a_wrong_subject_hash),
        IN_KEYRING(a_wrong_end_of_validity),
        IN_KEYRING(a_last_serial_that_is_none),
        IN_KEYRING(an_owner_in_lower_case),
        IN_KEYRING(an_empty_label),
        IN_KEYRING(an_unknown_status),
        IN_KEYRING(swapped_key_records),
        IN_KEYRING(a_key_moved_to_another_certificate),
        IN_KEYRING(an_altered_key),
        IN_KEYRING(an_older_version_of_a_key),
        IN_KEYRING(a_key_without_certificate),
        IN_KEYRING(a_key_of_another_public_key),
        IN_KEYRING(a_key_that_is_sealed_and_in_a_token),
        IN_KEYRING(a_uri_that_is_none),
        IN_KEYRING(a_uri_with_a_pin),
        IN_KEYRING(an_issued_row_of_no_certificate),
        IN_KEYRING(an_issued_row_with_a_wrong_fingerprint),
        IN_KEYRING(an_issued_row_with_a_wrong_serial),
        IN_KEYRING(an_issued_row_of_another_issuer),
        IN_KEYRING(an_issued_row_with_a_wrong_end),
        IN_KEYRING(an_issued_row_for_nobody),
        IN_KEYRING(a_revocation_without_reason),
        IN_KEYRING(a_ring_with_a_bad_name),
        IN_KEYRING(a_ring_of_certauth),
        IN_KEYRING(two_defaults),
        IN_KEYRING(an_unknown_usage),
        IN_KEYRING(a_generation_above_the_counter),
        IN_KEYRING(a_connection_above_its_ring),
        IN_KEYRING(a_loss_above_its_ring),
        IN_KEYRING(a_rolled_back_counter),
        IN_KEYRING(an_owner_without_generation),
        IN_KEYRING(an_owner_above_the_counter),
        IN_KEYRING(numbers_that_would_be_used_twice),
        IN_KEYRING(a_publication_of_no_ring),
        IN_KEYRING(a_publication_without_a_place),
        IN_KEYRING(a_publication_above_the_counter),
        IN_KEYRING(a_policy_with_a_bad_key),
        IN_KEYRING(a_policy_in_lower_case),
        IN_KEYRING(a_policy_with_an_impossible_timeout),
        IN_KEYRING(a_policy_above_the_counter),
        IN_KEYRING(an_intent_for_a_key_in_use),
        IN_KEYRING(an_intent_for_no_key),
        IN_KEYRING(an_intent_of_unknown_kind),
        IN_KEYRING(a_missing_setting),
        IN_KEYRING(an_unknown_setting),
        IN_KEYRING(a_setting_of_another_kind),
        IN_KEYRING(a_damaged_setting),
        IN_KEYRING(an_unknown_counter),
        IN_KEYRING(an_edited_audit_row),
        IN_KEYRING(a_removed_audit_row),
        IN_KEYRING(a_damaged_page_is_found),
        IN_KEYRING(a_database_that_others_may_read),
        IN_KEYRING(a_directory_that_others_may_enter),
        IN_KEYRING(a_key_file_that_others_may_read),
        IN_KEYRING(a_file_of_another_user),
        IN_KEYRING(a_directory_of_tokens_that_is_none),
        IN_KEYRING(a_file_that_was_not_finished),
        IN_KEYRING(a_new_key_file_that_has_not_got_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
