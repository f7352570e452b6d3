/**
 * @file
 * Certificates: what RACDCERT does with them.
 *
 * Works on a store (<safring/store.h>): issues, imports, exports, walks chains. Private keys are made before a change begins (an RSA
 * key takes long) and given to the call that uses them. A certificate's key is in the store or in a PKCS#11 token; where signing needs a
 * token's key, the caller hands over its EVP_PKEY (saf_p11_load_private_key()).
 *
 * Deliberately not here: argument parsing, printing, files. Exports come as bytes.
 *
 *     OWN(EVP_PKEY) *key = NULL;
 *     saf_key_spec spec;
 *     saf_issue_request request = {.owner = "ZWESVUSR", .label = "localhost", .profile = SAF_PROFILE_ZOWE,
 *                                  .subject = "CN=Zowe Service", .san = "dns:localhost,ip:127.0.0.1",
 *                                  .signer_owner = "CERTAUTH", .signer_label = "localca"};
 *     … saf_key_spec_parse(&spec, "rsa:3072", &err), saf_key_generate(&key, &spec, NULL, NULL, &err),
 *       saf_change_begin(&change, store, &who, &err),
 *     request.key = key;
 *     … saf_cert_issue(&cert, change, &request, &err), saf_change_commit(&change, &err)
 *
 * Statuses that any call may return beside those it names are those of <safring/store.h>.
 */
#ifndef SAFRING_CERT_H
#define SAFRING_CERT_H

#include <safring/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- keys --------------------------------------------------------------------------------------------------- */

typedef enum saf_key_kind { SAF_KEY_RSA, SAF_KEY_EC, SAF_KEY_ED25519 } saf_key_kind;

/** A kind of key pair, as --key names it. */
typedef struct saf_key_spec {
    saf_key_kind kind;
    unsigned rsa_bits; /**< 2048, 3072 or 4096 */
    char curve[24];    /**< OpenSSL's group name: P-256, P-384, P-521, brainpoolP256r1, … */
} saf_key_spec;

/** Read "rsa:2048", "rsa:3072", "rsa:4096", "ec:P-256", "ec:P-384", "ec:P-521", "ec:brainpoolP256r1", "ec:brainpoolP384r1",
 *  "ec:brainpoolP512r1", "ed25519"; "rsa" alone is 3072 bits, "ec" alone P-256. SAF_E_USAGE; the text lists them. */
saf_status saf_key_spec_parse(saf_key_spec *out, const char *text, saf_error *err);

/** Called now and then while a key is being made. */
typedef void (*saf_progress_fn)(void *context);

/** Make a key pair. The caller frees it with EVP_PKEY_free(). */
saf_status saf_key_generate(EVP_PKEY **out, const saf_key_spec *spec, saf_progress_fn progress, void *context, saf_error *err);

/* ---- issue -------------------------------------------------------------------------------------------------- */

/** What a certificate is for: its basicConstraints, keyUsage and extendedKeyUsage. */
typedef enum saf_profile {
    SAF_PROFILE_CA,     /**< CA:TRUE critical, keyCertSign, cRLSign, digitalSignature */
    SAF_PROFILE_SERVER, /**< digitalSignature (RSA: keyEncipherment too), serverAuth */
    SAF_PROFILE_CLIENT, /**< digitalSignature, clientAuth */
    SAF_PROFILE_ZOWE    /**< server and client in one: API ML's services are both */
} saf_profile;

/** Read "server", "client" or "zowe". SAF_E_USAGE. */
saf_status saf_profile_parse(saf_profile *out, const char *name, saf_error *err);

/** How serial numbers are made. */
typedef enum saf_serial_kind { SAF_SERIAL_RANDOM /**< 127 bits */, SAF_SERIAL_SEQUENTIAL /**< RACF's counter */ } saf_serial_kind;

enum { SAF_VALID_DAYS_LEAF = 397, SAF_VALID_DAYS_CA = 3650 };

/** The longest pathLenConstraint: with it a chain has 16 certificates, as many as are ever looked at. */
enum { SAF_PATH_LEN_MAX = 14 };

