#include <support/cert-change.h>

static const saf_renew_request of_leaf = { .owner = "ZWESVUSR", .label = "localhost" };
static const saf_renew_request of_ca = { .owner = "CERTAUTH", .label = "localca" };

static saf_cert *renew(saf_store *store, saf_renew_request request)
{
    CERTS_OK(certs_try_renew(store, request, oops));
    return certs_find(store, request.owner, request.label);
}

static void assert_refused(saf_store *store, saf_renew_request request, saf_status status, const char *message)
{
    saf_error err = { 0 };
    assert_int_equal(certs_try_renew(store, request, &err), status);
    assert_string_equal(err.text, message);
}

/* ---- what stays and what is new --------------------------------------------------------------------------- */

TEST(renew_keeps_subject_key_and_extensions)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    OWN(saf_cert) *old = certs_issue(store, certs_leaf("localca"));
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(saf_cert) *new = renew(store, of_leaf);
    OWN(X509) *was = certs_x509(old->der);
    OWN(X509) *is = certs_x509(new->der);
    OWN(X509) *issuer = certs_x509(ca->der);
    static const int nids[] = { NID_basic_constraints, NID_key_usage, NID_ext_key_usage, NID_subject_key_identifier,
                                NID_authority_key_identifier, NID_subject_alt_name };
    assert_int_equal(X509_NAME_cmp(X509_get_subject_name(was), X509_get_subject_name(is)), 0);
    assert_memory_equal(old->key_id, new->key_id, sizeof old->key_id);
    assert_int_equal(X509_get_ext_count(was), X509_get_ext_count(is));
    for (size_t i = 0; i < sizeof nids / sizeof *nids; i++)
        certs_assert_same_extension(was, is, nids[i]);
    assert_string_not_equal(old->serial, new->serial);
    assert_int_equal(certs_verdict(is, &issuer, 1, NULL), X509_V_OK);
}

TEST(renew_keeps_the_private_key_in_its_place)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    certs_keep_issued(store, certs_leaf("localca"));
    OWN(saf_cert) *cert = renew(store, of_leaf);
    OWN(X509) *x509 = certs_x509(cert->der);
    OWN(EVP_PKEY) *key = NULL;
    assert_int_equal(cert->key_place, SAF_KEY_STORED);
    CERTS_OK(saf_store_load_key(&key, store, &CERTS_WHO, cert, oops));
    assert_int_equal(X509_check_private_key(x509, key), 1);
}

TEST(renew_lasts_as_long_as_the_old_one_was_meant_to)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    saf_issue_request request = certs_leaf("localca");
    request.valid_days = 30;
    certs_keep_issued(store, request);
    OWN(saf_cert) *same = renew(store, of_leaf);
    assert_int_equal(same->not_after - same->not_before, 30 * (int64_t)CERTS_DAY);
    saf_renew_request longer = of_leaf;
    longer.valid_days = 60;
    OWN(saf_cert) *other = renew(store, longer);
    assert_int_equal(other->not_after - other->not_before, 60 * (int64_t)CERTS_DAY);
}

TEST(renew_ends_no_later_than_the_signer)
{
    OWN(saf_store) *store = certs_store();
    OWN(saf_cert) *ca = certs_issue(store, (saf_issue_request) {
        .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=localca", .path_len = -1,
        .valid_days = 10 });
    certs_keep_issued(store, certs_leaf("localca"));
    saf_renew_request request = of_leaf;
    request.valid_days = 300;
    OWN(saf_cert) *new = renew(store, request);
    assert_int_equal(new->not_after, ca->not_after);
}

TEST(renew_copies_what_nobody_here_knows)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *ca = certs_forge((certs_forgery) { .cn = "ca", .key = ca_key, .basic_constraints = "critical,CA:TRUE",
                                                  .end_sec = 9 * CERTS_DAY });
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = ca, .issuer_key = ca_key });
    certs_forge_extension(x509, NID_netscape_comment, "made elsewhere");
    assert_true(X509_sign(x509, ca_key, EVP_sha256()) > 0);
    certs_keep_imported(store, "CERTAUTH", "localca", ca, ca_key, SAF_TRUST);
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, key, SAF_TRUST);
    OWN(saf_cert) *cert = renew(store, of_leaf);
    OWN(X509) *new = certs_x509(cert->der);
    certs_assert_same_extension(x509, new, NID_netscape_comment);
    assert_non_null(X509_get0_authority_key_id(new));
}

