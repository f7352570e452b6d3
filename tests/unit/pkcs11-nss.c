/* NSS's softoken as a second module beside SoftHSM: parameters at C_Initialize, a token name with blanks, no data objects in tokens, a module that refuses
 * everything in a forked child until it is initialised again. */
#include <support/scratch.h>
#include <support/signers.h>

#include <sys/wait.h>

#define NSS_TOKEN "NSS Certificate DB"
#define NSS_PIN "nss-user-1"

static const char uri_of_key[] = "pkcs11:token=NSS%20Certificate%20DB;object=nss";

static saf_status give_pin(void *context, __attribute__((unused)) const saf_p11_token *token, saf_secret *pin, saf_error *err)
{
    signers *w = context;
    atomic_fetch_add(&w->pins_asked, 1);
    return saf_secret_set(pin, saf_bytes_of_text(NSS_PIN), err);
}

static void enter_nss(signers *w)
{
    char module[8192], here[4096];
    saf_error err = { 0 };
    assert_int_equal(scratch_write("pw", NSS_PIN "\n", 0600), 0);
    assert_int_equal(mkdir("nss", 0700), 0);
    assert_int_equal(system("certutil -N -d sql:nss -f pw"), 0);
    assert_non_null(getcwd(here, sizeof here));
    snprintf(module, sizeof module, "%s?configdir='sql:%s/nss' certPrefix='' keyPrefix='' secmod='secmod.db' flags=", NSS_MODULE, here);
    saf_p11_options options = { .module = module, .pin = give_pin, .pin_context = w, .probe_ms = 10000 };
    if (saf_p11_open(&w->p11, &options, &err) != SAF_OK)
        fail_msg("%s", err.text);
    assert_string_equal(saf_p11_module_path(w->p11), NSS_MODULE);
}

static saf_p11_session *log_in(signers *w)
{
    saf_p11_session *session = NULL;
    saf_p11_uri uri = { .token = NSS_TOKEN };
    saf_error err = { 0 };
    if (saf_p11_login(&session, w->p11, &uri, NULL, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return session;
}

/* A key of 32 bytes of ones, put there by Cryptoki alone. */
static void add_key(signers *w)
{
    OWN(saf_p11_session) *session = log_in(w);
    assert_non_null(session);
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE;
    unsigned char value[32], id[] = { 0, 0, 0, 9 };
    char label[] = "nss";
    memset(value, 1, sizeof value);
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class },   { CKA_KEY_TYPE, &type, sizeof type }, { CKA_TOKEN, &yes, 1 },
                              { CKA_PRIVATE, &yes, 1 },              { CKA_SENSITIVE, &yes, 1 },           { CKA_SIGN, &yes, 1 },
                              { CKA_VALUE, value, sizeof value },    { CKA_LABEL, label, 3 },              { CKA_ID, id, sizeof id } };
    CK_OBJECT_HANDLE key;
    CK_SESSION_HANDLE raw = softhsm_raw_session(w->p11, NSS_TOKEN);
    assert_int_equal(softhsm_cryptoki(w->p11)->C_CreateObject(raw, wanted, sizeof wanted / sizeof *wanted, &key), CKR_OK);
    softhsm_cryptoki(w->p11)->C_CloseSession(raw);
}

