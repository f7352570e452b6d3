#include <support/scratch.h>
#include <support/softhsm.h>

#include <sys/wait.h>

typedef struct fixture {
    saf_p11 *p11;
    saf_p11_session *session;
} fixture;

static void fixture_free(fixture *f)
{
    saf_p11_logout(&f->session);
    saf_p11_close(&f->p11);
}

OWN_VALUE(fixture, fixture_free)

static fixture log_in(void)
{
    fixture f = { .p11 = softhsm_open() };
    saf_p11_token token;
    saf_p11_uri uri = { .token = "ZWE.IDT" };
    if (saf_p11_find_token(&token, f.p11, &uri, NULL) != SAF_OK)
        softhsm_init_token(f.p11, "ZWE.IDT");
    f.session = softhsm_login(f.p11, "ZWE.IDT");
    return f;
}

static saf_p11_secret generate(const fixture *f, const char *label)
{
    saf_p11_secret secret;
    saf_error err = { 0 };
    saf_p11_secret_spec spec = { .label = label, .len = 32 };
    if (saf_p11_generate_secret(&secret, f->session, &spec, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return secret;
}

/* ---- making ---- */

TEST(generate_makes_a_protected_signing_key)
{
    OWN(fixture) f = log_in();
    saf_p11_secret secret = generate(&f, "jwtsecret");
    assert_string_equal(secret.token, "ZWE.IDT");
    assert_string_equal(secret.label, "jwtsecret");
    assert_int_equal(secret.sequence, 1);
    assert_string_equal(secret.uri, "pkcs11:token=ZWE.IDT;object=jwtsecret;id=%00%00%00%01;type=secret-key");
    assert_string_equal(secret.handle, "ZWE.IDT                         00000001T   ");
    assert_int_equal(strlen(secret.handle), SAF_P11_HANDLE_LEN);
    assert_int_equal(strlen(secret.check_value), 6);
    assert_int_equal(secret.len, 32);
    assert_true(secret.sensitive && !secret.extractable && secret.signs && secret.verifies);
    assert_true(secret.local && secret.always_sensitive && secret.never_extractable && secret.private_object);
    assert_true(secret.modifiable); /* as copies in session memory want it */
    assert_false(secret.encrypts || secret.decrypts || secret.wraps || secret.unwraps || secret.derives);
    assert_int_equal(secret.kind, SAF_P11_HMAC);
    assert_int_equal(saf_p11_secret_leaving(&secret), SAF_P11_STAYS);
    assert_int_equal(secret.start_date, 0);
    assert_int_equal(secret.end_date, 0);
}

/* What saf_p11_secret does not show. */
TEST(generate_makes_a_fixed_key_that_nobody_can_change_or_misuse)
{
    OWN(fixture) f = log_in();
    saf_p11_secret secret;
    assert_int_equal(saf_p11_generate_secret(&secret, f.session, &(saf_p11_secret_spec) { .label = "jwtsecret", .len = 32, .fixed = true }, NULL), SAF_OK);
    assert_false(secret.modifiable);
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(f.p11);
    CK_SESSION_HANDLE raw = softhsm_raw_session(f.p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE wanted = { CKA_CLASS, &class, sizeof class };
    CK_OBJECT_HANDLE key;
    CK_ULONG count;
    assert_int_equal(cryptoki->C_FindObjectsInit(raw, &wanted, 1), CKR_OK);
    assert_int_equal(cryptoki->C_FindObjects(raw, &key, 1, &count), CKR_OK);
    cryptoki->C_FindObjectsFinal(raw);
    assert_int_equal(count, 1);
    static const CK_ATTRIBUTE_TYPE off[] = { CKA_MODIFIABLE, CKA_EXTRACTABLE, CKA_ENCRYPT, CKA_DECRYPT,
                                             CKA_WRAP,       CKA_UNWRAP,      CKA_DERIVE };
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        CK_BBOOL flag = CK_TRUE;
        CK_ATTRIBUTE attribute = { off[i], &flag, sizeof flag };
        assert_int_equal(cryptoki->C_GetAttributeValue(raw, key, &attribute, 1), CKR_OK);
        assert_false(flag);
    }
    unsigned char value[64];
    CK_ATTRIBUTE attribute = { CKA_VALUE, value, sizeof value };
    assert_int_equal(cryptoki->C_GetAttributeValue(raw, key, &attribute, 1), CKR_ATTRIBUTE_SENSITIVE);
}

TEST(generate_keeps_dates_length_and_extractability)
{
    OWN(fixture) f = log_in();
    saf_p11_secret secret;
    saf_p11_secret_spec spec = { .label = "dated", .len = 64, .leaving = SAF_P11_LEAVES_WRAPPED,
                                 .start_date = 1767225600 + 3600, .end_date = 1798761599 };
    assert_int_equal(saf_p11_generate_secret(&secret, f.session, &spec, NULL), SAF_OK);
    assert_int_equal(secret.len, 64);
    assert_true(secret.extractable && secret.sensitive);
    assert_int_equal(secret.start_date, 1767225600); /* 2026-01-01 */
    assert_int_equal(secret.end_date, 1798675200);   /* 2026-12-31 */
    assert_int_equal(strlen(secret.check_value), 6);
    saf_p11_uri uri = softhsm_uri(secret.uri);
    fixture_free(&f);
    f = log_in();
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &uri, NULL), SAF_OK);
    assert_int_equal(secret.start_date, 1767225600);
    assert_int_equal(secret.end_date, 1798675200);
}

