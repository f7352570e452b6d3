#include "plan.h"

#include <base/fail.h>

static saf_status make_store(saf_setup_plan *plan, setup_step *step, saf_error *err)
{
    saf_status status = saf_store_create(step->shown.object, plan->options.store_options, err);
    if (status != SAF_OK && status != SAF_E_EXISTS) /* another process may have been faster */
        return status;
    return saf_store_open(&plan->store, step->shown.object, plan->options.store_options, err);
}

static const step_kind store_kind = { "store", false, NULL, make_store };

saf_status plan_store(saf_setup_plan *plan, saf_error *err)
{
    const char *dir = text_pool_copy(&plan->texts, plan->options.store_dir);
    const char *text = text_pool_printf(&plan->texts, "make the store %s", dir);
    return plan_add(NULL, plan, &store_kind, plan->store ? SAF_STEP_DONE_BEFORE : SAF_STEP_TO_DO, dir, text, err);
}
