/**
 * @file
 * Key rings: what a server needs of the store, and how administrators fill rings.
 *
 * A ring belongs to a user ID and names certificates with a usage each, at most one of them its default. Opening a ring takes
 * a snapshot, immutable and safe to share between threads; a server polls the ring's generation (R_datalib's GetUpdateCode),
 * which is cheap, and opens it again when the number has risen.
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
 *  SAF_E_NOT_FOUND (not PERSONAL, or no key), SAF_E_DENIED (8/8/8), SAF_E_UNSUPPORTED (in a token: cert->key_uri). */
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

/** Connect (DataPut, RACDCERT CONNECT); a certificate that is connected already gets the new usage and default. Asks SAF_FN_RING_CONNECT
 *  on the ring and SAF_FN_CERT_LIST on the certificate; for usage PERSONAL, when the certificate is not the ring owner's, also
 *  SAF_FN_CERT_KEY on it.
 *  SAF_E_NOT_FOUND (ring 8/8/84, or certificate 8/8/44). */
saf_status saf_ring_connect(saf_change *change, const saf_connect_request *request, saf_error *err);

/** Take a certificate out of a ring (DataRemove). SAF_E_NOT_FOUND (ring 8/8/84, or not connected 8/8/44). */
saf_status saf_ring_disconnect(saf_change *change, const char *ring_owner, const char *ring_name,
                               const char *cert_owner, const char *cert_label, saf_error *err);

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
