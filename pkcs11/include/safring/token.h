/**
 * @file
 * The care of tokens: what is in one, its files, backup, repair, removal, and certificates put into it (RACDCERT LISTTOKEN, DELTOKEN, BIND, UNBIND).
 *
 * Most of this exists because of SoftHSM 2.6, which keeps a token as a directory of files that it rewrites in place (see safring-tokens(7)). On another
 * module the functions that need such files answer SAF_E_UNSUPPORTED.
 *
 *     saf_token_findings findings = { 0 };
 *     if (saf_token_examine(&findings, &options, NULL, SAF_TOKEN_REPAIR, &err) == SAF_OK)
 *         for (size_t i = 0; i < findings.count; i++)
 *             report(findings.items[i].found, findings.items[i].remedy);
 *     saf_token_findings_free(&findings);
 *
 * Deliberately not here: making tokens and logging in (<safring/pkcs11.h>), making secret keys (<safring/secret-key.h>), which certificates a store has.
 *
 * Statuses beside those named are those of <safring/pkcs11.h>.
 */
#ifndef SAFRING_TOKEN_H
#define SAFRING_TOKEN_H

#include <safring/pkcs11.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- choosing and describing ------------------------------------------------------------------------------ */

/** What names a token: its label, its serial, or the URI of it or of something in it. SAF_E_NOT_FOUND; SAF_E_CONFLICT (several: the text lists label and
 *  serial of each). */
saf_status saf_token_find(saf_p11_token *out, saf_p11 *p11, const char *name, saf_error *err);

/** The URI that means this token alone: label and serial. */
void saf_token_uri(saf_p11_uri *out, const saf_p11_token *token);

enum { SAF_TOKEN_PATH_MAX = 1024, SAF_TOKEN_MECHANISMS = 16, SAF_TOKEN_BACKUP_MAX = 512 * 1024 * 1024 };

/** What a module says of a token. */
typedef struct saf_token_info {
    unsigned hardware_version[2], firmware_version[2]; /**< major, minor */
    bool pin_set, pin_count_low, pin_final_try, pin_locked;
    bool so_pin_count_low, so_pin_final_try, so_pin_locked;
    char directory[SAF_TOKEN_PATH_MAX];                /**< SoftHSM's files of it; "": another module, or not found */
    const char *has[SAF_TOKEN_MECHANISMS + 1], *lacks[SAF_TOKEN_MECHANISMS + 1]; /**< CKM names of what safring uses, closed by NULL */
} saf_token_info;

saf_status saf_token_describe(saf_token_info *out, saf_p11 *p11, const saf_p11_token *token, saf_error *err);

/** One object of a token. */
typedef struct saf_token_object {
    saf_p11_type type; /**< SAF_P11_ANY: of another class */
    char label[SAF_P11_OBJECT_MAX + 1];
    unsigned char id[SAF_P11_ID_MAX];
    size_t id_len;
    char uri[SAF_P11_URI_MAX + 1]; /**< "": of a class that URIs have no type for */
    const char *key_type;          /**< "RSA", "EC", "AES", …; NULL: no key, or another kind */
    bool is_private, sensitive, extractable;
    bool generated;                /**< a key that was made in the token (CKA_LOCAL) */
    bool is_counter;               /**< one of our own: the last sequence number */
} saf_token_object;

typedef struct saf_token_object_list {
    saf_token_object *objects;
    size_t count;
    uint32_t last_sequence; /**< the highest sequence number assigned; 0: none */
} saf_token_object_list;

void saf_token_object_list_free(saf_token_object_list *list);

/** All token objects, by type and label. */
saf_status saf_token_list_objects(saf_token_object_list *out, saf_p11_session *session, saf_error *err);

/* ---- the doctor ------------------------------------------------------------------------------------------- */

