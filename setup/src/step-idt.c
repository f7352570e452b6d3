/* What identity tokens need: a PKCS#11 token, a secret key in it (ZWESECKG), and the policy that names the key. */
#include "plan.h"

#include <base/fail.h>
#include <base/file.h>

enum { SECRET_LEN = 64 /* HS512, RFC 7518 3.2 */, TIMEOUT_MIN = 5 };

static const char alg[] = "HS512";
static const char any_user[] = "*";

/* ---- the module ---- */

/* NULL: SoftHSM where distributions put it. */
static const char *named_module(const saf_setup_plan *plan)
{
    const saf_p11_options *p11 = plan->options.p11_options;
    return p11 && p11->module ? p11->module : secure_getenv("SAFRING_PKCS11_MODULE");
}

static bool is_softhsm(const char *module)
{
    return !module || strstr(module, "softhsm");
}

/* Before the store is made, its SoftHSM has no configuration, and so no token either. A module that is not there is better found
 * missing now than after everything else has been made. */
static bool can_look(const saf_setup_plan *plan)
{
    const char *module = named_module(plan);
    return getenv("SOFTHSM2_CONF") || !is_softhsm(module) || saf_file_exists(plan->idt.softhsm_conf) ||
           (module && !saf_file_exists(module));
}

static saf_status open_module(saf_p11 **out, const saf_setup_plan *plan, saf_error *err)
{
    saf_p11_options options = plan->options.p11_options ? *plan->options.p11_options : (saf_p11_options){ 0 };
    options.softhsm_conf = saf_file_exists(plan->idt.softhsm_conf) ? plan->idt.softhsm_conf : NULL;
    return saf_p11_open(out, &options, err);
}

static saf_p11_uri token_uri(const saf_setup_plan *plan)
{
    saf_p11_uri uri = { 0 };
    snprintf(uri.token, sizeof uri.token, "%s", plan->idt.token);
    return uri;
}

static saf_p11_uri secret_uri(const saf_setup_plan *plan)
{
    saf_p11_uri uri = token_uri(plan);
    snprintf(uri.object, sizeof uri.object, "%s", plan->idt.label);
    uri.type = SAF_P11_SECRET_KEY;
    return uri;
}

void idt_close(saf_setup_plan *plan)
{
    saf_p11_logout(&plan->idt.session);
    saf_p11_close(&plan->idt.p11);
}

/* ---- looking ---- */

static saf_policy wanted_policy(const saf_setup_plan *plan)
{
    saf_policy policy = { .key_use = SAF_KEY_USE_TOKEN, .timeout_min = TIMEOUT_MIN };
    snprintf(policy.appl, sizeof policy.appl, "%s", plan->idt.appl);
    snprintf(policy.user, sizeof policy.user, "%s", any_user);
    snprintf(policy.alg, sizeof policy.alg, "%s", alg);
    snprintf(policy.key, sizeof policy.key, "%s", plan->idt.secret_uri);
    return policy;
}

static saf_status name_appl(saf_setup_plan *plan, saf_error *err)
{
    const char *appl = plan->options.appl ? plan->options.appl : "ZOWEAPPL";
    if (!*appl || strlen(appl) > SAF_APPL_MAX)
        return saf_fail(err, SAF_E_USAGE, "\"%s\" is not the name of an application: it has 1 to %d characters", appl, SAF_APPL_MAX);
    plan->idt.appl = appl;
    return SAF_OK;
}

static saf_status name_idt(saf_setup_plan *plan, saf_error *err)
{
    const saf_p11_options *p11 = plan->options.p11_options;
    plan->idt.token = plan->options.token ? plan->options.token : "ZWE.IDT";
    plan->idt.label = plan->options.secret_label ? plan->options.secret_label : "jwtsecret";
    plan->idt.secret_uri = "";
    plan->idt.softhsm_conf = p11 && p11->softhsm_conf
                                 ? p11->softhsm_conf
                                 : text_pool_printf(&plan->texts, "%s/softhsm2.conf", plan->options.store_dir);
    if (!*plan->idt.label || strlen(plan->idt.label) > SAF_P11_OBJECT_MAX)
        return saf_fail(err, SAF_E_USAGE, "the label of a secret key has 1 to %d characters", SAF_P11_OBJECT_MAX);
    SAF_TRY(name_appl(plan, err));
    return saf_p11_token_name_check(plan->idt.token, err);
}

/* *out stays empty when there is none. */
static saf_status find_policy(saf_policy *out, const saf_setup_plan *plan, saf_error *err)
{
    saf_error own = { 0 };
    if (!plan->store)
        return SAF_OK;
    saf_status status = saf_store_find_policy(out, plan->store, &plan->who, plan->idt.appl, any_user, &own);
    if (status == SAF_OK || status == SAF_E_NOT_FOUND)
        return SAF_OK;
    if (err)
        *err = own;
    return status;
}

