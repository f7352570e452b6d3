/** @file A token's claims, written and judged. */
#ifndef IDT_CLAIMS_H
#define IDT_CLAIMS_H

#include <safring/idt.h>

#include <base/json-reader.h>

/** Whether the caller's claims can be written. SAF_E_USAGE. */
saf_status idt_claims_check(const saf_idt_claims *claims);

/** Write claims that were checked as JSON into IDT_PAYLOAD_MAX bytes. Returns the length. */
size_t idt_claims_write(char *out, const saf_idt_claims *claims, const char id[SAF_IDT_ID_LEN], int64_t iat);

/** What the verdict needs beside the result. */
typedef struct idt_claims {
    saf_idt_result result; /* borrows from the payload */
    saf_bytes iss;
    int64_t nbf;           /* iat when the claim is absent */
    bool for_expected;     /* aud holds the application that asks, or none was asked for */
} idt_claims;

/** The form of every claim that means something to us. SAF_IDT_GOOD or SAF_IDT_BAD_CLAIM. */
saf_idt_verdict idt_claims_read(idt_claims *out, const saf_json_object *payload, saf_bytes expected_aud);

/** Judge claims that were read: iss, exp, iat and nbf, lifetime, sub, aud. */
saf_idt_verdict idt_claims_judge(const idt_claims *claims, const saf_idt_rules *rules, saf_bytes expected_sub, int64_t now);

#endif
