/** @file What the verbs of tokens share: which token is meant, logging in to it, what the doctor says. */
#ifndef CLI_TOKEN_H
#define CLI_TOKEN_H

#include <cli/cli.h>

#include <safring/token.h>

#include <limits.h>

OWN_VALUE(saf_token_findings, saf_token_findings_free)
OWN_VALUE(saf_token_object_list, saf_token_object_list_free)

/** A token as an operand or as --token: its label, its serial, or a URI. */
typedef struct cli_token {
    const char *operand, *option;
} cli_token;

/** Rows of an operand and an option table, for the member @p member of the verb's struct @p type. */
#define CLI_TOKEN_OPERAND(type, member) \
    { CLI_TEXT, "TOKEN", NULL, "the token: its label, its serial, or its URI", offsetof(type, member.operand) }
#define CLI_TOKEN_OPTION(type, member) \
    { CLI_TEXT, "token", "TOKEN", "the same as the operand: its label, its serial, or its URI", offsetof(type, member.option) }

/** The name given, one way or the other. SAF_E_USAGE (both, or none). */
saf_status cli_token_name(const char **out, const cli_token *token, saf_error *err);

/** Where the module and SoftHSM's configuration are, for what works on files. */
typedef struct cli_token_place {
    char conf[PATH_MAX];
    saf_p11_options options;
    char module[SAF_MODULE_MAX + 1];
} cli_token_place;

saf_status cli_token_where(cli_token_place *out, const cli *cli, saf_error *err);

/** Load the module and find the token. */
saf_status cli_open_token(saf_p11 **out, saf_p11_token *token, const cli *cli, const cli_token *name, saf_error *err);

/** Log in with --pin-source, else asking. */
saf_status cli_token_login(saf_p11_session **out, saf_p11 *p11, const cli *cli, const saf_p11_token *token, saf_error *err);

/** A saf_token_progress_fn. Context: a cli_progress. */
void cli_token_turn(void *context);

/** Calls @p visit with each certificate of the store whose private key is in that token. SAF_OK when there is no store. */
typedef saf_status (*cli_cert_visit)(void *context, const saf_cert *cert, saf_error *err);
saf_status cli_each_cert_in_token(const cli *cli, saf_store *store, const saf_p11_token *token, cli_cert_visit visit, void *context, saf_error *err);

const char *cli_token_outcome_name(saf_token_outcome outcome);
json_t *cli_shape_finding(const saf_token_finding *finding);
json_t *cli_shape_object(const saf_token_object *object);
void cli_say_finding(const cli *cli, const saf_token_finding *finding);

/** "secret key", "private key", … */
const char *cli_object_kind(saf_p11_type type);

#endif
