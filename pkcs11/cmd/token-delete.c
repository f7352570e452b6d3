/** @file safring token delete */
#include <cli/token.h>

#include <base/fail.h>

typedef struct token_delete {
    cli_token token;
    const char *so_pin_source;
    bool force;
} token_delete;

/* ---- what is in the way ---- */

/* Names of certificates, as many as a message can take. */
typedef struct users {
    json_t *names;
    saf_buffer text;
} users;

static saf_status add_user(void *context, const saf_cert *cert, saf_error *err)
{
    users *users = context;
    char name[SAF_OWNER_MAX + SAF_LABEL_MAX + 2];
    (void)err;
    snprintf(name, sizeof name, "%s/%s", cert->owner, cert->label);
    if (users->text.len < 300)
        saf_buffer_printf(&users->text, "%s%s", users->text.len ? ", " : "", name);
    else if (!strstr(saf_buffer_text(&users->text), ", …"))
        saf_buffer_append_text(&users->text, ", …");
    json_array_append_new(users->names, cli_text(name));
    return saf_buffer_check(&users->text, err);
}

/* No store, no users. */
static saf_status find_users(users *users, const cli *cli, const saf_p11_token *token, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    saf_error why = { 0 };
    saf_status status = cli_open_store(&store, cli, &why);
    if (status == SAF_E_NOT_FOUND)
        return SAF_OK;
    if (status != SAF_OK) {
        if (err)
            *err = why;
        return status;
    }
    return cli_each_cert_in_token(cli, store, token, add_user, users, err);
}

static saf_status refuse(const saf_p11_token *token, size_t objects, const users *users, saf_error *err)
{
    const char *names = saf_buffer_text(&users->text);
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "token %s holds %zu object%s%s%s", token->label, objects, objects == 1 ? "" : "s",
                                 *names ? "; the store's certificates use keys in it: " : "", names);
    saf_hint(err, "--force removes it with all its keys, for ever; `safring token backup` first keeps a copy");
    return status;
}

static saf_status check_contents(cli *cli, saf_p11 *p11, const saf_p11_token *token, const token_delete *args, saf_error *err)
{
    size_t objects = 0;
    users users = { .names = json_array() };
    SAF_TRY(saf_token_count_files(&objects, p11, token, err));
    json_object_set_new(cli->result, "objects", json_integer((json_int_t)objects));
    json_object_set_new(cli->result, "used_by", users.names);
    saf_status status = find_users(&users, cli, token, err);
    if (status == SAF_OK && !args->force && objects)
        status = refuse(token, objects, &users, err);
    if (status == SAF_OK && objects && users.text.len)
        cli_note(cli, "warning: these certificates of the store lose their private keys: %s", saf_buffer_text(&users.text));
    saf_buffer_free(&users.text);
    return status;
}

/* ---- the command ---- */

static saf_status remove_it(cli *cli, saf_p11 *p11, const saf_p11_token *token, const token_delete *args, saf_error *err)
{
    OWN(saf_secret) so_pin = { 0 };
    SAF_TRY(cli_read_secret(&so_pin, args->so_pin_source, "so-pin-source", "Security officer's PIN: ", CLI_PROMPT_ONCE, err));
    if (cli->common.dry_run)
        return saf_token_check_officer(p11, token, &so_pin, err);
    return saf_token_delete(p11, token, &so_pin, err);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const token_delete *args = args_;
    OWN(saf_p11) *p11 = NULL;
    saf_p11_token token;
    SAF_TRY(cli_open_token(&p11, &token, cli, &args->token, err));
    SAF_TRY(check_contents(cli, p11, &token, args, err));
    SAF_TRY(remove_it(cli, p11, &token, args, err));
    cli_say(cli, "%s the token %s, serial %s\n", cli->common.dry_run ? "would remove" : "removed", token.label, token.serial);
    json_object_update_new(cli->result, cli_shape_token(&token));
    json_object_set_new(cli->result, "removed", json_boolean(!cli->common.dry_run));
    return SAF_OK;
}

static const cli_option operands[] = { CLI_TOKEN_OPERAND(token_delete, token), { 0 } };

static const cli_option options[] = {
    CLI_TOKEN_OPTION(token_delete, token),
    { CLI_SOURCE, "so-pin-source", "SOURCE", "where the security officer's PIN is; default: ask at the terminal", offsetof(token_delete, so_pin_source) },
    { CLI_FLAG, "force", NULL, "also a token that holds objects", offsetof(token_delete, force) },
    { 0 },
};

const cli_command cli_command_token_delete = {
    .noun = "token",
    .verb = "delete",
    .summary = "remove a PKCS#11 token",
    .racf = "RACDCERT DELTOKEN [FORCE]; ICSF CSFPTRD",
    .description =
        "Removes a token of SoftHSM, if the security officer's PIN is right. The token is gone at once or not at all, whatever kills the command; `safring token doctor` removes "
        "the files that a kill left.\n"
        "\n"
        "A token that holds objects is refused, and the certificates of the store whose keys are in it are named; --force removes it nevertheless. (The counter of sequence "
        "numbers is an object, too: a token in which a secret key ever was is never empty.) PKCS#11 has no call for this, so on other modules their maker's tools have to do it.",
    .examples = "safring token delete ZWE.IDT --so-pin-source file:sopin --force",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(token_delete),
    .run = run,
};
