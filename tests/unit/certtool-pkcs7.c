/* PKCS#7 as a collection of certificates: read in all forms, written in two. */
#include <support/bundle-world.h>

OWN_POINTER(PKCS7, PKCS7_free)

static PKCS7 *make_p7(const world *world)
{
    PKCS7 *p7 = PKCS7_new();
    assert_int_equal(PKCS7_set_type(p7, NID_pkcs7_signed), 1);
    assert_int_equal(PKCS7_content_new(p7, NID_pkcs7_data), 1);
    assert_int_equal(PKCS7_add_certificate(p7, world->ca), 1);
    assert_int_equal(PKCS7_add_certificate(p7, world->leaf), 1);
    return p7;
}

static void add_p7(saf_buffer *out, PKCS7 *p7)
{
    unsigned char *der = NULL;
    int len = i2d_PKCS7(p7, &der);
    assert_true(len > 0);
    saf_buffer_append(out, saf_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
}

static void add_text(saf_buffer *out, const char *bytes, size_t len)
{
    saf_buffer_append(out, saf_bytes_of(bytes, len));
}

#define ADD(out, bytes) add_text((out), (bytes), sizeof(bytes) - 1)

/* ContentInfo up to the certificates, each length left open (X.690 8.1.3.6). */
static void begin_ber(saf_buffer *out)
{
    ADD(out, "\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02\xA0\x80\x30\x80\x02\x01\x01\x31\x00"
             "\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01\x00\x00\xA0\x80");
}

/* The end of certificates, no signers, and the ends of the three that are open. */
static void end_ber(saf_buffer *out)
{
    ADD(out, "\x00\x00\x31\x00\x00\x00\x00\x00\x00\x00");
}

static void assert_certs(const saf_buffer *content, const world *world)
{
    OWN(saf_bundle) *bundle = NULL;
    CERTS_OK(read_text(&bundle, content, NULL, NULL, oops));
    assert_is(saf_bundle_cert(bundle), world->leaf);
    assert_null(saf_bundle_key(bundle));
    assert_int_equal(saf_bundle_chain_size(bundle), 1);
    assert_is(saf_bundle_chain_at(bundle, 0), world->ca);
}

TEST(pkcs7_is_read_as_der_and_as_pem_of_three_names)
{
    static const char *const names[] = { "PKCS7", "PKCS #7 SIGNED DATA", "CERTIFICATE" };
    OWN(world) world = make_world();
    OWN(PKCS7) *p7 = make_p7(&world);
    OWN(saf_buffer) der = { 0 };
    add_p7(&der, p7);
    assert_certs(&der, &world);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        OWN(BIO) *bio = BIO_new(BIO_s_mem());
        OWN(saf_buffer) pem = { 0 };
        assert_true(PEM_write_bio(bio, names[i], "", der.data, (long)der.len) > 0);
        append_bio(&pem, bio);
        assert_certs(&pem, &world);
    }
}

TEST(pkcs7_is_read_as_ber_of_indefinite_lengths)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) ber = { 0 };
    begin_ber(&ber);
    add_der(&ber, world.leaf);
    add_der(&ber, world.ca);
    end_ber(&ber);
    assert_certs(&ber, &world);
}

/* RFC 5652 10.2.3: [2] is an attribute certificate. */
TEST(pkcs7_may_hold_other_things_than_certificates)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) ber = { 0 };
    begin_ber(&ber);
    ADD(&ber, "\xA2\x80\x02\x01\x01\x00\x00");
    add_der(&ber, world.leaf);
    add_der(&ber, world.ca);
    end_ber(&ber);
    assert_certs(&ber, &world);
}

TEST(pkcs7_without_certificates_is_refused)
{
    OWN(saf_buffer) ber = { 0 };
    begin_ber(&ber);
    end_ber(&ber);
    assert_refused(&ber, NULL, NULL, SAF_E_MALFORMED, "in.file holds no certificate");
}

TEST(pkcs7_of_another_kind_is_refused)
{
    OWN(PKCS7) *p7 = PKCS7_new();
    OWN(saf_buffer) der = { 0 };
    assert_int_equal(PKCS7_set_type(p7, NID_pkcs7_data), 1);
    add_p7(&der, p7);
    assert_refused(&der, NULL, NULL, SAF_E_MALFORMED, "in.file is a PKCS#7 that is not made to carry certificates");
}

TEST(pkcs7_with_more_than_64_certificates_is_refused_at_the_65th)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) ber = { 0 };
    begin_ber(&ber);
    for (int i = 0; i < 64; i++)
        add_der(&ber, world.leaf);
    size_t len = ber.len;
    end_ber(&ber);
    OWN(saf_bundle) *bundle = NULL;
    CERTS_OK(read_text(&bundle, &ber, NULL, NULL, oops));
    assert_int_equal(saf_bundle_chain_size(bundle), 0); /* all the same one */
    ber.len = len;
    add_der(&ber, world.leaf);
    end_ber(&ber);
    assert_refused(&ber, NULL, NULL, SAF_E_MALFORMED, "in.file holds more than 64 certificates or keys");
}

