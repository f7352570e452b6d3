/**
 * @file
 * Key rings: what a server needs of the store, and how administrators fill rings.
 *
 * A ring belongs to a user ID and names certificates with a usage each, at most one of them its default. Opening a ring takes
 * a snapshot, immutable and safe to share between threads; a server polls the ring's generation (R_datalib's GetUpdateCode),
 * which is cheap, and renews its snapshot (saf_ring_renew()) when that is another number: it rises with each change, and falls only when an older store was put in place.
 *
 * *Virtual* rings are not stored: "USER" and "*" is everything USER owns (usage PERSONAL), "*AUTH*" and "*" all of CERTAUTH,
 * "*SITE*" and "*" all of SITE. R_datalib's names.
 *
 * A private key leaves a ring only through a PERSONAL connection, and only if the authority allows it; who may not have it still
 * sees the certificate (R_datalib's rule). Authority over a ring is authority over the keys of the ring owner's certificates and
 * no others: to put another owner's certificate (CERTAUTH's and SITE's too) into a ring as PERSONAL, and to have its key from
 * there, takes authority for that certificate's key as well (RACF: UPDATE or CONTROL on owner.ring.LST instead of READ).
 *
 *     saf_ring *ring = NULL;
 *     EVP_PKEY *key = NULL;
 *     if (saf_ring_open(&ring, store, &who, "ZWESVUSR", "ZoweKeyring", &err) == SAF_OK) {
 *         for (size_t i = 0; i < saf_ring_size(ring); i++)
 *             printf("%s\n", saf_ring_at(ring, i)->cert->label);
 *         const saf_connection *server = saf_ring_default(ring);
 *         if (server && saf_ring_load_key(&key, ring, server, store, &who, &err) == SAF_OK)
 *             SSL_CTX_use_PrivateKey(ctx, key);
 *     }
 *     EVP_PKEY_free(key);
 *     saf_ring_close(&ring);
 *
 * Statuses that any call may return beside those it names are those of <safring/store.h>.
 */
#ifndef SAFRING_KEYRING_H
#define SAFRING_KEYRING_H

#include <safring/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a certificate is for in one ring, with R_datalib's numbers. */
typedef enum saf_usage { SAF_USAGE_SITE = 0, SAF_USAGE_CERTAUTH = 2, SAF_USAGE_PERSONAL = 8 } saf_usage;

/** Whether a connection is its ring's default. */
typedef enum saf_default { SAF_NOT_DEFAULT, SAF_DEFAULT } saf_default;

/** One certificate in a ring. Lives as long as the saf_ring. */
typedef struct saf_connection {
    const saf_cert *cert;
    saf_usage usage;
    saf_default is_default;
} saf_connection;

typedef struct saf_ring saf_ring;

/** Take a snapshot of a ring. Certificates with status NOTRUST are in it; who uses it for trust checks cert->trust.
 *  SAF_E_NOT_FOUND (codes 8/8/84), SAF_E_USAGE (codes 8/8/28). */
saf_status saf_ring_open(saf_ring **out, saf_store *store, const saf_principal *who, const char *owner, const char *name,
                         saf_error *err);

/** Take a new snapshot of the ring that @p old is one of, or none when nothing has changed since: then *out is NULL, and it has cost no more than a poll.
 *  @p old stays as it is, for whoever uses it still; each of the two is closed on its own, in any order and by any thread. What has not changed they share,
 *  so that one change in a large ring costs about what it does in a small one: through the same saf_store only what has changed since is read,
 *  otherwise, and of a virtual ring or a publication, everything, but only certificates that are new are read from their DER.
 *  What does not make a ring's generation rise (last_serial, requested_at) may be as old as @p old.
 *  SAF_E_NOT_FOUND (codes 8/8/84). */
saf_status saf_ring_renew(saf_ring **out, const saf_ring *old, saf_store *store, const saf_principal *who, saf_error *err);

/** NULL allowed; sets *ring to NULL. */
void saf_ring_close(saf_ring **ring);

const char *saf_ring_owner(const saf_ring *ring);
const char *saf_ring_name(const saf_ring *ring);

/** The generation that the snapshot shows; 0 for a virtual ring of nothing. */
uint64_t saf_ring_generation(const saf_ring *ring);

/** How many connections, and each of them, in the order they were made. NULL past the end. */
size_t saf_ring_size(const saf_ring *ring);
const saf_connection *saf_ring_at(const saf_ring *ring, size_t index);

