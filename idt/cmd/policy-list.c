/** @file safring policy list */
#include <cli/cli.h>

#include <base/fail.h>

static saf_status run(cli *cli, const void *args, saf_error *err)
{
    OWN(saf_store) *store = NULL;
    OWN(saf_policy_page) page = { 0 };
    json_t *policies = json_array();
    (void)args;
    json_object_set_new(cli->result, "policies", policies);
    SAF_TRY(cli_open_store(&store, cli, err));
    SAF_TRY(saf_store_list_policies(&page, store, &cli->who, err));
    for (size_t i = 0; i < page.count; i++) {
        const saf_policy *policy = &page.policies[i];
        cli_say(cli, "JWT.%s.%s.SAF  %s  %u min%s  %s\n", policy->appl, policy->user, policy->alg, policy->timeout_min,
                policy->any_appl ? "  any appl" : "", policy->key);
        json_array_append_new(policies, cli_shape_policy(policy));
    }
    return SAF_OK;
}

const cli_command cli_command_policy_list = {
    .noun = "policy",
    .verb = "list",
    .summary = "list identity token policies",
    .racf = "RLIST IDTDATA * IDTPARMS",
    .description = "Lists the policies by which identity tokens are signed and verified.",
    .examples = "safring policy list --json",
    .groups = CLI_STORE,
    .run = run,
};
