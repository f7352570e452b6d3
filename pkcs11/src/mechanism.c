#include "mechanism.h"

typedef struct mechanism_row {
    CK_MECHANISM_TYPE mechanism;
    const char *name;
} mechanism_row;

#define ROW(mechanism) { mechanism, #mechanism }

static const mechanism_row mechanism_rows[] = {
    ROW(CKM_SHA256_HMAC),           ROW(CKM_SHA384_HMAC),           ROW(CKM_SHA512_HMAC),
    ROW(CKM_RSA_PKCS),              ROW(CKM_SHA256_RSA_PKCS),       ROW(CKM_SHA384_RSA_PKCS),
    ROW(CKM_SHA512_RSA_PKCS),       ROW(CKM_RSA_PKCS_PSS),          ROW(CKM_SHA256_RSA_PKCS_PSS),
    ROW(CKM_SHA384_RSA_PKCS_PSS),   ROW(CKM_SHA512_RSA_PKCS_PSS),   ROW(CKM_ECDSA),
    ROW(CKM_ECDSA_SHA256),          ROW(CKM_ECDSA_SHA384),          ROW(CKM_ECDSA_SHA512),
    ROW(CKM_EDDSA),                 ROW(CKM_GENERIC_SECRET_KEY_GEN), ROW(CKM_RSA_PKCS_KEY_PAIR_GEN),
    ROW(CKM_EC_KEY_PAIR_GEN),       ROW(CKM_EC_EDWARDS_KEY_PAIR_GEN), ROW(CKM_AES_KEY_GEN),           ROW(CKM_AES_GCM),
    ROW(CKM_AES_KEY_WRAP),          ROW(CKM_AES_KEY_WRAP_PAD),
};

const char *p11_mechanism_name(char room[24], CK_MECHANISM_TYPE mechanism)
{
    for (size_t i = 0; i < sizeof mechanism_rows / sizeof *mechanism_rows; i++)
        if (mechanism_rows[i].mechanism == mechanism)
            return mechanism_rows[i].name;
    snprintf(room, 24, "CKM 0x%08lX", mechanism & 0xFFFFFFFFUL);
    return room;
}

static CK_RV look(const saf_p11 *p11, CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_FLAGS use)
{
    CK_MECHANISM_INFO info = { 0 };
    CK_RV answer = p11->cryptoki->C_GetMechanismInfo(slot, mechanism, &info);
    return answer == CKR_OK && !(info.flags & use) ? CKR_MECHANISM_INVALID : answer;
}

bool p11_has_mechanism(const saf_p11 *p11, CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_FLAGS use)
{
    return look(p11, slot, mechanism, use) == CKR_OK;
}

saf_status p11_require_mechanism(const saf_p11 *p11, const saf_p11_token *token, CK_MECHANISM_TYPE mechanism, CK_FLAGS use,
                                 const char *what, saf_error *err)
{
    char room[24];
    CK_RV answer = look(p11, token->slot, mechanism, use);
    if (answer == CKR_MECHANISM_INVALID)
        return saf_fail(err, SAF_E_UNSUPPORTED, "token %s cannot %s: it lacks %s", token->label, what,
                        p11_mechanism_name(room, mechanism));
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "token %s does not answer", token->label);
}
