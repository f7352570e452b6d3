/**
 * @file
 * Whether there is room for new objects. Internal to this room.
 *
 * On a full disk SoftHSM 2.6.1 writes as much of an object's file as it can, says CKR_OK, and uses what it has in memory: the
 * next process finds no such key. So room is asked for before anything is made.
 */
#ifndef TOKEN_SPACE_H
#define TOKEN_SPACE_H

#include <safring/status.h>

/** SAF_E_IO unless files of some objects could be written in @p directory (of all tokens; may be NULL). With the guard held. */
saf_status token_space_check(const char *directory, saf_error *err);

#endif