static saf_p11_signer *open_signer(signers *w)
{
    saf_p11_signer *signer = NULL;
    saf_error err = { 0 };
    saf_p11_uri uri = softhsm_uri(uri_of_key);
    if (saf_p11_signer_open(&signer, w->p11, &uri, SAF_P11_HMAC_SHA256, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return signer;
}

TEST(its_tokens_are_listed_by_their_names)
{
    OWN(signers) w = { 0 };
    enter_nss(&w);
    OWN(saf_p11_token_list) list = { 0 };
    assert_int_equal(saf_p11_list_tokens(&list, w.p11, NULL), SAF_OK);
    bool found = false;
    for (size_t i = 0; i < list.count; i++)
        found = found || (!strcmp(list.tokens[i].label, NSS_TOKEN) && list.tokens[i].login_required);
    assert_true(found);
}

TEST(without_parameters_it_says_so)
{
    saf_error err = { 0 };
    saf_p11 *p11 = NULL;
    saf_p11_options options = { .module = NSS_MODULE, .probe_ms = 10000 };
    assert_int_equal(saf_p11_open(&p11, &options, &err), SAF_E_FAILED);
    assert_non_null(strstr(err.text, ": CKR_ARGUMENTS_BAD"));
    assert_non_null(strstr(err.hint, "PATH?PARAMETERS"));
}

TEST(its_keys_sign_and_recover)
{
    OWN(signers) w = { 0 };
    enter_nss(&w);
    add_key(&w);
    OWN(saf_p11_signer) *signer = open_signer(&w);
    assert_int_equal(saf_p11_signer_key_size(signer), 32);
    signers_expect(signer, 1);
    CK_SESSION_HANDLE raw = softhsm_raw_session(w.p11, NSS_TOKEN);
    assert_int_equal(softhsm_cryptoki(w.p11)->C_Logout(raw), CKR_OK);
    signers_expect(signer, 1);
    CK_SESSION_INFO info;
    assert_int_equal(softhsm_cryptoki(w.p11)->C_GetSessionInfo(raw, &info), CKR_OK);
    assert_int_equal(softhsm_cryptoki(w.p11)->C_CloseAllSessions(info.slotID), CKR_OK);
    signers_expect(signer, 1);
    assert_true(w.pins_asked >= 2);
}

TEST(a_kind_of_pair_that_it_cannot_make_is_named)
{
    OWN(signers) w = { 0 };
    enter_nss(&w);
    OWN(saf_p11_session) *session = log_in(&w);
    CK_MECHANISM_INFO info;
    CK_SESSION_INFO about;
    assert_int_equal(softhsm_cryptoki(w.p11)->C_GetSessionInfo(softhsm_raw_session(w.p11, NSS_TOKEN), &about), CKR_OK);
    if (softhsm_cryptoki(w.p11)->C_GetMechanismInfo(about.slotID, CKM_EC_EDWARDS_KEY_PAIR_GEN, &info) == CKR_OK)
        skip(); /* a later release */
    saf_error err = { 0 };
    char uri[SAF_P11_URI_MAX + 1];
    const saf_p11_pair_spec spec = { .label = "ed", .kind = SAF_P11_EDWARDS };
    assert_int_equal(saf_p11_generate_pair(uri, session, &spec, &err), SAF_E_UNSUPPORTED);
    assert_string_equal(err.text, "token " NSS_TOKEN " cannot make Ed25519 keys: it lacks CKM_EC_EDWARDS_KEY_PAIR_GEN");
}

TEST(its_keys_sign_in_a_child)
{
    OWN(signers) w = { 0 };
    enter_nss(&w);
    add_key(&w);
    OWN(saf_p11_signer) *signer = open_signer(&w);
    signers_expect(signer, 1);
    int how;
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        int failures = 0;
        for (int i = 0; i < 20; i++)
            failures += signers_try(signer, 1) != 0;
        _exit(failures || atomic_load(&w.pins_asked) != 2);
    }
    signers_expect(signer, 1);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    signers_expect(signer, 1);
    assert_int_equal(w.pins_asked, 1);
}

/* Its tokens keep no data objects, which the last sequence number is. */
TEST(a_secret_that_it_cannot_number_is_refused_in_words)
{
    OWN(signers) w = { 0 };
    enter_nss(&w);
    OWN(saf_p11_session) *session = log_in(&w);
    saf_p11_secret secret;
    saf_error err = { 0 };
    assert_int_not_equal(saf_p11_generate_secret(&secret, session, &(saf_p11_secret_spec) { .label = "x", .len = 32 }, &err), SAF_OK);
    assert_non_null(strstr(err.text, "sequence number in token NSS Certificate DB"));
}

static int enter_directory(void **state)
{
    return scratch_enter(state);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(its_tokens_are_listed_by_their_names),
        IN_DIRECTORY(without_parameters_it_says_so),
        IN_DIRECTORY(its_keys_sign_and_recover),
        IN_DIRECTORY(a_kind_of_pair_that_it_cannot_make_is_named),
        IN_DIRECTORY(its_keys_sign_in_a_child),
        IN_DIRECTORY(a_secret_that_it_cannot_number_is_refused_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
