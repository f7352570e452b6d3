#include "claims.h"
#include "key.h"
#include "revoked.h"
#include "text.h"

enum { JTI_MAX = SAF_IDT_REVOKED_ID_MAX };

static const char any_appl[] = "*ANYAPPL*";
static const int64_t time_limit = (int64_t)1 << 53; /* RFC 8259 6: the largest integers that every reader of JSON keeps */

const bool idt_is_in_names[256] = {
    ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1,
    ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1,
    ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1,
    ['7'] = 1, ['8'] = 1, ['9'] = 1, ['#'] = 1, ['$'] = 1, ['@'] = 1,
};

bool idt_is_name(saf_bytes name)
{
    if (name.len == 0 || name.len > SAF_IDT_SUBJECT_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!idt_is_in_names[name.data[i]])
            return false;
    return true;
}

_Static_assert(SAF_IDT_SUBJECT_MAX == SAF_IDT_AUDIENCE_MAX, "user IDs and application names have the same form");

static bool same(saf_bytes a, saf_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ---- write ---- */

saf_status idt_claims_check(const saf_idt_claims *claims)
{
    if (!idt_is_name(claims->sub) || !idt_is_name(claims->aud))
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
    at = idt_put_text(at, claims->any_appl ? ",\"aud\":[\"" : ",\"aud\":\"");
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

/* At most 377 bytes, and those below at most 100: all of them characters that JSON takes as they are. */
size_t idt_claims_write_common(char *out, const saf_idt_claims *claims, int64_t iat)
{
    char *at = idt_put_text(out, "{\"iss\":\"saf\"");
    at = put_aud(at, claims);
    at = idt_put_text(at, ",\"iat\":");
    at = idt_put_number(at, iat);
    at = idt_put_text(at, ",\"exp\":");
    at = idt_put_number(at, iat + claims->lifetime_sec);
    at = put_amr(at, claims);
    return (size_t)(at - out);
}

size_t idt_claims_write_own(char *out, saf_bytes sub, const char id[SAF_IDT_ID_LEN])
{
    char *at = idt_put_text(out, ",\"sub\":\"");
    at = idt_put(at, sub);
    at = idt_put_text(at, "\",\"jti\":\"");
    at = idt_put(at, saf_bytes_of(id, SAF_IDT_ID_LEN));
    at = idt_put_text(at, "\",\"txn\":\"");
    at = idt_put(at, saf_bytes_of(id, SAF_IDT_ID_LEN));
    at = idt_put_text(at, "\"}");
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
           idt_is_name(out->result.sub);
}

/* One application of aud. The first is the one that the token was made for. */
static bool read_application(idt_claims *out, const saf_json_value *value, saf_bytes expected)
{
    if (!is_string(value, SAF_IDT_AUDIENCE_MAX) || !idt_is_name(value->raw))
        return false;
    if (out->result.aud.len == 0)
        out->result.aud = value->raw;
    out->applications++;
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
        if (++count > IDT_APPLICATIONS_MAX)
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

bool idt_is_expected(saf_bytes application, saf_bytes expected_aud)
{
    return expected_aud.len == 0 || same(application, expected_aud);
}

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

saf_idt_verdict idt_claims_judge(const idt_claims *claims, const saf_idt_rules *rules, const saf_idt_expect *expect, int64_t now)
{
    const saf_idt_result *result = &claims->result;
    if (!same(claims->iss, saf_bytes_of_text("saf")))
        return SAF_IDT_WRONG_ISSUER;
    saf_idt_verdict verdict = judge_times(claims, rules, now);
    if (verdict != SAF_IDT_GOOD)
        return verdict;
    if (expect->sub.len && !same(result->sub, expect->sub))
        return SAF_IDT_WRONG_SUBJECT;
    if (!claims->for_expected && !(rules->any_appl && result->any_appl))
        return SAF_IDT_WRONG_AUDIENCE;
    return expect->revoked && idt_is_revoked(expect->revoked, result) ? SAF_IDT_REVOKED : SAF_IDT_GOOD;
}
