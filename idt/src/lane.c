#include "lane.h"

#include <base/clock.h>
#include <base/fail.h>

#include <idt/raw.h>

#include <openssl/crypto.h>

#include <stdlib.h>

static int64_t real_now(void *context)
{
    (void)context;
    return saf_clock_now();
}

/* An injected source of ids makes the pool superfluous. */
static saf_status take_options(saf_idt_lane *lane, const saf_idt_lane_options *options, saf_error *err)
{
    lane->path = idt_path_best();
    if (options)
        lane->options = *options;
    if (!lane->options.now)
        lane->options.now = real_now;
    if (lane->options.remembered_tokens)
        SAF_TRY(idt_remembered_open(&lane->remembered, lane->options.remembered_tokens, err));
    return lane->options.id ? SAF_OK : idt_id_pool_open(&lane->pool, err);
}

saf_status saf_idt_lane_open(saf_idt_lane **out, const saf_idt_lane_options *options, saf_error *err)
{
    saf_idt_lane *lane = calloc(1, sizeof *lane);
    if (!lane)
        return saf_fail_memory(err);
    saf_status status = take_options(lane, options, err);
    if (status == SAF_OK)
        *out = lane;
    else
        saf_idt_lane_close(&lane);
    return status;
}

void saf_idt_lane_forget(saf_idt_lane *lane)
{
    for (size_t i = 0; i < IDT_LANE_CONTEXTS; i++)
        idt_context_clear(&lane->contexts[i]);
    idt_wipe(lane->templates, sizeof lane->templates);
    idt_remembered_forget(lane->remembered);
}

saf_status saf_idt_lane_take_path(saf_idt_lane *lane, const char *name)
{
    const idt_path *path = idt_path_of(name);
    if (!path)
        return SAF_E_NOT_FOUND;
    saf_idt_lane_forget(lane);
    lane->path = path;
    return SAF_OK;
}

const char *saf_idt_lane_path(const saf_idt_lane *lane)
{
    return lane->path->name;
}

void saf_idt_lane_close(saf_idt_lane **lane)
{
    if (!lane || !*lane)
        return;
    saf_idt_lane_forget(*lane);
    idt_id_pool_close(&(*lane)->pool);
    idt_remembered_close(&(*lane)->remembered);
    OPENSSL_cleanse(*lane, sizeof **lane); /* tokens are as good as passwords while they live */
    free(*lane);
    *lane = NULL;
}

static bool is_for(const idt_context *context, const idt_key *key)
{
    return context->key_id[0] == key->id[0] && context->key_id[1] == key->id[1];
}

static saf_status fill_next(saf_idt_lane *lane, const idt_key *key, idt_context **out)
{
    idt_context *context = &lane->contexts[lane->next_context];
    idt_context_clear(context);
    context->path = lane->path;
    saf_status status = key->family->prepare(context, key);
    if (status != SAF_OK) {
        idt_context_clear(context);
        return status;
    }
    memcpy(context->key_id, key->id, sizeof context->key_id);
    lane->next_context = (lane->next_context + 1) % IDT_LANE_CONTEXTS;
    *out = context;
    return SAF_OK;
}

saf_status idt_lane_context(saf_idt_lane *lane, const idt_key *key, idt_context **out)
{
    if (!key->family->prepare)
        return SAF_OK;
    for (size_t i = 0; i < IDT_LANE_CONTEXTS; i++) {
        if (is_for(&lane->contexts[i], key)) {
            *out = &lane->contexts[i];
            return SAF_OK;
        }
    }
    return fill_next(lane, key, out);
}
