/** @file safring ring show */
#include <cli/cli.h>

#include <base/clock.h>
#include <base/fail.h>

#include <string.h>

typedef struct ring_show {
    const char *ring;
} ring_show;

static void say_connection(const cli *cli, const saf_connection *connection)
{
    const saf_cert *cert = connection->cert;
    char until[SAF_TIME_TEXT_SIZE], key[64];
    cli_say(cli, "%s/%s\n    usage    %s%s\n    subject  %s\n    until    %s%s\n    status   %s\n    key      %s\n",
            cert->owner, cert->label, cli_usage_name(connection->usage),
            connection->is_default == SAF_DEFAULT ? ", default" : "", cert->subject,
            saf_time_format(until, cert->not_after), cert->not_after <= saf_clock_now() ? ", EXPIRED" : "",
            cli_trust_name(cert->trust), cli_key_text(key, sizeof key, cert));
}

static bool is_shown(const saf_ring_address *address, const saf_connection *connection)
{
    return !address->label[0] || !strcmp(address->label, connection->cert->label);
}

static saf_status show(cli *cli, const saf_ring *ring, const saf_ring_address *address, saf_error *err)
{
    json_t *connections = json_array();
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:I,s:o}", "owner", saf_ring_owner(ring), "ring",
                                                  saf_ring_name(ring), "generation",
                                                  (json_int_t)saf_ring_generation(ring), "connections", connections));
    for (size_t i = 0; i < saf_ring_size(ring); i++) {
        if (!is_shown(address, saf_ring_at(ring, i)))
            continue;
        say_connection(cli, saf_ring_at(ring, i));
        json_array_append_new(connections, cli_shape_connection(saf_ring_at(ring, i)));
    }
    if (address->label[0] && !json_array_size(connections))
        return saf_fail(err, SAF_E_NOT_FOUND, "ring %s/%s has no certificate \"%s\"", address->owner, address->name,
                        address->label);
    if (!json_array_size(connections))
        cli_say(cli, "the ring %s/%s is empty\n", address->owner, address->name);
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_show *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_ring) *ring = NULL;
    saf_ring_address address;
    SAF_TRY(saf_ring_address_parse(&address, args->ring, err));
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_ring_open(&ring, store, &cli->who, address.owner, address.name, err));
    return show(cli, ring, &address, err);
}

static const cli_option operands[] = {
    { CLI_TEXT, "OWNER/RING", NULL, "the ring, also as safkeyring://OWNER/RING[&LABEL]; OWNER/* is all the owner has",
      offsetof(ring_show, ring), .required = true },
    { 0 },
};

const cli_command cli_command_ring_show = {
    .noun = "ring",
    .verb = "show",
    .summary = "show what is in a key ring",
    .racf = "RACDCERT LISTRING; R_datalib DataGetFirst, DataGetNext",
    .description =
        "Shows the certificates of a ring in the order in which they were connected, with usage, default, status, expiry and where the "
        "private key is.\n"
        "\n"
        "Virtual rings can be shown too: OWNER/* has all certificates of OWNER, *AUTH*/* all of CERTAUTH, *SITE*/* all of SITE.",
    .examples = "safring ring show ZWESVUSR/ZoweKeyring\n"
                "safring ring show 'safkeyring://ZWESVUSR/ZoweKeyring&localhost' --json\n"
                "safring ring show '*AUTH*/*'",
    .operands = operands,
    .groups = CLI_STORE,
    .args_size = sizeof(ring_show),
    .run = run,
};