/** A certificate to make. Everything is borrowed for the call. */
typedef struct saf_issue_request {
    const char *owner, *label;
    saf_profile profile;
    const char *subject;  /**< "CN=…,OU=…,O=…,C=…"; a comma or other special character in a value is written after a backslash */
    const char *san;      /**< "dns:…,ip:…,email:…,uri:…"; NULL or "": none */
    EVP_PKEY *key;        /**< the key pair */
    const char *key_uri;  /**< NULL: the private key is kept in the store; else it is in a token and this names it */
    const char *signer_owner, *signer_label; /**< NULL: self-signed */
    EVP_PKEY *signer_key; /**< NULL: the signer's key from the store */
    unsigned valid_days;  /**< 0: SAF_VALID_DAYS_LEAF or SAF_VALID_DAYS_CA */
    int path_len;         /**< of a CA: pathLenConstraint, 0 to SAF_PATH_LEN_MAX; -1: none */
    saf_serial_kind serial;
    saf_trust trust;      /**< 0: SAF_TRUST */
} saf_issue_request;

/** Check a subject and SAN without issuing. Both may be NULL or "" (a certificate with a signer may have either alone). In a URI a
 *  comma is written %2C. SAF_E_USAGE; the text quotes the part that is wrong. */
saf_status saf_subject_check(const char *subject, saf_error *err);
saf_status saf_san_check(const char *san, saf_error *err);

/**
 * Issue a certificate and keep it in the store (GENCERT). Recorded as issued by its signer in the same change. It begins now, or when
 * its signer begins if that is later, and never outlives its signer. After a failure abandon the change.
 *
 * @param out  the record; NULL allowed
 * @retval SAF_E_NOT_FOUND    no such signer
 * @retval SAF_E_EXISTS       owner has that label
 * @retval SAF_E_CONFLICT     the signer is no CA, has no private key, is expired, is not TRUST or HIGHTRUST (nor is an issuer above it),
 *                            or forbids this by path length, name constraints or another rule of RFC 5280: what verifiers would refuse
 *                            is not issued. The text names the signer and the rule
 * @retval SAF_E_USAGE        subject, SAN, days or path length are not valid
 * @retval SAF_E_UNSUPPORTED  the signer's key is in a token and signer_key is NULL
 */
saf_status saf_cert_issue(saf_cert **out, saf_change *change, const saf_issue_request *request, saf_error *err);

/* ---- import ------------------------------------------------------------------------------------------------- */

/** What a foreign file holds. */
typedef struct saf_bundle saf_bundle;

/** Read PKCS#12 (tried with @p password, NULL: none), PEM (certificates and at most one private key) or DER, up to 4 MiB and 64
 *  certificates. Nothing is stored.
 *  @p alias: the PKCS#12 friendly name of the key entry that is meant; NULL: the only one. @p what names the file in messages.
 *  SAF_E_MALFORMED (none of those), SAF_E_DENIED (wrong password), SAF_E_NOT_FOUND (no such alias; the text lists those there),
 *  SAF_E_CONFLICT (several keys and no alias), SAF_E_UNSUPPORTED (encrypted with what OpenSSL keeps in its legacy provider; or asks for
 *  more than 5 million rounds, or scrypt with N*r*p above 2^21, to make a key of the password, or twice 5 million for all of them). */
saf_status saf_bundle_read(saf_bundle **out, saf_bytes content, const saf_secret *password, const char *alias, const char *what,
                           saf_error *err);

/** Decrypt a PKCS#12 and forget it: whether it may be given to something that knows no limits (PKCS12_parse()). It may have any number
 *  of certificates and keys. Up to 4 MiB; statuses of saf_bundle_read(). */
saf_status saf_pkcs12_check(saf_bytes content, const saf_secret *password, const char *what, saf_error *err);

/** NULL allowed; sets *bundle to NULL. */
void saf_bundle_free(saf_bundle **bundle);

/** The certificate of the private key, as DER (without a key: the first certificate); borrowed. */
saf_bytes saf_bundle_cert(const saf_bundle *bundle);
/** Its private key, or NULL; borrowed. */
EVP_PKEY *saf_bundle_key(const saf_bundle *bundle);
/** The other certificates, as DER; borrowed. */
size_t saf_bundle_chain_size(const saf_bundle *bundle);
saf_bytes saf_bundle_chain_at(const saf_bundle *bundle, size_t index);

