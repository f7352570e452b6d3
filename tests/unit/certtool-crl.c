#include <support/cert-change.h>

static const saf_crl_request of_ca = { .owner = "CERTAUTH", .label = "localca" };

static X509_CRL *parse_crl(const saf_blob *der)
{
    const unsigned char *at = der->data;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)der->len);
    assert_non_null(crl);
    assert_ptr_equal(at, der->data + der->len);
    return crl;
}

static X509_CRL *make_crl(saf_store *store, saf_crl_request request, saf_crl_facts *facts)
{
    OWN(saf_blob) der = { 0 };
    CERTS_OK(certs_try_crl(&der, facts, store, request, oops));
    return parse_crl(&der);
}

static void assert_refused(saf_store *store, saf_crl_request request, saf_status status, const char *message)
{
    saf_error err = { 0 };
    OWN(saf_blob) der = { 0 };
    assert_int_equal(certs_try_crl(&der, NULL, store, request, &err), status);
    assert_string_equal(err.text, message);
}

static saf_store *store_with_leaf(void)
{
    saf_store *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    certs_keep_issued(store, certs_leaf("localca"));
    return store;
}

static int verdict_with(saf_store *store, X509_CRL *crl)
{
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(saf_cert) *leaf = certs_find(store, "ZWESVUSR", "localhost");
    OWN(X509) *issuer = certs_x509(ca->der);
    OWN(X509) *x509 = certs_x509(leaf->der);
    assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(issuer)), 1);
    return certs_verdict(x509, &issuer, 1, crl);
}

/* ---- reasons ---------------------------------------------------------------------------------------------- */

TEST(reasons_are_read_with_and_without_hyphens)
{
    static const struct {
        const char *name;
        saf_reason reason;
    } names[] = { { "key-compromise", SAF_REASON_KEY_COMPROMISE }, { "keyCompromise", SAF_REASON_KEY_COMPROMISE },
                  { "KEYCOMPROMISE", SAF_REASON_KEY_COMPROMISE },  { "cACompromise", SAF_REASON_CA_COMPROMISE },
                  { "aACompromise", SAF_REASON_AA_COMPROMISE },    { "Remove-From-CRL", SAF_REASON_REMOVE_FROM_CRL },
                  { "unspecified", SAF_REASON_UNSPECIFIED },       { "certificateHold", SAF_REASON_CERTIFICATE_HOLD } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        saf_reason reason = SAF_REASON_PRIVILEGE_WITHDRAWN;
        CERTS_OK(saf_reason_parse(&reason, names[i].name, oops));
        assert_int_equal(reason, names[i].reason);
    }
}

TEST(reasons_are_refused_when_only_similar)
{
    static const char *const names[] = { "", "key", "key-compromised", "key--compromise", "-keycompromise", "keycompromis", "7" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        saf_reason reason;
        assert_int_equal(saf_reason_parse(&reason, names[i], NULL), SAF_E_USAGE);
    }
}

TEST(reasons_have_names_that_can_be_read_again)
{
    for (int i = 0; i <= SAF_REASON_AA_COMPROMISE; i++) {
        saf_reason reason;
        CERTS_OK(saf_reason_parse(&reason, saf_reason_name((saf_reason)i), oops));
        assert_true((int)reason == i || i == 7); /* RFC 5280 5.3.1: 7 is not used */
    }
}

/* ---- revoking --------------------------------------------------------------------------------------------- */

TEST(revoke_marks_the_record)
{
    OWN(saf_store) *store = store_with_leaf();
    certs_revoke_leaf(store, SAF_REASON_SUPERSEDED);
    OWN(saf_cert) *leaf = certs_find(store, "ZWESVUSR", "localhost");
    assert_true(leaf->revoked_at > 0);
    assert_int_equal(leaf->reason, SAF_REASON_SUPERSEDED);
}

TEST(revoke_refuses_a_second_time)
{
    OWN(saf_store) *store = store_with_leaf();
    certs_revoke_leaf(store, SAF_REASON_SUPERSEDED);
    assert_int_equal(certs_try_revoke(store, "ZWESVUSR", "localhost", SAF_REASON_KEY_COMPROMISE, NULL), SAF_E_EXISTS);
}

TEST(revoke_knows_imported_ones_of_an_imported_ca)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *ca = certs_forge((certs_forgery) { .cn = "ca", .key = ca_key, .basic_constraints = "critical,CA:TRUE" });
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = ca, .issuer_key = ca_key });
    certs_keep_imported(store, "CERTAUTH", "localca", ca, ca_key, SAF_TRUST);
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, NULL, SAF_TRUST);
    certs_revoke_leaf(store, SAF_REASON_KEY_COMPROMISE);
    OWN(X509_CRL) *crl = make_crl(store, of_ca, NULL);
    X509_REVOKED *entry = NULL;
    assert_int_equal(X509_CRL_get0_by_cert(crl, &entry, x509), 1);
}