TEST(renew_leaves_the_old_issuers_urls_when_another_ca_signs)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    certs_issue_ca(store, "other", NULL, -1);
    saf_issue_request request = certs_leaf("localca");
    request.crl_urls = "http://crl.example.test/localca.crl";
    certs_keep_issued(store, request);
    OWN(saf_cert) *same = renew(store, of_leaf);
    OWN(own_text) kept = certs_extension(same, NID_crl_distribution_points);
    assert_non_null(strstr(kept, "localca.crl"));
    saf_renew_request by_other = of_leaf;
    by_other.signer_owner = "CERTAUTH";
    by_other.signer_label = "other";
    OWN(saf_cert) *moved = renew(store, by_other);
    assert_string_equal(moved->issuer, "CN=other");
    certs_assert_extension(moved, NID_crl_distribution_points, "");
}

/* ZWESVUSR/localhost of an imported CA, with another one's policy and with its key's period. */
static X509 *keep_leaf_with_policy(saf_store *store)
{
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *ca = certs_forge((certs_forgery) { .cn = "ca", .key = ca_key, .basic_constraints = "critical,CA:TRUE",
                                                  .end_sec = 9 * CERTS_DAY });
    X509 *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = ca, .issuer_key = ca_key });
    certs_forge_extension(x509, NID_certificate_policies, "DER:3007300506032A0304");
    certs_forge_extension(x509, NID_private_key_usage_period, "DER:3011800F32303230303130313030303030305A");
    assert_true(X509_sign(x509, ca_key, EVP_sha256()) > 0);
    certs_keep_imported(store, "CERTAUTH", "localca", ca, ca_key, SAF_TRUST);
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, key, SAF_TRUST);
    return x509;
}

TEST(renew_says_nothing_in_the_old_issuers_name_when_another_ca_signs)
{
    OWN(saf_store) *store = certs_store();
    OWN(X509) *old = keep_leaf_with_policy(store);
    certs_issue_ca(store, "other", NULL, -1);
    OWN(saf_cert) *same = renew(store, of_leaf);
    OWN(X509) *by_same = certs_x509(same->der);
    certs_assert_same_extension(old, by_same, NID_certificate_policies);
    certs_assert_extension(same, NID_private_key_usage_period, "");
    saf_renew_request by_other = of_leaf;
    by_other.signer_owner = "CERTAUTH";
    by_other.signer_label = "other";
    OWN(saf_cert) *moved = renew(store, by_other);
    certs_assert_extension(moved, NID_certificate_policies, "");
}

TEST(renew_stays_with_pss)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("rsa:2048");
    certs_keep_issued(store, (saf_issue_request) { .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=ca",
                                                   .path_len = -1, .key = key, .signature = SAF_SIGNATURE_PSS });
    saf_issue_request request = certs_leaf("localca");
    request.signature = SAF_SIGNATURE_PSS;
    certs_keep_issued(store, request);
    OWN(saf_cert) *cert = renew(store, of_leaf);
    OWN(X509) *x509 = certs_x509(cert->der);
    assert_int_equal(X509_get_signature_nid(x509), NID_rsassaPss);
}

/* ---- the record ------------------------------------------------------------------------------------------- */

TEST(renew_records_the_new_one_and_remembers_the_old)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    OWN(saf_cert) *old = certs_issue(store, certs_leaf("localca"));
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(saf_cert) *new = renew(store, of_leaf);
    saf_issued *was = NULL, *is = NULL;
    CERTS_OK(saf_store_find_issued(&was, store, &CERTS_WHO, ca, old->serial, oops));
    CERTS_OK(saf_store_find_issued(&is, store, &CERTS_WHO, ca, new->serial, oops));
    assert_false(was->is_current);
    assert_true(is->is_current);
    assert_string_equal(is->label, "localhost");
    saf_issued_free(&was);
    saf_issued_free(&is);
}

TEST(renew_takes_the_next_serial_of_a_ca_that_counts)
{
    OWN(saf_store) *store = certs_store();
    certs_keep_issued(store, (saf_issue_request) { .owner = "CERTAUTH", .label = "localca", .profile = SAF_PROFILE_CA, .subject = "CN=ca",
                                                   .path_len = -1, .serial = SAF_SERIAL_SEQUENTIAL });
    saf_issue_request request = certs_leaf("localca");
    request.serial = SAF_SERIAL_SEQUENTIAL;
    certs_keep_issued(store, request);
    saf_renew_request leaf = of_leaf, ca = of_ca;
    leaf.serial = ca.serial = SAF_SERIAL_SEQUENTIAL;
    OWN(saf_cert) *new_ca = renew(store, ca);
    OWN(saf_cert) *new = renew(store, leaf);
    assert_string_equal(new_ca->serial, "3");
    assert_string_equal(new->serial, "4");
}

