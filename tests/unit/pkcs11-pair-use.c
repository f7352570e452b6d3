/*
 * What can be done with the pairs that we make: everything that a certificate authority or a server needs. By libp11, and, in a token that has a
 * pair that libp11 does not know, by our own provider.
 */
#include <support/key-pairs.h>

#include <openssl/rsa.h>

#include <pthread.h>

typedef void use(EVP_PKEY *key);

static void with_every_kind(use *try)
{
    OWN(pairs) hsm = pairs_enter();
    OWN(EVP_PKEY) *rsa = pairs_load(&hsm, pairs_make(&hsm, &pairs_rsa, "rsa").text);
    try(rsa);
    for (size_t i = 0; i < PAIRS_CURVES; i++) {
        OWN(EVP_PKEY) *key = pairs_load(&hsm, pairs_make(&hsm, &pairs_curves[i], pairs_curves[i].curve).text);
        try(key);
    }
}

static int enter_beside_ed25519(void **state)
{
    if (softhsm_enter(state) != 0)
        return -1;
    OWN(pairs) hsm = pairs_enter();
    pairs_make(&hsm, &pairs_ed25519, "ed25519");
    return 0;
}

#define BESIDE_ED25519(test) { #test "_beside_ed25519", test, enter_beside_ed25519, softhsm_leave, NULL }

/* ---- the public half ---- */

TEST(every_kind_signs_and_shows_its_public_half)
{
    with_every_kind(pairs_expect_signature);
}

TEST(the_public_half_names_its_curve)
{
    OWN(pairs) hsm = pairs_enter();
    for (size_t i = 0; i < PAIRS_CURVES; i++) {
        const char *curve = pairs_curves[i].curve;
        OWN(EVP_PKEY) *key = pairs_load(&hsm, pairs_make(&hsm, &pairs_curves[i], curve).text);
        OWN(EVP_PKEY) *half = pairs_public_half(key);
        OWN(EVP_PKEY) *model = EVP_EC_gen(curve);
        char name[64] = "", expected[64] = "";
        assert_int_equal(EVP_PKEY_get_group_name(key, name, sizeof name, NULL), 1);
        assert_int_equal(EVP_PKEY_get_group_name(model, expected, sizeof expected, NULL), 1);
        assert_string_equal(name, expected);
        assert_int_equal(EVP_PKEY_get_group_name(half, name, sizeof name, NULL), 1);
        assert_string_equal(name, expected);
        assert_int_equal(EVP_PKEY_eq(key, half), 1);
    }
}

TEST(an_rsa_pair_has_the_size_and_exponent_asked_for)
{
    OWN(pairs) hsm = pairs_enter();
    static const unsigned bits[] = { 2048, 3072, 4096 };
    for (size_t i = 0; i < 3; i++) {
        saf_p11_pair_spec spec = { .kind = SAF_P11_RSA, .rsa_bits = bits[i] };
        OWN(EVP_PKEY) *key = pairs_load(&hsm, pairs_make(&hsm, &spec, "rsa").text);
        OWN(EVP_PKEY) *half = pairs_public_half(key);
        OWN(BIGNUM) *exponent = NULL;
        assert_int_equal(EVP_PKEY_get_bits(key), bits[i]);
        assert_int_equal(EVP_PKEY_get_bits(half), bits[i]);
        assert_int_equal(EVP_PKEY_get_bn_param(half, "e", &exponent), 1);
        assert_true(BN_is_word(exponent, 65537));
        pairs_expect_signature(key);
    }
}

/* ---- what a certificate authority does ---- */

static void expect_certificate(EVP_PKEY *key)
{
    OWN(X509) *x509 = pairs_certificate(key, 1);
    OWN(EVP_PKEY) *half = pairs_public_half(key);
    assert_int_equal(X509_verify(x509, half), 1);
    assert_int_equal(X509_check_private_key(x509, key), 1);
}

static void expect_request(EVP_PKEY *key)
{
    X509_REQ *request = X509_REQ_new();
    assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
    assert_true(X509_REQ_sign(request, key, pairs_digest(key, EVP_sha384())) > 0);
    OWN(EVP_PKEY) *half = pairs_public_half(key);
    assert_int_equal(X509_REQ_verify(request, half), 1);
    X509_REQ_free(request);
}

static void expect_crl(EVP_PKEY *key)
{
    X509_CRL *crl = X509_CRL_new();
    OWN(X509) *x509 = pairs_certificate(key, 1);
    assert_int_equal(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
    assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(x509)), 1);
    assert_int_equal(X509_CRL_set1_lastUpdate(crl, X509_get0_notBefore(x509)), 1);
    assert_true(X509_CRL_sign(crl, key, pairs_digest(key, EVP_sha512())) > 0);
    OWN(EVP_PKEY) *half = pairs_public_half(key);
    assert_int_equal(X509_CRL_verify(crl, half), 1);
    X509_CRL_free(crl);
}

