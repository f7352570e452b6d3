/** @file safring token doctor */
#include <cli/token.h>

#include <base/fail.h>

#include <string.h>

typedef struct token_doctor {
    cli_token token;
    const char *backup;
} token_doctor;

static saf_token_action action_of(const cli *cli)
{
    return cli->common.dry_run ? SAF_TOKEN_TELL : SAF_TOKEN_REPAIR;
}

/* ---- files ---- */

static saf_status name_of(const char **out, const token_doctor *args, saf_error *err)
{
    *out = NULL;
    return args->token.operand || args->token.option ? cli_token_name(out, &args->token, err) : SAF_OK;
}

/* Of a URI what names the token. */
static saf_status plain_name(char out[SAF_P11_LABEL_MAX + 1], const char *name, saf_error *err)
{
    saf_p11_uri uri;
    if (strncmp(name, "pkcs11:", strlen("pkcs11:")) != 0) {
        snprintf(out, SAF_P11_LABEL_MAX + 1, "%s", name);
        return strlen(name) <= SAF_P11_LABEL_MAX ? SAF_OK : saf_fail(err, SAF_E_NOT_FOUND, "no token has a label or serial of %zu bytes", strlen(name));
    }
    SAF_TRY(saf_p11_uri_parse(&uri, name, err));
    snprintf(out, SAF_P11_LABEL_MAX + 1, "%s", *uri.serial ? uri.serial : uri.token);
    return SAF_OK;
}

static saf_status examine_files(saf_token_findings *out, const cli *cli, const token_doctor *args, const char *name, saf_error *err)
{
    OWN(saf_buffer) backup = { 0 };
    cli_token_place place;
    char plain[SAF_P11_LABEL_MAX + 1] = "";
    saf_token_backup_info info;
    SAF_TRY(cli_token_where(&place, cli, err));
    if (name)
        SAF_TRY(plain_name(plain, name, err));
    if (args->backup) {
        SAF_TRY(saf_file_read(&backup, args->backup, SAF_TOKEN_BACKUP_MAX, err));
        SAF_TRY(saf_token_backup_read(&info, saf_buffer_bytes(&backup), err));
    }
    saf_status status = saf_token_examine(out, &place.options, *plain ? plain : NULL, saf_buffer_bytes(&backup), action_of(cli), err);
    return status == SAF_E_UNSUPPORTED && cli->common.pin_source ? SAF_OK : status; /* another module: its keys alone */
}

/* ---- keys ---- */

static saf_status choose(saf_p11_token *out, saf_p11 *p11, const char *name, saf_error *err)
{
    OWN(saf_p11_token_list) list = { 0 };
    if (name)
        return saf_token_find(out, p11, name, err);
    SAF_TRY(saf_p11_list_tokens(&list, p11, err));
    if (list.count != 1)
        return saf_fail(err, SAF_E_USAGE, list.count ? "a PIN is one token's: name the token" : "there is no token that the PIN could be for");
    *out = list.tokens[0];
    return SAF_OK;
}

static saf_status examine_keys(saf_token_findings *findings, const cli *cli, const char *name, saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_session) *session = NULL;
    saf_p11_token token;
    SAF_TRY(cli_open_p11(&p11, cli, err));
    SAF_TRY(choose(&token, p11, name, err));
    SAF_TRY(cli_token_login(&session, p11, cli, &token, err));
    return saf_token_try_keys(findings, session, action_of(cli), err);
}

/* A token that is lost beyond repair has no keys to try. */
static bool can_be_opened(const saf_token_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].is_unusable && findings->items[i].outcome != SAF_TOKEN_REPAIRED)
            return false;
    return true;
}

/* ---- the command ---- */

static void say(cli *cli, const saf_token_findings *findings)
{
    json_t *shapes = json_array();
    size_t open = 0;
    json_object_set_new(cli->result, "findings", shapes);
    for (size_t i = 0; i < findings->count; i++) {
        cli_say_finding(cli, &findings->items[i]);
        json_array_append_new(shapes, cli_shape_finding(&findings->items[i]));
        open += findings->items[i].outcome != SAF_TOKEN_REPAIRED;
    }
    cli_say(cli, findings->count ? "%zu findings, %zu of them not repaired\n" : "nothing is wrong\n", findings->count, open);
    json_object_set_new(cli->result, "open", json_integer((json_int_t)open));
    cli->answer_is_no = open > 0;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const token_doctor *args = args_;
    OWN(saf_token_findings) findings = { 0 };
    const char *name;
    SAF_TRY(name_of(&name, args, err));
    SAF_TRY(examine_files(&findings, cli, args, name, err));
    /* Logging in repairs silently what was to be told only. */
    if (cli->common.pin_source && can_be_opened(&findings))
        SAF_TRY(examine_keys(&findings, cli, name, err));
    say(cli, &findings);
    return SAF_OK;
}

static const cli_option operands[] = { CLI_TOKEN_OPERAND(token_doctor, token), { 0 } };

static const cli_option options[] = {
    CLI_TOKEN_OPTION(token_doctor, token),
    { CLI_TEXT, "backup", "FILE", "put lost files of objects back from this backup", offsetof(token_doctor, backup) },
    { 0 },
};

const cli_command cli_command_token_doctor = {
    .noun = "token",
    .verb = "doctor",
    .summary = "find and repair what SoftHSM breaks",
    .description =
        "Examines SoftHSM's files of all tokens, or of one, and repairs what can be repaired; each finding is explained, with what was done about it. It finds tokens that were lost "
        "when a program was killed during a login (put back from the copy that safring keeps), copies that are missing or old, files of objects that are empty, damaged or unfinished (moved "
        "into the directory quarantine.safring of their token, or put back from --backup FILE), tokens that were begun and never finished, what killed commands left, files that others "
        "can read or that belong to somebody else, links, a missing directory, a configuration that cannot be read.\n"
        "\n"
        "With --pin-source it also logs in, makes every key sign or encrypt something, and compares the counter of sequence numbers with those in use.\n"
        "\n"
        "Nothing that ever held a key is destroyed. Exit code 0: nothing was wrong, or all is repaired; 3: something remains, or on a dry run would have to be done. How to "
        "arrange token files for servers is in safring-tokens(7).",
    .examples = "safring token doctor\nsafring token doctor ZWE.IDT --pin-source file:pin\nsafring token doctor --dry-run --json",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(token_doctor),
    .run = run,
};
