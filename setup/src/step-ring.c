/* The ring with what ZWEKRING puts into it: the server's certificate as PERSONAL and DEFAULT, CAs as CERTAUTH. */
#include "plan.h"

#include <base/fail.h>

static saf_status create_ring(saf_setup_plan *plan, __attribute__((unused)) setup_step *step, saf_error *err)
{
    return saf_ring_create(plan->change, plan->config->keyring.owner, plan->config->keyring.name, err);
}

static const step_kind ring_kind = { "ring", true, NULL, create_ring };

static saf_status connect(saf_setup_plan *plan, const known_cert *cert, saf_usage usage, saf_default is_default, saf_error *err)
{
    saf_connect_request request = { .ring_owner = plan->config->keyring.owner, .ring_name = plan->config->keyring.name,
                                    .cert_owner = cert->owner, .cert_label = cert->label, .usage = usage,
                                    .is_default = is_default };
    return saf_ring_connect(plan->change, &request, err);
}

static saf_status connect_server(saf_setup_plan *plan, __attribute__((unused)) setup_step *step, saf_error *err)
{
    return connect(plan, &plan->server, SAF_USAGE_PERSONAL, SAF_DEFAULT, err);
}

static saf_status connect_authority(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    return connect(plan, &plan->authorities[step->index].cert, SAF_USAGE_CERTAUTH, SAF_NOT_DEFAULT, err);
}

static const step_kind connect_server_kind = { "connect", true, NULL, connect_server };
static const step_kind connect_authority_kind = { "connect", true, NULL, connect_authority };

/* *out stays NULL when there is no such ring. */
static saf_status find_ring(saf_ring **out, const saf_setup_plan *plan, saf_error *err)
{
    saf_error own = { 0 };
    if (!plan->store)
        return SAF_OK;
    saf_status status = saf_ring_open(out, plan->store, &plan->who, plan->config->keyring.owner, plan->config->keyring.name, &own);
    if (status == SAF_OK || status == SAF_E_NOT_FOUND)
        return SAF_OK;
    if (err)
        *err = own;
    return status;
}

static bool is_connected(const saf_ring *ring, const known_cert *cert, saf_usage usage, saf_default is_default)
{
    bool is_there = cert->record || cert->renews;
    const saf_connection *there = ring && is_there ? saf_ring_find_label(ring, cert->owner, cert->label) : NULL;
    return there && there->usage == usage && (there->is_default == SAF_DEFAULT || is_default == SAF_NOT_DEFAULT);
}

static saf_status plan_connection(saf_setup_plan *plan, const saf_ring *ring, const step_kind *kind, const known_cert *cert,
                                  size_t index, saf_error *err)
{
    bool is_server = kind == &connect_server_kind;
    bool done = is_connected(ring, cert, is_server ? SAF_USAGE_PERSONAL : SAF_USAGE_CERTAUTH,
                             is_server ? SAF_DEFAULT : SAF_NOT_DEFAULT);
    setup_step *step = NULL;
    const char *object = text_pool_printf(&plan->texts, "%s&%s", plan->names.ring_address, cert->label);
    const char *text = text_pool_printf(&plan->texts, "connect %s/%s to %s/%s, usage %s", cert->owner, cert->label,
                                        plan->config->keyring.owner, plan->config->keyring.name,
                                        is_server ? "PERSONAL, default" : "CERTAUTH");
    SAF_TRY(plan_add(&step, plan, kind, done ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO, object, text, err));
    step->index = index;
    return SAF_OK;
}

saf_status plan_ring(saf_setup_plan *plan, saf_error *err)
{
    OWN(saf_ring) *ring = NULL;
    if (!plan_is_ring(plan))
        return SAF_OK;
    SAF_TRY(find_ring(&ring, plan, err));
    const char *object = text_pool_printf(&plan->texts, "%s/%s", plan->config->keyring.owner, plan->config->keyring.name);
    const char *text = text_pool_printf(&plan->texts, "make the ring %s", object);
    SAF_TRY(plan_add(NULL, plan, &ring_kind, ring ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO, object, text, err));
    SAF_TRY(plan_connection(plan, ring, &connect_server_kind, &plan->server, 0, err));
    for (size_t i = 0; i < plan->authority_count; i++)
        SAF_TRY(plan_connection(plan, ring, &connect_authority_kind, &plan->authorities[i].cert, i, err));
    return SAF_OK;
}
