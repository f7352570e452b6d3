/** @file safring policy define */
#include <cli/cli.h>

#include <base/fail.h>

#include <safring/issuer.h>

#include <string.h>

typedef struct policy_define {
    const char *appl, *user, *alg, *key, *kid;
    int key_use, if_exists;
    unsigned timeout_min;
    bool any_appl;
} policy_define;

enum { IF_EXISTS_FAIL, IF_EXISTS_KEEP, IF_EXISTS_REPLACE };

static const saf_key_use key_use_values[] = { SAF_KEY_USE_TOKEN, SAF_KEY_USE_DERIVED, SAF_KEY_USE_MEMORY };

static saf_status copy_text(char *out, size_t out_cap, const char *text, const char *option, saf_error *err)
{
    if (strlen(text) >= out_cap)
        return saf_fail(err, SAF_E_USAGE, "--%s is longer than %zu bytes", option, out_cap - 1);
    memcpy(out, text, strlen(text) + 1);
    return SAF_OK;
}

/* A URI that cannot be read, or an algorithm that does not exist, shows here and not at the first logon. */
static saf_status check_key(const policy_define *args, saf_error *err)
{
    saf_idt_alg alg;
    saf_p11_uri uri;
    saf_ring_address address;
    SAF_TRY(saf_idt_alg_parse(&alg, args->alg, err));
    if (!strncmp(args->key, "pkcs11:", 7)) {
        SAF_TRY(saf_p11_uri_parse(&uri, args->key, err));
        return uri.token[0] || uri.serial[0] ? SAF_OK : saf_fail(err, SAF_E_USAGE, "--key names no token: %s", args->key);
    }
    if (strncmp(args->key, "safkeyring", 10))
        return saf_fail(err, SAF_E_USAGE, "--key is a pkcs11: URI or safkeyring://OWNER/RING[&LABEL]");
    return saf_ring_address_parse(&address, args->key, err);
}

static saf_status build(saf_policy *policy, const policy_define *args, saf_error *err)
{
    *policy = (saf_policy){ .key_use = key_use_values[args->key_use], .timeout_min = args->timeout_min,
                            .any_appl = args->any_appl };
    SAF_TRY(copy_text(policy->appl, sizeof policy->appl, args->appl, "appl", err));
    SAF_TRY(copy_text(policy->user, sizeof policy->user, args->user, "user", err));
    SAF_TRY(copy_text(policy->alg, sizeof policy->alg, args->alg, "alg", err));
    SAF_TRY(copy_text(policy->key, sizeof policy->key, args->key, "key", err));
    if (args->kid)
        SAF_TRY(copy_text(policy->kid, sizeof policy->kid, args->kid, "kid", err));
    SAF_TRY(check_key(args, err));
    return saf_policy_check(policy, err);
}

static saf_status put(bool *made, saf_change *change, const saf_policy *policy, int if_exists, saf_error *err)
{
    saf_status status = if_exists == IF_EXISTS_REPLACE ? saf_store_put_policy(change, policy, err)
                                                       : saf_store_add_policy(change, policy, err);
    *made = status == SAF_OK;
    return status == SAF_E_EXISTS && if_exists == IF_EXISTS_KEEP ? SAF_OK : status;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const policy_define *args = args_;
    OWN(saf_store) *store = NULL;
    OWN(saf_change) *change = NULL;
    saf_policy policy;
    bool made = false;
    SAF_TRY(build(&policy, args, err));
    SAF_TRY(cli_open_store_to_change(&store, cli, err));
    SAF_TRY(saf_change_begin(&change, store, &cli->who, err));
    SAF_TRY(put(&made, change, &policy, args->if_exists, err));
    if (made)
        SAF_TRY(saf_issuer_check_policy(store, &policy, err));
    SAF_TRY(saf_store_find_policy(&policy, store, &cli->who, policy.appl, policy.user, err));
    const char *what = !made ? "there already:" : cli->common.dry_run ? "would define" : "defined";
    cli_say(cli, "%s JWT.%s.%s.SAF: %s, %u minutes, key %s\n", what, policy.appl, policy.user,
            policy.alg, policy.timeout_min, policy.key);
    json_object_update_new(cli->result, cli_shape_policy(&policy));
    json_object_set_new(cli->result, "made", json_boolean(made && !cli->common.dry_run));
    return cli_end_change(cli, &change, err);
}

static const char *const key_uses[] = { "token", "derived", "memory", NULL };
static const char *const if_exists[] = { "fail", "keep", "replace", NULL };

