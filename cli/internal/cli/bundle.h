/** @file Files of certificates that verbs read. */
#ifndef CLI_BUNDLE_H
#define CLI_BUNDLE_H

#include <cli/cli.h>

OWN_HANDLE(saf_bundle, saf_bundle_free)

/** Read FILE ("-": standard input), with the password of --password-source (NULL: none) and --alias (NULL: none). */
saf_status cli_read_bundle(saf_bundle **out, const char *file, const char *password_source, const char *alias, saf_error *err);

#endif
