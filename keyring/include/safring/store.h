/**
 * @file
 * The security database: certificates with their keys, rings, policies, serial counters, audit trail.
 *
 * A store is a directory (FORMAT.md describes it). One saf_store is one connection to it, used by one thread
 * at a time and never carried over fork(); several threads and processes open their own. Reading takes no
 * lock that lasts: every call is one short transaction.
 *
 * Changes are made inside a saf_change, which is one transaction: all that was done between
 * saf_change_begin() and saf_change_commit() happens, audit records included, or nothing does, also when the
 * process is killed or the disk is full. A change keeps other writers out, so do slow work (making an RSA key)
 * before it begins. While one is open, reads on the same saf_store see it. Abandoning a change is how a dry run
 * ends.
 *
 * Every call says who asks (<safring/authority.h>); a change asks for the principal it was begun for.
 *
 * Deliberately not here: issuing, renewing or verifying certificates (<safring/cert.h>), and PKCS#11 tokens: a key
 * in a token is kept as its URI.
 *
 *     saf_store *store = NULL;
 *     saf_cert *cert = NULL;
 *     saf_principal who = {0};
 *     saf_error err = {0};
 *     if (saf_store_open(&store, "/var/lib/safring", NULL, &err) == SAF_OK &&
 *         saf_store_find_cert(&cert, store, &who, "ZWESVUSR", "localhost", &err) == SAF_OK)
 *         printf("%s\n", cert->subject);
 *     saf_cert_free(&cert);
 *     saf_store_close(&store);
 *
 * Statuses that any call here may return beside those it names: SAF_E_DENIED (the authority said no; codes 8/8/8),
 * SAF_E_BUSY (another process held the database longer than the timeout), SAF_E_IO (disk full, I/O error),
 * SAF_E_MEMORY, SAF_E_FAILED (the database is damaged; the text says where).
 */
#ifndef SAFRING_STORE_H
#define SAFRING_STORE_H

#include <safring/authority.h>
#include <safring/bytes.h>
#include <safring/secret.h>
#include <safring/status.h>

#include <openssl/types.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Longest names, in bytes of UTF-8, and the arrays that hold them (saf.md of z/OS: RACDCERT limits). */
enum {
    SAF_OWNER_MAX = 8,
    SAF_LABEL_MAX = 32,
    SAF_RING_NAME_MAX = 237,
    SAF_APPL_MAX = 8,
    SAF_KEY_URI_MAX = 1024,
    SAF_FINGERPRINT_LEN = 32 /**< SHA-256 */
};

/** The two owners that are not users. */
#define SAF_OWNER_CERTAUTH "CERTAUTH"
#define SAF_OWNER_SITE "SITE"

/** A new passphrase has at least so many bytes; what somebody can guess protects nothing. */
enum { SAF_PASSPHRASE_MIN = 8, SAF_PASSPHRASE_SHORT = 12 /**< below this, programs should warn */ };

typedef struct saf_store saf_store;
typedef struct saf_change saf_change;

/** What the master key of a store is. */
typedef enum saf_master_kind {
    SAF_MASTER_FILE,       /**< a key file in the store's directory, mode 0400: protects backups of store.db, no more */
    SAF_MASTER_PASSPHRASE, /**< scrypt of a passphrase that --store-secret-source gives each time */
    SAF_MASTER_CREDENTIAL, /**< HKDF of at least 32 random bytes that --store-secret-source gives each time (a systemd credential, say) */
    SAF_MASTER_TOKEN       /**< an AES key in a PKCS#11 token, which saf_store_options.token seals with and opens */
} saf_master_kind;

/** A master key in a token: the store does not open tokens, a floor above does it for it. Both are called with the URI of the key, the bytes, and what
 *  they are bound to (additional authenticated data). @p out is the store's, wiped by it. SAF_E_SPACE, SAF_E_DENIED (altered, or another key). */
typedef struct saf_token_key {
    saf_status (*seal)(void *context, const char *uri, saf_bytes plain, saf_bytes aad, unsigned char *out, size_t out_cap, size_t *out_len, saf_error *err);
    saf_status (*open)(void *context, const char *uri, saf_bytes sealed, saf_bytes aad, unsigned char *out, size_t out_cap, size_t *out_len, saf_error *err);
    void *context;
} saf_token_key;

/** How to open a store; {0} (or NULL) is right for a local administrator. Borrowed for the call, but for the
 *  authority's context, which must outlive the store. */
