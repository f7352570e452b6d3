/*
 * What a certificate says about itself is read in two ways; here they are held against each other, field by field: certificates of all kinds that
 * are made here, and each of them with each of its bytes altered.
 */
#include <support/cm.h>
#include <support/facts-compare.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>

enum { PARTS_MAX = 8 };

/* One attribute of a name. */
typedef struct part {
    const char *type, *value;
    int string_type; /* 0: UTF8String */
    bool joins;      /* the RDN before */
} part;

/* One certificate to make; what is not said is usual. */
typedef struct recipe {
    const char *what;
    bool is_rare; /* left to libcrypto */
    EVP_PKEY *(*make_key)(void);
    part subject[PARTS_MAX], issuer[PARTS_MAX]; /* no issuer: self-issued */
    const char *serial;                         /* decimal */
    const char *not_before, *not_after;
    const char *extensions[PARTS_MAX][2];
    long version;
} recipe;

/* ---- keys ---- */

static EVP_PKEY *make_p256(void)
{
    return EVP_EC_gen("P-256");
}

static EVP_PKEY *make_p384(void)
{
    return EVP_EC_gen("P-384");
}

static EVP_PKEY *make_p521(void)
{
    return EVP_EC_gen("P-521");
}

static EVP_PKEY *make_secp256k1(void)
{
    return EVP_EC_gen("secp256k1");
}

static EVP_PKEY *make_brainpool256(void)
{
    return EVP_EC_gen("brainpoolP256r1");
}

static EVP_PKEY *make_brainpool384(void)
{
    return EVP_EC_gen("brainpoolP384r1");
}

static EVP_PKEY *make_brainpool512(void)
{
    return EVP_EC_gen("brainpoolP512r1");
}

static EVP_PKEY *make_p224(void)
{
    return EVP_EC_gen("P-224");
}

static EVP_PKEY *make_compressed(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed"), 1);
    return key;
}

static EVP_PKEY *make_ed25519(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static EVP_PKEY *make_ed448(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
}

static EVP_PKEY *make_rsa(void)
{
    return EVP_RSA_gen(2048);
}

static EVP_PKEY *make_odd_rsa(void)
{
    return EVP_RSA_gen(1031);
}

static EVP_PKEY *make_pss(int digest)
{
    EVP_PKEY *key = NULL;
    OWN(EVP_PKEY_CTX) *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
    if (digest)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md(context, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_keygen(context, &key), 1);
    return key;
}

static EVP_PKEY *make_rsa_pss(void)
{
    return make_pss(0);
}

static EVP_PKEY *make_restricted_rsa_pss(void)
{
    return make_pss(1);
}

/* ---- certificates ---- */

static void fill_name(X509_NAME *name, const part *parts)
{
    for (; parts->type; parts++) {
        int type = parts->string_type ? parts->string_type : V_ASN1_UTF8STRING;
        /* BMPString and UniversalString are given as they are encoded, with a length in the first byte. */
        bool is_wide = type == V_ASN1_BMPSTRING || type == V_ASN1_UNIVERSALSTRING;
        const unsigned char *value = (const unsigned char *)parts->value + is_wide;
        int len = is_wide ? *(const unsigned char *)parts->value : -1;
        assert_int_equal(X509_NAME_add_entry_by_txt(name, parts->type, type, value, len, -1, parts->joins ? -1 : 0), 1);
    }
}

static void fill_serial(X509 *x509, const char *decimal)
{
    BIGNUM *number = NULL;
    assert_true(BN_dec2bn(&number, decimal ? decimal : "4711") > 0);
    assert_non_null(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)));
    BN_free(number);
}

static void fill_extensions(X509 *x509, const recipe *recipe)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    for (size_t i = 0; i < PARTS_MAX && recipe->extensions[i][0]; i++) {
        OWN(X509_EXTENSION) *extension = X509V3_EXT_conf(NULL, &context, recipe->extensions[i][0], recipe->extensions[i][1]);
        if (!extension)
            fail_msg("%s: cannot make %s", recipe->what, recipe->extensions[i][0]);
        assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    }
}

