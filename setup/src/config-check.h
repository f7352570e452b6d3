/** @file What makes a value of zowe.yaml valid. Each check gives true, or false and why not ("must …"), without naming the key. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>

typedef bool (*config_check_fn)(const char *text, char *why, size_t why_size);

bool config_check_owner(const char *text, char *why, size_t why_size);
bool config_check_label(const char *text, char *why, size_t why_size);
bool config_check_ring(const char *text, char *why, size_t why_size);

/** A label that also names files and a directory. */
bool config_check_file_label(const char *text, char *why, size_t why_size);

/** An absolute path that does not climb. */
bool config_check_directory(const char *text, char *why, size_t why_size);

/** One part of a distinguished name; the two letters of a country. */
bool config_check_name_part(const char *text, char *why, size_t why_size);
bool config_check_country(const char *text, char *why, size_t why_size);

/** A host name (a wildcard too) or an address. */
bool config_check_domain(const char *text, char *why, size_t why_size);

#endif