typedef enum saf_token_fault {
    SAF_TOKEN_NO_CONFIGURATION, /**< softhsm2.conf is missing or unreadable, or names no directory */
    SAF_TOKEN_NO_DIRECTORY,     /**< the directory that it names is not there */
    SAF_TOKEN_LOST,             /**< token.object is empty, damaged or missing: nobody can log in */
    SAF_TOKEN_BEGUN,            /**< a token that was never finished: nothing is in it */
    SAF_TOKEN_NO_PIN,           /**< the user's PIN was never set */
    SAF_TOKEN_COPY,             /**< the copy of token.object is missing or older than it */
    SAF_TOKEN_OBJECT,           /**< an object's file is empty, damaged or unfinished */
    SAF_TOKEN_GENERATION,       /**< the generation file has no number in it */
    SAF_TOKEN_PERMISSIONS,      /**< others can read or write files, or one belongs to somebody else */
    SAF_TOKEN_LINK,             /**< a link where a file or directory should be */
    SAF_TOKEN_LEFTOVER,         /**< what a killed delete or restore left */
    SAF_TOKEN_KEY,              /**< a key that cannot be used */
    SAF_TOKEN_SEQUENCE          /**< the counter of sequence numbers is behind the highest in use */
} saf_token_fault;

/** "token-lost", "object", …: stable names for programs. */
const char *saf_token_fault_name(saf_token_fault fault);

/** What became of a finding. */
typedef enum saf_token_outcome {
    SAF_TOKEN_REPAIRED,
    SAF_TOKEN_REPAIRABLE, /**< it was only told: SAF_TOKEN_REPAIR does it */
    SAF_TOKEN_REMAINS     /**< somebody else has to do something */
} saf_token_outcome;

enum { SAF_TOKEN_TEXT_MAX = 400 };

typedef struct saf_token_finding {
    saf_token_fault fault;
    saf_token_outcome outcome;
    bool is_unusable;                    /**< the token cannot be used (or could not, before it was repaired) */
    char label[SAF_P11_LABEL_MAX + 1];   /**< of the token; "": not known */
    char serial[17];                     /**< likewise */
    char path[SAF_TOKEN_PATH_MAX];       /**< file or directory; of a key its URI */
    char found[SAF_TOKEN_TEXT_MAX];      /**< what is wrong, and why */
    char remedy[SAF_TOKEN_TEXT_MAX];     /**< what was done, would be done, or is to be done */
} saf_token_finding;

typedef struct saf_token_findings {
    saf_token_finding *items;
    size_t count;
} saf_token_findings;

void saf_token_findings_free(saf_token_findings *findings);

typedef enum saf_token_action { SAF_TOKEN_TELL, SAF_TOKEN_REPAIR } saf_token_action;

/**
 * Examine SoftHSM's files, and repair what can be repaired, under our lock and without loading the module: before saf_p11_open(), which would repair the worst
 * silently. Nothing is ever destroyed but what never held a key; files of objects that are useless are moved into the directory "quarantine.safring"
 * of their token.
 *
 * @param where   as saf_p11_open() is told; borrowed
 * @param token   label or serial of the only token to look at; NULL: all
 * @param backup  a file of saf_token_backup() from which lost object files are put back; empty: none
 * @retval SAF_E_UNSUPPORTED  another module than SoftHSM
 */
saf_status saf_token_examine(saf_token_findings *out, const saf_p11_options *where, const char *token, saf_bytes backup,
                             saf_token_action action, saf_error *err);

/** With a login: try every key (it signs or encrypts something), and compare the counter of sequence numbers with those in use. Appends to @p out. Any module. */
saf_status saf_token_try_keys(saf_token_findings *out, saf_p11_session *session, saf_token_action action, saf_error *err);

/* ---- removing --------------------------------------------------------------------------------------------- */

/** Check a security officer's PIN. SAF_E_DENIED; SAF_E_BUSY (this process is logged in to the token as its user: open another handle). */
saf_status saf_token_check_officer(saf_p11 *p11, const saf_p11_token *token, const saf_secret *so_pin, saf_error *err);

/** How many objects SoftHSM's files of a token hold, our own counter among them. SAF_E_UNSUPPORTED (another module). */
saf_status saf_token_count_files(size_t *out, saf_p11 *p11, const saf_p11_token *token, saf_error *err);

/** Remove a token of SoftHSM with all its keys (DELTOKEN FORCE): gone at once or not at all, whatever kills it. The security officer's PIN has to be
 *  right, as saf_token_check_officer() says. SAF_E_UNSUPPORTED (another module: the text says what to use). */
