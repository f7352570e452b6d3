/** @file safring ring connect */
#include <cli/cli.h>

#include <base/fail.h>

#include <string.h>

typedef struct ring_connect {
    cli_name ring, cert;
    int usage;
    bool is_default;
} ring_connect;

enum { USAGE_OF_OWNER, USAGE_PERSONAL, USAGE_CERTAUTH, USAGE_SITE };

static saf_usage chosen_usage(const ring_connect *args)
{
    switch (args->usage) {
    case USAGE_PERSONAL: return SAF_USAGE_PERSONAL;
    case USAGE_CERTAUTH: return SAF_USAGE_CERTAUTH;
    case USAGE_SITE: return SAF_USAGE_SITE;
    default: return saf_usage_of_owner(args->cert.owner);
    }
}

/* ---- what becomes of it ---- */

typedef struct connection_state {
    bool was_there, is_changed, loses_default;
} connection_state;

static saf_status compare(connection_state *out, cli *cli, saf_store *store, const saf_connect_request *request, saf_error *err)
{
    saf_connect_request old = *request;
    saf_status status = saf_store_find_connection(&old, store, &cli->who, err);
    *out = (connection_state) { .was_there = status == SAF_OK, .is_changed = true };
    if (status != SAF_OK)
        return status == SAF_E_NOT_FOUND ? SAF_OK : status; /* of ring and certificate connecting says it */
    out->is_changed = old.usage != request->usage || old.is_default != request->is_default;
    out->loses_default = old.is_default == SAF_DEFAULT && request->is_default != SAF_DEFAULT;
    return SAF_OK;
}

/* Servers that read a publication get the keys of its ring, also those that come later. */
static void say_key_goes(cli *cli, const saf_publication *item, json_t *list)
{
    char user[CLI_USER_NAME_SIZE];
    cli_user_name(user, item->user);
    cli_note(cli, "its private key %s to %s in %s, where the ring is published", cli->common.dry_run ? "would go" : "goes", user, item->dir);
    json_array_append_new(list, json_pack("{s:o,s:o}", "user", cli_text(user), "directory", cli_text(item->dir)));
}

static saf_status say_readers(cli *cli, saf_store *store, const saf_connect_request *request, saf_error *err)
{
    OWN(saf_publication_page) page = { 0 };
    OWN(saf_cert) *cert = NULL;
    json_t *list = json_array();
    json_object_set_new(cli->result, "key_goes_to", list);
    SAF_TRY(saf_store_find_cert(&cert, store, &cli->who, request->cert_owner, request->cert_label, err));
    if (request->usage != SAF_USAGE_PERSONAL || cert->key_place != SAF_KEY_STORED)
        return SAF_OK;
    SAF_TRY(saf_store_list_publications(&page, store, &cli->who, err));
    for (size_t i = 0; i < page.count; i++)
        if (page.items[i].with_keys && !page.items[i].is_ended && !strcmp(page.items[i].owner, request->ring_owner) &&
            !strcmp(page.items[i].ring, request->ring_name))
            say_key_goes(cli, &page.items[i], list);
    return SAF_OK;
}

/* ---- */

static void tell(cli *cli, const ring_connect *args, const saf_connect_request *request, const connection_state *state)
{
    const char *what = !state->is_changed ? "is connected already:" : cli->common.dry_run ? "would connect" : "connected";
    const char *usage = cli_usage_name(request->usage);
    const char *mark = args->is_default ? ", default" : state->loses_default ? ", no longer the default" : "";
    cli_say(cli, "%s %s/%s to the ring %s/%s, usage %s%s\n", what, args->cert.owner, args->cert.name, args->ring.owner, args->ring.name, usage, mark);
    json_object_update_new(cli->result, json_pack("{s:s,s:s,s:{s:s,s:s},s:s,s:b,s:b,s:b}", "owner", args->ring.owner, "ring", args->ring.name,
                                                  "certificate", "owner", args->cert.owner, "label", args->cert.name, "usage", usage, "default",
                                                  args->is_default, "changed", state->is_changed, "lost_default", state->loses_default));
}

static saf_status connect_in(saf_change *change, cli *cli, const ring_connect *args, saf_error *err)
{
    const saf_connect_request request = { .ring_owner = args->ring.owner, .ring_name = args->ring.name,
                                          .cert_owner = args->cert.owner, .cert_label = args->cert.name,
                                          .usage = chosen_usage(args),
                                          .is_default = args->is_default ? SAF_DEFAULT : SAF_NOT_DEFAULT };
    saf_store *store = saf_change_store(change);
    connection_state state;
    SAF_TRY(compare(&state, cli, store, &request, err));
    SAF_TRY(saf_ring_connect(change, &request, err));
    tell(cli, args, &request, &state);
    return state.is_changed ? say_readers(cli, store, &request, err) : SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(connect_in(change, cli, args_, err));
    return cli_end_change(cli, &change, err);
}

static const char *const usages[] = { "owner", "personal", "certauth", "site", NULL };

static const cli_option operands[] = {
    { CLI_RING, "OWNER/RING", NULL, "the ring", offsetof(ring_connect, ring), .required = true },
    { CLI_NAME, "OWNER/LABEL", NULL, "the certificate", offsetof(ring_connect, cert), .required = true },
    { 0 },
};

static const cli_option options[] = {
    { CLI_CHOICE, "usage", "USAGE", "what it is for in this ring (owner: by the kind of its owner)",
      offsetof(ring_connect, usage), .choices = usages },
    { CLI_FLAG, "default", NULL, "make it the ring's default certificate", offsetof(ring_connect, is_default) },
    { 0 },
};

const cli_command cli_command_ring_connect = {
    .noun = "ring",
    .verb = "connect",
    .summary = "put a certificate into a key ring",
    .racf = "RACDCERT CONNECT; R_datalib DataPut",
    .description =
        "Connects a certificate of the store to a ring. The usage says what it is for in this ring: personal (a server's or client's own; "
        "its private key can be had through the ring), certauth (a CA to trust) or site. One that is connected already gets the new usage "
        "and default: without --default it is the default no longer. When it has both already, nothing changes.\n"
        "\n"
        "When the ring is published with keys (safring ring publish), the private key of a personal certificate goes to the readers of that, which is said.\n"
        "\n"
        "A ring has at most one default certificate, the one that a server uses when none is named; --default takes the mark from the one "
        "that had it.",
    .examples = "safring ring connect ZWESVUSR/ZoweKeyring ZWESVUSR/localhost --usage personal --default\n"
                "safring ring connect ZWESVUSR/ZoweKeyring CERTAUTH/localca --usage certauth",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(ring_connect),
    .run = run,
};
