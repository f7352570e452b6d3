/* What the ways to use a key ask of keys and of policies. */
#include <support/issuer-world.h>

#include <base/own-openssl.h>

static void make_readable(world *w, const char *label, size_t len)
{
    saf_error err = { 0 };
    saf_p11_secret secret;
    saf_p11_secret_spec spec = { .label = label, .len = len, .leaving = SAF_P11_LEAVES };
    OWN(saf_p11_session) *session = softhsm_login(w->p11, "ISSUER");
    assert_ok(saf_p11_generate_secret(&secret, session, &spec, &err), &err);
}

static saf_policy policy_of(const char *user, saf_key_use use, const char *alg, const char *key)
{
    saf_policy policy = world_policy(alg, key);
    snprintf(policy.user, sizeof policy.user, "%s", user);
    policy.key_use = use;
    return policy;
}

static void put(world *w, const char *user, saf_key_use use, const char *alg, const char *key)
{
    saf_policy policy = policy_of(user, use, alg, key);
    world_put(w, &policy);
    atomic_fetch_add(&w->now, 1);
}

#define READABLE_URI "pkcs11:token=ISSUER;object=readable;type=secret-key"
#define JWT_URI "pkcs11:token=ISSUER;object=jwt;type=secret-key"

/* ---- memory -------------------------------------------------------------------------------------------------- */

TEST(a_readable_key_signs_in_memory)
{
    world *w = *state;
    saf_error err = { 0 };
    make_readable(w, "readable", 64);
    put(w, "*", SAF_KEY_USE_TOKEN, "HS512", READABLE_URI);
    token in_token = world_sign(w, "bob");
    put(w, "*", SAF_KEY_USE_MEMORY, "HS512", READABLE_URI);
    token in_memory = world_sign(w, "bob");
    assert_good(w, &in_token);
    saf_p11_uri uri = softhsm_uri(READABLE_URI);
    OWN(saf_p11_session) *session = softhsm_login(w->p11, "ISSUER");
    assert_ok(saf_p11_destroy_secret(session, &uri, SAF_P11_ONE_VERSION, &err), &err);
    world_sign(w, "bob"); /* the token is not asked again */
    assert_good(w, &in_memory);
}

TEST(a_key_that_stays_in_its_token_is_not_for_memory)
{
    world *w = *state;
    saf_error err = { 0 };
    token made;
    put(w, "*", SAF_KEY_USE_MEMORY, "HS512", JWT_URI);
    assert_fails(world_try_sign(w->lane, "bob", &made, &err), SAF_E_UNSUPPORTED, &err, "the value of secret key \"jwt\" of token ISSUER cannot be read");
    assert_non_null(strstr(err.hint, "--extractable yes"));
}

TEST(a_readable_key_that_is_too_short_is_refused)
{
    world *w = *state;
    make_readable(w, "readable", 48);
    put(w, "*", SAF_KEY_USE_MEMORY, "HS512", READABLE_URI);
    assert_sign_fails(w, SAF_E_CONFLICT, "HS512 needs a key of at least 64 bytes, not 48");
    put(w, "*", SAF_KEY_USE_MEMORY, "HS384", READABLE_URI);
    world_sign(w, "bob");
}

TEST(a_key_pair_in_a_token_is_used_in_the_token_only)
{
    world *w = *state;
    world_make_pair(w->p11);
    put(w, "*", SAF_KEY_USE_MEMORY, "RS256", WORLD_PAIR_URI);
    assert_sign_fails(w, SAF_E_CONFLICT, "policy JWT.ZOWE.*.SAF: key use \"memory\" is for secret keys");
    put(w, "*", SAF_KEY_USE_DERIVED, "RS256", WORLD_PAIR_URI);
    assert_sign_fails(w, SAF_E_CONFLICT, "policy JWT.ZOWE.*.SAF: key use \"derived\" is for HS256, HS384 and HS512");
}

