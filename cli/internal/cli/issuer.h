/** @file The issuer of identity tokens, opened for one command. */
#ifndef CLI_ISSUER_H
#define CLI_ISSUER_H

#include <cli/cli.h>

#include <safring/issuer.h>

OWN_HANDLE(saf_issuer, saf_issuer_close)
OWN_HANDLE(saf_issuer_lane, saf_issuer_lane_close)
OWN_HANDLE(saf_idt_lane, saf_idt_lane_close)

/** Everything that signing and verifying by policy needs. Close in any state. */
typedef struct cli_issuer {
    const cli *cli;
    saf_store *store;
    saf_p11 *p11;
    saf_issuer *issuer;
    saf_issuer_lane *lane;
} cli_issuer;

saf_status cli_issuer_open(cli_issuer *out, const cli *cli, unsigned leeway_sec, saf_error *err);
void cli_issuer_close(cli_issuer *issuer);

OWN_VALUE(cli_issuer, cli_issuer_close)

/** One token from standard input, its newline dropped. What is longer than any token may be is cut one byte above that, which no
 *  verifier accepts. */
saf_status cli_read_token(saf_buffer *out, saf_error *err);

#endif
