/**
 * @file
 * Certificates: what RACDCERT does with them.
 *
 * Works on a store (<safring/store.h>): issues, renews, rekeys, rolls over, revokes, signs requests and CRLs, imports, exports, walks chains.
 * Private keys are made before a change begins (an RSA key takes long) and given to the call that uses them. A certificate's key is in the
 * store or in a PKCS#11 token; where signing needs a token's key, the caller hands over its EVP_PKEY (saf_p11_load_private_key()).
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

#include <safring/keyring.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes that a call made: the caller's, wiped when freed. {0} is empty. */
typedef struct saf_blob {
    unsigned char *data;
    size_t len;
} saf_blob;

/** NULL allowed. */
void saf_blob_free(saf_blob *blob);

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

/** How an RSA signer signs; keys of other kinds know one way. */
typedef enum saf_signature {
    SAF_SIGNATURE_PKCS1, /**< RSASSA-PKCS1-v1_5 */
    SAF_SIGNATURE_PSS    /**< RSASSA-PSS (RFC 4055; RACF's SIGATTR(RSAPSS)): salt as long as the hash */
} saf_signature;

enum { SAF_VALID_DAYS_LEAF = 397, SAF_VALID_DAYS_CA = 3650 };

/** The longest pathLenConstraint: with it a chain has 16 certificates, as many as are ever looked at. */
enum { SAF_PATH_LEN_MAX = 14 };

/** A CA with its key, looked up and checked once to sign many (RFC 5280 4.2.1.3, 4.2.1.9; its chain, its status, its revocation). What it
 *  knows is of when it was opened: open it again in each change. Used by one thread at a time. */
typedef struct saf_signer saf_signer;

/** Open a signer. @p key: NULL: the one in the store. It must not outlive @p key.
 *  SAF_E_NOT_FOUND (no such certificate), SAF_E_CONFLICT (it cannot sign, as saf_cert_issue() says), SAF_E_UNSUPPORTED (its key is in a token). */
saf_status saf_signer_open(saf_signer **out, saf_store *store, const saf_principal *who, const char *owner, const char *label,
                           EVP_PKEY *key, saf_error *err);

/** NULL allowed; sets *signer to NULL. */
void saf_signer_close(saf_signer **signer);

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
    const saf_signer *signer; /**< opened for this change; it wins over the three before. NULL: they say */
    saf_signature signature;  /**< PSS only where the signer's key is RSA: else SAF_E_USAGE */
    const char *permit, *exclude; /**< of a CA: name constraints (RFC 5280 4.2.1.10): "dns:example.test,ip:10.0.0.0/8,email:…,uri:…"; NULL: none */
    const char *crl_urls;        /**< where the signer's CRL is (RFC 5280 4.2.1.13): http(s) or ldap URIs, comma-separated; NULL: none */
    const char *ca_issuers_urls; /**< where the signer's certificate is (RFC 5280 4.2.2.1); NULL: none */
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
 *                            is not issued. The text names the signer and the rule. A signer of whatever owner is judged by what that
 *                            owner, CERTAUTH and SITE have above it
 * @retval SAF_E_USAGE        subject, SAN, days or path length are not valid
 * @retval SAF_E_UNSUPPORTED  the signer's key is in a token and signer_key is NULL
 */
saf_status saf_cert_issue(saf_cert **out, saf_change *change, const saf_issue_request *request, saf_error *err);

/** Make the certificate that @p request asks for, keep and record nothing: owner, label, key_uri, trust, signer and signer_… are not looked
 *  at; the serial is random. For tests, benches, and programs with a register of their own. Statuses of saf_cert_issue().
 *  @p out: DER; free with saf_blob_free(). */
saf_status saf_signer_issue(saf_blob *out, const saf_signer *signer, const saf_issue_request *request, saf_error *err);

/* ---- requests (PKCS#10, RFC 2986) --------------------------------------------------------------------------- */

