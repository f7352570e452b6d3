/** @file cert issue --from: certificates of a list, in batches. */
#ifndef CLI_ISSUE_MANY_H
#define CLI_ISSUE_MANY_H

#include <cli/issue.h>

typedef struct cli_issue_many {
    const char *file;        /* "-": standard input */
    const char *key;         /* of lines without one; NULL: the profile's */
    saf_profile profile;     /* likewise */
    unsigned batch;          /* certificates per transaction */
} cli_issue_many;

/** Issue what the file lists. @p defaults says signer, days, serial, signature and URLs. Each batch is one change, and is done when it is
 *  committed: after a kill, the same command again goes on with what is missing, because what is there already is left as it is. Lines that fail do
 *  not stop the others. */
saf_status cli_issue_from_list(cli *cli, const cli_issue_many *many, const saf_issue_request *defaults, saf_error *err);

#endif