/** The default connection, or NULL. */
const saf_connection *saf_ring_default(const saf_ring *ring);

/** The connection of a certificate by label; with @p owner NULL, the first of that label. NULL: none. */
const saf_connection *saf_ring_find_label(const saf_ring *ring, const char *owner, const char *label);

/** The private key of a PERSONAL connection (function SAF_FN_RING_KEY on the ring; when the certificate is not the ring owner's, also
 *  SAF_FN_CERT_KEY on the certificate). Caller frees with EVP_PKEY_free().
 *  SAF_E_NOT_FOUND (not PERSONAL, or no key), SAF_E_DENIED (8/8/8), SAF_E_UNSUPPORTED (in a token: cert->key_uri).
 *  It is not recorded in the audit trail, no more than other reads: a server takes its key at each start, perhaps from a publication. Whoever serves others records it. */
saf_status saf_ring_load_key(EVP_PKEY **out, const saf_ring *ring, const saf_connection *connection, saf_store *store,
                             const saf_principal *who, saf_error *err);

/** The generation that a ring has now; costs one row. SAF_E_NOT_FOUND (8/8/84). */
saf_status saf_ring_poll(uint64_t *generation, saf_store *store, const saf_principal *who, const char *owner,
                         const char *name, saf_error *err);

/** One line of a listing of rings. */
typedef struct saf_ring_entry {
    char owner[SAF_OWNER_MAX + 1];
    char name[SAF_RING_NAME_MAX + 1];
    uint64_t generation;
    uint64_t size; /**< connections */
} saf_ring_entry;

typedef struct saf_ring_page {
    saf_ring_entry *rings;
    size_t count;
} saf_ring_page;

void saf_ring_page_free(saf_ring_page *page);

/** What to list, in the order of owner and name. */
typedef struct saf_ring_query {
    const char *owner; /**< NULL: all */
    const char *cert_owner, *cert_label; /**< only rings that this certificate is connected to; NULL: all */
    const char *after_owner, *after_name; /**< continue after this one; NULL: start */
    size_t limit; /**< 0: 200 */
} saf_ring_query;

saf_status saf_store_list_rings(saf_ring_page *out, saf_store *store, const saf_principal *who,
                                const saf_ring_query *query, saf_error *err);

/** Make an empty ring (NewRing). CERTAUTH and SITE own none. SAF_E_EXISTS. */
saf_status saf_ring_create(saf_change *change, const char *owner, const char *name, saf_error *err);

/** Delete a ring and its connections, not the certificates (DelRing). SAF_E_NOT_FOUND (8/8/84). */
saf_status saf_ring_delete(saf_change *change, const char *owner, const char *name, saf_error *err);

/** A connection to make. Borrowed for the call. */
typedef struct saf_connect_request {
    const char *ring_owner, *ring_name;
    const char *cert_owner, *cert_label;
    saf_usage usage;
    saf_default is_default; /**< SAF_DEFAULT takes it away from the connection that had it */
} saf_connect_request;

/** The usage a certificate gets when nobody says: that of its owner's kind. */
saf_usage saf_usage_of_owner(const char *cert_owner);

/** Connect (DataPut, RACDCERT CONNECT); a certificate that is connected already gets the new usage and default, so one that was the default is so no more unless
 *  that is asked for; when it has both already, nothing changes, no generation either. Asks SAF_FN_RING_CONNECT
 *  on the ring and SAF_FN_CERT_LIST on the certificate; for usage PERSONAL, when the certificate is not the ring owner's, also
 *  SAF_FN_CERT_KEY on it.
 *  SAF_E_NOT_FOUND (ring 8/8/84, or certificate 8/8/44). */
saf_status saf_ring_connect(saf_change *change, const saf_connect_request *request, saf_error *err);

/** How a certificate is connected to a ring: sets usage and is_default of @p request, whose names say which (function SAF_FN_RING_LIST on the ring).
 *  SAF_E_NOT_FOUND (ring 8/8/84, certificate or connection 8/8/44). */
saf_status saf_store_find_connection(saf_connect_request *request, saf_store *store, const saf_principal *who, saf_error *err);

/** Take a certificate out of a ring (DataRemove). SAF_E_NOT_FOUND (ring 8/8/84, or not connected 8/8/44). */
saf_status saf_ring_disconnect(saf_change *change, const char *ring_owner, const char *ring_name,
                               const char *cert_owner, const char *cert_label, saf_error *err);

/* ---- publications --------------------------------------------------------------------------------------- */

