#include <support/cert-change.h>

static saf_status roll(saf_store *store, const char *owner, const char *label, const char *new_label, saf_force force, saf_error *err)
{
    saf_change *change = certs_begin(store);
    return certs_end(&change, saf_cert_rollover(NULL, change, owner, label, new_label, force, err), err);
}

static saf_status roll_leaf(saf_store *store, saf_force force, saf_error *err)
{
    return roll(store, "ZWESVUSR", "localhost", "next", force, err);
}

/* ZWESVUSR/localhost and ZWESVUSR/next of the same subject, the second signed by @p signer; NULL: by itself. */
static void keep_pair(saf_store *store, const char *signer)
{
    certs_issue_ca(store, "localca", NULL, -1);
    certs_keep_issued(store, certs_leaf("localca"));
    saf_issue_request request = certs_leaf(signer);
    request.label = "next";
    certs_keep_issued(store, request);
}

/* Refused as it is; with force nothing stands in the way. */
static void assert_needs_force(saf_store *store, const char *message)
{
    saf_error err = { 0 };
    assert_int_equal(roll_leaf(store, SAF_NO_FORCE, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, message);
    CERTS_OK(roll_leaf(store, SAF_FORCE, oops));
}

TEST(rollover_takes_the_old_key_out_of_use)
{
    OWN(saf_store) *store = certs_store();
    keep_pair(store, "localca");
    CERTS_OK(roll_leaf(store, SAF_NO_FORCE, oops));
    OWN(saf_cert) *old = certs_find(store, "ZWESVUSR", "localhost");
    OWN(saf_cert) *new = certs_find(store, "ZWESVUSR", "next");
    assert_int_equal(old->key_place, SAF_KEY_NONE);
    assert_int_equal(new->key_place, SAF_KEY_STORED);
}

TEST(rollover_refuses_itself_even_with_force)
{
    OWN(saf_store) *store = certs_store();
    keep_pair(store, "localca");
    saf_error err = { 0 };
    assert_int_equal(roll(store, "ZWESVUSR", "next", "next", SAF_FORCE, &err), SAF_E_USAGE);
    assert_string_equal(err.text, "ZWESVUSR/next cannot take its own place");
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", "next");
    assert_int_equal(cert->key_place, SAF_KEY_STORED);
}

TEST(rollover_refuses_the_same_key_even_with_force)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    saf_issue_request request = certs_leaf(NULL);
    request.key = key;
    certs_keep_issued(store, request);
    request.label = "next";
    certs_keep_issued(store, request);
    saf_error err = { 0 };
    assert_int_equal(roll_leaf(store, SAF_FORCE, &err), SAF_E_USAGE);
    assert_string_equal(err.text, "ZWESVUSR/localhost and ZWESVUSR/next have the same key, which would be destroyed for both");
}

TEST(rollover_refuses_a_new_one_without_key_even_with_force)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "Zowe Service", .key = key });
    certs_keep_issued(store, certs_leaf(NULL));
    certs_keep_imported(store, "ZWESVUSR", "next", x509, NULL, SAF_TRUST);
    saf_error err = { 0 };
    assert_int_equal(roll_leaf(store, SAF_FORCE, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "ZWESVUSR/next has no private key here, so it cannot take the place of ZWESVUSR/localhost");
}

