/** @file The store, the module and the secrets that verbs open. */
#include <cli/cli.h>

#include <base/fail.h>
#include <base/shell.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

saf_status cli_store_dir(const cli *cli, char *out, size_t out_cap, saf_error *err)
{
    if (!cli->common.store)
        return saf_store_default_dir(out, out_cap, err);
    if (strlen(cli->common.store) >= out_cap)
        return saf_fail(err, SAF_E_USAGE, "--store is too long");
    memcpy(out, cli->common.store, strlen(cli->common.store) + 1);
    return SAF_OK;
}

/* The source is read once: a descriptor gives its secret a single time, and a store may be made and then opened. */
saf_status cli_store_options(saf_store_options *out, const cli *cli, saf_error *err)
{
    *out = (saf_store_options){ .token = &cli->store_token };
    if (!cli->common.store_secret_source)
        return SAF_OK;
    if (!cli->store_passphrase->len)
        SAF_TRY(saf_secret_from_source(cli->store_passphrase, cli->common.store_secret_source, err));
    out->passphrase = cli->store_passphrase;
    return SAF_OK;
}

saf_status cli_open_store(saf_store **out, const cli *cli, saf_error *err)
{
    char dir[PATH_MAX];
    saf_store_options options;
    SAF_TRY(cli_store_dir(cli, dir, sizeof dir, err));
    SAF_TRY(cli_store_options(&options, cli, err));
    return saf_store_open(out, dir, &options, err);
}

/* A slip in --store must not make a whole tree; the default's may be missing on a new machine. */
static saf_status check_parent(const cli *cli, const char *dir, saf_error *err)
{
    char parent[PATH_MAX];
    const char *home = getenv("SAFRING_HOME");
    size_t len = strlen(dir);
    if (!cli->common.store && !(home && *home))
        return SAF_OK;
    while (len > 1 && dir[len - 1] == '/')
        len--;
    while (len > 0 && dir[len - 1] != '/')
        len--;
    snprintf(parent, sizeof parent, "%.*s", len ? (int)len : 1, len ? dir : ".");
    if (saf_file_exists(parent))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "there is no store in %s, and none is made: there is no directory %s", dir, parent);
    saf_hint(err, "if that is its name: safring store init --store %s", saf_shell_quote(dir).text);
    return status;
}

static saf_status make_store(const cli *cli, const char *dir, const saf_store_options *options, saf_error *err)
{
    if (cli->common.dry_run) {
        (void)saf_fail(err, SAF_E_NOT_FOUND, "there is no store in %s, and a dry run makes none", dir);
        saf_hint(err, "safring store init --store %s", saf_shell_quote(dir).text);
        return SAF_E_NOT_FOUND;
    }
    SAF_TRY(check_parent(cli, dir, err));
    saf_status status = saf_store_create(dir, options, err);
    if (status == SAF_E_EXISTS) /* another process was faster */
        return SAF_OK;
    if (status == SAF_OK)
        cli_note(cli, "made the store %s, its master key in %s", dir,
                 options->passphrase ? "your passphrase" : "a file beside it (see safring-store-init(1))");
    return status;
}

saf_status cli_open_store_to_change(saf_store **out, const cli *cli, saf_error *err)
{
    char dir[PATH_MAX];
    saf_store_options options;
    SAF_TRY(cli_store_dir(cli, dir, sizeof dir, err));
    SAF_TRY(cli_store_options(&options, cli, err));
    saf_status status = saf_store_open(out, dir, &options, err);
    if (status != SAF_E_NOT_FOUND)
        return status;
    SAF_TRY(make_store(cli, dir, &options, err));
    return saf_store_open(out, dir, &options, err);
}

void cli_say_unpublished(const cli *cli, unsigned count, const saf_error *why)
{
    if (!count)
        return;
    cli_note(cli, "%u publication%s could not be written or removed: %s", count, count == 1 ? "" : "s", why->text);
    if (why->hint[0])
        cli_note(cli, "hint: %s", why->hint);
    cli_note(cli, "it is tried again at the next change, and by: safring ring publish --due");
}

void cli_warn_unpublished(const cli *cli, const saf_store *store)
{
    saf_error why = { 0 };
    cli_say_unpublished(cli, saf_store_unpublished(store, &why), &why);
}

saf_status cli_commit(const cli *cli, saf_change **change, saf_error *err)
{
    const saf_store *store = saf_change_store(*change);
    SAF_TRY(saf_change_commit(change, err));
    cli_warn_unpublished(cli, store);
    return SAF_OK;
}

saf_status cli_end_change(const cli *cli, saf_change **change, saf_error *err)
{
    if (!cli->common.dry_run)
        return cli_commit(cli, change, err);
    saf_change_abandon(change);
    cli_say(cli, "dry run: nothing was changed\n");
    return SAF_OK;
}

saf_status cli_begin_rehearsal(saf_change **out, const cli *cli, saf_store *store, saf_error *err)
{
    if (!cli->common.dry_run)
        return SAF_OK;
    saf_status status = saf_change_begin(out, store, &cli->who, err);
    return status == SAF_E_UNSUPPORTED ? SAF_OK : status;
}

