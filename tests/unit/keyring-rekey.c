#include <support/keyring-world.h>
#include <support/scratch.h>

#include <base/file.h>

#include <sqlite3.h>
#include <sys/wait.h>

OWN_VALUE(saf_store_problems, saf_store_problems_free)

static const char CREDENTIAL[] = "0123456789abcdef0123456789abcdef!";

/* ---- a token, as a floor above would have one: it adds a byte to each, and remembers what it was bound to -------- */

enum { TOKEN_SHIFT = 7 };

static saf_status token_seal(void *context, const char *uri, saf_bytes plain, saf_bytes aad, unsigned char *out, size_t out_cap, size_t *out_len,
                             saf_error *err)
{
    (void)context;
    (void)uri;
    (void)err;
    unsigned char sum = 0;
    for (size_t i = 0; i < aad.len; i++)
        sum = (unsigned char)(sum + aad.data[i]);
    if (out_cap < plain.len + 1)
        return SAF_E_SPACE;
    for (size_t i = 0; i < plain.len; i++)
        out[i] = (unsigned char)(plain.data[i] + TOKEN_SHIFT);
    out[plain.len] = sum;
    *out_len = plain.len + 1;
    return SAF_OK;
}

static saf_status token_open(void *context, const char *uri, saf_bytes sealed, saf_bytes aad, unsigned char *out, size_t out_cap, size_t *out_len,
                             saf_error *err)
{
    (void)uri;
    (void)err;
    unsigned char sum = 0;
    for (size_t i = 0; i < aad.len; i++)
        sum = (unsigned char)(sum + aad.data[i]);
    if (out_cap < sealed.len || (context && *(bool *)context) || sealed.data[sealed.len - 1] != sum)
        return SAF_E_DENIED;
    for (size_t i = 0; i + 1 < sealed.len; i++)
        out[i] = (unsigned char)(sealed.data[i] - TOKEN_SHIFT);
    *out_len = sealed.len - 1;
    return SAF_OK;
}

static const saf_token_key TOKEN = { .seal = token_seal, .open = token_open };

/* ---- the four kinds ------------------------------------------------------------------------------------------- */

static void set(saf_secret *secret, const char *text)
{
    saf_error err = { 0 };
    assert_ok(saf_secret_set(secret, saf_bytes_of_text(text), &err), &err);
}

static void fill(saf_rekey_store *request, saf_store_options *options, saf_secret *secret, saf_master_kind kind)
{
    *request = (saf_rekey_store) { .kind = kind };
    *options = (saf_store_options) { 0 };
    if (kind == SAF_MASTER_PASSPHRASE || kind == SAF_MASTER_CREDENTIAL) {
        set(secret, kind == SAF_MASTER_PASSPHRASE ? "correct horse" : CREDENTIAL);
        request->secret = options->passphrase = secret;
    }
    if (kind == SAF_MASTER_TOKEN) {
        request->token_uri = "pkcs11:object=master;type=secret-key";
        request->token = options->token = &TOKEN;
    }
}

static void open_store(keyring_world *w, const saf_store_options *options)
{
    saf_store_close(&w->store);
    assert_ok(saf_store_open(&w->store, "store", options, &w->err), &w->err);
}

static void assert_works(keyring_world *w)
{
    OWN(saf_store_problems) problems = { 0 };
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    EVP_PKEY *key = NULL;
    assert_ok(saf_store_load_key(&key, w->store, NULL, cert, &w->err), &w->err);
    EVP_PKEY_free(key);
    assert_ok(saf_store_check(&problems, w->store, NULL, NULL, NULL, &w->err), &w->err);
    if (problems.count)
        fail_msg("%s", problems.texts[0]);
}

static void rekey(keyring_world *w, saf_master_kind kind)
{
    saf_rekey_store request;
    saf_store_options options;
    OWN(saf_secret) secret = { 0 };
    fill(&request, &options, &secret, kind);
    assert_ok(saf_store_rekey(w->store, NULL, &request, &w->err), &w->err);
    assert_int_equal(keyring_describe(w).master, kind);
    assert_works(w);
    open_store(w, &options);
    assert_int_equal(keyring_describe(w).master, kind);
    assert_works(w);
    assert_int_equal(access("store/master.key", F_OK) == 0, kind == SAF_MASTER_FILE);
    assert_int_not_equal(access("store/master.key.next", F_OK), 0);
}

static void add_web(keyring_world *w)
{
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    keyring_add(w, "A", "web", &made, made.key);
}

