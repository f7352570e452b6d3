#include <support/cert-world.h>

#include <base/buffer.h>

#include <openssl/pem.h>

/* CERTAUTH/root signed CERTAUTH/sub, which signed ZWESVUSR/localhost. */
static saf_store *store_with_chain(void)
{
    saf_store *store = certs_store();
    certs_issue_ca(store, "root", NULL, -1);
    certs_issue_ca(store, "sub", "root", -1);
    certs_keep_issued(store, certs_leaf("sub"));
    return store;
}

static saf_status export(saf_blob *out, saf_store *store, saf_export_request request, saf_error *err)
{
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", "localhost");
    request.cert = cert;
    return saf_cert_export(out, store, &CERTS_WHO, &request, err);
}

static void assert_refused(saf_store *store, saf_export_request request, saf_status status, const char *message)
{
    OWN(saf_blob) blob = { 0 };
    saf_error err = { 0 };
    assert_int_equal(export(&blob, store, request, &err), status);
    assert_string_equal(err.text, message);
    assert_null(blob.data);
}

/* The subjects of a PEM file's certificates, and whether a private key follows. */
static void assert_pem(const saf_blob *blob, const char *expected)
{
    OWN(BIO) *bio = BIO_new_mem_buf(blob->data, (int)blob->len);
    OWN(saf_buffer) found = { 0 };
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    while (PEM_read_bio(bio, &name, &header, &data, &len)) {
        const unsigned char *at = data;
        OWN(X509) *x509 = strcmp(name, "CERTIFICATE") ? NULL : d2i_X509(NULL, &at, len);
        char cn[80] = "";
        if (x509)
            X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, cn, sizeof cn);
        saf_buffer_printf(&found, "[%s]", x509 ? cn : name);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    assert_string_equal(saf_buffer_text(&found), expected);
}

TEST(format_reads_its_names)
{
    saf_format format;
    CERTS_OK(saf_format_parse(&format, "pem", oops));
    assert_int_equal(format, SAF_FORMAT_PEM);
    CERTS_OK(saf_format_parse(&format, "DER", oops));
    assert_int_equal(format, SAF_FORMAT_DER);
    CERTS_OK(saf_format_parse(&format, "p12", oops));
    assert_int_equal(format, SAF_FORMAT_P12);
    CERTS_OK(saf_format_parse(&format, "P7", oops));
    assert_int_equal(format, SAF_FORMAT_P7);
    saf_error err = { 0 };
    assert_int_equal(saf_format_parse(&format, "jks", &err), SAF_E_USAGE);
    assert_string_equal(err.text, "\"jks\" is not a format; known are pem, der, p12 and p7");
}

TEST(export_writes_der)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", "localhost");
    OWN(saf_blob) blob = { 0 };
    CERTS_OK(export(&blob, store, (saf_export_request) { .format = SAF_FORMAT_DER }, oops));
    assert_int_equal(blob.len, cert->der.len);
    assert_memory_equal(blob.data, cert->der.data, blob.len);
}

TEST(export_writes_pem_leaf_first_key_last)
{
    OWN(saf_store) *store = store_with_chain();
    static const struct {
        bool with_key, with_chain, key_only;
        const char *expected;
    } forms[] = { { false, false, false, "[Zowe Service]" },
                  { false, true, false, "[Zowe Service][sub][root]" },
                  { true, true, false, "[Zowe Service][sub][root][PRIVATE KEY]" },
                  { true, false, false, "[Zowe Service][PRIVATE KEY]" },
                  { false, true, true, "[PRIVATE KEY]" } };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        OWN(saf_blob) blob = { 0 };
        CERTS_OK(export(&blob, store, (saf_export_request) { .with_key = forms[i].with_key,
                                                             .with_chain = forms[i].with_chain,
                                                             .key_only = forms[i].key_only }, oops));
        assert_pem(&blob, forms[i].expected);
    }
}

