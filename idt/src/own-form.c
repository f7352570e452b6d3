#include "own-form.h"
#include "wipe.h"

#include <base/base64url.h>

#include <endian.h>

typedef struct reader {
    const unsigned char *at;
    const unsigned char *end;
} reader;

/* Past a text that has to be there. Its length is known to the compiler, so that comparing takes a few instructions. */
static inline bool take_bytes(reader *r, const void *text, size_t len)
{
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0)
        return false;
    r->at += len;
    return true;
}

#define TAKE(r, literal) take_bytes(r, literal, sizeof(literal) - 1)

/* A user ID or application name, and the quote after it. */
static bool take_name(reader *r, saf_bytes *out)
{
    const unsigned char *start = r->at;
    size_t room = (size_t)(r->end - start);
    size_t len = 0;
    while (len < room && idt_is_in_names[start[len]])
        len++;
    *out = saf_bytes_of(start, len);
    r->at += len;
    return len > 0 && len <= SAF_IDT_SUBJECT_MAX && TAKE(r, "\"");
}

/* Eight digits, the first in the lowest byte, become a number: pairs, then fours are joined, each time in one multiplication. */
static bool eight_digits(const unsigned char *at, uint64_t *out)
{
    const uint64_t zeros = 0x3030303030303030;
    const uint64_t high_half = 0xF0F0F0F0F0F0F0F0;
    uint64_t digits;
    memcpy(&digits, at, sizeof digits);
    digits = le64toh(digits);
    if ((digits & high_half) != zeros || ((digits + 0x0606060606060606) & high_half) != zeros)
        return false;
    digits = (digits - zeros) * (1 + (10 << 8)) >> 8 & 0x00FF00FF00FF00FF;
    digits = digits * (1 + (100 << 16)) >> 16 & 0x0000FFFF0000FFFF;
    *out = digits * (1 + ((uint64_t)10000 << 32)) >> 32;
    return true;
}

/* A time of ten digits: from the year 2001 to 2286. */
static bool take_time(reader *r, int64_t *out)
{
    uint64_t first;
    unsigned ninth, tenth;
    if (r->end - r->at < 10 || r->at[0] == '0' || !eight_digits(r->at, &first))
        return false;
    ninth = (unsigned)r->at[8] - '0';
    tenth = (unsigned)r->at[9] - '0';
    r->at += 10;
    *out = (int64_t)(first * 100 + ninth * 10 + tenth);
    return ninth <= 9 && tenth <= 9;
}

static bool take_aud(reader *r, saf_idt_result *out)
{
    if (TAKE(r, "\""))
        return take_name(r, &out->aud);
    out->any_appl = true;
    return TAKE(r, "[\"") && take_name(r, &out->aud) && TAKE(r, ",\"*ANYAPPL*\"]");
}

static bool take_text(reader *r, saf_bytes *out)
{
    const unsigned char *start = r->at;
    const unsigned char *quote = memchr(start, '"', (size_t)(r->end - start));
    if (!quote)
        return false;
    *out = saf_bytes_of(start, (size_t)(quote - start));
    r->at = quote + 1;
    return idt_is_plain_text(*out, SAF_IDT_AMR_LEN_MAX);
}

static bool take_amr(reader *r, saf_idt_result *out)
{
    if (!TAKE(r, ",\"amr\":["))
        return true;
    do
        if (out->amr_count == SAF_IDT_AMR_MAX || !TAKE(r, "\"") || !take_text(r, &out->amr[out->amr_count++]))
            return false;
    while (TAKE(r, ","));
    return TAKE(r, "]");
}

static bool take_ids(reader *r, saf_idt_result *out)
{
    if (!TAKE(r, ",\"jti\":\"") || r->end - r->at < SAF_IDT_ID_LEN)
        return false;
    out->jti = saf_bytes_of(r->at, SAF_IDT_ID_LEN);
    r->at += SAF_IDT_ID_LEN;
    return TAKE(r, "\",\"txn\":\"") && take_bytes(r, out->jti.data, SAF_IDT_ID_LEN) && TAKE(r, "\"}") && r->at == r->end;
}

/* The id is looked at last, when it is known to be where it should be. */
static bool is_hex(saf_bytes id)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < SAF_IDT_ID_LEN; i++) {
        unsigned digit = (unsigned)id.data[i] - '0';
        unsigned letter = ((unsigned)id.data[i] | 0x20) - 'a';
        wrong |= (unsigned)(digit > 9) & (unsigned)(letter > 5);
    }
    return !wrong;
}

static bool read_claims(saf_bytes payload, idt_claims *out)
{
    reader r = { payload.data, payload.data + payload.len };
    saf_idt_result *result = &out->result;
    if (!TAKE(&r, "{\"iss\":\"saf\",\"aud\":"))
        return false;
    out->iss = saf_bytes_of(payload.data + sizeof "{\"iss\":\"" - 1, sizeof "saf" - 1);
    return take_aud(&r, result) && TAKE(&r, ",\"iat\":") && take_time(&r, &result->iat) && TAKE(&r, ",\"exp\":") &&
           take_time(&r, &result->exp) && result->exp > result->iat && take_amr(&r, result) && TAKE(&r, ",\"sub\":\"") &&
           take_name(&r, &result->sub) && take_ids(&r, result) && is_hex(result->jti);
}

/* Where the parts are follows from the lengths of the first and the last; a dot at another place is no character of base64url. */
static bool split(const saf_idt_verifier *verifier, saf_bytes token, saf_bytes *payload, saf_bytes *signature)
{
    size_t signature_len = saf_base64url_encoded_len(verifier->key.signature_len);
    size_t around = verifier->header_len + 1 + signature_len;
    if (token.len <= around || token.len > SAF_IDT_TOKEN_MAX || memcmp(token.data, verifier->header, verifier->header_len) != 0)
        return false;
    *payload = saf_bytes_of(token.data + verifier->header_len, token.len - around);
    *signature = saf_bytes_of(token.data + token.len - signature_len, signature_len);
    return signature->data[-1] == '.';
}

bool idt_own_form_read(const idt_path *path, unsigned char *decoded, const saf_idt_verifier *verifier, saf_bytes token, saf_bytes expected_aud,
                       idt_compact *compact, idt_claims *claims)
{
    saf_bytes payload, signature;
    size_t payload_len = 0;
    size_t signature_len = 0;
    if (!split(verifier, token, &payload, &signature) || !path->decode(decoded, &payload_len, payload) ||
        !path->decode(decoded + payload_len, &signature_len, signature))
        return false;
    compact->input = saf_bytes_of(token.data, verifier->header_len + payload.len);
    compact->payload = saf_bytes_of(decoded, payload_len);
    compact->signature = saf_bytes_of(decoded + payload_len, signature_len);
    idt_clear(claims, sizeof *claims);
    claims->applications = 1;
    if (!read_claims(compact->payload, claims))
        return false;
    claims->nbf = claims->result.iat;
    claims->for_expected = idt_is_expected(claims->result.aud, expected_aud);
    return true;
}
