#include <support/keyring-world.h>

static saf_policy policy_for(const char *appl, const char *user)
{
    saf_policy policy = { .alg = "HS512", .key = "pkcs11:token=T;object=k;id=%01", .kid = "k-1", .timeout_min = 5 };
    snprintf(policy.appl, sizeof policy.appl, "%s", appl);
    snprintf(policy.user, sizeof policy.user, "%s", user);
    return policy;
}

static void add(keyring_world *w, const char *appl, const char *user)
{
    saf_policy policy = policy_for(appl, user);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_add_policy(change, &policy, &w->err), &w->err);
    keyring_commit(w, change);
}

static void assert_match(keyring_world *w, const char *appl, const char *user, const char *expected)
{
    saf_policy found;
    char name[32];
    assert_ok(saf_store_match_policy(&found, w->store, NULL, appl, user, &w->err), &w->err);
    snprintf(name, sizeof name, "%s.%s", found.appl, found.user);
    assert_string_equal(name, expected);
}

static uint64_t generation_of_all(keyring_world *w)
{
    uint64_t generation;
    assert_ok(saf_store_policy_generation(&generation, w->store, NULL, &w->err), &w->err);
    return generation;
}

/* ---- keeping -------------------------------------------------------------------------------------------------- */

TEST(a_policy_is_kept_as_it_was_given)
{
    keyring_world *w = *state;
    saf_policy policy = policy_for("zoweappl", "*");
    saf_policy found;
    policy.key_use = SAF_KEY_USE_DERIVED;
    policy.any_appl = true;
    policy.timeout_min = 1440;
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_add_policy(change, &policy, &w->err), &w->err);
    keyring_commit(w, change);
    assert_ok(saf_store_find_policy(&found, w->store, NULL, "ZoweAppl", "*", &w->err), &w->err);
    assert_string_equal(found.appl, "ZOWEAPPL");
    assert_string_equal(found.alg, "HS512");
    assert_string_equal(found.key, policy.key);
    assert_string_equal(found.kid, "k-1");
    assert_int_equal(found.key_use, SAF_KEY_USE_DERIVED);
    assert_int_equal(found.timeout_min, 1440);
    assert_true(found.any_appl);
    assert_false(found.prot_allowed);
    assert_true(found.generation > 0);
}

TEST(add_refuses_a_policy_that_exists_and_put_replaces_it)
{
    keyring_world *w = *state;
    saf_policy policy = policy_for("ZOWE", "*");
    saf_policy before, after;
    add(w, "ZOWE", "*");
    assert_ok(saf_store_find_policy(&before, w->store, NULL, "ZOWE", "*", &w->err), &w->err);
    policy.timeout_min = 10;
    saf_change *change = keyring_begin(w);
    assert_fails(saf_store_add_policy(change, &policy, &w->err), SAF_E_EXISTS, &w->err,
                 "policy JWT.ZOWE.*.SAF exists already");
    assert_ok(saf_store_put_policy(change, &policy, &w->err), &w->err);
    keyring_commit(w, change);
    assert_ok(saf_store_find_policy(&after, w->store, NULL, "ZOWE", "*", &w->err), &w->err);
    assert_int_equal(after.timeout_min, 10);
    assert_true(after.generation > before.generation);
}

TEST(the_generation_rises_with_every_policy)
{
    keyring_world *w = *state;
    assert_int_equal(generation_of_all(w), 0);
    add(w, "A", "*");
    uint64_t first = generation_of_all(w);
    assert_true(first > 0);
    add(w, "B", "*");
    assert_true(generation_of_all(w) > first);
}

TEST(policies_are_listed_in_order)
{
    keyring_world *w = *state;
    saf_policy_page page = { 0 };
    add(w, "B", "*");
    add(w, "A", "U");
    add(w, "A", "*");
    assert_ok(saf_store_list_policies(&page, w->store, NULL, &w->err), &w->err);
    assert_int_equal(page.count, 3);
    assert_string_equal(page.policies[0].user, "*");
    assert_string_equal(page.policies[1].user, "U");
    assert_string_equal(page.policies[2].appl, "B");
    saf_policy_page_free(&page);
    assert_null(page.policies);
}

/* ---- matching ------------------------------------------------------------------------------------------------- */

TEST(the_most_specific_policy_wins)
{
    keyring_world *w = *state;
    add(w, "*", "*");
    assert_match(w, "ZOWEAPPL", "IBMUSER", "*.*");
    add(w, "ZOWE*", "*");
    assert_match(w, "ZOWEAPPL", "IBMUSER", "ZOWE*.*");
    add(w, "ZOWE%%%%", "*");
    assert_match(w, "ZOWEAPPL", "IBMUSER", "ZOWE%%%%.*");
    add(w, "ZOWEAPP%", "*");
    assert_match(w, "ZOWEAPPL", "IBMUSER", "ZOWEAPP%.*");
    add(w, "ZOWEAPPL", "*");
    assert_match(w, "ZOWEAPPL", "IBMUSER", "ZOWEAPPL.*");
    add(w, "ZOWEAPPL", "IBM*");
    assert_match(w, "zoweappl", "ibmuser", "ZOWEAPPL.IBM*");
    add(w, "*", "IBMUSER");
    assert_match(w, "ZOWEAPPL", "IBMUSER", "ZOWEAPPL.IBM*");
    assert_match(w, "OTHER", "IBMUSER", "*.IBMUSER");
    assert_match(w, "ZOWE", "SOMEBODY", "ZOWE*.*");
}

