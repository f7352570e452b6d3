/**
 * @file
 * A file of the keystore directory: what it should hold, and whether one that is there may be replaced.
 *
 * A file that says what it should is left alone. One that holds an older form of the same certificate, or another certificate that the
 * store has, is replaced. Anything else is somebody's, and a conflict.
 */
#ifndef STEP_FILE_H
#define STEP_FILE_H

#include "plan.h"

#include <base/file.h>

typedef enum file_verdict { FILE_SAME, FILE_OLDER } file_verdict;

struct file_kind {
    const char *action;
    mode_t mode;
    /* What the file is to hold; certificates are in the store by now. */
    saf_status (*render)(saf_blob *out, saf_setup_plan *plan, const setup_step *step, saf_error *err);
    /* Judge what it holds. SAF_E_CONFLICT (see file_refuse()) when it is neither. */
    saf_status (*examine)(file_verdict *out, saf_setup_plan *plan, const setup_step *step, saf_bytes content, saf_error *err);
};

/** Plan one file. @p text says what is done to it; @p index is the kind's own. */
saf_status file_plan(saf_setup_plan *plan, const file_kind *kind, size_t index, const char *path, const char *text, saf_error *err);

/** SAF_E_CONFLICT: "PATH is there, but …", with the way out. */
saf_status file_refuse(const char *path, saf_error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** What comes after the last slash. Points into @p path. */
const char *file_base_name(const char *path);

/** As saf_file_write_at(): the base name of @p path in its directory, which is open. */
saf_status file_write_into(int directory, const char *path, saf_bytes content, const saf_file_spec *spec, saf_error *err);

saf_status plan_keystores(saf_setup_plan *plan, saf_error *err);  /* step-keystore.c */
saf_status plan_truststore(saf_setup_plan *plan, saf_error *err); /* step-truststore.c */
saf_status plan_pem(saf_setup_plan *plan, saf_error *err);        /* step-pem.c */

#endif
