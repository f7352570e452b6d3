#include "p12-profile.h"
#include "quote.h"

#include <base/fail.h>

#include <openssl/err.h>

static const p12_recipe recipes[] = {
    [SAF_P12_JAVA] = { "java", "aes-256-cbc", "hmac-sha256", NID_aes_256_cbc, EVP_sha256, 10000 },
    [SAF_P12_MODERN] = { "modern", "aes-256-cbc", "hmac-sha256", NID_aes_256_cbc, EVP_sha256, 210000 },
    [SAF_P12_LEGACY_GSK] = { "legacy-gsk", "3des-sha1", "hmac-sha1", NID_pbe_WithSHA1And3_Key_TripleDES_CBC, EVP_sha1, 2048 },
};

enum { RECIPES = sizeof recipes / sizeof *recipes };

const p12_recipe *p12_recipe_of(saf_p12_profile profile)
{
    return &recipes[(unsigned)profile < RECIPES ? (unsigned)profile : SAF_P12_JAVA];
}

saf_status saf_p12_profile_parse(saf_p12_profile *out, const char *name, saf_error *err)
{
    for (unsigned i = 0; name && i < RECIPES; i++)
        if (!strcasecmp(name, recipes[i].name)) {
            *out = (saf_p12_profile)i;
            return SAF_OK;
        }
    return saf_fail(err, SAF_E_USAGE, "\"%s\" is not a PKCS#12 profile; known are java, modern and legacy-gsk", quote_text(name ? name : "").text);
}

/* ---- names ------------------------------------------------------------------------------------------------ */

typedef struct nid_name {
    int nid;
    const char *name;
} nid_name;

static const char *name_of(const nid_name *names, int nid)
{
    while (names->name && names->nid != nid)
        names++;
    return names->name ? names->name : "other";
}

/* PBES2's by the cipher, PBES1's and PKCS#12's own by cipher and hash: whoever knows both can tell them apart. */
static const nid_name ciphers[] = {
    { NID_aes_128_cbc, "aes-128-cbc" },
    { NID_aes_192_cbc, "aes-192-cbc" },
    { NID_aes_256_cbc, "aes-256-cbc" },
    { NID_camellia_128_cbc, "camellia-128-cbc" },
    { NID_camellia_192_cbc, "camellia-192-cbc" },
    { NID_camellia_256_cbc, "camellia-256-cbc" },
    { NID_des_ede3_cbc, "3des-cbc" },
    { NID_des_cbc, "des-cbc" },
    { NID_rc2_cbc, "rc2-cbc" },
    { NID_pbe_WithSHA1And3_Key_TripleDES_CBC, "3des-sha1" },
    { NID_pbe_WithSHA1And2_Key_TripleDES_CBC, "2des-sha1" },
    { NID_pbe_WithSHA1And128BitRC2_CBC, "rc2-128-sha1" },
    { NID_pbe_WithSHA1And40BitRC2_CBC, "rc2-40-sha1" },
    { NID_pbe_WithSHA1And128BitRC4, "rc4-128-sha1" },
    { NID_pbe_WithSHA1And40BitRC4, "rc4-40-sha1" },
    { NID_pbeWithMD5AndDES_CBC, "des-md5" },
    { NID_pbeWithMD2AndDES_CBC, "des-md2" },
    { NID_pbeWithSHA1AndDES_CBC, "des-sha1" },
    { NID_pbeWithMD5AndRC2_CBC, "rc2-md5" },
    { NID_pbeWithMD2AndRC2_CBC, "rc2-md2" },
    { NID_pbeWithSHA1AndRC2_CBC, "rc2-sha1" },
    { 0, NULL },
};

static const nid_name macs[] = {
    { NID_sha1, "hmac-sha1" },     { NID_sha224, "hmac-sha224" }, { NID_sha256, "hmac-sha256" }, { NID_sha384, "hmac-sha384" },
    { NID_sha512, "hmac-sha512" }, { NID_md5, "hmac-md5" },       { NID_pbmac1, "pbmac1" },      { 0, NULL },
};

OWN_POINTER(PBE2PARAM, PBE2PARAM_free)
OWN_POINTER(PBKDF2PARAM, PBKDF2PARAM_free)

static PBE2PARAM *pbe2_of(const X509_ALGOR *algorithm)
{
    int is_pbe2 = algorithm && OBJ_obj2nid(algorithm->algorithm) == NID_pbes2;
    PBE2PARAM *parameter = is_pbe2 ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter) : NULL;
    ERR_clear_error();
    return parameter;
}

const char *p12_cipher_name(const X509_ALGOR *algorithm)
{
    OWN(PBE2PARAM) *pbe2 = pbe2_of(algorithm);
    if (!algorithm)
        return "none";
    return name_of(ciphers, OBJ_obj2nid(pbe2 ? pbe2->encryption->algorithm : algorithm->algorithm));
}

const char *p12_mac_name(const X509_ALGOR *algorithm)
{
    return name_of(macs, OBJ_obj2nid(algorithm->algorithm));
}

/* ---- what a file has -------------------------------------------------------------------------------------- */

/* RFC 8018 A.2: absent, it is HMAC-SHA-1. */
static int has_other_prf(const X509_ALGOR *algorithm)
{
    OWN(PBE2PARAM) *pbe2 = pbe2_of(algorithm);
    if (!pbe2)
        return 0;
    if (OBJ_obj2nid(pbe2->keyfunc->algorithm) != NID_id_pbkdf2)
        return 1;
    OWN(PBKDF2PARAM) *kdf = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), pbe2->keyfunc->parameter);
    ERR_clear_error();
    return !kdf || !kdf->prf || OBJ_obj2nid(kdf->prf->algorithm) != NID_hmacWithSHA256;
}

void p12_note_cipher(p12_facts *facts, const char **cipher, const X509_ALGOR *algorithm)
{
    const char *name = p12_cipher_name(algorithm);
    *cipher = *cipher && strcmp(*cipher, name) != 0 ? "mixed" : name;
    facts->other_prf |= has_other_prf(algorithm);
}

void p12_note_rounds(p12_facts *facts, uint64_t rounds)
{
    unsigned count = rounds < UINT32_MAX ? (unsigned)rounds : UINT32_MAX;
    if (count > facts->most)
        facts->most = count;
    if (count < facts->fewest || !facts->fewest)
        facts->fewest = count;
}

static int is_as_good_as(const p12_facts *facts, const p12_recipe *recipe)
{
    int same_key = !facts->key_cipher || !strcmp(facts->key_cipher, recipe->cipher);
    int same_cert = facts->cert_cipher && !strcmp(facts->cert_cipher, recipe->cipher);
    int same_mac = facts->mac && !strcmp(facts->mac, recipe->mac);
    return same_key && same_cert && same_mac && !facts->other_prf && facts->fewest >= (unsigned)recipe->rounds;
}

const char *p12_profile_of(const p12_facts *facts)
{
    static const saf_p12_profile strongest_first[] = { SAF_P12_MODERN, SAF_P12_JAVA, SAF_P12_LEGACY_GSK };
    for (size_t i = 0; i < RECIPES; i++)
        if (is_as_good_as(facts, p12_recipe_of(strongest_first[i])))
            return p12_recipe_of(strongest_first[i])->name;
    return NULL;
}