/** Ask for a certificate for the key of one that is here (GENREQ): subject, alternative names, key usages, basic constraints and subject
 *  key identifier are copied. The store remembers that an answer is awaited; saf_bundle_import() of the answer renews the certificate.
 *  @p key: the private key when it is in a token; NULL: from the store (function SAF_FN_CERT_SIGN either way). @p out: PEM.
 *  SAF_E_NOT_FOUND (no such certificate), SAF_E_CONFLICT (it has no private key, or another one; its key is compromised, as for
 *  saf_cert_renew()), SAF_E_UNSUPPORTED (in a token, and key is NULL). */
saf_status saf_cert_request(saf_blob *out, saf_change *change, const char *owner, const char *label, EVP_PKEY *key, saf_error *err);

/** A foreign request. */
typedef struct saf_csr saf_csr;

/** Read one, PEM or DER, of at most 64 KiB. Its signature is checked (proof of possession), and its key: RSA of 2048 to 8192 bits with an
 *  odd exponent above 65535 (SP 800-56B), EC on a curve that saf_key_spec_parse() knows, or Ed25519. @p what names it in messages.
 *  Its hash is SHA-256, -384 or -512. One extension of a kind, no control characters in the subject, no part of that longer than RFC 5280
 *  allows, nothing behind it.
 *  SAF_E_MALFORMED, SAF_E_UNSUPPORTED (key, hash), SAF_E_CONFLICT (the signature does not verify). */
saf_status saf_csr_read(saf_csr **out, saf_bytes content, const char *what, saf_error *err);
void saf_csr_free(saf_csr **csr);

/** Its subject, as saf_cert.subject; borrowed. */
const char *saf_csr_subject(const saf_csr *csr);

/** What a request asked for and did not get, or got otherwise. */
typedef struct saf_dropped {
    char what[80]; /**< "extension 1.2.3.4", "subjectAltName otherName", "keyUsage keyCertSign", … */
    char why[120]; /**< "server certificates do not sign certificates", … */
} saf_dropped;

typedef struct saf_dropped_list {
    saf_dropped *items;
    size_t count;
} saf_dropped_list;

void saf_dropped_list_free(saf_dropped_list *list);

/**
 * Sign a foreign request (GENCERT with a request): recorded as issued, not kept as a certificate of the store. Of the request's extensions
 * subjectAltName (dns, ip, email, uri; at most 500) and subjectKeyIdentifier are granted. The usages are the profile's, whatever was asked
 * for: what it does not have is dropped, as all other extensions are, and @p dropped says which and why. @p request gives signer, profile,
 * days, path length, constraints, URLs; its subject and san, when not NULL, replace the request's; owner, label and key are not looked at.
 *
 * @param out      the certificate in DER
 * @param dropped  NULL allowed
 * @retval SAF_E_CONFLICT  as saf_cert_issue(); or the profile is ca and the request's keyUsage lacks keyCertSign, or it asks for CA:FALSE
 *                         (saf.md of z/OS: such a request fails); or it asks for the name of the signer or of a CA above it, which only
 *                         @p request may give; or it has more alternative names, or more than 64 extended usages; or a CA of this store
 *                         has revoked a certificate for its key because that is compromised
 * @retval SAF_E_USAGE     as saf_cert_issue(); or no signer is named
 */
saf_status saf_cert_sign_request(saf_blob *out, saf_dropped_list *dropped, saf_change *change, const saf_csr *csr,
                                 const saf_issue_request *request, saf_error *err);

/* ---- renewal ------------------------------------------------------------------------------------------------ */

/** A renewal: a new certificate for the same key, in the old one's place. Everything is borrowed for the call. */
typedef struct saf_renew_request {
    const char *owner, *label;
    const char *signer_owner, *signer_label; /**< NULL: who signed the old one (a self-signed one: itself) */
    EVP_PKEY *signer_key; /**< when the signer's key (a self-signed one's own) is in a token; NULL: from the store */
    unsigned valid_days;  /**< 0: as long as the old one was meant to be valid */
    saf_serial_kind serial;
} saf_renew_request;