/* ---- CAs -------------------------------------------------------------------------------------------------- */

TEST(renew_of_a_self_signed_ca_keeps_what_it_signed_valid)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, 3);
    OWN(saf_cert) *old = certs_find(store, "CERTAUTH", "localca");
    OWN(saf_cert) *leaf = certs_issue(store, certs_leaf("localca"));
    OWN(saf_cert) *new = renew(store, of_ca);
    OWN(X509) *was = certs_x509(old->der);
    OWN(X509) *is = certs_x509(new->der);
    OWN(X509) *below = certs_x509(leaf->der);
    certs_assert_same_extension(was, is, NID_subject_key_identifier);
    certs_assert_same_extension(was, is, NID_basic_constraints);
    assert_string_not_equal(old->serial, new->serial);
    assert_int_equal(X509_self_signed(is, 1), 1);
    assert_int_equal(certs_verdict(below, &is, 1, NULL), X509_V_OK);
}

TEST(renew_respects_the_path_length_above)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *root_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *root = certs_forge((certs_forgery) { .cn = "root", .key = root_key, .basic_constraints = "critical,CA:TRUE,pathlen:0" });
    OWN(X509) *sub = certs_forge((certs_forgery) { .cn = "sub", .key = key, .basic_constraints = "critical,CA:TRUE", .issuer = root,
                                                   .issuer_key = root_key });
    certs_keep_imported(store, "CERTAUTH", "root", root, root_key, SAF_TRUST);
    certs_keep_imported(store, "CERTAUTH", "sub", sub, key, SAF_TRUST);
    assert_refused(store, (saf_renew_request) { .owner = "CERTAUTH", .label = "sub" }, SAF_E_CONFLICT,
                   "CERTAUTH/root cannot sign this: its path length allows 0 further CAs below it, and this would be number 1");
}

TEST(renew_takes_the_record_of_the_issuer_that_can_be_used)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(EVP_PKEY) *leaf_key = certs_key("ec");
    certs_forgery forgery = { .cn = "ca", .key = key, .basic_constraints = "critical,CA:TRUE", .begin_sec = -9 * CERTS_DAY,
                              .end_sec = -CERTS_DAY };
    OWN(X509) *ended = certs_forge(forgery);
    forgery.end_sec = 9 * CERTS_DAY;
    OWN(X509) *present = certs_forge(forgery);
    OWN(X509) *leaf = certs_forge((certs_forgery) { .cn = "leaf", .key = leaf_key, .issuer = present, .issuer_key = key });
    certs_keep_imported(store, "CERTAUTH", "a ended", ended, key, SAF_TRUST);
    certs_keep_imported(store, "SITE", "present", present, key, SAF_TRUST);
    certs_keep_imported(store, "ZWESVUSR", "localhost", leaf, leaf_key, SAF_TRUST);
    OWN(saf_cert) *cert = renew(store, of_leaf);
    OWN(saf_cert) *ca = certs_find(store, "SITE", "present");
    assert_true(cert->not_after <= ca->not_after && cert->not_after > saf_clock_now());
}

/* ---- what cannot be --------------------------------------------------------------------------------------- */

static void keep_foreign_leaf(saf_store *store, int with_ca)
{
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *ca = certs_forge((certs_forgery) { .cn = "ca", .key = ca_key, .basic_constraints = "critical,CA:TRUE" });
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = ca, .issuer_key = ca_key });
    if (with_ca)
        certs_keep_imported(store, "CERTAUTH", "localca", ca, NULL, SAF_TRUST);
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, key, SAF_TRUST);
}

TEST(renew_refuses_when_the_issuer_is_elsewhere)
{
    OWN(saf_store) *store = certs_store();
    saf_error err = { 0 };
    keep_foreign_leaf(store, 0);
    assert_int_equal(certs_try_renew(store, of_leaf, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "the issuer of ZWESVUSR/localhost is not here: \"CN=ca\"");
    assert_string_equal(err.hint, "ask for it: safring cert request ZWESVUSR/localhost");
}

TEST(renew_refuses_when_the_issuers_key_is_elsewhere)
{
    OWN(saf_store) *store = certs_store();
    keep_foreign_leaf(store, 1);
    assert_refused(store, of_leaf, SAF_E_CONFLICT, "CERTAUTH/localca, which signed ZWESVUSR/localhost, has no private key here");
}

TEST(renew_refuses_a_compromised_key)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    certs_keep_issued(store, certs_leaf("localca"));
    certs_revoke_leaf(store, SAF_REASON_KEY_COMPROMISE);
    assert_refused(store, of_leaf, SAF_E_CONFLICT, "ZWESVUSR/localhost was revoked because its key is compromised (key-compromise)");
}

