/**
 * @file
 * The identity token core: sign and verify SAF identity tokens with a prepared key.
 *
 * A SAF identity token is a JWS in compact form (RFC 7515, 7.1) whose claims say who is signed on: jti and txn (the same 32 hex
 * digits), iss "saf", sub (user ID), aud (application), iat, exp, and amr (how the user proved it). This library depends on libcrypto
 * alone and can be used without the rest of safring; policies, rings and tokens feed it from above (<safring/issuer.h>).
 *
 * Three kinds of object:
 *   - saf_idt_signer, saf_idt_verifier: a key bound to ONE algorithm, prepared once, immutable, shared by any number of threads;
 *   - saf_idt_lane: one thread's scratch, clock and source of ids, and keyed MAC contexts of the keys it last used (wiped when it is closed);
 *   - the caller's buffers. Per token this library allocates nothing, takes no lock and makes no system call (libcrypto or a callback may).
 *
 * The algorithm always comes from the key, never from the token. Verification is strict, in this order, and stops at the first rule
 * that fails: size, three parts, canonical base64url, strict JSON (no duplicate names, depth and integer limits), alg, header
 * members, kid, signature (constant-time), iss, exp, iat, nbf, sub, aud, revocation. A token that does not verify is an answer (saf_idt_verdict), not
 * an error: SAF_OK comes with any verdict.
 *
 * Deliberately not here: encryption (JWE), JSON serialisation, x5u, jku and every other way by which a token would bring its own key.
 *
 *     saf_idt_signer *signer = NULL;
 *     saf_idt_lane *lane = NULL;
 *     saf_idt_claims claims = {.sub = saf_bytes_of_text("IBMUSER"), .aud = saf_bytes_of_text("ZOWEAPPL"), .lifetime_sec = 300};
 *     char token[SAF_IDT_TOKEN_MAX];
 *     size_t len;
 *     if (saf_idt_signer_from_bytes(&signer, SAF_IDT_HS512, key, NULL, &err) == SAF_OK &&
 *         saf_idt_lane_open(&lane, NULL, &err) == SAF_OK &&
 *         saf_idt_sign(lane, signer, &claims, token, sizeof token, &len) == SAF_OK)
 *         printf("%.*s\n", (int)len, token);
 */
#ifndef SAFRING_IDT_H
#define SAFRING_IDT_H

#include <safring/bytes.h>
#include <safring/status.h>

#include <openssl/types.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SAF_IDT_TOKEN_MAX = 8192,   /**< longest token that is made or looked at, in characters */
    SAF_IDT_ID_LEN = 32,        /**< jti and txn, hex digits */
    SAF_IDT_KID_MAX = 64,       /**< longest kid, bytes of printable ASCII */
    SAF_IDT_SUBJECT_MAX = 8,    /**< user ID */
    SAF_IDT_AUDIENCE_MAX = 8,   /**< application name */
    SAF_IDT_AMR_MAX = 8,        /**< entries of amr */
    SAF_IDT_AMR_LEN_MAX = 32,   /**< bytes of one */
    SAF_IDT_LIFETIME_MAX_SEC = 86400, /**< IDTTIMEOUT's 1440 minutes */
    SAF_IDT_LEEWAY_MAX_SEC = 300,
    SAF_IDT_SIGNATURE_MAX = 1024 /**< bytes; RSA keys up to 8192 bits */
};

/** Signature algorithms (RFC 7518 section 3.1, RFC 8037). */
typedef enum saf_idt_alg {
    SAF_IDT_ALG_NONE, /**< unsigned: only through saf_idt_signer_unsigned() and a verifier that was told so */
    SAF_IDT_HS256, SAF_IDT_HS384, SAF_IDT_HS512,
    SAF_IDT_RS256, SAF_IDT_RS384, SAF_IDT_RS512,
    SAF_IDT_PS256, SAF_IDT_PS384, SAF_IDT_PS512,
    SAF_IDT_ES256, SAF_IDT_ES384, SAF_IDT_ES512,
    SAF_IDT_EDDSA
} saf_idt_alg;

/** "HS512" and so on; "none". Never NULL. */
const char *saf_idt_alg_name(saf_idt_alg alg);

/** The algorithm of that exact name. SAF_E_USAGE. */
saf_status saf_idt_alg_parse(saf_idt_alg *out, const char *name, saf_error *err);

/** The least HMAC key for an algorithm, in bytes (RFC 7518, 3.2: as long as the hash); 0 for others. */
size_t saf_idt_alg_key_min(saf_idt_alg alg);

/* ---- keys -------------------------------------------------------------------------------------------------- */

typedef struct saf_idt_signer saf_idt_signer;
typedef struct saf_idt_verifier saf_idt_verifier;