TEST(generate_refuses_bad_specs)
{
    OWN(fixture) f = log_in();
    char label[SAF_P11_OBJECT_MAX + 2];
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    const saf_p11_secret_spec bad[] = { { .label = NULL, .len = 32 }, { .label = "", .len = 32 }, { .label = label, .len = 32 },
                                        { .label = "x", .len = 0 }, { .label = "x", .len = SAF_P11_SECRET_MAX + 1 },
                                        { .label = "x", .len = 20, .kind = SAF_P11_AES }, { .label = "x", .len = 32, .kind = SAF_P11_OTHER_SECRET }, { .label = "x", .len = 32, .end_date = INT64_MAX },
                                        { .label = "x", .len = 32, .start_date = 2000000, .end_date = 1000000 } };
    saf_p11_secret secret;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(saf_p11_generate_secret(&secret, f.session, &bad[i], NULL), SAF_E_USAGE);
}

TEST(a_key_too_short_to_sign_has_no_check_value)
{
    OWN(fixture) f = log_in();
    saf_p11_secret secret;
    assert_int_equal(saf_p11_generate_secret(&secret, f.session, &(saf_p11_secret_spec) { .label = "x", .len = 8 }, NULL),
                     SAF_OK);
    assert_string_equal(secret.check_value, ""); /* SoftHSM wants 32 bytes for HMAC-SHA-256 */
}

TEST(generate_makes_aes_keys_that_wrap_and_do_not_sign)
{
    OWN(fixture) f = log_in();
    static const size_t lens[] = { 16, 24, 32 };
    for (size_t i = 0; i < 3; i++) {
        saf_p11_secret secret;
        const saf_p11_secret_spec spec = { .label = "wrap", .len = lens[i], .kind = SAF_P11_AES };
        assert_int_equal(saf_p11_generate_secret(&secret, f.session, &spec, NULL), SAF_OK);
        assert_int_equal(secret.kind, SAF_P11_AES);
        assert_int_equal(secret.len, lens[i]);
        assert_true(secret.encrypts && secret.decrypts && secret.wraps && secret.unwraps);
        assert_false(secret.signs || secret.verifies || secret.derives);
        assert_int_equal(strlen(secret.check_value), 6);
    }
}

TEST(first_only_says_what_is_there)
{
    OWN(fixture) f = log_in();
    saf_error err = { 0 };
    saf_p11_secret first, second;
    saf_p11_secret_spec spec = { .label = "jwtsecret", .len = 32, .if_exists = SAF_P11_FIRST_ONLY };
    assert_int_equal(saf_p11_generate_secret(&first, f.session, &spec, NULL), SAF_OK);
    assert_int_equal(saf_p11_generate_secret(&second, f.session, &spec, &err), SAF_E_EXISTS);
    assert_string_equal(second.uri, first.uri);
    assert_non_null(strstr(err.text, first.uri));
    spec.if_exists = SAF_P11_NEW_VERSION;
    assert_int_equal(saf_p11_generate_secret(&second, f.session, &spec, NULL), SAF_OK);
    spec.if_exists = SAF_P11_FIRST_ONLY;
    assert_int_equal(saf_p11_generate_secret(&first, f.session, &spec, NULL), SAF_E_EXISTS);
    assert_int_equal(first.sequence, 2);
}

