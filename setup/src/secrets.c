/*
 * Passwords: those of zowe.yaml unless they are the well-known ones, else those of an earlier run, else new ones. The last two
 * stand in the secrets file, which is written before anything that is protected by them.
 */
#include "plan.h"

#include <base/fail.h>
#include <base/file.h>
#include <base/random.h>

#include <setup/yaml-tree.h>

#include <ctype.h>
#include <openssl/sha.h>
#include <sys/stat.h>

enum { FILE_MAX = 64 * 1024, NAME_MAX_SHOWN = 64, HASH_SHOWN = 4 };

static const char keystore_key[] = "zowe.certificate.keystore.password";

/* ---- the file's name ---- */

/* A ring's name may have any character; this part is for the reader, the hash tells files apart. */
static void append_harmless(saf_buffer *out, const char *name)
{
    for (size_t i = 0; name[i] && i < NAME_MAX_SHOWN; i++) {
        bool harmless = isalnum((unsigned char)name[i]) || strchr("-_", name[i]) || (name[i] == '.' && i > 0);
        saf_buffer_append(out, saf_bytes_of(harmless ? &name[i] : "_", 1));
    }
}

const char *secrets_file_path(saf_setup_plan *plan, const char *name, const char *what, const char *suffix)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    OWN(saf_buffer) path = { 0 };
    SHA256((const unsigned char *)what, strlen(what), hash);
    saf_buffer_printf(&path, "%s/setup/", plan->options.store_dir);
    append_harmless(&path, name);
    saf_buffer_append_text(&path, "-");
    for (size_t i = 0; i < HASH_SHOWN; i++)
        saf_buffer_printf(&path, "%02x", hash[i]);
    saf_buffer_printf(&path, ".%s", suffix);
    return path.failed ? NULL : text_pool_copy(&plan->texts, saf_buffer_text(&path));
}

static saf_status make_path(saf_setup_plan *plan, saf_error *err)
{
    if (plan_is_ring(plan))
        plan->secrets_path = secrets_file_path(plan, plan->config->keyring.name, plan->names.ring_address, "yaml");
    else
        plan->secrets_path = secrets_file_path(plan, plan->config->pkcs12.name, plan_shown_path(plan, plan->names.keystore), "yaml");
    return plan->secrets_path ? SAF_OK : saf_fail_memory(err);
}

/* ---- what earlier runs left ---- */

static saf_status read_file(saf_yaml_tree **out, const saf_setup_plan *plan, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    if (!saf_file_exists(plan->secrets_path))
        return saf_yaml_parse(out, saf_bytes_of_text(""), plan->secrets_path, err);
    SAF_TRY(saf_file_read(&text, plan->secrets_path, FILE_MAX, err));
    return saf_yaml_parse(out, saf_buffer_bytes(&text), plan->secrets_path, err);
}

static saf_status keep(setup_secret *secret, const saf_yaml_tree *tree, const char *key, saf_error *err)
{
    const char *text = NULL;
    if (secret->origin != SECRET_NONE)
        return SAF_OK;
    SAF_TRY(saf_yaml_get_text(&text, tree, key, err));
    if (!text)
        return SAF_OK;
    secret->origin = SECRET_KEPT;
    return saf_secret_set(&secret->value, saf_bytes_of_text(text), err);
}

saf_status secret_make(setup_secret *secret, saf_error *err)
{
    if (secret->origin != SECRET_NONE)
        return SAF_OK;
    secret->origin = SECRET_MADE;
    return saf_random_password(&secret->value, err);
}

/* ---- what was given ---- */

saf_status secret_give(setup_secret *secret, saf_bytes value, saf_error *err)
{
    if (!value.len)
        return SAF_OK;
    secret->origin = SECRET_GIVEN;
    return saf_secret_set(&secret->value, value, err);
}

static bool is_text(const saf_secret *secret, const char *text)
{
    return secret->len == strlen(text) && (!secret->len || !memcmp(secret->data, text, secret->len));
}

