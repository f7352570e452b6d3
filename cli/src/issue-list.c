#include <cli/issue-list.h>

#include <base/fail.h>
#include <base/grow.h>
#include <base/utf8.h>

#include <jansson.h>
#include <string.h>

static const char *const column_names[ISSUE_COLUMN_COUNT] = {
    [ISSUE_OWNER] = "owner", [ISSUE_LABEL] = "label", [ISSUE_SUBJECT] = "subject", [ISSUE_SAN] = "san", [ISSUE_PROFILE] = "profile",
    [ISSUE_KEY] = "key", [ISSUE_VALID_DAYS] = "valid_days"
};

void issue_list_free(issue_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        saf_buffer_free(&list->texts[i]);
    free(list->lines);
    free(list->texts);
    *list = (issue_list){ 0 };
}

static int find_column(const char *name)
{
    for (int i = 0; i < ISSUE_COLUMN_COUNT; i++)
        if (!strcmp(name, column_names[i]))
            return i;
    return -1;
}

static saf_status refuse_column(const char *what, const char *name, saf_error *err)
{
    (void)saf_fail(err, SAF_E_MALFORMED, "%s: there is no column \"%.60s\"", what, name);
    saf_hint(err, "columns are owner,label,subject,san,profile,key,valid_days");
    return SAF_E_MALFORMED;
}

static saf_status add_line(issue_line **line, saf_buffer **text, issue_list *list, unsigned number, const char *what, saf_error *err)
{
    size_t count = list->count;
    if (count == ISSUE_LIST_LINES_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "%s has more than %d lines", what, ISSUE_LIST_LINES_MAX);
    issue_line *lines = saf_grow(list->lines, count, sizeof *lines);
    list->lines = lines ? lines : list->lines;
    saf_buffer *texts = saf_grow(list->texts, count, sizeof *texts);
    list->texts = texts ? texts : list->texts;
    if (!lines || !texts)
        return saf_fail_memory(err);
    list->lines[count] = (issue_line){ .number = number };
    list->texts[count] = (saf_buffer){ 0 };
    list->count++;
    *line = &list->lines[count];
    *text = &list->texts[count];
    return SAF_OK;
}

static void require_names(issue_line *line)
{
    if (!line->wrong && !line->values[ISSUE_OWNER])
        line->wrong = "it has no owner";
    if (!line->wrong && !line->values[ISSUE_LABEL])
        line->wrong = "it has no label";
}

static int is_utf8(saf_bytes text)
{
    const unsigned char *end = text.data + text.len;
    for (const unsigned char *at = text.data; at < end;) {
        size_t len = utf8_len(at, end);
        if (!len || !*at)
            return 0;
        at += len;
    }
    return 1;
}

/* ---- CSV ---- */

enum { CSV_FIELDS_MAX = 32 };

typedef struct csv_reader {
    const char *at, *end;
    unsigned line;
} csv_reader;

/* The fields of a record, each closed by a zero byte, one after the other in a text. */
typedef struct csv_record {
    size_t offsets[CSV_FIELDS_MAX];
    size_t count;
    int too_many;
    int is_odd; /* a zero byte, or text behind a closing quote */
} csv_record;

static void append_char(saf_buffer *out, char c)
{
    saf_buffer_append(out, saf_bytes_of(&c, 1));
}

/* The reader stands behind the opening quote. 0: the file ends first. */
static int read_quoted(saf_buffer *out, csv_reader *reader)
{
    while (reader->at < reader->end) {
        char c = *reader->at++;
        if (c == '"' && (reader->at == reader->end || *reader->at != '"'))
            return 1;
        if (c == '"')
            reader->at++;
        reader->line += c == '\n';
        append_char(out, c);
    }
    return 0;
}

static int is_end_of_field(const csv_reader *reader)
{
    char c = *reader->at;
    return c == ',' || c == '\n' || (c == '\r' && reader->at + 1 < reader->end && reader->at[1] == '\n');
}

static saf_status read_field(csv_record *record, saf_buffer *out, csv_reader *reader, const char *what, saf_error *err)
{
    size_t start = out->len;
    unsigned begun = reader->line;
    int is_quoted = reader->at < reader->end && *reader->at == '"';
    reader->at += is_quoted;
    if (is_quoted && !read_quoted(out, reader))
        return saf_fail(err, SAF_E_MALFORMED, "%s: the quote that begins in line %u does not end", what, begun);
    for (; reader->at < reader->end && !is_end_of_field(reader); record->is_odd |= is_quoted)
        append_char(out, *reader->at++);
    record->is_odd |= out->len > start && memchr(out->data + start, 0, out->len - start) != NULL;
    append_char(out, 0);
    return SAF_OK;
}

static saf_status read_record(csv_record *record, saf_buffer *out, csv_reader *reader, const char *what, saf_error *err)
{
    *record = (csv_record){ 0 };
    for (int more = 1; more;) {
        if (record->count == CSV_FIELDS_MAX)
            record->too_many = 1;
        else
            record->offsets[record->count++] = out->len;
        SAF_TRY(read_field(record, out, reader, what, err));
        more = reader->at < reader->end && *reader->at == ',';
        reader->at += more;
    }
    if (reader->at < reader->end && *reader->at == '\r')
        reader->at++;
    if (reader->at < reader->end && *reader->at == '\n')
        reader->at++;
    reader->line++;
    return saf_buffer_check(out, err);
}

static const char *field_of(const csv_record *record, const saf_buffer *text, size_t index)
{
    return saf_buffer_text(text) + record->offsets[index];
}

/* Which column each field of the following lines is. */
typedef struct csv_header {
    int columns[CSV_FIELDS_MAX];
    size_t count;
} csv_header;