typedef struct saf_store_options {
    const char *secret_source; /**< the store's passphrase or credential as a secret source; NULL: the store has its key in a file or token */
    const saf_secret *passphrase; /**< the passphrase or credential itself; NULL: secret_source says. It wins, and is what to use when a store
                                       is made and then opened: a source like fd:N can be read only once. Not looked at when the
                                       master key is in a token */
    const saf_token_key *token; /**< for a store whose master key is in a token; NULL: such a store cannot be opened */
    saf_authority_fn authority; /**< NULL: whatever the file permissions allowed */
    void *authority_context;
    unsigned busy_timeout_ms; /**< how long to wait for another writer; 0: 10 000 */
} saf_store_options;

/** What a store is and how much it holds. */
typedef struct saf_store_info {
    char id[37]; /**< a random UUID, made once */
    unsigned schema;
    saf_master_kind master;
    int64_t created;
    uint64_t certificates, rings, policies, audit_records;
} saf_store_info;

/** Where the store is when nobody says: $SAFRING_HOME, else /var/lib/safring for root, else
 *  $XDG_DATA_HOME/safring or ~/.local/share/safring. SAF_E_USAGE when none can be told. */
saf_status saf_store_default_dir(char *out, size_t out_cap, saf_error *err);

/** Make a store: the directory (mode 0700), its database and master key. With options->passphrase or options->secret_source its
 *  master key is that passphrase's. A half-made one (killed) is completed.
 *  SAF_E_EXISTS when there is one, however it is protected and whatever passphrase was given. SAF_E_DENIED when the directory is
 *  there and another user's, or holds parts of a store that are (also for root, who would trust what that user put there).
 *  SAF_E_CONFLICT when the directory holds other files and others may enter it, or the master key or tokens of a store whose database is gone.
 *  SAF_E_USAGE when the passphrase is too short (SAF_PASSPHRASE_MIN). */
saf_status saf_store_create(const char *dir, const saf_store_options *options, saf_error *err);

/** softhsm2.conf in a store names its tokens by their absolute path. In one that was moved or copied (and is otherwise as it was made), make it name this store's
 *  own tokens/; one that is missing is made. SAF_E_CONFLICT: it is another user's. */
saf_status saf_store_settle_tokens(bool *was_moved, const char *dir, saf_error *err);

/** Open a store.
 *  SAF_E_NOT_FOUND: there is none, or an unfinished one; saf_store_create() can make it. No other failure has this status.
 *  SAF_E_DENIED: file permissions; directory, database or key file belong to another user (for root, nobody is another) or may be
 *  written by others; no passphrase, a wrong one, or one that its source does not have.
 *  SAF_E_USAGE: a passphrase or its source was given, and the store has a key file.
 *  SAF_E_FAILED: damaged, or its key file is missing. SAF_E_UNSUPPORTED: made by a newer release.
 *  A store that an older release made is converted to this one's schema, which older releases then refuse; SAF_E_DENIED when it cannot
 *  be written. */
saf_status saf_store_open(saf_store **out, const char *dir, const saf_store_options *options, saf_error *err);

/** What kind of master key opens the store in @p dir, without opening it. SAF_E_NOT_FOUND, SAF_E_DENIED, SAF_E_FAILED, SAF_E_UNSUPPORTED. */
saf_status saf_store_read_master_kind(saf_master_kind *out, const char *dir, saf_error *err);

/** Its name: "file", "passphrase", "credential", "token". Never NULL. */
const char *saf_master_kind_name(saf_master_kind kind);

/** Close; a change that is open on it must have ended. NULL allowed; sets *store to NULL. */
void saf_store_close(saf_store **store);

/** The directory, as it was given. Lives as long as the store. */
const char *saf_store_dir(const saf_store *store);

saf_status saf_store_describe(saf_store_info *out, saf_store *store, const saf_principal *who, saf_error *err);

enum { SAF_MODULE_MAX = 1023 };

/** Set which PKCS#11 module is used with this store when neither the caller nor the environment names one, as saf_p11_options.module has it but with an absolute
 *  path; NULL: none, which is the default. It is not loaded here. Function SAF_FN_STORE_ADMIN. SAF_E_USAGE. */
saf_status saf_store_set_module(saf_change *change, const char *module, saf_error *err);

/** Read that from the store in @p dir, without opening it: its master key may be in a token. "": none. Statuses as saf_store_read_master_kind(); SAF_E_DENIED also
 *  for root, when one is set in a store that is another user's. */
saf_status saf_store_read_module(char out[SAF_MODULE_MAX + 1], const char *dir, saf_error *err);

/** Begin a change. SAF_E_USAGE when one is open on this store. */
saf_status saf_change_begin(saf_change **out, saf_store *store, const saf_principal *who, saf_error *err);

/** Make it happen. Frees the change either way. On failure nothing happened, except that SAF_E_IO whose text says "the change … is made" means that it
 *  has, and that the disk could not be made to keep it. */
saf_status saf_change_commit(saf_change **change, saf_error *err);

