/** @file ICSF's object handle. Internal to this room. */
#ifndef HANDLE_H
#define HANDLE_H

#include <safring/secret-key.h>

/** Token name padded to 32, sequence number as 8 hexadecimal digits, category T (a token object) and three blanks. */
void p11_handle_format(char out[SAF_P11_HANDLE_LEN + 1], const char *token, uint32_t sequence);

#endif
