/*
 * The PINs of the PKCS#11 token: those that were given, else those of an earlier run, else new ones. The last two stand in files of their own, named after
 * the token and written before it is made, so that they serve as file: sources and every zowe.yaml that shares the token finds them.
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

/* A file that came to be since the plan was made has another run's PIN, and that run makes the token with it. */
static saf_status write_pin(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    const setup_secret *pin = !strcmp(step->shown.object, plan->pin_path) ? &plan->pin : &plan->so_pin;
    const char *directory = text_pool_printf(&plan->texts, "%s/setup", plan->options.store_dir);
    SAF_TRY(saf_directory_make(directory, 0700, err));
    saf_status status = saf_file_write(step->shown.object, saf_secret_bytes(&pin->value), 0600, SAF_IF_EXISTS_FAIL, err);
    if (status == SAF_E_EXISTS)
        saf_hint(err, "another run was faster, and its PIN counts: run this again");
    return status;
}

static const step_kind pin_kind = { "pin-file", false, NULL, write_pin };

static saf_status plan_pin_file(saf_setup_plan *plan, const setup_secret *pin, const char *path, const char *whose, saf_error *err)
{
    if (pin->origin != SECRET_MADE && pin->origin != SECRET_KEPT)
        return SAF_OK;
    saf_step_state state = pin->origin == SECRET_KEPT ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO;
    const char *text = text_pool_printf(&plan->texts, "keep the %s PIN of token %s in %s (mode 0600)", whose, plan->idt.token, path);
    return plan_add(NULL, plan, &pin_kind, state, path, text, err);
}

saf_status plan_pin_files(saf_setup_plan *plan, saf_error *err)
{
    if (plan->options.no_idt)
        return SAF_OK;
    SAF_TRY(plan_pin_file(plan, &plan->pin, plan->pin_path, "user's", err));
    return plan_pin_file(plan, &plan->so_pin, plan->so_pin_path, "security officer's", err);
}