TEST(every_kind_becomes_every_other)
{
    static const saf_master_kind kinds[] = { SAF_MASTER_FILE, SAF_MASTER_PASSPHRASE, SAF_MASTER_CREDENTIAL, SAF_MASTER_TOKEN };
    enum { COUNT = sizeof kinds / sizeof *kinds };
    keyring_world *w = *state;
    add_web(w);
    for (size_t from = 0; from < COUNT; from++)
        for (size_t to = 0; to < COUNT; to++) {
            rekey(w, kinds[from]);
            rekey(w, kinds[to]);
        }
}

TEST(a_kind_is_known_without_opening_the_store)
{
    keyring_world *w = *state;
    saf_master_kind kind = SAF_MASTER_TOKEN;
    assert_ok(saf_store_read_master_kind(&kind, "store", &w->err), &w->err);
    assert_int_equal(kind, SAF_MASTER_FILE);
    add_web(w);
    rekey(w, SAF_MASTER_CREDENTIAL);
    assert_ok(saf_store_read_master_kind(&kind, "store", &w->err), &w->err);
    assert_string_equal(saf_master_kind_name(kind), "credential");
    assert_fails(saf_store_read_master_kind(&kind, "none", &w->err), SAF_E_NOT_FOUND, &w->err, "there is no store");
}

static void assert_open_fails(const saf_store_options *options, saf_status status, const char *text)
{
    saf_error err = { 0 };
    saf_store *store = NULL;
    assert_fails(saf_store_open(&store, "store", options, &err), status, &err, text);
}

TEST(the_old_key_file_does_not_open_the_store_any_more)
{
    keyring_world *w = *state;
    OWN(saf_buffer) old = { 0 };
    add_web(w);
    assert_ok(saf_file_read(&old, "store/master.key", 100, &w->err), &w->err);
    rekey(w, SAF_MASTER_FILE);
    saf_store_close(&w->store);
    assert_ok(saf_file_write("store/master.key", saf_buffer_bytes(&old), 0400, SAF_IF_EXISTS_REPLACE, &w->err), &w->err);
    assert_open_fails(NULL, SAF_E_DENIED, "is not the one of store");
}

TEST(the_wrong_secret_is_named_by_its_kind)
{
    keyring_world *w = *state;
    OWN(saf_secret) wrong = { 0 };
    bool refuses = true;
    const saf_store_options options = { .passphrase = &wrong };
    const saf_token_key other = { .seal = token_seal, .open = token_open, .context = &refuses };
    const saf_store_options with_other = { .token = &other };
    set(&wrong, "0123456789abcdef0123456789abcdef?");
    add_web(w);
    rekey(w, SAF_MASTER_CREDENTIAL);
    assert_open_fails(&options, SAF_E_DENIED, "wrong credential for store");
    assert_open_fails(NULL, SAF_E_DENIED, "is locked with a credential");
    rekey(w, SAF_MASTER_TOKEN);
    assert_open_fails(NULL, SAF_E_DENIED, "the master key of store store is in a token: pkcs11:object=master");
    assert_open_fails(&options, SAF_E_DENIED, "is in a token");
    assert_int_equal(saf_store_open(&w->store, "store", &with_other, NULL), SAF_E_DENIED);
}

TEST(a_credential_is_bound_to_its_store)
{
    keyring_world *w = *state;
    add_web(w);
    rekey(w, SAF_MASTER_CREDENTIAL);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE setting SET value = CAST('00000000-0000-4000-8000-000000000000' AS BLOB) WHERE name = 'store-id'", NULL,
                                  NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    OWN(saf_secret) secret = { 0 };
    set(&secret, CREDENTIAL);
    const saf_store_options options = { .passphrase = &secret };
    assert_open_fails(&options, SAF_E_DENIED, "wrong credential");
}

/* ---- refused -------------------------------------------------------------------------------------------------- */

static void assert_refused(keyring_world *w, const saf_rekey_store *request, const char *text)
{
    saf_status status = saf_store_rekey(w->store, NULL, request, &w->err);
    if (status == SAF_OK || !strstr(w->err.text, text))
        fail_msg("%s: %s", saf_status_name(status), w->err.text);
    assert_int_equal(keyring_describe(w).master, SAF_MASTER_FILE);
    open_store(w, NULL);
}

