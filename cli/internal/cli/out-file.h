/**
 * @file
 * --out and what goes with it: a result of bytes that goes into a file or to standard output.
 *
 * A file that is replaced keeps its mode, owner and group unless --mode or --owner-group say otherwise. One that everybody may read gets no private
 * key that way.
 */
#ifndef CLI_OUT_FILE_H
#define CLI_OUT_FILE_H

#include <cli/cli.h>

typedef struct cli_out {
    const char *path; /* NULL or "-": standard output */
    const char *mode, *owner_group;
    int if_exists; /* index into cli_out_if_exists */
} cli_out;

extern const char *const cli_out_if_exists[];

/** The rows of an option table, for the member @p member of the verb's struct @p type. */
#define CLI_OUT_OPTIONS(type, member) \
    { CLI_TEXT, "out", "FILE", "write to this file; default \"-\", standard output", offsetof(type, member.path) }, \
    { CLI_TEXT, "mode", "OCTAL", "the file's mode, such as 0640; default 0644, with a private key 0600, of a file that is replaced: as it was", \
      offsetof(type, member.mode) }, \
    { CLI_TEXT, "owner-group", "USER[:GROUP]", "whose the file is; default: yours, of a file that is replaced: as it was", \
      offsetof(type, member.owner_group) }, \
    { CLI_CHOICE, "if-exists", "WHAT", "what to do when there is such a file", offsetof(type, member.if_exists), .choices = cli_out_if_exists }

/** A Unix user by name or number. SAF_E_NOT_FOUND. */
saf_status cli_find_user(uid_t *out, const char *name, saf_error *err);

/** What the bytes are. */
typedef enum cli_out_kind { CLI_OUT_TEXT, CLI_OUT_BINARY } cli_out_kind;

/** Whether they go into a file. */
bool cli_out_has_file(const cli_out *out);

/** What a new file's mode is. */
enum { CLI_OUT_PUBLIC = 0644, CLI_OUT_PRIVATE = 0600 };

/** Before anything is done: the directory can be written, the file may be and can have its owner, mode and owner are understood; bytes that are no
 *  text do not go to a terminal. *keep: --if-exists keep, and it is there: nothing is to be done (which is said). @p mode: of a new file. */
saf_status cli_out_check(bool *keep, cli *cli, const cli_out *out, cli_out_kind kind, mode_t mode, saf_error *err);

/** Write, and say so. @p mode: of a new file. On a dry run: say what would be. With --json and no file, text becomes the result's member "pem". */
saf_status cli_out_write(cli *cli, const cli_out *out, saf_bytes content, mode_t mode, saf_error *err);

#endif
