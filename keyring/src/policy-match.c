#include "policy-match.h"

/* Goes back only to the last star: names have at most eight characters. */
static bool matches(const char *pattern, const char *name)
{
    const char *after_star = NULL;
    const char *retry = NULL;
    while (*name) {
        if (*pattern == '*') {
            after_star = ++pattern;
            retry = name;
        } else if (*pattern == '%' || *pattern == *name) {
            pattern++;
            name++;
        } else if (after_star) {
            pattern = after_star;
            name = ++retry;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

bool policy_covers(const saf_policy *policy, const char *appl, const char *user)
{
    return matches(policy->appl, appl) && matches(policy->user, user);
}

/* At equal places, what admits less comes first; the end of a name admits nothing but itself. */
static int rank(char c)
{
    return c == '*' ? 2 : c == '%' ? 1 : 0;
}

/* Below zero: a is more specific. */
static int compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    int difference = rank(*a) - rank(*b);
    /* Two literals can only differ behind a star; any order that is always the same will do. */
    return difference ? difference : (unsigned char)*b - (unsigned char)*a;
}

bool policy_is_more_specific(const saf_policy *a, const saf_policy *b)
{
    int difference = compare(a->appl, b->appl);
    return difference ? difference < 0 : compare(a->user, b->user) < 0;
}