TEST(what_cannot_be_a_master_key_is_refused)
{
    keyring_world *w = *state;
    OWN(saf_secret) secret = { 0 };
    bool refuses = true;
    const saf_token_key broken = { .seal = token_seal, .open = token_open, .context = &refuses };
    saf_rekey_store request = { .kind = SAF_MASTER_PASSPHRASE };
    assert_refused(w, &request, "the new passphrase for store store is empty");
    request.secret = &secret;
    assert_refused(w, &request, "is empty");
    request.kind = SAF_MASTER_CREDENTIAL;
    set(&secret, "0123456789abcdef0123456789abcde");
    assert_refused(w, &request, "at least 32 bytes, this one has 31");
    request = (saf_rekey_store) { .kind = SAF_MASTER_TOKEN, .token_uri = "pkcs11:object=k" };
    assert_refused(w, &request, "no key in a token");
    request.token = &TOKEN;
    request.token_uri = "file:k";
    assert_refused(w, &request, "is not the PKCS#11 URI");
    request.token_uri = "pkcs11:object=k?pin-value=1";
    assert_refused(w, &request, "has a PIN in it");
    request.token_uri = "pkcs11:object=k";
    request.token = &broken;
    assert_int_equal(saf_store_rekey(w->store, NULL, &request, NULL), SAF_E_DENIED);
    open_store(w, NULL);
}

TEST(a_rekey_during_a_change_is_refused)
{
    keyring_world *w = *state;
    const saf_rekey_store request = { .kind = SAF_MASTER_FILE };
    saf_change *change = keyring_begin(w);
    assert_fails(saf_store_rekey(w->store, NULL, &request, &w->err), SAF_E_USAGE, &w->err, "a change of the store store is open");
    saf_change_abandon(&change);
}

TEST(a_rekey_is_for_administrators)
{
    keyring_world *w = *state;
    const saf_rekey_store request = { .kind = SAF_MASTER_FILE };
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_store_rekey(w->store, NULL, &request, &w->err), SAF_E_DENIED, &w->err, "store-admin");
}

TEST(a_rekey_is_in_the_audit_trail)
{
    keyring_world *w = *state;
    saf_audit_page page;
    add_web(w);
    rekey(w, SAF_MASTER_TOKEN);
    assert_ok(saf_store_list_audit(&page, w->store, NULL, 2, 0, &w->err), &w->err);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.records[0].action, "store-rekey");
    assert_string_equal(page.records[0].details, "master=token old_master=file uri=pkcs11:object=master;type=secret-key");
    saf_audit_page_free(&page);
}

/* ---- cut short ------------------------------------------------------------------------------------------------ */

static void copy(const char *from, const char *to)
{
    saf_error err = { 0 };
    OWN(saf_buffer) bytes = { 0 };
    assert_ok(saf_file_read(&bytes, from, 100, &err), &err);
    assert_ok(saf_file_write(to, saf_buffer_bytes(&bytes), 0400, SAF_IF_EXISTS_REPLACE, &err), &err);
}

TEST(a_new_key_file_that_is_in_force_gets_its_name)
{
    keyring_world *w = *state;
    add_web(w);
    copy("store/master.key", "old");
    rekey(w, SAF_MASTER_FILE);
    copy("store/master.key", "store/master.key.next");
    copy("old", "store/master.key");
    open_store(w, NULL);
    assert_int_not_equal(access("store/master.key.next", F_OK), 0);
    assert_works(w);
    open_store(w, NULL);
}

TEST(a_new_key_file_that_alone_is_there_gets_its_name)
{
    keyring_world *w = *state;
    add_web(w);
    assert_int_equal(rename("store/master.key", "store/master.key.next"), 0);
    open_store(w, NULL);
    assert_works(w);
}

TEST(a_new_key_file_that_is_not_in_force_is_removed)
{
    keyring_world *w = *state;
    add_web(w);
    assert_int_equal(scratch_write("store/master.key.next", "0123456789abcdef0123456789abcdef", 0400), 0);
    open_store(w, NULL);
    assert_works(w);
}

TEST(an_old_key_file_that_was_left_is_removed)
{
    keyring_world *w = *state;
    OWN(saf_secret) secret = { 0 };
    const saf_store_options options = { .passphrase = &secret };
    set(&secret, CREDENTIAL);
    add_web(w);
    copy("store/master.key", "old");
    rekey(w, SAF_MASTER_CREDENTIAL);
    copy("old", "store/master.key");
    open_store(w, &options);
    assert_works(w);
    assert_int_equal(scratch_write("store/master.key", "", 0400), 0);
    assert_int_equal(truncate("store/master.key", 32), 0); /* it was overwritten, but not removed */
    open_store(w, &options);
    assert_works(w);
}