/* Everybody knows Zowe's defaults: they count as no password unless the installer insists. */
static saf_status give_password(setup_secret *secret, const saf_setup_plan *plan, const saf_secret *written,
                                const char *well_known, saf_error *err)
{
    if (!written->len || is_text(written, well_known))
        return plan->options.keep_default_passwords ? secret_give(secret, saf_bytes_of_text(well_known), err) : SAF_OK;
    return secret_give(secret, saf_secret_bytes(written), err);
}

static saf_status settle_passwords(saf_setup_plan *plan, const saf_yaml_tree *file, saf_error *err)
{
    if (plan_is_ring(plan))
        return SAF_OK;
    SAF_TRY(give_password(&plan->keystore_password, plan, &plan->config->pkcs12.password, "password", err));
    SAF_TRY(keep(&plan->keystore_password, file, keystore_key, err));
    SAF_TRY(secret_make(&plan->keystore_password, err));
    SAF_TRY(give_password(&plan->ca_password, plan, &plan->config->pkcs12.ca_password, "local_ca_password", err));
    return plan_makes_certificates(plan) ? ca_password_settle(plan, err) : SAF_OK;
}

saf_status secrets_settle(saf_setup_plan *plan, saf_error *err)
{
    OWN(saf_yaml_tree) *file = NULL;
    SAF_TRY(make_path(plan, err));
    SAF_TRY(read_file(&file, plan, err));
    return settle_passwords(plan, file, err);
}

/* ---- the file ---- */

static saf_status render(saf_buffer *out, const saf_setup_plan *plan, saf_error *err)
{
    saf_yaml_wishes wishes = { plan->wishes, WISHES };
    saf_buffer_append_text(out, "# Passwords that safring setup made, and the block that Zowe's servers need. For nobody else's eyes;\n"
                                "# the next run reads them from here.\n");
    saf_yaml_render(out, &wishes, SAF_YAML_SHOW_ALL);
    return saf_buffer_check(out, err);
}

/* A file that came to be since the plan was made has another run's passwords: what that run protects by them must not be locked out. */
static saf_status write_secrets(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    const char *directory = text_pool_printf(&plan->texts, "%s/setup", plan->options.store_dir);
    SAF_TRY(render(&text, plan, err));
    SAF_TRY(saf_directory_make(directory, 0700, err));
    saf_status status = saf_file_write(step->shown.object, saf_buffer_bytes(&text), 0600,
                                       step->replaces ? SAF_IF_EXISTS_REPLACE : SAF_IF_EXISTS_FAIL, err);
    if (status == SAF_E_EXISTS)
        saf_hint(err, "another run was faster, and its passwords count: run this again");
    return status;
}

static const step_kind secrets_kind = { "secrets-file", false, NULL, write_secrets };

static saf_status is_written(bool *out, const saf_setup_plan *plan, saf_error *err)
{
    struct stat about;
    OWN(saf_buffer) wanted = { 0 };
    OWN(saf_buffer) there = { 0 };
    *out = false;
    if (lstat(plan->secrets_path, &about) != 0 || (about.st_mode & 07777) != 0600)
        return SAF_OK;
    SAF_TRY(render(&wanted, plan, err));
    SAF_TRY(saf_file_read(&there, plan->secrets_path, FILE_MAX, err));
    *out = wanted.len == there.len && !memcmp(wanted.data, there.data, there.len);
    return SAF_OK;
}

saf_status plan_secrets_file(saf_setup_plan *plan, saf_error *err)
{
    bool written;
    if (plan_is_ring(plan)) { /* its only password is a literal */
        plan->secrets_path = "";
        return SAF_OK;
    }
    SAF_TRY(is_written(&written, plan, err));
    const char *text = text_pool_printf(&plan->texts, "keep passwords and the complete zowe.certificate block in %s (mode 0600)",
                                        plan->secrets_path);
    setup_step *step = NULL;
    SAF_TRY(plan_add(&step, plan, &secrets_kind, written ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO, plan->secrets_path, text, err));
    step->replaces = saf_file_exists(plan->secrets_path);
    return SAF_OK;
}
