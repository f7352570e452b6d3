/** @file What `ca create` and `cert issue` share: make the key, issue, answer. */
#ifndef CLI_ISSUE_H
#define CLI_ISSUE_H

#include <cli/cli.h>

#include <safring/cert.h>

/** "random", "sequential"; "fail", "keep". */
extern const char *const cli_serial_kinds[];
extern const char *const cli_issue_if_exists[];

typedef struct cli_issue {
    cli_name name;
    const char *key; /* as --key takes it */
    int if_exists;   /* index into cli_issue_if_exists */
} cli_issue;

/** Make a key pair for @p request (whose key is filled in), issue the certificate, and say so. */
saf_status cli_issue_certificate(cli *cli, const cli_issue *issue, saf_issue_request *request, saf_error *err);

/** Say what certificate there is now, to a person and as the result. */
void cli_say_cert(const cli *cli, const char *what_happened, const saf_cert *cert);

#endif
