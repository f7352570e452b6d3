#include <support/cert-world.h>

static void assert_becomes(const char *text, const char *expected)
{
    OWN(saf_store) *store = certs_store();
    saf_issue_request request = certs_leaf(NULL);
    request.san = text;
    OWN(saf_cert) *cert = certs_issue(store, request);
    certs_assert_extension(cert, NID_subject_alt_name, expected);
}

static void assert_refused(const char *text, const char *message)
{
    saf_error err = { 0 };
    assert_int_equal(saf_san_check(text, &err), SAF_E_USAGE);
    assert_string_equal(err.text, message);
}

TEST(san_takes_all_four_kinds)
{
    assert_becomes("dns:localhost,ip:127.0.0.1,ip:::1,email:ops@example.com,uri:https://example.com/a?b",
                   "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, email:ops@example.com, "
                   "URI:https://example.com/a?b");
}

TEST(san_tells_addresses_from_names_without_prefix)
{
    assert_becomes("localhost, 10.1.2.3 ,fe80::1", "DNS:localhost, IP Address:10.1.2.3, IP Address:FE80:0:0:0:0:0:0:1");
}

TEST(san_folds_hosts_but_not_local_parts)
{
    assert_becomes("DNS:LocalHost.Example,email:Ops@Example.COM", "DNS:localhost.example, email:Ops@example.com");
}

TEST(san_drops_repetitions)
{
    assert_becomes("a.example,dns:A.example,127.0.0.1,ip:127.0.0.1", "DNS:a.example, IP Address:127.0.0.1");
}

TEST(san_allows_a_leading_wildcard)
{
    assert_becomes("*.example.com", "DNS:*.example.com");
}

TEST(san_may_be_empty)
{
    assert_becomes("", "");
}

TEST(san_refuses_bad_names_and_quotes_them)
{
    static const char label[] = " is not 1 to 63 letters, digits and inner hyphens";
    char expected[200];
    static const struct {
        const char *entry, *label;
    } bad[] = { { "dns:a_b", "a_b" },   { "dns:-a.example", "-a" }, { "dns:a-.example", "a-" }, { "a..b", "" },
                { "dns:", "" },         { "*", "*" },               { "a.*.example", "*" },     { "*a.example", "*a" },
                { "two words", "two words" }, { "dns:a@b", "a@b" } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(expected, sizeof expected, "an alternative name is not a DNS name: its label \"%s\"%s: \"%s\"", bad[i].label,
                 label, bad[i].entry);
        assert_refused(bad[i].entry, expected);
    }
    assert_refused("a.example.", "an alternative name is not a DNS name for certificates: it ends with a dot: \"a.example.\"");
    assert_refused("256.1.1.1", "an alternative name is neither a DNS name nor an IP address: \"256.1.1.1\"");
}

TEST(san_refuses_names_over_their_lengths)
{
    char name[300] = "dns:";
    memset(name + 4, 'a', 64);
    saf_error err = { 0 };
    assert_int_equal(saf_san_check(name, &err), SAF_E_USAGE);
    memset(name + 4, 'a', 254);
    for (size_t i = 4 + 49; i < 4 + 254; i += 50)
        name[i] = '.';
    assert_int_equal(saf_san_check(name, &err), SAF_E_USAGE);
    assert_non_null(strstr(err.text, "it has 254 characters, and 253 are allowed"));
    name[4 + 253] = '\0';
    CERTS_OK(saf_san_check(name, oops));
}

TEST(san_points_to_the_a_label_of_international_names)
{
    saf_error err = { 0 };
    assert_int_equal(saf_san_check("dns:česko.example", &err), SAF_E_USAGE);
    assert_string_equal(err.text, "an alternative name is not a DNS name: it is not ASCII: \"dns:česko.example\"");
    assert_non_null(strstr(err.hint, "xn--"));
    CERTS_OK(saf_san_check("xn--esko-i4a.example", oops));
}

TEST(san_points_from_dns_to_ip)
{
    saf_error err = { 0 };
    assert_int_equal(saf_san_check("dns:127.0.0.1", &err), SAF_E_USAGE);
    assert_string_equal(err.text, "an alternative name is an IP address, not a DNS name: \"dns:127.0.0.1\"");
    assert_string_equal(err.hint, "write ip:127.0.0.1");
}