/** Signs (or MACs) @p message into @p out, which has room for SAF_IDT_SIGNATURE_MAX bytes, in JWS form (ECDSA: r and s side by side).
 *  Called from any thread that signs. Anything but SAF_OK is passed on by saf_idt_sign(). */
typedef saf_status (*saf_idt_sign_fn)(void *context, saf_bytes message, unsigned char *out, size_t *out_len);

/** Prepare a signer from an HMAC key's bytes, which are copied. @p kid: the header's kid, borrowed for the call; NULL: none.
 *  SAF_E_USAGE (not an HS algorithm, key shorter than saf_idt_alg_key_min(), bad kid). */
saf_status saf_idt_signer_from_bytes(saf_idt_signer **out, saf_idt_alg alg, saf_bytes key, const char *kid, saf_error *err);

/** …from a private key (RS, PS: RSA of 2048 to 8192 bits; ES: the algorithm's curve; EdDSA: Ed25519). A reference is taken.
 *  SAF_E_USAGE (the key does not fit the algorithm). */
saf_status saf_idt_signer_from_key(saf_idt_signer **out, saf_idt_alg alg, EVP_PKEY *key, const char *kid, saf_error *err);

/** …from a function that signs (a key in a token, a remote signer). @p context must outlive the signer. */
saf_status saf_idt_signer_from_callback(saf_idt_signer **out, saf_idt_alg alg, saf_idt_sign_fn sign, void *context,
                                        const char *kid, saf_error *err);

/** …that does not sign: tokens with alg "none" and an empty third part, for use inside a trusted application only. */
saf_status saf_idt_signer_unsigned(saf_idt_signer **out, saf_error *err);

/** Wipes. NULL allowed; sets *signer to NULL. */
void saf_idt_signer_free(saf_idt_signer **signer);

/** What tokens must be, beside signed. Borrowed for the call that takes it; strings are copied. */
typedef struct saf_idt_rules {
    const char *kid;      /**< the kid of this key; a token that has another is refused before the key is used. NULL: the token must have none */
    unsigned leeway_sec;  /**< clock difference to tolerate for exp, iat and nbf; at most SAF_IDT_LEEWAY_MAX_SEC */
    unsigned lifetime_max_sec; /**< refuse tokens that live longer; 0: SAF_IDT_LIFETIME_MAX_SEC */
    bool any_appl;        /**< accept a token whose aud holds "*ANYAPPL*", whatever application asks */
} saf_idt_rules;

/** Prepare a verifier; as the signer of the same name. @p rules may be NULL (no kid, no leeway). A public key is enough for RS, PS, ES, EdDSA. */
saf_status saf_idt_verifier_from_bytes(saf_idt_verifier **out, saf_idt_alg alg, saf_bytes key, const saf_idt_rules *rules,
                                       saf_error *err);
saf_status saf_idt_verifier_from_key(saf_idt_verifier **out, saf_idt_alg alg, EVP_PKEY *key, const saf_idt_rules *rules,
                                     saf_error *err);

/** HS algorithms only: the callback computes the MAC, which is compared here. */
saf_status saf_idt_verifier_from_callback(saf_idt_verifier **out, saf_idt_alg alg, saf_idt_sign_fn mac, void *context,
                                          const saf_idt_rules *rules, saf_error *err);

/** Accepts alg "none" with an empty signature, and nothing else. Never for tokens that come from an end user. */
saf_status saf_idt_verifier_unsigned(saf_idt_verifier **out, const saf_idt_rules *rules, saf_error *err);

/** Wipes. NULL allowed; sets *verifier to NULL. */
void saf_idt_verifier_free(saf_idt_verifier **verifier);

/* ---- lanes ------------------------------------------------------------------------------------------------- */

typedef struct saf_idt_lane saf_idt_lane;

/**
 * Clock and ids of a lane; NULL members mean the real ones. Contexts must outlive the lane.
 *
 * remembered_tokens is for services that see the same tokens again and again: a lane then remembers that many (rounded up to a power of two;
 * about 3 KiB each, allocated when it is opened) whose signature it found good, and a token that comes again, byte for byte, for the
 * same verifier, is not put to the key again. What is trusted: that a signature which was good for these bytes and this verifier still is.
 * Nothing else is: times, user, application, revocation and rules are judged at each call. Keys from bytes are not concerned (their MAC costs
 * as little), but those behind a callback are: when such a key shall no longer count, free its verifier, or let the lane forget.
 */
