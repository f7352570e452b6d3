#include "secret-key.h"

#include <base/clock.h>

#include <openssl/crypto.h>

#include <stdarg.h>
#include <strings.h>

enum { HMAC_LEN_MIN = 32 /* RFC 7518, 3.2: HS256 */, DAY_SEC = 86400 };

static void add(saf_p11_secret_report *report, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void add(saf_p11_secret_report *report, const char *name, const char *format, ...)
{
    if (report->count == SAF_P11_FINDINGS_MAX)
        return;
    saf_p11_finding *finding = &report->findings[report->count++];
    va_list arguments;
    finding->name = name;
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
}

/* ---- attributes ------------------------------------------------------------------------------------------- */

static void check_leaving(saf_p11_secret_report *report, saf_p11_leaving most)
{
    const saf_p11_secret *secret = &report->secret;
    saf_p11_leaving is = saf_p11_secret_leaving(secret);
    if (is > most && is == SAF_P11_LEAVES)
        add(report, "leaves", "its value can be read by whoever has the PIN (not CKA_SENSITIVE, CKA_EXTRACTABLE)");
    else if (is > most)
        add(report, "leaves", "it may leave the token under another key (CKA_EXTRACTABLE)");
    if (!secret->sensitive && !secret->extractable)
        add(report, "not-sensitive", "it is not CKA_SENSITIVE, although it is to stay in the token");
    if (!secret->private_object)
        add(report, "public", "it can be used without the PIN (not CKA_PRIVATE)");
}

static void check_hmac_uses(saf_p11_secret_report *report)
{
    const saf_p11_secret *secret = &report->secret;
    if (!secret->signs || !secret->verifies)
        add(report, "missing-uses", "it may not %s", secret->signs ? "verify (CKA_VERIFY)" : secret->verifies ? "sign (CKA_SIGN)" : "sign and verify");
    if (secret->wraps || secret->unwraps || secret->encrypts || secret->decrypts || secret->derives)
        add(report, "other-uses", "it may do more than sign and verify:%s%s%s%s%s", secret->wraps ? " CKA_WRAP" : "",
            secret->unwraps ? " CKA_UNWRAP" : "", secret->encrypts ? " CKA_ENCRYPT" : "", secret->decrypts ? " CKA_DECRYPT" : "",
            secret->derives ? " CKA_DERIVE" : "");
    if (secret->len && secret->len < HMAC_LEN_MIN)
        add(report, "too-short", "it has %zu bytes, too few for any algorithm: HS256 needs %d", secret->len, HMAC_LEN_MIN);
}

static void check_aes_uses(saf_p11_secret_report *report)
{
    const saf_p11_secret *secret = &report->secret;
    if (!secret->encrypts || !secret->decrypts)
        add(report, "missing-uses", "it may not encrypt and decrypt");
    if (secret->signs || secret->verifies || secret->derives)
        add(report, "other-uses", "it may do more than encrypt and wrap:%s%s%s", secret->signs ? " CKA_SIGN" : "",
            secret->verifies ? " CKA_VERIFY" : "", secret->derives ? " CKA_DERIVE" : "");
}

static void check_dates(saf_p11_secret_report *report)
{
    const saf_p11_secret *secret = &report->secret;
    char text[SAF_TIME_TEXT_SIZE];
    int64_t now = saf_clock_now();
    if (secret->start_date && now < secret->start_date)
        add(report, "not-yet", "it is not in force before %.10s", saf_time_format(text, secret->start_date));
    if (secret->end_date && now >= secret->end_date + DAY_SEC)
        add(report, "ended", "its last day was %.10s", saf_time_format(text, secret->end_date));
}

/* ---- use -------------------------------------------------------------------------------------------------- */

static const unsigned char message[16] = "safring check";

static CK_RV sign_and_verify(const saf_p11_session *session, CK_OBJECT_HANDLE key)
{
    CK_FUNCTION_LIST *cryptoki = session->p11->cryptoki;
    CK_MECHANISM how = { CKM_SHA256_HMAC, NULL, 0 };
    unsigned char mac[P11_PROOF_MAX];
    size_t len;
    CK_RV answer = p11_secret_prove(mac, &len, session, key, SAF_P11_HMAC, saf_bytes_of(message, sizeof message));
    if (answer == CKR_OK)
        answer = cryptoki->C_VerifyInit(session->handle, &how, key);
    if (answer == CKR_OK)
        answer = cryptoki->C_Verify(session->handle, (unsigned char *)(uintptr_t)message, sizeof message, mac, len);
    return answer;
}

static CK_RV encrypt_and_decrypt(const saf_p11_session *session, CK_OBJECT_HANDLE key)
{
    CK_FUNCTION_LIST *cryptoki = session->p11->cryptoki;
    CK_MECHANISM how = { CKM_AES_ECB, NULL, 0 };
    unsigned char sealed[16], opened[16];
    CK_ULONG len = sizeof opened;
    CK_RV answer = p11_encrypt_block(sealed, session, key, message);
    if (answer == CKR_OK)
        answer = cryptoki->C_DecryptInit(session->handle, &how, key);
    if (answer == CKR_OK)
        answer = cryptoki->C_Decrypt(session->handle, sealed, sizeof sealed, opened, &len);
    if (answer == CKR_OK && (len != sizeof opened || CRYPTO_memcmp(opened, message, len)))
        answer = CKR_ENCRYPTED_DATA_INVALID;
    return answer;
}

static void check_use(saf_p11_secret_report *report, const saf_p11_session *session, CK_OBJECT_HANDLE key)
{
    const saf_p11_secret *secret = &report->secret;
    bool is_aes = secret->kind == SAF_P11_AES;
    if (is_aes ? !secret->encrypts || !secret->decrypts : !secret->signs || !secret->verifies)
        return; /* said already */
    saf_error why = { 0 };
    CK_RV answer = is_aes ? encrypt_and_decrypt(session, key) : sign_and_verify(session, key);
    if (answer != CKR_OK && p11_fail(&why, answer, "the token does not %s with it", is_aes ? "encrypt and decrypt" : "sign and verify") != SAF_OK)
        add(report, "unusable", "%.150s", why.text);
}

static void check_value(saf_p11_secret_report *report, const char *wanted)
{
    if (wanted && strcasecmp(report->secret.check_value, wanted))
        add(report, "check-value", "its check value is %s, not %s", *report->secret.check_value ? report->secret.check_value : "unknown", wanted);
}

/* ---- the whole -------------------------------------------------------------------------------------------- */

static saf_status check_wanted(const saf_p11_secret_wanted *wanted, saf_error *err)
{
    const char *value = wanted->check_value;
    if (!value || (strlen(value) == 6 && strspn(value, "0123456789ABCDEFabcdef") == 6))
        return SAF_OK;
    return saf_fail(err, SAF_E_USAGE, "a check value has 6 hex digits");
}

saf_status saf_p11_check_secret(saf_p11_secret_report *out, saf_p11_session *session, const saf_p11_uri *uri,
                                const saf_p11_secret_wanted *wanted, saf_error *err)
{
    static const saf_p11_secret_wanted defaults = { 0 };
    CK_OBJECT_HANDLE key;
    saf_p11_secret_report report = { 0 };
    wanted = wanted ? wanted : &defaults;
    SAF_TRY(check_wanted(wanted, err));
    SAF_TRY(p11_secret_find(&key, session, uri, err));
    SAF_TRY(p11_secret_describe(&report.secret, session, key, err));
    check_leaving(&report, wanted->leaving);
    if (report.secret.kind == SAF_P11_AES)
        check_aes_uses(&report);
    else
        check_hmac_uses(&report);
    check_dates(&report);
    check_use(&report, session, key);
    check_value(&report, wanted->check_value);
    *out = report;
    return SAF_OK;
}