/** A *publication* is a directory with an immutable snapshot of one ring, for a server of another Unix user: saf_store_open() opens it like a store, without
 *  SQLite or locks, and nothing there needs recovery; it may be used after fork() and over NFS. saf_ring_open(), saf_ring_poll(), saf_ring_load_key() and the
 *  queries below read it; everything else answers SAF_E_UNSUPPORTED. A damaged or altered one is SAF_E_FAILED, one that has ended SAF_E_NOT_FOUND (8/8/84).
 *  The store remembers its publications and writes them anew at each commit that touches the ring. Private keys are in it only if that was asked for, and
 *  only those of PERSONAL connections, sealed under a key file that only the reader can read; a token's key stays a URI.
 *  FORMAT.md describes the files. */
enum { SAF_PUBLICATION_DIR_SIZE = 4096 };

typedef struct saf_publication {
    char owner[SAF_OWNER_MAX + 1];
    char ring[SAF_RING_NAME_MAX + 1];
    char dir[SAF_PUBLICATION_DIR_SIZE]; /**< absolute */
    uint32_t user;       /**< uid of the reader, whose the files are */
    bool with_keys;
    uint64_t generation; /**< of the ring, as it was published last; 0 when it never was */
    bool is_due;         /**< the ring has changed since, and writing it failed or is still to come; also when it has ended */
    bool is_ended;       /**< it is to be no more, but its files could not be removed yet: the reader may still have them, and the keys in them */
} saf_publication;

typedef struct saf_publication_page {
    saf_publication *items;
    size_t count;
} saf_publication_page;

void saf_publication_page_free(saf_publication_page *page);

/** Publish a ring, virtual ones too (functions SAF_FN_RING_PUBLISH and SAF_FN_RING_LIST; with keys what saf_ring_load_key() asks for each of them): note it, and
 *  write it when the change commits. The directory is made then (mode 0755, this process's user); its files belong to @p user, mode 0400. Again for the same
 *  directory and ring: with_keys and user may change, and a snapshot that is newer than the store (see below) is replaced. Keys that come into the ring later are published as well: who connects them is asked for them.
 *  Files that a publication of the same ring by this same store left there (which was restored since) are taken over.
 *  SAF_E_NOT_FOUND (8/8/84), SAF_E_CONFLICT (it is no directory, or holds something else; it is in the store), SAF_E_DENIED (only a store of root's can give
 *  files to another user; the directory is another user's, or others may write it; the reader could not enter one above it). */
saf_status saf_ring_publish(saf_change *change, const char *owner, const char *name, const char *dir, uint32_t user, bool with_keys, saf_error *err);

/** End a publication and remove its files and directory when the change commits (function SAF_FN_RING_PUBLISH). saf_ring_delete() does so, too. What could not be
 *  removed is tried again at each commit, and stays in the list with is_ended: the reader may have its keys, so make new ones. Again for one that has ended: it is only tried again.
 *  SAF_E_NOT_FOUND. */
saf_status saf_ring_unpublish(saf_change *change, const char *owner, const char *name, const char *dir, saf_error *err);

/** The same, but its files are left where they are and nothing is tried any more: for those that are out of reach for good. */
saf_status saf_ring_forget_publication(saf_change *change, const char *owner, const char *name, const char *dir, saf_error *err);

/** The absolute name that a store knows a publication's directory by; it need not be there. SAF_E_USAGE. */
saf_status saf_publication_dir(char out[SAF_PUBLICATION_DIR_SIZE], const char *dir, saf_error *err);

/** A sentence on who else than root and this process's user could exchange a directory above @p dir, and so have the files of a publication there, keys too, when it
 *  ends; "" when nobody could. SAF_E_USAGE, SAF_E_SPACE. */
saf_status saf_publication_risk(char *out, size_t out_cap, const char *dir, saf_error *err);

/** All publications of a store, by directory (function SAF_FN_STORE_READ), also those that have ended and whose files are still there. */
saf_status saf_store_list_publications(saf_publication_page *out, saf_store *store, const saf_principal *who, saf_error *err);

/** Write those that are due: what saf_change_commit() does by itself, and what to call when it could not (disk full); function SAF_FN_STORE_READ, because it
 *  finishes what others decided. The commit of a change never fails because a publication could not be written: *failed counts those, and @p err has the text
 *  of the first. One that would replace a snapshot of a higher generation is not written: store.db is an older copy then, and what it has forgotten
 *  (revocations, keys that were taken out) would come back; saf_ring_publish() again says that this is meant. SAF_E_USAGE (a change is open). */
