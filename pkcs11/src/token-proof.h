/** @file What proves that a token is good. Internal to this room. */
#ifndef TOKEN_PROOF_H
#define TOKEN_PROOF_H

#include "session.h"
#include "token-findings.h"

/** Read an attribute of every object, the value of those that may be read; with the guard held. @p count (may be NULL): how many there are. */
saf_status token_prove_readable(const saf_p11_session *session, size_t *count, saf_token_progress_fn progress, void *context, saf_error *err);

#endif
