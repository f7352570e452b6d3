#include <safring/status.h>

static const struct {
    const char *name;
    int exit_code;
} meanings[] = {
    [SAF_OK] = { "ok", 0 },
    [SAF_E_FAILED] = { "failed", 1 },
    [SAF_E_IO] = { "io", 1 },
    [SAF_E_MEMORY] = { "memory", 1 },
    [SAF_E_MALFORMED] = { "malformed", 1 },
    [SAF_E_UNSUPPORTED] = { "unsupported", 1 },
    [SAF_E_SPACE] = { "space", 1 },
    [SAF_E_USAGE] = { "usage", 2 },
    [SAF_E_NOT_FOUND] = { "not-found", 4 },
    [SAF_E_EXISTS] = { "exists", 5 },
    [SAF_E_CONFLICT] = { "conflict", 5 },
    [SAF_E_DENIED] = { "denied", 6 },
    [SAF_E_BUSY] = { "busy", 7 },
    [SAF_E_TOKEN_GONE] = { "token-gone", 7 },
};

/* A status from a newer library than this one was built with still gets an answer. */
static size_t known(saf_status status)
{
    size_t index = (size_t)status;
    return index < sizeof meanings / sizeof *meanings ? index : SAF_E_FAILED;
}

const char *saf_status_name(saf_status status)
{
    return meanings[known(status)].name;
}

int saf_status_exit_code(saf_status status)
{
    return meanings[known(status)].exit_code;
}
