#include "setup-world.h"

#include <support/scratch.h>

#include <setup/yaml-tree.h>

static void must(saf_status status, const saf_error *err)
{
    if (status != SAF_OK)
        fail_msg("%s (%s)", err->text, err->hint);
}

/* ---- the outside CA, whose files are made once ---- */

static saf_blob external_p12, external_ca;

static void export(saf_blob *out, saf_store *store, const char *owner, const char *label, saf_format format)
{
    saf_principal who = { 0 };
    saf_error err = { 0 };
    OWN(saf_secret) password = { 0 };
    OWN(saf_cert) *cert = world_cert(store, owner, label);
    must(saf_secret_set(&password, saf_bytes_of_text("3xternal"), &err), &err);
    saf_export_request request = { .cert = cert, .format = format, .with_key = format == SAF_FORMAT_P12,
                                   .with_chain = format == SAF_FORMAT_P12, .alias = "ext", 
                                   .password = format == SAF_FORMAT_P12 ? &password : NULL };
    must(saf_cert_export(out, store, &who, &request, &err), &err);
}

static void make_external(void)
{
    OWN(saf_store) *store = NULL;
    saf_error err = { 0 };
    must(saf_store_create("external", NULL, &err), &err);
    must(saf_store_open(&store, "external", NULL, &err), &err);
    world_issue(store, "EXT", "external");
    export(&external_p12, store, "EXT", "external", SAF_FORMAT_P12);
    export(&external_ca, store, "CERTAUTH", "external ca", SAF_FORMAT_PEM);
}

int world_enter(void **state)
{
    if (scratch_enter(state) != 0)
        return -1;
    unsetenv("SOFTHSM2_CONF"); /* the test before had its own */
    if (!external_p12.len)
        make_external();
    return saf_file_write("external.p12", saf_bytes_of(external_p12.data, external_p12.len), 0600, SAF_IF_EXISTS_FAIL, NULL) ||
           saf_file_write("external-ca.pem", saf_bytes_of(external_ca.data, external_ca.len), 0644, SAF_IF_EXISTS_FAIL, NULL);
}

int world_leave(void **state)
{
    return scratch_leave(state);
}

/* ---- an installation ---- */

void world_free(world *w)
{
    saf_zowe_config_free(&w->config);
    saf_secret_free(&w->pin);
    saf_secret_free(&w->so_pin);
}

void world_from_text(world *w, const char *yaml)
{
    saf_error err = { 0 };
    assert_int_equal(scratch_write("zowe.yaml", yaml, 0640), 0);
    saf_zowe_config_free(&w->config);
    must(saf_zowe_config_read(&w->config, saf_bytes_of_text(yaml), "zowe.yaml", &err), &err);
    w->options = (saf_setup_options){ .config = &w->config, .config_path = "zowe.yaml", .root = "root", .store_dir = "store",
                                      .pin = &w->pin, .so_pin = &w->so_pin, .no_idt = true };
}

void world_from_fixture(world *w, const char *name)
{
    OWN(saf_buffer) text = { 0 };
    saf_error err = { 0 };
    char path[512];
    snprintf(path, sizeof path, "%s/%s", ZOWE_FIXTURES, name);
    must(saf_file_read(&text, path, 1 << 20, &err), &err);
    world_from_text(w, saf_buffer_text(&text));
}

saf_setup_plan *world_plan(world *w)
{
    saf_setup_plan *plan = NULL;
    saf_error err = { 0 };
    must(saf_setup_plan_make(&plan, &w->options, &err), &err);
    return plan;
}

void world_expect_refusal(world *w, saf_status status, const char *text)
{
    OWN(saf_setup_plan) *plan = NULL;
    saf_error err = { 0 };
    assert_int_equal(saf_setup_plan_make(&plan, &w->options, &err), status);
    assert_null(plan);
    if (!strstr(err.text, text))
        assert_string_equal(err.text, text);
}

void world_expect_hint(world *w, saf_status status, const char *hint)
{
    OWN(saf_setup_plan) *plan = NULL;
    saf_error err = { 0 };
    assert_int_equal(saf_setup_plan_make(&plan, &w->options, &err), status);
    assert_string_equal(err.hint, hint);
}

void world_change(void (*work)(saf_change *, void *), void *context)
{
    OWN(saf_store) *store = world_store();
    OWN(saf_change) *change = NULL;
    saf_principal who = { 0 };
    assert_int_equal(saf_change_begin(&change, store, &who, NULL), SAF_OK);
    work(change, context);
    assert_int_equal(saf_change_commit(&change, NULL), SAF_OK);
}

