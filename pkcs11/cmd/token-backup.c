/** @file safring token backup */
#include <cli/out-file.h>
#include <cli/token.h>

#include <base/fail.h>

typedef struct token_backup {
    cli_token token;
    cli_out out;
} token_backup;

/* ---- another module ---- */

/* NULL: it can leave. */
static const char *why_it_stays(const saf_token_object *object)
{
    if (object->type == SAF_P11_SECRET_KEY || object->type == SAF_P11_PRIVATE)
        return object->extractable ? "it may leave the token only wrapped under another key" : "it must not leave the token (CKA_EXTRACTABLE is false)";
    return object->is_private ? "it is private: only who logs in to the token reads it" : NULL;
}

static saf_status list_what_stays(cli *cli, saf_p11_session *session, const saf_p11_token *token, saf_error *err)
{
    OWN(saf_token_object_list) list = { 0 };
    json_t *stays = json_array();
    json_object_set_new(cli->result, "cannot_leave", stays);
    SAF_TRY(saf_token_list_objects(&list, session, err));
    cli_say(cli, "token %s is not one of SoftHSM, whose files could be copied; nothing was written. What cannot leave it:\n", token->label);
    for (size_t i = 0; i < list.count; i++) {
        const char *why = why_it_stays(&list.objects[i]);
        if (!why)
            continue;
        json_t *shape = cli_shape_object(&list.objects[i]);
        json_object_set_new(shape, "reason", json_string(why));
        json_array_append_new(stays, shape);
        cli_say(cli, "    %s \"%s\": %s\n", cli_object_kind(list.objects[i].type), list.objects[i].label, why);
    }
    cli->answer_is_no = true;
    return SAF_OK;
}

/* ---- SoftHSM ---- */

static saf_status write_backup(cli *cli, const token_backup *args, saf_p11_session *session, saf_error *err)
{
    cli_progress progress = { .what = "copying the token" };
    unsigned char *data = NULL;
    size_t len = 0;
    saf_token_backup_info info = { 0 };
    saf_status status = saf_token_backup(&data, &len, session, cli_token_turn, &progress, err);
    cli_progress_end(&progress);
    if (status == SAF_OK)
        status = saf_token_backup_read(&info, saf_bytes_of(data, len), err);
    if (status == SAF_OK)
        status = cli_out_write(cli, &args->out, saf_bytes_of(data, len), CLI_OUT_PRIVATE, err);
    free(data);
    SAF_TRY(status);
    cli_say(cli, "    token        %s, serial %s\n    objects      %zu\n", info.label, info.serial, info.objects);
    json_object_update_new(cli->result, json_pack("{s:o,s:s,s:i}", "label", cli_text(info.label), "serial", info.serial, "objects", (int)info.objects));
    return SAF_OK;
}

static bool is_softhsm(saf_p11 *p11, const saf_p11_token *token)
{
    saf_token_info info;
    return saf_token_describe(&info, p11, token, NULL) == SAF_OK && *info.directory;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const token_backup *args = args_;
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_session) *session = NULL;
    saf_p11_token token;
    bool keep = false;
    if (!cli_out_has_file(&args->out))
        return saf_fail(err, SAF_E_USAGE, "a backup goes into a file: give --out FILE");
    SAF_TRY(cli_open_token(&p11, &token, cli, &args->token, err));
    SAF_TRY(cli_out_check(&keep, cli, &args->out, CLI_OUT_BINARY, CLI_OUT_PRIVATE, err));
    if (keep)
        return SAF_OK;
    SAF_TRY(cli_token_login(&session, p11, cli, &token, err));
    return is_softhsm(p11, &token) ? write_backup(cli, args, session, err) : list_what_stays(cli, session, &token, err);
}

static const cli_option operands[] = { CLI_TOKEN_OPERAND(token_backup, token), { 0 } };
static const cli_option options[] = { CLI_TOKEN_OPTION(token_backup, token), CLI_OUT_OPTIONS(token_backup, out), { 0 } };

const cli_command cli_command_token_backup = {
    .noun = "token",
    .verb = "backup",
    .summary = "copy a token of SoftHSM into a file",
    .description =
        "Writes SoftHSM's files of a token into one tar file, as they are at one moment, after a login has shown that the token opens and every object can be read. The file has "
        "mode 0600 and is there whole or not at all. It lists the SHA-256 of each file in it, as sha256sum(1) reads it.\n"
        "\n"
        "Keys in it are encrypted under the token's PIN, which anybody can try on a copy, as fast as a computer can: keep it like a "
        "key. What other modules keep cannot be copied so: then nothing is written, what cannot leave the token is listed with the reason, and the exit code is 3.",
    .examples = "safring token backup ZWE.IDT --pin-source file:pin --out zwe-idt.tar",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(token_backup),
    .run = run,
};
