#include <support/issuer-world.h>

#include <base/fail.h>
#include <base/own-openssl.h>

enum { NOW = 1790000000 };

static const saf_principal alice = { "alice" };

void assert_ok(saf_status status, const saf_error *err)
{
    if (status != SAF_OK)
        fail_msg("%s: %s", saf_status_name(status), err->text);
}

void assert_fails(saf_status status, saf_status expected, const saf_error *err, const char *text)
{
    if (status != expected || !strstr(err->text, text))
        fail_msg("expected %s \"…%s…\", got %s \"%s\"", saf_status_name(expected), text, saf_status_name(status), err->text);
    assert_int_equal(err->status, expected);
}

/* ---- the PKCS#11 token --------------------------------------------------------------------------------------- */

static void make_secret(char uri[SAF_P11_URI_MAX + 1], saf_p11_session *session, const char *label, size_t len)
{
    saf_error err = { 0 };
    saf_p11_secret secret;
    saf_p11_secret_spec spec = { .label = label, .len = len };
    assert_ok(saf_p11_generate_secret(&secret, session, &spec, &err), &err);
    memcpy(uri, secret.uri, sizeof secret.uri);
}

void world_make_pair(saf_p11 *p11)
{
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG bits = 2048;
    unsigned char id[] = { 7 }, exponent[] = { 1, 0, 1 };
    char label[] = "pair";
    CK_ATTRIBUTE public[] = {
        { CKA_TOKEN, &yes, sizeof yes }, { CKA_ID, id, sizeof id }, { CKA_LABEL, label, 4 }, { CKA_VERIFY, &yes, sizeof yes },
        { CKA_MODULUS_BITS, &bits, sizeof bits }, { CKA_PUBLIC_EXPONENT, exponent, sizeof exponent }
    };
    CK_ATTRIBUTE private[] = {
        { CKA_TOKEN, &yes, sizeof yes }, { CKA_ID, id, sizeof id }, { CKA_LABEL, label, 4 }, { CKA_SIGN, &yes, sizeof yes },
        { CKA_PRIVATE, &yes, sizeof yes }, { CKA_SENSITIVE, &yes, sizeof yes }
    };
    CK_MECHANISM mechanism = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
    CK_OBJECT_HANDLE public_key, private_key;
    saf_p11_session *login = softhsm_login(p11, "ISSUER");
    CK_SESSION_HANDLE session = softhsm_raw_session(p11, "ISSUER");
    assert_int_equal(softhsm_cryptoki(p11)->C_GenerateKeyPair(session, &mechanism, public, 6, private, 6, &public_key,
                                                              &private_key),
                     CKR_OK);
    saf_p11_logout(&login);
}

/* No assertions: it is called from threads, and cmocka is for the main one. */
static saf_status give_pin(void *context, const saf_p11_token *token, saf_secret *pin, saf_error *err)
{
    world *w = context;
    if (strcmp(token->label, "ISSUER"))
        return SAF_E_FAILED;
    atomic_fetch_add(&w->pins_asked, 1);
    if (!w->pin)
        return saf_fail(err, SAF_E_DENIED, "token %s wants a PIN, and there is none", token->label);
    return saf_secret_set(pin, saf_bytes_of_text(w->pin), err);
}

static void world_open_p11(world *w)
{
    saf_error err = { 0 };
    saf_p11_options options = { .pin = give_pin, .pin_context = w };
    assert_ok(saf_p11_open(&w->p11, &options, &err), &err);
}

void world_reopen_p11(world *w)
{
    world_close_issuer(w);
    saf_p11_close(&w->p11);
    world_open_p11(w);
    world_open_issuer(w);
}

static void make_token(world *w)
{
    world_open_p11(w);
    softhsm_init_token(w->p11, "ISSUER");
    OWN(saf_p11_session) *session = softhsm_login(w->p11, "ISSUER");
    make_secret(w->hs512_uri, session, "jwt", 64);
    make_secret(w->short_uri, session, "short", 32);
}

/* ---- store and issuer ---------------------------------------------------------------------------------------- */

static int64_t read_clock(void *context)
{
    return atomic_load(&((world *)context)->now);
}