TEST(revoke_refuses_what_no_ca_of_the_store_signed)
{
    OWN(saf_store) *store = certs_store();
    saf_error err = { 0 };
    certs_keep_issued(store, certs_leaf(NULL));
    assert_int_equal(certs_try_revoke(store, "ZWESVUSR", "localhost", SAF_REASON_SUPERSEDED, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "ZWESVUSR/localhost is self-signed: nobody can revoke it");
    assert_string_equal(err.hint, "take its trust away: safring cert alter ZWESVUSR/localhost --status notrust");
}

/* ---- the list --------------------------------------------------------------------------------------------- */

TEST(crl_without_entries_lets_all_pass)
{
    OWN(saf_store) *store = store_with_leaf();
    saf_crl_facts facts = { 0 };
    OWN(X509_CRL) *crl = make_crl(store, of_ca, &facts);
    assert_int_equal(X509_CRL_get_version(crl), X509_CRL_VERSION_2);
    assert_int_equal(facts.entries, 0);
    assert_null(X509_CRL_get_REVOKED(crl)); /* RFC 5280 5.1.2.6: absent, not empty */
    assert_int_equal(verdict_with(store, crl), X509_V_OK);
}

TEST(crl_lists_what_was_revoked)
{
    OWN(saf_store) *store = store_with_leaf();
    certs_revoke_leaf(store, SAF_REASON_KEY_COMPROMISE);
    saf_crl_facts facts = { 0 };
    OWN(X509_CRL) *crl = make_crl(store, of_ca, &facts);
    OWN(saf_cert) *leaf = certs_find(store, "ZWESVUSR", "localhost");
    OWN(X509) *x509 = certs_x509(leaf->der);
    X509_REVOKED *entry = NULL;
    assert_int_equal(facts.entries, 1);
    assert_int_equal(verdict_with(store, crl), X509_V_ERR_CERT_REVOKED);
    assert_int_equal(X509_CRL_get0_by_cert(crl, &entry, x509), 1);
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    assert_int_equal(ASN1_ENUMERATED_get(reason), SAF_REASON_KEY_COMPROMISE);
    ASN1_ENUMERATED_free(reason);
}

TEST(crl_says_nothing_for_an_unspecified_reason)
{
    OWN(saf_store) *store = store_with_leaf();
    certs_revoke_leaf(store, SAF_REASON_UNSPECIFIED);
    OWN(X509_CRL) *crl = make_crl(store, of_ca, NULL);
    X509_REVOKED *entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), 0);
    assert_int_equal(X509_REVOKED_get_ext_count(entry), 0);
}

TEST(crl_lets_go_of_what_was_only_on_hold)
{
    OWN(saf_store) *store = store_with_leaf();
    certs_revoke_leaf(store, SAF_REASON_CERTIFICATE_HOLD);
    OWN(X509_CRL) *held = make_crl(store, of_ca, NULL);
    assert_int_equal(verdict_with(store, held), X509_V_ERR_CERT_REVOKED);
    certs_revoke_leaf(store, SAF_REASON_REMOVE_FROM_CRL);
    OWN(X509_CRL) *free_again = make_crl(store, of_ca, NULL);
    assert_int_equal(verdict_with(store, free_again), X509_V_OK);
}

TEST(crl_keeps_what_was_replaced_by_a_renewal)
{
    OWN(saf_store) *store = store_with_leaf();
    OWN(saf_cert) *old = certs_find(store, "ZWESVUSR", "localhost");
    OWN(X509) *x509 = certs_x509(old->der);
    certs_revoke_leaf(store, SAF_REASON_SUPERSEDED);
    CERTS_OK(certs_try_renew(store, (saf_renew_request) { .owner = "ZWESVUSR", .label = "localhost" }, oops));
    OWN(X509_CRL) *crl = make_crl(store, of_ca, NULL);
    X509_REVOKED *entry = NULL;
    assert_int_equal(X509_CRL_get0_by_cert(crl, &entry, x509), 1);
    assert_int_equal(verdict_with(store, crl), X509_V_OK);
}

static void keep_revoked_leaf(saf_store *store, const char *ca, const char *label)
{
    saf_issue_request request = certs_leaf(ca);
    request.label = label;
    certs_keep_issued(store, request);
    CERTS_OK(certs_try_revoke(store, "ZWESVUSR", label, SAF_REASON_SUPERSEDED, oops));
}