/* ---- reading and destroying ---- */

TEST(only_a_key_that_leaves_can_be_read)
{
    OWN(fixture) f = log_in();
    OWN(saf_secret) value = { 0 };
    saf_error err = { 0 };
    static const saf_p11_leaving refused[] = { SAF_P11_STAYS, SAF_P11_LEAVES_WRAPPED };
    saf_p11_secret secret;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(saf_p11_generate_secret(&secret, f.session, &(saf_p11_secret_spec) { .label = "x", .len = 32, .leaving = refused[i] }, NULL), SAF_OK);
        saf_p11_uri uri = softhsm_uri(secret.uri);
        assert_int_equal(saf_p11_read_secret(&value, f.session, &uri, &err), SAF_E_UNSUPPORTED);
        assert_non_null(strstr(err.hint, "--extractable yes"));
    }
    assert_int_equal(saf_p11_generate_secret(&secret, f.session, &(saf_p11_secret_spec) { .label = "x", .len = 48, .leaving = SAF_P11_LEAVES }, NULL), SAF_OK);
    saf_p11_uri uri = softhsm_uri(secret.uri);
    assert_int_equal(saf_p11_read_secret(&value, f.session, &uri, &err), SAF_OK);
    assert_int_equal(value.len, 48);
    char check_value[7];
    assert_int_equal(saf_p11_compute_check_value(check_value, SAF_P11_HMAC, &value, NULL), SAF_OK);
    assert_string_equal(check_value, secret.check_value);
}

TEST(destroy_takes_one_version_or_all_and_no_number_comes_back)
{
    OWN(fixture) f = log_in();
    OWN(saf_p11_secret_list) list = { 0 };
    saf_error err = { 0 };
    saf_p11_secret first = generate(&f, "a");
    generate(&f, "a");
    generate(&f, "b");
    saf_p11_uri a = { .object = "a" }, one = softhsm_uri(first.uri), nothing = { .token = "ZWE.IDT" };
    assert_int_equal(saf_p11_destroy_secret(f.session, &nothing, SAF_P11_ALL_VERSIONS, &err), SAF_E_USAGE);
    assert_int_equal(saf_p11_destroy_secret(f.session, &a, SAF_P11_ONE_VERSION, &err), SAF_E_CONFLICT);
    assert_non_null(strstr(err.text, first.uri));
    assert_int_equal(saf_p11_destroy_secret(f.session, &one, SAF_P11_ONE_VERSION, &err), SAF_OK);
    assert_int_equal(saf_p11_destroy_secret(f.session, &one, SAF_P11_ONE_VERSION, &err), SAF_E_NOT_FOUND);
    assert_int_equal(saf_p11_destroy_secret(f.session, &one, SAF_P11_ALL_VERSIONS, &err), SAF_E_NOT_FOUND);
    generate(&f, "a");
    assert_int_equal(saf_p11_destroy_secret(f.session, &a, SAF_P11_ALL_VERSIONS, &err), SAF_OK);
    assert_int_equal(saf_p11_list_secrets(&list, f.session, NULL, NULL), SAF_OK);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.secrets[0].label, "b");
    assert_int_equal(generate(&f, "a").sequence, 5);
}

