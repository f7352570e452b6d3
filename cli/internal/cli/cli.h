/**
 * @file
 * What a verb's run() works with: its common options, and the one way to answer.
 *
 * A verb puts its result into cli->result (printed as one JSON object with --json) and says it to a person with
 * cli_say() (nothing with --json), which shows it when the verb has succeeded: what failed was not done, so nobody is told that it was.
 * Everything that is not the result goes to standard error through cli_note().
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <cli/command.h>

#include <base/buffer.h>
#include <base/file.h>
#include <base/own-openssl.h>

#include <safring/cert.h>
#include <safring/keyring.h>
#include <safring/secret-key.h>

#include <jansson.h>

OWN_HANDLE(saf_store, saf_store_close)
OWN_HANDLE(saf_change, saf_change_abandon)
OWN_HANDLE(saf_cert, saf_cert_free)
OWN_HANDLE(saf_ring, saf_ring_close)
OWN_HANDLE(saf_p11, saf_p11_close)
OWN_HANDLE(saf_p11_session, saf_p11_logout)
OWN_VALUE(saf_cert_page, saf_cert_page_free)
OWN_VALUE(saf_ring_page, saf_ring_page_free)
OWN_VALUE(saf_publication_page, saf_publication_page_free)
OWN_VALUE(saf_policy_page, saf_policy_page_free)
OWN_VALUE(saf_blob, saf_blob_free)
OWN_VALUE(saf_p11_token_list, saf_p11_token_list_free)
OWN_VALUE(saf_p11_secret_list, saf_p11_secret_list_free)
OWN_POINTER(json_t, json_decref)

/** The options that many verbs take. */
typedef struct cli_common {
    bool help, json, dry_run;
    const char *store, *store_secret_source;
    const char *module, *pin_source;
} cli_common;

struct cli {
    const cli_command *command;
    cli_common common;
    saf_principal who;
    saf_secret *store_passphrase; /* of --store-secret-source, read once */
    saf_secret *pin;              /* of --pin-source, read once */
    mode_t umask;                 /* the caller's */
    saf_token_key store_token;    /* opens a store whose master key is in a token, with that secret as PIN */
    json_t *result, *notes;
    saf_buffer *said; /* to be shown when the verb has succeeded */
    int *output_error; /* why standard output took no more; 0: it takes what comes */
    const char *list; /* the list that is being shown, or NULL... */
    size_t list_count; /* ...and how much of it was */
    bool answer_is_no; /* exit 3: checked, and the answer is no */
    bool some_failed;  /* exit 1, with the result: of many things some were not done, and it says which */
};

/* ---- answers (output.c) ---- */

/** To a person, on standard output, when the verb has succeeded. Foreign names may be in it: what would steer a terminal becomes "?". Nothing with
 *  --json. */