/**
 * Renew: subject and extensions are the old one's (authority key identifier, dates and serial are new; PSS stays PSS; what was about the
 * old one alone goes: certificate transparency, the key's period, and when another CA signs where to find CRL and issuer, and policies);
 * label, key, rings and serial counter stay; the old one remains in the record of what was issued and can be revoked by its serial. Rings
 * that hold the old issuer do not get another one by themselves: whom they trust is theirs to say.
 *
 * @param out  the record; NULL allowed
 * @retval SAF_E_NOT_FOUND  no such certificate
 * @retval SAF_E_CONFLICT   as saf_cert_issue(); it has no private key here (it was rolled over, or is somebody else's, who sends a request);
 *                          its issuer is not here or has no key here (the hint names a CA of its name that can sign, or says: ask for a
 *                          renewal by a request); it, or another certificate for its key that a CA of this store signed, was revoked because the key is
 *                          compromised (the hint says: rekey); it does not say a validity that can be used again
 * @retval SAF_E_USAGE      days; a signer without owner or label
 * @retval SAF_E_UNSUPPORTED  the signer's key is in a token and signer_key is NULL
 */
saf_status saf_cert_renew(saf_cert **out, saf_change *change, const saf_renew_request *request, saf_error *err);

/** What ends within a time, and what an administrator would renew of it: not revoked, not NOTRUST, with a private key here. Issuers come before what they signed, so that renewing in this order cuts nothing short.
 *  @p owner: NULL: all. An empty page is SAF_OK. */
saf_status saf_cert_find_due(saf_cert_page *out, saf_store *store, const saf_principal *who, const char *owner, int64_t within_sec,
                             saf_error *err);

/** A new certificate with a new key beside an old one (REKEY). Everything is borrowed for the call. */
typedef struct saf_rekey_request {
    const char *owner, *label; /**< the old one */
    const char *new_label;
    EVP_PKEY *key;             /**< the new key pair: of another key than the old one */
    const char *key_uri;       /**< NULL: the private key is kept in the store; else it is in a token and this names it */
    const char *signer_owner, *signer_label; /**< NULL: self-signed, as in RACF, to be requested or rolled over to */
    EVP_PKEY *signer_key;
    saf_signature signature;   /**< ignored unless signer's key is RSA */
    unsigned valid_days;       /**< 0: as long as the old one was meant to be valid */
    saf_serial_kind serial;
} saf_rekey_request;

/** Copy subject and extensions of a certificate into a new one with a new key, under the same owner; the old one is not changed (function
 *  SAF_FN_CERT_REKEY). Usages that the new kind of key cannot have are left out. Needs the old one to have a private key, as RACF does. @p
 *  out: NULL allowed. SAF_E_NOT_FOUND, SAF_E_EXISTS (new_label),
 *  SAF_E_CONFLICT (as saf_cert_issue(); no private key; no usage is left), SAF_E_USAGE (the same key; days),
 *  SAF_E_UNSUPPORTED (the signer's key is in a token and signer_key is NULL). A self-signed one's serial is random. */
saf_status saf_cert_rekey(saf_cert **out, saf_change *change, const saf_rekey_request *request, saf_error *err);

/** RACF's ROLLOVER (saf_store_roll_over() says what happens), after its checks. @p out: NULL allowed.
 *  Whatever @p force: SAF_E_USAGE (old and new are the same certificate, or have the same key; TSS would destroy it), SAF_E_NOT_FOUND,
 *  SAF_E_CONFLICT (new has no private key, or old has none).
 *  Without force: SAF_E_CONFLICT (the old one is a CA: its key also signs its CRL, and `ca rotate` keeps it; the new one has another subject,
 *  is not in date, revoked, NOTRUST, or self-signed in the place of one that was not; another certificate has the old key too). */
saf_status saf_cert_rollover(saf_rollover *out, saf_change *change, const char *owner, const char *label, const char *new_label,
                             saf_force force, saf_error *err);

/* ---- revocation --------------------------------------------------------------------------------------------- */

/** Revoke a certificate of the store, at the CA that signed it, which must be here: with its key, or when that is gone with a record of what it
 *  issued. @p out: the record as it is now; NULL allowed. SAF_E_NOT_FOUND (no such certificate), SAF_E_CONFLICT (no CA of this store signed it;
 *  it is self-signed; a foreign CA signed it, and only that one's CRL could say so), and those of saf_store_revoke(). What was imported with its
 *  CA and that one's key is recorded as issued first (function SAF_FN_CERT_SIGN on the CA too). */
