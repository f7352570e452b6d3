/** @file safring token restore */
#include <cli/token.h>

#include <base/fail.h>

#include <string.h>

typedef struct token_restore {
    const char *file;
    int if_exists;
} token_restore;

static const saf_token_if_exists if_exists_values[] = { SAF_TOKEN_FAIL, SAF_TOKEN_REPLACE };

/* Two tokens of one label are allowed, and a surprise. */
static void warn_of_label(cli *cli, const saf_p11_token_list *list, const saf_token_backup_info *info)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->tokens[i].label, info->label) && strcmp(list->tokens[i].serial, info->serial) != 0)
            cli_note(cli, "warning: another token, serial %s, has the label %s, too: from now on name them by serial", list->tokens[i].serial, info->label);
}

static bool is_there(const saf_p11_token_list *list, const saf_token_backup_info *info)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->tokens[i].serial, info->serial))
            return true;
    return false;
}

/* With a module of its own, which is closed before the work begins. */
static saf_status list_tokens(saf_p11_token_list *out, const cli *cli, saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    SAF_TRY(cli_open_p11(&p11, cli, err));
    return saf_p11_list_tokens(out, p11, err);
}

static saf_status refuse_existing(const saf_token_backup_info *info, saf_error *err)
{
    (void)saf_fail(err, SAF_E_EXISTS, "the token %s with serial %s is there already", info->label, info->serial);
    saf_hint(err, "--if-exists replace puts the one of the backup into its place; what was made since is lost");
    return SAF_E_EXISTS;
}

static saf_status restore(cli *cli, const token_restore *args, saf_bytes backup, const saf_token_backup_info *info, saf_error *err)
{
    OWN(saf_secret) pin = { 0 };
    cli_token_place place;
    SAF_TRY(cli_read_pin(&pin, cli, info->label, err));
    SAF_TRY(cli_token_where(&place, cli, err));
    if (cli->common.dry_run)
        return SAF_OK;
    return saf_token_restore(&place.options, backup, &pin, if_exists_values[args->if_exists], err);
}

static void say(cli *cli, const saf_token_backup_info *info, bool replaced)
{
    cli_say(cli, "%s the token %s, serial %s, %zu objects%s\n", cli->common.dry_run ? "would restore" : "restored", info->label, info->serial, info->objects,
            replaced ? ", in the place of the one that was there" : "");
    json_object_update_new(cli->result, json_pack("{s:o,s:s,s:i,s:b,s:b}", "label", cli_text(info->label), "serial", info->serial, "objects",
                                                  (int)info->objects, "restored", !cli->common.dry_run, "replaced", replaced));
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const token_restore *args = args_;
    OWN(saf_buffer) backup = { 0 };
    OWN(saf_p11_token_list) list = { 0 };
    saf_token_backup_info info;
    SAF_TRY(saf_file_read(&backup, args->file, SAF_TOKEN_BACKUP_MAX, err));
    SAF_TRY(saf_token_backup_read(&info, saf_buffer_bytes(&backup), err));
    SAF_TRY(list_tokens(&list, cli, err));
    bool replaces = is_there(&list, &info);
    if (replaces && if_exists_values[args->if_exists] == SAF_TOKEN_FAIL)
        return refuse_existing(&info, err);
    SAF_TRY(restore(cli, args, saf_buffer_bytes(&backup), &info, err));
    warn_of_label(cli, &list, &info);
    say(cli, &info, replaces);
    return SAF_OK;
}

static const char *const if_exists[] = { "fail", "replace", NULL };

static const cli_option operands[] = {
    { CLI_TEXT, "FILE", NULL, "the backup; \"-\" is standard input", offsetof(token_restore, file), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_CHOICE, "if-exists", "WHAT", "what to do when the token of that serial is there", offsetof(token_restore, if_exists), .choices = if_exists },
    { 0 },
};

const cli_command cli_command_token_restore = {
    .noun = "token",
    .verb = "restore",
    .summary = "put a token of SoftHSM back from a backup",
    .description =
        "Puts a token back from a file that `safring token backup` wrote, with its label, serial, PINs and objects. The file is read strictly: names, sizes and hashes. The token is "
        "written beside the others first, where a login with its PIN shows that it opens and that all its objects can be read; then one rename puts it into place. A kill or a "
        "full disk leaves it there or not, never a part.\n"
        "\n"
        "A token of the same serial that is there is kept, unless --if-exists replace exchanges the two; then what was made in it since the backup is lost, sequence "
        "numbers given since may be given again, and programs that have the token open have to open it again. Another token of the same label stays, and it is said.",
    .examples = "safring token restore zwe-idt.tar --pin-source file:pin --if-exists replace",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(token_restore),
    .run = run,
};
