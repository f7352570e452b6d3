/**
 * @file
 * A file that lists certificates to issue: CSV (RFC 4180) whose first line names the columns, or JSON Lines, one object a line with the same names.
 *
 *     owner,label,subject,san,profile,key,valid_days
 *
 * owner, label are needed; a column that is absent or empty is left to the command's options. A line that cannot be used does not spoil the others.
 */
#ifndef CLI_ISSUE_LIST_H
#define CLI_ISSUE_LIST_H

#include <base/buffer.h>

#include <safring/cert.h>

enum { ISSUE_LIST_FILE_MAX = 64 * 1024 * 1024, ISSUE_LIST_LINES_MAX = 1000000 };

typedef enum issue_column {
    ISSUE_OWNER,
    ISSUE_LABEL,
    ISSUE_SUBJECT,
    ISSUE_SAN,
    ISSUE_PROFILE,
    ISSUE_KEY,
    ISSUE_VALID_DAYS,
    ISSUE_COLUMN_COUNT
} issue_column;

/** One line. Pointers live as long as the list. */
typedef struct issue_line {
    unsigned number;                           /* in the file, from 1 */
    const char *values[ISSUE_COLUMN_COUNT];    /* NULL: absent or empty */
    const char *wrong;                         /* why it cannot be used; NULL: it can */
} issue_line;

typedef struct issue_list {
    issue_line *lines;
    size_t count;
    saf_buffer *texts; /* what the lines point into, one buffer a line */
} issue_list;

void issue_list_free(issue_list *list);

OWN_VALUE(issue_list, issue_list_free)

/** Read @p content; JSON Lines when its first character is "{", else CSV. @p what names the file. SAF_E_MALFORMED (no header, an unknown or missing
 *  column, a quote that does not end, too many lines), SAF_E_MEMORY. */
saf_status issue_list_read(issue_list *out, saf_bytes content, const char *what, saf_error *err);

#endif