saf_status saf_token_delete(saf_p11 *p11, const saf_p11_token *token, const saf_secret *so_pin, saf_error *err);

/* ---- backup ----------------------------------------------------------------------------------------------- */

/** Called as work goes on. May be NULL. */
typedef void (*saf_token_progress_fn)(void *context);

/** The files of a token as a tar archive (POSIX ustar), as they were at one moment; the caller frees *out with free(). A login has proved that the token
 *  opens; every file is checked to be whole. SAF_E_UNSUPPORTED (another module), SAF_E_MALFORMED (a file is not whole: `token doctor`), SAF_E_BUSY (it
 *  changes all the time: another program writes it). */
saf_status saf_token_backup(unsigned char **out, size_t *out_len, saf_p11_session *session, saf_token_progress_fn progress, void *context,
                            saf_error *err);

/** What a backup says of itself. */
typedef struct saf_token_backup_info {
    char label[SAF_P11_LABEL_MAX + 1], serial[17];
    size_t objects;
} saf_token_backup_info;

/** Read a backup strictly: every member is checked by name, kind, size and SHA-256. SAF_E_MALFORMED. */
saf_status saf_token_backup_read(saf_token_backup_info *out, saf_bytes backup, saf_error *err);

typedef enum saf_token_if_exists { SAF_TOKEN_FAIL, SAF_TOKEN_REPLACE } saf_token_if_exists;

/**
 * Put a token back from a backup: under another place's name first, where a login proves that @p pin opens it and all its objects can be read; then by one
 * rename, so that it is there whole or not at all. Call it without a module open in this process: it loads one of its own and sets SOFTHSM2_CONF while it does.
 *
 * @retval SAF_E_EXISTS  a token of that serial is there, and @p if_exists says to leave it
 * @retval SAF_E_DENIED  wrong PIN
 */
saf_status saf_token_restore(const saf_p11_options *where, saf_bytes backup, const saf_secret *pin, saf_token_if_exists if_exists, saf_error *err);

/* ---- certificates in tokens ------------------------------------------------------------------------------- */

/** What to put into a token. Borrowed for the call. */
typedef struct saf_token_bind_request {
    const char *label;   /**< CKA_LABEL of all three objects */
    saf_bytes cert;      /**< DER */
    const EVP_PKEY *key; /**< its private key, RSA or EC; NULL: none */
} saf_token_bind_request;

typedef struct saf_token_bound {
    char uri[SAF_P11_URI_MAX + 1];     /**< of the certificate */
    char key_uri[SAF_P11_URI_MAX + 1]; /**< of the private key; "": none is there */
    bool has_key;                      /**< the token has the private key now */
    bool made_key;                     /**< it was put there by this call */
} saf_token_bound;

/** Put a certificate, its public key and its private key into the token (RACDCERT BIND), sharing the CKA_ID of a private key of it that is there already,
 *  else the SHA-1 hash of the public key, as NSS and p11tool have it. The private key is sensitive and cannot be extracted. Done again it completes what a
 *  kill interrupted. SAF_E_MALFORMED (no certificate; the key is another's), SAF_E_UNSUPPORTED (the token does not take it; a kind of key). */
saf_status saf_token_bind(saf_token_bound *out, saf_p11_session *session, const saf_token_bind_request *request, saf_error *err);

typedef enum saf_token_keys { SAF_TOKEN_KEEP_KEYS, SAF_TOKEN_DESTROY_IMPORTED } saf_token_keys;

typedef struct saf_token_unbound {
    size_t certs, keys; /**< objects destroyed */
    bool kept_key;      /**< a private key of it is in the token and stays: it was made there, or is to be kept */
} saf_token_unbound;

/** Remove a certificate from the token (RACDCERT UNBIND), and with SAF_TOKEN_DESTROY_IMPORTED the key pair that saf_token_bind() put there (CKA_LOCAL is
 *  false); a private key that was made in the token never goes this way. SAF_E_NOT_FOUND: the token does not have that certificate. */
saf_status saf_token_unbind(saf_token_unbound *out, saf_p11_session *session, saf_bytes cert, saf_token_keys keys, saf_error *err);

#ifdef __cplusplus
}
#endif

#endif
