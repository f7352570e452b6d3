/**
 * @file
 * A strict JSON reader for foreign bytes on hot paths: no allocation, no recursion, hard limits.
 *
 * Accepts one RFC 8259 value and nothing after it but white space. Refuses, in any object, duplicate member names,
 * names with escapes, and more than SAF_JSON_MEMBERS_MAX members; depth above SAF_JSON_DEPTH_MAX, invalid UTF-8, and
 * unpaired surrogates. The caller walks the members of the outermost object; nested values are checked whole and
 * handed over as raw text.
 *
 *     saf_json_object object;
 *     if (!saf_json_read_object(&object, text)) refuse();
 *     const saf_json_member *exp = saf_json_find(&object, "exp");
 */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include <safring/bytes.h>

enum { SAF_JSON_DEPTH_MAX = 8, SAF_JSON_MEMBERS_MAX = 32 };

typedef enum saf_json_kind {
    SAF_JSON_STRING,
    SAF_JSON_INTEGER, /**< a number without fraction and exponent that fits int64_t */
    SAF_JSON_NUMBER,  /**< any other number */
    SAF_JSON_TRUE,
    SAF_JSON_FALSE,
    SAF_JSON_NULL,
    SAF_JSON_OBJECT,
    SAF_JSON_ARRAY
} saf_json_kind;

typedef struct saf_json_value {
    saf_json_kind kind;
    saf_bytes raw;       /**< the value's text; of a string, what stands between the quotes */
    int has_escapes;     /**< a string with backslashes: raw is not its value */
    int64_t integer;     /**< SAF_JSON_INTEGER */
} saf_json_value;

typedef struct saf_json_member {
    saf_bytes name; /**< raw; a name with escapes is refused, so this is its value */
    saf_json_value value;
} saf_json_member;

typedef struct saf_json_object {
    size_t count;
    saf_json_member members[SAF_JSON_MEMBERS_MAX];
} saf_json_object;

/** Read one object. 1, or 0: not strict JSON, or over a limit. Everything in *object borrows from @p text. */
int saf_json_read_object(saf_json_object *object, saf_bytes text);

/** The member of that name, or NULL. */
const saf_json_member *saf_json_find(const saf_json_object *object, const char *name);

/** Whether @p value is the string @p text (a string with escapes never is). 1 or 0. */
int saf_json_is_string(const saf_json_value *value, saf_bytes text);

/** Walk an array's elements: *cursor starts at 0; 1 and *element, or 0 at the end. The array must come from
 *  saf_json_read_object(). */
int saf_json_next_element(saf_json_value *element, const saf_json_value *array, size_t *cursor);

#endif
