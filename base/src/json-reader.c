#include <base/json-reader.h>

#include <base/utf8.h>

/* An object or array that is open where the reader stands. */
struct level {
    unsigned char close; /* '}' or ']' */
    size_t count;        /* elements so far */
    saf_bytes names[SAF_JSON_MEMBERS_MAX];
};

/* The levels stay uninitialised until they are opened: clearing them would cost more than reading most tokens. */
typedef struct reader {
    const unsigned char *at;
    const unsigned char *end;
    size_t depth;
    struct level levels[SAF_JSON_DEPTH_MAX];
} reader;

enum step { STEP_BAD, STEP_ELEMENT, STEP_CLOSED };

static int at_byte(const reader *r, unsigned char byte)
{
    return r->at < r->end && *r->at == byte;
}

static int at_digit(const reader *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static int accept(reader *r, unsigned char byte)
{
    if (!at_byte(r, byte))
        return 0;
    r->at++;
    return 1;
}

/* RFC 8259 2 */
static void skip_space(reader *r)
{
    while (at_byte(r, ' ') || at_byte(r, '\t') || at_byte(r, '\n') || at_byte(r, '\r'))
        r->at++;
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits after \u; -1 when they are not. */
static int read_hex4(reader *r)
{
    if (r->end - r->at < 4)
        return -1;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(*r->at++);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* RFC 8259 8.2: what software makes of half a surrogate pair is unpredictable. */
static int read_unicode_escape(reader *r)
{
    int unit = read_hex4(r);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return 0;
    if (unit < 0xD800 || unit > 0xDBFF)
        return 1;
    if (!accept(r, '\\') || !accept(r, 'u'))
        return 0;
    int low = read_hex4(r);
    return low >= 0xDC00 && low <= 0xDFFF;
}

static int read_escape(reader *r)
{
    r->at++;
    if (r->at == r->end)
        return 0;
    switch (*r->at++) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return 1;
    case 'u':
        return read_unicode_escape(r);
    default:
        return 0;
    }
}

static int read_character(reader *r)
{
    size_t len = *r->at < 0x20 ? 0 : utf8_len(r->at, r->end);
    r->at += len;
    return len != 0;
}

static int read_string(reader *r, saf_json_value *value)
{
    value->kind = SAF_JSON_STRING;
    const unsigned char *start = ++r->at;
    while (r->at < r->end && *r->at != '"') {
        if (*r->at != '\\') {
            if (!read_character(r))
                return 0;
            continue;
        }
        value->has_escapes = 1;
        if (!read_escape(r))
            return 0;
    }
    value->raw = saf_bytes_of(start, (size_t)(r->at - start));
    return accept(r, '"');
}

static int read_digits(reader *r)
{
    if (!at_digit(r))
        return 0;
    while (at_digit(r))
        r->at++;
    return 1;
}

/* RFC 8259 6: no leading zeros. */
static int read_integer_part(reader *r)
{
    accept(r, '-');
    return accept(r, '0') || read_digits(r);
}

/* 1 with neither fraction nor exponent, 0 with one of them, -1 when it is not a number. */
static int read_fraction(reader *r)
{
    int is_integer = 1;
    if (accept(r, '.')) {
        is_integer = 0;
        if (!read_digits(r))
            return -1;
    }
    if (accept(r, 'e') || accept(r, 'E')) {
        is_integer = 0;
        if (!accept(r, '+'))
            accept(r, '-');
        if (!read_digits(r))
            return -1;
    }
    return is_integer;
}

/* Counted downwards, because INT64_MIN has no positive counterpart. */
static int to_integer(int64_t *out, saf_bytes raw)
{
    int is_negative = raw.data[0] == '-';
    int64_t value = 0;
    for (size_t i = is_negative ? 1 : 0; i < raw.len; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, raw.data[i] - '0', &value))
            return 0;
    if (!is_negative && __builtin_sub_overflow((int64_t)0, value, &value))
        return 0;
    *out = value;
    return 1;
}

static int read_number(reader *r, saf_json_value *value)
{
    const unsigned char *start = r->at;
    if (!read_integer_part(r))
        return 0;
    int is_integer = read_fraction(r);
    if (is_integer < 0)
        return 0;
    value->raw = saf_bytes_of(start, (size_t)(r->at - start));
    value->kind = is_integer && to_integer(&value->integer, value->raw) ? SAF_JSON_INTEGER : SAF_JSON_NUMBER;
    return 1;
}

static int read_word(reader *r, saf_json_value *value, saf_json_kind kind, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return 0;
    value->kind = kind;
    value->raw = saf_bytes_of(r->at, len);
    r->at += len;
    return 1;
}

static int read_scalar(reader *r, saf_json_value *value)
{
    *value = (saf_json_value) { 0 };
    if (r->at == r->end)
        return 0;
    switch (*r->at) {
    case '"':
        return read_string(r, value);
    case 't':
        return read_word(r, value, SAF_JSON_TRUE, "true");
    case 'f':
        return read_word(r, value, SAF_JSON_FALSE, "false");
    case 'n':
        return read_word(r, value, SAF_JSON_NULL, "null");
    default:
        return read_number(r, value);
    }
}

static int same_bytes(saf_bytes a, saf_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static int has_name(const struct level *level, saf_bytes name)
{
    for (size_t i = 0; i < level->count; i++)
        if (same_bytes(level->names[i], name))
            return 1;
    return 0;
}

/* RFC 8259 4: duplicate names. Refusing escapes makes raw names comparable; the limit keeps the comparing short. */
static int read_name(reader *r, struct level *level)
{
    saf_json_value name = { 0 };
    if (level->count == SAF_JSON_MEMBERS_MAX || !at_byte(r, '"') || !read_string(r, &name))
        return 0;
    if (name.has_escapes || has_name(level, name.raw))
        return 0;
    level->names[level->count] = name.raw;
    skip_space(r);
    if (!accept(r, ':'))
        return 0;
    skip_space(r);
    return 1;
}

/* Up to the next element's value (of an object, past its name) or past the level's end. */
static enum step next(reader *r, struct level *level)
{
    skip_space(r);
    if (accept(r, level->close))
        return STEP_CLOSED;
    if (level->count > 0) {
        if (!accept(r, ','))
            return STEP_BAD;
        skip_space(r);
    }
    if (level->close == '}' && !read_name(r, level))
        return STEP_BAD;
    level->count++;
    return STEP_ELEMENT;
}

static int at_container(const reader *r)
{
    return at_byte(r, '{') || at_byte(r, '[');
}

static int open_container(reader *r)
{
    if (r->depth == SAF_JSON_DEPTH_MAX)
        return 0;
    struct level *level = &r->levels[r->depth++];
    level->close = *r->at++ == '{' ? '}' : ']';
    level->count = 0;
    return 1;
}

/* From an opening bracket past the matching one, over whatever stands between. */
static int skip_container(reader *r)
{
    size_t outside = r->depth;
    saf_json_value ignored;
    if (!open_container(r))
        return 0;
    while (r->depth > outside) {
        switch (next(r, &r->levels[r->depth - 1])) {
        case STEP_BAD:
            return 0;
        case STEP_CLOSED:
            r->depth--;
            break;
        case STEP_ELEMENT:
            if (!(at_container(r) ? open_container(r) : read_scalar(r, &ignored)))
                return 0;
        }
    }
    return 1;
}

static int read_value(reader *r, saf_json_value *value)
{
    if (!at_container(r))
        return read_scalar(r, value);
    const unsigned char *start = r->at;
    *value = (saf_json_value) { .kind = *start == '{' ? SAF_JSON_OBJECT : SAF_JSON_ARRAY };
    if (!skip_container(r))
        return 0;
    value->raw = saf_bytes_of(start, (size_t)(r->at - start));
    return 1;
}

static int read_members(reader *r, saf_json_object *object)
{
    struct level *outermost = &r->levels[0];
    enum step step;
    while ((step = next(r, outermost)) == STEP_ELEMENT) {
        saf_json_member *member = &object->members[outermost->count - 1];
        member->name = outermost->names[outermost->count - 1];
        if (!read_value(r, &member->value))
            return 0;
    }
    skip_space(r);
    return step == STEP_CLOSED && r->at == r->end;
}

int saf_json_read_object(saf_json_object *object, saf_bytes text)
{
    object->count = 0;
    if (!text.len)
        return 0;
    reader r;
    r.at = text.data;
    r.end = text.data + text.len;
    r.depth = 0;
    skip_space(&r);
    if (!at_byte(&r, '{') || !open_container(&r) || !read_members(&r, object))
        return 0;
    object->count = r.levels[0].count;
    return 1;
}

const saf_json_member *saf_json_find(const saf_json_object *object, const char *name)
{
    saf_bytes wanted = saf_bytes_of_text(name);
    for (size_t i = 0; i < object->count; i++)
        if (same_bytes(object->members[i].name, wanted))
            return &object->members[i];
    return NULL;
}

int saf_json_is_string(const saf_json_value *value, saf_bytes text)
{
    return value->kind == SAF_JSON_STRING && !value->has_escapes && same_bytes(value->raw, text);
}

int saf_json_next_element(saf_json_value *element, const saf_json_value *array, size_t *cursor)
{
    if (array->kind != SAF_JSON_ARRAY)
        return 0;
    reader r;
    r.at = array->raw.data + (*cursor ? *cursor : 1);
    r.end = array->raw.data + array->raw.len;
    r.depth = 1;
    r.levels[0].close = ']';
    r.levels[0].count = *cursor ? 1 : 0;
    if (next(&r, &r.levels[0]) != STEP_ELEMENT || !read_value(&r, element))
        return 0;
    *cursor = (size_t)(r.at - array->raw.data);
    return 1;
}
