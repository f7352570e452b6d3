#include <support/cert-change.h>

/* A CA with these, or the reason why there is none. */
static saf_status try_ca(saf_store *store, const char *permit, const char *exclude, saf_error *err)
{
    return certs_try_issue(store, (saf_issue_request) { .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA,
                                                        .subject = "CN=ca", .path_len = -1, .permit = permit, .exclude = exclude }, err);
}

static void assert_permit_refused(saf_store *store, const char *permit, const char *message)
{
    saf_error err = { 0 };
    assert_int_equal(try_ca(store, permit, NULL, &err), SAF_E_USAGE);
    assert_string_equal(err.text, message);
}

TEST(constraints_are_critical_and_complete)
{
    OWN(saf_store) *store = certs_store();
    CERTS_OK(try_ca(store, "dns:Example.Test, ip:10.0.0.0/8,ip:2001:db8::/33,email:.example.test", "uri:host.example.test", oops));
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    certs_assert_extension(ca, NID_name_constraints,
                           "critical Permitted:\n  DNS:example.test\n  IP:10.0.0.0/255.0.0.0\n  "
                           "IP:2001:DB8:0:0:0:0:0:0/FFFF:FFFF:8000:0:0:0:0:0\n  email:.example.test\nExcluded:\n  "
                           "URI:host.example.test");
}

TEST(constraints_take_the_whole_range_of_prefixes)
{
    OWN(saf_store) *store = certs_store();
    CERTS_OK(try_ca(store, "ip:0.0.0.0/0,ip:192.168.1.1/32,ip:::/0,ip:::1/128", NULL, oops));
}

TEST(constraints_say_what_is_wrong)
{
    static const char *const wrong[][2] = {
        { "example.test", "a name constraint has none of dns:, ip:, email: and uri: before it: \"example.test\"" },
        { "dns:a_b", "a name constraint is not a DNS name: its label \"a_b\" is not 1 to 63 letters, digits and inner hyphens: \"dns:a_b\"" },
        { "dns:.example.test", "a name constraint is not a DNS name: \"dns:.example.test\"" },
        { "dns:*.example.test", "a name constraint is not a DNS name: \"dns:*.example.test\"" },
        { "dns:10.0.0.1", "a name constraint is an IP address, not a DNS name: \"dns:10.0.0.1\"" },
        { "ip:10.0.0.0", "a name constraint has no prefix length, as in ip:10.0.0.0/8: \"ip:10.0.0.0\"" },
        { "ip:10.0.0/8", "a name constraint does not begin with an IP address: \"ip:10.0.0/8\"" },
        { "ip:10.0.0.0/33", "a name constraint has a prefix length that is not 0 to 32: \"ip:10.0.0.0/33\"" },
        { "ip:10.0.0.0/08", "a name constraint has a prefix length that is not 0 to 32: \"ip:10.0.0.0/08\"" },
        { "ip:10.0.0.0/", "a name constraint has a prefix length that is not 0 to 32: \"ip:10.0.0.0/\"" },
        { "ip:::/129", "a name constraint has a prefix length that is not 0 to 128: \"ip:::/129\"" },
        { "ip:10.0.0.1/8", "a name constraint has bits behind its prefix of 8: \"ip:10.0.0.1/8\"" },
        { "email:a b@example.test", "a name constraint is not a mail address of the form name@host, a host or a .domain: \"email:a b@example.test\"" },
        { "uri:https://example.test", "a name constraint is not a host or a .domain: of a URI only the host can be constrained: "
                                      "\"uri:https://example.test\"" },
        { "dns:example.test,", "one of the name constraints is empty: \"dns:example.test,\"" },
    };
    OWN(saf_store) *store = certs_store();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_permit_refused(store, wrong[i][0], wrong[i][1]);
}

TEST(constraints_are_for_cas)
{
    OWN(saf_store) *store = certs_store();
    saf_error err = { 0 };
    saf_issue_request request = certs_leaf(NULL);
    request.permit = "dns:example.test";
    assert_int_equal(certs_try_issue(store, request, &err), SAF_E_USAGE);
    assert_string_equal(err.text, "name constraints are for CAs, and a zowe certificate is none");
}

/* ---- URIs ------------------------------------------------------------------------------------------------- */

static saf_status try_urls(saf_store *store, const char *crl, const char *issuers, saf_error *err)
{
    saf_issue_request request = certs_leaf(NULL);
    request.crl_urls = crl;
    request.ca_issuers_urls = issuers;
    return certs_try_issue(store, request, err);
}

TEST(urls_stand_in_extensions_that_are_not_critical)
{
    OWN(saf_store) *store = certs_store();
    CERTS_OK(try_urls(store, "http://crl.example.test/a.crl, https://[::1]:8443/b", "ldap://10.0.0.1/cn=a%2Co=b", oops));
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", "localhost");
    certs_assert_extension(cert, NID_crl_distribution_points,
                           "Full Name:\n  URI:http://crl.example.test/a.crl\nFull Name:\n  URI:https://[::1]:8443/b");
    certs_assert_extension(cert, NID_info_access, "CA Issuers - URI:ldap://10.0.0.1/cn=a%2Co=b");
}

TEST(urls_say_what_is_wrong)
{
    static const char *const wrong[][2] = {
        { "ftp://example.test/x", "a CRL's URI is not an http, https or ldap URI of at most 2048 ASCII characters: \"ftp://example.test/x\"" },
        { "http:/example.test", "a CRL's URI is not an http, https or ldap URI of at most 2048 ASCII characters: \"http:/example.test\"" },
        { "http://", "a CRL's URI is not an http, https or ldap URI of at most 2048 ASCII characters: \"http://\"" },
        { "http://a b/", "a CRL's URI is not an http, https or ldap URI of at most 2048 ASCII characters: \"http://a b/\"" },
        { "http://user:secret@example.test/", "a CRL's URI has a user before its host: \"http://user:secret@example.test/\"" },
        { "http://example.test:/x", "a CRL's URI has a port that is not 1 to 65535: \"http://example.test:/x\"" },
        { "http://example.test:0/x", "a CRL's URI has a port that is not 1 to 65535: \"http://example.test:0/x\"" },
        { "http://example.test:65536/x", "a CRL's URI has a port that is not 1 to 65535: \"http://example.test:65536/x\"" },
        { "http://[1.2.3.4]/x", "a CRL's URI has no IPv6 address in its brackets: \"http://[1.2.3.4]/x\"" },
        { "http://[::1/x", "a CRL's URI has no host: \"http://[::1/x\"" },
        { "http://a/x,", "one of the CRL URIs is empty: \"http://a/x,\"" },
    };
    OWN(saf_store) *store = certs_store();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        saf_error err = { 0 };
        assert_int_equal(try_urls(store, wrong[i][0], NULL, &err), SAF_E_USAGE);
        assert_string_equal(err.text, wrong[i][1]);
        assert_int_equal(try_urls(store, NULL, wrong[i][0], &err), SAF_E_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(constraints_are_critical_and_complete), IN_SCRATCH(constraints_take_the_whole_range_of_prefixes),
        IN_SCRATCH(constraints_say_what_is_wrong),         IN_SCRATCH(constraints_are_for_cas),
        IN_SCRATCH(urls_stand_in_extensions_that_are_not_critical), IN_SCRATCH(urls_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