static X509 *make(const recipe *recipe)
{
    X509 *x509 = X509_new();
    OWN(EVP_PKEY) *key = recipe->make_key ? recipe->make_key() : EVP_EC_gen("P-256");
    assert_int_equal(X509_set_version(x509, recipe->version ? recipe->version - 1 : X509_VERSION_3), 1);
    fill_serial(x509, recipe->serial);
    fill_name(X509_get_subject_name(x509), recipe->subject);
    fill_name(X509_get_issuer_name(x509), recipe->issuer[0].type ? recipe->issuer : recipe->subject);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(x509), recipe->not_before ? recipe->not_before : "250101000000Z"), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(x509), recipe->not_after ? recipe->not_after : "20551231235959Z"), 1);
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    fill_extensions(x509, recipe);
    bool is_edwards = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
    assert_true(X509_sign(x509, key, is_edwards ? NULL : EVP_sha256()) > 0);
    return x509;
}

/* "rare": those that are not read here must stay few and known, or this test would compare nothing. */
static void compare(const recipe *recipe, saf_bytes der)
{
    bool quick;
    const char *difference = facts_difference(&quick, der);
    if (difference)
        fail_msg("%s: the two ways differ in %s", recipe->what, difference);
    if (quick == recipe->is_rare)
        fail_msg("%s: was%s read quickly", recipe->what, quick ? "" : " not");
}

/* Both ways, too, when they refuse; one altered byte of a length or tag is what shows who counts wrong. */
static void compare_altered(const recipe *recipe, unsigned char *der, size_t len)
{
    static const unsigned char alterations[] = { 0x01, 0x80, 0xFF };
    for (size_t i = 0; i < len; i++)
        for (size_t j = 0; j < sizeof alterations; j++) {
            bool quick;
            der[i] ^= alterations[j];
            const char *difference = facts_difference(&quick, saf_bytes_of(der, len));
            der[i] ^= alterations[j];
            if (difference)
                fail_msg("%s, byte %zu altered by %02x: the two ways differ in %s", recipe->what, i, alterations[j], difference);
        }
}

static void try(const recipe *recipe)
{
    unsigned char *der = NULL;
    OWN(X509) *x509 = make(recipe);
    int len = i2d_X509(x509, &der);
    assert_true(len > 0);
    compare(recipe, saf_bytes_of(der, (size_t)len));
    compare_altered(recipe, der, (size_t)len);
    OPENSSL_free(der);
}

static void try_all(const recipe *recipes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        try(&recipes[i]);
}

#define TRY(recipes) try_all(recipes, sizeof recipes / sizeof *recipes)
#define CN(text) .subject = { { "CN", text } }

/* ---- tests ---- */

TEST(both_ways_tell_the_same_of_every_type_of_key)
{
    static const recipe recipes[] = {
        { "RSA", .make_key = make_rsa, CN("x") },
        { "RSA of 1031 bits", .make_key = make_odd_rsa, CN("x") },
        { "RSA-PSS", .make_key = make_rsa_pss, CN("x") },
        { "RSA-PSS with parameters", .is_rare = true, .make_key = make_restricted_rsa_pss, CN("x") },
        { "P-256", .make_key = make_p256, CN("x") },
        { "P-384", .make_key = make_p384, CN("x") },
        { "P-521", .make_key = make_p521, CN("x") },
        { "secp256k1", .make_key = make_secp256k1, CN("x") },
        { "brainpoolP256r1", .make_key = make_brainpool256, CN("x") },
        { "brainpoolP384r1", .make_key = make_brainpool384, CN("x") },
        { "brainpoolP512r1", .make_key = make_brainpool512, CN("x") },
        { "a compressed point", .make_key = make_compressed, CN("x") },
        { "P-224", .is_rare = true, .make_key = make_p224, CN("x") },
        { "Ed25519", .make_key = make_ed25519, CN("x") },
        { "Ed448", .make_key = make_ed448, CN("x") },
    };
    TRY(recipes);
}

