/**
 * @file
 * What the tests of the issuer stand in: a token, a store, an issuer and one lane, in a fresh directory. The administrator
 * changes policies through a connection of his own, as he would, and the clock stands still. Users are ALICE, who asks for
 * tokens, and those they are for; the application is ZOWE. Functions fail the test themselves.
 */
#ifndef SUPPORT_ISSUER_WORLD_H
#define SUPPORT_ISSUER_WORLD_H

#include <support/softhsm.h>

#include <safring/issuer.h>

#include <stdatomic.h>

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_enter, world_leave)

typedef struct world {
    void *scratch;
    saf_p11 *p11;
    char hs512_uri[SAF_P11_URI_MAX + 1], short_uri[SAF_P11_URI_MAX + 1]; /* keys of 64 and 32 bytes in the token ISSUER */
    const char *pin; /* NULL: there is none */
    atomic_int pins_asked;
    atomic_llong now;
    bool bob_is_denied;
    unsigned leeway_sec; /* of issuers that are opened from now on */
    saf_idt_lane_options clock;
    saf_store *admin, *store;
    saf_issuer *issuer;
    saf_issuer_lane *lane;
} world;

int world_enter(void **state);
int world_leave(void **state);

void assert_ok(saf_status status, const saf_error *err);

/** That the text of *err contains @p text. */
void assert_fails(saf_status status, saf_status expected, const saf_error *err, const char *text);

void world_open_issuer(world *w);
void world_close_issuer(world *w);

/** As a server begins: nobody has logged in to the token yet. */
void world_reopen_p11(world *w);

/* ---- what the administrator does ----------------------------------------------------------------------------- */

#define WORLD_PAIR_URI "pkcs11:token=ISSUER;object=pair;type=private"

/** Make the RSA key pair of that URI in the token. */
void world_make_pair(saf_p11 *p11);

saf_change *world_begin(world *w);

/** For all users of ZOWE, 5 minutes. */
saf_policy world_policy(const char *alg, const char *key);
void world_put(world *w, const saf_policy *policy);
void world_put_policy(world *w, const char *alg, const char *key);

/** HS512 with the key in the token. */
void world_put_policy_for(world *w, const char *user, unsigned timeout_min);

/** The ring ZWESVUSR/Tokens, which later certificates go to, each as its default. */
void world_make_ring(world *w);
void world_add_cert(saf_change *change, const char *label, EVP_PKEY *key, const char *key_uri, saf_trust trust);
void world_add_to_ring(world *w, const char *label, EVP_PKEY *key, saf_trust trust);

/* ---- what servers do ----------------------------------------------------------------------------------------- */

typedef struct token {
    char text[SAF_IDT_TOKEN_MAX];
    size_t len;
} token;

saf_status world_try_sign(saf_issuer_lane *lane, const char *user, token *out, saf_error *err);
token world_sign(world *w, const char *user);
void assert_sign_fails(world *w, saf_status expected, const char *text);

saf_idt_result world_verify(world *w, const char *user, const token *seen, saf_issuer_origin origin);
void assert_verdict(world *w, const token *seen, saf_issuer_origin origin, saf_idt_verdict verdict);
void assert_good(world *w, const token *seen);

/** Sign and verify; exp - iat. */
int64_t world_lifetime(world *w, const char *user);

/** alg and kid. */
saf_idt_peek world_look(const token *made);

#endif