static saf_status give_pin(void *context, const saf_p11_token *token, saf_secret *pin, saf_error *err)
{
    return cli_read_pin(pin, context, token->label, err);
}

/* Distributions' SoftHSM needs no trial, which would cost more than most verbs. */
static unsigned probe_ms_of(const char *module)
{
    enum { PROBE_MS = 10000 };
    return module || getenv("SAFRING_PKCS11_MODULE") ? PROBE_MS : 0;
}

saf_status cli_module(const char **out, char room[SAF_MODULE_MAX + 1], const cli *cli, saf_error *err)
{
    char dir[PATH_MAX];
    *room = '\0';
    *out = cli->common.module;
    if (*out || getenv("SAFRING_PKCS11_MODULE"))
        return SAF_OK;
    SAF_TRY(cli_store_dir(cli, dir, sizeof dir, err));
    saf_status status = saf_store_read_module(room, dir, err);
    if (status != SAF_OK && status != SAF_E_NOT_FOUND)
        return status;
    *out = *room ? room : NULL;
    return SAF_OK;
}

/* Nobody said which module or which of SoftHSM's configurations: then it is the store's, never the system's, whose tokens are for everybody. */
static bool is_softhsm_of_store(const char *module)
{
    return !module && !getenv("SAFRING_PKCS11_MODULE") && !getenv("SOFTHSM2_CONF");
}

static saf_status refuse_missing_tokens(const char *dir, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "there is no store in %s, and so are no tokens", dir);
    saf_hint(err, "make one with: safring store init; or name SoftHSM's configuration in SOFTHSM2_CONF, or a module with --module");
    return status;
}

saf_status cli_open_p11(saf_p11 **out, const cli *cli, saf_error *err)
{
    char dir[PATH_MAX - 32], conf[PATH_MAX], room[SAF_MODULE_MAX + 1];
    const char *module;
    bool was_moved;
    SAF_TRY(cli_store_dir(cli, dir, sizeof dir, err));
    SAF_TRY(saf_store_settle_tokens(&was_moved, dir, err));
    if (was_moved)
        cli_note(cli, "%s/softhsm2.conf was missing, or named the tokens of another directory; it names those in %s/tokens now", dir, dir);
    SAF_TRY(cli_module(&module, room, cli, err));
    snprintf(conf, sizeof conf, "%s/softhsm2.conf", dir);
    bool has_conf = saf_file_exists(conf);
    if (!has_conf && is_softhsm_of_store(module))
        return refuse_missing_tokens(dir, err);
    saf_p11_options options = { .module = module, .softhsm_conf = has_conf ? conf : NULL,
                                .pin = give_pin, .pin_context = (void *)(uintptr_t)cli, .probe_ms = probe_ms_of(module) };
    return saf_p11_open(out, &options, err);
}

/* ---- secrets ---- */

static saf_status ask(saf_secret *out, const char *prompt, saf_error *err)
{
    char line[1024];
    int read = EVP_read_pw_string(line, sizeof line, prompt, 0);
    saf_status status = read ? saf_fail(err, SAF_E_DENIED, "nothing was entered")
                             : saf_secret_set(out, saf_bytes_of_text(line), err);
    OPENSSL_cleanse(line, sizeof line);
    return status;
}

static saf_status ask_twice(saf_secret *out, const char *prompt, saf_error *err)
{
    OWN(saf_secret) again = { 0 };
    SAF_TRY(ask(out, prompt, err));
    SAF_TRY(ask(&again, "Again: ", err));
    if (!saf_secret_equal(out, &again))
        return saf_fail(err, SAF_E_DENIED, "the two entries differ");
    return SAF_OK;
}

saf_status cli_read_secret(saf_secret *out, const char *source, const char *option, const char *prompt, cli_prompt how,
                           saf_error *err)
{
    if (source)
        return saf_secret_from_source(out, source, err);
    if (isatty(STDIN_FILENO))
        return how == CLI_PROMPT_TWICE ? ask_twice(out, prompt, err) : ask(out, prompt, err);
    (void)saf_fail(err, SAF_E_DENIED, "no --%s, and no terminal to ask at", option);
    saf_hint(err, "--%s file:PATH, fd:N, env:NAME or cred:NAME", option);
    return SAF_E_DENIED;
}

void cli_warn_short(const cli *cli, const saf_secret *passphrase)
{
    if (passphrase->len >= SAF_PASSPHRASE_MIN && passphrase->len < SAF_PASSPHRASE_SHORT)
        cli_note(cli, "the passphrase has %zu bytes: who has a copy of the store can try such short ones one after another", passphrase->len);
}

saf_status cli_read_pin(saf_secret *out, const cli *cli, const char *token, saf_error *err)
{
    char prompt[80];
    snprintf(prompt, sizeof prompt, "PIN of token %s: ", token);
    if (!cli->common.pin_source)
        return cli_read_secret(out, NULL, "pin-source", prompt, CLI_PROMPT_ONCE, err);
    if (!cli->pin->len)
        SAF_TRY(saf_secret_from_source(cli->pin, cli->common.pin_source, err));
    return saf_secret_set(out, saf_secret_bytes(cli->pin), err);
}