static void keep_ca(saf_store *store, const char *label, const char *subject, EVP_PKEY *key)
{
    certs_keep_issued(store, (saf_issue_request) { .owner = "CERTAUTH", .label = label, .profile = SAF_PROFILE_CA, .subject = subject,
                                                   .path_len = -1, .key = key, .serial = SAF_SERIAL_RANDOM });
}

static void assert_lists_only(saf_store *store, const char *ca, const char *label)
{
    saf_crl_facts facts = { 0 };
    saf_crl_request request = { .owner = "CERTAUTH", .label = ca };
    OWN(X509_CRL) *crl = make_crl(store, request, &facts);
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", label);
    OWN(X509) *x509 = certs_x509(cert->der);
    X509_REVOKED *entry = NULL;
    assert_int_equal(facts.entries, 1);
    assert_int_equal(facts.number, 1);
    assert_int_equal(X509_CRL_get0_by_cert(crl, &entry, x509), 1);
}

TEST(crl_is_of_one_name_and_one_key)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(EVP_PKEY) *next_key = certs_key("ec");
    keep_ca(store, "one", "CN=one", key);
    keep_ca(store, "other name", "CN=other", key);
    keep_ca(store, "other key", "CN=one", next_key);
    keep_revoked_leaf(store, "one", "a");
    keep_revoked_leaf(store, "other name", "b");
    keep_revoked_leaf(store, "other key", "c");
    assert_lists_only(store, "one", "a");
    assert_lists_only(store, "other name", "b");
    assert_lists_only(store, "other key", "c");
}

TEST(crl_of_a_renewed_ca_goes_on)
{
    OWN(saf_store) *store = store_with_leaf();
    saf_crl_facts facts = { 0 };
    certs_revoke_leaf(store, SAF_REASON_SUPERSEDED);
    OWN(X509_CRL) *before = make_crl(store, of_ca, &facts);
    assert_int_equal(verdict_with(store, before), X509_V_ERR_CERT_REVOKED);
    CERTS_OK(certs_try_renew(store, (saf_renew_request) { .owner = "CERTAUTH", .label = "localca" }, oops));
    OWN(X509_CRL) *after = make_crl(store, of_ca, &facts);
    assert_int_equal(facts.number, 2);
    assert_int_equal(facts.entries, 1);
    assert_int_equal(verdict_with(store, after), X509_V_ERR_CERT_REVOKED);
}

TEST(crl_lists_more_than_one_page)
{
    enum { COUNT = 505 };
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    certs_issue_ca(store, "localca", NULL, -1);
    saf_change *change = certs_begin(store);
    OWN(saf_signer) *signer = NULL;
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    CERTS_OK(saf_signer_open(&signer, store, &CERTS_WHO, "CERTAUTH", "localca", NULL, oops));
    for (int i = 0; i < COUNT; i++) {
        OWN(saf_blob) der = { 0 };
        OWN(saf_cert) *cert = NULL;
        saf_issue_request request = { .profile = SAF_PROFILE_CLIENT, .subject = "CN=x", .key = key };
        CERTS_OK(saf_signer_issue(&der, signer, &request, oops));
        CERTS_OK(saf_cert_read(&cert, certs_bytes(&der), oops));
        CERTS_OK(saf_store_record_issued(change, ca, certs_bytes(&der), NULL, NULL, oops));
        CERTS_OK(saf_store_revoke(change, ca, cert->serial, SAF_REASON_SUPERSEDED, oops));
    }
    CERTS_OK(saf_change_commit(&change, oops));
    saf_crl_facts facts = { 0 };
    OWN(X509_CRL) *crl = make_crl(store, of_ca, &facts);
    assert_int_equal(facts.entries, COUNT);
    assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), COUNT);
}

TEST(crl_has_the_ended_once_more_and_then_no_longer)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *ca = certs_forge((certs_forgery) { .cn = "ca", .key = ca_key, .basic_constraints = "critical,CA:TRUE" });
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = ca, .issuer_key = ca_key,
                                                    .begin_sec = -2 * CERTS_DAY, .end_sec = -CERTS_DAY });
    certs_keep_imported(store, "CERTAUTH", "localca", ca, ca_key, SAF_TRUST);
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, NULL, SAF_TRUST);
    certs_revoke_leaf(store, SAF_REASON_SUPERSEDED);
    sleep(1); /* whether a CRL of the same second came after the revocation cannot be told */
    saf_crl_facts first = { 0 }, second = { 0 };
    OWN(X509_CRL) *one = make_crl(store, of_ca, &first);
    OWN(X509_CRL) *two = make_crl(store, of_ca, &second);
    assert_int_equal(first.entries, 1);
    assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(one)), 1);
    assert_int_equal(second.entries, 0);
    assert_null(X509_CRL_get_REVOKED(two));
}

