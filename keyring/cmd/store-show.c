/** @file safring store show */
#include <cli/cli.h>

#include <base/clock.h>
#include <base/fail.h>

static void put_counts(const cli *cli, const saf_store_info *info)
{
    json_object_set_new(cli->result, "certificates", json_integer((json_int_t)info->certificates));
    json_object_set_new(cli->result, "rings", json_integer((json_int_t)info->rings));
    json_object_set_new(cli->result, "policies", json_integer((json_int_t)info->policies));
    json_object_set_new(cli->result, "audit_records", json_integer((json_int_t)info->audit_records));
}

static saf_status show_module(const cli *cli, const saf_store *store, saf_error *err)
{
    char module[SAF_MODULE_MAX + 1];
    saf_status status = saf_store_read_module(module, saf_store_dir(store), err);
    if (status == SAF_E_DENIED) /* set, but not for this user */
        return SAF_OK;
    if (status != SAF_OK)
        return status;
    if (*module)
        cli_say(cli, "module       %s\n", module);
    json_object_set_new(cli->result, "module", *module ? cli_text(module) : json_null());
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    saf_store_info info;
    char created[SAF_TIME_TEXT_SIZE];
    (void)args;
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_describe(&info, store, &cli->who, err));

    const char *master = saf_master_kind_name(info.master);
    saf_time_format(created, info.created);
    cli_say(cli,
            "store        %s\nid           %s\nschema       %u\nmaster key   %s\ncreated      %s\n"
            "certificates %llu\nrings        %llu\npolicies     %llu\naudit        %llu records\n",
            saf_store_dir(store), info.id, info.schema, master, created, (unsigned long long)info.certificates,
            (unsigned long long)info.rings, (unsigned long long)info.policies, (unsigned long long)info.audit_records);
    json_object_update_new(cli->result,
                           json_pack("{s:s,s:s,s:i,s:s,s:s}", "store", saf_store_dir(store), "id", info.id, "schema",
                                     (int)info.schema, "master_key", master, "created", created));
    put_counts(cli, &info);
    return show_module(cli, store, err);
}

const cli_command cli_command_store_show = {
    .noun = "store",
    .verb = "show",
    .summary = "show where the store is and how much it holds",
    .description = "Prints the store's directory, its random id, the kind of its master key, and how many certificates, rings, policies and "
                   "audit records it holds.",
    .examples = "safring store show",
    .groups = CLI_STORE,
    .run = run,
};
