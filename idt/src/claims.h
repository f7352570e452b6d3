/** @file A token's claims, written and judged. */
#ifndef IDT_CLAIMS_H
#define IDT_CLAIMS_H

#include <safring/idt.h>

#include <base/json-reader.h>

enum {
    IDT_APPLICATIONS_MAX = 8,
    IDT_CLAIMS_OWN_LEN = 28 + 2 * SAF_IDT_ID_LEN /**< of what idt_claims_write_own() writes, beside the user ID */
};

/** Whether the caller's claims can be written. SAF_E_USAGE. */
saf_status idt_claims_check(const saf_idt_claims *claims);

/** Characters of user IDs and application names. */
extern const bool idt_is_in_names[256];

/** A user ID or application name of z/OS: 1-8 characters of A-Z, 0-9 and the three national ones. */
bool idt_is_name(saf_bytes name);

/**
 * Claims are written in two parts, as JSON: first what stays the same from token to token within a second, so that it is encoded and hashed
 * once a second only (template.h), then the user and the ids. Each returns the length.
 */
size_t idt_claims_write_common(char *out, const saf_idt_claims *claims, int64_t iat);
size_t idt_claims_write_own(char *out, saf_bytes sub, const char id[SAF_IDT_ID_LEN]);

/** What the verdict needs beside the result. */
typedef struct idt_claims {
    saf_idt_result result; /* borrows from the payload */
    saf_bytes iss;
    int64_t nbf;           /* iat when the claim is absent */
    size_t applications;   /* in aud, beside "*ANYAPPL*" */
    bool for_expected;     /* aud holds the application that asks, or none was asked for */
} idt_claims;

/** The form of every claim that means something to us. SAF_IDT_GOOD or SAF_IDT_BAD_CLAIM. */
saf_idt_verdict idt_claims_read(idt_claims *out, const saf_json_object *payload, saf_bytes expected_aud);

/** Whether an application is the one that asks; without one that asks, any is. */
bool idt_is_expected(saf_bytes application, saf_bytes expected_aud);

/** Judge claims that were read: iss, exp, iat and nbf, lifetime, sub, aud, revocation. */
saf_idt_verdict idt_claims_judge(const idt_claims *claims, const saf_idt_rules *rules, const saf_idt_expect *expect, int64_t now);

#endif
