#include <base/fail.h>

#include <setup/yaml-tree.h>

#include <stdarg.h>

__attribute__((format(printf, 5, 0)))
static saf_status refuse(const saf_yaml_tree *tree, const saf_yaml_node *node, const char *path, saf_error *err,
                         const char *format, va_list arguments)
{
    char why[SAF_ERROR_TEXT_SIZE];
    vsnprintf(why, sizeof why, format, arguments);
    return saf_fail(err, SAF_E_USAGE, "%s:%u:%u: %s %s", saf_yaml_name(tree), node->line, node->column, path, why);
}

saf_status saf_yaml_refuse(const saf_yaml_tree *tree, const saf_yaml_node *node, const char *path, saf_error *err,
                           const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    saf_status status = refuse(tree, node, path, err, format, arguments);
    va_end(arguments);
    return status;
}

static const saf_yaml_node *follow(const saf_yaml_node *node)
{
    return node && node->kind == SAF_YAML_ALIAS ? node->target : node;
}

/* One step of a path. A merge key would put members there that we do not see: say so rather than take a default. */
static saf_status step(const saf_yaml_node **node, const saf_yaml_tree *tree, const char *key, const char *path, saf_error *err)
{
    if ((*node)->kind != SAF_YAML_MAPPING)
        return saf_yaml_refuse(tree, *node, path, err, "cannot be there: a value stands where a section is expected");
    const saf_yaml_node *member = follow(saf_yaml_member(*node, key));
    if (!member && saf_yaml_member(*node, "<<"))
        return saf_yaml_refuse(tree, *node, path, err, "may come from a merge key (<<), which is not followed");
    *node = saf_yaml_is_null(member) ? NULL : member;
    return SAF_OK;
}

saf_status saf_yaml_get(const saf_yaml_node **out, const saf_yaml_tree *tree, const char *path, saf_error *err)
{
    const saf_yaml_node *node = follow(saf_yaml_root(tree));
    if (saf_yaml_is_null(node))
        node = NULL;
    for (const char *at = path; node && *at;) {
        char key[64];
        size_t len = strcspn(at, ".");
        snprintf(key, sizeof key, "%.*s", (int)len, at);
        SAF_TRY(step(&node, tree, key, path, err));
        at += len + (at[len] == '.');
    }
    *out = node;
    return SAF_OK;
}

/* U+0080 to U+009F; the text ends in a zero byte. */
static bool is_c1(const char *at)
{
    return (unsigned char)at[0] == 0xC2 && (unsigned char)at[1] >= 0x80 && (unsigned char)at[1] < 0xA0;
}

static bool has_control_characters(const saf_yaml_node *node)
{
    for (size_t i = 0; i < node->len; i++)
        if ((unsigned char)node->text[i] < 0x20 || node->text[i] == 0x7F || is_c1(node->text + i))
            return true;
    return false;
}

static saf_status check_text(const saf_yaml_tree *tree, const saf_yaml_node *node, const char *path, saf_error *err)
{
    if (node->kind != SAF_YAML_SCALAR)
        return saf_yaml_refuse(tree, node, path, err, "must be one value, not a list or section");
    if (strstr(node->text, "${{")) {
        saf_status status = saf_yaml_refuse(tree, node, path, err, "is a template, which only Zowe's configuration manager can work out");
        saf_hint(err, "give the value itself");
        return status;
    }
    if (has_control_characters(node))
        return saf_yaml_refuse(tree, node, path, err, "must be one line without control characters");
    return SAF_OK;
}

saf_status saf_yaml_get_text(const char **out, const saf_yaml_tree *tree, const char *path, saf_error *err)
{
    const saf_yaml_node *node;
    SAF_TRY(saf_yaml_get(&node, tree, path, err));
    if (!node)
        return SAF_OK;
    SAF_TRY(check_text(tree, node, path, err));
    if (node->len)
        *out = node->text;
    return SAF_OK;
}

/* YAML 1.1's words, but for its single letters. */
static int truth_of(const char *text)
{
    static const char *const words[] = { "false", "no", "off", "true", "yes", "on" };
    for (int i = 0; i < 6; i++)
        if (!strcasecmp(text, words[i]))
            return i >= 3;
    return -1;
}

saf_status saf_yaml_get_bool(bool *out, const saf_yaml_tree *tree, const char *path, saf_error *err)
{
    const saf_yaml_node *node;
    SAF_TRY(saf_yaml_get(&node, tree, path, err));
    if (!node)
        return SAF_OK;
    SAF_TRY(check_text(tree, node, path, err));
    int truth = truth_of(node->text);
    if (truth < 0)
        return saf_yaml_refuse(tree, node, path, err, "must be true or false");
    *out = truth;
    return SAF_OK;
}

saf_status saf_yaml_get_number(unsigned *out, const saf_yaml_tree *tree, const char *path, unsigned least, unsigned most,
                               saf_error *err)
{
    const saf_yaml_node *node;
    SAF_TRY(saf_yaml_get(&node, tree, path, err));
    if (!node)
        return SAF_OK;
    SAF_TRY(check_text(tree, node, path, err));
    size_t digits = strspn(node->text, "0123456789");
    unsigned long number = digits == node->len && digits > 0 && digits < 10 ? strtoul(node->text, NULL, 10) : 0;
    if (digits != node->len || number < least || number > most)
        return saf_yaml_refuse(tree, node, path, err, "must be a whole number from %u to %u", least, most);
    *out = (unsigned)number;
    return SAF_OK;
}

/* The first, or the one after *item; NULL at the end. A text that is no list is its own only item. */
static const saf_yaml_node *next_item(const saf_yaml_node *list, const saf_yaml_node *item)
{
    if (list->kind != SAF_YAML_SEQUENCE)
        return item ? NULL : list;
    return item ? item->next : list->first;
}

saf_status saf_yaml_next_text(const saf_yaml_node **item, const char **out, const saf_yaml_tree *tree, const char *path,
                              saf_error *err)
{
    const saf_yaml_node *list;
    const saf_yaml_node *at = *item;
    SAF_TRY(saf_yaml_get(&list, tree, path, err));
    *item = NULL;
    if (!list)
        return SAF_OK;
    while ((at = next_item(list, at))) {
        const saf_yaml_node *value = follow(at);
        if (saf_yaml_is_null(value))
            continue;
        SAF_TRY(check_text(tree, value, path, err));
        if (!value->len)
            continue;
        *item = at;
        *out = value->text;
        return SAF_OK;
    }
    return SAF_OK;
}