TEST(renew_refuses_a_key_that_another_certificate_says_is_compromised)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    saf_issue_request request = certs_leaf("localca");
    request.key = key;
    certs_issue_ca(store, "localca", NULL, -1);
    certs_keep_issued(store, request);
    request.label = "twin";
    certs_keep_issued(store, request);
    CERTS_OK(certs_try_revoke(store, "ZWESVUSR", "twin", SAF_REASON_KEY_COMPROMISE, oops));
    assert_refused(store, of_leaf, SAF_E_CONFLICT,
                   "ZWESVUSR/localhost has the key of ZWESVUSR/twin, which was revoked because that is compromised (key-compromise)");
}

/* The certificate that a renewal has replaced is revoked by its serial: it says of the key what it says. */
TEST(renew_refuses_a_key_that_a_replaced_certificate_says_is_compromised)
{
    OWN(saf_store) *store = certs_store();
    saf_error err = { 0 };
    certs_issue_ca(store, "localca", NULL, -1);
    OWN(saf_cert) *ca = certs_find(store, "CERTAUTH", "localca");
    OWN(saf_cert) *replaced = certs_issue(store, certs_leaf("localca"));
    CERTS_OK(certs_try_renew(store, of_leaf, oops));
    saf_change *change = certs_begin(store);
    CERTS_OK(certs_end(&change, saf_store_revoke(change, ca, replaced->serial, SAF_REASON_KEY_COMPROMISE, oops), oops));
    assert_int_equal(certs_try_renew(store, of_leaf, &err), SAF_E_CONFLICT);
    assert_non_null(strstr(err.text, "the key of ZWESVUSR/localhost is compromised: a certificate for it was revoked at 20"));
    assert_string_equal(err.hint, "give it a new key: safring cert rekey ZWESVUSR/localhost");
    change = certs_begin(store);
    OWN(saf_blob) request = { 0 };
    assert_int_equal(certs_end(&change, saf_cert_request(&request, change, "ZWESVUSR", "localhost", NULL, &err), &err), SAF_E_CONFLICT);
}

static saf_decision deny_listing_owners(__attribute__((unused)) void *context, __attribute__((unused)) const saf_principal *who,
                                        const saf_question *question)
{
    return question->function == SAF_FN_CERT_LIST && !*question->name ? SAF_DENY : SAF_ALLOW;
}

TEST(renew_does_not_need_to_see_the_owners_other_certificates)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    certs_keep_issued(store, certs_leaf("localca"));
    saf_store_close(&store);
    saf_store_options options = { .authority = deny_listing_owners };
    CERTS_OK(saf_store_open(&store, "store", &options, oops));
    CERTS_OK(certs_try_renew(store, of_leaf, oops));
}

TEST(renew_takes_one_that_was_revoked_for_another_reason)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    certs_keep_issued(store, certs_leaf("localca"));
    certs_revoke_leaf(store, SAF_REASON_CESSATION_OF_OPERATION);
    OWN(saf_cert) *cert = renew(store, of_leaf);
    assert_int_equal(cert->revoked_at, 0);
}

static void assert_refused_without_key(saf_store *store)
{
    saf_error err = { 0 };
    assert_int_equal(certs_try_renew(store, of_leaf, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "ZWESVUSR/localhost has no private key here: it was rolled over, or is somebody else's");
    assert_string_equal(err.hint, "its holder sends a request: safring cert sign");
}

TEST(renew_refuses_a_self_signed_one_without_key)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "self", .key = key });
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, NULL, SAF_TRUST);
    assert_refused_without_key(store);
}

TEST(renew_refuses_one_without_key_although_its_ca_is_here)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *ca = certs_forge((certs_forgery) { .cn = "ca", .key = ca_key, .basic_constraints = "critical,CA:TRUE" });
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "leaf", .key = key, .issuer = ca, .issuer_key = ca_key });
    certs_keep_imported(store, "CERTAUTH", "localca", ca, ca_key, SAF_TRUST);
    certs_keep_imported(store, "ZWESVUSR", "localhost", x509, NULL, SAF_TRUST);
    assert_refused_without_key(store);
}