/** What an import did with one certificate. */
typedef enum saf_import_result { SAF_IMPORT_ADDED, SAF_IMPORT_WAS_THERE } saf_import_result;

/** Where to put it. Everything is borrowed for the call. */
typedef struct saf_import_request {
    const char *owner, *label;
    saf_bytes der;
    EVP_PKEY *key;   /**< NULL: none */
    saf_trust trust; /**< 0: SAF_TRUST when its dates are valid and its chain verifies (a self-signed one: against itself), else SAF_NOTRUST */
} saf_import_request;

/**
 * Keep a foreign certificate in the store (RACDCERT ADD).
 *
 * The same certificate under any owner and label is SAF_IMPORT_WAS_THERE, and its key is added if it had none; *out is that record.
 * A label that is taken by another certificate gets a number after it, but only for owner CERTAUTH ("localca", "localca 2").
 *
 * @param out, @param result  NULL allowed
 * @retval SAF_E_EXISTS    label taken (owner not CERTAUTH), or that issuer and serial is there with other content
 * @retval SAF_E_CONFLICT  it is there without its key, and the key cannot be added because it is known as one in a token
 * @retval SAF_E_MALFORMED, SAF_E_USAGE  not one DER certificate; not its key
 */
saf_status saf_cert_import(saf_cert **out, saf_import_result *result, saf_change *change, const saf_import_request *request,
                           saf_error *err);

/* ---- chains and export -------------------------------------------------------------------------------------- */

/** The certificate first, then its issuers up to a self-signed one or as far as the store knows them (LISTCHAIN). Signatures are checked.
 *  @p complete: 1 when it ends in a self-signed one. */
saf_status saf_cert_chain(saf_cert_page *out, int *complete, saf_store *store, const saf_principal *who, const saf_cert *cert,
                          saf_error *err);

typedef enum saf_format { SAF_FORMAT_PEM, SAF_FORMAT_DER, SAF_FORMAT_P12 } saf_format;

/** Read "pem", "der" or "p12". SAF_E_USAGE. */
saf_status saf_format_parse(saf_format *out, const char *name, saf_error *err);

/** What to write. Everything is borrowed for the call. */
typedef struct saf_export_request {
    const saf_cert *cert;
    saf_format format;
    bool with_key;   /**< the private key too (function SAF_FN_CERT_KEY): PEM: PKCS#8, unencrypted unless a password is given */
    bool with_chain; /**< the issuers too */
    bool key_only;   /**< PEM: nothing but the private key */
    const saf_secret *password; /**< PKCS#12: required */
    const char *alias;          /**< PKCS#12 friendly name; NULL: the label */
} saf_export_request;

/** Forward: the owned bytes an export returns; wiped when freed. */
typedef struct saf_blob {
    unsigned char *data;
    size_t len;
} saf_blob;

void saf_blob_free(saf_blob *blob);

/** Export a certificate. PKCS#12 is written for OpenSSL 3 and Java 8u301 and later (AES-256-CBC, PBKDF2 with HMAC-SHA-256, 10 000 rounds,
 *  MAC HMAC-SHA-256), with a password of printable ASCII, as Java demands; without a key it is a trust store. SAF_E_NOT_FOUND (key asked for, has none), SAF_E_UNSUPPORTED (key in a token; DER with chain or key), SAF_E_USAGE. */
saf_status saf_cert_export(saf_blob *out, saf_store *store, const saf_principal *who, const saf_export_request *request,
                           saf_error *err);

/** One entry of a trust store. */
typedef struct saf_trust_entry {
    saf_bytes der;
    const char *alias;
} saf_trust_entry;

/** A PKCS#12 without keys that Java lists as trusted entries (Oracle's trusted-key-usage attribute, one per certificate). */
saf_status saf_trust_store_write(saf_blob *out, const saf_trust_entry *entries, size_t count, const saf_secret *password,
                                 saf_error *err);

#ifdef __cplusplus
}
#endif

#endif
