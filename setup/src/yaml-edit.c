#include "yaml-write.h"

#include <base/fail.h>

#include <setup/yaml-tree.h>

enum { EDITS_MAX = 64, LEAF = SAF_YAML_WISH_DEPTH - 1, STEP = 2 };

/* Put new text in the place of bytes [start, end). */
typedef struct edit {
    size_t start, end;
    saf_buffer text;
} edit;

typedef struct editor {
    const saf_yaml_tree *tree;
    saf_bytes text;
    const char *line_end;
    const saf_yaml_wishes *wishes;
    edit edits[EDITS_MAX];
    size_t count;
    saf_error *err;
} editor;

static void editor_free(editor *e)
{
    for (size_t i = 0; i < e->count; i++)
        saf_buffer_free(&e->edits[i].text);
}

OWN_VALUE(editor, editor_free)

static saf_status refuse(const editor *e, const saf_yaml_node *node, const char *why)
{
    return saf_fail(e->err, SAF_E_UNSUPPORTED, "%s:%u:%u: cannot be edited: %s", saf_yaml_name(e->tree), node->line, node->column,
                    why);
}

/* NULL: too many, which the fixed number of wishes rules out. */
static saf_buffer *new_edit(editor *e, size_t start, size_t end)
{
    if (e->count == EDITS_MAX)
        return NULL;
    edit *made = &e->edits[e->count++];
    made->start = start;
    made->end = end;
    return &made->text;
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* What ends the lines of this file: the first one decides. */
static const char *line_end_of(saf_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\n')
            return "\n";
        if (text.data[i] == '\r')
            return i + 1 < text.len && text.data[i + 1] == '\n' ? "\r\n" : "\r";
    }
    return "\n";
}

static size_t next_line(const editor *e, size_t at)
{
    while (at < e->text.len && !is_line_end((char)e->text.data[at]))
        at++;
    if (at < e->text.len && e->text.data[at] == '\r')
        at++;
    else if (at < e->text.len)
        return at + 1;
    return at < e->text.len && e->text.data[at] == '\n' ? at + 1 : at;
}

/* The beginning of the line after the one that byte at - 1 is on. */
static size_t line_after(const editor *e, size_t at)
{
    return at > 0 && is_line_end((char)e->text.data[at - 1]) ? at : next_line(e, at);
}

/* An edit that inserts whole lines at the beginning of a line; at the end of a file whose last line has no end, it gets one. */
static saf_buffer *insert_lines(editor *e, size_t at)
{
    saf_buffer *lines = new_edit(e, at, at);
    if (lines && at > 0 && !is_line_end((char)e->text.data[at - 1]))
        saf_buffer_append_text(lines, e->line_end);
    return lines;
}

static const saf_yaml_node *find_key(const saf_yaml_node *mapping, const char *key)
{
    for (const saf_yaml_node *at = mapping->first; at; at = at->next->next)
        if (at->kind == SAF_YAML_SCALAR && at->len == strlen(key) && !strcmp(at->text, key))
            return at;
    return NULL;
}

/* ---- leaves ---- */

static bool list_says(const saf_yaml_node *list, const char *value)
{
    for (const saf_yaml_node *item = list->first; item; item = item->next) {
        size_t len = strcspn(value, ",");
        if (item->kind != SAF_YAML_SCALAR || item->len != len || memcmp(item->text, value, len) != 0)
            return false;
        value += len + (value[len] == ',');
        if (item->next && !*value)
            return false;
    }
    return !*value && list->first;
}

static bool says(const saf_yaml_node *node, const char *value)
{
    if (node && node->kind == SAF_YAML_ALIAS)
        node = node->target;
    if (!*value && saf_yaml_is_null(node))
        return true;
    if (!node)
        return false;
    if (node->kind == SAF_YAML_SEQUENCE)
        return list_says(node, value);
    return node->kind == SAF_YAML_SCALAR && node->len == strlen(value) && !strcmp(node->text, value) && !(node->plain && saf_yaml_is_ambiguous(value));
}

static bool has_comment(const editor *e, size_t start, size_t end)
{
    return end > start && memchr(e->text.data + start, '#', end - start);
}

/* A block list begins on a line of its own: the text goes behind the colon. Comments inside would be lost. */
static saf_status find_place(size_t *start, const editor *e, const saf_yaml_node *key, const saf_yaml_node *value)
{
    *start = value->start;
    if (value->kind == SAF_YAML_MAPPING)
        return refuse(e, value, "a section stands where one value is expected");
    if (value->kind != SAF_YAML_SEQUENCE || value->flow)
        return SAF_OK;
    *start = key->end;
    return has_comment(e, *start, value->end) ? refuse(e, value, "the list has comments; write it as one text") : SAF_OK;
}