/* No assertions: it is called from threads, and cmocka is for the main one. */
static saf_decision decide(void *context, const saf_principal *who, const saf_question *question)
{
    const world *w = context;
    bool is_token = question->function == SAF_FN_TOKEN_SIGN || question->function == SAF_FN_TOKEN_VERIFY;
    if (!is_token)
        return !who->user || !strcmp(who->user, "ADMIN") ? SAF_ALLOW : SAF_DENY;
    if (strcmp(question->owner, "ZOWE") || !who->user || strcmp(who->user, "ALICE"))
        return SAF_NO_DECISION;
    return w->bob_is_denied && !strcmp(question->name, "BOB") ? SAF_DENY : SAF_ALLOW;
}

void world_open_issuer(world *w)
{
    saf_error err = { 0 };
    saf_issuer_options options = {
        .store = w->store, .p11 = w->p11, .lane = &w->clock, .leeway_sec = w->leeway_sec
    };
    assert_ok(saf_issuer_open(&w->issuer, &options, &err), &err);
    assert_ok(saf_issuer_lane_open(&w->lane, w->issuer, &err), &err);
}

void world_close_issuer(world *w)
{
    saf_issuer_lane_close(&w->lane);
    saf_issuer_close(&w->issuer);
}

static void open_stores(world *w)
{
    saf_error err = { 0 };
    saf_store_options options = { .authority = decide, .authority_context = w };
    assert_ok(saf_store_create("store", NULL, &err), &err);
    assert_ok(saf_store_open(&w->admin, "store", &options, &err), &err);
    assert_ok(saf_store_open(&w->store, "store", &options, &err), &err);
}

int world_enter(void **state)
{
    world *w = calloc(1, sizeof *w);
    *state = w;
    if (softhsm_enter(&w->scratch) != 0)
        return -1;
    w->pin = SOFTHSM_PIN;
    w->clock = (saf_idt_lane_options) { .now = read_clock, .now_context = w };
    atomic_init(&w->now, NOW);
    make_token(w);
    open_stores(w);
    world_open_issuer(w);
    return 0;
}

int world_leave(void **state)
{
    world *w = *state;
    void *scratch = w->scratch;
    world_close_issuer(w);
    saf_p11_close(&w->p11);
    saf_store_close(&w->store);
    saf_store_close(&w->admin);
    free(w);
    return softhsm_leave(&scratch);
}

/* ---- what the administrator does ----------------------------------------------------------------------------- */

saf_change *world_begin(world *w)
{
    static const saf_principal admin = { "ADMIN" };
    saf_error err = { 0 };
    saf_change *change = NULL;
    assert_ok(saf_change_begin(&change, w->admin, &admin, &err), &err);
    return change;
}

saf_policy world_policy(const char *alg, const char *key)
{
    saf_policy policy = { .appl = "ZOWE", .user = "*", .timeout_min = 5 };
    snprintf(policy.alg, sizeof policy.alg, "%s", alg);
    snprintf(policy.key, sizeof policy.key, "%s", key);
    return policy;
}

void world_put(world *w, const saf_policy *policy)
{
    saf_error err = { 0 };
    saf_change *change = world_begin(w);
    assert_ok(saf_store_put_policy(change, policy, &err), &err);
    assert_ok(saf_change_commit(&change, &err), &err);
}

void world_put_policy(world *w, const char *alg, const char *key)
{
    saf_policy policy = world_policy(alg, key);
    world_put(w, &policy);
}

void world_put_policy_for(world *w, const char *user, unsigned timeout_min)
{
    saf_policy policy = world_policy("HS512", w->hs512_uri);
    snprintf(policy.user, sizeof policy.user, "%s", user);
    policy.timeout_min = timeout_min;
    world_put(w, &policy);
}

static X509 *self_sign(EVP_PKEY *key, const char *name, long serial)
{
    X509 *cert = X509_new();
    X509_NAME *subject = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, subject);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_version(cert, X509_VERSION_3);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

/* Into the ring ZWESVUSR/Tokens, whose default it becomes. */
static void connect_cert(saf_change *change, const char *label)
{
    saf_error err = { 0 };
    saf_connect_request request = {
        .ring_owner = "ZWESVUSR", .ring_name = "Tokens", .cert_owner = "ZWESVUSR", .cert_label = label,
        .usage = SAF_USAGE_PERSONAL, .is_default = SAF_DEFAULT
    };
    assert_ok(saf_ring_connect(change, &request, &err), &err);
}