TEST(export_encrypts_a_pem_key_with_the_password)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_secret) password = certs_secret("sesame");
    OWN(saf_blob) blob = { 0 };
    CERTS_OK(export(&blob, store, (saf_export_request) { .with_key = true, .password = &password }, oops));
    assert_pem(&blob, "[Zowe Service][ENCRYPTED PRIVATE KEY]");
    OWN(saf_bundle) *bundle = NULL;
    CERTS_OK(saf_bundle_read(&bundle, certs_bytes(&blob), &password, NULL, "out", oops));
    assert_non_null(saf_bundle_key(bundle));
}

TEST(export_does_not_take_an_empty_password_for_none)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_secret) empty = { 0 };
    assert_refused(store, (saf_export_request) { .with_key = true, .password = &empty }, SAF_E_USAGE, "the password is empty");
}

TEST(export_refuses_what_a_format_cannot_hold)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_secret) empty = { 0 };
    static const char der[] = "DER holds one certificate; a chain or key goes into PEM or PKCS#12";
    assert_refused(store, (saf_export_request) { .format = SAF_FORMAT_DER, .with_key = true }, SAF_E_UNSUPPORTED, der);
    assert_refused(store, (saf_export_request) { .format = SAF_FORMAT_DER, .with_chain = true }, SAF_E_UNSUPPORTED, der);
    assert_refused(store, (saf_export_request) { .format = SAF_FORMAT_P12, .with_key = true }, SAF_E_USAGE,
                   "a PKCS#12 needs a password");
    assert_refused(store, (saf_export_request) { .format = SAF_FORMAT_P12, .password = &empty }, SAF_E_USAGE,
                   "a PKCS#12 needs a password");
    assert_refused(store, (saf_export_request) { .format = SAF_FORMAT_P12, .key_only = true, .password = &empty },
                   SAF_E_USAGE, "a private key alone goes into PEM");
}

TEST(export_tells_a_missing_key_from_one_in_a_token)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "x", .key = key });
    OWN(saf_cert) *foreign = certs_import(store, "ZWESVUSR", "foreign", x509, NULL, 0);
    saf_issue_request request = certs_leaf(NULL);
    request.key_uri = "pkcs11:token=t;object=x";
    certs_keep_issued(store, request);
    assert_refused(store, (saf_export_request) { .with_key = true }, SAF_E_UNSUPPORTED,
                   "the private key of ZWESVUSR/localhost is in a token and stays there");
    OWN(saf_blob) blob = { 0 };
    saf_error err = { 0 };
    saf_export_request foreign_request = { .cert = foreign, .key_only = true };
    assert_int_equal(saf_cert_export(&blob, store, &CERTS_WHO, &foreign_request, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "ZWESVUSR/foreign has no private key here");
}

static saf_decision deny_keys(__attribute__((unused)) void *context, __attribute__((unused)) const saf_principal *who,
                              const saf_question *question)
{
    return question->function == SAF_FN_CERT_KEY ? SAF_DENY : SAF_ALLOW;
}

TEST(export_asks_the_authority_for_the_key)
{
    OWN(saf_store) *store = store_with_chain();
    saf_store_close(&store);
    saf_store_options options = { .authority = deny_keys };
    CERTS_OK(saf_store_open(&store, "store", &options, oops));
    OWN(saf_blob) blob = { 0 };
    CERTS_OK(export(&blob, store, (saf_export_request) { .with_chain = true }, oops));
    OWN(saf_blob) none = { 0 };
    assert_int_equal(export(&none, store, (saf_export_request) { .with_key = true }, NULL), SAF_E_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_reads_its_names),
        IN_SCRATCH(export_writes_der),
        IN_SCRATCH(export_writes_pem_leaf_first_key_last),
        IN_SCRATCH(export_encrypts_a_pem_key_with_the_password),
        IN_SCRATCH(export_does_not_take_an_empty_password_for_none),
        IN_SCRATCH(export_refuses_what_a_format_cannot_hold),
        IN_SCRATCH(export_tells_a_missing_key_from_one_in_a_token),
        IN_SCRATCH(export_asks_the_authority_for_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
