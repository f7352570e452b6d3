#include <support/cert-world.h>

#include <base/buffer.h>

/* The subject as the store shows it after a certificate was issued with it. */
static void assert_becomes(saf_store *store, const char *text, const char *expected)
{
    static unsigned count;
    char label[16];
    snprintf(label, sizeof label, "subject %u", ++count);
    saf_issue_request request = certs_leaf(NULL);
    request.label = label;
    request.subject = text;
    OWN(saf_cert) *cert = certs_issue(store, request);
    assert_string_equal(cert->subject, expected);
    assert_string_equal(cert->issuer, expected);
}

static void assert_refused(const char *text, const char *message)
{
    saf_error err = { 0 };
    assert_int_equal(saf_subject_check(text, &err), SAF_E_USAGE);
    assert_string_equal(err.text, message);
}

TEST(subject_keeps_the_order_written)
{
    OWN(saf_store) *store = certs_store();
    assert_becomes(store, "CN=Zowe Service,OU=API Mediation Layer,O=Zowe Sample,L=Prague,S=Prague,C=CZ",
                   "CN=Zowe Service,OU=API Mediation Layer,O=Zowe Sample,L=Prague,ST=Prague,C=CZ");
    assert_becomes(store, "C=CZ,O=Zowe,CN=x", "C=CZ,O=Zowe,CN=x");
}

TEST(subject_reads_attributes_in_any_case)
{
    OWN(saf_store) *store = certs_store();
    assert_becomes(store, "cn=a,ou=b,sp=c,dc=example,uid=jo,SERIALNUMBER=12,c=cz",
                   "CN=a,OU=b,ST=c,DC=example,UID=jo,serialNumber=12,C=CZ");
    assert_becomes(store, "T=Dr,title=Prof,emailAddress=a@b.example", "title=Dr,title=Prof,emailAddress=a@b.example");
}

TEST(subject_drops_blanks_around_parts_only)
{
    OWN(saf_store) *store = certs_store();
    assert_becomes(store, "  CN = Zowe  Service , O = x ", "CN=Zowe  Service,O=x");
    assert_becomes(store, "CN=ends with a blank\\ ,O=x", "CN=ends with a blank\\ ,O=x");
}

TEST(subject_takes_escapes)
{
    OWN(saf_store) *store = certs_store();
    assert_becomes(store, "CN=Smith\\, John \\+ Co \\\"q\\\" \\\\ \\<a\\> \\; \\=", "CN=Smith\\, John \\+ Co \\\"q\\\" \\\\ \\<a\\> \\; =");
    assert_becomes(store, "CN=\\#1,O=a=b", "CN=\\#1,O=a=b");
    assert_becomes(store, "CN=\\C4\\8Cesko", "CN=Česko");
    assert_becomes(store, "CN=Česko", "CN=Česko");
}

TEST(subject_joins_parts_of_one_rdn)
{
    OWN(saf_store) *store = certs_store();
    saf_issue_request request = certs_leaf(NULL);
    request.subject = "CN=a+UID=b,O=c";
    OWN(saf_cert) *cert = certs_issue(store, request);
    OWN(X509) *x509 = certs_x509(cert->der);
    const X509_NAME *name = X509_get_subject_name(x509);
    assert_int_equal(X509_NAME_entry_count(name), 3);
    assert_int_equal(X509_NAME_ENTRY_set(X509_NAME_get_entry(name, 0)), 0);
    assert_int_equal(X509_NAME_ENTRY_set(X509_NAME_get_entry(name, 1)), 0);
    assert_int_equal(X509_NAME_ENTRY_set(X509_NAME_get_entry(name, 2)), 1);
}

TEST(subject_chooses_string_types_of_rfc5280)
{
    static const int types[] = { V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING, V_ASN1_IA5STRING, V_ASN1_IA5STRING,
                                 V_ASN1_PRINTABLESTRING };
    OWN(saf_store) *store = certs_store();
    saf_issue_request request = certs_leaf(NULL);
    request.subject = "CN=plain,C=CZ,DC=example,emailAddress=a@b.example,serialNumber=7";
    OWN(saf_cert) *cert = certs_issue(store, request);
    OWN(X509) *x509 = certs_x509(cert->der);
    for (int i = 0; i < 5; i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(X509_get_subject_name(x509), i);
        assert_int_equal(ASN1_STRING_type(X509_NAME_ENTRY_get_data(entry)), types[i]);
    }
}

