#include "claims.h"
#include "lane.h"
#include "signer.h"
#include "text.h"

#include <base/base64url.h>
#include <base/fail.h>

_Static_assert(IDT_HEADER_TEXT_MAX + (IDT_PAYLOAD_MAX + 2) / 3 * 4 <= IDT_INPUT_MAX, "any signing input fits the lane");

/* Ids go into the token as they are, so what an injected source gives is looked at. */
static bool is_hex(const char id[SAF_IDT_ID_LEN])
{
    for (size_t i = 0; i < SAF_IDT_ID_LEN; i++) {
        unsigned char lower = (unsigned char)id[i] | 0x20;
        if (!(id[i] >= '0' && id[i] <= '9') && !(lower >= 'a' && lower <= 'f'))
            return false;
    }
    return true;
}

/* Claims, id and time become the signing input in the lane. */
static saf_status write_input(saf_idt_lane *lane, const saf_idt_signer *signer, const saf_idt_claims *claims, size_t *input_len)
{
    const saf_idt_lane_options *options = &lane->options;
    char id[SAF_IDT_ID_LEN];
    int64_t now = options->now(options->now_context);
    if (now < 0 || now >= ((int64_t)1 << 53) - SAF_IDT_LIFETIME_MAX_SEC) /* a verifier would refuse such a time */
        return SAF_E_FAILED;
    SAF_TRY(options->id(options->id_context, id));
    if (!is_hex(id))
        return SAF_E_FAILED;
    size_t payload_len = idt_claims_write(lane->payload, claims, id, now);
    memcpy(lane->input, signer->header, signer->header_len);
    *input_len = signer->header_len +
                 saf_base64url_encode(lane->input + signer->header_len, saf_bytes_of(lane->payload, payload_len));
    return SAF_OK;
}

/* The caller's buffer is written last: whatever fails before leaves it as it was. */
saf_status saf_idt_sign(saf_idt_lane *lane, const saf_idt_signer *signer, const saf_idt_claims *claims, char *out,
                        size_t out_cap, size_t *out_len)
{
    size_t input_len = 0;
    size_t signature_len = 0;
    SAF_TRY(idt_claims_check(claims));
    SAF_TRY(write_input(lane, signer, claims, &input_len));
    if (out_cap < input_len + 1 + saf_base64url_encoded_len(signer->key.signature_len)) {
        *out_len = saf_idt_signer_token_max(signer);
        return SAF_E_SPACE;
    }
    SAF_TRY(idt_key_sign(lane, &signer->key, saf_bytes_of(lane->input, input_len), lane->signature, &signature_len));
    char *at = idt_put(out, saf_bytes_of(lane->input, input_len));
    *at++ = '.';
    at += saf_base64url_encode(at, saf_bytes_of(lane->signature, signature_len));
    *out_len = (size_t)(at - out);
    return SAF_OK;
}
