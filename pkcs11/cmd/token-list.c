/** @file safring token list */
#include <cli/token.h>

#include <base/fail.h>

static void say_tokens(cli *cli, const saf_p11_token_list *list)
{
    json_t *tokens = json_array();
    json_object_set_new(cli->result, "tokens", tokens);
    for (size_t i = 0; i < list->count; i++) {
        const saf_p11_token *token = &list->tokens[i];
        cli_say(cli, "%-32s  serial %s  %s %s%s\n", token->label, token->serial, token->manufacturer, token->model,
                token->user_pin_set ? "" : "  (no PIN set)");
        json_array_append_new(tokens, cli_shape_token(token));
    }
}

/* What SoftHSM shows nobody. Said beside the tokens, so that a list of none does not look as if there had never been one. */
static void say_unusable(cli *cli, const saf_token_findings *findings)
{
    json_t *unusable = json_array();
    json_object_set_new(cli->result, "unusable", unusable);
    for (size_t i = 0; i < findings->count; i++) {
        const saf_token_finding *finding = &findings->items[i];
        if (!finding->is_unusable || finding->fault == SAF_TOKEN_NO_PIN)
            continue;
        cli_note(cli, "unusable: %s: %s; see `safring token doctor`", finding->path, finding->found);
        json_array_append_new(unusable, cli_shape_finding(finding));
    }
}

static saf_status examine(saf_token_findings *out, const cli *cli, saf_error *err)
{
    cli_token_place place;
    SAF_TRY(cli_token_where(&place, cli, err));
    saf_status status = saf_token_examine(out, &place.options, NULL, saf_bytes_of(NULL, 0), SAF_TOKEN_TELL, NULL);
    return status == SAF_E_MEMORY ? saf_fail_memory(err) : SAF_OK; /* another module has no such files, and not everybody may look */
}

static saf_status run(cli *cli, const void *args, saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_token_list) list = { 0 };
    OWN(saf_token_findings) findings = { 0 };
    (void)args;
    SAF_TRY(cli_open_p11(&p11, cli, err));
    SAF_TRY(saf_p11_list_tokens(&list, p11, err));
    SAF_TRY(examine(&findings, cli, err));
    say_tokens(cli, &list);
    say_unusable(cli, &findings);
    json_object_set_new(cli->result, "module", json_string(saf_p11_module_path(p11)));
    return SAF_OK;
}

const cli_command cli_command_token_list = {
    .noun = "token",
    .verb = "list",
    .summary = "list PKCS#11 tokens",
    .racf = "RACDCERT LISTTOKEN(*); ICSF CSFPTRL",
    .description = "Lists the initialised tokens of the PKCS#11 module, and the directories of SoftHSM in which a token was that nobody can use now. No PIN is needed.",
    .examples = "safring token list",
    .groups = CLI_STORE | CLI_TOKEN,
    .run = run,
};