/** Undo and free. NULL allowed; sets *change to NULL. */
void saf_change_abandon(saf_change **change);

/** The store a change is open on, and who it was begun for: reads inside a change go through them. */
saf_store *saf_change_store(saf_change *change);
const saf_principal *saf_change_principal(const saf_change *change);

/* ---- names ---------------------------------------------------------------------------------------------- */

/** Check an owner (1-8 of A-Z 0-9 # $ @) and fold it to upper case. @p out holds SAF_OWNER_MAX + 1. SAF_E_USAGE. */
saf_status saf_owner_fold(char *out, const char *owner, saf_error *err);

/** Check a label: 1-32 bytes of printable UTF-8, no blank at either end. Control characters are not printable, nor those that only
 *  format (invisible ones, changes of direction). SAF_E_USAGE. */
saf_status saf_label_check(const char *label, saf_error *err);

/** Check a ring's name: 1-237 bytes of printable UTF-8, no blank at either end, not "*", no "&". SAF_E_USAGE, codes 8/8/28. */
saf_status saf_ring_name_check(const char *name, saf_error *err);

/* ---- certificates --------------------------------------------------------------------------------------- */

/** RACF's certificate status, with R_datalib's bits. */
typedef enum saf_trust {
    SAF_TRUST = (int)0x80000000u,
    SAF_HIGHTRUST = 0x40000000,
    SAF_NOTRUST = 0x20000000
} saf_trust;

/** Where a certificate's private key is. */
typedef enum saf_key_place { SAF_KEY_NONE, SAF_KEY_STORED, SAF_KEY_IN_TOKEN } saf_key_place;

/** Why a certificate was revoked: CRLReason (RFC 5280 5.3.1) with its numbers. */
typedef enum saf_reason {
    SAF_REASON_UNSPECIFIED = 0,
    SAF_REASON_KEY_COMPROMISE = 1,
    SAF_REASON_CA_COMPROMISE = 2,
    SAF_REASON_AFFILIATION_CHANGED = 3,
    SAF_REASON_SUPERSEDED = 4,
    SAF_REASON_CESSATION_OF_OPERATION = 5,
    SAF_REASON_CERTIFICATE_HOLD = 6, /**< the only one that can be taken back */
    SAF_REASON_REMOVE_FROM_CRL = 8,  /**< takes a hold back; never kept */
    SAF_REASON_PRIVILEGE_WITHDRAWN = 9,
    SAF_REASON_AA_COMPROMISE = 10
} saf_reason;

/** Read a reason by its name in RFC 5280 ("keyCompromise") or with hyphens ("key-compromise"), in any case. SAF_E_USAGE; the text lists them. */
saf_status saf_reason_parse(saf_reason *out, const char *name, saf_error *err);

/** "key-compromise". Never NULL; what is no reason is "unspecified". */
const char *saf_reason_name(saf_reason reason);

/** One certificate of the store. Made and freed by the library; all pointers live as long as the record. */
typedef struct saf_cert {
    char owner[SAF_OWNER_MAX + 1];
    char label[SAF_LABEL_MAX + 1];
    saf_trust trust;
    saf_bytes der;
    const char *subject; /**< "CN=…,O=…,C=…": RFC 4514 escaping, in the order of the certificate's RDNs; what is not printable
                              (as in a label) as \XX, so that it is safe to show */
    const char *issuer;  /**< likewise */
    const char *serial;  /**< upper-case hex, no leading zeros, "0" for zero */
    int64_t not_before, not_after;
    unsigned char fingerprint[SAF_FINGERPRINT_LEN]; /**< SHA-256 of der */
    unsigned char key_id[SAF_FINGERPRINT_LEN];      /**< SHA-256 of the SubjectPublicKeyInfo */
    const char *key_type; /**< "rsa", "ec:P-256", "ed25519", …: as in --key, without the size of RSA */
    unsigned key_bits;
    saf_key_place key_place;
    const char *key_uri;     /**< RFC 7512, for SAF_KEY_IN_TOKEN; else NULL */
    const char *last_serial; /**< the last sequential serial this one issued as a CA, in hex; NULL: none */
    int64_t requested_at;    /**< when a certificate for its key was last asked for (GENREQ) that has not come yet; 0: none is awaited */
    int64_t revoked_at;      /**< when it was revoked by a CA of this store; 0: it is not, as far as the store knows */
    saf_reason reason;       /**< why */
    bool is_ca;              /**< basicConstraints says so */
    bool self_issued;        /**< subject and issuer are the same name */
} saf_cert;

/** NULL allowed; sets *cert to NULL. */
void saf_cert_free(saf_cert **cert);

/** What a certificate says that is in no store: owner and label are "", there is no key, the status is SAF_NOTRUST.
 *  SAF_E_MALFORMED (not one DER certificate). */
