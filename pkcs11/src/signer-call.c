#include "signer.h"

/* RFC 8017, 9.2, note 1 */
static const unsigned char sha256_prefix[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                               0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
static const unsigned char sha384_prefix[] = { 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                               0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30 };
static const unsigned char sha512_prefix[] = { 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                               0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40 };
enum { PREFIX_LEN = sizeof sha256_prefix };

#define HMAC(bits) \
    { \
        .name = "HMAC-SHA-" #bits, .type = SAF_P11_SECRET_KEY, .key_type = CKK_GENERIC_SECRET, .whole = CKM_SHA##bits##_HMAC, \
        .digest_len = bits / 8 \
    }
#define RSA(bits) \
    { \
        .name = "RSA with SHA-" #bits, .type = SAF_P11_PRIVATE, .key_type = CKK_RSA, .whole = CKM_SHA##bits##_RSA_PKCS, \
        .raw = CKM_RSA_PKCS, .has_raw = true, .digest = "SHA" #bits, .digest_len = bits / 8, .prefix = sha##bits##_prefix \
    }
#define PSS(bits) \
    { \
        .name = "RSA-PSS with SHA-" #bits, .type = SAF_P11_PRIVATE, .key_type = CKK_RSA, .whole = CKM_SHA##bits##_RSA_PKCS_PSS, \
        .raw = CKM_RSA_PKCS_PSS, .has_raw = true, .digest = "SHA" #bits, .digest_len = bits / 8, .pss_hash = CKM_SHA##bits, \
        .pss_mask = CKG_MGF1_SHA##bits \
    }
#define ECDSA(bits) \
    { \
        .name = "ECDSA with SHA-" #bits, .type = SAF_P11_PRIVATE, .key_type = CKK_EC, .whole = CKM_ECDSA_SHA##bits, .raw = CKM_ECDSA, \
        .has_raw = true, .digest = "SHA" #bits, .digest_len = bits / 8 \
    }

static const signer_kind kinds[] = {
    [SAF_P11_HMAC_SHA256] = HMAC(256),
    [SAF_P11_HMAC_SHA384] = HMAC(384),
    [SAF_P11_HMAC_SHA512] = HMAC(512),
    [SAF_P11_RSA_SHA256] = RSA(256),
    [SAF_P11_RSA_SHA384] = RSA(384),
    [SAF_P11_RSA_SHA512] = RSA(512),
    [SAF_P11_PSS_SHA256] = PSS(256),
    [SAF_P11_PSS_SHA384] = PSS(384),
    [SAF_P11_PSS_SHA512] = PSS(512),
    [SAF_P11_ECDSA_SHA256] = ECDSA(256),
    [SAF_P11_ECDSA_SHA384] = ECDSA(384),
    [SAF_P11_ECDSA_SHA512] = ECDSA(512),
    [SAF_P11_ED25519] = { .name = "Ed25519", .type = SAF_P11_PRIVATE, .key_type = CKK_EC_EDWARDS, .whole = CKM_EDDSA },
};

const signer_kind *signer_kind_of(saf_p11_mechanism mechanism)
{
    return (unsigned)mechanism < sizeof kinds / sizeof *kinds ? &kinds[mechanism] : NULL;
}

saf_status signer_digest(saf_bytes *out, const saf_p11_signer *signer, saf_bytes message, unsigned char room[SIGNER_DIGEST_MAX])
{
    *out = message;
    if (!signer->digest)
        return SAF_OK;
    size_t prefix_len = signer->kind->prefix ? PREFIX_LEN : 0;
    unsigned digest_len = 0;
    if (prefix_len)
        memcpy(room, signer->kind->prefix, prefix_len);
    if (!EVP_Digest(message.data, message.len, room + prefix_len, &digest_len, signer->digest, NULL))
        return SAF_E_FAILED;
    *out = saf_bytes_of(room, prefix_len + digest_len);
    return SAF_OK;
}

/* A module that says CKR_OK and writes nothing would otherwise hand out what was in the caller's buffer. No signature begins with so many zeros but
 * one in 2^64, which is then made again. */
enum { CANARY_LEN = 8 };

static bool is_written(const unsigned char *out)
{
    static const unsigned char zeros[CANARY_LEN] = { 0 };
    return memcmp(out, zeros, CANARY_LEN) != 0;
}

CK_RV signer_call(const saf_p11_signer *signer, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, saf_bytes input, unsigned char *out,
                  size_t *out_len, size_t len)
{
    const signer_kind *kind = signer->kind;
    CK_FUNCTION_LIST *cryptoki = signer->p11->cryptoki;
    CK_RSA_PKCS_PSS_PARAMS pss = { kind->pss_hash, kind->pss_mask, kind->digest_len };
    CK_MECHANISM how = { signer->mechanism, kind->pss_mask ? &pss : NULL, kind->pss_mask ? sizeof pss : 0 };
    CK_ULONG written = *out_len;
    if (written < CANARY_LEN)
        return CKR_BUFFER_TOO_SMALL;
    CK_RV answer = cryptoki->C_SignInit(session, &how, key);
    if (answer != CKR_OK)
        return answer;
    memset(out, 0, CANARY_LEN);
    answer = cryptoki->C_Sign(session, (CK_BYTE *)(uintptr_t)input.data, input.len, out, &written);
    if (answer != CKR_OK)
        return answer;
    if (written > *out_len || written < CANARY_LEN || (len && written != len) || !is_written(out))
        return CKR_DEVICE_ERROR;
    *out_len = written;
    return CKR_OK;
}
