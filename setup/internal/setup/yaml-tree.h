/**
 * @file
 * A YAML document as a small tree that knows, byte for byte, where each of its nodes stands in the text, so that single values
 * can be replaced and everything else be left alone (<setup/yaml-edit.h>).
 *
 * Foreign bytes are read within limits: UTF-8 only, one document, SAF_YAML_DEPTH_MAX levels, SAF_YAML_NODES_MAX nodes,
 * SAF_YAML_ANCHORS_MAX anchors. An alias stays a node of its own that points to its target; nothing is copied, so nothing can
 * explode. A mapping that has a key twice is refused.
 *
 *     OWN(saf_yaml_tree) *tree = NULL;
 *     const char *type = "PKCS12";
 *     SAF_TRY(saf_yaml_parse(&tree, text, "zowe.yaml", err));
 *     SAF_TRY(saf_yaml_get_text(&type, tree, "zowe.setup.certificate.type", err));
 */
#ifndef SETUP_YAML_TREE_H
#define SETUP_YAML_TREE_H

#include <base/own.h>

#include <safring/bytes.h>
#include <safring/status.h>

#include <stdbool.h>

enum { SAF_YAML_DEPTH_MAX = 64, SAF_YAML_NODES_MAX = 200000, SAF_YAML_ANCHORS_MAX = 256 };

typedef enum saf_yaml_kind { SAF_YAML_SCALAR, SAF_YAML_MAPPING, SAF_YAML_SEQUENCE, SAF_YAML_ALIAS } saf_yaml_kind;

/** One node. The children of a mapping are key, value, key, value, … */
typedef struct saf_yaml_node saf_yaml_node;
struct saf_yaml_node {
    saf_yaml_kind kind;
    bool plain; /**< a scalar without quotes, so that true, 12 and null mean more than their letters */
    bool flow;  /**< a mapping or sequence in braces or brackets */
    unsigned line, column; /**< of its first character, from 1 */
    size_t start, end;     /**< bytes [start, end) of the text; of a block mapping or sequence, up to the end of its last leaf */
    const char *text;      /**< a scalar's value, with a terminator that is not counted */
    size_t len;
    const char *anchor; /**< its own; of an alias, its target's; "" none */
    const char *tag;    /**< "" none */
    saf_yaml_node *parent, *first, *last, *next;
    const saf_yaml_node *target; /**< of an alias */
    saf_yaml_node *made_before;  /**< for freeing */
};

typedef struct saf_yaml_tree saf_yaml_tree;

/** Parse @p text, which is not kept; @p name is how messages call it. SAF_E_MALFORMED, with line and column. */
saf_status saf_yaml_parse(saf_yaml_tree **out, saf_bytes text, const char *name, saf_error *err);

/** Wipes what it held. NULL allowed; sets *tree to NULL. */
void saf_yaml_tree_free(saf_yaml_tree **tree);
OWN_HANDLE(saf_yaml_tree, saf_yaml_tree_free)

const char *saf_yaml_name(const saf_yaml_tree *tree);

/** The document's node; NULL when it is empty. */
const saf_yaml_node *saf_yaml_root(const saf_yaml_tree *tree);

/** The value of @p key in a mapping, or NULL. */
const saf_yaml_node *saf_yaml_member(const saf_yaml_node *mapping, const char *key);

/** Whether there is no value: no node, nothing after the colon, ~ or null. */
bool saf_yaml_is_null(const saf_yaml_node *node);

/** Whether two nodes are the same, wherever they stand. Aliases are compared by name. Both may be NULL. */
bool saf_yaml_equal(const saf_yaml_node *a, const saf_yaml_node *b);

/* ---- values by path ("zowe.setup.certificate"), each absent one left as the caller had set it ------------------ */

/** SAF_E_USAGE with a text that begins with file, line and column of @p node and names the value at @p path. */
saf_status saf_yaml_refuse(const saf_yaml_tree *tree, const saf_yaml_node *node, const char *path, saf_error *err,
                           const char *format, ...) __attribute__((format(printf, 5, 6)));

/** The node at a path, aliases followed; NULL when it is not there or null. SAF_E_USAGE (a node on the way is not a mapping). */
saf_status saf_yaml_get(const saf_yaml_node **out, const saf_yaml_tree *tree, const char *path, saf_error *err);

/** One line of text; "" counts as absent. SAF_E_USAGE (no scalar, a template, control characters). */
saf_status saf_yaml_get_text(const char **out, const saf_yaml_tree *tree, const char *path, saf_error *err);

/** true, false, yes or no. SAF_E_USAGE. */
saf_status saf_yaml_get_bool(bool *out, const saf_yaml_tree *tree, const char *path, saf_error *err);

/** A whole number from @p least to @p most. SAF_E_USAGE. */
saf_status saf_yaml_get_number(unsigned *out, const saf_yaml_tree *tree, const char *path, unsigned least, unsigned most,
                               saf_error *err);

/** One after the other, the texts of a list; empty ones are passed over. *item starts as NULL and is NULL again at the end.
 *  A single text counts as a list of one. SAF_E_USAGE. */
saf_status saf_yaml_next_text(const saf_yaml_node **item, const char **out, const saf_yaml_tree *tree, const char *path,
                              saf_error *err);

#endif