TEST(pkcs7_nested_too_deep_is_refused)
{
    OWN(saf_buffer) ber = { 0 };
    begin_ber(&ber);
    for (int i = 0; i < 100000; i++)
        ADD(&ber, "\x30\x80");
    assert_refused(&ber, NULL, NULL, SAF_E_MALFORMED, "in.file is a damaged PKCS#7");
}

TEST(pkcs7_that_is_cut_or_goes_on_is_refused)
{
    OWN(world) world = make_world();
    OWN(PKCS7) *p7 = make_p7(&world);
    OWN(saf_buffer) der = { 0 };
    OWN(saf_buffer) ber = { 0 };
    add_p7(&der, p7);
    begin_ber(&ber);
    add_der(&ber, world.leaf);
    end_ber(&ber);
    saf_buffer *const forms[] = { &der, &ber };
    for (size_t i = 0; i < 2; i++) {
        size_t whole = forms[i]->len;
        for (size_t len = 2; len < whole; len += 7) {
            OWN(saf_bundle) *bundle = NULL;
            forms[i]->len = len;
            assert_int_equal(read_text(&bundle, forms[i], NULL, NULL, NULL), SAF_E_MALFORMED);
        }
        forms[i]->len = whole;
        add_text(forms[i], "\0", 1);
        assert_refused(forms[i], NULL, NULL, SAF_E_MALFORMED, "in.file is a damaged PKCS#7");
    }
}

/* ---- writing ---------------------------------------------------------------------------------------------- */

static saf_store *store_with_chain(void)
{
    saf_store *store = certs_store();
    certs_issue_ca(store, "root", NULL, -1);
    certs_keep_issued(store, certs_leaf("root"));
    return store;
}

static saf_status export_of(saf_blob *out, saf_store *store, saf_export_request request, saf_error *err)
{
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", "localhost");
    request.cert = cert;
    request.format = SAF_FORMAT_P7;
    return saf_cert_export(out, store, &CERTS_WHO, &request, err);
}

static saf_status export_p7(saf_blob *out, saf_export_request request, saf_error *err)
{
    OWN(saf_store) *store = store_with_chain();
    return export_of(out, store, request, err);
}

TEST(pkcs7_export_holds_the_certificate_and_its_chain_if_asked)
{
    OWN(saf_store) *store = store_with_chain();
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", "localhost");
    for (int with_chain = 0; with_chain < 2; with_chain++) {
        OWN(saf_blob) blob = { 0 };
        OWN(saf_bundle) *bundle = NULL;
        CERTS_OK(export_of(&blob, store, (saf_export_request) { .with_chain = with_chain }, oops));
        CERTS_OK(saf_bundle_read(&bundle, certs_bytes(&blob), NULL, NULL, "out", oops));
        assert_int_equal(saf_bundle_chain_size(bundle), with_chain);
        assert_memory_equal(saf_bundle_cert(bundle).data, cert->der.data, cert->der.len);
    }
}

TEST(pkcs7_export_has_neither_content_nor_signers)
{
    OWN(saf_blob) blob = { 0 };
    CERTS_OK(export_p7(&blob, (saf_export_request) { .with_chain = true }, oops));
    const unsigned char *at = blob.data;
    OWN(PKCS7) *p7 = d2i_PKCS7(NULL, &at, (long)blob.len);
    assert_non_null(p7);
    assert_true(PKCS7_type_is_signed(p7));
    assert_null(p7->d.sign->contents->d.ptr);
    assert_int_equal(sk_PKCS7_SIGNER_INFO_num(p7->d.sign->signer_info), 0);
    OWN(X509) *first = X509_dup(sk_X509_value(p7->d.sign->cert, 0));
    assert_int_not_equal(X509_check_issued(first, first), X509_V_OK);
}

TEST(pkcs7_export_as_text_is_pem)
{
    OWN(saf_blob) blob = { 0 };
    CERTS_OK(export_p7(&blob, (saf_export_request) { .as_text = true }, oops));
    assert_memory_equal(blob.data, "-----BEGIN PKCS7-----\n", 22);
}

TEST(pkcs7_export_refuses_a_key)
{
    OWN(saf_blob) blob = { 0 };
    saf_error err = { 0 };
    assert_int_equal(export_p7(&blob, (saf_export_request) { .with_key = true }, &err), SAF_E_UNSUPPORTED);
    assert_string_equal(err.text, "PKCS#7 holds no private keys; one goes into PEM or PKCS#12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pkcs7_is_read_as_der_and_as_pem_of_three_names),
        cmocka_unit_test(pkcs7_is_read_as_ber_of_indefinite_lengths),
        cmocka_unit_test(pkcs7_may_hold_other_things_than_certificates),
        cmocka_unit_test(pkcs7_without_certificates_is_refused),
        cmocka_unit_test(pkcs7_of_another_kind_is_refused),
        cmocka_unit_test(pkcs7_with_more_than_64_certificates_is_refused_at_the_65th),
        cmocka_unit_test(pkcs7_nested_too_deep_is_refused),
        cmocka_unit_test(pkcs7_that_is_cut_or_goes_on_is_refused),
        IN_SCRATCH(pkcs7_export_holds_the_certificate_and_its_chain_if_asked),
        IN_SCRATCH(pkcs7_export_has_neither_content_nor_signers),
        IN_SCRATCH(pkcs7_export_as_text_is_pem),
        IN_SCRATCH(pkcs7_export_refuses_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
