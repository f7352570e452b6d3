#include <support/p12.h>

/* Two certificates to trust. */
static void with_two(void (*use)(const saf_trust_entry entries[2], const saf_secret *password))
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *one = certs_forge((certs_forgery) { .cn = "one", .key = key });
    OWN(X509) *two = certs_forge((certs_forgery) { .cn = "two", .key = key });
    OWN(saf_blob) one_der = certs_der(one);
    OWN(saf_blob) two_der = certs_der(two);
    OWN(saf_secret) password = certs_secret("sesame");
    const saf_trust_entry entries[] = { { certs_bytes(&one_der), "localca" }, { certs_bytes(&two_der), "extca1" } };
    use(entries, &password);
}

static void write_marked(const saf_trust_entry entries[2], const saf_secret *password)
{
    OWN(saf_blob) blob = { 0 };
    CERTS_OK(saf_trust_store_write(&blob, entries, 2, password, oops));
    p12_assert_holds(&blob, "sesame", "cert:localca+trusted cert:extca1+trusted");
}

TEST(trust_store_marks_each_certificate)
{
    with_two(write_marked);
}

static void write_equal(const saf_trust_entry entries[2], const saf_secret *password)
{
    const saf_trust_entry equal[] = { entries[0], { entries[1].der, "LocalCA" }, { entries[1].der, "localca-2" } };
    OWN(saf_blob) blob = { 0 };
    CERTS_OK(saf_trust_store_write(&blob, equal, 3, password, oops));
    p12_assert_holds(&blob, "sesame", "cert:localca+trusted cert:LocalCA-2+trusted cert:localca-2-2+trusted");
}

TEST(trust_store_numbers_aliases_that_java_takes_for_equal)
{
    with_two(write_equal);
}

static void read_back(const saf_trust_entry entries[2], const saf_secret *password)
{
    OWN(saf_blob) blob = { 0 };
    OWN(saf_bundle) *bundle = NULL;
    CERTS_OK(saf_trust_store_write(&blob, entries, 2, password, oops));
    CERTS_OK(saf_bundle_read(&bundle, certs_bytes(&blob), password, "EXTCA1", "trust.p12", oops));
    assert_null(saf_bundle_key(bundle));
    assert_int_equal(saf_bundle_chain_size(bundle), 1);
    assert_memory_equal(saf_bundle_cert(bundle).data, entries[1].der.data, entries[1].der.len);
}

TEST(trust_store_reads_back)
{
    with_two(read_back);
}

static void refuse(const saf_trust_entry entries[2], const saf_secret *password)
{
    saf_blob blob = { 0 };
    saf_error err = { 0 };
    saf_secret none = { 0 };
    assert_int_equal(saf_trust_store_write(&blob, entries, 0, password, &err), SAF_E_USAGE);
    assert_string_equal(err.text, "a trust store needs a certificate");
    assert_int_equal(saf_trust_store_write(&blob, entries, 2, &none, &err), SAF_E_USAGE);
    assert_string_equal(err.text, "a PKCS#12 needs a password");
    assert_int_equal(saf_trust_store_write(&blob, entries, 2, NULL, &err), SAF_E_USAGE);
    const saf_trust_entry nameless = { entries[0].der, "" };
    assert_int_equal(saf_trust_store_write(&blob, &nameless, 1, password, &err), SAF_E_USAGE);
    const saf_trust_entry broken = { saf_bytes_of("x", 1), "broken" };
    assert_int_equal(saf_trust_store_write(&blob, &broken, 1, password, &err), SAF_E_MALFORMED);
    assert_string_equal(err.text, "broken is not one DER certificate");
    assert_null(blob.data);
}

TEST(trust_store_refuses_what_cannot_be_one)
{
    with_two(refuse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trust_store_marks_each_certificate),
        cmocka_unit_test(trust_store_numbers_aliases_that_java_takes_for_equal),
        cmocka_unit_test(trust_store_reads_back),
        cmocka_unit_test(trust_store_refuses_what_cannot_be_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