TEST(subject_names_the_part_that_is_wrong)
{
    assert_refused("CN=a,OU=,O=b", "a part of the subject has no value: \"OU=\"");
    assert_refused("CN=  ", "a part of the subject has no value: \"CN=  \"");
    assert_refused("CN=a,Zowe", "a part of the subject is not of the form ATTRIBUTE=value: \"Zowe\"");
    assert_refused("CN=a,XY=b", "a part of the subject has an unknown attribute; known are CN, OU, O, L, ST, STREET, C, T, DC, "
                                "UID, serialNumber and emailAddress: \"XY=b\"");
    assert_refused("CN=a,C=CZE", "a part of the subject has 3 characters, and C may have 2: \"C=CZE\"");
    assert_refused("CN=a,C=C", "a part of the subject is not a country: C has two letters (ISO 3166): \"C=C\"");
    assert_refused("CN=a,C=12", "a part of the subject is not a country: C has two letters (ISO 3166): \"C=12\"");
    assert_refused("CN=a;b", "a part of the subject needs a backslash before the ; in it: \"CN=a;b\"");
    assert_refused("CN=#04", "a part of the subject needs a backslash before the # in it: \"CN=#04\"");
    assert_refused("CN=a\\b", "a part of the subject has a backslash before what needs none: \"CN=a\\b\"");
    assert_refused("CN=a\\", "a part of the subject has a backslash before what needs none: \"CN=a\\\"");
    assert_refused("CN=a,emailAddress=č@b", "a part of the subject has characters that emailAddress may not have: \"emailAddress=č@b\"");
    assert_refused("CN=a,serialNumber=1_2", "a part of the subject has characters that serialNumber may not have: \"serialNumber=1_2\"");
}

TEST(subject_refuses_empty_parts)
{
    assert_refused("CN=a,", "the subject has nothing after a \",\": \"CN=a,\"");
    assert_refused(",CN=a", "the subject has nothing before a \",\": \",CN=a\"");
    assert_refused("CN=a,,O=b", "the subject has nothing after a \",\": \"CN=a,,O=b\"");
    assert_refused("CN=a+", "the subject has nothing after a \"+\": \"CN=a+\"");
}

TEST(subject_refuses_what_is_not_text)
{
    assert_refused("CN=\\FF", "a part of the subject is not UTF-8: \"CN=\\FF\"");
    assert_refused("CN=\\C0\\80", "a part of the subject is not UTF-8: \"CN=\\C0\\80\"");
    assert_refused("CN=\\ED\\A0\\80", "a part of the subject is not UTF-8: \"CN=\\ED\\A0\\80\"");
    assert_refused("CN=a\\00b", "a part of the subject has a control character: \"CN=a\\00b\"");
    assert_refused("CN=a\\1Bb", "a part of the subject has a control character: \"CN=a\\1Bb\"");
}

TEST(subject_counts_characters_not_bytes)
{
    OWN(saf_buffer) text = { 0 };
    saf_error err = { 0 };
    saf_buffer_append_text(&text, "CN=");
    for (int i = 0; i < 64; i++)
        saf_buffer_append_text(&text, "č");
    CERTS_OK(saf_subject_check(saf_buffer_text(&text), oops));
    saf_buffer_append_text(&text, "a");
    assert_int_equal(saf_subject_check(saf_buffer_text(&text), &err), SAF_E_USAGE);
    assert_non_null(strstr(err.text, "has 65 characters, and CN may have 64"));
}

TEST(subject_says_why_before_it_quotes_and_quotes_no_more_than_80_bytes)
{
    OWN(saf_buffer) text = { 0 };
    saf_error err = { 0 };
    saf_buffer_append_text(&text, "CN=");
    for (int i = 0; i < 600; i++)
        saf_buffer_append_text(&text, "č");
    assert_int_equal(saf_subject_check(saf_buffer_text(&text), &err), SAF_E_USAGE);
    assert_ptr_equal(strstr(err.text, "a part of the subject has 600 characters, and CN may have 64: \"CN=č"), err.text);
    assert_string_equal(err.text + strlen(err.text) - 6, "č...\"");
    assert_null(strchr(err.text, '?'));
    OWN(saf_buffer) empty = { 0 };
    for (int i = 0; i < 100; i++)
        saf_buffer_append_text(&empty, "CN=abcdef,");
    assert_int_equal(saf_subject_check(saf_buffer_text(&empty), &err), SAF_E_USAGE);
    assert_ptr_equal(strstr(err.text, "the subject has nothing after a \",\": \"CN=abcdef,"), err.text);
    assert_int_equal(strlen(err.text), strlen("the subject has nothing after a \",\": \"\"") + 80 + 3);
}

TEST(subject_may_be_empty)
{
    CERTS_OK(saf_subject_check("", oops));
    CERTS_OK(saf_subject_check(NULL, oops));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(subject_keeps_the_order_written),
        IN_SCRATCH(subject_reads_attributes_in_any_case),
        IN_SCRATCH(subject_drops_blanks_around_parts_only),
        IN_SCRATCH(subject_takes_escapes),
        IN_SCRATCH(subject_joins_parts_of_one_rdn),
        IN_SCRATCH(subject_chooses_string_types_of_rfc5280),
        cmocka_unit_test(subject_names_the_part_that_is_wrong),
        cmocka_unit_test(subject_refuses_empty_parts),
        cmocka_unit_test(subject_refuses_what_is_not_text),
        cmocka_unit_test(subject_counts_characters_not_bytes),
        cmocka_unit_test(subject_says_why_before_it_quotes_and_quotes_no_more_than_80_bytes),
        cmocka_unit_test(subject_may_be_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