static saf_status read_header(csv_header *header, csv_reader *reader, const char *what, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    csv_record record;
    unsigned seen = 0;
    SAF_TRY(read_record(&record, &text, reader, what, err));
    for (size_t i = 0; i < record.count; i++) {
        const char *name = field_of(&record, &text, i);
        int column = find_column(name);
        if (column < 0 || record.too_many || record.is_odd)
            return refuse_column(what, name, err);
        if (seen & 1u << column)
            return saf_fail(err, SAF_E_MALFORMED, "%s: there are two columns \"%s\"", what, name);
        seen |= 1u << column;
        header->columns[header->count++] = column;
    }
    if (!(seen & 1u << ISSUE_OWNER) || !(seen & 1u << ISSUE_LABEL))
        return saf_fail(err, SAF_E_MALFORMED, "%s: the first line names the columns, and owner and label must be among them", what);
    return SAF_OK;
}

static void fill_from_record(issue_line *line, const csv_header *header, const csv_record *record, const saf_buffer *text)
{
    if (record->too_many || record->count != header->count) {
        line->wrong = "it has not as many fields as the first line";
        return;
    }
    if (record->is_odd)
        line->wrong = "it has a zero byte, or text behind a closing quote";
    for (size_t i = 0; i < record->count; i++) {
        const char *value = field_of(record, text, i);
        if (!is_utf8(saf_bytes_of_text(value)))
            line->wrong = "it is not UTF-8";
        line->values[header->columns[i]] = *value ? value : NULL;
    }
}

static int is_blank(const csv_record *record, const saf_buffer *text)
{
    return record->count == 1 && !*field_of(record, text, 0);
}

static saf_status read_csv_line(issue_list *list, const csv_header *header, csv_reader *reader, const char *what, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    csv_record record;
    issue_line *line;
    saf_buffer *kept;
    unsigned number = reader->line;
    SAF_TRY(read_record(&record, &text, reader, what, err));
    if (is_blank(&record, &text))
        return SAF_OK;
    SAF_TRY(add_line(&line, &kept, list, number, what, err));
    *kept = text;
    text = (saf_buffer){ 0 };
    fill_from_record(line, header, &record, kept);
    require_names(line);
    return SAF_OK;
}

static saf_status read_csv(issue_list *out, saf_bytes content, const char *what, saf_error *err)
{
    csv_reader reader = { (const char *)content.data, (const char *)content.data + content.len, 1 };
    csv_header header = { 0 };
    SAF_TRY(read_header(&header, &reader, what, err));
    while (reader.at < reader.end)
        SAF_TRY(read_csv_line(out, &header, &reader, what, err));
    return SAF_OK;
}

/* ---- JSON Lines ---- */

static void append_value(saf_buffer *out, const json_t *value)
{
    if (json_is_string(value))
        saf_buffer_append_text(out, json_string_value(value));
    else if (json_is_integer(value))
        saf_buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++)
        saf_buffer_printf(out, "%s%s", i ? "," : "", json_string_value(json_array_get(value, i)));
}

static int is_usable(int column, const json_t *value)
{
    if (column == ISSUE_SAN && json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            if (!json_is_string(json_array_get(value, i)))
                return 0;
        return 1;
    }
    return json_is_null(value) || (column == ISSUE_VALID_DAYS ? json_is_integer(value) : json_is_string(value));
}

/* Offsets first: the text moves while it grows. */
static void fill_from_object(issue_line *line, saf_buffer *text, json_t *object)
{
    size_t offsets[ISSUE_COLUMN_COUNT], lengths[ISSUE_COLUMN_COUNT] = { 0 };
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        int column = find_column(name);
        if (column < 0 || !is_usable(column, value)) {
            line->wrong = column < 0 ? "it has a member that is no column" : "one of its members is of a wrong type";
            return;
        }
        offsets[column] = text->len;
        append_value(text, value);
        lengths[column] = text->len - offsets[column];
        append_char(text, 0);
    }
    for (int i = 0; i < ISSUE_COLUMN_COUNT; i++)
        line->values[i] = lengths[i] ? saf_buffer_text(text) + offsets[i] : NULL;
}

static saf_status read_json_line(issue_list *list, saf_bytes text, unsigned number, const char *what, saf_error *err)
{
    issue_line *line;
    saf_buffer *kept;
    json_error_t ignored;
    SAF_TRY(add_line(&line, &kept, list, number, what, err));
    json_t *object = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &ignored);
    if (json_is_object(object))
        fill_from_object(line, kept, object);
    else
        line->wrong = "it is not a JSON object";
    json_decref(object);
    require_names(line);
    return saf_buffer_check(kept, err);
}

static saf_status read_json_lines(issue_list *out, saf_bytes content, const char *what, saf_error *err)
{
    const unsigned char *at = content.data, *end = content.data + content.len;
    for (unsigned number = 1; at < end; number++) {
        const unsigned char *newline = memchr(at, '\n', (size_t)(end - at));
        const unsigned char *stop = newline ? newline : end;
        size_t len = (size_t)(stop - at);
        if (len && !(len == 1 && *at == '\r'))
            SAF_TRY(read_json_line(out, saf_bytes_of(at, len), number, what, err));
        at = newline ? newline + 1 : end;
    }
    return SAF_OK;
}

/* ---- */

saf_status issue_list_read(issue_list *out, saf_bytes content, const char *what, saf_error *err)
{
    if (content.len >= 3 && !memcmp(content.data, "\xEF\xBB\xBF", 3)) /* spreadsheets write it */
        content = saf_bytes_of(content.data + 3, content.len - 3);
    if (!content.len)
        return saf_fail(err, SAF_E_MALFORMED, "%s is empty", what);
    return content.data[0] == '{' ? read_json_lines(out, content, what, err) : read_csv(out, content, what, err);
}
