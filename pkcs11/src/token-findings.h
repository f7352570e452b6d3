/** @file Writing down what the doctor finds. Internal to this room. */
#ifndef TOKEN_FINDINGS_H
#define TOKEN_FINDINGS_H

#include <base/fail.h>
#include <base/own.h>

#include <safring/token.h>

OWN_VALUE(saf_token_findings, saf_token_findings_free)

/** Add a finding. SAF_E_MEMORY: *out is NULL. It is valid until the next one is added. */
saf_status token_findings_add(saf_token_findings *findings, saf_token_finding **out, saf_token_fault fault, saf_error *err);

/** Write found and remedy; they are cut where they do not fit. */
void token_finding_found(saf_token_finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));
void token_finding_remedy(saf_token_finding *finding, saf_token_outcome outcome, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** After a repair: @p done, or why it could not be done. */
void token_finding_conclude(saf_token_finding *finding, saf_status status, const saf_error *why, const char *done);

#endif
