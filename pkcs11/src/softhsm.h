/** @file Where SoftHSM keeps its tokens. Internal to this room. */
#ifndef SOFTHSM_H
#define SOFTHSM_H

#include <safring/status.h>

/** SoftHSM's token directory, by its configuration; NULL when @p module is not SoftHSM or nothing says so. SAF_E_MEMORY. */
saf_status softhsm_find_tokens(char **directory, const char *module, saf_error *err);

#endif
