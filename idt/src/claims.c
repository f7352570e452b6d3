#include "claims.h"
#include "key.h"
#include "text.h"

enum { JTI_MAX = 64, AUDIENCES_MAX = 8 };

static const char any_appl[] = "*ANYAPPL*";
static const int64_t time_limit = (int64_t)1 << 53; /* RFC 8259 6: the largest integers that every reader of JSON keeps */

/* User IDs and application names of z/OS: 1-8 characters of A-Z, 0-9 and the three national characters. */
static bool is_name(saf_bytes name, size_t max)
{
    if (name.len == 0 || name.len > max)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = name.data[i];
        if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '#' && c != '$' && c != '@')
            return false;
    }
    return true;
}

static bool same(saf_bytes a, saf_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ---- write ---- */

saf_status idt_claims_check(const saf_idt_claims *claims)
{
    if (!is_name(claims->sub, SAF_IDT_SUBJECT_MAX) || !is_name(claims->aud, SAF_IDT_AUDIENCE_MAX))
        return SAF_E_USAGE;
    if (claims->lifetime_sec == 0 || claims->lifetime_sec > SAF_IDT_LIFETIME_MAX_SEC || claims->amr_count > SAF_IDT_AMR_MAX)
        return SAF_E_USAGE;
    for (size_t i = 0; i < claims->amr_count; i++)
        if (!idt_is_plain_text(claims->amr[i], SAF_IDT_AMR_LEN_MAX))
            return SAF_E_USAGE;
    return SAF_OK;
}

static char *put_aud(char *at, const saf_idt_claims *claims)
{
    at = idt_put_text(at, claims->any_appl ? "\",\"aud\":[\"" : "\",\"aud\":\"");
    at = idt_put(at, claims->aud);
    if (!claims->any_appl)
        return idt_put_text(at, "\"");
    at = idt_put_text(at, "\",\"");
    at = idt_put_text(at, any_appl);
    return idt_put_text(at, "\"]");
}

static char *put_amr(char *at, const saf_idt_claims *claims)
{
    for (size_t i = 0; i < claims->amr_count; i++) {
        at = idt_put_text(at, i == 0 ? ",\"amr\":[\"" : "\",\"");
        at = idt_put(at, claims->amr[i]);
    }
    return claims->amr_count ? idt_put_text(at, "\"]") : at;
}

/* At most 477 bytes, all of them characters that JSON takes as they are. */
size_t idt_claims_write(char *out, const saf_idt_claims *claims, const char id[SAF_IDT_ID_LEN], int64_t iat)
{
    char *at = idt_put_text(out, "{\"jti\":\"");
    at = idt_put(at, saf_bytes_of(id, SAF_IDT_ID_LEN));
    at = idt_put_text(at, "\",\"txn\":\"");
    at = idt_put(at, saf_bytes_of(id, SAF_IDT_ID_LEN));
    at = idt_put_text(at, "\",\"iss\":\"saf\",\"sub\":\"");
    at = idt_put(at, claims->sub);
    at = put_aud(at, claims);
    at = idt_put_text(at, ",\"iat\":");
    at = idt_put_number(at, iat);
    at = idt_put_text(at, ",\"exp\":");
    at = idt_put_number(at, iat + claims->lifetime_sec);
    at = put_amr(at, claims);
    at = idt_put_text(at, "}");
    return (size_t)(at - out);
}

/* ---- read ---- */

/* A string that means something to us has one spelling: none with escapes. */
static bool is_string(const saf_json_value *value, size_t max)
{
    return value->kind == SAF_JSON_STRING && !value->has_escapes && value->raw.len > 0 && value->raw.len <= max;
}

static bool read_string(saf_bytes *out, const saf_json_object *payload, const char *name, size_t max)
{
    const saf_json_member *member = saf_json_find(payload, name);
    if (!member || !is_string(&member->value, max))
        return false;
    *out = member->value.raw;
    return true;
}

/* RFC 7519 2 would allow fractions; no token of ours has one, and comparing them invites mistakes. */
static bool read_time(int64_t *out, const saf_json_member *member)
{
    if (!member || member->value.kind != SAF_JSON_INTEGER || member->value.integer < 0 || member->value.integer >= time_limit)
        return false;
    *out = member->value.integer;
    return true;
}

static bool read_times(idt_claims *out, const saf_json_object *payload)
{
    saf_idt_result *result = &out->result;
    const saf_json_member *nbf = saf_json_find(payload, "nbf");
    if (!read_time(&result->iat, saf_json_find(payload, "iat")) || !read_time(&result->exp, saf_json_find(payload, "exp")))
        return false;
    out->nbf = result->iat;
    return result->exp > result->iat && (!nbf || read_time(&out->nbf, nbf));
}

static bool read_ids(idt_claims *out, const saf_json_object *payload)
{
    const saf_json_member *txn = saf_json_find(payload, "txn");
    return read_string(&out->result.jti, payload, "jti", JTI_MAX) &&
           (!txn || saf_json_is_string(&txn->value, out->result.jti)) &&
           read_string(&out->iss, payload, "iss", SIZE_MAX) &&
           read_string(&out->result.sub, payload, "sub", SAF_IDT_SUBJECT_MAX) &&
           is_name(out->result.sub, SAF_IDT_SUBJECT_MAX);
}

/* One application of aud. The first is the one that the token was made for. */
static bool read_application(idt_claims *out, const saf_json_value *value, saf_bytes expected)
{
    if (!is_string(value, SAF_IDT_AUDIENCE_MAX) || !is_name(value->raw, SAF_IDT_AUDIENCE_MAX))
        return false;
    if (out->result.aud.len == 0)
        out->result.aud = value->raw;
    if (same(value->raw, expected))
        out->for_expected = true;
    return true;
}

/* RFC 7519 4.1.3: a string or an array of strings. "*ANYAPPL*" is not an application and means something in an array only. */
static bool read_aud(idt_claims *out, const saf_json_object *payload, saf_bytes expected)
{
    const saf_json_member *aud = saf_json_find(payload, "aud");
    out->for_expected = expected.len == 0;
    if (!aud)
        return false;
    if (aud->value.kind != SAF_JSON_ARRAY)
        return read_application(out, &aud->value, expected);
    saf_json_value element;
    size_t cursor = 0;
    size_t count = 0;
    while (saf_json_next_element(&element, &aud->value, &cursor)) {
        if (++count > AUDIENCES_MAX)
            return false;
        if (saf_json_is_string(&element, saf_bytes_of_text(any_appl)))
            out->result.any_appl = true;
        else if (!read_application(out, &element, expected))
            return false;
    }
    return out->result.aud.len > 0;
}

static bool read_amr(saf_idt_result *out, const saf_json_object *payload)
{
    const saf_json_member *amr = saf_json_find(payload, "amr");
    if (!amr)
        return true;
    if (amr->value.kind != SAF_JSON_ARRAY)
        return false;
    saf_json_value element;
    size_t cursor = 0;
    while (saf_json_next_element(&element, &amr->value, &cursor)) {
        if (out->amr_count == SAF_IDT_AMR_MAX || !is_string(&element, SAF_IDT_AMR_LEN_MAX))
            return false;
        out->amr[out->amr_count++] = element.raw;
    }
    return true;
}

saf_idt_verdict idt_claims_read(idt_claims *out, const saf_json_object *payload, saf_bytes expected_aud)
{
    *out = (idt_claims) { 0 };
    bool is_good = read_ids(out, payload) && read_times(out, payload) && read_aud(out, payload, expected_aud) &&
                   read_amr(&out->result, payload);
    return is_good ? SAF_IDT_GOOD : SAF_IDT_BAD_CLAIM;
}

/* ---- judge ---- */

/* RFC 7519 4.1.4: "on or after" exp is too late. The leeway moves every bound in the token's favour; it is taken from the token's
 * times, which are below 2^53, so that no clock makes it overflow. */
static saf_idt_verdict judge_times(const idt_claims *claims, const saf_idt_rules *rules, int64_t now)
{
    int64_t leeway = rules->leeway_sec;
    if (now >= claims->result.exp + leeway)
        return SAF_IDT_EXPIRED;
    if (claims->result.iat - leeway > now || claims->nbf - leeway > now)
        return SAF_IDT_NOT_YET_VALID;
    if (claims->result.exp - claims->result.iat > (int64_t)rules->lifetime_max_sec)
        return SAF_IDT_LIVES_TOO_LONG;
    return SAF_IDT_GOOD;
}

saf_idt_verdict idt_claims_judge(const idt_claims *claims, const saf_idt_rules *rules, saf_bytes expected_sub, int64_t now)
{
    if (!same(claims->iss, saf_bytes_of_text("saf")))
        return SAF_IDT_WRONG_ISSUER;
    saf_idt_verdict verdict = judge_times(claims, rules, now);
    if (verdict != SAF_IDT_GOOD)
        return verdict;
    if (expected_sub.len && !same(claims->result.sub, expected_sub))
        return SAF_IDT_WRONG_SUBJECT;
    if (!claims->for_expected && !(rules->any_appl && claims->result.any_appl))
        return SAF_IDT_WRONG_AUDIENCE;
    return SAF_IDT_GOOD;
}
