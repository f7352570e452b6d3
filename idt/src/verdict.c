#include <safring/idt.h>

typedef struct verdict_row {
    const char *name;
    const char *rule;
} verdict_row;

static const verdict_row rows[] = {
    [SAF_IDT_GOOD] = { "good", "the token satisfies every rule" },
    [SAF_IDT_TOO_LARGE] = { "too-large", "a token has at most 8192 characters (safring)" },
    [SAF_IDT_BAD_STRUCTURE] = { "bad-structure", "a token is three parts with dots between them (RFC 7515, 3.1)" },
    [SAF_IDT_BAD_ENCODING] = { "bad-encoding", "each part is base64url without padding, in its one spelling (RFC 7515, 2)" },
    [SAF_IDT_BAD_JSON] = { "bad-json", "header and payload are JSON objects without duplicate names (RFC 7515, 4; RFC 8259)" },
    [SAF_IDT_BAD_HEADER] = { "bad-header", "the header asks for nothing that is not done here (RFC 7515, 4.1.11)" },
    [SAF_IDT_WRONG_ALGORITHM] = { "wrong-algorithm", "alg is the algorithm that the key is for (RFC 8725, 3.1)" },
    [SAF_IDT_UNSIGNED] = { "unsigned", "alg \"none\" is not accepted where a signature is required (RFC 8725, 3.2)" },
    [SAF_IDT_WRONG_KID] = { "wrong-kid", "kid is the key's, and absent when the key has none (RFC 7515, 4.1.4)" },
    [SAF_IDT_BAD_SIGNATURE] = { "bad-signature", "the signature is the key's for this header and payload (RFC 7515, 5.2)" },
    [SAF_IDT_BAD_CLAIM] = { "bad-claim", "jti, iss, sub, aud, iat and exp are there and have their form (RFC 7519, 4.1)" },
    [SAF_IDT_WRONG_ISSUER] = { "wrong-issuer", "iss is \"saf\" (RFC 7519, 4.1.1)" },
    [SAF_IDT_EXPIRED] = { "expired", "the time is before exp (RFC 7519, 4.1.4)" },
    [SAF_IDT_NOT_YET_VALID] = { "not-yet-valid", "the time is not before iat and nbf (RFC 7519, 4.1.5, 4.1.6)" },
    [SAF_IDT_LIVES_TOO_LONG] = { "lives-too-long", "exp - iat is within the policy's lifetime (IDTTIMEOUT)" },
    [SAF_IDT_WRONG_SUBJECT] = { "wrong-subject", "sub is the user who is asked for (RFC 7519, 4.1.2)" },
    [SAF_IDT_WRONG_AUDIENCE] = { "wrong-audience", "aud holds the application that asks (RFC 7519, 4.1.3)" },
    [SAF_IDT_REVOKED] = { "revoked", "neither the token nor its user's tokens of that time were revoked (safring)" },
};

static const verdict_row *row_of(saf_idt_verdict verdict)
{
    static const verdict_row unknown = { "unknown", "no rule has this number" };
    return (size_t)verdict < sizeof rows / sizeof rows[0] ? &rows[verdict] : &unknown;
}

const char *saf_idt_verdict_name(saf_idt_verdict verdict)
{
    return row_of(verdict)->name;
}

const char *saf_idt_verdict_rule(saf_idt_verdict verdict)
{
    return row_of(verdict)->rule;
}

/* RACROUTE REQUEST=VERIFY with IDTA: return code X'6C', the token is not valid; reason X'1C', its kid is not. */
saf_codes saf_idt_verdict_codes(saf_idt_verdict verdict)
{
    if (verdict == SAF_IDT_GOOD)
        return (saf_codes) { 0 };
    return (saf_codes) { .saf = 8, .racf = 0x6C, .reason = verdict == SAF_IDT_WRONG_KID ? 0x1C : 0 };
}
