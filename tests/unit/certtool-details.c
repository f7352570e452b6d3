#include <support/cert-world.h>

#include <base/buffer.h>

OWN_VALUE(saf_cert_details, saf_cert_details_free)

static saf_cert_details describe(X509 *x509)
{
    OWN(saf_blob) der = certs_der(x509);
    saf_cert_details details = { 0 };
    CERTS_OK(saf_cert_describe(&details, certs_bytes(&der), oops));
    return details;
}

static saf_cert_details describe_with(int nid, const char *text)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "x", .key = key });
    certs_forge_extension(x509, nid, text);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    return describe(x509);
}

TEST(names_are_shown_as_they_are_asked_for)
{
    OWN(saf_cert_details) details = describe_with(NID_subject_alt_name, "DNS:a.test,IP:127.0.0.1,IP:::1,email:x@a.test,URI:https://a/b,RID:1.2.3");
    static const char *const expected[] = { "dns:a.test", "ip:127.0.0.1", "ip:::1", "email:x@a.test", "uri:https://a/b",
                                            "other:Registered ID:1.2.3" };
    assert_int_equal(details.name_count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(details.names[i], expected[i]);
    assert_int_equal(details.extension_count, 0);
    assert_string_equal(details.signature, "ecdsa-with-SHA256");
}

/* dNSName "a", a zero byte, "b,c" */
TEST(no_byte_of_a_name_makes_two_of_it)
{
    OWN(saf_cert_details) details = describe_with(NID_subject_alt_name, "DER:300782056100622C63");
    assert_int_equal(details.name_count, 1);
    assert_string_equal(details.names[0], "dns:a%00b%2Cc");
}

TEST(names_that_cannot_be_read_are_shown_as_they_are)
{
    OWN(saf_cert_details) details = describe_with(NID_subject_alt_name, "DER:3003020101");
    assert_int_equal(details.name_count, 0);
    assert_int_equal(details.extension_count, 1);
    assert_string_equal(details.extensions[0].name, "X509v3 Subject Alternative Name");
    assert_string_equal(details.extensions[0].text, "3003020101");
}

TEST(extensions_are_shown_in_words_or_in_hex)
{
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "x", .key = key, .basic_constraints = "critical,CA:TRUE" });
    OWN(ASN1_OBJECT) *object = OBJ_txt2obj("1.2.3.4", 1);
    OWN(ASN1_OCTET_STRING) *value = ASN1_OCTET_STRING_new();
    assert_int_equal(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x01\xFF", 2), 1);
    OWN(X509_EXTENSION) *unknown = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
    assert_int_equal(X509_add_ext(x509, unknown, -1), 1);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    OWN(saf_cert_details) details = describe(x509);
    assert_int_equal(details.extension_count, 2);
    assert_string_equal(details.extensions[0].text, "CA:TRUE");
    assert_true(details.extensions[0].critical);
    assert_string_equal(details.extensions[1].name, "1.2.3.4");
    assert_string_equal(details.extensions[1].text, "01ff");
}

TEST(what_is_no_certificate_is_refused)
{
    saf_cert_details details = { 0 };
    assert_int_equal(saf_cert_describe(&details, saf_bytes_of_text("x"), NULL), SAF_E_MALFORMED);
    assert_null(details.extensions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_shown_as_they_are_asked_for),
        cmocka_unit_test(no_byte_of_a_name_makes_two_of_it),
        cmocka_unit_test(names_that_cannot_be_read_are_shown_as_they_are),
        cmocka_unit_test(extensions_are_shown_in_words_or_in_hex),
        cmocka_unit_test(what_is_no_certificate_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