static CK_ULONG count_data(const fixture *f)
{
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(f->p11);
    CK_SESSION_HANDLE raw = softhsm_raw_session(f->p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_ATTRIBUTE wanted = { CKA_CLASS, &class, sizeof class };
    CK_OBJECT_HANDLE found[16];
    CK_ULONG count = 0;
    assert_int_equal(cryptoki->C_FindObjectsInit(raw, &wanted, 1), CKR_OK);
    assert_int_equal(cryptoki->C_FindObjects(raw, found, 16, &count), CKR_OK);
    cryptoki->C_FindObjectsFinal(raw);
    cryptoki->C_CloseSession(raw);
    return count;
}

TEST(destroy_takes_the_record_of_the_dates_along)
{
    OWN(fixture) f = log_in();
    saf_p11_secret secret = generate(&f, "a");
    CK_ULONG before = count_data(&f);
    const saf_p11_secret_spec spec = { .label = "dated", .len = 32, .end_date = 1798675200 };
    assert_int_equal(saf_p11_generate_secret(&secret, f.session, &spec, NULL), SAF_OK);
    saf_p11_uri uri = softhsm_uri(secret.uri);
    assert_int_equal(saf_p11_destroy_secret(f.session, &uri, SAF_P11_ONE_VERSION, NULL), SAF_OK);
    assert_int_equal(count_data(&f), before);
}

TEST(labels_may_be_long_and_have_any_characters)
{
    OWN(fixture) f = log_in();
    char label[SAF_P11_OBJECT_MAX + 1];
    memset(label, '%', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    saf_p11_secret secret = generate(&f, label);
    assert_string_equal(secret.label, label);
    saf_p11_uri uri = softhsm_uri(secret.uri);
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &uri, NULL), SAF_OK);
    secret = generate(&f, "a; ?/\xC3\xBC");
    uri = softhsm_uri(secret.uri);
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &uri, NULL), SAF_OK);
    assert_string_equal(secret.label, "a; ?/\xC3\xBC");
}

/* ---- sequence numbers ---- */

static void destroy(const fixture *f, CK_OBJECT_CLASS class)
{
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(f->p11);
    CK_SESSION_HANDLE raw = softhsm_raw_session(f->p11, "ZWE.IDT");
    CK_ATTRIBUTE wanted = { CKA_CLASS, &class, sizeof class };
    CK_OBJECT_HANDLE objects[16];
    CK_ULONG count;
    assert_int_equal(cryptoki->C_FindObjectsInit(raw, &wanted, 1), CKR_OK);
    assert_int_equal(cryptoki->C_FindObjects(raw, objects, 16, &count), CKR_OK);
    cryptoki->C_FindObjectsFinal(raw);
    assert_true(count > 0);
    for (CK_ULONG i = 0; i < count; i++)
        assert_int_equal(cryptoki->C_DestroyObject(raw, objects[i]), CKR_OK);
    cryptoki->C_CloseSession(raw);
}

TEST(sequence_numbers_are_not_given_twice)
{
    OWN(fixture) f = log_in();
    assert_int_equal(generate(&f, "a").sequence, 1);
    assert_int_equal(generate(&f, "a").sequence, 2);
    destroy(&f, CKO_SECRET_KEY);
    assert_int_equal(generate(&f, "a").sequence, 3);
    fixture_free(&f);
    f = log_in();
    assert_int_equal(generate(&f, "b").sequence, 4);
}

TEST(sequence_goes_on_after_the_highest_key_when_its_counter_is_lost)
{
    OWN(fixture) f = log_in();
    generate(&f, "a");
    generate(&f, "a");
    destroy(&f, CKO_DATA);
    assert_int_equal(generate(&f, "a").sequence, 3);
}

/* A key as another tool makes it. */
static void create_foreign(const fixture *f, const char *label, const void *id, size_t id_len)
{
    CK_SESSION_HANDLE raw = softhsm_raw_session(f->p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE;
    unsigned char value[32] = { 0 };
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class }, { CKA_KEY_TYPE, &type, sizeof type },
                              { CKA_TOKEN, &yes, sizeof yes },     { CKA_VALUE, value, sizeof value },
                              { CKA_LABEL, (char *)(uintptr_t)label, strlen(label) },
                              { CKA_ID, (void *)(uintptr_t)id, id_len } };
    assert_int_equal(softhsm_cryptoki(f->p11)->C_CreateObject(raw, wanted, sizeof wanted / sizeof *wanted, &key), CKR_OK);
    softhsm_cryptoki(f->p11)->C_CloseSession(raw);
}

TEST(sequence_steps_over_an_id_that_another_tool_gave)
{
    OWN(fixture) f = log_in();
    generate(&f, "a");
    create_foreign(&f, "foreign", "\0\0\0\2", 4);
    assert_int_equal(generate(&f, "a").sequence, 3);
}