/* CERTAUTH/localca, rekeyed and rolled over to @p next, of the same subject. */
static void roll_ca_over(saf_store *store, const char *owner, const char *next, saf_trust trust)
{
    OWN(saf_change) *change = NULL;
    certs_issue_ca(store, "localca", NULL, -1);
    certs_keep_issued(store, certs_leaf("localca"));
    certs_issue_ca(store, "elsewhere", NULL, -1);
    certs_keep_issued(store, (saf_issue_request) { .owner = owner, .label = next, .profile = SAF_PROFILE_CA, .subject = "CN=localca",
                                                   .path_len = -1, .trust = trust });
    change = certs_begin(store);
    CERTS_OK(saf_cert_rollover(NULL, change, "CERTAUTH", "localca", "elsewhere", SAF_FORCE, oops));
    CERTS_OK(saf_change_commit(&change, oops));
}

static void assert_hint_after_rollover(const char *owner, const char *next, saf_trust trust, const char *hint)
{
    OWN(saf_store) *store = certs_store();
    saf_error err = { 0 };
    roll_ca_over(store, owner, next, trust);
    assert_int_equal(certs_try_renew(store, of_leaf, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "CERTAUTH/localca, which signed ZWESVUSR/localhost, has no private key here");
    assert_string_equal(err.hint, hint);
}

TEST(renew_names_the_ca_that_has_the_issuers_name_now)
{
    assert_hint_after_rollover("CERTAUTH", "ca 2", SAF_TRUST, "have it signed by the CA that has its name now: safring cert renew "
                               "ZWESVUSR/localhost --sign-with 'CERTAUTH/ca 2'");
}

TEST(renew_names_no_ca_of_another_user)
{
    assert_hint_after_rollover("MALLORY", "ca 2", SAF_TRUST, "ask for it: safring cert request ZWESVUSR/localhost");
}

TEST(renew_names_no_ca_that_is_not_trusted)
{
    assert_hint_after_rollover("CERTAUTH", "ca 2", SAF_NOTRUST, "ask for it: safring cert request ZWESVUSR/localhost");
}

TEST(renew_refuses_what_is_not_there)
{
    OWN(saf_store) *store = certs_store();
    assert_refused(store, of_leaf, SAF_E_NOT_FOUND, "no certificate ZWESVUSR/localhost");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(renew_keeps_subject_key_and_extensions),
        IN_SCRATCH(renew_keeps_the_private_key_in_its_place),
        IN_SCRATCH(renew_lasts_as_long_as_the_old_one_was_meant_to),
        IN_SCRATCH(renew_ends_no_later_than_the_signer),
        IN_SCRATCH(renew_copies_what_nobody_here_knows),
        IN_SCRATCH(renew_leaves_the_old_issuers_urls_when_another_ca_signs),
        IN_SCRATCH(renew_says_nothing_in_the_old_issuers_name_when_another_ca_signs),
        IN_SCRATCH(renew_stays_with_pss),
        IN_SCRATCH(renew_records_the_new_one_and_remembers_the_old),
        IN_SCRATCH(renew_takes_the_next_serial_of_a_ca_that_counts),
        IN_SCRATCH(renew_of_a_self_signed_ca_keeps_what_it_signed_valid),
        IN_SCRATCH(renew_respects_the_path_length_above),
        IN_SCRATCH(renew_takes_the_record_of_the_issuer_that_can_be_used),
        IN_SCRATCH(renew_refuses_when_the_issuer_is_elsewhere),
        IN_SCRATCH(renew_refuses_when_the_issuers_key_is_elsewhere),
        IN_SCRATCH(renew_refuses_a_compromised_key),
        IN_SCRATCH(renew_refuses_a_key_that_another_certificate_says_is_compromised),
        IN_SCRATCH(renew_refuses_a_key_that_a_replaced_certificate_says_is_compromised),
        IN_SCRATCH(renew_does_not_need_to_see_the_owners_other_certificates),
        IN_SCRATCH(renew_takes_one_that_was_revoked_for_another_reason),
        IN_SCRATCH(renew_refuses_a_self_signed_one_without_key),
        IN_SCRATCH(renew_refuses_one_without_key_although_its_ca_is_here),
        IN_SCRATCH(renew_names_the_ca_that_has_the_issuers_name_now),
        IN_SCRATCH(renew_names_no_ca_of_another_user),
        IN_SCRATCH(renew_names_no_ca_that_is_not_trusted),
        IN_SCRATCH(renew_refuses_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