saf_status saf_cert_revoke(saf_cert **out, saf_change *change, const char *owner, const char *label, saf_reason reason, saf_error *err);

/** A CRL to make. Borrowed for the call. */
typedef struct saf_crl_request {
    const char *owner, *label; /**< the CA */
    EVP_PKEY *key;             /**< when its key is in a token; NULL: from the store */
    saf_signature signature;
    unsigned next_update_sec;  /**< until the next one is to come: 1 minute to 10 years; 0: 7 days */
} saf_crl_request;

/** What a CRL says. */
typedef struct saf_crl_facts {
    uint64_t number;
    size_t entries;
    int64_t this_update, next_update;
} saf_crl_facts;

/** Sign a CRL, version 2, with number and authority key identifier (RFC 5280 5), of all that the CA revoked. An expired one is left out once
 *  a CRL made after its end has had it (RFC 5280 3.3). @p out: DER. @p facts: NULL allowed. SAF_E_NOT_FOUND, SAF_E_CONFLICT (no CA, its
 *  keyUsage lacks cRLSign, no key here), SAF_E_UNSUPPORTED (key in a token), SAF_E_USAGE (seconds; PSS without RSA). An expired CA may still
 *  sign one. */
saf_status saf_ca_crl(saf_blob *out, saf_crl_facts *facts, saf_change *change, const saf_crl_request *request, saf_error *err);

/* ---- import ------------------------------------------------------------------------------------------------- */

/** What a foreign file holds. */
typedef struct saf_bundle saf_bundle;

/** Read PKCS#12 (tried with @p password, NULL: none; DER, PEM or base64), PKCS#7 (BER or PEM; its content and signers are not looked at),
 *  PEM (certificates and at most one private key) or DER, up to 4 MiB and 64 certificates. Nothing is stored.
 *  @p alias: the PKCS#12 friendly name of the key entry that is meant; NULL: the only one. @p what names the file in messages.
 *  SAF_E_MALFORMED (none of those), SAF_E_DENIED (wrong password), SAF_E_NOT_FOUND (no such alias; the text lists those there),
 *  SAF_E_CONFLICT (several keys and no alias), SAF_E_UNSUPPORTED (encrypted with what OpenSSL keeps in its legacy provider; PBMAC1 before
 *  OpenSSL 3.4; or asks for more than 5 million rounds, or scrypt with N*r*p above 2^21, to make a key of the password, or twice 5 million
 *  for all of them). */
saf_status saf_bundle_read(saf_bundle **out, saf_bytes content, const saf_secret *password, const char *alias, const char *what,
                           saf_error *err);

/** Decrypt a PKCS#12 and forget it: whether it may be given to something that knows no limits (PKCS12_parse()). It may have any number
 *  of certificates and keys. Up to 4 MiB; statuses of saf_bundle_read(). */
saf_status saf_pkcs12_check(saf_bytes content, const saf_secret *password, const char *what, saf_error *err);

/** NULL allowed; sets *bundle to NULL. */
void saf_bundle_free(saf_bundle **bundle);

/** The certificate of the private key, as DER (without a key: the first that is no issuer of another one there, else the first); borrowed. */
saf_bytes saf_bundle_cert(const saf_bundle *bundle);
/** Its friendly name in a PKCS#12, or NULL; borrowed. */
const char *saf_bundle_alias(const saf_bundle *bundle);
/** Its private key, or NULL; borrowed. */
EVP_PKEY *saf_bundle_key(const saf_bundle *bundle);
/** The other certificates, as DER; borrowed. */
size_t saf_bundle_chain_size(const saf_bundle *bundle);
saf_bytes saf_bundle_chain_at(const saf_bundle *bundle, size_t index);

/** How a file is made. Texts are static or live as long as the bundle. */
typedef struct saf_bundle_facts {
    const char *format;      /**< "pkcs12", "pkcs7", "pem", "der" */
    const char *key_cipher;  /**< of a PKCS#12: "aes-256-cbc", "3des-sha1", …, "none"; else NULL */
    const char *cert_cipher; /**< likewise */
    const char *mac;         /**< of a PKCS#12: "hmac-sha256", "hmac-sha1", "pbmac1", "none"; else NULL */
    unsigned rounds;         /**< the most of any password-based key in it */
    const char *profile;     /**< which saf_p12_profile it is as good as, by name; NULL: none of them, or no PKCS#12 */
} saf_bundle_facts;