saf_status saf_cert_read(saf_cert **out, saf_bytes der, saf_error *err);

/** A page of certificates. {0} is empty. */
typedef struct saf_cert_page {
    saf_cert **certs;
    size_t count;
} saf_cert_page;

void saf_cert_page_free(saf_cert_page *page);

/** What to list, in the order of owner and label. */
typedef struct saf_cert_query {
    const char *owner; /**< one owner; NULL: all */
    const char *after_owner, *after_label; /**< continue after this one (the last of the page before); NULL: start */
    size_t limit; /**< at most this many; 0: 200 */
} saf_cert_query;

/** By owner and label. SAF_E_NOT_FOUND. */
saf_status saf_store_find_cert(saf_cert **out, saf_store *store, const saf_principal *who, const char *owner,
                               const char *label, saf_error *err);

/** By SHA-256 fingerprint. SAF_E_NOT_FOUND. */
saf_status saf_store_find_cert_by_fingerprint(saf_cert **out, saf_store *store, const saf_principal *who,
                                              const unsigned char fingerprint[SAF_FINGERPRINT_LEN], saf_error *err);

/** All whose subject is the issuer of @p cert (itself included when self-issued), candidates for its chain: those of the
 *  same owner first, then CERTAUTH's, then others'. An empty page is SAF_OK. */
saf_status saf_store_find_issuers(saf_cert_page *out, saf_store *store, const saf_principal *who,
                                  const saf_cert *cert, saf_error *err);

/** All of an owner that have this public key (hash of the SubjectPublicKeyInfo), oldest record first: what a new certificate for the
 *  key would renew. An empty page is SAF_OK. */
saf_status saf_store_find_certs_of_key(saf_cert_page *out, saf_store *store, const saf_principal *who, const char *owner,
                                       const unsigned char key_id[SAF_FINGERPRINT_LEN], saf_error *err);

saf_status saf_store_list_certs(saf_cert_page *out, saf_store *store, const saf_principal *who,
                                const saf_cert_query *query, saf_error *err);

/** A certificate to add. Everything is borrowed for the call. */
typedef struct saf_cert_entry {
    const char *owner;
    const char *label;
    saf_trust trust;
    saf_bytes der;
    EVP_PKEY *key;       /**< private key to keep sealed in the store; NULL: none */
    const char *key_uri; /**< private key in a token; NULL: none */
} saf_cert_entry;

/** Add a certificate. SAF_E_EXISTS (label taken; or the same issuer and serial is there, and the text says where),
 *  SAF_E_MALFORMED (not one DER certificate), SAF_E_USAGE (key does not match it). */
saf_status saf_store_add_cert(saf_change *change, const saf_cert_entry *entry, saf_error *err);

/** Whether a certificate may go although it is connected to rings (R_datalib DataRemove attribute). */
typedef enum saf_force { SAF_NO_FORCE, SAF_FORCE } saf_force;

/** What to change of a certificate's record (RACDCERT ALTER); the certificate itself stays. */
typedef struct saf_cert_alteration {
    saf_trust trust;       /**< 0: as it is */
    const char *new_label; /**< NULL: as it is */
} saf_cert_alteration;

/** Change status or label (function SAF_FN_CERT_ALTER). Rings keep it; their readers see the difference.
 *  SAF_E_NOT_FOUND, SAF_E_EXISTS (label taken), SAF_E_USAGE. */
saf_status saf_store_alter_cert(saf_change *change, const char *owner, const char *label, const saf_cert_alteration *alteration,
                                saf_error *err);

/** Whether a new certificate is what a request asked for. */
typedef enum saf_replacement {
    SAF_REPLACE_RENEWED, /**< no: an answer that is awaited still is */
    SAF_REPLACE_ANSWERED /**< yes: nothing is awaited any more */
} saf_replacement;

/** Put another certificate for the same public key in the place of @p cert (a renewal: function SAF_FN_CERT_ADD). Label, private key,
 *  rings and serial counter stay. Whether the new one deserves it (its chain verifies) is the
 *  caller's to know. SAF_E_NOT_FOUND, SAF_E_CONFLICT (the label means another certificate by now), SAF_E_USAGE (another public key),
 *  SAF_E_EXISTS (its issuer and serial are there), SAF_E_MALFORMED. */
saf_status saf_store_replace_cert(saf_change *change, const saf_cert *cert, saf_bytes der, saf_trust trust, saf_replacement how,
                                  saf_error *err);

/** Note that a certificate for this one's key was asked for (RACDCERT GENREQ, function SAF_FN_CERT_REQUEST): it is not deleted without
 *  force until saf_store_replace_cert(). SAF_E_NOT_FOUND, SAF_E_CONFLICT (replaced meanwhile). */
