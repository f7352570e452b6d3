#include "template.h"
#include "signer.h"
#include "text.h"

#include <base/base64url.h>

static bool is(const char *kept, size_t kept_len, saf_bytes bytes)
{
    return bytes.len == kept_len && memcmp(kept, bytes.data, kept_len) == 0;
}

bool idt_template_fits(const idt_template *template, const uint64_t key_id[2], const saf_idt_claims *claims, int64_t iat)
{
    if (!template->is_made || template->iat != iat || template->key_id[0] != key_id[0] || template->key_id[1] != key_id[1] ||
        template->lifetime_sec != claims->lifetime_sec || template->any_appl != claims->any_appl ||
        template->amr_count != claims->amr_count || !is(template->aud, template->aud_len, claims->aud))
        return false;
    for (size_t i = 0; i < claims->amr_count; i++)
        if (!is(template->amr[i], template->amr_len[i], claims->amr[i]))
            return false;
    return true;
}

static void keep_claims(idt_template *out, const saf_idt_claims *claims)
{
    out->lifetime_sec = claims->lifetime_sec;
    out->any_appl = claims->any_appl;
    out->aud_len = claims->aud.len;
    memcpy(out->aud, claims->aud.data, claims->aud.len);
    out->amr_count = claims->amr_count;
    for (size_t i = 0; i < claims->amr_count; i++) {
        out->amr_len[i] = claims->amr[i].len;
        memcpy(out->amr[i], claims->amr[i].data, claims->amr[i].len);
    }
}

static void write_text(idt_template *out, const idt_path *path, const saf_idt_signer *signer, const saf_idt_claims *claims)
{
    char json[IDT_COMMON_MAX];
    size_t len = idt_claims_write_common(json, claims, out->iat);
    out->rest_len = len % 3;
    len -= out->rest_len;
    memcpy(out->rest, json + len, out->rest_len);
    memcpy(out->text, signer->header, signer->header_len);
    out->text_len = signer->header_len + path->encode(out->text + signer->header_len, saf_bytes_of(json, len));
}

/* Whole blocks only: the rest goes with each token's own bytes. */
static void hash_text(idt_template *out, const idt_path *path, const idt_hmac_key *hmac)
{
    out->hmac = hmac;
    if (!hmac)
        return;
    size_t blocks = out->text_len / hmac->hash->block_len;
    out->hashed = hmac->inner;
    out->hashed_len = blocks * hmac->hash->block_len;
    idt_hmac_way(path, hmac->hash)->blocks(&out->hashed, (const unsigned char *)out->text, blocks);
}

void idt_template_make(idt_template *template, const idt_path *path, const saf_idt_signer *signer, const idt_hmac_key *hmac,
                       const saf_idt_claims *claims, int64_t iat)
{
    template->is_made = true;
    template->iat = iat;
    memcpy(template->key_id, signer->key.id, sizeof template->key_id);
    keep_claims(template, claims);
    write_text(template, path, signer, claims);
    hash_text(template, path, hmac);
}

size_t idt_template_input_len(const idt_template *template, saf_bytes sub)
{
    return template->text_len + saf_base64url_encoded_len(template->rest_len + IDT_CLAIMS_OWN_LEN + sub.len);
}

void idt_template_write(const idt_template *template, const idt_path *path, char *out, saf_bytes sub, const char id[SAF_IDT_ID_LEN])
{
    char own[sizeof template->rest + IDT_OWN_MAX];
    memcpy(own, template->rest, sizeof template->rest);
    size_t own_len = template->rest_len + idt_claims_write_own(own + template->rest_len, sub, id);
    memcpy(out, template->text, template->text_len);
    (void)path->encode(out + template->text_len, saf_bytes_of(own, own_len));
}
