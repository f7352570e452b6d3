#include <base/buffer.h>
#include <base/fail.h>

#include <setup/yaml-tree.h>

#include <openssl/crypto.h>
#include <yaml.h>

OWN_VALUE(yaml_parser_t, yaml_parser_delete)

struct saf_yaml_tree {
    char *name;
    saf_yaml_node *root;
    saf_yaml_node *made; /* every node, the youngest first */
    size_t nodes;
};

/* libyaml counts characters; we cut bytes. Marks come nearly in order, so stepping from the last one is cheap. */
typedef struct position {
    saf_bytes text;
    size_t index; /* in characters, byte order mark not counted */
    size_t byte;
} position;

static bool is_inside_character(saf_bytes text, size_t byte)
{
    return byte < text.len && (text.data[byte] & 0xC0) == 0x80;
}

static size_t byte_of(position *at, size_t index)
{
    for (; at->index < index && at->byte < at->text.len; at->index++)
        for (at->byte++; is_inside_character(at->text, at->byte);)
            at->byte++;
    for (; at->index > index; at->index--)
        for (at->byte--; is_inside_character(at->text, at->byte);)
            at->byte--;
    return at->byte;
}

typedef struct builder {
    yaml_parser_t *parser;
    saf_yaml_tree *tree;
    saf_yaml_node *open; /* the collection whose children come now */
    unsigned depth, documents;
    saf_yaml_node *anchors[SAF_YAML_ANCHORS_MAX];
    size_t anchor_count;
    position position;
    saf_error *err;
} builder;

static saf_status refuse_at(const builder *b, yaml_mark_t mark, const char *why)
{
    return saf_fail(b->err, SAF_E_MALFORMED, "%s:%zu:%zu: %s", b->tree->name, mark.line + 1, mark.column + 1, why);
}

static saf_status refuse_parser(const builder *b)
{
    const yaml_parser_t *parser = b->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return saf_fail_memory(b->err);
    if (parser->error == YAML_READER_ERROR)
        return saf_fail(b->err, SAF_E_MALFORMED, "%s: byte %zu: %s", b->tree->name, parser->problem_offset, parser->problem);
    return refuse_at(b, parser->problem_mark, parser->problem ? parser->problem : "not YAML");
}

/* What the three kinds of events that make nodes have in common. */
typedef struct origin {
    saf_yaml_kind kind;
    const yaml_event_t *event;
    const char *text, *anchor, *tag;
    size_t len;
    bool plain, flow;
} origin;

static origin origin_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return (origin){ SAF_YAML_SCALAR, event, (const char *)event->data.scalar.value,
                         (const char *)event->data.scalar.anchor, (const char *)event->data.scalar.tag,
                         event->data.scalar.length, event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE, false };
    case YAML_SEQUENCE_START_EVENT:
        return (origin){ SAF_YAML_SEQUENCE, event, "", (const char *)event->data.sequence_start.anchor,
                         (const char *)event->data.sequence_start.tag, 0, false,
                         event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE };
    case YAML_MAPPING_START_EVENT:
        return (origin){ SAF_YAML_MAPPING, event, "", (const char *)event->data.mapping_start.anchor,
                         (const char *)event->data.mapping_start.tag, 0, false,
                         event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE };
    default:
        return (origin){ SAF_YAML_ALIAS, event, "", (const char *)event->data.alias.anchor, NULL, 0, false, false };
    }
}

/* The node and its three texts are one allocation: node, value, anchor, tag. */
static saf_yaml_node *node_new(const origin *from)
{
    const char *anchor = from->anchor ? from->anchor : "";
    const char *tag = from->tag ? from->tag : "";
    size_t anchor_size = strlen(anchor) + 1;
    size_t tag_size = strlen(tag) + 1;
    saf_yaml_node *node = calloc(1, sizeof *node + from->len + 1 + anchor_size + tag_size);
    if (!node)
        return NULL;
    char *room = (char *)(node + 1);
    node->text = memcpy(room, from->text, from->len);
    node->len = from->len;
    room += from->len + 1;
    node->anchor = memcpy(room, anchor, anchor_size);
    node->tag = memcpy(room + anchor_size, tag, tag_size);
    return node;
}

static void node_place(builder *b, saf_yaml_node *node, const origin *from)
{
    node->kind = from->kind;
    node->plain = from->plain;
    node->flow = from->flow;
    node->line = (unsigned)from->event->start_mark.line + 1;
    node->column = (unsigned)from->event->start_mark.column + 1;
    node->start = byte_of(&b->position, from->event->start_mark.index);
    node->end = byte_of(&b->position, from->event->end_mark.index);
}

