/* Carrying a plan out: steps one after the other, those inside the store together as one change. */
#include "plan.h"

#include <base/fail.h>

typedef struct run {
    saf_setup_plan *plan;
    saf_step_fn report;
    void *context;
    saf_error *err;
} run;

static void tell(const run *r, const setup_step *step)
{
    if (r->report)
        r->report(r->context, &step->shown);
}

static bool is_pending(const setup_step *step)
{
    return step->shown.state == SAF_STEP_TO_DO;
}

static void finish(const run *r, setup_step *step)
{
    step->shown.state = SAF_STEP_DONE_NOW;
    tell(r, step);
}

static saf_status apply_alone(const run *r, setup_step *step)
{
    tell(r, step);
    SAF_TRY(step->kind->apply(r->plan, step, r->err));
    finish(r, step);
    return SAF_OK;
}

/* ---- a group: neighbours inside the store ---- */

static size_t group_end(const saf_setup_plan *plan, size_t from)
{
    while (from < plan->step_count && plan->steps[from].kind->in_change)
        from++;
    return from;
}

/* Keys are made before the change begins, which keeps other writers out. */
static saf_status prepare_group(const run *r, size_t from, size_t to)
{
    for (; from < to; from++) {
        setup_step *step = &r->plan->steps[from];
        if (!is_pending(step))
            continue;
        tell(r, step);
        if (step->kind->prepare)
            SAF_TRY(step->kind->prepare(r->plan, step, r->err));
    }
    return SAF_OK;
}

static saf_status change_store(const run *r, size_t from, size_t to)
{
    for (; from < to; from++)
        if (is_pending(&r->plan->steps[from]))
            SAF_TRY(r->plan->steps[from].kind->apply(r->plan, &r->plan->steps[from], r->err));
    return SAF_OK;
}

static saf_status commit_group(const run *r, size_t from, size_t to)
{
    saf_setup_plan *plan = r->plan;
    SAF_TRY(saf_change_begin(&plan->change, plan->store, &plan->who, r->err));
    saf_status status = change_store(r, from, to);
    if (status == SAF_OK)
        return saf_change_commit(&plan->change, r->err);
    saf_change_abandon(&plan->change);
    return status;
}

static bool has_pending(const saf_setup_plan *plan, size_t from, size_t to)
{
    while (from < to && !is_pending(&plan->steps[from]))
        from++;
    return from < to;
}

static saf_status apply_group(const run *r, size_t from, size_t to)
{
    if (!has_pending(r->plan, from, to))
        return SAF_OK;
    SAF_TRY(prepare_group(r, from, to));
    SAF_TRY(commit_group(r, from, to));
    for (; from < to; from++)
        if (is_pending(&r->plan->steps[from]))
            finish(r, &r->plan->steps[from]);
    return SAF_OK;
}

/* ---- */

static saf_status apply_all(const run *r)
{
    saf_setup_plan *plan = r->plan;
    for (size_t at = 0, end; at < plan->step_count; at = end) {
        end = group_end(plan, at);
        if (end > at) {
            SAF_TRY(apply_group(r, at, end));
            continue;
        }
        end = at + 1;
        if (is_pending(&plan->steps[at]))
            SAF_TRY(apply_alone(r, &plan->steps[at]));
    }
    return SAF_OK;
}

unsigned saf_setup_unpublished(const saf_setup_plan *plan, saf_error *err)
{
    return plan->store ? saf_store_unpublished(plan->store, err) : 0;
}

saf_status saf_setup_apply(saf_setup_plan *plan, saf_step_fn report, void *context, saf_error *err)
{
    run r = { plan, report, context, err };
    saf_status status = apply_all(&r);
    idt_close(plan); /* a token is not kept open longer than it is worked with */
    return status;
}