saf_status saf_store_publish_due(unsigned *failed, saf_store *store, const saf_principal *who, saf_error *err);

/** How many publications the last commit on this handle could not write; @p err (NULL allowed) gets the text of the first. */
unsigned saf_store_unpublished(const saf_store *store, saf_error *err);

/* ---- R_datalib, function by function -------------------------------------------------------------------- */

/** What programs know as IRRSDL00. Each function names its counterpart; statuses carry SAF, RACF and reason codes in saf_error.codes (0/0/0 is SAF_OK):
 *  A failure that R_datalib does not know (a ring that exists already, a certificate that something keeps, no memory) has 0/0/0, too: look at the status first.
 *  8/8/4 parameter error, 8/8/8 not authorized, 8/8/28 bad ring or user, 8/8/32 no ring for ring info, 8/8/44 no (more) certificate, 8/8/84 no such ring.
 *  A saf_query is used by one thread at a time; it is a snapshot: what changes after DataGetFirst does not show. */
typedef struct saf_query saf_query;

/** Which certificates of a ring. {0}: all that are TRUST or HIGHTRUST, as R_datalib. */
typedef struct saf_query_filter {
    const char *label;     /**< attribute 1 */
    saf_bytes subject;     /**< DER of the subject's name */
    bool only_default;
    unsigned statuses;     /**< saf_trust bits that are wanted; 0: TRUST and HIGHTRUST; all three bits: any */
} saf_query_filter;

/** One certificate that a query found. Lives until the next call with the query. */
typedef struct saf_query_result {
    const saf_connection *connection;
    EVP_PKEY *key;          /**< the private key when the caller may have it (PERSONAL, authority), else NULL: no error, as in R_datalib; borrowed */
    const char *key_uri;    /**< when it is in a token and the caller may have it; else NULL */
    saf_bytes subject;      /**< DER of the subject's name */
    saf_bytes record_id;    /**< up to 246 bytes: serial.issuer, after RACF's profile name */
} saf_query_result;

/** DataGetFirst (X'01'): open a query and return its first certificate. SAF_E_NOT_FOUND with 8/8/44 (*query is NULL then) or 8/8/84. */
saf_status saf_data_get_first(saf_query **query, saf_query_result *out, saf_store *store, const saf_principal *who, const char *owner, const char *ring,
                              const saf_query_filter *filter, saf_error *err);
/** DataGetNext (X'02'). SAF_E_NOT_FOUND with 8/8/44: no more. */
saf_status saf_data_get_next(saf_query *query, saf_query_result *out, saf_error *err);
/** DataAbortQuery (X'03'). NULL allowed; sets *query to NULL. */
void saf_data_abort_query(saf_query **query);

/** CheckStatus (X'04'): status of a certificate that is here, by its DER. SAF_E_NOT_FOUND (8/8/44), SAF_E_MALFORMED (8/8/4). */
saf_status saf_data_check_status(saf_trust *out, saf_store *store, const saf_principal *who, saf_bytes der, saf_error *err);

/** GetUpdateCode (X'05') is saf_ring_poll(); IncSerialNum (X'06') is saf_store_next_serial(); DelRing (X'0A') is saf_ring_delete(). */

/** NewRing (X'07'): with SAF_RING_REUSE one that is there is emptied (attribute X'80000000'; functions SAF_FN_RING_CREATE and then SAF_FN_RING_REMOVE). SAF_E_EXISTS. */
typedef enum saf_new_ring { SAF_RING_MUST_BE_NEW, SAF_RING_REUSE } saf_new_ring;
saf_status saf_data_new_ring(saf_change *change, const char *owner, const char *name, saf_new_ring how, saf_error *err);

/** DataPut (X'08'): add a certificate unless it is there, and connect it, or neither; ring "*": only add. One that is there stays as it is, but gets a private key when
 *  it has none and one is given. Unlike RACF's, it renews nothing: a certificate for a public key that its owner has is added beside the old one, with the
 *  same private key, or refused when the label is taken (SAF_E_EXISTS). Anybody can have a certificate made for your public key, and only <safring/cert.h> knows
 *  whether a chain verifies: saf_cert_import() puts it into the old one's place, with label, key and rings. Everything is borrowed for the call. Functions and statuses of saf_store_add_cert(), saf_store_add_key(), saf_ring_connect(). */