TEST(both_ways_tell_the_same_of_names)
{
    static const recipe recipes[] = {
        { "no name", .subject = { { NULL } } },
        { "an empty value", .subject = { { "O", "" } } },
        { "every attribute that is known",
          .subject = { { "C", "CZ" }, { "ST", "B" }, { "L", "B" }, { "O", "B" }, { "OU", "B" }, { "CN", "B" }, { "emailAddress", "a@b", V_ASN1_IA5STRING } } },
        { "every other",
          .subject = { { "serialNumber", "1" }, { "SN", "B" }, { "GN", "B" }, { "street", "B" }, { "title", "B" }, { "DC", "b", V_ASN1_IA5STRING }, { "UID", "B" } } },
        { "PrintableString", .subject = { { "CN", "Test CA (1)", V_ASN1_PRINTABLESTRING } } },
        { "IA5String", .subject = { { "CN", "a@b", V_ASN1_IA5STRING } } },
        { "what is escaped", CN("a,b+c\"d\\e<f>g;h") },
        { "a number sign first", CN("#a") },
        { "a number sign later", CN("a#") },
        { "equals signs", CN("a=b,") },
        { "an equals sign", CN("O=b") },
        { "a blank first", CN(" a") },
        { "a blank last", CN("a ") },
        { "a control character", CN("a\033b") },
        { "UTF-8", CN("Žluťoučký kůň") },
        { "a right-to-left override", CN("a\xE2\x80\xAE" "b") },
        { "T61String", .subject = { { "CN", "\xE9t\xE9", V_ASN1_T61STRING } } },
        { "BMPString", .subject = { { "CN", "\x04\0a\x01\x7E", V_ASN1_BMPSTRING } } },
        { "UniversalString", .subject = { { "CN", "\x08\0\0\0a\0\x01\xF6\0", V_ASN1_UNIVERSALSTRING } } },
        { "an RDN of two attributes", .subject = { { "O", "a" }, { "CN", "b", .joins = true } } },
        { "an attribute that OpenSSL knows", .subject = { { "dnQualifier", "a" } } },
        { "an attribute that nobody knows", .subject = { { "1.2.3.4", "a" } } },
        { "a long name", .subject = { { "O", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
                                      { "OU", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" },
                                      { "CN", "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" } } },
    };
    TRY(recipes);
}

TEST(both_ways_tell_the_same_of_who_issued_itself)
{
    static const recipe recipes[] = {
        { "another issuer", CN("leaf"), .issuer = { { "CN", "Test CA" } } },
        { "another order", .subject = { { "O", "a" }, { "CN", "b" } }, .issuer = { { "CN", "b" }, { "O", "a" } } },
        { "another attribute", .subject = { { "O", "a" } }, .issuer = { { "OU", "a" } } },
        { "another case", CN("Test CA"), .issuer = { { "CN", "TEST ca" } } },
        { "another string type", CN("Test CA"), .issuer = { { "CN", "Test CA", V_ASN1_PRINTABLESTRING } } },
        { "more blanks", CN("Test CA"), .issuer = { { "CN", "Test  CA" } } },
        { "another character", CN("é"), .issuer = { { "CN", "è" } } },
        { "the same wide", CN("ab"), .issuer = { { "CN", "\x04\0a\0b", V_ASN1_BMPSTRING } } },
        { "two attributes in another order", .subject = { { "O", "a" }, { "CN", "b", .joins = true } },
          .issuer = { { "CN", "b" }, { "O", "a", .joins = true } } },
    };
    TRY(recipes);
}

TEST(both_ways_tell_the_same_of_serials)
{
    static const recipe recipes[] = {
        { "0", CN("x"), .serial = "0" },
        { "1", CN("x"), .serial = "1" },
        { "127", CN("x"), .serial = "127" },
        { "128", CN("x"), .serial = "128" },
        { "256", CN("x"), .serial = "256" },
        { "-1", CN("x"), .serial = "-1" },
        { "-128", CN("x"), .serial = "-128" },
        { "-129", CN("x"), .serial = "-129" },
        { "-256", CN("x"), .serial = "-256" },
        { "-65536", CN("x"), .serial = "-65536" },
        { "20 bytes", CN("x"), .serial = "730750818665451459101842416358141509827966271487" },
        { "60 bytes", CN("x"),
          .serial = "12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" },
        { "70 bytes", .is_rare = true, CN("x"),
          .serial = "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
                    "01234567890123456789" },
    };
    TRY(recipes);
}

TEST(both_ways_tell_the_same_of_times)
{
    static const recipe recipes[] = {
        { "the last UTCTime", CN("x"), .not_before = "491231235959Z" },
        { "the first UTCTime", CN("x"), .not_before = "500101000000Z" },
        { "before 1970", CN("x"), .not_before = "690101000000Z" },
        { "a leap day", CN("x"), .not_before = "240229120000Z" },
        { "a leap day of 2000", CN("x"), .not_before = "000229120000Z" },
        { "the end of time", CN("x"), .not_after = "99991231235959Z" },
        { "a leap day of 2400", CN("x"), .not_after = "24000229000000Z" },
        { "long ago", CN("x"), .not_before = "19000228235959Z" },
        { "the year 0", CN("x"), .not_before = "00000101000000Z" },
        { "a GeneralizedTime that could be a UTCTime", CN("x"), .not_before = "20250101000000Z" },
        { "fractions of a second", .is_rare = true, CN("x"), .not_before = "20250101000000.5Z" },
        { "no seconds", .is_rare = true, CN("x"), .not_before = "2501010000Z" },
        { "another zone", .is_rare = true, CN("x"), .not_before = "250101000000+0100" },
    };
    TRY(recipes);
}

TEST(both_ways_tell_the_same_of_who_is_a_ca)
{
#define CA { "basicConstraints", "critical,CA:TRUE" }
    static const recipe recipes[] = {
        { "no extensions", CN("x") },
        { "version 1", .version = 1, CN("x") },
        { "version 2", .version = 2, CN("x") },
        { "a CA", CN("x"), .extensions = { CA } },
        { "no CA", CN("x"), .extensions = { { "basicConstraints", "CA:FALSE" } } },
        { "a path length", CN("x"), .extensions = { { "basicConstraints", "critical,CA:TRUE,pathlen:0" } } },
        { "a long path", .is_rare = true, CN("x"), .extensions = { { "basicConstraints", "critical,CA:TRUE,pathlen:300" } } },
        { "a negative path", .is_rare = true, CN("x"), .extensions = { { "basicConstraints", "critical,CA:TRUE,pathlen:-1" } } },
        { "may sign certificates", CN("x"), .extensions = { CA, { "keyUsage", "critical,keyCertSign,cRLSign" } } },
        { "may not sign certificates", CN("x"), .extensions = { CA, { "keyUsage", "critical,digitalSignature" } } },
        { "two bytes of usage", CN("x"), .extensions = { CA, { "keyUsage", "critical,keyCertSign,decipherOnly" } } },
        { "key identifiers", CN("x"), .extensions = { CA, { "subjectKeyIdentifier", "hash" }, { "authorityKeyIdentifier", "keyid" } } },
        { "an issuer by its serial", .is_rare = true, CN("x"), .extensions = { CA, { "2.5.29.35", "DER:30058203010203" } } },
        { "policies", CN("x"), .extensions = { CA, { "2.5.29.32", "DER:3007300506032A0304" } } },
        { "where to ask", CN("x"), .extensions = { CA, { "authorityInfoAccess", "OCSP;URI:http://a/" } } },
        { "names are constrained", .is_rare = true, CN("x"), .extensions = { CA, { "nameConstraints", "critical,permitted;DNS:a" } } },
        { "something unknown", .is_rare = true, CN("x"), .extensions = { CA, { "1.2.3.4", "DER:0500" } } },
        { "a CA twice", .is_rare = true, CN("x"), .extensions = { CA, CA } },
        { "constraints that are none", .is_rare = true, CN("x"), .extensions = { CA, { "2.5.29.15", "DER:0500" } } },
        { "a server", CN("x"), .extensions = { { "basicConstraints", "critical,CA:FALSE" }, { "keyUsage", "critical,digitalSignature" },
                                               { "extendedKeyUsage", "serverAuth" }, { "subjectAltName", "DNS:a,IP:::1" } } },
        { "a server that is odd", CN("x"), .extensions = { { "2.5.29.17", "DER:0500" }, { "1.2.3.4", "critical,DER:0500" } } },
    };
    TRY(recipes);
}

static unsigned char *der_of(const char *common_name, int *len)
{
    unsigned char *der = NULL;
    const recipe recipe = { "x", .subject = { { "CN", common_name } } };
    OWN(X509) *x509 = make(&recipe);
    *len = i2d_X509(x509, &der);
    assert_true(*len > 0);
    return der;
}

TEST(known_digests_are_taken_and_not_computed)
{
    int len;
    const facts_digests digests = { .fingerprint = { 1, 2 }, .key_id = { 3, 4 } };
    unsigned char *der = der_of("x", &len);
    saf_cert *cert = calloc(1, sizeof *cert);
    assert_int_equal(facts_read(cert, saf_bytes_of(der, (size_t)len), &digests, NULL), SAF_OK);
    assert_memory_equal(cert->fingerprint, digests.fingerprint, SAF_FINGERPRINT_LEN);
    assert_memory_equal(cert->key_id, digests.key_id, SAF_FINGERPRINT_LEN);
    saf_cert_free(&cert);
    OPENSSL_free(der);
}

TEST(what_cannot_be_read_quickly_is_read_by_libcrypto)
{
    int len;
    unsigned char *der = der_of("Žofie", &len);
    saf_cert *cert = calloc(1, sizeof *cert);
    assert_int_equal(facts_read(cert, saf_bytes_of(der, (size_t)len), NULL, NULL), SAF_OK);
    assert_string_equal(cert->subject, "CN=Žofie");
    saf_cert_free(&cert);
    OPENSSL_free(der);
}

TEST(every_shortened_certificate_is_refused)
{
    int len;
    bool quick;
    unsigned char *der = der_of("x", &len);
    for (int i = 0; i < len; i++) {
        unsigned char *copy = malloc((size_t)i + 1); /* of that size, so that a sanitizer sees who reads on */
        memcpy(copy, der, (size_t)i);
        assert_null(facts_difference(&quick, saf_bytes_of(copy, (size_t)i)));
        assert_false(quick);
        free(copy);
    }
    OPENSSL_free(der);
}

TEST(only_the_shortest_length_is_der)
{
    static const char *const longer[] = { "\x30\x81\x00", "\x30\x82\x00\x00", "\x30\x80\x00\x00", "\x30\x84\x00\x00\x00\x00" };
    static const size_t lens[] = { 3, 4, 4, 6 };
    char *empty = facts_quick_name(saf_bytes_of("\x30\x00", 2));
    assert_string_equal(empty, "");
    free(empty);
    for (size_t i = 0; i < 4; i++)
        assert_null(facts_quick_name(saf_bytes_of(longer[i], lens[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_tell_the_same_of_every_type_of_key),
        cmocka_unit_test(both_ways_tell_the_same_of_names),
        cmocka_unit_test(both_ways_tell_the_same_of_who_issued_itself),
        cmocka_unit_test(both_ways_tell_the_same_of_serials),
        cmocka_unit_test(both_ways_tell_the_same_of_times),
        cmocka_unit_test(both_ways_tell_the_same_of_who_is_a_ca),
        cmocka_unit_test(known_digests_are_taken_and_not_computed),
        cmocka_unit_test(what_cannot_be_read_quickly_is_read_by_libcrypto),
        cmocka_unit_test(every_shortened_certificate_is_refused),
        cmocka_unit_test(only_the_shortest_length_is_der),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