TEST(a_key_of_the_store_signs_in_memory)
{
    world *w = *state;
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    world_make_ring(w);
    world_add_to_ring(w, "signer", key, SAF_TRUST);
    put(w, "*", SAF_KEY_USE_MEMORY, "ES256", "safkeyring://ZWESVUSR/Tokens");
    token made = world_sign(w, "bob");
    assert_good(w, &made);
    put(w, "*", SAF_KEY_USE_DERIVED, "ES256", "safkeyring://ZWESVUSR/Tokens");
    assert_sign_fails(w, SAF_E_CONFLICT, "key use \"derived\" is for HS256, HS384 and HS512 with a secret key in a token");
}

/* ---- masters ------------------------------------------------------------------------------------------------- */

TEST(a_master_must_not_be_readable)
{
    world *w = *state;
    saf_error err = { 0 };
    token made;
    make_readable(w, "readable", 64);
    put(w, "*", SAF_KEY_USE_DERIVED, "HS512", READABLE_URI);
    assert_fails(world_try_sign(w->lane, "bob", &made, &err), SAF_E_UNSUPPORTED, &err, "can be read, so it is no master");
    assert_non_null(strstr(err.hint, "secret generate"));
}

TEST(a_master_that_is_too_short_is_refused)
{
    world *w = *state;
    put(w, "*", SAF_KEY_USE_DERIVED, "HS512", w->short_uri);
    assert_sign_fails(w, SAF_E_UNSUPPORTED, "the key is too short for HMAC-SHA-512");
}

TEST(a_policy_that_lets_tokens_live_too_long_for_derived_keys_is_refused)
{
    world *w = *state;
    saf_policy policy = policy_of("*", SAF_KEY_USE_DERIVED, "HS512", JWT_URI);
    policy.timeout_min = 721;
    world_put(w, &policy);
    assert_sign_fails(w, SAF_E_CONFLICT, "at most 720 minutes");
    policy.timeout_min = 720;
    world_put(w, &policy);
    atomic_fetch_add(&w->now, 1);
    token made = world_sign(w, "bob");
    atomic_fetch_add(&w->now, 720 * 60 - 1);
    assert_good(w, &made);
}

static void assert_other_use_is_refused(world *w, saf_key_use use, const char *alg)
{
    put(w, "BOB", use, alg, w->hs512_uri); /* named by id, where the first policy has the label */
    assert_sign_fails(w, SAF_E_CONFLICT, "policy JWT.ZOWE.BOB.SAF: policy JWT.ZOWE.*.SAF has its key ");
    token made;
    assert_int_equal(world_try_sign(w->lane, "carol", &made, NULL), SAF_OK);
}

TEST(a_master_serves_no_other_policy_in_another_way)
{
    world *w = *state;
    put(w, "*", SAF_KEY_USE_DERIVED, "HS512", JWT_URI);
    assert_other_use_is_refused(w, SAF_KEY_USE_TOKEN, "HS512");
    assert_other_use_is_refused(w, SAF_KEY_USE_MEMORY, "HS512");
    assert_other_use_is_refused(w, SAF_KEY_USE_DERIVED, "HS256");
    put(w, "BOB", SAF_KEY_USE_DERIVED, "HS512", w->hs512_uri);
    world_sign(w, "bob");
}

TEST(a_key_that_a_policy_uses_becomes_no_master)
{
    world *w = *state;
    put(w, "*", SAF_KEY_USE_TOKEN, "HS512", JWT_URI);
    assert_other_use_is_refused(w, SAF_KEY_USE_DERIVED, "HS512");
}

TEST(another_key_may_be_used_in_another_way)
{
    world *w = *state;
    put(w, "*", SAF_KEY_USE_DERIVED, "HS512", JWT_URI);
    put(w, "BOB", SAF_KEY_USE_TOKEN, "HS256", "pkcs11:token=ISSUER;object=short;type=secret-key");
    world_sign(w, "bob");
    put(w, "BOB", SAF_KEY_USE_TOKEN, "HS256", w->short_uri);
    world_sign(w, "bob");
    put(w, "GONE", SAF_KEY_USE_TOKEN, "HS256", "pkcs11:token=ISSUER;id=%77;type=secret-key");
    put(w, "BOB", SAF_KEY_USE_DERIVED, "HS256", w->short_uri);
    world_sign(w, "bob");
}

