/**
 * @file
 * The private keys that one command uses, in the store or in PKCS#11 tokens.
 *
 * A key that is made in a token is there before the certificate is in the store, which one transaction cannot cover. So the intent is committed
 * first and taken back together with the certificate; whoever logs in to the token next finishes or undoes what a killed command left. Commands that
 * work on tokens' keys exclude each other by the lock STORE/keys.lock.
 */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include <cli/cli.h>

OWN_VALUE(saf_intent_page, saf_intent_page_free)

/** What --key takes beside the kinds that saf_key_spec_parse() knows: "token:NAME;object=LABEL;type=KIND", where a pair is to be made, and
 *  "pkcs11:token=NAME;object=LABEL;type=private", one that is there already. */
typedef struct cli_key_place {
    const char *kind; /**< NULL: not said */
    char kind_text[40], token[SAF_P11_LABEL_MAX + 1], object[SAF_P11_OBJECT_MAX + 1]; /**< token "": the store */
    bool is_there;
    saf_p11_uri there; /**< when it is */
} cli_key_place;

/** A PIN that was good, so that somebody at a terminal is asked once for each token. */
typedef struct cli_known_pin {
    char token[SAF_P11_LABEL_MAX + 1];
    saf_secret pin;
} cli_known_pin;

enum { CLI_KNOWN_PINS = 4 };

/** {.cli, .store} is empty. Close in any state; a pair that was made and not kept is destroyed. */
typedef struct cli_keys {
    const cli *cli;
    saf_store *store; /* borrowed */
    saf_p11 *p11;
    saf_p11_session *session; /* of the token that was used last */
    char token[SAF_P11_LABEL_MAX + 1];
    cli_known_pin pins[CLI_KNOWN_PINS]; /* in the order of first use; later ones are asked for again */
    int lock; /* descriptor + 1; 0: not taken */
    char uri[SAF_P11_URI_MAX + 1]; /* of the pair in a token that cli_keys_make() made or found; "": the key is for the store */
    uint64_t intent;               /* to be ended with the certificate; 0: none */
} cli_keys;

void cli_keys_close(cli_keys *keys);

OWN_VALUE(cli_keys, cli_keys_close)

/** Read --key; with NULL, @p kind. The object's label is @p label unless given. SAF_E_USAGE. */
saf_status cli_key_place_parse(cli_key_place *out, const char *text, const char *kind, const char *label, saf_error *err);

/** SAF_E_USAGE: a kind that cannot be made. */
saf_status cli_key_place_check(const cli_key_place *place, saf_error *err);

/** Make a key pair there, or load the one that is there when it signs what its public half verifies. On a dry run a new one is made in memory, so that everything after it is checked too. The caller frees the key before
 *  closing @p keys. */
saf_status cli_keys_make(EVP_PKEY **out, cli_keys *keys, const cli_key_place *place, saf_error *err);

/** keys->uri as saf_issue_request.key_uri wants it: NULL for the store. */
const char *cli_keys_uri(const cli_keys *keys);

/** Part of the change that keeps the certificate: the pair is wanted. */
saf_status cli_keys_keep(cli_keys *keys, saf_change *change, saf_error *err);

/** After the commit: put the certificate beside its key in the token, for programs that look for it there. Says so when that cannot be done. */
void cli_keys_show_cert(cli_keys *keys, const saf_cert *cert);

/** The certificate's private key when it is in a token, loaded from there; NULL when the store has it (or nobody). */
saf_status cli_keys_of_cert(EVP_PKEY **out, cli_keys *keys, const saf_cert *cert, saf_error *err);

/** The same by name, for an optional signer: NULL when @p label is NULL. */
saf_status cli_keys_of_signer(EVP_PKEY **out, cli_keys *keys, const char *owner, const char *label, saf_error *err);

/** Log in to the token that has a certificate's private key, if one has: before a change whose end needs it. */
saf_status cli_keys_log_in_for(cli_keys *keys, const saf_cert *cert, saf_error *err);

/** After a change that left intents for the token of @p uri: log in and finish them. Says so when that cannot be done. */
void cli_keys_finish_intents(cli_keys *keys, const char *uri);

#endif
