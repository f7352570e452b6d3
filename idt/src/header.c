#include "header.h"
#include "text.h"
#include "verifier.h"

#include <base/base64url.h>

#include <strings.h>

/* No typ, as RACF writes it: the application knows what it asked for. */
size_t idt_header_write(char out[IDT_HEADER_TEXT_MAX], const char *alg, const char *kid)
{
    char json[IDT_HEADER_JSON_MAX];
    char *at = idt_put_text(json, "{\"alg\":\"");
    at = idt_put_text(at, alg);
    if (kid) {
        at = idt_put_text(at, "\",\"kid\":\"");
        at = idt_put_text(at, kid);
    }
    at = idt_put_text(at, "\"}");
    size_t len = saf_base64url_encode(out, saf_bytes_of(json, (size_t)(at - json)));
    out[len++] = '.';
    return len;
}

static bool equals_ignoring_case(const saf_json_value *value, const char *text)
{
    return value->kind == SAF_JSON_STRING && !value->has_escapes && value->raw.len == strlen(text) &&
           strncasecmp((const char *)value->raw.data, text, value->raw.len) == 0;
}

/* RFC 8725 3.1: the key decides the algorithm; the token may only agree. RFC 8725 3.2: "none" only where it was asked for. */
static saf_idt_verdict judge_alg(const saf_json_object *header, const idt_key *key)
{
    const saf_json_member *alg = saf_json_find(header, "alg");
    if (!alg)
        return SAF_IDT_WRONG_ALGORITHM;
    if (saf_json_is_string(&alg->value, saf_bytes_of_text(key->algorithm->name)))
        return SAF_IDT_GOOD;
    bool is_signed = key->algorithm->alg != SAF_IDT_ALG_NONE;
    return is_signed && equals_ignoring_case(&alg->value, "none") ? SAF_IDT_UNSIGNED : SAF_IDT_WRONG_ALGORITHM;
}

/* RFC 7515 4: members that are not understood are ignored. Not these: each would change what is signed, how the payload is to be
 * read, or which key is used, and a token that has one was made for another reader.
 * RFC 7515 4.1.11: crit must be understood or the JWS is invalid. RFC 7797 3: b64. RFC 7515 4.1.10: cty, a token in the token. */
static bool asks_too_much(const saf_json_object *header)
{
    static const char *const refused[] = { "crit", "b64", "zip", "enc", "cty", "jwk", "jku", "x5u", "x5c" };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (saf_json_find(header, refused[i]))
            return true;
    return false;
}

/* RFC 7519 5.1: typ is JWT, compared without regard to case; RFC 7515 4.1.4: kid is a string. */
static saf_idt_verdict judge_members(const saf_json_object *header)
{
    const saf_json_member *typ = saf_json_find(header, "typ");
    const saf_json_member *kid = saf_json_find(header, "kid");
    if (typ && !equals_ignoring_case(&typ->value, "JWT"))
        return SAF_IDT_BAD_HEADER;
    if (kid && kid->value.kind != SAF_JSON_STRING)
        return SAF_IDT_BAD_HEADER;
    return asks_too_much(header) ? SAF_IDT_BAD_HEADER : SAF_IDT_GOOD;
}

/* Both have the same one or neither has one, as RACF: a key that has no kid must not be tried with a token that names one. */
static saf_idt_verdict judge_kid(const saf_json_object *header, const char *wanted)
{
    const saf_json_member *kid = saf_json_find(header, "kid");
    if (!kid || !wanted)
        return !kid && !wanted ? SAF_IDT_GOOD : SAF_IDT_WRONG_KID;
    return saf_json_is_string(&kid->value, saf_bytes_of_text(wanted)) ? SAF_IDT_GOOD : SAF_IDT_WRONG_KID;
}

saf_idt_verdict idt_header_judge(const saf_json_object *header, const saf_idt_verifier *verifier)
{
    saf_idt_verdict verdict = judge_alg(header, &verifier->key);
    if (verdict == SAF_IDT_GOOD)
        verdict = judge_members(header);
    if (verdict == SAF_IDT_GOOD)
        verdict = judge_kid(header, verifier->rules.kid);
    return verdict;
}

bool idt_header_text(char *out, size_t out_size, const saf_json_object *header, const char *name)
{
    const saf_json_member *member = saf_json_find(header, name);
    out[0] = '\0';
    if (!member)
        return true;
    const saf_json_value *value = &member->value;
    if (value->kind != SAF_JSON_STRING || !idt_is_plain_text(value->raw, out_size - 1))
        return false;
    memcpy(out, value->raw.data, value->raw.len);
    out[value->raw.len] = '\0';
    return true;
}
