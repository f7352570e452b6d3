/** @file safring store rekey */
#include <cli/cli.h>

#include <base/fail.h>

#include <limits.h>

typedef struct store_rekey {
    int kind;
    const char *new_secret_source;
    const char *token_key;
} store_rekey;

static const char *const kinds[] = { "file", "passphrase", "credential", "token", NULL };

/* A token's is its PIN. */
static bool wants_secret(saf_master_kind kind)
{
    return kind != SAF_MASTER_FILE;
}

/* A store with a key file has only a new secret: --store-secret-source may name it. */
static saf_status read_new_secret(saf_secret *out, const cli *cli, const store_rekey *args, saf_master_kind old, saf_error *err)
{
    const char *source = args->new_secret_source;
    bool is_pin = args->kind == SAF_MASTER_TOKEN;
    if (!source && !wants_secret(old))
        source = cli->common.store_secret_source;
    return cli_read_secret(out, source, "new-secret-source", is_pin ? "PIN of the token: " : "New passphrase of the store: ",
                           is_pin ? CLI_PROMPT_ONCE : CLI_PROMPT_TWICE, err);
}

static saf_status open_store(saf_store **out, const cli *cli, const store_rekey *args, saf_master_kind old, const char *dir, saf_error *err)
{
    const saf_store_options none = { 0 };
    saf_store_options options;
    bool is_new_one = !wants_secret(old) && wants_secret((saf_master_kind)args->kind) && !args->new_secret_source;
    if (is_new_one)
        return saf_store_open(out, dir, &none, err);
    SAF_TRY(cli_store_options(&options, cli, err));
    return saf_store_open(out, dir, &options, err);
}

static saf_status check(const store_rekey *args, saf_error *err)
{
    bool is_token = args->kind == SAF_MASTER_TOKEN;
    if (is_token != (args->token_key != NULL))
        return saf_fail(err, SAF_E_USAGE, "--master-key token and --token-key URI go together");
    if (args->new_secret_source && !wants_secret((saf_master_kind)args->kind))
        return saf_fail(err, SAF_E_USAGE, "--new-secret-source does not go with --master-key file");
    return SAF_OK;
}

static saf_status rekey(cli *cli, const store_rekey *args, saf_store *store, saf_master_kind old, saf_error *err)
{
    OWN(saf_secret) secret = { 0 };
    saf_token_key token;
    cli_token_pin pin = { .cli = cli, .pin = &secret };
    const saf_rekey_store request = { .kind = (saf_master_kind)args->kind, .secret = &secret, .token_uri = args->token_key, .token = &token };
    cli_token_key(&token, &pin);
    if (wants_secret(request.kind))
        SAF_TRY(read_new_secret(&secret, cli, args, old, err));
    if (request.kind == SAF_MASTER_PASSPHRASE)
        cli_warn_short(cli, &secret);
    if (request.kind == SAF_MASTER_TOKEN)
        SAF_TRY(cli_make_token_key(&pin, args->token_key, err));
    return saf_store_rekey(store, &cli->who, &request, err);
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const store_rekey *args = args_;
    char dir[PATH_MAX];
    saf_master_kind old;
    OWN(saf_store) *store = NULL;
    SAF_TRY(check(args, err));
    SAF_TRY(cli_store_dir(cli, dir, sizeof dir, err));
    SAF_TRY(saf_store_read_master_kind(&old, dir, err));
    SAF_TRY(open_store(&store, cli, args, old, dir, err));
    SAF_TRY(rekey(cli, args, store, old, err));
    cli_warn_unpublished(cli, store);
    cli_say(cli, "the master key of the store %s is a new one now (%s); older backups need the old one\n", dir, kinds[args->kind]);
    json_object_update_new(cli->result, json_pack("{s:o,s:s,s:s}", "store", cli_text(dir), "master_key", kinds[args->kind], "old_master_key",
                                                  saf_master_kind_name(old)));
    return SAF_OK;
}

static const cli_option options[] = {
    { CLI_CHOICE, "master-key", "KIND", "what the new master key is", offsetof(store_rekey, kind), .choices = kinds,
      .required = true },
    { CLI_SOURCE, "new-secret-source", "SOURCE", "where the new passphrase, credential or PIN is", offsetof(store_rekey, new_secret_source) },
    { CLI_TEXT, "token-key", "URI", "the AES key in a token that is to be the new master key; made when it is not there", offsetof(store_rekey, token_key) },
    { 0 },
};

const cli_command cli_command_store_rekey = {
    .noun = "store",
    .verb = "rekey",
    .summary = "change the store's master key",
    .description =
        "Protects the store with another master key: a fresh key file, a passphrase, a credential (at least 32 bytes that nobody remembers, from systemd for example), or an AES key in a PKCS#11 token. No "
        "private key is sealed anew, so it takes as long for a large store as for a small one. Killed at any point, the store opens with the old "
        "master key or with the new one. A key file that is not needed any more is overwritten and removed.\n"
        "\n"
        "--store-secret-source names the passphrase, credential or PIN of the token that the store has now, and --new-secret-source the new one. A store that has a key file needs no secret to be opened, "
        "so there --store-secret-source may name the new one.\n"
        "\n"
        "With a key in a token, the URI may not have a PIN in it; commands take the PIN from --store-secret-source, or ask for it. A token that is lost takes all private keys of the "
        "store with it.\n"
        "\n"
        "A new passphrase has at least 8 bytes; one of less than 12 is accepted with a warning.\n"
        "\n"
        "Backups from before need the old master key. Who had it, and has a copy of the database, can still read the private keys of that time: renew certificates "
        "with safring cert rekey when that may be so.",
    .examples = "safring store rekey --master-key passphrase --store-secret-source file:pw\n"
                "safring store rekey --master-key credential --store-secret-source file:pw --new-secret-source cred:store-key\n"
                "safring store rekey --master-key file --store-secret-source cred:store-key\n"
                "safring store rekey --master-key token --token-key 'pkcs11:token=ZWE.IDT;object=store' --store-secret-source file:pin",
    .options = options,
    .groups = CLI_STORE,
    .args_size = sizeof(store_rekey),
    .run = run,
};