saf_status saf_store_note_request(saf_change *change, const saf_cert *cert, saf_error *err);

/** What a rollover did. */
typedef struct saf_rollover {
    unsigned replaced; /**< PERSONAL connections that are the new certificate's now */
    unsigned added;    /**< CERTAUTH and SITE connections made beside the old one's */
    char key_uri[SAF_KEY_URI_MAX + 1]; /**< "" unless the old key was in a token: destroy it there (an intent is noted) */
} saf_rollover;

/** RACF's ROLLOVER, all of it or nothing (function SAF_FN_CERT_ROLLOVER on both): the private key of @p old is destroyed, for every
 *  certificate that has it (and what was requested for it is not awaited any more); wherever old is connected as PERSONAL, @p successor
 *  stands in its place with the same usage and default; wherever it is CERTAUTH or SITE, successor is connected beside it with the same usage, and is the default if old was; where it is
 *  connected already, it keeps its place (and the default, if it has that) and gets old's usage; the serial counter of successor
 *  becomes old's if that is higher. Both are of one owner. @p out may be NULL.
 *  SAF_E_NOT_FOUND; SAF_E_USAGE (other owners, or the same public key, which would be destroyed for both); SAF_E_CONFLICT (replaced
 *  meanwhile; old has no private key to destroy). */
saf_status saf_store_roll_over(saf_rollover *out, saf_change *change, const saf_cert *old, const saf_cert *successor,
                               saf_error *err);

/** Delete a certificate; with SAF_FORCE its ring connections too, and although a request for it is not answered, or it is a CA that has issued
 *  certificates which are still valid (its key is needed to revoke them). Its private key goes when no other certificate has it.
 *  SAF_E_NOT_FOUND, SAF_E_CONFLICT (connected, and the text lists rings; request awaited; a CA in use). */
saf_status saf_store_delete_cert(saf_change *change, const char *owner, const char *label, saf_force force,
                                 saf_error *err);

/** Give a certificate that has no private key the one that belongs to it, to keep sealed in the store; its rings and serial
 *  counter stay as they are (function SAF_FN_CERT_ADD: RACDCERT ADD of what is there with a key). @p cert does not change: find
 *  it again. SAF_E_NOT_FOUND, SAF_E_USAGE (does not match), SAF_E_EXISTS (has a key), SAF_E_CONFLICT (the label means another
 *  certificate by now; or the key is known as one in a token). */
saf_status saf_store_add_key(saf_change *change, const saf_cert *cert, EVP_PKEY *key, saf_error *err);

/** The stored private key of a certificate (function SAF_FN_CERT_KEY). Not recorded in the audit trail. SAF_E_NOT_FOUND (has none),
 *  SAF_E_UNSUPPORTED (it is in a token: use cert->key_uri). */
saf_status saf_store_load_key(EVP_PKEY **out, saf_store *store, const saf_principal *who, const saf_cert *cert,
                              saf_error *err);

/** The same, to sign certificates with (function SAF_FN_CERT_SIGN). */
saf_status saf_store_load_signing_key(EVP_PKEY **out, saf_store *store, const saf_principal *who,
                                      const saf_cert *cert, saf_error *err);

/** RACF's counter: raise the CA's last serial by one and return it in hex (caller frees with free()). */
saf_status saf_store_next_serial(char **out, saf_change *change, const saf_cert *ca, saf_error *err);

/** Record what a CA signed, for ever (RFC 5280 revocation needs it even after the certificate is gone). @p owner and @p label: whom it
 *  was for; NULL: not kept here (a foreign request). SAF_E_EXISTS when that issuer has issued that serial before. */
saf_status saf_store_record_issued(saf_change *change, const saf_cert *ca, saf_bytes der, const char *owner, const char *label,
                                   saf_error *err);

/* ---- what CAs issued, and its revocation ------------------------------------------------------------------- */

/** One certificate that a CA of this store signed, whether or not it is here (still). Pointers live as long as the record. */
typedef struct saf_issued {
    uint64_t number; /**< rises in the order in which they were recorded */
    char owner[SAF_OWNER_MAX + 1]; /**< whom it was for; "": a foreign request */
    char label[SAF_LABEL_MAX + 1];
    bool is_current;     /**< it is in the store now; false: replaced, deleted, or never kept */
    saf_cert *cert;      /**< what it says (saf_cert_read()); its owner and label are "" */
    int64_t issued_at;
    int64_t revoked_at;  /**< 0: it is not */
    saf_reason reason;
} saf_issued;

void saf_issued_free(saf_issued **issued);

typedef struct saf_issued_page {
    saf_issued **items;
    size_t count;
} saf_issued_page;

void saf_issued_page_free(saf_issued_page *page);