/* A counter as damage or another tool may leave it. */
static void create_counter(const fixture *f, const void *value, size_t len)
{
    CK_SESSION_HANDLE raw = softhsm_raw_session(f->p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    CK_OBJECT_HANDLE counter;
    char label[] = "safring sequence", application[] = "safring";
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class },     { CKA_TOKEN, &yes, sizeof yes },
                              { CKA_LABEL, label, strlen(label) },     { CKA_APPLICATION, application, strlen(application) },
                              { CKA_VALUE, (void *)(uintptr_t)value, len } };
    assert_int_equal(softhsm_cryptoki(f->p11)->C_CreateObject(raw, wanted, sizeof wanted / sizeof *wanted, &counter), CKR_OK);
    softhsm_cryptoki(f->p11)->C_CloseSession(raw);
}

static void expect_damaged_counter(const void *value, size_t len)
{
    OWN(fixture) f = log_in();
    generate(&f, "a");
    create_counter(&f, value, len);
    saf_error err = { 0 };
    saf_p11_secret secret;
    saf_p11_secret_spec spec = { .label = "a", .len = 32 };
    assert_int_equal(saf_p11_generate_secret(&secret, f.session, &spec, &err), SAF_E_MALFORMED);
    assert_string_equal(err.text, "a sequence number that is kept in token ZWE.IDT does not have 4 bytes");
    destroy(&f, CKO_DATA);
    assert_int_equal(generate(&f, "a").sequence, 2);
}

TEST(a_counter_that_is_too_short_stops_the_numbering)
{
    expect_damaged_counter("ab", 2);
}

TEST(a_counter_that_is_too_long_stops_the_numbering)
{
    expect_damaged_counter("abcdefgh", 8);
}

TEST(sequence_ignores_ids_of_other_tools_when_its_counter_is_lost)
{
    OWN(fixture) f = log_in();
    create_foreign(&f, "long", "abcdefgh", 8);
    create_foreign(&f, "short", "ab", 2);
    create_foreign(&f, "none", "", 0);
    assert_int_equal(generate(&f, "a").sequence, 1);
}

/* ---- a token that leaves out what it does not like ---- */

static CK_C_GenerateKey real_generate_key;
static CK_ATTRIBUTE_TYPE unliked;

static CK_RV generate_key_without(CK_SESSION_HANDLE session, CK_MECHANISM *how, CK_ATTRIBUTE *wanted, CK_ULONG count,
                                  CK_OBJECT_HANDLE *key)
{
    CK_BBOOL no = CK_FALSE;
    CK_ULONG other_len = 48;
    for (CK_ULONG i = 0; i < count; i++)
        if (wanted[i].type == unliked)
            wanted[i].pValue = unliked == CKA_VALUE_LEN ? (void *)&other_len : (void *)&no;
    return real_generate_key(session, how, wanted, count, key);
}

static void expect_lost(const fixture *f, CK_ATTRIBUTE_TYPE type, const char *text)
{
    saf_error err = { 0 };
    saf_p11_secret secret;
    saf_p11_secret_spec spec = { .label = "a", .len = 32 };
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(f->p11);
    real_generate_key = cryptoki->C_GenerateKey;
    unliked = type;
    cryptoki->C_GenerateKey = generate_key_without;
    saf_status status = saf_p11_generate_secret(&secret, f->session, &spec, &err);
    cryptoki->C_GenerateKey = real_generate_key;
    assert_int_equal(status, SAF_E_UNSUPPORTED);
    assert_string_equal(err.text, text);
    OWN(saf_p11_secret_list) list = { 0 };
    assert_int_equal(saf_p11_list_secrets(&list, f->session, NULL, NULL), SAF_OK);
    assert_int_equal(list.count, 0);
}