void world_add_cert(saf_change *change, const char *label, EVP_PKEY *key, const char *key_uri, saf_trust trust)
{
    saf_error err = { 0 };
    OWN(X509) *cert = self_sign(key, label, 1);
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    assert_true(len > 0);
    saf_cert_entry entry = {
        .owner = "ZWESVUSR", .label = label, .trust = trust, .der = saf_bytes_of(der, (size_t)len),
        .key = key_uri ? NULL : key, .key_uri = key_uri
    };
    assert_ok(saf_store_add_cert(change, &entry, &err), &err);
    OPENSSL_free(der);
    connect_cert(change, label);
}

void world_make_ring(world *w)
{
    saf_error err = { 0 };
    saf_change *change = world_begin(w);
    assert_ok(saf_ring_create(change, "ZWESVUSR", "Tokens", &err), &err);
    assert_ok(saf_change_commit(&change, &err), &err);
}

void world_add_to_ring(world *w, const char *label, EVP_PKEY *key, saf_trust trust)
{
    saf_error err = { 0 };
    saf_change *change = world_begin(w);
    world_add_cert(change, label, key, NULL, trust);
    assert_ok(saf_change_commit(&change, &err), &err);
}

/* ---- what servers do ----------------------------------------------------------------------------------------- */

saf_status world_try_sign(saf_issuer_lane *lane, const char *user, token *out, saf_error *err)
{
    static const char *const amr[] = { "saf-pwd" };
    saf_issuer_request request = { .appl = "zowe", .user = user, .amr = amr, .amr_count = 1 };
    return saf_issuer_sign(lane, &alice, &request, out->text, sizeof out->text, &out->len, err);
}

token world_sign(world *w, const char *user)
{
    saf_error err = { 0 };
    token made = { .len = 0 };
    assert_ok(world_try_sign(w->lane, user, &made, &err), &err);
    return made;
}

void assert_sign_fails(world *w, saf_status expected, const char *text)
{
    saf_error err = { 0 };
    token made;
    assert_fails(world_try_sign(w->lane, "bob", &made, &err), expected, &err, text);
}

saf_idt_result world_verify(world *w, const char *user, const token *seen, saf_issuer_origin origin)
{
    saf_error err = { 0 };
    saf_idt_result result;
    saf_bytes bytes = saf_bytes_of(seen->text, seen->len);
    assert_ok(saf_issuer_verify(w->lane, &alice, "Zowe", user, origin, bytes, &result, &err), &err);
    return result;
}

void assert_verdict(world *w, const token *seen, saf_issuer_origin origin, saf_idt_verdict verdict)
{
    assert_string_equal(saf_idt_verdict_name(world_verify(w, "bob", seen, origin).verdict), saf_idt_verdict_name(verdict));
}

void assert_good(world *w, const token *seen)
{
    assert_verdict(w, seen, SAF_FROM_END_USER, SAF_IDT_GOOD);
    assert_verdict(w, seen, SAF_FROM_APPLICATION, SAF_IDT_GOOD);
}

int64_t world_lifetime(world *w, const char *user)
{
    token made = world_sign(w, user);
    saf_idt_result result = world_verify(w, user, &made, SAF_FROM_END_USER);
    assert_int_equal(result.verdict, SAF_IDT_GOOD);
    assert_int_equal(result.iat, atomic_load(&w->now));
    return result.exp - result.iat;
}

saf_idt_peek world_look(const token *made)
{
    saf_idt_lane *lane = NULL;
    saf_idt_verdict verdict;
    saf_idt_peek peek;
    assert_int_equal(saf_idt_lane_open(&lane, NULL, NULL), SAF_OK);
    assert_int_equal(saf_idt_look(lane, saf_bytes_of(made->text, made->len), &verdict, &peek), SAF_OK);
    assert_int_equal(verdict, SAF_IDT_GOOD);
    saf_idt_lane_close(&lane);
    peek.header = peek.payload = (saf_bytes) { 0 };
    return peek;
}