typedef struct saf_idt_lane_options {
    int64_t (*now)(void *context); /**< seconds since 1970-01-01 UTC */
    void *now_context;
    saf_status (*id)(void *context, char out[SAF_IDT_ID_LEN]); /**< 32 hex digits, never twice the same */
    void *id_context;
    size_t remembered_tokens; /**< 0: none, and every signature is checked; at most 1048576 */
} saf_idt_lane_options;

/** Open one thread's lane, about 40 KiB of memory. @p options may be NULL. SAF_E_USAGE (too many remembered), SAF_E_MEMORY, SAF_E_FAILED. */
saf_status saf_idt_lane_open(saf_idt_lane **out, const saf_idt_lane_options *options, saf_error *err);

/** NULL allowed; sets *lane to NULL. Close or forget lanes before the module that a key came from is closed. */
void saf_idt_lane_close(saf_idt_lane **lane);

/** Give up everything the lane keeps of keys that it has used, and every token that it remembers (a key that was freed may live on here, until
 *  16 others were used).
 *  The next use of a key prepares it anew. */
void saf_idt_lane_forget(saf_idt_lane *lane);

/* ---- sign -------------------------------------------------------------------------------------------------- */

/** What a token says. Everything is borrowed for the call. */
typedef struct saf_idt_claims {
    saf_bytes sub;         /**< user ID, 1-8 characters of A-Z 0-9 # $ @ */
    saf_bytes aud;         /**< application name, 1-8 characters of the same */
    bool any_appl;         /**< aud becomes the array [aud, "*ANYAPPL*"] */
    unsigned lifetime_sec; /**< exp - iat; 1 to SAF_IDT_LIFETIME_MAX_SEC */
    const saf_bytes *amr;  /**< amr_count entries of printable ASCII without " and \; the claim is absent when there are none */
    size_t amr_count;
} saf_idt_claims;

/** Enough room for any token of this signer, in bytes. */
size_t saf_idt_signer_token_max(const saf_idt_signer *signer);

/**
 * Sign one token.
 *
 * Writes the compact form to @p out, not NUL-terminated. Formats no text and allocates nothing.
 *
 * @param out_len  characters written; with SAF_E_SPACE the room that is always enough
 * @retval SAF_E_USAGE  a claim is not valid
 * @retval SAF_E_SPACE  nothing was written
 * @retval SAF_E_FAILED, SAF_E_TOKEN_GONE, …  the key refused; the signer stays usable
 */
saf_status saf_idt_sign(saf_idt_lane *lane, const saf_idt_signer *signer, const saf_idt_claims *claims, char *out,
                        size_t out_cap, size_t *out_len);

/** One token of a batch. */
typedef struct saf_idt_sign_job {
    saf_idt_claims claims;
    char *out;
    size_t out_cap;
    size_t out_len;    /**< result */
    saf_status status; /**< result, as of saf_idt_sign() */
} saf_idt_sign_job;

/** Sign many tokens with one signer; with a key from bytes several are hashed at a time, where the CPU can. SAF_OK when every job's status
 *  is; else the first other one. All jobs are tried. */
saf_status saf_idt_sign_batch(saf_idt_lane *lane, const saf_idt_signer *signer, saf_idt_sign_job *jobs, size_t count);

/* ---- verify ------------------------------------------------------------------------------------------------ */

/** What became of a token. Each verdict stands for one rule. */
typedef enum saf_idt_verdict {
    SAF_IDT_GOOD = 0,
    SAF_IDT_TOO_LARGE,       /**< more than SAF_IDT_TOKEN_MAX characters */
    SAF_IDT_BAD_STRUCTURE,   /**< RFC 7515, 3.1: not three parts */
    SAF_IDT_BAD_ENCODING,    /**< RFC 7515, 2: not canonical base64url */
    SAF_IDT_BAD_JSON,        /**< RFC 7515, 4; RFC 8259: not a strict JSON object */
    SAF_IDT_BAD_HEADER,      /**< RFC 7515, 4.1.11 and others: crit, or a member that asks for what we do not do */
    SAF_IDT_WRONG_ALGORITHM, /**< RFC 8725, 3.1: alg is absent or not the key's */
    SAF_IDT_UNSIGNED,        /**< alg "none" where a signature is required */
    SAF_IDT_WRONG_KID,       /**< kid is not the key's */
    SAF_IDT_BAD_SIGNATURE,
    SAF_IDT_BAD_CLAIM,       /**< RFC 7519, 4.1: a required claim is absent or has the wrong type or form */
    SAF_IDT_WRONG_ISSUER,    /**< iss is not "saf" */
    SAF_IDT_EXPIRED,         /**< now is exp or later */
    SAF_IDT_NOT_YET_VALID,   /**< iat or nbf is in the future */
    SAF_IDT_LIVES_TOO_LONG,  /**< exp - iat is more than the policy allows */
    SAF_IDT_WRONG_SUBJECT,   /**< not the user that was asked for */
    SAF_IDT_WRONG_AUDIENCE,  /**< not for this application */
    SAF_IDT_REVOKED          /**< its id, or its user's tokens of that time, were revoked */
} saf_idt_verdict;