TEST(every_kind_signs_certificates)
{
    with_every_kind(expect_certificate);
}

TEST(every_kind_signs_requests)
{
    with_every_kind(expect_request);
}

TEST(every_kind_signs_revocation_lists)
{
    with_every_kind(expect_crl);
}

static void sign_pss(X509 *x509, EVP_PKEY *key, const EVP_MD *hash)
{
    OWN(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *padding = NULL;
    assert_int_equal(EVP_DigestSignInit(context, &padding, hash, NULL, key), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST), 1);
    assert_true(X509_sign_ctx(x509, context) > 0);
}

TEST(an_rsa_pair_signs_with_pss)
{
    OWN(pairs) hsm = pairs_enter();
    OWN(EVP_PKEY) *key = pairs_load(&hsm, pairs_make(&hsm, &pairs_rsa, "pss").text);
    OWN(EVP_PKEY) *half = pairs_public_half(key);
    const EVP_MD *const hashes[] = { EVP_sha256(), EVP_sha384(), EVP_sha512() };
    for (size_t i = 0; i < 3; i++) {
        OWN(X509) *x509 = pairs_certificate(key, 1);
        sign_pss(x509, key, hashes[i]);
        assert_int_equal(X509_get_signature_nid(x509), NID_rsassaPss);
        int hash, bits, secure;
        uint32_t flags;
        assert_int_equal(X509_get_signature_info(x509, &hash, &secure, &bits, &flags), 1);
        assert_int_equal(hash, EVP_MD_get_type(hashes[i]));
        assert_int_equal(X509_verify(x509, half), 1);
    }
}

/* ---- messages in pieces, and digests ---- */

static void expect_pieces(EVP_PKEY *key)
{
    unsigned char signature[1024];
    size_t len = sizeof signature;
    OWN(EVP_MD_CTX) *sign = EVP_MD_CTX_new();
    OWN(EVP_MD_CTX) *verify = EVP_MD_CTX_new();
    OWN(EVP_PKEY) *half = pairs_public_half(key);
    assert_int_equal(EVP_DigestSignInit(sign, NULL, EVP_sha384(), NULL, key), 1);
    assert_int_equal(EVP_DigestSignUpdate(sign, "in ", 3), 1);
    assert_int_equal(EVP_DigestSignUpdate(sign, "pieces", 6), 1);
    assert_int_equal(EVP_DigestSignFinal(sign, signature, &len), 1);
    assert_int_equal(EVP_DigestVerifyInit(verify, NULL, EVP_sha384(), NULL, half), 1);
    assert_int_equal(EVP_DigestVerify(verify, signature, len, (const unsigned char *)"in pieces", 9), 1);
}

static void expect_digest(EVP_PKEY *key)
{
    unsigned char digest[32] = { 1, 2, 3 }, signature[1024];
    size_t len = sizeof signature;
    OWN(EVP_PKEY) *half = pairs_public_half(key);
    OWN(EVP_PKEY_CTX) *sign = EVP_PKEY_CTX_new(key, NULL);
    OWN(EVP_PKEY_CTX) *verify = EVP_PKEY_CTX_new(half, NULL);
    assert_true(EVP_PKEY_sign_init(sign) > 0 && EVP_PKEY_CTX_set_signature_md(sign, EVP_sha256()) > 0);
    assert_true(EVP_PKEY_sign(sign, signature, &len, digest, sizeof digest) > 0);
    assert_true(EVP_PKEY_verify_init(verify) > 0 && EVP_PKEY_CTX_set_signature_md(verify, EVP_sha256()) > 0);
    assert_int_equal(EVP_PKEY_verify(verify, signature, len, digest, sizeof digest), 1);
    digest[0] ^= 1;
    assert_int_not_equal(EVP_PKEY_verify(verify, signature, len, digest, sizeof digest), 1);
}

TEST(every_kind_signs_messages_in_pieces)
{
    with_every_kind(expect_pieces);
}

TEST(every_kind_signs_digests)
{
    with_every_kind(expect_digest);
}

/* ---- finding ---- */

static saf_status find_pair(pair_uri *out, const pairs *hsm, const char *text, saf_error *err)
{
    saf_p11_uri uri = softhsm_uri(text);
    return saf_p11_find_pair(out->text, hsm->session, &uri, err);
}

