/** @file safring idt show */
#include <cli/issuer.h>

#include <base/fail.h>

static json_t *load(saf_bytes json)
{
    return json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
}

/* Control characters would let a token write to the terminal as it likes; dumping it again escapes them. */
static void say_part(const cli *cli, const char *name, const json_t *part)
{
    OWN(own_text) text = json_dumps(part, JSON_INDENT(4) | JSON_ENSURE_ASCII);
    cli_say(cli, "%s %s\n", name, text ? text : "");
}

static saf_status show(cli *cli, const saf_idt_peek *peek, saf_error *err)
{
    OWN(json_t) *header = load(peek->header);
    OWN(json_t) *payload = load(peek->payload);
    if (!header || !payload)
        return saf_fail(err, SAF_E_MALFORMED, "the token's header or payload is not JSON");
    say_part(cli, "header", header);
    say_part(cli, "payload", payload);
    json_object_set(cli->result, "header", header);
    json_object_set(cli->result, "payload", payload);
    json_object_set_new(cli->result, "verified", json_false());
    cli_note(cli, "shown, not verified: safring idt verify does that");
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args, saf_error *err)
{
    OWN(saf_idt_lane) *lane = NULL;
    OWN(saf_buffer) token = { 0 };
    saf_idt_verdict verdict;
    saf_idt_peek peek;
    (void)args;
    SAF_TRY(cli_read_token(&token, err));
    SAF_TRY(saf_idt_lane_open(&lane, NULL, err));
    SAF_TRY(saf_idt_look(lane, saf_buffer_bytes(&token), &verdict, &peek));
    if (verdict != SAF_IDT_GOOD)
        return saf_fail(err, SAF_E_MALFORMED, "not a token: %s (%s)", saf_idt_verdict_name(verdict), saf_idt_verdict_rule(verdict));
    return show(cli, &peek, err);
}

const cli_command cli_command_idt_show = {
    .noun = "idt",
    .verb = "show",
    .summary = "show what an identity token says, unverified",
    .description = "Reads one token from standard input and prints its header and claims. Nothing is verified, and no key, store or PIN is needed.",
    .examples = "safring idt show < t",
    .run = run,
};
