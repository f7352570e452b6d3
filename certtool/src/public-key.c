#include "public-key.h"

#include <base/fail.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/sha.h>

OWN_POINTER(X509_PUBKEY, X509_PUBKEY_free)

enum { POINT_MAX = 1 + 2 * 66 }; /* P-521, uncompressed: RFC 5480 2.2 */

void public_key_free(public_key *key)
{
    saf_buffer_free(&key->info);
    saf_buffer_free(&key->id);
}

/* RFC 5480 2.1.1: the parameters of an EC key are the name of its curve. 0 when it cannot be told. */
static int algorithm_of(int *nid, int *curve, EVP_PKEY *key)
{
    char group[32];
    *curve = NID_undef;
    *nid = EVP_PKEY_is_a(key, "EC") ? NID_X9_62_id_ecPublicKey : EVP_PKEY_is_a(key, "ED25519") ? NID_ED25519 : NID_undef;
    if (*nid == NID_X9_62_id_ecPublicKey && EVP_PKEY_get_group_name(key, group, sizeof group, NULL))
        *curve = OBJ_sn2nid(group);
    return *nid == NID_ED25519 || *curve != NID_undef;
}

/* X509_PUBKEY_set() sends keys of providers through an encoder and a decoder, which takes longer than making and signing a
 * certificate. What goes into it is the point, as the key gives it. 0: this key does not. */
static int set_octets(X509_PUBKEY *out, EVP_PKEY *key)
{
    int nid, curve;
    unsigned char point[POINT_MAX];
    size_t len = 0;
    if (!EVP_PKEY_get0_provider(key) || !algorithm_of(&nid, &curve, key) ||
        !EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len))
        return 0;
    unsigned char *kept = OPENSSL_memdup(point, len);
    int type = curve == NID_undef ? V_ASN1_UNDEF : V_ASN1_OBJECT;
    if (kept && X509_PUBKEY_set0_param(out, OBJ_nid2obj(nid), type, curve == NID_undef ? NULL : OBJ_nid2obj(curve), kept, (int)len))
        return 1;
    OPENSSL_free(kept);
    return 0;
}

saf_status public_key_copy(public_key *out, const X509_PUBKEY *key, saf_error *err)
{
    ASN1_OBJECT *algorithm = NULL;
    const unsigned char *bits = NULL;
    int len = 0;
    unsigned char digest[SHA_DIGEST_LENGTH];
    if (!X509_PUBKEY_get0_param(&algorithm, &bits, &len, NULL, key))
        return saf_fail_openssl(err, "cannot read the public key");
    /* RFC 5280 4.2.1.2 (1): the SHA-1 of the public key's bits. An identifier, not a protection. */
    SHA1(bits, (size_t)len, digest);
    DER_APPEND(&out->info, X509_PUBKEY, key);
    saf_buffer_append(&out->id, saf_bytes_of(digest, sizeof digest));
    out->transports = OBJ_obj2nid(algorithm) == NID_rsaEncryption;
    SAF_TRY(saf_buffer_check(&out->id, err));
    return saf_buffer_check(&out->info, err);
}

saf_status public_key_of(public_key *out, EVP_PKEY *key, saf_error *err)
{
    OWN(X509_PUBKEY) *public = X509_PUBKEY_new();
    if (!public || (!set_octets(public, key) && !X509_PUBKEY_set(&public, key)))
        return saf_fail_openssl(err, "cannot write the public key");
    ERR_clear_error();
    return public_key_copy(out, public, err);
}