void cli_say(const cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Show at once what was said so far: it is done, whatever becomes of the rest. */
void cli_say_now(const cli *cli);

/** A list of any length as the result's member @p name, shown as it is read, so that memory does not grow with it: for each item cli_say() and
 *  cli_list_add() (which takes the item; NULL without --json), after each page cli_list_page(). What fails after the first item leaves an unfinished
 *  object behind, with the failure's exit code. */
void cli_list_begin(cli *cli, const char *name);
void cli_list_add(cli *cli, json_t *item);
void cli_list_page(cli *cli);

/** For cli_finish_output(): end the list, if there is one, and what follows it. */
void cli_list_end(cli *cli);

/** Beside the result, on standard error: "safring: message"; with --json, in the object's "notes". */
void cli_note(const cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** @p status, and the failure in @p err if that is its record, on standard error, as text or as an object. Returns the exit code. */
int cli_report_failure(const cli *cli, saf_status status, saf_error *err);

/** How texts name an operand FILE: "-" is standard input. */
const char *cli_file_name(const char *file);

/** A JSON string of any bytes: what is not UTF-8 becomes "?". */
json_t *cli_text(const char *text);

/** Print the result with --json, and flush. A full disk or closed pipe is SAF_E_IO. */
saf_status cli_finish_output(cli *cli, saf_error *err);

/* ---- things most verbs open (open.c) ---- */

/** The store's directory as options and environment name it. */
saf_status cli_store_dir(const cli *cli, char *out, size_t out_cap, saf_error *err);

/** How to open or make it. */
saf_status cli_store_options(saf_store_options *out, const cli *cli, saf_error *err);

/** What a key in a token needs to seal and open the store key. */
typedef struct cli_token_pin {
    const cli *cli;
    const saf_secret *pin; /* empty: asked for */
} cli_token_pin;

/** Fill @p out, which points to @p pin. */
void cli_token_key(saf_token_key *out, cli_token_pin *pin);

/** Make the AES key that @p uri names, unless it is there. */
saf_status cli_make_token_key(const cli_token_pin *pin, const char *uri, saf_error *err);

/** Open the store to read. */
saf_status cli_open_store(saf_store **out, const cli *cli, saf_error *err);

/** Open the store to change it. One that is not there yet is made, which is said on standard error; on a dry run it is an error. */
saf_status cli_open_store_to_change(saf_store **out, const cli *cli, saf_error *err);

/** On standard error, unless @p count is 0: the change is made, but servers still read older rings. @p why is of the first. */
void cli_say_unpublished(const cli *cli, unsigned count, const saf_error *why);

/** Likewise, of the last commit on @p store. */
void cli_warn_unpublished(const cli *cli, const saf_store *store);

/** Commit, and warn when a publication could not be renewed. */
saf_status cli_commit(const cli *cli, saf_change **change, saf_error *err);

/** End a change: commit, or abandon on a dry run. */
saf_status cli_end_change(const cli *cli, saf_change **change, saf_error *err);

/** On a dry run, a change that is to be abandoned: what a call would record goes into it. Else, and for a publication, *out stays NULL. */
saf_status cli_begin_rehearsal(saf_change **out, const cli *cli, saf_store *store, saf_error *err);
/** The PKCS#11 module to use: --module; else, unless $SAFRING_PKCS11_MODULE names one, the store's setting, written to @p room; NULL: saf_p11_open() knows. */
saf_status cli_module(const char **out, char room[SAF_MODULE_MAX + 1], const cli *cli, saf_error *err);

/** Load the PKCS#11 module; SoftHSM2 with the store's own configuration. */
saf_status cli_open_p11(saf_p11 **out, const cli *cli, saf_error *err);

/** A secret from @p source, else from the terminal (asked as @p prompt; twice when it is a new one), else an error that names @p option. */
typedef enum cli_prompt { CLI_PROMPT_ONCE, CLI_PROMPT_TWICE } cli_prompt;
saf_status cli_read_secret(saf_secret *out, const char *source, const char *option, const char *prompt, cli_prompt how,
                           saf_error *err);

/** Say so when a new passphrase of a store is long enough to be taken, but not long. */
void cli_warn_short(const cli *cli, const saf_secret *passphrase);

/** The PIN of --pin-source, for the token of that name; the same for all tokens of one command. Without --pin-source each is asked for. */
saf_status cli_read_pin(saf_secret *out, const cli *cli, const char *token, saf_error *err);

/* ---- progress (progress.c) ---- */

/** A saf_progress_fn for slow work: a turning mark on a terminal, nothing elsewhere. Context: a cli_progress. */
typedef struct cli_progress {
    const char *what;
    unsigned turns;
    int64_t last_ms;
} cli_progress;
void cli_progress_turn(void *context);
void cli_progress_end(cli_progress *progress);

/* ---- stable shapes (shape.c): the same object looks the same in every verb's JSON ---- */

/** A certificate's state beside its dates: "", ", EXPIRED" or ", REVOKED (reason)". Returns @p out. */
char *cli_state_text(char *out, size_t out_cap, const saf_cert *cert);

/** DER as PEM text with that name (PEM_STRING_X509, …); the caller frees. NULL: no memory. */
char *cli_pem(const char *name, saf_bytes der);

/** Bytes as lower-case hex; the caller frees. NULL: no memory. */
char *cli_hex(const unsigned char *bytes, size_t len);

json_t *cli_shape_cert(const saf_cert *cert);

/** What a dry run has signed is valid and recorded nowhere, so nobody may have it: no pem, no fingerprint. */
void cli_hide_draft(const cli *cli, json_t *shape);

json_t *cli_shape_connection(const saf_connection *connection);
/** How a publication is: "for USER, with keys, DUE…". Returns @p out. */
enum { CLI_USER_NAME_SIZE = 64, CLI_PUBLICATION_TEXT_SIZE = 200 };
const char *cli_publication_text(char out[CLI_PUBLICATION_TEXT_SIZE], const saf_publication *item);

/** A Unix user's name, or "uid N". Returns @p out. */
const char *cli_user_name(char out[CLI_USER_NAME_SIZE], uint32_t user);

json_t *cli_shape_publication(const saf_publication *item);
json_t *cli_shape_policy(const saf_policy *policy);
json_t *cli_shape_token(const saf_p11_token *token);
json_t *cli_shape_secret(const saf_p11_secret *secret);

const char *cli_trust_name(saf_trust trust);
const char *cli_usage_name(saf_usage usage);
const char *cli_key_use_name(saf_key_use use);

/** "rsa 3072", "ec:P-384", with ", no private key" or ", in token" where it applies. Returns @p out. */
char *cli_key_text(char *out, size_t out_cap, const saf_cert *cert);

#endif