static saf_status edit_leaf(editor *e, const saf_yaml_node *key, const saf_yaml_wish *wish)
{
    const saf_yaml_node *value = key->next;
    size_t start;
    if (says(value, wish->value))
        return SAF_OK;
    if (value->kind != SAF_YAML_ALIAS && *value->anchor)
        return refuse(e, value, "other places refer to this value (an anchor)");
    SAF_TRY(find_place(&start, e, key, value));
    saf_buffer *text = new_edit(e, start, value->end);
    if (!text)
        return refuse(e, value, "too many changes");
    if (start == key->end)
        saf_buffer_append_text(text, ": ");
    else if (start > 0 && e->text.data[start - 1] == ':')
        saf_buffer_append_text(text, " "); /* nothing was there */
    saf_yaml_quote(text, wish->value);
    if (value->end > start && is_line_end((char)e->text.data[value->end - 1])) /* a block text takes its line end along */
        saf_buffer_append_text(text, e->line_end);
    return SAF_OK;
}

/* ---- sections ---- */

static saf_status edit_mapping(editor *e, const saf_yaml_node *mapping, size_t depth, size_t from, size_t to);

static yaml_layout layout_at(const editor *e, size_t indent)
{
    return (yaml_layout){ .indent = indent, .step = STEP, .line_end = e->line_end, .show = SAF_YAML_SHOW_ALL };
}

/* A section without content, "certificate:" or "certificate: {}", whose own comment stays on its line. */
static saf_status fill_section(editor *e, const saf_yaml_node *key, size_t depth, size_t from, size_t to)
{
    const saf_yaml_node *value = key->next;
    if (value->end > value->start && !new_edit(e, value->start, value->end))
        return refuse(e, value, "too many changes");
    saf_buffer *lines = insert_lines(e, line_after(e, value->end));
    if (!lines)
        return refuse(e, value, "too many changes");
    yaml_layout layout = layout_at(e, key->column - 1 + STEP);
    yaml_write_groups(lines, e->wishes, depth, from, to, &layout);
    return SAF_OK;
}

static saf_status edit_section(editor *e, const saf_yaml_node *key, size_t depth, size_t from, size_t to)
{
    const saf_yaml_node *value = key->next;
    if (value->kind == SAF_YAML_ALIAS || *value->anchor)
        return refuse(e, value, "other places share this section (an anchor or alias)");
    bool is_empty = saf_yaml_is_null(value) || (value->kind == SAF_YAML_MAPPING && !value->first);
    if (is_empty && key->parent->flow)
        return refuse(e, value, "the section is written in braces");
    if (is_empty)
        return fill_section(e, key, depth, from, to);
    if (value->kind != SAF_YAML_MAPPING)
        return refuse(e, value, "a value stands where a section is expected");
    return edit_mapping(e, value, depth, from, to);
}

/* In the indentation of the mapping's own keys, behind its last line. */
static saf_status add_missing(editor *e, const saf_yaml_node *mapping, size_t depth, size_t from, size_t to)
{
    saf_buffer *lines = NULL;
    yaml_layout layout = layout_at(e, mapping->first->column - 1);
    for (size_t end; from < to; from = end) {
        end = yaml_group_end(e->wishes, depth, from, to);
        if (find_key(mapping, e->wishes->list[from].path[depth]))
            continue;
        if (mapping->flow)
            return refuse(e, mapping, "a key is missing, and the section is written in braces");
        lines = lines ? lines : insert_lines(e, line_after(e, mapping->end));
        if (!lines)
            return refuse(e, mapping, "too many changes");
        yaml_write_group(lines, e->wishes, depth, from, end, &layout);
    }
    return SAF_OK;
}

/* What is there first, then what is missing: at one place, the inner section's lines must come before the outer's. */
static saf_status edit_mapping(editor *e, const saf_yaml_node *mapping, size_t depth, size_t from, size_t to)
{
    for (size_t at = from, end; at < to; at = end) {
        end = yaml_group_end(e->wishes, depth, at, to);
        const saf_yaml_node *key = find_key(mapping, e->wishes->list[at].path[depth]);
        if (key && depth == LEAF)
            SAF_TRY(edit_leaf(e, key, &e->wishes->list[at]));
        else if (key)
            SAF_TRY(edit_section(e, key, depth + 1, at, end));
    }
    return add_missing(e, mapping, depth, from, to);
}

static saf_status edit_document(editor *e)
{
    const saf_yaml_node *root = saf_yaml_root(e->tree);
    if (root && root->kind == SAF_YAML_MAPPING && root->first)
        return edit_mapping(e, root, 0, 0, e->wishes->count);
    if (root)
        return refuse(e, root, "the file is not a section with keys");
    saf_buffer *lines = insert_lines(e, e->text.len);
    yaml_layout layout = layout_at(e, 0);
    yaml_write_groups(lines, e->wishes, 0, 0, e->wishes->count, &layout);
    return SAF_OK;
}

/* ---- the result ---- */

