/** @file safring token list */
#include <cli/cli.h>

#include <base/fail.h>

static saf_status run(cli *cli, const void *args, saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    OWN(saf_p11_token_list) list = { 0 };
    json_t *tokens = json_array();
    (void)args;
    json_object_set_new(cli->result, "tokens", tokens);
    SAF_TRY(cli_open_p11(&p11, cli, err));
    SAF_TRY(saf_p11_list_tokens(&list, p11, err));
    for (size_t i = 0; i < list.count; i++) {
        const saf_p11_token *token = &list.tokens[i];
        cli_say(cli, "%-32s  serial %s  %s %s%s\n", token->label, token->serial, token->manufacturer, token->model,
                token->user_pin_set ? "" : "  (no PIN set)");
        json_array_append_new(tokens, cli_shape_token(token));
    }
    json_object_set_new(cli->result, "module", json_string(saf_p11_module_path(p11)));
    return SAF_OK;
}

const cli_command cli_command_token_list = {
    .noun = "token",
    .verb = "list",
    .summary = "list PKCS#11 tokens",
    .racf = "RACDCERT LISTTOKEN(*); ICSF CSFPTRL",
    .description = "Lists the initialised tokens of the PKCS#11 module. No PIN is needed.",
    .examples = "safring token list",
    .groups = CLI_STORE | CLI_TOKEN,
    .run = run,
};
