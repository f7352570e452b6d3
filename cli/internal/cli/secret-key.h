/** @file What the verbs for secret keys share: how a key is named, how it is to be made, how it is shown. */
#ifndef CLI_SECRET_KEY_H
#define CLI_SECRET_KEY_H

#include <cli/cli.h>

/* ---- naming ---- */

/** A URI, or --token with --label or --sequence. */
typedef struct cli_secret_name {
    const char *uri, *token, *label;
    unsigned sequence;
} cli_secret_name;

#define CLI_SECRET_OPERAND(type, member) \
    { CLI_TEXT, "URI", NULL, "the key as a URI, instead of --token with --label or --sequence", offsetof(type, member.uri) }

#define CLI_SECRET_NAME_OPTIONS(type, member) \
    { CLI_TEXT, "token", "NAME", "the token", offsetof(type, member.token) }, \
    { CLI_TEXT, "label", "LABEL", "the key's label (CKA_LABEL)", offsetof(type, member.label) }, \
    { CLI_NUMBER, "sequence", "N", "the version of that sequence number", offsetof(type, member.sequence), .min = 1, .max = 4294967295u }

/** An open token. */
typedef struct cli_secret_token {
    saf_p11 *p11;
    saf_p11_session *session;
} cli_secret_token;

void cli_secret_token_close(cli_secret_token *token);

OWN_VALUE(cli_secret_token, cli_secret_token_close)

/** Check the name and make it one URI. @p needs: a key must be named, or the token alone will do. SAF_E_USAGE. */
typedef enum cli_secret_needs { CLI_SECRET_KEY, CLI_SECRET_TOKEN } cli_secret_needs;
saf_status cli_secret_uri(saf_p11_uri *out, const cli_secret_name *name, cli_secret_needs needs, saf_error *err);

/** The AES key that --with names: a URI, or a label. SAF_E_USAGE. */
saf_status cli_wrapping_key_uri(saf_p11_uri *out, const char *with, saf_error *err);

/** Load the module and log in to the token of that URI. */
saf_status cli_open_secret_token(cli_secret_token *out, const cli *cli, const saf_p11_uri *uri, saf_error *err);

/* ---- making ---- */

/** What generate, import and unwrap are told about the key they make. */
typedef struct cli_secret_spec {
    const char *token, *label, *start, *end;
    int leaving, if_exists;
    bool fixed;
} cli_secret_spec;

extern const char *const cli_secret_leavings[], *const cli_secret_if_exists[];

#define CLI_SECRET_SPEC_OPTIONS(type, member) \
    { CLI_CHOICE, "extractable", "WHAT", "whether it may leave the token: no: never; wrapped: under another key or a passphrase; yes: a server may read its " \
      "value and hold it in memory", offsetof(type, member.leaving), .choices = cli_secret_leavings }, \
    { CLI_TEXT, "start", "DATE", "the first day on which it is in force, such as 2026-12-01 (UTC)", offsetof(type, member.start) }, \
    { CLI_TEXT, "end", "DATE", "the last such day", offsetof(type, member.end) }, \
    { CLI_FLAG, "fixed", NULL, "nobody can rename it, or change its dates or uses, later; signing with it is slower in SoftHSM", \
      offsetof(type, member.fixed) }, \
    { CLI_CHOICE, "if-exists", "WHAT", "what to do when the token has a key of that label", offsetof(type, member.if_exists), \
      .choices = cli_secret_if_exists }

/** Label, leaving, dates and if_exists; kind and len are the verb's. SAF_E_USAGE. */
saf_status cli_secret_make_spec(saf_p11_secret_spec *out, const cli_secret_spec *args, saf_error *err);

/** Log in to the token that the key is made in. */
saf_status cli_open_token_to_make(cli_secret_token *out, const cli *cli, const cli_secret_spec *args, saf_error *err);

/** The end of making, whose status is @p status: with SAF_E_EXISTS, @p secret is what is there, and it is kept when --if-exists says so and it is of
 *  the same kind and length and has that check value (NULL: any). Says what there is now; @p done: "made", "imported", … */
saf_status cli_end_secret(cli *cli, const cli_secret_spec *args, const saf_p11_secret_spec *spec, const saf_p11_secret *secret,
                          const char *check_value, const char *done, saf_status status, saf_error *err);

/** On a dry run: whether the key could be made, and say so. */
saf_status cli_say_would_make(cli *cli, saf_p11_session *session, const cli_secret_spec *args, const saf_p11_secret_spec *spec,
                              const char *check_value, saf_error *err);

/** A key's algorithm by name: what it is and how long at least. NULL: none of that name. */
typedef struct cli_secret_alg {
    const char *name;
    saf_p11_secret_kind kind;
    size_t len;
} cli_secret_alg;
const cli_secret_alg *cli_find_secret_alg(const char *name);

/* ---- showing ---- */

const char *cli_secret_kind_name(saf_p11_secret_kind kind);

/** "stays in the token", … */
const char *cli_leaving_text(saf_p11_leaving leaving);

/** "", ", not before 2027-01-01", ", until 2027-12-31", ", ENDED 2025-12-31". Returns @p out. */
char *cli_secret_dates_text(char *out, size_t out_cap, const saf_p11_secret *secret);

/** Everything about one key, for a person. */
void cli_say_secret(const cli *cli, const saf_p11_secret *secret);

#endif
