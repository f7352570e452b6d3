/** @file safring secret check */
#include <cli/secret-key.h>

#include <base/fail.h>

typedef struct secret_check {
    cli_secret_name name;
    const char *check_value;
    int leaving;
} secret_check;

static const saf_p11_leaving leaving_values[] = { SAF_P11_STAYS, SAF_P11_LEAVES_WRAPPED, SAF_P11_LEAVES };

static json_t *shape_findings(const saf_p11_secret_report *report)
{
    json_t *findings = json_array();
    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(findings, json_pack("{s:s,s:o}", "name", report->findings[i].name, "text", cli_text(report->findings[i].text)));
    return findings;
}

static void say(cli *cli, const saf_p11_secret_report *report, json_t *secrets)
{
    const saf_p11_secret *secret = &report->secret;
    json_t *shape = cli_shape_secret(secret);
    cli_say(cli, "%s: \"%s\", sequence %u, check value %s\n", report->count ? "NOT GOOD" : "good", secret->label, secret->sequence,
            *secret->check_value ? secret->check_value : "------");
    for (size_t i = 0; i < report->count; i++)
        cli_say(cli, "    %-12s  %s\n", report->findings[i].name, report->findings[i].text);
    json_object_set_new(shape, "good", json_boolean(!report->count));
    json_object_set_new(shape, "findings", shape_findings(report));
    json_array_append_new(secrets, shape);
    cli->answer_is_no |= report->count > 0;
}

static saf_status check_one(cli *cli, saf_p11_session *session, const saf_p11_uri *uri, const secret_check *args, json_t *secrets, saf_error *err)
{
    saf_p11_secret_report report;
    const saf_p11_secret_wanted wanted = { .leaving = leaving_values[args->leaving], .check_value = args->check_value };
    SAF_TRY(saf_p11_check_secret(&report, session, uri, &wanted, err));
    say(cli, &report, secrets);
    return SAF_OK;
}

static saf_status check_all(cli *cli, saf_p11_session *session, const secret_check *args, json_t *secrets, saf_error *err)
{
    OWN(saf_p11_secret_list) list = { 0 };
    SAF_TRY(saf_p11_list_secrets(&list, session, NULL, err));
    for (size_t i = 0; i < list.count; i++) {
        saf_p11_uri uri;
        SAF_TRY(saf_p11_uri_parse(&uri, list.secrets[i].uri, err));
        SAF_TRY(check_one(cli, session, &uri, args, secrets, err));
    }
    if (!list.count)
        cli_say(cli, "no secret keys\n");
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const secret_check *args = args_;
    OWN(cli_secret_token) token = { 0 };
    saf_p11_uri uri;
    json_t *secrets = json_array();
    json_object_set_new(cli->result, "secrets", secrets);
    SAF_TRY(cli_secret_uri(&uri, &args->name, CLI_SECRET_TOKEN, err));
    bool one = *uri.object || uri.id_len;
    if (args->check_value && !one)
        return saf_fail(err, SAF_E_USAGE, "--check-value is one key's: give its URI, --label or --sequence");
    SAF_TRY(cli_open_secret_token(&token, cli, &uri, err));
    SAF_TRY(one ? check_one(cli, token.session, &uri, args, secrets, err) : check_all(cli, token.session, args, secrets, err));
    json_object_set_new(cli->result, "good", json_boolean(!cli->answer_is_no));
    return SAF_OK;
}

static const cli_option operands[] = {
    CLI_SECRET_OPERAND(secret_check, name),
    { 0 },
};

static const cli_option options[] = {
    CLI_SECRET_NAME_OPTIONS(secret_check, name),
    { CLI_TEXT, "check-value", "HEX", "the check value that it is to have, such as C407B8", offsetof(secret_check, check_value) },
    { CLI_CHOICE, "extractable", "WHAT", "the most that it may: no, wrapped or yes, as in secret generate", offsetof(secret_check, leaving),
      .choices = cli_secret_leavings },
    { 0 },
};

const cli_command cli_command_secret_check = {
    .noun = "secret",
    .verb = "check",
    .summary = "check that a secret key is as it should be, and works",
    .racf = "none; ICSF CSFPGAV shows attributes",
    .description =
        "Checks one secret key, or all of a token: that it does what keys of its kind do and nothing else, does not leave the token (unless --extractable allows it), is "
        "not too short, is in force today, makes and verifies a signature (an AES key: encrypts and decrypts), and has the check value that is expected. "
        "Exit code 3, and each finding, when something is not so.",
    .examples = "safring secret check --token ZWE.IDT --label jwtsecret --pin-source file:pin\n"
                "safring secret check --token ZWE.IDT --extractable wrapped --pin-source file:pin",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN,
    .args_size = sizeof(secret_check),
    .run = run,
};