typedef struct saf_data_put_request {
    const char *ring_owner, *ring_name;
    const char *owner, *label;
    saf_bytes der;
    EVP_PKEY *key;       /**< NULL: none */
    saf_trust trust;     /**< 0: SAF_TRUST */
    saf_usage usage;
    bool usage_of_owner; /**< X'80000000': the usage of the certificate's own kind, whatever usage says */
    saf_default is_default;
} saf_data_put_request;

/** @p out: the record, with its *existing* owner and label when it was there already; NULL allowed. *was_there: NULL allowed. */
saf_status saf_data_put(saf_cert **out, bool *was_there, saf_change *change, const saf_data_put_request *request, saf_error *err);

/** DataRemove (X'09') attributes, by their bits. */
typedef enum saf_data_remove_how {
    SAF_REMOVE_CONNECTION = 0,          /**< take it out of the ring */
    SAF_REMOVE_DELETE = (int)0x80000000u, /**< and delete it, unless it is connected elsewhere or a request for it is awaited */
    SAF_REMOVE_EVEN_CONNECTED = 0x40000000,
    SAF_REMOVE_EVEN_REQUESTED = 0x20000000
} saf_data_remove_how;

/** All of it or nothing; ring "*": only delete. SAF_E_CONFLICT: something keeps the certificate; a CA that has issued what is still valid is kept whatever @p how says. Functions and statuses of saf_ring_disconnect() and
 *  saf_store_delete_cert(). */
saf_status saf_data_remove(saf_change *change, const char *ring_owner, const char *ring_name, const char *owner, const char *label, unsigned how,
                           saf_error *err);

/** DataRefresh (X'0B'): nothing is cached here, so it only asks whether the caller may (SAF_FN_STORE_READ). */
saf_status saf_data_refresh(saf_store *store, const saf_principal *who, saf_error *err);

/** DataAlter (X'0C') is saf_store_alter_cert(). */

/** GetRingInfo (X'0D') search types. */
typedef enum saf_ring_search {
    SAF_SEARCH_THIS = 0,       /**< this ring */
    SAF_SEARCH_AFTER = 1,      /**< all rings that follow it, whoever owns them */
    SAF_SEARCH_SAME_OWNER = 2, /**< its owner's rings that follow it */
    SAF_SEARCH_SAME_NAME = 3   /**< other owners' rings of that name that follow it */
} saf_ring_search;

/** One ring and whom it holds. Lives as long as the page. */
typedef struct saf_ring_info {
    char owner[SAF_OWNER_MAX + 1];
    char name[SAF_RING_NAME_MAX + 1];
    uint64_t generation;
    struct saf_ring_member {
        char owner[SAF_OWNER_MAX + 1];
        char label[SAF_LABEL_MAX + 1];
    } *members;
    size_t member_count;
} saf_ring_info;

typedef struct saf_ring_info_page {
    saf_ring_info *rings;
    size_t count;
} saf_ring_info_page;

void saf_ring_info_page_free(saf_ring_info_page *page);

/** At most @p limit rings (0: 200), in the order of owner and name; continue after the last. To begin with the first, @p owner and @p name may be NULL where the
 *  search does not need them. Function SAF_FN_RING_LIST on each: SAF_E_DENIED for SAF_SEARCH_THIS, otherwise it is left out. Virtual rings only with
 *  SAF_SEARCH_THIS. SAF_E_NOT_FOUND with 8/8/32: none. */
saf_status saf_data_get_ring_info(saf_ring_info_page *out, saf_store *store, const saf_principal *who, const char *owner, const char *name,
                                  saf_ring_search search, size_t limit, saf_error *err);

/* ---- addresses ------------------------------------------------------------------------------------------ */

/** A ring and perhaps a certificate in it, as safkeyring://OWNER/RING[&LABEL] names them. */
typedef struct saf_ring_address {
    char owner[SAF_OWNER_MAX + 1];
    char name[SAF_RING_NAME_MAX + 1];
    char label[SAF_LABEL_MAX + 1]; /**< "" none */
} saf_ring_address;

/** Read OWNER/RING, OWNER/RING&LABEL, or safkeyring[letters]: with two to four slashes before them (Zowe's spellings).
 *  Owners are folded to upper case, those of virtual rings too. Percent signs are literal. SAF_E_USAGE. */
saf_status saf_ring_address_parse(saf_ring_address *out, const char *text, saf_error *err);

/** Write safkeyring://OWNER/RING[&LABEL]. SAF_E_SPACE. */
saf_status saf_ring_address_format(char *out, size_t out_cap, const saf_ring_address *address, saf_error *err);

#ifdef __cplusplus
}
#endif

#endif