TEST(crl_numbers_rise_and_its_times_are_as_asked)
{
    OWN(saf_store) *store = store_with_leaf();
    saf_crl_facts first = { 0 }, second = { 0 };
    saf_crl_request request = of_ca;
    OWN(X509_CRL) *one = make_crl(store, request, &first);
    request.next_update_sec = 3600;
    OWN(X509_CRL) *two = make_crl(store, request, &second);
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(two, NID_crl_number, NULL, NULL);
    assert_int_equal(second.number, first.number + 1);
    assert_int_equal(ASN1_INTEGER_get(number), (long)second.number);
    assert_int_equal(first.next_update - first.this_update, 7 * CERTS_DAY);
    assert_int_equal(second.next_update - second.this_update, 3600);
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_CRL_get0_nextUpdate(one), first.next_update), 0);
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_CRL_get0_nextUpdate(two), second.next_update), 0);
    ASN1_INTEGER_free(number);
}

TEST(crl_names_the_key_that_signed_it)
{
    OWN(saf_store) *store = store_with_leaf();
    OWN(X509_CRL) *crl = make_crl(store, of_ca, NULL);
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(X509) *x509 = certs_x509(ca->der);
    OWN(AUTHORITY_KEYID) *authority = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
    assert_int_equal(ASN1_OCTET_STRING_cmp(authority->keyid, X509_get0_subject_key_id(x509)), 0);
}

TEST(crl_can_be_signed_with_pss)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("rsa:2048");
    certs_keep_issued(store, (saf_issue_request) { .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=ca",
                                                   .path_len = -1, .key = key });
    saf_crl_request request = of_ca;
    request.signature = SAF_SIGNATURE_PSS;
    OWN(X509_CRL) *crl = make_crl(store, request, NULL);
    assert_int_equal(X509_CRL_get_signature_nid(crl), NID_rsassaPss);
    assert_int_equal(X509_CRL_verify(crl, key), 1);
}

TEST(crl_of_an_ended_ca_can_still_be_signed)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "ca", .key = key, .basic_constraints = "critical,CA:TRUE",
                                                    .begin_sec = -2 * CERTS_DAY, .end_sec = -CERTS_DAY });
    certs_keep_imported(store, "CERTAUTH", "localca", x509, key, SAF_TRUST);
    OWN(X509_CRL) *crl = make_crl(store, of_ca, NULL);
    assert_int_equal(X509_CRL_verify(crl, key), 1);
}

/* ---- who may not ------------------------------------------------------------------------------------------ */

TEST(crl_refuses_who_is_no_ca)
{
    OWN(saf_store) *store = store_with_leaf();
    assert_refused(store, (saf_crl_request) { .owner = "ZWESVUSR", .label = "localhost" }, SAF_E_CONFLICT,
                   "ZWESVUSR/localhost cannot sign a CRL: it is not a CA");
}

TEST(crl_refuses_a_ca_without_crl_sign)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "ca", .key = key, .basic_constraints = "critical,CA:TRUE",
                                                    .key_usage = "critical,keyCertSign" });
    certs_keep_imported(store, "CERTAUTH", "localca", x509, key, SAF_TRUST);
    assert_refused(store, of_ca, SAF_E_CONFLICT, "CERTAUTH/localca cannot sign a CRL: its key usage does not have cRLSign");
}

TEST(crl_refuses_a_ca_without_key)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "ca", .key = key, .basic_constraints = "critical,CA:TRUE" });
    certs_keep_imported(store, "CERTAUTH", "localca", x509, NULL, SAF_TRUST);
    assert_refused(store, of_ca, SAF_E_CONFLICT, "CERTAUTH/localca cannot sign a CRL: it has no private key here");
}

TEST(crl_refuses_impossible_times)
{
    OWN(saf_store) *store = store_with_leaf();
    saf_crl_request request = of_ca;
    request.next_update_sec = 59;
    assert_refused(store, request, SAF_E_USAGE, "59 seconds until the next CRL are not 1 minute to 10 years");
}

TEST(crl_refuses_pss_without_rsa)
{
    OWN(saf_store) *store = store_with_leaf();
    saf_crl_request request = of_ca;
    request.signature = SAF_SIGNATURE_PSS;
    assert_refused(store, request, SAF_E_USAGE, "RSASSA-PSS needs an RSA key, and that of CERTAUTH/localca is none");
}

