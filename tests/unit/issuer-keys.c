#include <support/issuer-world.h>
#include <support/scratch.h>

#include <base/own-openssl.h>

#include <openssl/rsa.h>

/* ---- keys ---------------------------------------------------------------------------------------------------- */

TEST(a_secret_key_in_a_token_signs_and_verifies)
{
    world *w = *state;
    saf_policy policy = world_policy("HS512", w->hs512_uri);
    snprintf(policy.kid, sizeof policy.kid, "jwt-1");
    world_put(w, &policy);
    token made = world_sign(w, "bob");
    assert_string_equal(world_look(&made).alg, "HS512");
    assert_string_equal(world_look(&made).kid, "jwt-1");
    assert_good(w, &made);
    made.text[made.len - 3] = made.text[made.len - 3] == 'A' ? 'B' : 'A';
    assert_verdict(w, &made, SAF_FROM_END_USER, SAF_IDT_BAD_SIGNATURE);
}

TEST(a_key_pair_in_a_token_signs_and_verifies)
{
    world *w = *state;
    world_make_pair(w->p11);
    world_put_policy(w, "RS256", WORLD_PAIR_URI);
    token made = world_sign(w, "bob");
    assert_string_equal(world_look(&made).alg, "RS256");
    assert_good(w, &made);
}

static void ring_signs_and_verifies(world *w, const char *alg, EVP_PKEY *key)
{
    world_make_ring(w);
    world_add_to_ring(w, "signer", key, SAF_TRUST);
    world_put_policy(w, alg, "safkeyring://ZWESVUSR/Tokens&signer");
    token made = world_sign(w, "bob");
    assert_string_equal(world_look(&made).alg, alg);
    assert_string_equal(world_look(&made).kid, "");
    assert_good(w, &made);
}

TEST(an_elliptic_curve_key_in_a_ring_signs_and_verifies)
{
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    ring_signs_and_verifies(*state, "ES256", key);
}

TEST(an_rsa_key_in_a_ring_signs_and_verifies)
{
    OWN(EVP_PKEY) *key = EVP_RSA_gen(2048);
    ring_signs_and_verifies(*state, "RS256", key);
}

TEST(a_ring_without_label_means_its_default)
{
    world *w = *state;
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    world_make_ring(w);
    world_put_policy(w, "ES256", "safkeyring://ZWESVUSR/Tokens");
    assert_sign_fails(w, SAF_E_NOT_FOUND, "policy JWT.ZOWE.*.SAF: ring ZWESVUSR/Tokens has no default certificate");
    world_add_to_ring(w, "any", key, SAF_TRUST);
    token made = world_sign(w, "bob");
    assert_good(w, &made);
}

TEST(a_ring_may_name_a_key_in_a_token)
{
    world *w = *state;
    saf_error err = { 0 };
    OWN(EVP_PKEY) *key = NULL;
    OWN(saf_secret) pin = softhsm_secret(SOFTHSM_PIN);
    saf_p11_uri uri = softhsm_uri(WORLD_PAIR_URI);
    world_make_pair(w->p11);
    assert_ok(saf_p11_load_private_key(&key, w->p11, &uri, &pin, &err), &err);
    world_make_ring(w);
    saf_change *change = world_begin(w);
    world_add_cert(change, "signer", key, WORLD_PAIR_URI, SAF_TRUST);
    assert_ok(saf_change_commit(&change, &err), &err);
    world_put_policy(w, "RS512", "safkeyring://ZWESVUSR/Tokens&signer");
    token made = world_sign(w, "bob");
    assert_good(w, &made);
}

TEST(a_certificate_that_is_not_trusted_signs_nothing)
{
    world *w = *state;
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    world_make_ring(w);
    world_add_to_ring(w, "signer", key, SAF_NOTRUST);
    world_put_policy(w, "ES256", "safkeyring://ZWESVUSR/Tokens&signer");
    assert_sign_fails(w, SAF_E_DENIED, "policy JWT.ZOWE.*.SAF: certificate ZWESVUSR/signer has the status NOTRUST");
}

TEST(a_missing_key_is_an_error_never_an_unsigned_token)
{
    world *w = *state;
    world_put_policy(w, "HS512", "pkcs11:token=ISSUER;object=nobody;type=secret-key");
    assert_sign_fails(w, SAF_E_NOT_FOUND, "policy JWT.ZOWE.*.SAF: ");
    world_put_policy(w, "HS512", "pkcs11:token=NOBODY;object=jwt;type=secret-key");
    assert_sign_fails(w, SAF_E_NOT_FOUND, "policy JWT.ZOWE.*.SAF: ");
    world_put_policy(w, "ES256", "safkeyring://ZWESVUSR/Nobody&signer");
    assert_sign_fails(w, SAF_E_NOT_FOUND, "policy JWT.ZOWE.*.SAF: ");
}