TEST(generate_destroys_a_key_that_is_not_as_wanted)
{
    OWN(fixture) f = log_in();
    expect_lost(&f, CKA_VALUE_LEN, "token ZWE.IDT did not keep CKA_VALUE_LEN of secret key \"a\"");
    expect_lost(&f, CKA_SIGN, "token ZWE.IDT did not keep CKA_SIGN or CKA_VERIFY of secret key \"a\"");
    expect_lost(&f, CKA_VERIFY, "token ZWE.IDT did not keep CKA_SIGN or CKA_VERIFY of secret key \"a\"");
    expect_lost(&f, CKA_SENSITIVE, "token ZWE.IDT did not keep CKA_SENSITIVE of secret key \"a\"");
}

/* In a child: be the first, or hear of it. Exit code 0: made it, 1: it was there. */
static void be_first_and_exit(void)
{
    fixture f = log_in();
    saf_p11_secret secret;
    const saf_p11_secret_spec spec = { .label = "only", .len = 32, .if_exists = SAF_P11_FIRST_ONLY };
    saf_status status = saf_p11_generate_secret(&secret, f.session, &spec, NULL);
    fixture_free(&f);
    _exit(status == SAF_OK ? 0 : status == SAF_E_EXISTS ? 1 : 2);
}

TEST(of_parallel_processes_one_makes_the_first)
{
    if (fork() == 0) {
        fixture f = log_in();
        fixture_free(&f);
        _exit(0);
    }
    int how, answers[3] = { 0 };
    assert_true(wait(&how) > 0);
    for (int i = 0; i < 6; i++)
        if (fork() == 0)
            be_first_and_exit();
    for (int i = 0; i < 6; i++) {
        assert_true(wait(&how) > 0 && WIFEXITED(how) && WEXITSTATUS(how) < 3);
        answers[WEXITSTATUS(how)]++;
    }
    assert_int_equal(answers[0], 1);
    assert_int_equal(answers[1], 5);
}

/* In a child: make ten keys; the exit code is the status. */
static void generate_and_exit(void)
{
    fixture f = log_in();
    saf_status status = SAF_OK;
    saf_error err = { 0 };
    saf_p11_secret secret;
    for (int i = 0; status == SAF_OK && i < 10; i++)
        status = saf_p11_generate_secret(&secret, f.session, &(saf_p11_secret_spec) { .label = "a", .len = 32 }, &err);
    if (status != SAF_OK)
        fprintf(stderr, "%s\n", err.text);
    fixture_free(&f);
    _exit((int)status);
}

static void wait_for_all(int children)
{
    for (int i = 0; i < children; i++) {
        int how;
        assert_true(wait(&how) > 0);
        assert_true(WIFEXITED(how));
        assert_int_equal(WEXITSTATUS(how), 0);
    }
}

TEST(parallel_processes_get_different_sequence_numbers)
{
    if (fork() == 0) {
        fixture f = log_in();
        fixture_free(&f);
        _exit(0);
    }
    wait_for_all(1);
    for (int i = 0; i < 4; i++)
        if (fork() == 0)
            generate_and_exit();
    wait_for_all(4);
    OWN(fixture) f = log_in();
    OWN(saf_p11_secret_list) list = { 0 };
    assert_int_equal(saf_p11_list_secrets(&list, f.session, NULL, NULL), SAF_OK);
    assert_int_equal(list.count, 40);
    for (size_t i = 0; i < list.count; i++)
        assert_int_equal(list.secrets[i].sequence, i + 1);
}

/* ---- listing and finding ---- */

TEST(list_sorts_by_label_and_sequence)
{
    OWN(fixture) f = log_in();
    generate(&f, "b");
    generate(&f, "a");
    generate(&f, "b");
    OWN(saf_p11_secret_list) all = { 0 };
    OWN(saf_p11_secret_list) some = { 0 };
    assert_int_equal(saf_p11_list_secrets(&all, f.session, NULL, NULL), SAF_OK);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.secrets[0].sequence, 2);
    assert_int_equal(all.secrets[1].sequence, 1);
    assert_int_equal(all.secrets[2].sequence, 3);
    assert_int_equal(saf_p11_list_secrets(&some, f.session, &(saf_p11_uri) { .object = "b" }, NULL), SAF_OK);
    assert_int_equal(some.count, 2);
}

