#include "handle.h"

#include <inttypes.h>
#include <stdio.h>

void p11_handle_format(char out[SAF_P11_HANDLE_LEN + 1], const char *token, uint32_t sequence)
{
    snprintf(out, SAF_P11_HANDLE_LEN + 1, "%-32.32s%08" PRIX32 "T   ", token, sequence);
}