/** What of a CA's certificates to list, in the order of number. */
typedef struct saf_issued_query {
    bool only_revoked;
    uint64_t after; /**< continue after this number; 0: start */
    size_t limit;   /**< at most this many; 0: 200 */
} saf_issued_query;

/** What the key of @p ca signed in its name (function SAF_FN_CERT_LIST on it). Certificates of one CA, renewed, have one list.
 *  SAF_E_NOT_FOUND; SAF_E_CONFLICT: its label means a certificate of another key by now (so for all that take a @p ca). */
saf_status saf_store_list_issued(saf_issued_page *out, saf_store *store, const saf_principal *who, const saf_cert *ca,
                                 const saf_issued_query *query, saf_error *err);

/** One of them by its serial, in hex of any case, with or without leading zeros, "0x", and colons between bytes. SAF_E_NOT_FOUND, SAF_E_USAGE (not hex). */
saf_status saf_store_find_issued(saf_issued **out, saf_store *store, const saf_principal *who, const saf_cert *ca,
                                 const char *serial, saf_error *err);

/** Revoke what a CA issued (function SAF_FN_CERT_REVOKE on the CA): one row; ring readers see it. Revoking what is on hold gives the
 *  new reason, as of when it was put on hold; SAF_REASON_REMOVE_FROM_CRL frees it. SAF_E_NOT_FOUND, SAF_E_EXISTS (revoked already), SAF_E_CONFLICT (nothing on hold to
 *  free), SAF_E_USAGE (no such reason). */
saf_status saf_store_revoke(saf_change *change, const saf_cert *ca, const char *serial, saf_reason reason, saf_error *err);

/** Whether any CA of this store revoked the certificate with that SHA-256 fingerprint, wherever it is now: *at is 0 when not. What a CRL says is public:
 *  nobody is asked. @p reason: NULL allowed. */
saf_status saf_store_find_revocation(int64_t *at, saf_reason *reason, saf_store *store, const unsigned char fingerprint[SAF_FINGERPRINT_LEN],
                                     saf_error *err);

/** Whether any CA of this store revoked a certificate for that key because somebody else has the key (key-compromise, ca-compromise, aa-compromise), whoever it
 *  was for and wherever it is now: *at is 0 when not. @p public_key: SubjectPublicKeyInfo, DER. Nobody is asked, as for saf_store_find_revocation(). @p reason: NULL allowed. */
saf_status saf_store_find_compromise(int64_t *at, saf_reason *reason, saf_store *store, saf_bytes public_key, saf_error *err);

/** The next CRL of a CA. */
typedef struct saf_crl_turn {
    uint64_t number;     /**< RFC 5280 5.2.3: rises by one */
    int64_t previous_at; /**< when the one before was made; 0: none was */
} saf_crl_turn;

/** Take the next CRL number of a CA, a key and its name (function SAF_FN_CERT_SIGN on it). */
saf_status saf_store_next_crl(saf_crl_turn *out, saf_change *change, const saf_cert *ca, saf_error *err);

/* ---- work that touches a token too ------------------------------------------------------------------------ */

/** The store cannot change a token in its transaction. So who makes or destroys a token's key first commits what is intended, and takes
 *  it back in the change that finishes the work. What a killed program left behind is found here, and finished or undone. */
typedef enum saf_intent_kind {
    SAF_INTENT_MAKE_KEY,   /**< a key is being made; undone by destroying it unless a certificate names its URI */
    SAF_INTENT_DESTROY_KEY /**< a key is to be destroyed, unless a certificate names its URI */
} saf_intent_kind;

typedef struct saf_intent {
    uint64_t number;
    saf_intent_kind kind;
    int64_t at;
    char uri[SAF_KEY_URI_MAX + 1]; /**< with id: one key */
} saf_intent;

typedef struct saf_intent_page {
    saf_intent *intents;
    size_t count;
} saf_intent_page;

void saf_intent_page_free(saf_intent_page *page);

/** Note an intent (function SAF_FN_STORE_ADMIN is not asked: it is part of the operation). @p number may be NULL. SAF_E_USAGE (URI). */
saf_status saf_store_add_intent(uint64_t *number, saf_change *change, saf_intent_kind kind, const char *uri, saf_error *err);

/** Take it back: the work is done or undone. One that is not there is SAF_OK. */
saf_status saf_store_end_intent(saf_change *change, uint64_t number, saf_error *err);

/** The first 200, oldest first (function SAF_FN_STORE_READ). */
saf_status saf_store_list_intents(saf_intent_page *out, saf_store *store, const saf_principal *who, saf_error *err);

/** Whether any certificate's private key is the one that this URI names, compared as text (function SAF_FN_STORE_READ). */
saf_status saf_store_uses_key_uri(bool *out, saf_store *store, const saf_principal *who, const char *uri, saf_error *err);

