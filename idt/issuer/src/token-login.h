/**
 * @file
 * Logins to the tokens that policies' keys are in: each token's PIN is asked for once, its session kept. Used under the
 * issuer's lock; what comes out (MACs, keys) may be used without it.
 */
#ifndef ISSUER_TOKEN_LOGIN_H
#define ISSUER_TOKEN_LOGIN_H

#include <safring/issuer.h>

typedef struct token_login token_login;

typedef struct token_logins {
    saf_p11 *p11; /* NULL: keys in tokens are refused */
    saf_issuer_pin_fn ask_pin;
    void *pin_context;
    token_login *first;
} token_logins;

/** HMAC with a secret key of at least @p key_min bytes. SAF_E_CONFLICT when it is shorter. Close it before the logins. */
saf_status token_login_mac(saf_p11_mac **out, token_logins *logins, const saf_p11_uri *uri, saf_p11_hash hash,
                           size_t key_min, saf_error *err);

/** A private key that works inside its token. */
saf_status token_login_private_key(EVP_PKEY **out, token_logins *logins, const saf_p11_uri *uri, saf_error *err);

/** A token was lost: from now on log in anew, with the PINs known. What came out before keeps its session and fails. */
void token_logins_retire(token_logins *logins);

/** Log out everywhere and wipe the PINs. */
void token_logins_close(token_logins *logins);

#endif