TEST(a_key_that_does_not_fit_its_algorithm_is_refused)
{
    world *w = *state;
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    world_make_ring(w);
    world_add_to_ring(w, "signer", key, SAF_TRUST);
    world_put_policy(w, "RS256", "safkeyring://ZWESVUSR/Tokens&signer");
    assert_sign_fails(w, SAF_E_CONFLICT, "policy JWT.ZOWE.*.SAF: ");
    world_put_policy(w, "HS512", w->short_uri);
    assert_sign_fails(w, SAF_E_UNSUPPORTED, "the key is too short for HMAC-SHA-512 in token ISSUER");
    world_put_policy(w, "RS256", w->hs512_uri);
    assert_sign_fails(w, SAF_E_CONFLICT, "the URI has the type of something other than a private key");
}

TEST(without_a_module_keys_in_tokens_are_refused)
{
    world *w = *state;
    saf_error err = { 0 };
    world_close_issuer(w);
    saf_issuer_options options = { .store = w->store };
    assert_ok(saf_issuer_open(&w->issuer, &options, &err), &err);
    assert_ok(saf_issuer_lane_open(&w->lane, w->issuer, &err), &err);
    world_put_policy(w, "HS512", w->hs512_uri);
    assert_sign_fails(w, SAF_E_UNSUPPORTED, "policy JWT.ZOWE.*.SAF: its key is in a token");
}

/* ---- PINs ---------------------------------------------------------------------------------------------------- */

TEST(a_token_that_was_away_signs_again_at_once)
{
    world *w = *state;
    world_put_policy(w, "HS512", w->hs512_uri);
    world_sign(w, "bob");
    saf_p11_uri uri = softhsm_uri(w->hs512_uri);
    saf_p11_token where;
    saf_error err = { 0 };
    assert_ok(saf_p11_find_token(&where, w->p11, &uri, &err), &err);
    assert_int_equal(softhsm_cryptoki(w->p11)->C_CloseAllSessions(where.slot), CKR_OK);
    token made = world_sign(w, "bob");
    assert_good(w, &made);
    assert_int_equal(w->pins_asked, 1);
}

TEST(a_token_that_stays_away_is_said_to_be)
{
    world *w = *state;
    world_put_policy(w, "HS512", w->hs512_uri);
    world_sign(w, "bob");
    saf_p11_uri uri = softhsm_uri(w->hs512_uri);
    saf_p11_token where;
    saf_error err = { 0 };
    assert_ok(saf_p11_find_token(&where, w->p11, &uri, &err), &err);
    assert_int_equal(rename("tokens", "away"), 0);
    assert_int_equal(mkdir("tokens", 0700), 0);
    assert_int_equal(softhsm_cryptoki(w->p11)->C_CloseAllSessions(where.slot), CKR_OK);
    assert_sign_fails(w, SAF_E_TOKEN_GONE, "policy JWT.ZOWE.*.SAF: no token ISSUER");
}

TEST(the_pin_is_asked_for_once)
{
    world *w = *state;
    world_reopen_p11(w);
    world_put_policy(w, "HS512", w->hs512_uri);
    world_sign(w, "bob");
    world_make_pair(w->p11);
    world_put_policy(w, "RS256", WORLD_PAIR_URI);
    atomic_fetch_add(&w->now, 1);
    world_sign(w, "bob");
    assert_int_equal(w->pins_asked, 1);
}

TEST(without_a_pin_the_token_is_not_opened)
{
    world *w = *state;
    world_reopen_p11(w);
    w->pin = NULL;
    world_put_policy(w, "HS512", w->hs512_uri);
    assert_sign_fails(w, SAF_E_DENIED, "policy JWT.ZOWE.*.SAF: token ISSUER wants a PIN");
    assert_sign_fails(w, SAF_E_DENIED, "policy JWT.ZOWE.*.SAF: token ISSUER");
    assert_int_equal(w->pins_asked, 1);
}

TEST(a_wrong_pin_is_tried_once)
{
    world *w = *state;
    world_reopen_p11(w);
    w->pin = "wrong";
    world_put_policy(w, "HS512", w->hs512_uri);
    assert_sign_fails(w, SAF_E_DENIED, "policy JWT.ZOWE.*.SAF: wrong PIN for token ISSUER");
    w->pin = SOFTHSM_PIN;
    assert_sign_fails(w, SAF_E_DENIED, "it is not tried again");
    assert_int_equal(w->pins_asked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_secret_key_in_a_token_signs_and_verifies),
        IN_WORLD(a_key_pair_in_a_token_signs_and_verifies),
        IN_WORLD(an_elliptic_curve_key_in_a_ring_signs_and_verifies),
        IN_WORLD(an_rsa_key_in_a_ring_signs_and_verifies),
        IN_WORLD(a_ring_without_label_means_its_default),
        IN_WORLD(a_ring_may_name_a_key_in_a_token),
        IN_WORLD(a_certificate_that_is_not_trusted_signs_nothing),
        IN_WORLD(a_missing_key_is_an_error_never_an_unsigned_token),
        IN_WORLD(a_key_that_does_not_fit_its_algorithm_is_refused),
        IN_WORLD(without_a_module_keys_in_tokens_are_refused),
        IN_WORLD(a_token_that_was_away_signs_again_at_once),
        IN_WORLD(a_token_that_stays_away_is_said_to_be),
        IN_WORLD(the_pin_is_asked_for_once),
        IN_WORLD(without_a_pin_the_token_is_not_opened),
        IN_WORLD(a_wrong_pin_is_tried_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
