/* Any bytes are a list of certificates to issue or refused with a reason; each line of a list names an owner and a label or says what is wrong, and every value
 * is UTF-8. */
#include "fuzz.h"

#include <base/utf8.h>
#include <cli/issue-list.h>

#include <string.h>

static void check_value(const char *value)
{
    const unsigned char *at = (const unsigned char *)value, *end = at + strlen(value);
    REQUIRE(*value);
    for (size_t len; at < end; at += len)
        REQUIRE((len = utf8_len(at, end)) > 0);
}

static void check_line(const issue_line *line)
{
    REQUIRE(line->number >= 1);
    REQUIRE(line->wrong || (line->values[ISSUE_OWNER] && line->values[ISSUE_LABEL]));
    for (int i = 0; i < ISSUE_COLUMN_COUNT && !line->wrong; i++)
        if (line->values[i])
            check_value(line->values[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(issue_list) list = { 0 };
    saf_error err = { 0 };
    saf_status status = issue_list_read(&list, saf_bytes_of(data, size), "the list", &err);
    REQUIRE(status == SAF_OK || status == SAF_E_MALFORMED);
    REQUIRE((status == SAF_OK) == (err.text[0] == '\0'));
    for (size_t i = 0; i < list.count; i++)
        check_line(&list.lines[i]);
    return 0;
}