static void node_hang(builder *b, saf_yaml_node *node)
{
    node->made_before = b->tree->made;
    b->tree->made = node;
    node->parent = b->open;
    if (!b->open)
        b->tree->root = node;
    else if (!b->open->first)
        b->open->first = node;
    else
        b->open->last->next = node;
    if (b->open)
        b->open->last = node;
}

static saf_status remember_anchor(builder *b, saf_yaml_node *node, yaml_mark_t mark)
{
    if (!*node->anchor)
        return SAF_OK;
    if (b->anchor_count == SAF_YAML_ANCHORS_MAX)
        return refuse_at(b, mark, "too many anchors");
    b->anchors[b->anchor_count++] = node;
    return SAF_OK;
}

/* YAML 1.1, 3.2.2.2: an anchor may be given again; an alias means the last one before it. */
static saf_status find_target(const builder *b, saf_yaml_node *alias, yaml_mark_t mark)
{
    for (size_t i = b->anchor_count; i-- > 0;)
        if (!strcmp(b->anchors[i]->anchor, alias->anchor)) {
            alias->target = b->anchors[i];
            return SAF_OK;
        }
    return refuse_at(b, mark, "an alias without an anchor");
}

static saf_status add_node(builder *b, const yaml_event_t *event)
{
    origin from = origin_of(event);
    if (b->tree->nodes++ == SAF_YAML_NODES_MAX)
        return refuse_at(b, event->start_mark, "too many values");
    saf_yaml_node *node = node_new(&from);
    if (!node)
        return saf_fail_memory(b->err);
    node_place(b, node, &from);
    node_hang(b, node);
    if (node->kind == SAF_YAML_ALIAS)
        return find_target(b, node, event->start_mark);
    return remember_anchor(b, node, event->start_mark);
}

static saf_status open_collection(builder *b, const yaml_event_t *event)
{
    if (b->depth++ == SAF_YAML_DEPTH_MAX)
        return refuse_at(b, event->start_mark, "nested too deeply");
    SAF_TRY(add_node(b, event));
    b->open = b->tree->made;
    return SAF_OK;
}

static int compare_keys(const void *a, const void *b)
{
    const saf_yaml_node *const *left = a;
    const saf_yaml_node *const *right = b;
    int order = strcmp((*left)->text, (*right)->text);
    if (order)
        return order;
    return ((*left)->start > (*right)->start) - ((*left)->start < (*right)->start);
}

static size_t gather_keys(const saf_yaml_node **keys, const saf_yaml_node *mapping)
{
    size_t count = 0;
    for (const saf_yaml_node *key = mapping->first; key; key = key->next->next)
        if (key->kind == SAF_YAML_SCALAR)
            keys[count++] = key;
    return count;
}

static size_t count_pairs(const saf_yaml_node *mapping)
{
    size_t count = 0;
    for (const saf_yaml_node *key = mapping->first; key; key = key->next->next)
        count++;
    return count;
}

/* Sorted, because a mapping may have many thousand keys. */
static const saf_yaml_node *find_second(const saf_yaml_node **keys, size_t count)
{
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count; i++)
        if (!strcmp(keys[i]->text, keys[i - 1]->text))
            return keys[i];
    return NULL;
}

static saf_status check_keys(const builder *b, const saf_yaml_node *mapping)
{
    const saf_yaml_node **keys = calloc(count_pairs(mapping) + 1, sizeof *keys);
    if (!keys)
        return saf_fail_memory(b->err);
    const saf_yaml_node *second = find_second(keys, gather_keys(keys, mapping));
    free(keys);
    if (!second)
        return SAF_OK;
    return saf_fail(b->err, SAF_E_MALFORMED, "%s:%u:%u: the key \"%s\" is there twice", b->tree->name, second->line,
                    second->column, second->text);
}

/* The parser's own end of a block collection is where the next thing begins, comments and blank lines passed over. */
static saf_status close_collection(builder *b, const yaml_event_t *event)
{
    saf_yaml_node *node = b->open;
    if (node->flow)
        node->end = byte_of(&b->position, event->end_mark.index);
    else if (node->last)
        node->end = node->last->end;
    b->open = node->parent;
    b->depth--;
    return node->kind == SAF_YAML_MAPPING ? check_keys(b, node) : SAF_OK;
}