TEST(a_link_in_the_place_of_a_key_file_is_not_followed)
{
    keyring_world *w = *state;
    OWN(saf_secret) secret = { 0 };
    const saf_store_options options = { .passphrase = &secret };
    struct stat about;
    set(&secret, CREDENTIAL);
    add_web(w);
    rekey(w, SAF_MASTER_CREDENTIAL);
    assert_int_equal(scratch_write("victim", "of another user", 0644), 0);
    assert_int_equal(symlink("../victim", "store/master.key.next"), 0);
    open_store(w, &options);
    assert_int_equal(lstat("store/master.key.next", &about), -1);
    assert_int_equal(stat("victim", &about), 0);
    assert_int_equal(about.st_mode & 07777, 0644);
    assert_int_equal(about.st_size, strlen("of another user"));
}

TEST(a_foreign_file_in_the_place_of_a_key_file_is_not_overwritten)
{
    keyring_world *w = *state;
    OWN(saf_secret) secret = { 0 };
    OWN(saf_buffer) text = { 0 };
    const saf_store_options options = { .passphrase = &secret };
    set(&secret, CREDENTIAL);
    add_web(w);
    rekey(w, SAF_MASTER_CREDENTIAL);
    assert_int_equal(scratch_write("victim", "of another user", 0644), 0);
    if (chown("victim", 65534, (gid_t)-1) != 0)
        skip();
    assert_int_equal(link("victim", "store/master.key.next"), 0);
    open_store(w, &options);
    assert_ok(saf_file_read(&text, "victim", 100, &w->err), &w->err);
    assert_string_equal(saf_buffer_text(&text), "of another user");
}

TEST(a_key_file_of_another_database_is_left_alone)
{
    keyring_world *w = *state;
    OWN(saf_secret) secret = { 0 };
    const saf_store_options options = { .passphrase = &secret };
    set(&secret, CREDENTIAL);
    add_web(w);
    rekey(w, SAF_MASTER_CREDENTIAL);
    assert_int_equal(scratch_write("store/master.key", "0123456789abcdef0123456789abcdef", 0400), 0);
    open_store(w, &options);
    assert_int_equal(access("store/master.key", F_OK), 0);
}

TEST(who_opens_meanwhile_succeeds)
{
    enum { ROUNDS = 60 };
    keyring_world *w = *state;
    const saf_rekey_store request = { .kind = SAF_MASTER_FILE };
    int status;
    pid_t child = fork();
    if (child == 0) {
        saf_store *store = NULL;
        saf_error err = { 0 };
        for (int i = 0; i < 4 * ROUNDS; i++) {
            if (saf_store_open(&store, "store", NULL, &err) != SAF_OK) {
                fprintf(stderr, "%s\n", err.text);
                _exit(1);
            }
            saf_store_close(&store);
        }
        _exit(0);
    }
    for (int i = 0; i < ROUNDS; i++)
        assert_ok(saf_store_rekey(w->store, NULL, &request, &w->err), &w->err);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(every_kind_becomes_every_other),
        IN_KEYRING(a_kind_is_known_without_opening_the_store),
        IN_KEYRING(the_old_key_file_does_not_open_the_store_any_more),
        IN_KEYRING(the_wrong_secret_is_named_by_its_kind),
        IN_KEYRING(a_credential_is_bound_to_its_store),
        IN_KEYRING(what_cannot_be_a_master_key_is_refused),
        IN_KEYRING(a_rekey_during_a_change_is_refused),
        IN_KEYRING(a_rekey_is_for_administrators),
        IN_KEYRING(a_rekey_is_in_the_audit_trail),
        IN_KEYRING(a_new_key_file_that_is_in_force_gets_its_name),
        IN_KEYRING(a_new_key_file_that_alone_is_there_gets_its_name),
        IN_KEYRING(a_new_key_file_that_is_not_in_force_is_removed),
        IN_KEYRING(an_old_key_file_that_was_left_is_removed),
        IN_KEYRING(a_link_in_the_place_of_a_key_file_is_not_followed),
        IN_KEYRING(a_foreign_file_in_the_place_of_a_key_file_is_not_overwritten),
        IN_KEYRING(a_key_file_of_another_database_is_left_alone),
        IN_KEYRING(who_opens_meanwhile_succeeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
