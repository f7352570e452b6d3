#include "token-findings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void saf_token_findings_free(saf_token_findings *findings)
{
    if (!findings)
        return;
    free(findings->items);
    *findings = (saf_token_findings) { 0 };
}

const char *saf_token_fault_name(saf_token_fault fault)
{
    static const char *const names[] = { "no-configuration", "no-directory", "token-lost", "token-begun", "no-pin",  "copy", "object",
                                         "generation",       "permissions",  "link",       "leftover",    "key", "sequence" };
    return (size_t)fault < sizeof names / sizeof *names ? names[fault] : "unknown";
}

saf_status token_findings_add(saf_token_findings *findings, saf_token_finding **out, saf_token_fault fault, saf_error *err)
{
    *out = NULL;
    saf_token_finding *grown = realloc(findings->items, (findings->count + 1) * sizeof *grown);
    if (!grown)
        return saf_fail_memory(err);
    findings->items = grown;
    *out = &grown[findings->count++];
    **out = (saf_token_finding) { .fault = fault, .outcome = SAF_TOKEN_REMAINS };
    return SAF_OK;
}

void token_finding_found(saf_token_finding *finding, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->found, sizeof finding->found, format, arguments);
    va_end(arguments);
}

void token_finding_remedy(saf_token_finding *finding, saf_token_outcome outcome, const char *format, ...)
{
    va_list arguments;
    finding->outcome = outcome;
    va_start(arguments, format);
    vsnprintf(finding->remedy, sizeof finding->remedy, format, arguments);
    va_end(arguments);
}

void token_finding_conclude(saf_token_finding *finding, saf_status status, const saf_error *why, const char *done)
{
    if (status == SAF_OK)
        token_finding_remedy(finding, SAF_TOKEN_REPAIRED, "%s", done);
    else
        token_finding_remedy(finding, SAF_TOKEN_REMAINS, "it could not be repaired: %.300s", why->text);
}
