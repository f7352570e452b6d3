/** @file safring secret delete */
#include <cli/secret-key.h>

#include <base/fail.h>

#include <limits.h>
#include <string.h>

typedef struct secret_delete {
    cli_secret_name name;
    bool all_versions, force;
} secret_delete;

/* ---- who needs it ---- */

static bool is_named_by(const saf_policy *policy, const saf_p11_secret *secret)
{
    saf_p11_uri key, own;
    if (!policy->key[0] || saf_p11_uri_parse(&key, policy->key, NULL) != SAF_OK || saf_p11_uri_parse(&own, secret->uri, NULL) != SAF_OK)
        return false;
    if (*key.token && strcmp(key.token, own.token))
        return false;
    if (*key.object && strcmp(key.object, secret->label))
        return false;
    return !key.id_len || (key.id_len == own.id_len && !memcmp(key.id, own.id, key.id_len));
}

static saf_status refuse_needed(const saf_policy *policy, const saf_p11_secret *secret, saf_error *err)
{
    (void)saf_fail(err, SAF_E_CONFLICT, "the policy JWT.%s.%s.SAF signs with the secret key %s", policy->appl, policy->user, secret->uri);
    saf_hint(err, "give the policy another key first (safring policy define --if-exists replace), or add --force");
    return SAF_E_CONFLICT;
}

static saf_status check_policies(saf_store *store, const cli *cli, const saf_p11_secret_list *list, saf_error *err)
{
    OWN(saf_policy_page) page = { 0 };
    SAF_TRY(saf_store_list_policies(&page, store, &cli->who, err));
    for (size_t i = 0; i < page.count; i++)
        for (size_t j = 0; j < list->count; j++)
            if (is_named_by(&page.policies[i], &list->secrets[j]))
                return refuse_needed(&page.policies[i], &list->secrets[j], err);
    return SAF_OK;
}

/* Where there is no store, no policy of it names the key. One that cannot be opened might have such a policy. */
static saf_status check_not_needed(const cli *cli, const saf_p11_secret_list *list, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    char dir[PATH_MAX];
    saf_master_kind kind;
    SAF_TRY(cli_store_dir(cli, dir, sizeof dir, err));
    if (saf_store_read_master_kind(&kind, dir, NULL) == SAF_E_NOT_FOUND)
        return SAF_OK;
    saf_status status = cli_open_store(&store, cli, err);
    if (status == SAF_OK)
        return check_policies(store, cli, list, err);
    saf_hint(err, "whether a policy needs the key cannot be known without the store; --force does not ask");
    return status;
}

/* ---- deleting ---- */

static void say(const cli *cli, const saf_p11_secret_list *list)
{
    json_t *secrets = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const saf_p11_secret *secret = &list->secrets[i];
        cli_say(cli, "%s the secret key \"%s\", sequence %u, check value %s\n", cli->common.dry_run ? "would delete" : "deleted", secret->label,
                secret->sequence, *secret->check_value ? secret->check_value : "------");
        json_array_append_new(secrets, cli_shape_secret(secret));
    }
    json_object_set_new(cli->result, "deleted", secrets);
}

static saf_status find(saf_p11_secret_list *out, saf_p11_session *session, const saf_p11_uri *uri, const secret_delete *args, saf_error *err)
{
    saf_p11_secret one;
    SAF_TRY(saf_p11_list_secrets(out, session, uri, err));
    if (out->count == 1 || (out->count && args->all_versions))
        return SAF_OK;
    saf_status status = saf_p11_find_secret(&one, session, uri, err); /* says what is missing, or which there are */
    if (status == SAF_E_CONFLICT)
        saf_hint(err, "name one by its URI or --sequence; --all-versions deletes them all");
    return status;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const secret_delete *args = args_;
    OWN(cli_secret_token) token = { 0 };
    OWN(saf_p11_secret_list) list = { 0 };
    saf_p11_uri uri;
    SAF_TRY(cli_secret_uri(&uri, &args->name, CLI_SECRET_KEY, err));
    SAF_TRY(cli_open_secret_token(&token, cli, &uri, err));
    SAF_TRY(find(&list, token.session, &uri, args, err));
    if (!args->force)
        SAF_TRY(check_not_needed(cli, &list, err));
    if (!cli->common.dry_run)
        SAF_TRY(saf_p11_destroy_secret(token.session, &uri, args->all_versions ? SAF_P11_ALL_VERSIONS : SAF_P11_ONE_VERSION, err));
    say(cli, &list);
    return SAF_OK;
}

static const cli_option operands[] = {
    CLI_SECRET_OPERAND(secret_delete, name),
    { 0 },
};

static const cli_option options[] = {
    CLI_SECRET_NAME_OPTIONS(secret_delete, name),
    { CLI_FLAG, "all-versions", NULL, "all keys of that label", offsetof(secret_delete, all_versions) },
    { CLI_FLAG, "force", NULL, "although a policy of the store signs with it", offsetof(secret_delete, force) },
    { 0 },
};

const cli_command cli_command_secret_delete = {
    .noun = "secret",
    .verb = "delete",
    .summary = "delete a secret key from a PKCS#11 token",
    .racf = "ICSF CSFPTRD (rule OBJECT); RACDCERT DELTOKEN deletes a whole token",
    .description =
        "Deletes one version of a secret key. A label with several versions is an error that lists them: name one by its URI or --sequence, or say --all-versions. "
        "As with RACDCERT DELETE nobody is asked; what is gone is gone, unless it was wrapped before (secret wrap). Its sequence number is not used again.\n"
        "\n"
        "A key with which a policy of the store signs is deleted only with --force: identity tokens could no longer be signed, nor those that are around be "
        "verified. Other stores and servers are not looked at; a server that is running may go on with the copy in its memory until it starts again.",
    .examples = "safring secret delete --token ZWE.IDT --label transport --pin-source file:pin\n"
                "safring secret delete --token ZWE.IDT --label movable --all-versions --pin-source file:pin",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN | CLI_MUTATES,
    .args_size = sizeof(secret_delete),
    .run = run,
};
