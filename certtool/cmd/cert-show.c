/** @file safring cert show */
#include <cli/cli.h>

#include <base/clock.h>
#include <base/fail.h>

typedef struct cert_show {
    cli_name cert;
} cert_show;

static void say_facts(const cli *cli, const saf_cert *cert)
{
    char from[SAF_TIME_TEXT_SIZE], until[SAF_TIME_TEXT_SIZE], key[64];
    OWN(own_text) fingerprint = cli_hex(cert->fingerprint, sizeof cert->fingerprint);
    cli_say(cli,
            "%s/%s\n    subject      %s\n    issuer       %s\n    serial       %s\n    from         %s\n    until        %s%s\n"
            "    status       %s%s\n    key          %s\n    fingerprint  %s\n",
            cert->owner, cert->label, cert->subject, cert->issuer, cert->serial, saf_time_format(from, cert->not_before),
            saf_time_format(until, cert->not_after), cert->not_after <= saf_clock_now() ? ", EXPIRED" : "",
            cli_trust_name(cert->trust), cert->is_ca ? ", CA" : "", cli_key_text(key, sizeof key, cert),
            fingerprint ? fingerprint : "");
    if (cert->key_uri)
        cli_say(cli, "    key is in    %s\n", cert->key_uri);
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
    saf_ring_query query = { .cert_owner = cert->owner, .cert_label = cert->label };
    saf_ring_entry last;
    json_t *shape = json_array();
    json_object_set_new(cli->result, "rings", shape);
    for (;;) {
        OWN(saf_ring_page) page = { 0 };
        SAF_TRY(saf_store_list_rings(&page, store, &cli->who, &query, err));
        if (!page.count)
            return SAF_OK;
        for (size_t i = 0; i < page.count; i++)
            say_ring(cli, shape, &page.rings[i]);
        last = page.rings[page.count - 1];
        query.after_owner = last.owner;
        query.after_name = last.name;
    }
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
    .description = "Shows one certificate: names, serial number, validity, status, key, SHA-256 fingerprint, who signed it, and the rings it is "
                   "connected to. With --json the PEM is there too.",
    .examples = "safring cert show ZWESVUSR/localhost",
    .operands = operands,
    .groups = CLI_STORE,
    .args_size = sizeof(cert_show),
    .run = run,
};