TEST(list_shows_keys_of_other_tools)
{
    OWN(fixture) f = log_in();
    create_foreign(&f, "foreign", "ab", 2);
    OWN(saf_p11_secret_list) list = { 0 };
    assert_int_equal(saf_p11_list_secrets(&list, f.session, NULL, NULL), SAF_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.secrets[0].sequence, 0);
    assert_string_equal(list.secrets[0].handle, "");
    assert_string_equal(list.secrets[0].uri, "pkcs11:token=ZWE.IDT;object=foreign;id=%61%62;type=secret-key");
    assert_string_equal(list.secrets[0].check_value, "6620B3"); /* a key of 32 zero bytes */
}

TEST(find_names_what_is_missing)
{
    OWN(fixture) f = log_in();
    saf_error err = { 0 };
    saf_p11_secret secret;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT;object=jwtsecret");
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &uri, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "token ZWE.IDT has no secret key \"jwtsecret\"");
    uri = softhsm_uri("pkcs11:object=jwtsecret;id=%00%00%00%02");
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &uri, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "token ZWE.IDT has no secret key \"jwtsecret\" with id 00000002");
}

TEST(find_lists_the_versions_when_there_are_several)
{
    OWN(fixture) f = log_in();
    saf_error err = { 0 };
    saf_p11_secret first = generate(&f, "jwtsecret");
    saf_p11_secret second = generate(&f, "jwtsecret");
    saf_p11_secret secret;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT;object=jwtsecret");
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &uri, &err), SAF_E_CONFLICT);
    assert_non_null(strstr(err.text, first.uri));
    assert_non_null(strstr(err.text, second.uri));
    uri = softhsm_uri(second.uri);
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &uri, &err), SAF_OK);
    assert_int_equal(secret.sequence, 2);
    assert_string_equal(secret.check_value, second.check_value);
    assert_string_not_equal(first.check_value, second.check_value);
}

TEST(find_refuses_a_uri_of_another_token_or_type)
{
    OWN(fixture) f = log_in();
    saf_error err = { 0 };
    saf_p11_secret secret;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=OTHER;object=x");
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &uri, &err), SAF_E_USAGE);
    assert_string_equal(err.text, "the URI names token OTHER, but token ZWE.IDT is open");
    uri = softhsm_uri("pkcs11:object=x;type=cert");
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &uri, &err), SAF_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(parallel_processes_get_different_sequence_numbers),
        IN_SOFTHSM(of_parallel_processes_one_makes_the_first),
        IN_SOFTHSM(generate_makes_a_protected_signing_key),
        IN_SOFTHSM(generate_makes_aes_keys_that_wrap_and_do_not_sign),
        IN_SOFTHSM(first_only_says_what_is_there),
        IN_SOFTHSM(only_a_key_that_leaves_can_be_read),
        IN_SOFTHSM(destroy_takes_one_version_or_all_and_no_number_comes_back),
        IN_SOFTHSM(destroy_takes_the_record_of_the_dates_along),
        IN_SOFTHSM(generate_makes_a_fixed_key_that_nobody_can_change_or_misuse),
        IN_SOFTHSM(generate_keeps_dates_length_and_extractability),
        IN_SOFTHSM(generate_refuses_bad_specs),
        IN_SOFTHSM(a_key_too_short_to_sign_has_no_check_value),
        IN_SOFTHSM(labels_may_be_long_and_have_any_characters),
        IN_SOFTHSM(sequence_numbers_are_not_given_twice),
        IN_SOFTHSM(sequence_goes_on_after_the_highest_key_when_its_counter_is_lost),
        IN_SOFTHSM(sequence_steps_over_an_id_that_another_tool_gave),
        IN_SOFTHSM(a_counter_that_is_too_short_stops_the_numbering),
        IN_SOFTHSM(a_counter_that_is_too_long_stops_the_numbering),
        IN_SOFTHSM(sequence_ignores_ids_of_other_tools_when_its_counter_is_lost),
        IN_SOFTHSM(generate_destroys_a_key_that_is_not_as_wanted),
        IN_SOFTHSM(list_sorts_by_label_and_sequence),
        IN_SOFTHSM(list_shows_keys_of_other_tools),
        IN_SOFTHSM(find_names_what_is_missing),
        IN_SOFTHSM(find_lists_the_versions_when_there_are_several),
        IN_SOFTHSM(find_refuses_a_uri_of_another_token_or_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
