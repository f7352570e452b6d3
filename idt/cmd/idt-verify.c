/** @file safring idt verify */
#include <cli/issuer.h>

#include <base/clock.h>
#include <base/fail.h>

typedef struct idt_verify {
    const char *appl, *user;
    unsigned leeway_sec;
    bool from_application;
} idt_verify;

static void say_refused(cli *cli, saf_idt_verdict verdict)
{
    saf_codes codes = saf_idt_verdict_codes(verdict);
    cli->answer_is_no = true;
    cli_say(cli, "refused: %s\n    rule   %s\n    codes  %d/%d/%d\n", saf_idt_verdict_name(verdict), saf_idt_verdict_rule(verdict),
            codes.saf, codes.racf, codes.reason);
    json_object_update_new(cli->result, json_pack("{s:b,s:s,s:s,s:[i,i,i]}", "good", 0, "verdict",
                                                  saf_idt_verdict_name(verdict), "rule", saf_idt_verdict_rule(verdict),
                                                  "codes", codes.saf, codes.racf, codes.reason));
}

static json_t *amr_shape(const saf_idt_result *result)
{
    json_t *amr = json_array();
    for (size_t i = 0; i < result->amr_count; i++)
        json_array_append_new(amr, json_stringn((const char *)result->amr[i].data, result->amr[i].len));
    return amr;
}

static void say_good(cli *cli, const saf_idt_result *result)
{
    char iat[SAF_TIME_TEXT_SIZE], exp[SAF_TIME_TEXT_SIZE];
    saf_time_format(iat, result->iat);
    saf_time_format(exp, result->exp);
    cli_say(cli, "good\n    user         %.*s\n    application  %.*s%s\n    made         %s\n    until        %s\n    id           %.*s\n",
            (int)result->sub.len, (const char *)result->sub.data, (int)result->aud.len, (const char *)result->aud.data,
            result->any_appl ? ", or any" : "", iat, exp, (int)result->jti.len, (const char *)result->jti.data);
    json_object_update_new(
        cli->result,
        json_pack("{s:b,s:s,s:s%,s:s%,s:b,s:s,s:s,s:s%,s:o}", "good", 1, "verdict", saf_idt_verdict_name(SAF_IDT_GOOD), "user",
                  result->sub.data, result->sub.len, "appl", result->aud.data, result->aud.len, "any_appl",
                  result->any_appl, "issued_at", iat, "expires", exp, "id", result->jti.data, result->jti.len, "amr",
                  amr_shape(result)));
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const idt_verify *args = args_;
    OWN(cli_issuer) issuer = { 0 };
    OWN(saf_buffer) token = { 0 };
    saf_idt_result result = { 0 };
    saf_issuer_origin origin = args->from_application ? SAF_FROM_APPLICATION : SAF_FROM_END_USER;
    SAF_TRY(cli_read_token(&token, err));
    SAF_TRY(cli_issuer_open(&issuer, cli, args->leeway_sec, err));
    SAF_TRY(saf_issuer_verify(issuer.lane, &cli->who, args->appl, args->user, origin, saf_buffer_bytes(&token), &result, err));
    if (result.verdict == SAF_IDT_GOOD)
        say_good(cli, &result);
    else
        say_refused(cli, result.verdict);
    return SAF_OK;
}

static const cli_option options[] = {
    { CLI_TEXT, "appl", "NAME", "the application that asks", offsetof(idt_verify, appl), .required = true },
    { CLI_TEXT, "user", "USER", "the user ID that the token must stand for", offsetof(idt_verify, user), .required = true },
    { CLI_NUMBER, "leeway-sec", "N", "clock difference to tolerate, 0 to 300 seconds; default 0",
      offsetof(idt_verify, leeway_sec), .max = SAF_IDT_LEEWAY_MAX_SEC },
    { CLI_FLAG, "from-application", NULL,
      "the token did not come from an end user: accept an unsigned one where the policy says so",
      offsetof(idt_verify, from_application) },
    { 0 },
};

const cli_command cli_command_idt_verify = {
    .noun = "idt",
    .verb = "verify",
    .summary = "verify an identity token",
    .racf = "RACROUTE REQUEST=VERIFY with IDTA (validate)",
    .description =
        "Reads one token from standard input and verifies it by the policy that covers application and user: structure, algorithm, key id, "
        "signature, issuer, times, user, application. Exit code 0: good. Exit code 3: refused; the verdict names the rule, and the codes are those that "
        "RACROUTE would give.\n"
        "\n"
        "The token is never taken from the command line, where others could see it.",
    .examples = "safring idt verify --appl ZOWEAPPL --user IBMUSER --pin-source file:pin < t",
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN,
    .args_size = sizeof(idt_verify),
    .run = run,
};