static const cli_option options[] = {
    { CLI_TEXT, "appl", "NAME", "the application, 1-8 characters; % stands for one character, * for any",
      offsetof(policy_define, appl), .required = true },
    { CLI_TEXT, "user", "USER", "the user ID, with the same generic characters", offsetof(policy_define, user),
      .required = true },
    { CLI_TEXT, "alg", "ALG", "HS256, HS384, HS512, RS256 to RS512, PS256 to PS512, ES256 to ES512 or EdDSA",
      offsetof(policy_define, alg), .required = true },
    { CLI_TEXT, "key", "URI", "the key: pkcs11:token=...;object=...;type=secret-key, or safkeyring://OWNER/RING[&LABEL]",
      offsetof(policy_define, key), .required = true },
    { CLI_TEXT, "kid", "ID", "a key id for the header, 1-64 characters, 1-56 with --key-use derived; default none", offsetof(policy_define, kid) },
    { CLI_CHOICE, "key-use", "WAY", "how a key in a token is used, as above", offsetof(policy_define, key_use), .choices = key_uses },
    { CLI_NUMBER, "timeout-min", "N", "how long a token is valid, 1 to 1440 minutes, to 720 with --key-use derived; default 5",
      offsetof(policy_define, timeout_min), .min = 1, .max = 1440, .initial = 5 },
    { CLI_FLAG, "any-appl", NULL, "other applications may accept the token too", offsetof(policy_define, any_appl) },
    { CLI_CHOICE, "if-exists", "WHAT", "what to do when there is such a policy", offsetof(policy_define, if_exists),
      .choices = if_exists },
    { 0 },
};

const cli_command cli_command_policy_define = {
    .noun = "policy",
    .verb = "define",
    .summary = "say how identity tokens of an application are signed",
    .racf = "RDEFINE IDTDATA JWT.appl.user.SAF IDTPARMS(SIGTOKEN SIGALG IDTTIMEOUT ANYAPPL)",
    .description =
        "Defines the policy JWT.APPL.USER.SAF: algorithm, key and lifetime of the identity tokens of these users at these applications. When a token "
        "is made or verified, the most specific policy that covers application and user is used; without one there are no tokens.\n"
        "\n"
        "There are three ways to use a secret key (HS256, HS384, HS512) in a token:\n"
        "\n"
        "With --key-use token every signature is made in the token, also to verify. Who gets into a server can have tokens made while he is there, and takes "
        "no key away. Each costs a call of the token, and without the token nothing goes. (SoftHSM is no place apart: its keys are in the server's memory.)\n"
        "\n"
        "With --key-use derived the token makes one key for each day (UTC) from a master that it keeps: HMAC over a fixed label, the key's URI, the algorithm and "
        "the day. That key signs in the server's memory, and the day is in the kid, after the policy's and a dot. Who reads that memory can forge tokens until the "
        "day is over and what was made then has ended, and knows nothing of the master or of other days; in the last ten minutes of a day the next day's key is "
        "there already. A token that is away is missed at midnight only. With SoftHSM one thread signs 15 to 29 times, and verifies 11 to 18 times, as fast as with token. The master must "
        "not be readable (secret generate makes it so), and no policy may use it in another way; a kid of any day but today and its neighbours is refused without asking the token.\n"
        "\n"
        "With --key-use memory the key itself is read once and signs in the server's memory, as fast as with derived; it has to be one that secret generate "
        "--extractable yes made. Who reads that memory, or has the PIN, has the key, until it is replaced. It is for keys that others must have as well. A server "
        "goes on with the key when the token is away, or the key destroyed, until it begins anew or policies change.\n"
        "\n"
        "The private key of a pair in a token always signs there; one that a ring has from the store always signs in memory.",
    .examples = "safring policy define --appl ZOWEAPPL --user '*' --alg HS512 "
                "--key 'pkcs11:token=ZWE.IDT;object=jwtsecret;type=secret-key' --timeout-min 5\n"
                "safring policy define --appl ZOSMF --user '*' --alg HS512 "
                "--key 'pkcs11:token=ZWE.IDT;object=jwtmaster;type=secret-key' --key-use derived --kid zosmf\n"
                "safring policy define --appl PARTNER --user '*' --alg HS256 "
                "--key 'pkcs11:token=ZWE.IDT;object=shared;type=secret-key' --key-use memory",
    .options = options,
    .groups = CLI_STORE | CLI_MUTATES,
    .args_size = sizeof(policy_define),
    .run = run,
};