void world_apply(world *w)
{
    OWN(saf_setup_plan) *plan = world_plan(w);
    saf_error err = { 0 };
    must(saf_setup_apply(plan, NULL, NULL, &err), &err);
    assert_int_equal(saf_setup_plan_pending(plan), 0);
}

void world_expect_done(world *w)
{
    OWN(saf_setup_plan) *plan = world_plan(w);
    for (size_t i = 0; i < saf_setup_plan_size(plan); i++)
        if (saf_setup_plan_at(plan, i)->state != SAF_STEP_DONE_BEFORE)
            fail_msg("still to do: %s", saf_setup_plan_at(plan, i)->text);
}

const saf_setup_step *world_step(const saf_setup_plan *plan, const char *action, const char *object)
{
    for (size_t i = 0; i < saf_setup_plan_size(plan); i++) {
        const saf_setup_step *step = saf_setup_plan_at(plan, i);
        if (!strcmp(step->action, action) && (!object || !strcmp(step->object, object)))
            return step;
    }
    fail_msg("no step %s %s", action, object ? object : "");
    return NULL;
}

saf_secret world_secret(const world *w, const char *key)
{
    saf_secret secret = { 0 };
    saf_error err = { 0 };
    const char *text = NULL;
    OWN(saf_buffer) file = { 0 };
    OWN(saf_yaml_tree) *tree = NULL;
    OWN(saf_setup_plan) *plan = NULL;
    must(saf_setup_plan_make(&plan, &w->options, &err), &err);
    must(saf_file_read(&file, saf_setup_secrets_path(plan), 1 << 16, &err), &err);
    must(saf_yaml_parse(&tree, saf_buffer_bytes(&file), "secrets", &err), &err);
    must(saf_yaml_get_text(&text, tree, key, &err), &err);
    assert_non_null(text);
    must(saf_secret_set(&secret, saf_bytes_of_text(text), &err), &err);
    return secret;
}

saf_store *world_store(void)
{
    saf_store *store = NULL;
    saf_error err = { 0 };
    must(saf_store_open(&store, "store", NULL, &err), &err);
    return store;
}

saf_cert *world_cert(saf_store *store, const char *owner, const char *label)
{
    saf_cert *cert = NULL;
    saf_error err = { 0 };
    saf_principal who = { 0 };
    must(saf_store_find_cert(&cert, store, &who, owner, label, &err), &err);
    return cert;
}

void world_issue(saf_store *store, const char *owner, const char *name)
{
    OWN(EVP_PKEY) *ca_key = EVP_EC_gen("P-256");
    OWN(EVP_PKEY) *key = EVP_EC_gen("P-256");
    OWN(saf_change) *change = NULL;
    saf_principal who = { 0 };
    saf_error err = { 0 };
    char ca_label[64], ca_subject[64], subject[64];
    snprintf(ca_label, sizeof ca_label, "%s ca", name);
    snprintf(ca_subject, sizeof ca_subject, "CN=%s ca", name);
    snprintf(subject, sizeof subject, "CN=%s", name);
    saf_issue_request ca = { .owner = "CERTAUTH", .label = ca_label, .profile = SAF_PROFILE_CA, .subject = ca_subject,
                             .key = ca_key, .path_len = -1 };
    saf_issue_request leaf = { .owner = owner, .label = name, .profile = SAF_PROFILE_ZOWE, .subject = subject,
                               .san = "dns:ext.example.com", .key = key, .signer_owner = "CERTAUTH",
                               .signer_label = ca_label, .path_len = -1 };
    must(saf_change_begin(&change, store, &who, &err), &err);
    must(saf_cert_issue(NULL, change, &ca, &err), &err);
    must(saf_cert_issue(NULL, change, &leaf, &err), &err);
    must(saf_change_commit(&change, &err), &err);
}

saf_bundle *world_bundle(const char *path, const saf_secret *password, const char *alias)
{
    OWN(saf_buffer) content = { 0 };
    saf_bundle *bundle = NULL;
    saf_error err = { 0 };
    must(saf_file_read(&content, path, 1 << 20, &err), &err);
    must(saf_bundle_read(&bundle, saf_buffer_bytes(&content), password, alias, path, &err), &err);
    return bundle;
}

mode_t world_mode(const char *path)
{
    struct stat about;
    assert_int_equal(lstat(path, &about), 0);
    return about.st_mode & 07777;
}