TEST(revoke_refuses_what_a_foreign_ca_signed)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *ca = certs_forge((certs_forgery) { .cn = "ca", .key = ca_key, .basic_constraints = "critical,CA:TRUE" });
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = ca, .issuer_key = ca_key });
    saf_error err = { 0 };
    certs_keep_imported(store, "CERTAUTH", "localca", ca, NULL, SAF_TRUST);
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, key, SAF_TRUST);
    assert_int_equal(certs_try_revoke(store, "ZWESVUSR", "localhost", SAF_REASON_SUPERSEDED, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "CERTAUTH/localca, which signed it, has no private key here, so no CRL of this store could say so: ask that CA");
    assert_string_equal(err.hint, "until then take its trust away: safring cert alter ZWESVUSR/localhost --status notrust");
    OWN(saf_cert) *leaf = certs_find(store, "ZWESVUSR", "localhost");
    assert_int_equal(leaf->revoked_at, 0);
}

/* CERTAUTH/localca signs ZWESVUSR/localhost and hands its place, and not its key, over to CERTAUTH/next. */
static void roll_ca_over(saf_store *store)
{
    OWN(saf_change) *change = certs_begin(store);
    CERTS_OK(saf_cert_rollover(NULL, change, "CERTAUTH", "localca", "next", SAF_FORCE, oops));
    CERTS_OK(saf_change_commit(&change, oops));
}

TEST(revoke_knows_what_a_ca_signed_whose_key_is_gone)
{
    OWN(saf_store) *store = store_with_leaf();
    certs_issue_ca(store, "next", NULL, -1);
    roll_ca_over(store);
    certs_revoke_leaf(store, SAF_REASON_SUPERSEDED);
    OWN(saf_cert) *leaf = certs_find(store, "ZWESVUSR", "localhost");
    assert_true(leaf->revoked_at > 0);
}

/* Of several certificates of one CA the one with the key can say so, whoever comes first. */
TEST(revoke_takes_the_ca_that_has_its_key)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    certs_forgery forgery = { .cn = "ca", .key = ca_key, .basic_constraints = "critical,CA:TRUE" };
    OWN(X509) *ca = certs_forge(forgery);
    OWN(X509) *again = certs_forge(forgery);
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = ca, .issuer_key = ca_key });
    certs_keep_imported(store, "ZWESVUSR", "a copy", again, NULL, 0);
    certs_keep_imported(store, "CERTAUTH", "localca", ca, ca_key, SAF_TRUST);
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, NULL, SAF_TRUST);
    certs_revoke_leaf(store, SAF_REASON_SUPERSEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_are_read_with_and_without_hyphens),
        cmocka_unit_test(reasons_are_refused_when_only_similar),
        cmocka_unit_test(reasons_have_names_that_can_be_read_again),
        IN_SCRATCH(revoke_marks_the_record),
        IN_SCRATCH(revoke_refuses_a_second_time),
        IN_SCRATCH(revoke_knows_imported_ones_of_an_imported_ca),
        IN_SCRATCH(revoke_refuses_what_no_ca_of_the_store_signed),
        IN_SCRATCH(crl_without_entries_lets_all_pass),
        IN_SCRATCH(crl_lists_what_was_revoked),
        IN_SCRATCH(crl_says_nothing_for_an_unspecified_reason),
        IN_SCRATCH(crl_lets_go_of_what_was_only_on_hold),
        IN_SCRATCH(crl_keeps_what_was_replaced_by_a_renewal),
        IN_SCRATCH(crl_is_of_one_name_and_one_key),
        IN_SCRATCH(crl_of_a_renewed_ca_goes_on),
        IN_SCRATCH(crl_lists_more_than_one_page),
        IN_SCRATCH(crl_has_the_ended_once_more_and_then_no_longer),
        IN_SCRATCH(crl_numbers_rise_and_its_times_are_as_asked),
        IN_SCRATCH(crl_names_the_key_that_signed_it),
        IN_SCRATCH(crl_can_be_signed_with_pss),
        IN_SCRATCH(crl_of_an_ended_ca_can_still_be_signed),
        IN_SCRATCH(crl_refuses_who_is_no_ca),
        IN_SCRATCH(crl_refuses_a_ca_without_crl_sign),
        IN_SCRATCH(crl_refuses_a_ca_without_key),
        IN_SCRATCH(crl_refuses_impossible_times),
        IN_SCRATCH(crl_refuses_pss_without_rsa),
        IN_SCRATCH(revoke_refuses_what_a_foreign_ca_signed),
        IN_SCRATCH(revoke_knows_what_a_ca_signed_whose_key_is_gone),
        IN_SCRATCH(revoke_takes_the_ca_that_has_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