/* Of an earlier run, whatever lifetime it has been given since; not somebody's own with another key. */
static saf_status check_policy(const saf_setup_plan *plan, const saf_policy *policy, saf_error *err)
{
    saf_p11_uri uri = { 0 };
    bool is_ours = !*policy->alg || (!strcmp(policy->alg, alg) && saf_p11_uri_parse(&uri, policy->key, NULL) == SAF_OK &&
                                     !strcmp(uri.token, plan->idt.token) && !strcmp(uri.object, plan->idt.label));
    if (is_ours)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "the policy JWT.%s.%s.SAF is there with %s and the key %s", policy->appl,
                                 policy->user, policy->alg, policy->key);
    saf_hint(err, "leave it and add --no-idt, or change it: safring policy define --if-exists replace");
    return status;
}

/* RFC 7518 3.2: HS512 needs a key of 64 bytes. Some tokens do not tell a length. */
static saf_status check_secret(const saf_p11_secret *secret, saf_error *err)
{
    if ((!secret->len || secret->len >= SECRET_LEN) && secret->signs && secret->verifies)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "the secret key %s is there, but %s", secret->uri,
                                 secret->signs && secret->verifies ? "too short for HS512" : "may not sign and verify");
    saf_hint(err, "name another with --secret-label, or add a version: safring secret generate --if-exists new-version");
    return status;
}

static saf_status take_secrets(saf_setup_plan *plan, saf_p11 *p11, const saf_policy *policy, saf_error *err)
{
    OWN(saf_p11_session) *session = NULL;
    OWN(saf_p11_secret_list) list = { 0 };
    saf_p11_uri token = token_uri(plan), secret = secret_uri(plan);
    const saf_p11_secret *newest = NULL;
    SAF_TRY(saf_p11_login(&session, p11, &token, &plan->pin.value, err));
    SAF_TRY(saf_p11_list_secrets(&list, session, &secret, err));
    for (size_t i = 0; i < list.count; i++) {
        const saf_p11_secret *one = &list.secrets[i];
        if (!newest || one->sequence > newest->sequence)
            newest = one;
        if (!strcmp(one->uri, policy->key))
            plan->idt.policy_exists = true;
    }
    if (!newest)
        return SAF_OK;
    plan->idt.secret_uri = text_pool_copy(&plan->texts, newest->uri);
    return check_secret(newest, err);
}

/* A token that somebody made has a PIN of its own: a guess would only count as a wrong try. */
static saf_status check_pin_is_known(const saf_setup_plan *plan, saf_error *err)
{
    if (plan->pin.origin != SECRET_MADE)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_DENIED, "the token %s is there already, and its PIN is not known", plan->idt.token);
    saf_hint(err, "give it with --pin-source, name another token with --token, or leave tokens out with --no-idt");
    return status;
}

/* One that an interrupted run has begun: the step that makes tokens completes it, with the officer's PIN that it was begun with. */
static saf_status check_so_pin_is_known(const saf_setup_plan *plan, saf_error *err)
{
    if (plan->so_pin.origin != SECRET_MADE)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_DENIED, "the token %s was begun, but has no user's PIN, and its security officer's PIN is not known",
                                 plan->idt.token);
    saf_hint(err, "give it with --so-pin-source, name another token with --token, or leave tokens out with --no-idt");
    return status;
}

static void drop_made(setup_secret *secret)
{
    if (secret->origin != SECRET_MADE)
        return;
    saf_secret_free(&secret->value);
    secret->origin = SECRET_NONE;
}

static saf_status look_into_token(saf_setup_plan *plan, saf_p11 *p11, const saf_policy *policy, saf_error *err)
{
    saf_p11_token token;
    saf_p11_uri uri = token_uri(plan);
    saf_error own = { 0 };
    saf_status status = saf_p11_find_token(&token, p11, &uri, &own);
    if (status == SAF_E_NOT_FOUND)
        return SAF_OK;
    if (status != SAF_OK) {
        if (err)
            *err = own;
        return status;
    }
    if (!token.user_pin_set)
        return check_so_pin_is_known(plan, err);
    plan->idt.token_exists = true;
    SAF_TRY(check_pin_is_known(plan, err));
    drop_made(&plan->so_pin); /* nobody needs it now */
    status = take_secrets(plan, p11, policy, err);
    if (status == SAF_E_DENIED && plan->pin.origin == SECRET_KEPT)
        saf_hint(err, "the PIN in %s is not the token's; give the right one with --pin-source", plan->pin_path);
    return status;
}

saf_status idt_look(saf_setup_plan *plan, saf_error *err)
{
    OWN(saf_p11) *p11 = NULL;
    saf_policy policy = { 0 };
    if (plan->options.no_idt)
        return SAF_OK;
    SAF_TRY(name_idt(plan, err));
    SAF_TRY(pins_settle(plan, err));
    SAF_TRY(find_policy(&policy, plan, err));
    SAF_TRY(check_policy(plan, &policy, err));
    if (!can_look(plan))
        return SAF_OK;
    SAF_TRY(open_module(&p11, plan, err));
    return look_into_token(plan, p11, &policy, err);
}

