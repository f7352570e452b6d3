/** @file safring ring show */
#include <cli/cli.h>

#include <base/clock.h>
#include <base/fail.h>

#include <string.h>

typedef struct ring_show {
    const char *ring;
} ring_show;

enum { DAY_SEC = 24 * 60 * 60 };

/* ---- at a glance ---- */

/* Whole days; negative when it has ended. */
static long long days_left(const saf_cert *cert)
{
    int64_t left = cert->not_after - saf_clock_now();
    return left >= 0 ? left / DAY_SEC : -1 - (-left - 1) / DAY_SEC;
}

/* What keeps a connection from doing what it is for, or will soon. */
static void describe(saf_buffer *out, const saf_connection *connection)
{
    const saf_cert *cert = connection->cert;
    long long days = days_left(cert);
    if (cert->revoked_at)
        saf_buffer_printf(out, "REVOKED (%s)", saf_reason_name(cert->reason));
    else if (days < 0)
        saf_buffer_printf(out, "EXPIRED");
    else
        saf_buffer_printf(out, "%lld day%s left", days, days == 1 ? "" : "s");
    if (cert->trust == SAF_NOTRUST)
        saf_buffer_append_text(out, ", NOTRUST");
    if (connection->usage == SAF_USAGE_PERSONAL && cert->key_place == SAF_KEY_NONE)
        saf_buffer_append_text(out, ", no key");
}

static void say_connection(const cli *cli, const saf_connection *connection)
{
    const saf_cert *cert = connection->cert;
    char until[SAF_TIME_TEXT_SIZE], key[64];
    OWN(saf_buffer) glance = { 0 };
    describe(&glance, connection);
    cli_say(cli, "%s/%s\t%s\n    usage    %s%s\n    subject  %s\n    until    %s\n    status   %s\n    key      %s\n", cert->owner,
            cert->label, saf_buffer_text(&glance), cli_usage_name(connection->usage),
            connection->is_default == SAF_DEFAULT ? ", default" : "", cert->subject, saf_time_format(until, cert->not_after),
            cli_trust_name(cert->trust), cli_key_text(key, sizeof key, cert));
}

static json_t *shape(const saf_connection *connection)
{
    json_t *made = cli_shape_connection(connection);
    OWN(saf_buffer) glance = { 0 };
    describe(&glance, connection);
    json_object_set_new(made, "days_left", json_integer(days_left(connection->cert)));
    json_object_set_new(made, "summary", json_string(saf_buffer_text(&glance)));
    return made;
}

/* ---- where it is published ---- */

static void say_publication(cli *cli, json_t *list, const saf_publication *item)
{
    char state[CLI_PUBLICATION_TEXT_SIZE];
    cli_say(cli, "published in %s %s\n", item->dir, cli_publication_text(state, item));
    json_array_append_new(list, cli_shape_publication(item));
}

/* A publication knows of no others. */
static saf_status say_publications(cli *cli, saf_store *store, const saf_ring *ring, saf_error *err)
{
    OWN(saf_publication_page) page = { 0 };
    json_t *list = json_array();
    json_object_set_new(cli->result, "publications", list);
    saf_status status = saf_store_list_publications(&page, store, &cli->who, err);
    if (status == SAF_E_UNSUPPORTED)
        return SAF_OK;
    for (size_t i = 0; i < page.count; i++)
        if (!strcmp(page.items[i].owner, saf_ring_owner(ring)) && !strcmp(page.items[i].ring, saf_ring_name(ring)))
            say_publication(cli, list, &page.items[i]);
    return status;
}

/* ---- */

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
        json_array_append_new(connections, shape(saf_ring_at(ring, i)));
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
    SAF_TRY(show(cli, ring, &address, err));
    return say_publications(cli, store, ring, err);
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
        "Shows the certificates of a ring in the order in which they were connected: beside each name how many days are left, or EXPIRED or "
        "REVOKED, NOTRUST, and \"no key\" where a PERSONAL certificate has none; then usage, default, expiry, status and where the private key is. "
        "Then, where the ring is published, for whom, and whether that is up to date.\n"
        "\n"
        "Virtual rings can be shown too: OWNER/* has all certificates of OWNER, *AUTH*/* all of CERTAUTH, *SITE*/* all of SITE. --store takes a "
        "publication's directory too (safring ring publish).",
    .examples = "safring ring show ZWESVUSR/ZoweKeyring\n"
                "safring ring show 'safkeyring:////ZWESVUSR/ZoweKeyring&localhost'\n"
                "safring ring show 'ZWESVUSR/*' --json\n"
                "safring ring show '*AUTH*/*'",
    .operands = operands,
    .groups = CLI_STORE,
    .args_size = sizeof(ring_show),
    .run = run,
};
