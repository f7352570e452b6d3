/**
 * @file
 * What a way to use a key asks of the policy, of the key, and of the other policies.
 */
#ifndef ISSUER_KEY_USE_H
#define ISSUER_KEY_USE_H

#include "key-source.h"

/** Whether a policy fits its key use, as far as can be told without the key. SAF_E_USAGE. */
saf_status key_use_check(const saf_policy *policy, saf_error *err);

/** Whether the secret key in a token that a policy names may be used its way: it is no other policy's master, nor a master that other policies use
 *  otherwise; of two such policies the one that was defined first stands. A master must not be readable. SAF_E_CONFLICT, SAF_E_UNSUPPORTED, and those of
 *  looking at keys. */
saf_status key_use_check_key(const saf_policy *policy, key_source *source, saf_error *err);

#endif
