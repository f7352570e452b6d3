#include "login-lock.h"
#include "token-files.h"
#include "token.h"

#include <safring/token.h>

#include <fcntl.h>

/* ---- choosing --------------------------------------------------------------------------------------------- */

void saf_token_uri(saf_p11_uri *out, const saf_p11_token *token)
{
    *out = (saf_p11_uri) { 0 };
    memcpy(out->token, token->label, sizeof out->token);
    memcpy(out->serial, token->serial, sizeof out->serial);
}

static saf_status find_by(saf_p11_token *out, saf_p11 *p11, const char *label, const char *serial, saf_error *err)
{
    saf_p11_uri uri = { 0 };
    snprintf(uri.token, sizeof uri.token, "%s", label);
    snprintf(uri.serial, sizeof uri.serial, "%s", serial);
    return saf_p11_find_token(out, p11, &uri, err);
}

static saf_status refuse_missing(const char *name, saf_error *err)
{
    (void)saf_fail(err, SAF_E_NOT_FOUND, "there is no token with the label or serial \"%.60s\"", name);
    saf_hint(err, "`safring token list` shows the tokens");
    return SAF_E_NOT_FOUND;
}

/* A label first: a token may have the serial of another as its label, and would never be found otherwise. */
static saf_status find_by_name(saf_p11_token *out, saf_p11 *p11, const char *name, saf_error *err)
{
    saf_status status = SAF_E_NOT_FOUND;
    size_t len = strlen(name);
    if (len && len <= SAF_P11_LABEL_MAX)
        status = find_by(out, p11, name, "", err);
    if (status == SAF_E_NOT_FOUND && len && len < sizeof out->serial)
        status = find_by(out, p11, "", name, NULL);
    return status == SAF_E_NOT_FOUND ? refuse_missing(name, err) : status;
}

saf_status saf_token_find(saf_p11_token *out, saf_p11 *p11, const char *name, saf_error *err)
{
    saf_p11_uri uri;
    if (strncmp(name, "pkcs11:", strlen("pkcs11:")) != 0)
        return find_by_name(out, p11, name, err);
    SAF_TRY(saf_p11_uri_parse(&uri, name, err));
    return saf_p11_find_token(out, p11, &uri, err);
}

/* ---- describing ------------------------------------------------------------------------------------------- */

typedef struct mechanism_row {
    CK_MECHANISM_TYPE type;
    const char *name;
} mechanism_row;

#define ROW(name) { name, #name }

/* What safring asks tokens for: secret keys, their MACs, key pairs and their signatures, a store's master key. */
static const mechanism_row mechanisms[] = {
    ROW(CKM_GENERIC_SECRET_KEY_GEN), ROW(CKM_SHA256_HMAC),        ROW(CKM_SHA384_HMAC),    ROW(CKM_SHA512_HMAC),
    ROW(CKM_RSA_PKCS_KEY_PAIR_GEN),  ROW(CKM_SHA256_RSA_PKCS),    ROW(CKM_SHA256_RSA_PKCS_PSS), ROW(CKM_EC_KEY_PAIR_GEN),
    ROW(CKM_ECDSA),                  ROW(CKM_EC_EDWARDS_KEY_PAIR_GEN), ROW(CKM_EDDSA),     ROW(CKM_AES_KEY_GEN),
    ROW(CKM_AES_GCM),
};

_Static_assert(sizeof mechanisms / sizeof *mechanisms <= SAF_TOKEN_MECHANISMS, "room in saf_token_info");

static void list_mechanisms(saf_token_info *out, const saf_p11 *p11, CK_SLOT_ID slot)
{
    size_t has = 0, lacks = 0;
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
        CK_MECHANISM_INFO about;
        if (p11->cryptoki->C_GetMechanismInfo(slot, mechanisms[i].type, &about) == CKR_OK)
            out->has[has++] = mechanisms[i].name;
        else
            out->lacks[lacks++] = mechanisms[i].name;
    }
}

static void read_flags(saf_token_info *out, CK_FLAGS flags)
{
    out->pin_set = flags & CKF_USER_PIN_INITIALIZED;
    out->pin_count_low = flags & CKF_USER_PIN_COUNT_LOW;
    out->pin_final_try = flags & CKF_USER_PIN_FINAL_TRY;
    out->pin_locked = flags & CKF_USER_PIN_LOCKED;
    out->so_pin_count_low = flags & CKF_SO_PIN_COUNT_LOW;
    out->so_pin_final_try = flags & CKF_SO_PIN_FINAL_TRY;
    out->so_pin_locked = flags & CKF_SO_PIN_LOCKED;
}

static void find_directory(saf_token_info *out, const saf_p11 *p11, const char *serial)
{
    char name[TOKEN_NAME_SIZE];
    OWN(own_fd) tokens = p11->token_directory ? open(p11->token_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (tokens >= 0 && token_files_find(name, tokens, serial))
        snprintf(out->directory, sizeof out->directory, "%s/%s", p11->token_directory, name);
}

saf_status saf_token_describe(saf_token_info *out, saf_p11 *p11, const saf_p11_token *token, saf_error *err)
{
    CK_TOKEN_INFO info;
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, p11, err));
    CK_RV answer = p11->cryptoki->C_GetTokenInfo(token->slot, &info);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "token %s does not describe itself", token->label);
    *out = (saf_token_info) { .hardware_version = { info.hardwareVersion.major, info.hardwareVersion.minor },
                              .firmware_version = { info.firmwareVersion.major, info.firmwareVersion.minor } };
    read_flags(out, info.flags);
    list_mechanisms(out, p11, token->slot);
    find_directory(out, p11, token->serial);
    return SAF_OK;
}
