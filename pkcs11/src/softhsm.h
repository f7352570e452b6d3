/** @file Where SoftHSM keeps its tokens. Internal to this room. */
#ifndef SOFTHSM_H
#define SOFTHSM_H

#include <base/own.h>

#include <safring/pkcs11.h>

#include <stdbool.h>

/** SoftHSM's token directory, by its configuration; NULL when @p module is not SoftHSM or nothing says so. SAF_E_MEMORY. */
saf_status softhsm_find_tokens(char **directory, const char *module, saf_error *err);

/** What was found on the way there. */
typedef struct softhsm_place {
    char *configuration; /* the file that SoftHSM would read */
    char *tokens;        /* NULL: it says nothing, or cannot be read */
    saf_status readable; /* of the configuration */
} softhsm_place;

void softhsm_place_free(softhsm_place *place);

OWN_VALUE(softhsm_place, softhsm_place_free)

/** The same as saf_p11_open() would do it, without loading a module. SAF_E_UNSUPPORTED: it would load another module. */
saf_status softhsm_locate(softhsm_place *out, const saf_p11_options *where, saf_error *err);

#endif
