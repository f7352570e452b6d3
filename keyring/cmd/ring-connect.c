/** @file safring ring connect */
#include <cli/cli.h>

#include <base/fail.h>

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

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const ring_connect *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    saf_connect_request request = { .ring_owner = args->ring.owner, .ring_name = args->ring.name,
                                    .cert_owner = args->cert.owner, .cert_label = args->cert.name,
                                    .usage = chosen_usage(args),
                                    .is_default = args->is_default ? SAF_DEFAULT : SAF_NOT_DEFAULT };
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(saf_ring_connect(change, &request, err));

    cli_say(cli, "%s %s/%s to the ring %s/%s, usage %s%s\n", cli->common.dry_run ? "would connect" : "connected", args->cert.owner,
            args->cert.name, args->ring.owner, args->ring.name, cli_usage_name(request.usage), args->is_default ? ", default" : "");
    json_object_update_new(cli->result,
                           json_pack("{s:s,s:s,s:{s:s,s:s},s:s,s:b}", "owner", args->ring.owner, "ring", args->ring.name,
                                     "certificate", "owner", args->cert.owner, "label",
                                     args->cert.name, "usage", cli_usage_name(request.usage), "default",
                                     args->is_default));
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
        "and default.\n"
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
