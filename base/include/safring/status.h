/**
 * @file
 * What every call of safring answers: a status for the program, a text for the person.
 *
 * Nearly all functions return a saf_status and take, last, a pointer to a saf_error of the caller's
 * (NULL is allowed). The status says what kind of thing went wrong, so that a program can choose what
 * to do; the error's text names the object (owner, label, path, URI) and its hint the way out. Neither
 * ever holds a secret. On failure outputs are untouched unless a function says otherwise.
 *
 * A question that was answered with no (a token that does not verify, say) is not an error: the call
 * returns SAF_OK and the answer is one of its outputs.
 *
 * There is no global or thread-local error state, and nothing here allocates.
 *
 *     saf_error err = {0};
 *     if (saf_store_open(&store, dir, NULL, &err) != SAF_OK) {
 *         fprintf(stderr, "%s\n", err.text);
 *         return saf_status_exit_code(err.status);
 *     }
 */
#ifndef SAFRING_STATUS_H
#define SAFRING_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** On the status type, so that ignoring any function's answer is a warning (C23, C++17). */
#if (defined(__STDC_VERSION__) && __STDC_VERSION__ > 201710L) || \
    (defined(__cplusplus) && __cplusplus >= 201703L)
#define SAF_MUST_CHECK [[nodiscard]]
#else
#define SAF_MUST_CHECK
#endif

/** What kind of answer a call gave. The exit codes are those of the safring command. */
enum SAF_MUST_CHECK saf_status {
    SAF_OK = 0,
    SAF_E_FAILED,      /**< something inside failed (crypto, a broken record)          exit 1 */
    SAF_E_IO,          /**< a file or device could not be read or written              exit 1 */
    SAF_E_MEMORY,      /**< no memory                                                  exit 1 */
    SAF_E_MALFORMED,   /**< foreign bytes (a file, a record) are not what they claim   exit 1 */
    SAF_E_UNSUPPORTED, /**< well-formed, but neither we nor the token can do that      exit 1 */
    SAF_E_SPACE,       /**< the caller's buffer is too small; nothing was written      exit 1 */
    SAF_E_USAGE,       /**< the caller broke the contract; an argument is not valid    exit 2 */
    SAF_E_NOT_FOUND,   /**< no such owner, label, ring, token, key, policy or file     exit 4 */
    SAF_E_EXISTS,      /**< exists already                                             exit 5 */
    SAF_E_CONFLICT,    /**< contradicts what is there (still connected, ambiguous, …)  exit 5 */
    SAF_E_DENIED,      /**< wrong PIN or passphrase, or no authority                   exit 6 */
    SAF_E_BUSY,        /**< locked by another process; try again                       exit 7 */
    SAF_E_TOKEN_GONE   /**< the PKCS#11 token does not answer for now                  exit 7 */
};
typedef enum saf_status saf_status;

/** The codes that the z/OS service would have returned (SAF return code, RACF return and reason
 *  code), where there is such a service (R_datalib, RACROUTE); all zero elsewhere. */
typedef struct saf_codes {
    int saf;
    int racf;
    int reason;
} saf_codes;

/** Room for text and hint, terminators included; longer texts are cut. */
enum { SAF_ERROR_TEXT_SIZE = 640, SAF_ERROR_HINT_SIZE = 320 };

/** The caller's record of what went wrong. Initialise it with {0}; it can be used again. Only a call that fails writes it, all of it: after SAF_OK it still says what
 *  failed before. */
typedef struct saf_error {
    saf_status status;
    saf_codes codes;
    char text[SAF_ERROR_TEXT_SIZE]; /**< one line: what failed and on which object */
    char hint[SAF_ERROR_HINT_SIZE]; /**< one line: what to do next, or empty */
} saf_error;

/** The stable name of a status ("not-found"), as it stands in JSON errors. Never NULL. */
const char *saf_status_name(saf_status status);

/** The exit code that the safring command gives for a status (0 for SAF_OK). */
int saf_status_exit_code(saf_status status);

#ifdef __cplusplus
}
#endif

#endif