TEST(a_pair_is_found_by_a_part_of_its_name)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri made = pairs_make(&hsm, &pairs_p256, "found");
    pair_uri found;
    assert_int_equal(find_pair(&found, &hsm, "pkcs11:token=ZWE.KEYS;object=found", NULL), SAF_OK);
    assert_string_equal(found.text, made.text);
    assert_int_equal(find_pair(&found, &hsm, made.text, NULL), SAF_OK);
    assert_string_equal(found.text, made.text);
    pairs_make(&hsm, &pairs_p256, "found");
    saf_error err = { 0 };
    assert_int_equal(find_pair(&found, &hsm, "pkcs11:token=ZWE.KEYS;object=found", &err), SAF_E_CONFLICT);
    assert_int_equal(find_pair(&found, &hsm, "pkcs11:token=ZWE.KEYS;object=other", &err), SAF_E_NOT_FOUND);
}

/* ---- loading and making in turn ---- */

TEST(a_pair_is_made_and_used_while_an_authority_s_key_is_loaded)
{
    OWN(pairs) hsm = pairs_enter();
    OWN(EVP_PKEY) *authority = pairs_load(&hsm, pairs_make(&hsm, &pairs_rsa, "authority").text);
    pairs_expect_signature(authority);
    OWN(EVP_PKEY) *server = pairs_load(&hsm, pairs_make(&hsm, &pairs_p256, "server").text);
    OWN(X509) *x509 = pairs_certificate(server, 2);
    assert_true(X509_sign(x509, authority, EVP_sha256()) > 0);
    OWN(EVP_PKEY) *half = pairs_public_half(authority);
    assert_int_equal(X509_verify(x509, half), 1);
    assert_int_equal(X509_check_private_key(x509, server), 1);
    pairs_expect_signature(server);
    pairs_expect_signature(authority);
}

TEST(fifty_pairs_of_one_process_are_all_good)
{
    enum { BULK = 50 };
    OWN(pairs) hsm = pairs_enter();
    OWN(EVP_PKEY) *authority = pairs_load(&hsm, pairs_make(&hsm, &pairs_p256, "authority").text);
    EVP_PKEY *keys[BULK];
    for (int i = 0; i < BULK; i++) {
        pair_uri uri = pairs_make(&hsm, &pairs_p256, "bulk"); /* one label: the id tells them apart */
        keys[i] = pairs_load(&hsm, uri.text);
        pairs_expect_signature(keys[i]);
        pairs_expect_signature(authority);
        OWN(X509) *x509 = pairs_certificate(keys[i], i);
        assert_int_equal(pairs_put(&hsm, uri.text, x509, NULL), SAF_OK);
    }
    for (int i = 0; i < BULK; i++) {
        pairs_expect_signature(keys[i]);
        assert_int_equal(EVP_PKEY_eq(keys[i], keys[(i + 1) % BULK]), 0);
        EVP_PKEY_free(keys[i]);
    }
    assert_int_equal(pairs_count(&hsm, CKO_CERTIFICATE, "bulk"), BULK);
}

/* ---- threads ---- */

typedef struct worker {
    pthread_t thread;
    const pairs *hsm;
    EVP_PKEY *authority;
    int number;
    int failures;
} worker;

static int sign_once(EVP_PKEY *key)
{
    unsigned char signature[1024];
    size_t len = sizeof signature;
    OWN(EVP_MD_CTX) *context = EVP_MD_CTX_new();
    return EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
           EVP_DigestSign(context, signature, &len, (const unsigned char *)"x", 1) == 1 &&
           EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
           EVP_DigestVerify(context, signature, len, (const unsigned char *)"x", 1) == 1;
}

/* A session of its own, a pair, its certificate by the shared authority, and away with it. */
static saf_status make_use_destroy(const worker *self, int round)
{
    char label[32];
    char text[SAF_P11_URI_MAX + 1];
    saf_p11_uri uri = { .token = "ZWE.KEYS" };
    OWN(saf_p11_session) *session = NULL;
    OWN(EVP_PKEY) *key = NULL;
    OWN(X509) *x509 = X509_new();
    snprintf(label, sizeof label, "thread %d.%d", self->number, round);
    saf_p11_pair_spec spec = pairs_p256;
    spec.label = label;
    saf_status status = saf_p11_login(&session, self->hsm->p11, &uri, NULL, NULL);
    if (status == SAF_OK)
        status = saf_p11_generate_pair(text, session, &spec, NULL);
    if (status == SAF_OK)
        status = saf_p11_uri_parse(&uri, text, NULL);
    if (status == SAF_OK)
        status = saf_p11_load_private_key(&key, self->hsm->p11, &uri, NULL, NULL);
    if (status == SAF_OK && (!sign_once(key) || !sign_once(self->authority) || !X509_set_pubkey(x509, key) ||
                             !X509_sign(x509, self->authority, EVP_sha256())))
        status = SAF_E_FAILED;
    return status == SAF_OK && round % 2 ? saf_p11_destroy_pair(session, &uri, NULL) : status;
}

