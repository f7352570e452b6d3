/**
 * @file
 * Set a few values in a YAML text and leave every other byte as it is: comments, order, quotes, line ends, byte order mark.
 *
 * What is there is replaced where it stands, what is missing is put at the end of the section it belongs to, in that section's
 * indentation. The result is parsed again; unless it says the same as before but for the wishes, nothing is returned.
 */
#ifndef SETUP_YAML_EDIT_H
#define SETUP_YAML_EDIT_H

#include <base/buffer.h>

#include <stdbool.h>

enum { SAF_YAML_WISH_DEPTH = 4 };

/** One value that is to be there. Wishes of one section stand next to each other. Borrowed. */
typedef struct saf_yaml_wish {
    const char *path[SAF_YAML_WISH_DEPTH]; /**< "zowe", "certificate", "keystore", "file" */
    const char *value;                     /**< a text; "" is content with a missing value */
    bool is_secret;
} saf_yaml_wish;

typedef struct saf_yaml_wishes {
    const saf_yaml_wish *list;
    size_t count;
} saf_yaml_wishes;

/** Append to @p out what @p text becomes; @p name is how messages call it.
 *  SAF_E_MALFORMED (@p text is not YAML), SAF_E_UNSUPPORTED (written in a way that cannot be edited; the text names the line),
 *  SAF_E_FAILED (the result would say something else; nothing was appended). */
saf_status saf_yaml_edit(saf_buffer *out, saf_bytes text, const char *name, const saf_yaml_wishes *wishes, saf_error *err);

typedef enum saf_yaml_show { SAF_YAML_SHOW_ALL, SAF_YAML_MASK_SECRETS } saf_yaml_show;

/** Append the wishes as a YAML text of their own; masked secrets are ********. */
void saf_yaml_render(saf_buffer *out, const saf_yaml_wishes *wishes, saf_yaml_show show);

/** Append a text as a YAML scalar on one line, in double quotes unless it is a plain word in every reader's eyes. */
void saf_yaml_quote(saf_buffer *out, const char *text);

/** Whether a reader of YAML could take the unquoted word for a number, a truth value or nothing. */
bool saf_yaml_is_ambiguous(const char *text);

#endif