/** The stable name of a verdict ("bad-signature"). Never NULL. */
const char *saf_idt_verdict_name(saf_idt_verdict verdict);

/** The rule behind it, one line with its source. Never NULL. */
const char *saf_idt_verdict_rule(saf_idt_verdict verdict);

/** RACROUTE's answer: 0/0/0 for good; 8/108 (X'6C') else, with reason 28 (X'1C') for a wrong kid, 0 where IBM's is not known. */
saf_codes saf_idt_verdict_codes(saf_idt_verdict verdict);

/** Tokens that are not good any more although nothing else is wrong with them. Immutable, shared by any number of threads: who revokes another
 *  token makes a new set and passes that from then on. */
typedef struct saf_idt_revoked saf_idt_revoked;

enum { SAF_IDT_REVOKED_ID_MAX = 64 /**< bytes of a jti that can be revoked; a token whose jti is longer is never good */ };

/** All of a user's tokens from before some time. */
typedef struct saf_idt_revoked_user {
    saf_bytes sub;         /**< user ID */
    int64_t issued_before; /**< seconds since 1970-01-01 UTC; a token with an earlier iat is revoked, one of that very second is not */
} saf_idt_revoked_user;

/**
 * Make a set of revoked tokens. A search in it takes a time that does not depend on its size.
 *
 * @param ids    id_count jti, as they stand in the tokens; ids and users are copied
 * @param users  user_count entries; of a user who is named twice the later time counts
 * @retval SAF_E_USAGE  an id that is empty or too long, a user that is no user ID
 * @retval SAF_E_MEMORY
 */
saf_status saf_idt_revoked_new(saf_idt_revoked **out, const saf_bytes *ids, size_t id_count, const saf_idt_revoked_user *users,
                               size_t user_count, saf_error *err);

/** NULL allowed; sets *revoked to NULL. */
void saf_idt_revoked_free(saf_idt_revoked **revoked);

/** Who is expected. Empty members are not checked. */
typedef struct saf_idt_expect {
    saf_bytes sub; /**< user ID */
    saf_bytes aud; /**< application that asks */
    const saf_idt_revoked *revoked; /**< borrowed for the call; NULL: none is */
} saf_idt_expect;

/** The verdict, and with SAF_IDT_GOOD the claims. Pointers live in the lane until its next call. */
typedef struct saf_idt_result {
    saf_idt_verdict verdict;
    saf_bytes jti, sub;
    saf_bytes aud;     /**< the application it was made for */
    bool any_appl;     /**< its aud also holds "*ANYAPPL*" */
    int64_t iat, exp;
    saf_bytes amr[SAF_IDT_AMR_MAX];
    size_t amr_count;
} saf_idt_result;

/**
 * Verify one token.
 *
 * @param token   any bytes; borrowed for the call
 * @param expect  NULL: check neither sub nor aud
 * @retval SAF_OK  there is a verdict
 * @retval SAF_E_FAILED, SAF_E_TOKEN_GONE, …  it could not be told (the key's callback failed); result->verdict is not SAF_IDT_GOOD then
 */
saf_status saf_idt_verify(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_bytes token,
                          const saf_idt_expect *expect, saf_idt_result *result);

/** One token of a batch. */
typedef struct saf_idt_verify_job {
    saf_bytes token;
    saf_idt_expect expect;
    saf_idt_verdict verdict; /**< result; the claims are not kept */
    saf_status status;       /**< result */
} saf_idt_verify_job;

/** Verify many tokens with one verifier; with a key from bytes several are hashed at a time, where the CPU can. SAF_OK when every job has a
 *  verdict; else the first other status. All jobs are tried. */
saf_status saf_idt_verify_batch(saf_idt_lane *lane, const saf_idt_verifier *verifier, saf_idt_verify_job *jobs, size_t count);

/** What a token says of itself, WITHOUT any verification: for showing it and for finding its policy. */
typedef struct saf_idt_peek {
    char alg[16];
    char kid[SAF_IDT_KID_MAX + 1];
    saf_bytes header, payload; /**< decoded JSON; live in the lane until its next call */
} saf_idt_peek;

/** Look into a token. The verdict is SAF_IDT_GOOD when it is well-formed, which says nothing about its truth. */
saf_status saf_idt_look(saf_idt_lane *lane, saf_bytes token, saf_idt_verdict *verdict, saf_idt_peek *peek);

#ifdef __cplusplus
}
#endif

#endif