/* Insertions at one place keep the order in which they were made. */
static void sort_edits(editor *e)
{
    for (size_t i = 1; i < e->count; i++)
        for (size_t j = i; j > 0 && e->edits[j].start < e->edits[j - 1].start; j--) {
            edit swap = e->edits[j];
            e->edits[j] = e->edits[j - 1];
            e->edits[j - 1] = swap;
        }
}

static saf_status apply_edits(saf_buffer *out, editor *e)
{
    size_t at = 0;
    sort_edits(e);
    for (size_t i = 0; i < e->count; i++) {
        const edit *one = &e->edits[i];
        SAF_TRY(saf_buffer_check(&one->text, e->err));
        if (one->start < at)
            return saf_fail(e->err, SAF_E_FAILED, "%s cannot be edited: two changes overlap", saf_yaml_name(e->tree));
        saf_buffer_append(out, saf_bytes_of(e->text.data + at, one->start - at));
        saf_buffer_append(out, saf_buffer_bytes(&one->text));
        at = one->end;
    }
    if (at < e->text.len)
        saf_buffer_append(out, saf_bytes_of(e->text.data + at, e->text.len - at));
    return saf_buffer_check(out, e->err);
}

/* ---- the check: the same document, but for the wishes ---- */

static bool is_wished(const saf_yaml_wishes *wishes, size_t depth, size_t from, size_t to, const saf_yaml_node *key)
{
    for (; from < to; from++)
        if (key->kind == SAF_YAML_SCALAR && !strcmp(wishes->list[from].path[depth], key->text))
            return true;
    return false;
}

/* The next key that is nobody's wish. */
static const saf_yaml_node *skip_wished(const saf_yaml_wishes *wishes, size_t depth, size_t from, size_t to,
                                        const saf_yaml_node *key)
{
    while (key && is_wished(wishes, depth, from, to, key))
        key = key->next->next;
    return key;
}

static const saf_yaml_node *first_of(const saf_yaml_node *node)
{
    return node && node->kind == SAF_YAML_MAPPING ? node->first : NULL;
}

static bool others_are_same(const saf_yaml_wishes *wishes, size_t depth, size_t from, size_t to, const saf_yaml_node *before,
                            const saf_yaml_node *after)
{
    const saf_yaml_node *left = skip_wished(wishes, depth, from, to, first_of(before));
    const saf_yaml_node *right = skip_wished(wishes, depth, from, to, first_of(after));
    while (left && right && saf_yaml_equal(left, right) && saf_yaml_equal(left->next, right->next)) {
        left = skip_wished(wishes, depth, from, to, left->next->next);
        right = skip_wished(wishes, depth, from, to, right->next->next);
    }
    return !left && !right;
}

static bool has_wishes(const saf_yaml_wishes *wishes, size_t depth, size_t from, size_t to, const saf_yaml_node *before,
                       const saf_yaml_node *after)
{
    if (!after || after->kind != SAF_YAML_MAPPING || !others_are_same(wishes, depth, from, to, before, after))
        return false;
    for (size_t end; from < to; from = end) {
        end = yaml_group_end(wishes, depth, from, to);
        const char *key = wishes->list[from].path[depth];
        const saf_yaml_node *now = saf_yaml_member(after, key);
        const saf_yaml_node *then = before && before->kind == SAF_YAML_MAPPING ? saf_yaml_member(before, key) : NULL;
        if (depth == LEAF ? !says(now, wishes->list[from].value) : !has_wishes(wishes, depth + 1, from, end, then, now))
            return false;
    }
    return true;
}

static saf_status check_result(const editor *e, saf_bytes result)
{
    OWN(saf_yaml_tree) *after = NULL;
    if (saf_yaml_parse(&after, result, saf_yaml_name(e->tree), NULL) == SAF_OK &&
        has_wishes(e->wishes, 0, 0, e->wishes->count, saf_yaml_root(e->tree), saf_yaml_root(after)))
        return SAF_OK;
    saf_status status = saf_fail(e->err, SAF_E_FAILED, "%s cannot be edited without changing what else it says",
                                 saf_yaml_name(e->tree));
    saf_hint(e->err, "copy the zowe.certificate block into it by hand");
    return status;
}

saf_status saf_yaml_edit(saf_buffer *out, saf_bytes text, const char *name, const saf_yaml_wishes *wishes, saf_error *err)
{
    OWN(saf_yaml_tree) *tree = NULL;
    OWN(saf_buffer) result = { 0 };
    if (!text.len)
        text = saf_bytes_of("", 0);
    SAF_TRY(saf_yaml_parse(&tree, text, name, err));
    OWN(editor) e = { .tree = tree, .text = text, .line_end = line_end_of(text), .wishes = wishes, .err = err };
    SAF_TRY(edit_document(&e));
    SAF_TRY(apply_edits(&result, &e));
    SAF_TRY(check_result(&e, saf_buffer_bytes(&result)));
    saf_buffer_append(out, saf_buffer_bytes(&result));
    return saf_buffer_check(out, err);
}