/* ---- steps ------------------------------------------------------------------------------------------------ */

typedef struct saf_change_step saf_change_step;

/** A part of a change that can be undone alone, for work on many things of which some may fail. Steps nest; the inner ones end first,
 *  and all of them before the change. */
saf_status saf_change_step_begin(saf_change_step **out, saf_change *change, saf_error *err);

/** Keep what was done since. Frees the step either way; on failure it is undone. */
saf_status saf_change_step_keep(saf_change_step **step, saf_error *err);

/** Undo it. NULL allowed; sets *step to NULL. */
void saf_change_step_undo(saf_change_step **step);

/* ---- policies of identity tokens (class IDTDATA, IDTPARMS) ---------------------------------------------- */

/** How a policy's key is used (design: token, derived, memory). */
typedef enum saf_key_use { SAF_KEY_USE_TOKEN, SAF_KEY_USE_DERIVED, SAF_KEY_USE_MEMORY } saf_key_use;

/** One profile JWT.<appl>.<user>.SAF. */
typedef struct saf_policy {
    char appl[SAF_APPL_MAX + 1];  /**< application name or generic pattern (% one character, * any) */
    char user[SAF_OWNER_MAX + 1]; /**< user ID or generic pattern */
    char alg[8];                  /**< SIGALG: "HS512", …; "none" where unsigned tokens are allowed */
    char key[SAF_KEY_URI_MAX + 1]; /**< SIGTOKEN and SIGSEQNUM: an RFC 7512 URI, or safkeyring://OWNER/RING&LABEL */
    char kid[65];                 /**< SIGKIDPRIMARY: goes into the header; "" none */
    saf_key_use key_use;
    unsigned timeout_min; /**< IDTTIMEOUT, 1-1440 */
    bool any_appl;        /**< ANYAPPL */
    bool prot_allowed;    /**< PROTALLOWED; kept, but the store has no protected users yet, so nothing asks for it */
    uint64_t generation;  /**< rises with each change of this policy; 0 in what a caller passes */
} saf_policy;

/** A page of policies. */
typedef struct saf_policy_page {
    saf_policy *policies;
    size_t count;
} saf_policy_page;

void saf_policy_page_free(saf_policy_page *page);

/** Check the names and numbers of a policy and fold appl and user to upper case. SAF_E_USAGE. */
saf_status saf_policy_check(saf_policy *policy, saf_error *err);

/** Define a policy (RDEFINE). SAF_E_EXISTS. */
saf_status saf_store_add_policy(saf_change *change, const saf_policy *policy, saf_error *err);

/** Replace the policy of that appl and user, or add it. */
saf_status saf_store_put_policy(saf_change *change, const saf_policy *policy, saf_error *err);

/** All policies, in the order of appl and user. */
saf_status saf_store_list_policies(saf_policy_page *out, saf_store *store, const saf_principal *who, saf_error *err);

/** The policy with exactly those patterns. SAF_E_NOT_FOUND. */
saf_status saf_store_find_policy(saf_policy *out, saf_store *store, const saf_principal *who, const char *appl,
                                 const char *user, saf_error *err);

/** The most specific policy that covers an application and a user: names are compared from the left, and at the first
 *  difference a literal character wins over %, % over *. SAF_E_NOT_FOUND: no policy covers them. */
saf_status saf_store_match_policy(saf_policy *out, saf_store *store, const saf_principal *who, const char *appl,
                                  const char *user, saf_error *err);

/** A number that rises with every change of any policy. */
saf_status saf_store_policy_generation(uint64_t *out, saf_store *store, const saf_principal *who, saf_error *err);

/* ---- audit ---------------------------------------------------------------------------------------------- */

/** Write one audit record of an operation that touched more than the store (a token, say). @p details: effective values,
 *  "name=value …", never a secret. Every other function of this header that changes something writes its own. */
saf_status saf_store_audit(saf_change *change, const char *action, const char *object, const char *details,
                           saf_error *err);

enum { SAF_AUDIT_MAC_LEN = 32 };

/** One record of the audit trail. Pointers live as long as its page. */
typedef struct saf_audit_record {
    uint64_t number; /**< 1, 2, 3, … */
    int64_t at;
    const char *who, *action, *object, *details;
    bool has_fingerprint; /**< of the certificate concerned */
    unsigned char fingerprint[SAF_FINGERPRINT_LEN];
    unsigned char mac[SAF_AUDIT_MAC_LEN];
} saf_audit_record;

typedef struct saf_audit_page {
    saf_audit_record *records;
    size_t count;
} saf_audit_page;

void saf_audit_page_free(saf_audit_page *page);

