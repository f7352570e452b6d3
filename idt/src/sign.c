#include "sign.h"

#include <base/base64url.h>
#include <base/fail.h>

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

static saf_status next_id(const saf_idt_lane *lane, char id[SAF_IDT_ID_LEN])
{
    if (lane->pool)
        return idt_id_pool_next(lane->pool, id);
    SAF_TRY(lane->options.id(lane->options.id_context, id));
    return is_hex(id) ? SAF_OK : SAF_E_FAILED;
}

/* A verifier would refuse other times. */
static bool is_possible(int64_t now)
{
    return now >= 0 && now < ((int64_t)1 << 53) - SAF_IDT_LIFETIME_MAX_SEC;
}

static saf_status make_template(saf_idt_lane *lane, const saf_idt_signer *signer, const saf_idt_claims *claims, int64_t now,
                                const idt_template **out)
{
    SAF_TRY(idt_claims_check(claims));
    if (!is_possible(now))
        return SAF_E_FAILED;
    lane->next_template = (lane->next_template + 1) % IDT_LANE_TEMPLATES;
    idt_template *template = &lane->templates[lane->next_template];
    idt_template_make(template, lane->path, signer, idt_key_hmac(lane, &signer->key), claims, now);
    lane->last_template = lane->next_template;
    *out = template;
    return SAF_OK;
}

/* The template that these claims fit now; of claims that fit one only the user needs a look. */
static saf_status find_template(saf_idt_lane *lane, const saf_idt_signer *signer, const saf_idt_claims *claims, const idt_template **out)
{
    int64_t now = lane->options.now(lane->options.now_context);
    for (size_t i = 0; i < IDT_LANE_TEMPLATES; i++) {
        size_t index = (lane->last_template + i) % IDT_LANE_TEMPLATES;
        if (idt_template_fits(&lane->templates[index], signer->key.id, claims, now)) {
            lane->last_template = index;
            *out = &lane->templates[index];
            return idt_is_name(claims->sub) ? SAF_OK : SAF_E_USAGE;
        }
    }
    return make_template(lane, signer, claims, now, out);
}

saf_status idt_sign_begin(saf_idt_lane *lane, const saf_idt_signer *signer, const saf_idt_claims *claims, char *out, size_t out_cap,
                          size_t *out_len, idt_unsigned *token)
{
    char id[SAF_IDT_ID_LEN];
    SAF_TRY(find_template(lane, signer, claims, &token->template));
    SAF_TRY(next_id(lane, id));
    size_t len = idt_template_input_len(token->template, claims->sub);
    if (out_cap < len + 1 + saf_base64url_encoded_len(signer->key.signature_len)) {
        *out_len = saf_idt_signer_token_max(signer);
        return SAF_E_SPACE;
    }
    char *input = token->template->hmac ? out : lane->input;
    idt_template_write(token->template, lane->path, input, claims->sub, id);
    token->input = saf_bytes_of(input, len);
    return SAF_OK;
}

void idt_sign_end(const saf_idt_lane *lane, saf_bytes input, saf_bytes signature, char *out, size_t *out_len)
{
    char *at = out + input.len;
    if (input.data != (const unsigned char *)out)
        memcpy(out, input.data, input.len);
    *at++ = '.';
    *out_len = input.len + 1 + lane->path->encode(at, signature);
}

static saf_status sign_input(saf_idt_lane *lane, const saf_idt_signer *signer, const idt_unsigned *token, size_t *signature_len)
{
    const idt_template *template = token->template;
    if (!template->hmac)
        return idt_key_sign(lane, &signer->key, token->input, lane->signature, signature_len);
    idt_hmac_finish(lane->path, template->hmac, &template->hashed, template->hashed_len, idt_unsigned_rest(token), lane->signature);
    *signature_len = signer->key.signature_len;
    return SAF_OK;
}

saf_status saf_idt_sign(saf_idt_lane *lane, const saf_idt_signer *signer, const saf_idt_claims *claims, char *out,
                        size_t out_cap, size_t *out_len)
{
    idt_unsigned token;
    size_t signature_len = 0;
    SAF_TRY(idt_sign_begin(lane, signer, claims, out, out_cap, out_len, &token));
    SAF_TRY(sign_input(lane, signer, &token, &signature_len));
    idt_sign_end(lane, token.input, saf_bytes_of(lane->signature, signature_len), out, out_len);
    return SAF_OK;
}
