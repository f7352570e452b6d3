/** @file safring cert show */
#include <cli/rings.h>

#include <base/clock.h>
#include <base/fail.h>

#include <string.h>

OWN_VALUE(saf_cert_details, saf_cert_details_free)

typedef struct cert_show {
    cli_name cert;
} cert_show;

static void say_facts(const cli *cli, const saf_cert *cert)
{
    char from[SAF_TIME_TEXT_SIZE], until[SAF_TIME_TEXT_SIZE], key[64], state[64];
    OWN(own_text) fingerprint = cli_hex(cert->fingerprint, sizeof cert->fingerprint);
    cli_say(cli,
            "%s/%s\n    subject      %s\n    issuer       %s\n    serial       %s\n    from         %s\n    until        %s%s\n"
            "    status       %s%s\n    key          %s\n    fingerprint  %s\n",
            cert->owner, cert->label, cert->subject, cert->issuer, cert->serial, saf_time_format(from, cert->not_before),
            saf_time_format(until, cert->not_after), cli_state_text(state, sizeof state, cert),
            cli_trust_name(cert->trust), cert->is_ca ? ", CA" : "", cli_key_text(key, sizeof key, cert),
            fingerprint ? fingerprint : "");
    if (cert->key_uri)
        cli_say(cli, "    key is in    %s\n", cert->key_uri);
    if (cert->requested_at)
        cli_say(cli, "    requested    %s, not answered yet\n", saf_time_format(from, cert->requested_at));
}

static void say_names(const cli *cli, const saf_cert_details *details)
{
    json_t *names = json_array();
    for (size_t i = 0; i < details->name_count; i++) {
        cli_say(cli, "    %-12s %s\n", i ? "" : "names", details->names[i]);
        json_array_append_new(names, cli_text(details->names[i]));
    }
    json_object_set_new(cli->result, "san", names);
}

/* Each line of an extension's text under the one before. */
static void say_extension(const cli *cli, json_t *list, const saf_extension *extension)
{
    cli_say(cli, "    %s%s\n", extension->name, extension->critical ? ", critical" : "");
    for (const char *line = extension->text; *line;) {
        size_t len = strcspn(line, "\n"), blanks = strspn(line, " ");
        if (blanks < len)
            cli_say(cli, "        %.*s\n", (int)(len - blanks), line + blanks);
        line += len + (line[len] == '\n');
    }
    json_array_append_new(list, json_pack("{s:s,s:b,s:o}", "name", extension->name, "critical", extension->critical, "text",
                                          cli_text(extension->text)));
}

static saf_status say_details(const cli *cli, const saf_cert *cert, saf_error *err)
{
    OWN(saf_cert_details) details = { 0 };
    json_t *extensions = json_array();
    json_object_set_new(cli->result, "extensions", extensions);
    SAF_TRY(saf_cert_describe(&details, cert->der, err));
    say_names(cli, &details);
    cli_say(cli, "    signature    %s\n", details.signature);
    json_object_set_new(cli->result, "signature_algorithm", json_string(details.signature));
    for (size_t i = 0; i < details.extension_count; i++)
        say_extension(cli, extensions, &details.extensions[i]);
    return SAF_OK;
}

static saf_status say_chain(const cli *cli, saf_store *store, const saf_cert *cert, saf_error *err)
{
    OWN(saf_cert_page) chain = { 0 };
    int complete = 0;
    json_t *shape = json_array();
    json_object_set_new(cli->result, "chain", shape);
    SAF_TRY(saf_cert_chain(&chain, &complete, store, &cli->who, cert, err));
    for (size_t i = 1; i < chain.count; i++)
        cli_say(cli, "    signed by    %s/%s\n", chain.certs[i]->owner, chain.certs[i]->label);
    for (size_t i = 0; i < chain.count; i++)
        json_array_append_new(shape, json_pack("{s:s,s:s}", "owner", chain.certs[i]->owner, "label", chain.certs[i]->label));
    if (!complete)
        cli_say(cli, "    signed by    a CA that the store does not have\n");
    json_object_set_new(cli->result, "chain_complete", json_boolean(complete));
    return SAF_OK;
}

static void say_ring(const cli *cli, json_t *shape, const saf_ring_entry *ring)
{
    cli_say(cli, "    in ring      %s/%s\n", ring->owner, ring->name);
    json_array_append_new(shape, json_pack("{s:s,s:s}", "owner", ring->owner, "ring", ring->name));
}

static saf_status say_rings(const cli *cli, saf_store *store, const saf_cert *cert, saf_error *err)
{
    OWN(cli_rings) rings = { 0 };
    json_t *shape = json_array();
    json_object_set_new(cli->result, "rings", shape);
    SAF_TRY(cli_rings_add_of(&rings, cli, store, cert, err));
    for (size_t i = 0; i < rings.count; i++)
        say_ring(cli, shape, &rings.items[i]);
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_show *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_cert) *cert = NULL;
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_find_cert(&cert, store, &cli->who, args->cert.owner, args->cert.name, err));
    say_facts(cli, cert);
    json_object_update_new(cli->result, cli_shape_cert(cert));
    SAF_TRY(say_details(cli, cert, err));
    SAF_TRY(say_chain(cli, store, cert, err));
    return say_rings(cli, store, cert, err);
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate", offsetof(cert_show, cert), .required = true },
    { 0 },
};

const cli_command cli_command_cert_show = {
    .noun = "cert",
    .verb = "show",
    .summary = "show a certificate, its issuers and its rings",
    .racf = "RACDCERT LIST(LABEL()), LISTCHAIN",
    .description = "Shows one certificate: names, serial number, validity, status, key, SHA-256 fingerprint, signature algorithm, extensions, who signed "
                   "it, and the rings it is connected to. With --json the PEM is there too.",
    .examples = "safring cert show ZWESVUSR/localhost",
    .operands = operands,
    .groups = CLI_STORE,
    .args_size = sizeof(cert_show),
    .run = run,
};