TEST(a_name_that_ends_is_more_specific_than_a_star)
{
    keyring_world *w = *state;
    add(w, "ZOWE*", "*");
    add(w, "ZOWE", "*");
    assert_match(w, "ZOWE", "A", "ZOWE.*");
    assert_match(w, "ZOWEX", "A", "ZOWE*.*");
}

TEST(stars_match_in_the_middle)
{
    keyring_world *w = *state;
    add(w, "A*B*C", "*");
    assert_match(w, "ABC", "U", "A*B*C.*");
    assert_match(w, "AXBBYC", "U", "A*B*C.*");
    saf_policy found;
    assert_fails(saf_store_match_policy(&found, w->store, NULL, "AXBCX", "U", &w->err), SAF_E_NOT_FOUND, &w->err,
                 "no policy for application AXBCX and user U");
}

TEST(a_percent_sign_is_exactly_one_character)
{
    keyring_world *w = *state;
    saf_policy found;
    add(w, "A%", "U");
    assert_match(w, "AB", "U", "A%.U");
    assert_fails(saf_store_match_policy(&found, w->store, NULL, "A", "U", &w->err), SAF_E_NOT_FOUND, &w->err,
                 "no policy");
    assert_fails(saf_store_match_policy(&found, w->store, NULL, "ABC", "U", &w->err), SAF_E_NOT_FOUND, &w->err,
                 "no policy");
}

/* ---- checking ------------------------------------------------------------------------------------------------- */

static void assert_refused(const saf_policy *policy, const char *text)
{
    saf_policy copy = *policy;
    saf_error err = { 0 };
    assert_fails(saf_policy_check(&copy, &err), SAF_E_USAGE, &err, text);
}

TEST(check_refuses_bad_values)
{
    (void)state;
    saf_policy policy = policy_for("ZOWE", "*");
    assert_int_equal(saf_policy_check(&policy, NULL), SAF_OK);

    policy = policy_for("", "*");
    assert_refused(&policy, "is not a name or pattern");
    policy = policy_for("Z.W", "*");
    assert_refused(&policy, "\"Z.W\" is not a name or pattern");
    policy = policy_for("ZOWE", "*");
    policy.timeout_min = 0;
    assert_refused(&policy, "the timeout is 1 to 1440 minutes");
    policy.timeout_min = 1441;
    assert_refused(&policy, "not 1441");
    policy = policy_for("ZOWE", "*");
    snprintf(policy.alg, sizeof policy.alg, "HS1");
    assert_refused(&policy, "unknown signature algorithm \"HS1\"");
    policy = policy_for("ZOWE", "*");
    snprintf(policy.kid, sizeof policy.kid, "a\xE2\x80\xAE" "b");
    assert_refused(&policy, "the key id is not printable");
    snprintf(policy.kid, sizeof policy.kid, "\xC3");
    assert_refused(&policy, "the key id is not printable");
    policy = policy_for("ZOWE", "*");
    memset(policy.alg, 'x', sizeof policy.alg);
    assert_refused(&policy, "too long");
}

TEST(check_refuses_bad_keys)
{
    (void)state;
    const char *const wrong[] = { "", "mykey", "file:/key", "safkeyring://nothing", "pkcs11:object=k?pin-value=1",
                                  NULL };
    for (size_t i = 0; wrong[i]; i++) {
        saf_policy policy = policy_for("ZOWE", "*");
        snprintf(policy.key, sizeof policy.key, "%s", wrong[i]);
        assert_int_equal(saf_policy_check(&policy, NULL), SAF_E_USAGE);
    }
    saf_policy policy = policy_for("ZOWE", "*");
    snprintf(policy.key, sizeof policy.key, "safkeyring://ZWESVUSR/Tokens&jwt");
    assert_int_equal(saf_policy_check(&policy, NULL), SAF_OK);
}

TEST(an_unsigned_policy_needs_no_key)
{
    (void)state;
    saf_policy policy = policy_for("ZOWE", "*");
    policy.key[0] = '\0';
    snprintf(policy.alg, sizeof policy.alg, "none");
    assert_int_equal(saf_policy_check(&policy, NULL), SAF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(a_policy_is_kept_as_it_was_given),
        IN_KEYRING(add_refuses_a_policy_that_exists_and_put_replaces_it),
        IN_KEYRING(the_generation_rises_with_every_policy),
        IN_KEYRING(policies_are_listed_in_order),
        IN_KEYRING(the_most_specific_policy_wins),
        IN_KEYRING(a_name_that_ends_is_more_specific_than_a_star),
        IN_KEYRING(stars_match_in_the_middle),
        IN_KEYRING(a_percent_sign_is_exactly_one_character),
        cmocka_unit_test(check_refuses_bad_values),
        cmocka_unit_test(check_refuses_bad_keys),
        cmocka_unit_test(an_unsigned_policy_needs_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
