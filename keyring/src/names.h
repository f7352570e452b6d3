/** @file Which characters may be shown as they are. Names and subjects are shown on terminals and compared by people. */
#ifndef KEYRING_NAMES_H
#define KEYRING_NAMES_H

#include <stdbool.h>

/** Whether a character steers a terminal (C0, DEL, C1) or only formats: it is invisible, ends a line, or turns the direction
 *  of what follows, so that a text looks like another. */
bool name_is_control(unsigned long character);

/** Whether a text is well-formed UTF-8 without such characters. */
bool name_is_printable(const char *text);

#endif
