/** @file How PKCS#12 files are protected: what we write for whom, and what foreign ones have. */
#ifndef CERTTOOL_P12_PROFILE_H
#define CERTTOOL_P12_PROFILE_H

#include <base/own-openssl.h>

#include <safring/cert.h>

/** What a profile prescribes. */
typedef struct p12_recipe {
    const char *name;
    const char *cipher, *mac;    /**< as p12_facts has them */
    int pbe_nid;                 /**< a cipher: PBES2 with PBKDF2 and HMAC-SHA-256 (RFC 8018); else one of PKCS#12's own */
    const EVP_MD *(*mac_md)(void);
    int rounds;
} p12_recipe;

/** Never NULL: what is no profile is SAF_P12_JAVA. */
const p12_recipe *p12_recipe_of(saf_p12_profile profile);

/** What a foreign one has. */
typedef struct p12_facts {
    const char *key_cipher, *cert_cipher, *mac; /**< static; NULL: has none of it (yet) */
    unsigned most, fewest;                      /**< rounds of any of its keys; 0: none */
    int other_prf;                              /**< some PBKDF2 is not with HMAC-SHA-256 */
} p12_facts;

/** "aes-256-cbc", "3des-sha1", …; "none" for NULL, "other" for what has no name here. */
const char *p12_cipher_name(const X509_ALGOR *algorithm);
/** "hmac-sha256", …, "pbmac1", "other". */
const char *p12_mac_name(const X509_ALGOR *algorithm);

/** Note that a key or certificate was encrypted so; NULL: not at all. */
void p12_note_cipher(p12_facts *facts, const char **cipher, const X509_ALGOR *algorithm);
void p12_note_rounds(p12_facts *facts, uint64_t rounds);

/** The name of the strongest profile that a file is as good as, or NULL. */
const char *p12_profile_of(const p12_facts *facts);

#endif