/** At most @p limit (0: 200) records that follow number @p after (0: from the first), in the order of number (function SAF_FN_STORE_READ). */
saf_status saf_store_list_audit(saf_audit_page *out, saf_store *store, const saf_principal *who, uint64_t after, size_t limit,
                                saf_error *err);

/** The head of the trail as it was at some time: kept elsewhere, it shows later that no record was cut off or an old copy put back. */
typedef struct saf_audit_head {
    uint64_t number; /**< 0: the trail was empty */
    unsigned char mac[SAF_AUDIT_MAC_LEN];
} saf_audit_head;

/** Read and write "NUMBER:64 HEX DIGITS". SAF_E_USAGE; SAF_E_SPACE. */
saf_status saf_audit_head_parse(saf_audit_head *out, const char *text, saf_error *err);
saf_status saf_audit_head_format(char *out, size_t out_cap, const saf_audit_head *head, saf_error *err);

/** What a check of the trail found. */
typedef struct saf_audit_check {
    uint64_t records;    /**< that are as they were written */
    uint64_t first_bad;  /**< number of the first that is altered, missing or out of place; 0: none */
    saf_audit_head head; /**< of the last good one */
    bool anchor_is_in_it; /**< the anchor's record is one of the good ones; true when no anchor was given */
} saf_audit_check;

/** Check the chain of MACs from its start (function SAF_FN_STORE_READ). @p anchor: a head that was kept elsewhere, or NULL. A broken chain is an answer,
 *  not an error. */
saf_status saf_store_check_audit(saf_audit_check *out, saf_store *store, const saf_principal *who, const saf_audit_head *anchor,
                                 saf_error *err);

/* ---- the store as a whole ------------------------------------------------------------------------------- */

/** Called now and then in long work with how much of it is done; a total of 0: not known. */
typedef void (*saf_store_progress_fn)(void *context, uint64_t done, uint64_t total);

/** What a check found: one sentence each, naming the object. */
typedef struct saf_store_problems {
    char **texts;
    size_t count;
} saf_store_problems;

void saf_store_problems_free(saf_store_problems *problems);

/** Verify every invariant of FORMAT.md (function SAF_FN_STORE_READ): the database's own structure; what each row says of the bytes it holds (hashes,
 *  serials, dates); that sealed keys open and belong to their certificates; rings, connections, generations, what was issued, policies; the audit
 *  trail's chain; owner and mode of the files. Reads page by page and keeps no writer out for long. At most 1000 problems are collected.
 *  Problems are an answer, not an error. */
saf_status saf_store_check(saf_store_problems *out, saf_store *store, const saf_principal *who, saf_store_progress_fn progress, void *context,
                           saf_error *err);

/** Write a copy of the database as of one moment to a new file, mode 0600, while others go on (function SAF_FN_STORE_ADMIN); it appears whole or not at all,
 *  and verified. It has no master key in it: keep that elsewhere. SAF_E_EXISTS, SAF_E_IO, SAF_E_DENIED (the directory is another user's, or others may write it:
 *  the copy could be exchanged on its way). */
saf_status saf_store_backup(saf_store *store, const saf_principal *who, const char *path, saf_store_progress_fn progress, void *context,
                            saf_error *err);

/** Make a new store of a backup. @p options opens its master key as it was at the time of the backup: passphrase, credential or token; of a store with a key
 *  file, @p key_file is a copy of that (NULL or not looked at otherwise). What is in tokens/ is in no backup. The store is checked whole before its directory gets its name. Its id is the old one's: the two must not both be used.
 *  It has no publications: those in the backup are forgotten, and their directories, which are the old store's, stay as they are (publish anew what is to go on).
 *  SAF_E_EXISTS (directory), SAF_E_DENIED (wrong key; the directory above is another user's, or others may write it), SAF_E_MALFORMED (not a backup), SAF_E_FAILED (it has problems; the text has the first). */
saf_status saf_store_restore(const char *dir, const char *backup, const saf_store_options *options, const char *key_file, saf_error *err);

/** A new master key. Borrowed for the call. */
typedef struct saf_rekey_store {
    saf_master_kind kind;
    const saf_secret *secret; /**< passphrase or credential */
    const char *token_uri;    /**< RFC 7512 URI of an AES key */
    const saf_token_key *token;
} saf_rekey_store;

/** Wrap the store's key under another master key (function SAF_FN_STORE_ADMIN): one row changes, no private key is touched; killed at any point, the store
 *  opens with the old master key or with the new one. A key file that is not needed any more is overwritten and removed. Older backups need the old
 *  master key. SAF_E_USAGE (secret too short). */
saf_status saf_store_rekey(saf_store *store, const saf_principal *who, const saf_rekey_store *request, saf_error *err);

#ifdef __cplusplus
}
#endif

#endif
