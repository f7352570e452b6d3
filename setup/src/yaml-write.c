#include "yaml-write.h"

#include <strings.h>

bool saf_yaml_is_ambiguous(const char *text)
{
    static const char *const words[] = { "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", ".nan" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(text, words[i]))
            return true;
    /* numbers, dates, sexagesimals, -.inf */
    return strchr("0123456789+-.", *text) != NULL;
}

static bool is_plain_word(const char *text)
{
    static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    return !saf_yaml_is_ambiguous(text) && text[strspn(text, harmless)] == '\0';
}

/* Line breaks to a YAML 1.1 reader, though not control characters: U+0085, U+2028, U+2029; and the byte order mark. */
static const char *escape_of(const char *at, size_t *len)
{
    static const struct { const char *bytes, *escape; } odd[] = {
        { "\"", "\\\"" },          { "\\", "\\\\" },          { "\xC2\x85", "\\u0085" },
        { "\xE2\x80\xA8", "\\u2028" }, { "\xE2\x80\xA9", "\\u2029" }, { "\xEF\xBB\xBF", "\\uFEFF" },
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        *len = strlen(odd[i].bytes);
        if (!strncmp(at, odd[i].bytes, *len))
            return odd[i].escape;
    }
    return NULL;
}

static void quote_character(saf_buffer *out, const char **at)
{
    size_t len;
    const char *escape = escape_of(*at, &len);
    unsigned char c = (unsigned char)**at;
    if (escape)
        saf_buffer_append_text(out, escape);
    else if (c < 0x20 || c == 0x7F)
        saf_buffer_printf(out, "\\x%02X", c);
    else
        saf_buffer_append(out, saf_bytes_of(*at, 1));
    *at += escape ? len : 1;
}

void saf_yaml_quote(saf_buffer *out, const char *text)
{
    if (is_plain_word(text)) {
        saf_buffer_append_text(out, text);
        return;
    }
    saf_buffer_append_text(out, "\"");
    for (const char *at = text; *at;)
        quote_character(out, &at);
    saf_buffer_append_text(out, "\"");
}

size_t yaml_group_end(const saf_yaml_wishes *wishes, size_t depth, size_t from, size_t to)
{
    size_t end = from + 1;
    while (end < to && !strcmp(wishes->list[end].path[depth], wishes->list[from].path[depth]))
        end++;
    return end;
}

static void write_value(saf_buffer *out, const saf_yaml_wish *wish, const yaml_layout *layout)
{
    saf_buffer_append_text(out, " ");
    if (wish->is_secret && layout->show == SAF_YAML_MASK_SECRETS)
        saf_buffer_append_text(out, "********");
    else
        saf_yaml_quote(out, wish->value);
}

void yaml_write_group(saf_buffer *out, const saf_yaml_wishes *wishes, size_t depth, size_t from, size_t to,
                      const yaml_layout *layout)
{
    const saf_yaml_wish *wish = &wishes->list[from];
    saf_buffer_printf(out, "%*s%s:", (int)layout->indent, "", wish->path[depth]);
    if (depth == SAF_YAML_WISH_DEPTH - 1)
        write_value(out, wish, layout);
    saf_buffer_append_text(out, layout->line_end);
    if (depth == SAF_YAML_WISH_DEPTH - 1)
        return;
    yaml_layout deeper = *layout;
    deeper.indent += layout->step;
    yaml_write_groups(out, wishes, depth + 1, from, to, &deeper);
}

void yaml_write_groups(saf_buffer *out, const saf_yaml_wishes *wishes, size_t depth, size_t from, size_t to,
                       const yaml_layout *layout)
{
    for (size_t end; from < to; from = end) {
        end = yaml_group_end(wishes, depth, from, to);
        yaml_write_group(out, wishes, depth, from, end, layout);
    }
}

void saf_yaml_render(saf_buffer *out, const saf_yaml_wishes *wishes, saf_yaml_show show)
{
    yaml_layout layout = { .indent = 0, .step = 2, .line_end = "\n", .show = show };
    yaml_write_groups(out, wishes, 0, 0, wishes->count, &layout);
}
