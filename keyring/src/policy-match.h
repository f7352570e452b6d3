/** @file Generic names: % stands for one character, * for any number. */
#ifndef KEYRING_POLICY_MATCH_H
#define KEYRING_POLICY_MATCH_H

#include <safring/store.h>

/** Whether a policy covers an application and a user. */
bool policy_covers(const saf_policy *policy, const char *appl, const char *user);

/** Whether @p a is more specific than @p b. */
bool policy_is_more_specific(const saf_policy *a, const saf_policy *b);

#endif
