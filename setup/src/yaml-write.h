/** @file Wishes as lines of YAML. A *group* is the wishes [from, to) that share path[depth]. */
#ifndef YAML_WRITE_H
#define YAML_WRITE_H

#include <setup/yaml-edit.h>

typedef struct yaml_layout {
    size_t indent, step; /* in blanks */
    const char *line_end;
    saf_yaml_show show;
} yaml_layout;

/* Where the group that begins at from ends, at most at to. */
size_t yaml_group_end(const saf_yaml_wishes *wishes, size_t depth, size_t from, size_t to);

/* Append one group, or all groups in [from, to). */
void yaml_write_group(saf_buffer *out, const saf_yaml_wishes *wishes, size_t depth, size_t from, size_t to,
                      const yaml_layout *layout);
void yaml_write_groups(saf_buffer *out, const saf_yaml_wishes *wishes, size_t depth, size_t from, size_t to,
                       const yaml_layout *layout);

#endif
