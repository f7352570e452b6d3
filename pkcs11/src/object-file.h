/**
 * @file
 * Files of SoftHSM 2.6's "file" back end, as bytes. Internal to this room.
 *
 * A file is a number of 8 bytes (how often it was written), then attributes: 8 bytes type, 8 bytes kind, and a value by kind. Which of them are
 * rewritten, and how (measured with strace; 2.6.1): each is truncated and then written, never renamed, never flushed.
 *
 *     token.object      at each login, C_InitPIN and C_SetPIN. Losing it loses the token: so a copy is kept (token-copy.h)
 *     UUID.object       while it is made: some twenty times, default by default, then the template at once. Never afterwards, unless somebody sets
 *                       an attribute (we do not); destroying it unlinks it. A kill leaves one that is empty, or not finished
 *     generation        when an object is made or set. One that is missing or empty is made anew
 *     UUID.lock         never has content; C_DestroyObject fails after its work when it is missing
 */
#ifndef OBJECT_FILE_H
#define OBJECT_FILE_H

#include "cryptoki.h"

enum { OBJECT_FILE_MAX = 1024 * 1024, TOKEN_OBJECT_MAX = 65536 };

typedef enum object_file_state {
    OBJECT_FILE_WHOLE,
    OBJECT_FILE_EMPTY,
    OBJECT_FILE_DAMAGED,   /* does not follow the format to its end */
    OBJECT_FILE_UNFINISHED /* follows it, and lacks what an object of its class cannot be without */
} object_file_state;

/** What a UUID.object is. */
object_file_state object_file_judge(saf_bytes content);

/** What a token.object is, and what it says. Any of the three may be NULL. */
object_file_state object_file_judge_token(saf_bytes content, char label[33], char serial[17], CK_FLAGS *flags);

/** Whether two whole token.object are of one token with the same PINs: nothing else in them matters, and wrong PINs change a flag. */
bool object_file_is_same_token(saf_bytes a, saf_bytes b);

#endif