saf_bundle_facts saf_bundle_describe(const saf_bundle *bundle);

/** What an import did with one certificate. */
typedef enum saf_import_result {
    SAF_IMPORT_ADDED,
    SAF_IMPORT_WAS_THERE,
    SAF_IMPORT_KEY_ADDED, /**< it was there, without its private key, which it has now */
    SAF_IMPORT_RENEWED    /**< it took the place of one with the same key, label and rings kept */
} saf_import_result;

/** Where to put it. Everything is borrowed for the call. */
typedef struct saf_import_request {
    const char *owner;
    const char *label; /**< NULL: "LABEL00000001" and so on, as RACF names them */
    saf_bytes der;
    EVP_PKEY *key;   /**< NULL: none */
    saf_trust trust; /**< 0: SAF_TRUST when its dates are valid, its chain verifies over certificates of its owner, CERTAUTH and SITE that are
                          trusted (a self-signed one: when its private key comes with it), and no CA of this store revoked it; else
                          SAF_NOTRUST. A renewal keeps the old one's */
} saf_import_request;

/**
 * Keep a foreign certificate in the store (RACDCERT ADD; saf.md 1.6 of z/OS has the rules).
 *
 * The same certificate under any owner and label is there already (WAS_THERE, KEY_ADDED); *out is that record. But when it is there as
 * NOTRUST under the same owner, in no ring, and would by now renew another one (because its CA is trusted since), its record goes and it renews
 * that (function SAF_FN_CERT_DELETE too). Another certificate for the
 * public key of one that the owner has with its private key renews that one, whatever label is asked for: but only if its chain verifies to
 * one that is trusted here, is in date, not revoked, and it ends later (or then too, and begins later), or its request is awaited, or the old
 * one is revoked. Anyone can certify your public key, and has your old certificates. A self-signed one, for which nobody else speaks, renews
 * only a trusted one that is self-signed too. What renews nothing is added under a label of its own. With several such records, the one whose
 * request is awaited is meant, else the one with the label asked for, else the only one that is not NOTRUST, else SAF_E_CONFLICT lists them.
 * A label that is taken by another certificate gets a number after it, but only for owner CERTAUTH ("localca", "localca 2").
 *
 * @param out, @param result  NULL allowed
 * @retval SAF_E_EXISTS    label taken (owner not CERTAUTH), or that issuer and serial is there with other content
 * @retval SAF_E_CONFLICT  it is there without its key, and the key cannot be added because it is known as one in a token; several could be renewed
 * @retval SAF_E_MALFORMED, SAF_E_USAGE  not one DER certificate; not its key
 */
saf_status saf_cert_import(saf_cert **out, saf_import_result *result, saf_change *change, const saf_import_request *request,
                           saf_error *err);

/** What is to become of the other certificates of a file. */
typedef enum saf_import_chain {
    SAF_CHAIN_KEEP, /**< CAs go under CERTAUTH, issuers before those that they signed; others of the file stay out, and are counted */
    SAF_CHAIN_SKIP
} saf_import_chain;

/** How to import a file. Borrowed for the call. */
typedef struct saf_bundle_request {
    const char *owner;
    const char *label; /**< NULL: the PKCS#12 friendly name when it is a label, else as RACF names them */
    saf_trust trust;   /**< of the certificate itself, as in saf_import_request; the chain's is always judged */
    saf_import_chain chain;
} saf_bundle_request;

/** What became of one certificate of a file. */
typedef struct saf_imported {
    saf_cert *cert;
    saf_import_result result;
    const char *not_renewed; /**< why it does not renew the one that its owner has with this key; static, "it …"; NULL: it does, or there is no
                                  such one, or several and none is meant */
    char not_renewed_label[SAF_LABEL_MAX + 1]; /**< with not_renewed: the label of that one; cert->owner has it */
    bool is_awaited; /**< with not_renewed: that one awaits the answer to a request, and this is none */
} saf_imported;

