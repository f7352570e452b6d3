/**
 * @file
 * Identity tokens by policy: what RACROUTE REQUEST=VERIFY with IDTA does on z/OS.
 *
 * An issuer takes application and user, finds the policy that covers them (profile JWT.<appl>.<user>.SAF, most specific match), uses that
 * policy's key the way the policy says, and signs or verifies. No policy, no key or no token is an error, never an unsigned token.
 *
 * Open one saf_issuer per process, after fork(); open one saf_issuer_lane per thread. The issuer keeps prepared keys and looks at the
 * store when a lane meets an application and user for the first time, and once a second: a change of policies, or of a ring that
 * a key comes from, is followed within the next second (five, while a key is being prepared). In between, a token costs no store access, no lock and no allocation.
 *
 * A policy says how its key is used. "token": every signature is made in the token. "derived": the token makes a key for each day (UTC) by one HMAC with a master key
 * that it keeps; that key signs here. It is made 10 minutes before its day begins, so that the change of days fails no token and a token that is away then is
 * missed only after midnight; it is wiped when the last token of its day is over and the lanes have come by. "memory": the key is read once and signs here, until
 * policies change or the issuer is closed, whatever becomes of it in its token.
 *
 * Every call asks the store's authority whether its principal may sign (SAF_FN_TOKEN_SIGN) or verify (SAF_FN_TOKEN_VERIFY) for that
 * application and user. Policies, rings and keys the issuer reads as the program itself (user NULL), so an authority of the program's
 * own has to allow it SAF_FN_POLICY_LIST, SAF_FN_RING_LIST and SAF_FN_RING_KEY, and SAF_FN_CERT_KEY where a policy names a ring that
 * holds another owner's certificate as PERSONAL. It is called from any thread, and must not call the issuer.
 *
 * Deliberately not here: checking a password. Whoever calls has authenticated the user and says how (amr).
 *
 *     saf_issuer_options options = {.store = store, .p11 = p11};
 *     if (saf_issuer_open(&issuer, &options, &err) == SAF_OK && saf_issuer_lane_open(&lane, issuer, &err) == SAF_OK &&
 *         saf_issuer_sign(lane, &who, &request, token, sizeof token, &len, &err) == SAF_OK)
 *         …
 */
#ifndef SAFRING_ISSUER_H
#define SAFRING_ISSUER_H

#include <safring/idt.h>
#include <safring/keyring.h>
#include <safring/pkcs11.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whether a policy can be what it says beside the others of the store; ask in the change that defines it. A policy with key use "derived" has an HS algorithm, a
 *  secret key in a token, at most 720 minutes and a kid of at most 56 characters, and a key that no policy uses otherwise, as far as the URIs tell; what only
 *  the token can tell is found when the key is used first. "memory" is not for a key pair in a token.
 *  SAF_E_USAGE, SAF_E_CONFLICT (the text names the other policy), and those of <safring/store.h>. */
saf_status saf_issuer_check_policy(saf_store *store, const saf_policy *policy, saf_error *err);

typedef struct saf_issuer saf_issuer;
typedef struct saf_issuer_lane saf_issuer_lane;

/** What an issuer works with. Everything is borrowed and must outlive it. */
typedef struct saf_issuer_options {
    saf_store *store;     /**< used under a lock of the issuer's own; nothing else may use it meanwhile */
    saf_p11 *p11;         /**< NULL: policies with keys in tokens are refused. Its function for PINs is asked when a token wants one */
    unsigned leeway_sec;  /**< for verification; 0: none */
    const saf_idt_lane_options *lane; /**< clock and ids that tests replace; NULL: the real ones */
} saf_issuer_options;

saf_status saf_issuer_open(saf_issuer **out, const saf_issuer_options *options, saf_error *err);

/** After all its lanes. NULL allowed; sets *issuer to NULL. */
void saf_issuer_close(saf_issuer **issuer);

saf_status saf_issuer_lane_open(saf_issuer_lane **out, saf_issuer *issuer, saf_error *err);
void saf_issuer_lane_close(saf_issuer_lane **lane);

/** A token to make. Borrowed for the call. */
typedef struct saf_issuer_request {
    const char *appl; /**< application, folded to upper case */
    const char *user; /**< user ID, folded to upper case */
    const char *const *amr; /**< how the user proved who he is ("saf-pwd", …) */
    size_t amr_count;
} saf_issuer_request;

/** Sign a token for a user at an application; its lifetime is the policy's.
 *  SAF_E_NOT_FOUND (no policy covers them; or its key is gone), SAF_E_DENIED (authority, PIN, a certificate with NOTRUST), SAF_E_SPACE,
 *  SAF_E_USAGE (appl, user or amr), SAF_E_CONFLICT (key, algorithm and key use do not fit, or a policy that was defined before uses the key in
 *  another way), SAF_E_UNSUPPORTED (the key does not allow its key use), and those of
 *  <safring/pkcs11.h> and <safring/store.h>. Texts name the policy as JWT.<appl>.<user>.SAF. */
saf_status saf_issuer_sign(saf_issuer_lane *lane, const saf_principal *who, const saf_issuer_request *request, char *out,
                           size_t out_cap, size_t *out_len, saf_error *err);

/** Whether a token came over the network from an end user (RACROUTE's End_User_IDT): then it must be signed whatever the policy says. */
typedef enum saf_issuer_origin { SAF_FROM_END_USER, SAF_FROM_APPLICATION } saf_issuer_origin;

/** Verify a token by the policy of application and user. SAF_OK with any verdict in result->verdict.
 *  SAF_E_NOT_FOUND (no policy covers them) and the others of saf_issuer_sign(). result's pointers live until the lane's next call. */
saf_status saf_issuer_verify(saf_issuer_lane *lane, const saf_principal *who, const char *appl, const char *user,
                             saf_issuer_origin origin, saf_bytes token, saf_idt_result *result, saf_error *err);

#ifdef __cplusplus
}
#endif

#endif
