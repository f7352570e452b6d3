/** @file safring cert chain */
#include <cli/rings.h>

#include <base/clock.h>
#include <base/fail.h>

typedef struct cert_chain {
    cli_name cert;
} cert_chain;

/* What LISTCHAIN sums up. */
typedef struct summary {
    bool has_notrust, has_expired, has_revoked;
} summary;

static void say_cert(const cli *cli, json_t *list, summary *sum, const saf_cert *cert)
{
    char from[SAF_TIME_TEXT_SIZE], until[SAF_TIME_TEXT_SIZE], state[64];
    int64_t now = saf_clock_now();
    cli_say(cli, "%s/%s\n    subject      %s\n    issuer       %s\n    serial       %s\n    from         %s\n    until        %s%s\n    status       %s\n",
            cert->owner, cert->label, cert->subject, cert->issuer, cert->serial, saf_time_format(from, cert->not_before),
            saf_time_format(until, cert->not_after), cli_state_text(state, sizeof state, cert), cli_trust_name(cert->trust));
    json_array_append_new(list, cli_shape_cert(cert));
    sum->has_notrust |= cert->trust == SAF_NOTRUST;
    sum->has_expired |= cert->not_after <= now || cert->not_before > now;
    sum->has_revoked |= cert->revoked_at != 0;
}

/* ---- rings that all of the chain are in ---- */

static saf_status is_in_ring(bool *out, const cli *cli, saf_store *store, const saf_ring_entry *entry, const saf_cert_page *chain, saf_error *err)
{
    OWN(saf_ring) *ring = NULL;
    SAF_TRY(saf_ring_open(&ring, store, &cli->who, entry->owner, entry->name, err));
    *out = true;
    for (size_t i = 0; *out && i < chain->count; i++)
        *out = saf_ring_find_label(ring, chain->certs[i]->owner, chain->certs[i]->label) != NULL;
    return SAF_OK;
}

static saf_status say_if_common(const cli *cli, json_t *list, saf_store *store, const saf_ring_entry *entry, const saf_cert_page *chain, saf_error *err)
{
    bool is_common = false;
    SAF_TRY(is_in_ring(&is_common, cli, store, entry, chain, err));
    if (!is_common)
        return SAF_OK;
    cli_say(cli, "in one ring: %s/%s\n", entry->owner, entry->name);
    json_array_append_new(list, json_pack("{s:s,s:s}", "owner", entry->owner, "ring", entry->name));
    return SAF_OK;
}

static saf_status say_common_rings(const cli *cli, saf_store *store, const saf_cert_page *chain, saf_error *err)
{
    OWN(cli_rings) rings = { 0 };
    json_t *list = json_array();
    json_object_set_new(cli->result, "common_rings", list);
    SAF_TRY(cli_rings_add_of(&rings, cli, store, chain->certs[0], err));
    for (size_t i = 0; i < rings.count; i++)
        SAF_TRY(say_if_common(cli, list, store, &rings.items[i], chain, err));
    return SAF_OK;
}

static void say_summary(const cli *cli, const summary *sum, size_t count, int complete)
{
    cli_say(cli, "%zu certificate%s, the chain is %s%s%s%s\n", count, count == 1 ? "" : "s", complete ? "complete" : "INCOMPLETE",
            sum->has_notrust ? ", holds NOTRUST certificates" : "", sum->has_expired ? ", holds certificates that are not in date" : "",
            sum->has_revoked ? ", holds revoked certificates" : "");
    json_object_update_new(cli->result, json_pack("{s:b,s:b,s:b,s:b}", "complete", complete, "notrust", sum->has_notrust, "expired",
                                                  sum->has_expired, "revoked", sum->has_revoked));
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const cert_chain *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_cert) *cert = NULL;
    OWN(saf_cert_page) chain = { 0 };
    summary sum = { 0 };
    int complete = 0;
    json_t *list = json_array();
    json_object_set_new(cli->result, "certificates", list);
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_find_cert(&cert, store, &cli->who, args->cert.owner, args->cert.name, err));
    SAF_TRY(saf_cert_chain(&chain, &complete, store, &cli->who, cert, err));
    for (size_t i = 0; i < chain.count; i++)
        say_cert(cli, list, &sum, chain.certs[i]);
    say_summary(cli, &sum, chain.count, complete);
    return say_common_rings(cli, store, &chain, err);
}

static const cli_option operands[] = {
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate", offsetof(cert_chain, cert), .required = true },
    { 0 },
};

const cli_command cli_command_cert_chain = {
    .noun = "cert",
    .verb = "chain",
    .summary = "list a certificate and its issuers",
    .racf = "RACDCERT LISTCHAIN",
    .description =
        "Lists the certificate and its issuers up to a self-signed one, as far as they are here: those of the same owner are looked at first, then "
        "CERTAUTH's. Signatures are checked. Summed up are whether the chain is complete, whether it holds certificates that are NOTRUST, revoked or not in "
        "date, and the rings that hold all of it.",
    .examples = "safring cert chain ZWESVUSR/localhost",
    .operands = operands,
    .groups = CLI_STORE,
    .args_size = sizeof(cert_chain),
    .run = run,
};
