/**
 * @file
 * Who asks, and who may.
 *
 * Every call of the store, ring and issuer interfaces takes a *principal*, the user on whose behalf the
 * program acts, and puts one question to the *authority* that the store was opened with. The answer has
 * three values, as SAF's has: allow, deny, no decision. Without an authority of the program's own, what
 * the file permissions allowed is allowed: whoever could open the store may do everything with it.
 * A program that serves many users passes its own callback; "no decision" then means deny (fail closed,
 * as for RACDCERT's functions on z/OS).
 *
 * Deliberately not here: groups, profiles, access lists. They belong to whoever implements the callback.
 */
#ifndef SAFRING_AUTHORITY_H
#define SAFRING_AUTHORITY_H

#include <safring/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The user on whose behalf a call is made: 1-8 characters, folded to upper case. Borrowed for the call. */
typedef struct saf_principal {
    const char *user; /**< NULL: the program itself, by the name of its Unix user (not folded) in the audit trail */
} saf_principal;

/** What is asked for; the comment names the z/OS resource (class FACILITY or RDATALIB) that would be checked. */
typedef enum saf_function {
    SAF_FN_STORE_READ,    /**< describe the store, list owners */
    SAF_FN_STORE_ADMIN,   /**< change the store as a whole */
    SAF_FN_CERT_LIST,     /**< IRR.DIGTCERT.LIST; connecting asks it too: IRR.DIGTCERT.owner.label.LST.CONNECT */
    SAF_FN_CERT_ADD,      /**< IRR.DIGTCERT.ADD, .GENCERT */
    SAF_FN_CERT_ALTER,    /**< IRR.DIGTCERT.ALTER */
    SAF_FN_CERT_DELETE,   /**< IRR.DIGTCERT.DELETE */
    SAF_FN_CERT_REQUEST,  /**< IRR.DIGTCERT.GENREQ */
    SAF_FN_CERT_REKEY,    /**< IRR.DIGTCERT.REKEY; adding the new one asks CERT_ADD too */
    SAF_FN_CERT_ROLLOVER, /**< IRR.DIGTCERT.ROLLOVER */
    SAF_FN_CERT_REVOKE,   /**< revoke what a CA issued; RACF has no such function, PKI Services has */
    SAF_FN_CERT_SIGN,     /**< use a private key to sign certificates: IRR.DIGTCERT.GENCERT */
    SAF_FN_CERT_KEY,      /**< have a private key handed out, also through a ring of another owner: IRR.DIGTCERT.EXPORTKEY */
    SAF_FN_RING_LIST,     /**< owner.ring.LST READ, IRR.DIGTCERT.LISTRING */
    SAF_FN_RING_KEY,      /**< private key through a PERSONAL connection: owner.ring.LST; of another owner's certificate with CERT_KEY too */
    SAF_FN_RING_CREATE,   /**< owner.ring.UPD, IRR.DIGTCERT.ADDRING */
    SAF_FN_RING_DELETE,   /**< owner.ring.UPD, IRR.DIGTCERT.DELRING */
    SAF_FN_RING_CONNECT,  /**< owner.ring.UPD, IRR.DIGTCERT.CONNECT */
    SAF_FN_RING_REMOVE,   /**< owner.ring.UPD, IRR.DIGTCERT.REMOVE */
    SAF_FN_RING_PUBLISH,  /**< give a Unix user a ring to read, or take it away: owner.ring.UPD; RACF has no such function. Giving asks RING_LIST too */
    SAF_FN_POLICY_LIST,   /**< RLIST of class IDTDATA */
    SAF_FN_POLICY_CHANGE, /**< RDEFINE, RALTER, RDELETE of class IDTDATA */
    SAF_FN_TOKEN_SIGN,    /**< issue an identity token: RACROUTE REQUEST=VERIFY with IDTA */
    SAF_FN_TOKEN_VERIFY   /**< verify an identity token */
} saf_function;

/** One question. Strings are borrowed for the call. */
typedef struct saf_question {
    saf_function function;
    const char *owner; /**< owner of the certificate or ring; application of a policy; "" for the store */
    const char *name;  /**< label or ring name; user of a policy; "" when all of the owner's are meant */
} saf_question;

/** SAF's three answers (saf return code 0, 8, 4). */
typedef enum saf_decision { SAF_ALLOW, SAF_DENY, SAF_NO_DECISION } saf_decision;

/** The callback: answers @p question for @p who. May be called from any thread that uses the store. */
typedef saf_decision (*saf_authority_fn)(void *context, const saf_principal *who, const saf_question *question);

/** The stable name of a function ("cert-list"). Never NULL. */
const char *saf_function_name(saf_function function);

#ifdef __cplusplus
}
#endif

#endif