/** What it did, in the order of import: the chain, roots first, then the certificate itself (of CERTAUTH: issuers first). */
typedef struct saf_import_report {
    saf_imported *items;
    size_t count;
    size_t left_out; /**< certificates of the file that are neither the one nor its issuers (for CERTAUTH: nor CAs) */
} saf_import_report;

void saf_import_report_free(saf_import_report *report);

/** Import a file: the certificate with its key under the given owner, its issuers under CERTAUTH (labelled by their common name, or numbered), all in
 *  the change. For owner CERTAUTH all CAs of the file are imported, whoever signed them. Issuers and other CAs renew nothing: they are there or
 *  are added. A root that is new here is added as NOTRUST unless request->trust says that the file is trusted (TRUST or HIGHTRUST), or it is the
 *  one that is meant and its private key is in the file: who sends a certificate does not say whom to trust. Statuses of saf_cert_import(), and
 *  SAF_E_EXISTS (the certificate is there already under another owner: RACF has one owner of a certificate). After a failure abandon the
 *  change. */
saf_status saf_bundle_import(saf_import_report *out, saf_change *change, const saf_bundle *bundle, const saf_bundle_request *request,
                             saf_error *err);

/** What is wrong with a file's certificate. Texts are static. */
typedef struct saf_bundle_check {
    bool is_complete; /**< its chain ends in a self-signed one, of the file or the store */
    bool is_valid;    /**< …and dates, signatures and rules of RFC 5280 6.1 hold for all of it, and no CA of the store revoked any of it */
    const char *why;  /**< when it is not valid: "it is revoked", else libcrypto's words for the first rule that is broken */
    int depth;        /**< of the certificate that breaks it: 0 the first, 1 its issuer, … */
} saf_bundle_check;

/** Check the chain of a file's certificate, with the file's and, when @p store is not NULL, those that CERTAUTH and SITE have there (CHECKCERT). */
saf_status saf_bundle_check_chain(saf_bundle_check *out, const saf_bundle *bundle, saf_store *store, const saf_principal *who, saf_error *err);

/* ---- what a certificate says -------------------------------------------------------------------------------- */

/** One extension, for people. Foreign text: escape it where it is shown. */
typedef struct saf_extension {
    char name[64]; /**< "X509v3 Key Usage", or the OID */
    bool critical;
    char *text;    /**< libcrypto's words, or hex when it has none */
} saf_extension;

/** What RACDCERT LIST shows beyond a saf_cert. {0} is empty. */
typedef struct saf_cert_details {
    char signature[64];        /**< "ecdsa-with-SHA256" */
    char **names;              /**< subject alternative names as --san takes them ("dns:…", "ip:…"); of kinds that it does not take "other:…" */
    size_t name_count;
    saf_extension *extensions; /**< all others, in the certificate's order */
    size_t extension_count;
} saf_cert_details;

/** Read them from DER. SAF_E_MALFORMED. */
saf_status saf_cert_describe(saf_cert_details *out, saf_bytes der, saf_error *err);

void saf_cert_details_free(saf_cert_details *details);

/* ---- chains and export -------------------------------------------------------------------------------------- */

/** The certificate first, then its issuers up to a self-signed one or as far as its owner, CERTAUTH and SITE have them (LISTCHAIN): what other
 *  users have says nothing to this one. Signatures are checked. @p complete: 1 when it ends in a self-signed one. */
saf_status saf_cert_chain(saf_cert_page *out, int *complete, saf_store *store, const saf_principal *who, const saf_cert *cert,
                          saf_error *err);

typedef enum saf_format { SAF_FORMAT_PEM, SAF_FORMAT_DER, SAF_FORMAT_P12, SAF_FORMAT_P7 } saf_format;

/** Read "pem", "der", "p12" or "p7". SAF_E_USAGE. */
saf_status saf_format_parse(saf_format *out, const char *name, saf_error *err);

