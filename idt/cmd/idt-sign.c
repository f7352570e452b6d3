/** @file safring idt sign */
#include <cli/issuer.h>

#include <base/fail.h>

typedef struct idt_sign {
    const char *appl, *user;
    cli_list amr;
} idt_sign;

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const idt_sign *args = args_;
    OWN(cli_issuer) issuer = { 0 };
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;
    saf_issuer_request request = { .appl = args->appl, .user = args->user, .amr = args->amr.items,
                                   .amr_count = args->amr.count };
    SAF_TRY(cli_issuer_open(&issuer, cli, 0, err));
    SAF_TRY(saf_issuer_sign(issuer.lane, &cli->who, &request, token, sizeof token, &len, err));
    cli_say(cli, "%.*s\n", (int)len, token);
    json_object_set_new(cli->result, "token", json_stringn(token, len));
    return SAF_OK;
}

static const cli_option options[] = {
    { CLI_TEXT, "appl", "NAME", "the application that the token is for", offsetof(idt_sign, appl), .required = true },
    { CLI_TEXT, "user", "USER", "the user ID that it stands for", offsetof(idt_sign, user), .required = true },
    { CLI_LIST, "amr", "METHODS", "how the user proved who he is, such as saf-pwd; comma-separated, repeatable",
      offsetof(idt_sign, amr) },
    { 0 },
};

const cli_command cli_command_idt_sign = {
    .noun = "idt",
    .verb = "sign",
    .summary = "make an identity token",
    .racf = "RACROUTE REQUEST=VERIFY with IDTA (generate)",
    .description =
        "Makes a signed identity token for a user at an application, by the most specific policy that covers them, and prints it on one line. "
        "Without a policy, its key or its token nothing is made; there is no fall-back to unsigned tokens.\n"
        "\n"
        "The command does not check who the user is: whoever may use the policy's key vouches for that.",
    .examples = "safring idt sign --appl ZOWEAPPL --user IBMUSER --amr saf-pwd --pin-source file:pin > t",
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN,
    .args_size = sizeof(idt_sign),
    .run = run,
};
