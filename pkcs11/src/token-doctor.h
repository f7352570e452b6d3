/** @file One token under examination. Internal to this room. */
#ifndef TOKEN_DOCTOR_H
#define TOKEN_DOCTOR_H

#include "token-files.h"
#include "token-findings.h"

#include <limits.h>

/** What all tokens of one directory have in common. */
typedef struct token_ward {
    saf_token_findings *findings;
    const char *path; /* of all tokens */
    int tokens;       /* the same, open */
    const char *only; /* label or serial; NULL: all */
    saf_bytes backup; /* empty: none */
    saf_token_action action;
} token_ward;

/** One token. */
typedef struct token_patient {
    token_ward *ward;
    char name[NAME_MAX + 1];
    int directory;
    struct stat about;
    object_file_state object;
    char label[33], serial[17];
    CK_FLAGS flags;
    size_t objects; /* files of objects */
} token_patient;

/** Add a finding about a file of a token ("": its directory). */
saf_status token_patient_find(saf_token_finding **out, token_patient *patient, saf_token_fault fault, const char *file, saf_error *err);

/** A repair: what is done to a file of the token. */
typedef saf_status (*token_repair)(token_patient *patient, const char *file, saf_error *err);

/** Do it, or on SAF_TOKEN_TELL say that it would be done. @p done: "it was restored from the copy"; @p todo: "it would be …". */
void token_patient_repair(saf_token_finding *finding, token_patient *patient, token_repair repair, const char *file, const char *done, const char *todo);

/** Links, modes and owners of a token's files. */
saf_status token_examine_modes(token_patient *patient, saf_error *err);

/** Files of objects. */
saf_status token_examine_objects(token_patient *patient, saf_error *err);

#endif