/** Who is to read a PKCS#12. */
typedef enum saf_p12_profile {
    SAF_P12_JAVA,      /**< AES-256-CBC, PBKDF2 with HMAC-SHA-256, 10 000 rounds, MAC HMAC-SHA-256: what Java 8u301 and later write; the default */
    SAF_P12_MODERN,    /**< the same with 210 000 rounds (and below the 600 000 that Windows takes) */
    SAF_P12_LEGACY_GSK /**< 3DES and SHA-1 for all (RFC 7292 appendix C), 2 048 rounds: System SSL (gskkyman), older Java, macOS and Windows */
} saf_p12_profile;

/** Read "java", "modern" or "legacy-gsk". SAF_E_USAGE. */
saf_status saf_p12_profile_parse(saf_p12_profile *out, const char *name, saf_error *err);

/** Which usual readers will refuse a PKCS#12 of that profile with a key of that kind (saf_cert.key_type; NULL: no key), as one sentence that
 *  begins in lower case; static. NULL: none that we know. */
const char *saf_p12_refused_by(saf_p12_profile profile, const char *key_type);

/** What to write. Everything is borrowed for the call. */
typedef struct saf_export_request {
    const saf_cert *cert;
    saf_format format;
    bool with_key;   /**< the private key too (function SAF_FN_CERT_KEY): PEM: PKCS#8, unencrypted unless a password is given */
    bool with_chain; /**< the issuers too */
    bool key_only;   /**< PEM: nothing but the private key */
    bool as_text;    /**< PKCS#7: PEM; PKCS#12: base64 in lines of 64 (RACF's PKCS7B64, PKCS12B64); else ignored */
    const saf_secret *password; /**< PKCS#12: required, unless no_password; PEM: NULL: the key is not encrypted. Never an empty one */
    bool no_password;           /**< a PKCS#12 without a key: neither encrypted nor MACed. An empty password is something else to Java */
    saf_p12_profile p12_profile;
    const char *alias;          /**< PKCS#12 friendly name; NULL: the label */
} saf_export_request;

/** Export a certificate. That its private key is given out is recorded in the audit trail first (key-export: in the change that is open on the store, else in one of its
 *  own), so a store that cannot be written gives none. A PKCS#12's password is of printable ASCII, as Java demands; without a key it is a trust store. PKCS#7 is the
 *  certificate, with its chain if asked, in SignedData without content or signers.
 *  SAF_E_NOT_FOUND (key asked for, has none), SAF_E_UNSUPPORTED (key in a token; DER or PKCS#7 with a key, DER with a chain), SAF_E_USAGE. */
saf_status saf_cert_export(saf_blob *out, saf_store *store, const saf_principal *who, const saf_export_request *request,
                           saf_error *err);

/** What to write of a key ring. */
typedef enum saf_ring_format {
    SAF_RING_PEM,       /**< certificates one after another; with the key: the default certificate, its issuers, and the key */
    SAF_RING_P12,       /**< a trust store; with the key: a keystore of the default certificate, its issuers and its key */
    SAF_RING_K8S_SECRET /**< a Kubernetes Secret as Zowe wants it, named zowe-certificates-secret, in YAML: truststore.p12 and ca.cer; with the
                             key also keystore.p12, keystore.key and keystore.cer */
} saf_ring_format;

typedef struct saf_ring_export_request {
    saf_ring_format format;
    bool with_key; /**< the private key of the default certificate (as saf_ring_load_key() gives it) and its chain */
    const saf_secret *password; /**< of PKCS#12 (also in the Secret): required; of the key in PEM: NULL leaves it unencrypted */
} saf_ring_export_request;

/** Export a ring of a store or a publication. A private key is recorded as by saf_cert_export(), from a publication it is not. Who is trusted: its CERTAUTH and SITE connections whose certificates are trusted, in date and not revoked. A
 *  chain is looked for in the ring alone, as servers do. SAF_E_NOT_FOUND (nobody to trust; no default, or it has no key), SAF_E_UNSUPPORTED (key in a
 *  token), SAF_E_DENIED, SAF_E_USAGE (password). */
saf_status saf_ring_export(saf_blob *out, const saf_ring *ring, saf_store *store, const saf_principal *who,
                           const saf_ring_export_request *request, saf_error *err);

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