static void *work(void *context)
{
    worker *self = context;
    for (int round = 0; round < 10; round++)
        self->failures += make_use_destroy(self, round) != SAF_OK;
    return NULL;
}

TEST(threads_make_load_sign_and_destroy_side_by_side)
{
    enum { THREADS = 6 };
    OWN(pairs) hsm = pairs_enter();
    OWN(EVP_PKEY) *authority = pairs_load(&hsm, pairs_make(&hsm, &pairs_rsa, "authority").text);
    worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker) { .hsm = &hsm, .authority = authority, .number = i };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    int failures = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        failures += workers[i].failures;
    }
    assert_int_equal(failures, 0);
    assert_int_equal(pairs_count(&hsm, CKO_PRIVATE_KEY, NULL), 1 + THREADS * 5);
    assert_int_equal(pairs_count(&hsm, CKO_PUBLIC_KEY, NULL), 1 + THREADS * 5);
}

/* SoftHSM 2.6.1 breaks what one thread makes while another looks for something else (its issue 573). */
static void *look(void *context)
{
    worker *self = context;
    saf_p11_uri uri = { .token = "ZWE.KEYS" };
    for (int round = 0; round < 200; round++) {
        OWN(saf_p11_session) *session = NULL;
        OWN(saf_p11_secret_list) list = { 0 };
        OWN(saf_p11_signer) *signer = NULL;
        self->failures += saf_p11_login(&session, self->hsm->p11, &uri, NULL, NULL) != SAF_OK ||
                          saf_p11_list_secrets(&list, session, NULL, NULL) != SAF_OK || list.count != 1 ||
                          saf_p11_signer_open(&signer, self->hsm->p11, &uri, SAF_P11_HMAC_SHA256, NULL) != SAF_OK;
    }
    return NULL;
}

TEST(threads_that_look_do_not_disturb_threads_that_make)
{
    enum { THREADS = 4 };
    OWN(pairs) hsm = pairs_enter();
    saf_p11_secret secret;
    assert_int_equal(saf_p11_generate_secret(&secret, hsm.session, &(saf_p11_secret_spec) { .label = "x", .len = 32 }, NULL),
                     SAF_OK);
    OWN(EVP_PKEY) *authority = pairs_load(&hsm, pairs_make(&hsm, &pairs_p256, "authority").text);
    worker workers[THREADS];
    int failures = 0;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker) { .hsm = &hsm, .authority = authority, .number = i };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, i % 2 ? look : work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        failures += workers[i].failures;
    }
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(every_kind_signs_and_shows_its_public_half),
        IN_SOFTHSM(the_public_half_names_its_curve),
        IN_SOFTHSM(an_rsa_pair_has_the_size_and_exponent_asked_for),
        IN_SOFTHSM(every_kind_signs_certificates),
        IN_SOFTHSM(every_kind_signs_requests),
        IN_SOFTHSM(every_kind_signs_revocation_lists),
        IN_SOFTHSM(an_rsa_pair_signs_with_pss),
        IN_SOFTHSM(a_pair_is_found_by_a_part_of_its_name),
        IN_SOFTHSM(a_pair_is_made_and_used_while_an_authority_s_key_is_loaded),
        IN_SOFTHSM(fifty_pairs_of_one_process_are_all_good),
        IN_SOFTHSM(threads_make_load_sign_and_destroy_side_by_side),
        IN_SOFTHSM(threads_that_look_do_not_disturb_threads_that_make),
        IN_SOFTHSM(every_kind_signs_messages_in_pieces),
        IN_SOFTHSM(every_kind_signs_digests),
        BESIDE_ED25519(every_kind_signs_and_shows_its_public_half),
        BESIDE_ED25519(the_public_half_names_its_curve),
        BESIDE_ED25519(an_rsa_pair_has_the_size_and_exponent_asked_for),
        BESIDE_ED25519(every_kind_signs_certificates),
        BESIDE_ED25519(every_kind_signs_requests),
        BESIDE_ED25519(every_kind_signs_revocation_lists),
        BESIDE_ED25519(an_rsa_pair_signs_with_pss),
        BESIDE_ED25519(a_pair_is_made_and_used_while_an_authority_s_key_is_loaded),
        BESIDE_ED25519(fifty_pairs_of_one_process_are_all_good),
        BESIDE_ED25519(threads_that_look_do_not_disturb_threads_that_make),
        BESIDE_ED25519(every_kind_signs_messages_in_pieces),
        BESIDE_ED25519(every_kind_signs_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
