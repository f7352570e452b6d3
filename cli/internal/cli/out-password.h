/**
 * @file
 * The password of a PKCS#12 that goes into a file, when nobody gave one: a random one that stands beside the file, where only its owner can
 * read it. It is there before the file is: whatever interrupts a run, a file never lacks its password, and the next run uses the one that is
 * there. A run that fails takes its own away again.
 */
#ifndef CLI_OUT_PASSWORD_H
#define CLI_OUT_PASSWORD_H

#include <cli/out-file.h>

#include <limits.h>

typedef struct cli_out_password {
    char path[PATH_MAX]; /* "": none was made */
    bool is_new;
} cli_out_password;

/** That in FILE.password, or a random one, which is written there. SAF_E_DENIED: others could have written what is there. */
saf_status cli_out_password_find(saf_secret *out, cli_out_password *made, const cli *cli, const cli_out *file, saf_error *err);

/** After the file, whose writing ended with @p status: say where its password is, or take away what it was made for in vain. Returns @p status. */
saf_status cli_out_password_end(const cli *cli, const cli_out_password *made, saf_status status);

#endif