TEST(san_refuses_bad_addresses_mail_and_uris)
{
    assert_refused("ip:10.0.0.0/8", "an alternative name is not an IP address: \"ip:10.0.0.0/8\"");
    assert_refused("ip:[::1]", "an alternative name is not an IP address: \"ip:[::1]\"");
    assert_refused("ip:fe80::1%eth0", "an alternative name is not an IP address: \"ip:fe80::1%eth0\"");
    assert_refused("email:nobody", "an alternative name is not a mail address of the form name@host: \"email:nobody\"");
    assert_refused("email:a b@c", "an alternative name is not a mail address of the form name@host: \"email:a b@c\"");
    assert_refused("email:a..b@c", "an alternative name is not a mail address of the form name@host: \"email:a..b@c\"");
    static const char uri[] = "is not an absolute URI of at most 2048 ASCII characters";
    static const char *const uris[] = { "uri:/a", "uri:a", "uri:https:", "uri:https://", "uri:https:///a", "uri:h://a b" };
    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
        char expected[160];
        snprintf(expected, sizeof expected, "an alternative name %s: \"%s\"", uri, uris[i]);
        assert_refused(uris[i], expected);
    }
}

TEST(san_refuses_unknown_prefixes_and_empty_entries)
{
    assert_refused("localhost:8080", "an alternative name has none of dns:, ip:, email: and uri: before it: \"localhost:8080\"");
    assert_refused("https://a", "an alternative name has none of dns:, ip:, email: and uri: before it: \"https://a\"");
    assert_refused("a,,b", "one of the alternative names is empty: \"a,,b\"");
    assert_refused("a,", "one of the alternative names is empty: \"a,\"");
    assert_refused(",", "one of the alternative names is empty: \",\"");
    assert_refused(",a", "one of the alternative names is empty: \",a\"");
    assert_refused("a, ,b", "one of the alternative names is empty: \"a, ,b\"");
    assert_refused(" ", "one of the alternative names is empty: \" \"");
}

TEST(san_says_why_before_it_quotes_and_quotes_no_more_than_80_bytes)
{
    char text[1200] = "email:";
    memset(text + 6, 'x', 1000);
    saf_error err = { 0 };
    assert_int_equal(saf_san_check(text, &err), SAF_E_USAGE);
    assert_ptr_equal(strstr(err.text, "an alternative name is not a mail address of the form name@host: \"email:xxx"), err.text);
    assert_string_equal(err.text + strlen(err.text) - 5, "x...\"");
    assert_int_equal(strlen(err.text), strlen("an alternative name is not a mail address of the form name@host: \"\"") + 80 + 3);
    memset(text, 'x', 200);
    text[200] = '\0';
    assert_int_equal(saf_san_check(text, &err), SAF_E_USAGE);
    assert_non_null(strstr(err.text, "...\" is not 1 to 63 letters, digits and inner hyphens: \"xxx"));
    memset(text, ',', 200);
    assert_int_equal(saf_san_check(text, &err), SAF_E_USAGE);
    assert_int_equal(strlen(err.text), strlen("one of the alternative names is empty: \"\"") + 80 + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(san_takes_all_four_kinds),
        IN_SCRATCH(san_tells_addresses_from_names_without_prefix),
        IN_SCRATCH(san_folds_hosts_but_not_local_parts),
        IN_SCRATCH(san_drops_repetitions),
        IN_SCRATCH(san_allows_a_leading_wildcard),
        IN_SCRATCH(san_may_be_empty),
        cmocka_unit_test(san_refuses_bad_names_and_quotes_them),
        cmocka_unit_test(san_refuses_names_over_their_lengths),
        cmocka_unit_test(san_points_to_the_a_label_of_international_names),
        cmocka_unit_test(san_points_from_dns_to_ip),
        cmocka_unit_test(san_refuses_bad_addresses_mail_and_uris),
        cmocka_unit_test(san_refuses_unknown_prefixes_and_empty_entries),
        cmocka_unit_test(san_says_why_before_it_quotes_and_quotes_no_more_than_80_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