/* ---- making ---- */

static saf_status need_module(saf_setup_plan *plan, saf_error *err)
{
    return plan->idt.p11 ? SAF_OK : open_module(&plan->idt.p11, plan, err);
}

static saf_status make_token(saf_setup_plan *plan, __attribute__((unused)) setup_step *step, saf_error *err)
{
    saf_p11_token token;
    SAF_TRY(need_module(plan, err));
    return saf_p11_init_token(&token, plan->idt.p11, plan->idt.token, &plan->so_pin.value, &plan->pin.value, err);
}

static saf_status make_secret(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    saf_p11_secret made;
    saf_p11_uri token = token_uri(plan);
    const saf_p11_secret_spec spec = { .label = plan->idt.label, .len = SECRET_LEN, .if_exists = SAF_P11_FIRST_ONLY };
    SAF_TRY(need_module(plan, err));
    if (!plan->idt.session)
        SAF_TRY(saf_p11_login(&plan->idt.session, plan->idt.p11, &token, &plan->pin.value, err));
    saf_status status = saf_p11_generate_secret(&made, plan->idt.session, &spec, err);
    if (status == SAF_E_EXISTS) /* since we looked, another setup has made it */
        status = check_secret(&made, err);
    else
        plan->idt.secret_made = status == SAF_OK;
    if (status == SAF_OK)
        plan->idt.secret_uri = step->shown.object = text_pool_copy(&plan->texts, made.uri);
    return status;
}

/* The key is made in the token, of which the store learns only now: a new key always has its policy to be made. */
static saf_status audit_secret(const saf_setup_plan *plan, saf_error *err)
{
    char details[48];
    if (!plan->idt.secret_made)
        return SAF_OK;
    snprintf(details, sizeof details, "alg=%s bytes=%d", alg, SECRET_LEN);
    return saf_store_audit(plan->change, "secret-generate", plan->idt.secret_uri, details, err);
}

static saf_status make_policy(saf_setup_plan *plan, __attribute__((unused)) setup_step *step, saf_error *err)
{
    saf_policy policy = wanted_policy(plan);
    SAF_TRY(audit_secret(plan, err));
    return saf_store_put_policy(plan->change, &policy, err);
}

static const step_kind token_kind = { "token", false, NULL, make_token };
static const step_kind secret_kind = { "secret", false, NULL, make_secret };
static const step_kind policy_kind = { "policy", true, NULL, make_policy };

/* ---- planning ---- */

static saf_step_state state_of(bool done)
{
    return done ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO;
}

static saf_status format_uri(const char **out, saf_setup_plan *plan, const saf_p11_uri *uri, saf_error *err)
{
    char text[SAF_P11_URI_MAX + 1];
    SAF_TRY(saf_p11_uri_format(text, sizeof text, uri, err));
    *out = text_pool_copy(&plan->texts, text);
    return SAF_OK;
}

static saf_status plan_token(saf_setup_plan *plan, saf_error *err)
{
    const char *object = NULL;
    saf_p11_uri uri = token_uri(plan);
    SAF_TRY(format_uri(&object, plan, &uri, err));
    const char *text = text_pool_printf(&plan->texts, "make the PKCS#11 token %s", plan->idt.token);
    return plan_add(NULL, plan, &token_kind, state_of(plan->idt.token_exists), object, text, err);
}

static saf_status plan_secret(saf_setup_plan *plan, saf_error *err)
{
    const char *object = plan->idt.secret_uri;
    saf_p11_uri uri = secret_uri(plan);
    if (!*object)
        SAF_TRY(format_uri(&object, plan, &uri, err));
    const char *text = text_pool_printf(&plan->texts, "make the secret key %s in token %s, %d bytes", plan->idt.label,
                                        plan->idt.token, SECRET_LEN);
    return plan_add(NULL, plan, &secret_kind, state_of(*plan->idt.secret_uri), object, text, err);
}

static saf_status plan_policy(saf_setup_plan *plan, saf_error *err)
{
    saf_policy policy = wanted_policy(plan);
    snprintf(policy.key, sizeof policy.key, "pkcs11:token=%s", plan->idt.token); /* the key is perhaps not made yet */
    SAF_TRY(saf_policy_check(&policy, err));
    const char *object = text_pool_printf(&plan->texts, "JWT.%s.%s.SAF", policy.appl, policy.user);
    const char *text = text_pool_printf(&plan->texts, "policy %s: %s with %s of token %s, %d minutes", object, alg, plan->idt.label,
                                        plan->idt.token, TIMEOUT_MIN);
    return plan_add(NULL, plan, &policy_kind, state_of(plan->idt.policy_exists), object, text, err);
}

saf_status plan_idt(saf_setup_plan *plan, saf_error *err)
{
    if (plan->options.no_idt)
        return SAF_OK;
    SAF_TRY(plan_token(plan, err));
    SAF_TRY(plan_secret(plan, err));
    return plan_policy(plan, err);
}