/* ---- when a policy is defined -------------------------------------------------------------------------------- */

static void assert_definition(world *w, const saf_policy *policy, saf_status expected, const char *text)
{
    saf_error err = { 0 };
    saf_status status = saf_issuer_check_policy(w->admin, policy, &err);
    if (expected == SAF_OK)
        assert_ok(status, &err);
    else
        assert_fails(status, expected, &err, text);
}

TEST(a_definition_is_checked_beside_the_others)
{
    world *w = *state;
    saf_policy policy = policy_of("BOB", SAF_KEY_USE_TOKEN, "HS512", "pkcs11:object=jwt;token=ISSUER");
    put(w, "*", SAF_KEY_USE_DERIVED, "HS512", JWT_URI);
    assert_definition(w, &policy, SAF_E_CONFLICT, "policy JWT.ZOWE.BOB.SAF: policy JWT.ZOWE.*.SAF has its key ");
    policy = policy_of("BOB", SAF_KEY_USE_DERIVED, "HS512", JWT_URI);
    assert_definition(w, &policy, SAF_OK, "");
    policy = policy_of("BOB", SAF_KEY_USE_DERIVED, "HS256", JWT_URI);
    assert_definition(w, &policy, SAF_E_CONFLICT, "JWT.ZOWE.*.SAF");
    policy = policy_of("*", SAF_KEY_USE_TOKEN, "HS256", JWT_URI); /* in its own place */
    assert_definition(w, &policy, SAF_OK, "");
    policy = policy_of("BOB", SAF_KEY_USE_TOKEN, "HS512", "pkcs11:token=OTHER;object=jwt;type=secret-key");
    assert_definition(w, &policy, SAF_OK, "");
}

TEST(a_definition_is_checked_by_itself)
{
    world *w = *state;
    saf_policy policy = policy_of("BOB", SAF_KEY_USE_DERIVED, "HS512", JWT_URI);
    policy.timeout_min = 721;
    assert_definition(w, &policy, SAF_E_USAGE, "at most 720 minutes");
    policy.timeout_min = 720;
    assert_definition(w, &policy, SAF_OK, "");
    memset(policy.kid, 'k', 57);
    assert_definition(w, &policy, SAF_E_USAGE, "at most 56 characters");
    policy = policy_of("BOB", SAF_KEY_USE_DERIVED, "RS256", WORLD_PAIR_URI);
    assert_definition(w, &policy, SAF_E_USAGE, "HS256, HS384 and HS512");
    policy = policy_of("BOB", SAF_KEY_USE_MEMORY, "RS256", WORLD_PAIR_URI);
    assert_definition(w, &policy, SAF_E_USAGE, "\"memory\" is for secret keys");
    policy = policy_of("BOB", SAF_KEY_USE_MEMORY, "RS256", "safkeyring://ZWESVUSR/Tokens");
    assert_definition(w, &policy, SAF_OK, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_readable_key_signs_in_memory),
        IN_WORLD(a_key_that_stays_in_its_token_is_not_for_memory),
        IN_WORLD(a_readable_key_that_is_too_short_is_refused),
        IN_WORLD(a_key_pair_in_a_token_is_used_in_the_token_only),
        IN_WORLD(a_key_of_the_store_signs_in_memory),
        IN_WORLD(a_master_must_not_be_readable),
        IN_WORLD(a_master_that_is_too_short_is_refused),
        IN_WORLD(a_policy_that_lets_tokens_live_too_long_for_derived_keys_is_refused),
        IN_WORLD(a_master_serves_no_other_policy_in_another_way),
        IN_WORLD(a_key_that_a_policy_uses_becomes_no_master),
        IN_WORLD(another_key_may_be_used_in_another_way),
        IN_WORLD(a_definition_is_checked_beside_the_others),
        IN_WORLD(a_definition_is_checked_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