TEST(rollover_refuses_what_was_rolled_over)
{
    OWN(saf_store) *store = certs_store();
    keep_pair(store, "localca");
    CERTS_OK(roll_leaf(store, SAF_NO_FORCE, oops));
    saf_error err = { 0 };
    assert_int_equal(roll_leaf(store, SAF_FORCE, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "ZWESVUSR/localhost has no private key to take out of use");
}

TEST(rollover_wants_force_for_another_subject)
{
    OWN(saf_store) *store = certs_store();
    certs_keep_issued(store, certs_leaf(NULL));
    saf_issue_request request = certs_leaf(NULL);
    request.label = "next";
    request.subject = "CN=other";
    certs_keep_issued(store, request);
    assert_needs_force(store, "ZWESVUSR/next has another subject than ZWESVUSR/localhost");
}

TEST(rollover_wants_force_for_a_self_signed_one_after_a_signed_one)
{
    OWN(saf_store) *store = certs_store();
    keep_pair(store, NULL);
    assert_needs_force(store, "ZWESVUSR/next is self-signed, and ZWESVUSR/localhost was signed by a CA");
}

TEST(rollover_wants_force_for_one_that_is_not_trusted)
{
    OWN(saf_store) *store = certs_store();
    keep_pair(store, "localca");
    saf_change *change = certs_begin(store);
    saf_cert_alteration alteration = { .trust = SAF_NOTRUST };
    CERTS_OK(saf_store_alter_cert(change, "ZWESVUSR", "next", &alteration, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    assert_needs_force(store, "the status of ZWESVUSR/next is NOTRUST");
}

TEST(rollover_wants_force_for_one_that_was_revoked)
{
    OWN(saf_store) *store = certs_store();
    keep_pair(store, "localca");
    CERTS_OK(certs_try_revoke(store, "ZWESVUSR", "next", SAF_REASON_SUPERSEDED, oops));
    saf_error err = { 0 };
    assert_int_equal(roll_leaf(store, SAF_NO_FORCE, &err), SAF_E_CONFLICT);
    assert_non_null(strstr(err.text, "ZWESVUSR/next was revoked at "));
}

TEST(rollover_wants_force_for_one_that_has_not_begun)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "Zowe Service", .key = key, .begin_sec = CERTS_DAY, .end_sec = 9 * CERTS_DAY });
    certs_keep_issued(store, certs_leaf(NULL));
    certs_keep_imported(store, "ZWESVUSR", "next", x509, key, SAF_TRUST);
    saf_error err = { 0 };
    assert_int_equal(roll_leaf(store, SAF_NO_FORCE, &err), SAF_E_CONFLICT);
    assert_non_null(strstr(err.text, "ZWESVUSR/next begins only at "));
}

TEST(rollover_wants_force_for_a_ca)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "localca", NULL, -1);
    certs_issue_ca(store, "next", NULL, -1);
    saf_error err = { 0 };
    assert_int_equal(roll(store, "CERTAUTH", "localca", "next", SAF_NO_FORCE, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "CERTAUTH/localca is a CA: without its private key it can sign no more CRLs");
    CERTS_OK(roll(store, "CERTAUTH", "localca", "next", SAF_FORCE, oops));
}

TEST(rollover_wants_force_when_another_one_has_the_old_key)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    saf_issue_request request = certs_leaf(NULL);
    request.key = key;
    certs_keep_issued(store, request);
    request.label = "twin";
    certs_keep_issued(store, request);
    request.key = NULL;
    request.label = "next";
    certs_keep_issued(store, request);
    assert_needs_force(store, "ZWESVUSR/twin has the key of ZWESVUSR/localhost too, and would lose it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(rollover_takes_the_old_key_out_of_use),
        IN_SCRATCH(rollover_refuses_itself_even_with_force),
        IN_SCRATCH(rollover_refuses_the_same_key_even_with_force),
        IN_SCRATCH(rollover_refuses_a_new_one_without_key_even_with_force),
        IN_SCRATCH(rollover_refuses_what_was_rolled_over),
        IN_SCRATCH(rollover_wants_force_for_another_subject),
        IN_SCRATCH(rollover_wants_force_for_a_self_signed_one_after_a_signed_one),
        IN_SCRATCH(rollover_wants_force_for_one_that_is_not_trusted),
        IN_SCRATCH(rollover_wants_force_for_one_that_was_revoked),
        IN_SCRATCH(rollover_wants_force_for_one_that_has_not_begun),
        IN_SCRATCH(rollover_wants_force_for_a_ca),
        IN_SCRATCH(rollover_wants_force_when_another_one_has_the_old_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