static saf_status take_event(builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return b->documents++ ? refuse_at(b, event->start_mark, "a second document") : SAF_OK;
    case YAML_SCALAR_EVENT:
    case YAML_ALIAS_EVENT:
        return add_node(b, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return open_collection(b, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_collection(b, event);
    default:
        return SAF_OK;
    }
}

static void event_free(yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        OPENSSL_cleanse(event->data.scalar.value, event->data.scalar.length);
    yaml_event_delete(event);
}

static saf_status build(builder *b)
{
    for (bool ended = false; !ended;) {
        yaml_event_t event;
        if (!yaml_parser_parse(b->parser, &event))
            return refuse_parser(b);
        ended = event.type == YAML_STREAM_END_EVENT;
        saf_status status = take_event(b, &event);
        event_free(&event);
        SAF_TRY(status);
    }
    return SAF_OK;
}

static bool begins_with(saf_bytes text, const char *mark, size_t len)
{
    return text.len >= len && !memcmp(text.data, mark, len);
}

/* The parser would count a byte order mark as a column of the first line, which then seems indented. */
static saf_status parse_into(saf_yaml_tree *tree, saf_bytes text, saf_error *err)
{
    if (begins_with(text, "\xFF\xFE", 2) || begins_with(text, "\xFE\xFF", 2))
        return saf_fail(err, SAF_E_MALFORMED, "%s is not UTF-8", tree->name);
    size_t mark = begins_with(text, "\xEF\xBB\xBF", 3) ? 3 : 0;
    OWN(yaml_parser_t) parser;
    if (!yaml_parser_initialize(&parser))
        return saf_fail_memory(err);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.len ? text.data + mark : (const unsigned char *)"", text.len - mark);
    builder b = { .parser = &parser, .tree = tree, .position = { .text = text, .byte = mark }, .err = err };
    return build(&b);
}

saf_status saf_yaml_parse(saf_yaml_tree **out, saf_bytes text, const char *name, saf_error *err)
{
    OWN(saf_yaml_tree) *tree = calloc(1, sizeof *tree);
    if (!tree)
        return saf_fail_memory(err);
    tree->name = strdup(name);
    if (!tree->name)
        return saf_fail_memory(err);
    SAF_TRY(parse_into(tree, text, err));
    *out = GIVE(&tree);
    return SAF_OK;
}

static void node_free(saf_yaml_node *node)
{
    OPENSSL_cleanse((char *)(node + 1), node->len);
    free(node);
}

void saf_yaml_tree_free(saf_yaml_tree **tree)
{
    if (!tree || !*tree)
        return;
    for (saf_yaml_node *node = (*tree)->made; node;) {
        saf_yaml_node *before = node->made_before;
        node_free(node);
        node = before;
    }
    free((*tree)->name);
    free(*tree);
    *tree = NULL;
}

const char *saf_yaml_name(const saf_yaml_tree *tree)
{
    return tree->name;
}

const saf_yaml_node *saf_yaml_root(const saf_yaml_tree *tree)
{
    return tree->root;
}

const saf_yaml_node *saf_yaml_member(const saf_yaml_node *mapping, const char *key)
{
    for (const saf_yaml_node *at = mapping->first; at; at = at->next->next)
        if (at->kind == SAF_YAML_SCALAR && at->len == strlen(key) && !strcmp(at->text, key))
            return at->next;
    return NULL;
}

bool saf_yaml_is_null(const saf_yaml_node *node)
{
    static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
    if (!node)
        return true;
    if (node->kind != SAF_YAML_SCALAR || !node->plain)
        return false;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        if (!strcmp(node->text, nulls[i]))
            return true;
    return false;
}

static bool same_node(const saf_yaml_node *a, const saf_yaml_node *b)
{
    return a->kind == b->kind && a->plain == b->plain && a->len == b->len && !memcmp(a->text, b->text, a->len) &&
           !strcmp(a->anchor, b->anchor) && !strcmp(a->tag, b->tag);
}

bool saf_yaml_equal(const saf_yaml_node *a, const saf_yaml_node *b)
{
    if (!a || !b)
        return a == b;
    if (!same_node(a, b))
        return false;
    const saf_yaml_node *left = a->first;
    const saf_yaml_node *right = b->first;
    for (; left && right; left = left->next, right = right->next)
        if (!saf_yaml_equal(left, right))
            return false;
    return left == right;
}
