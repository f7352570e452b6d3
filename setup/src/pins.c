/*
 * Secrets that several zowe.yaml may share: the PINs of the PKCS#11 token, and the password of the CA's keystore. Those that were given, else those of an
 * earlier run, else new ones. The last two stand in files of their own, named after what they open and written before it is made, so that they
 * serve as file: sources and every run finds them.
 */
#include "plan.h"

#include <base/fail.h>
#include <base/file.h>

#include <sys/stat.h>

/* A token's name has no character that a file's may not (ICSF's grammar, checked before). */
static const char *path_of(saf_setup_plan *plan, const char *suffix)
{
    return text_pool_printf(&plan->texts, "%s/setup/%s.%s", plan->options.store_dir, plan->idt.token, suffix);
}

static saf_status keep(setup_secret *secret, const char *path, saf_error *err)
{
    OWN(saf_buffer) source = { 0 };
    if (secret->origin != SECRET_NONE || !saf_file_exists(path))
        return SAF_OK;
    saf_buffer_printf(&source, "file:%s", path);
    SAF_TRY(saf_buffer_check(&source, err));
    secret->origin = SECRET_KEPT;
    return saf_secret_from_source(&secret->value, saf_buffer_text(&source), err);
}

static saf_status settle(setup_secret *pin, const saf_secret *given, const char *path, saf_error *err)
{
    if (given)
        SAF_TRY(secret_give(pin, saf_secret_bytes(given), err));
    SAF_TRY(keep(pin, path, err));
    return secret_make(pin, err);
}

saf_status pins_settle(saf_setup_plan *plan, saf_error *err)
{
    plan->pin_path = path_of(plan, "pin");
    plan->so_pin_path = path_of(plan, "so-pin");
    SAF_TRY(settle(&plan->pin, plan->options.pin, plan->pin_path, err));
    return settle(&plan->so_pin, plan->options.so_pin, plan->so_pin_path, err);
}

saf_status ca_password_settle(saf_setup_plan *plan, saf_error *err)
{
    plan->ca_password_path = secrets_file_path(plan, plan->config->pkcs12.ca_alias, plan_shown_path(plan, plan->names.ca_keystore), "password");
    if (!plan->ca_password_path)
        return saf_fail_memory(err);
    SAF_TRY(keep(&plan->ca_password, plan->ca_password_path, err));
    return secret_make(&plan->ca_password, err);
}

static const setup_secret *secret_in(const saf_setup_plan *plan, const char *path)
{
    if (!strcmp(path, plan->ca_password_path))
        return &plan->ca_password;
    return !strcmp(path, plan->pin_path) ? &plan->pin : &plan->so_pin;
}

/* A file that came to be since the plan was made has another run's secret, and that run makes with it what it opens. */
static saf_status write_pin(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    const setup_secret *pin = secret_in(plan, step->shown.object);
    const char *directory = text_pool_printf(&plan->texts, "%s/setup", plan->options.store_dir);
    SAF_TRY(saf_directory_make(directory, 0700, err));
    saf_if_exists if_exists = pin->origin == SECRET_KEPT ? SAF_IF_EXISTS_REPLACE : SAF_IF_EXISTS_FAIL; /* for its mode alone */
    saf_status status = saf_file_write(step->shown.object, saf_secret_bytes(&pin->value), 0600, if_exists, err);
    if (status == SAF_E_EXISTS)
        saf_hint(err, "another run was faster, and its secret counts: run this again");
    return status;
}

static const step_kind pin_kind = { "pin-file", false, NULL, write_pin };
static const step_kind password_kind = { "secrets-file", false, NULL, write_pin };

static bool is_private(const char *path)
{
    struct stat about;
    return !lstat(path, &about) && (about.st_mode & 07777) == 0600;
}

static saf_status plan_secret(saf_setup_plan *plan, const step_kind *kind, const setup_secret *pin, const char *path, const char *what,
                              saf_error *err)
{
    if (pin->origin != SECRET_MADE && pin->origin != SECRET_KEPT)
        return SAF_OK;
    saf_step_state state = pin->origin == SECRET_KEPT && is_private(path) ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO;
    const char *text = text_pool_printf(&plan->texts, "keep %s in %s (mode 0600)", what, path);
    return plan_add(NULL, plan, kind, state, path, text, err);
}

saf_status plan_pin_files(saf_setup_plan *plan, saf_error *err)
{
    SAF_TRY(plan_secret(plan, &password_kind, &plan->ca_password, plan->ca_password_path, "the password of the CA's keystore", err));
    if (plan->options.no_idt)
        return SAF_OK;
    const char *user = text_pool_printf(&plan->texts, "the user's PIN of token %s", plan->idt.token);
    const char *officer = text_pool_printf(&plan->texts, "the security officer's PIN of token %s", plan->idt.token);
    SAF_TRY(plan_secret(plan, &pin_kind, &plan->pin, plan->pin_path, user, err));
    return plan_secret(plan, &pin_kind, &plan->so_pin, plan->so_pin_path, officer, err);
}
