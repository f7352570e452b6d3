/** @file Results on standard output, everything else on standard error. */
#include <cli/cli.h>

#include <base/fail.h>
#include <base/utf8.h>

#include <errno.h>
#include <string.h>

/* ---- text that is safe to show ---- */

/* Foreign names (a certificate's subject, a token's label) must not steer the terminal or turn the line around: C1 controls, and Unicode's
 * invisible and direction marks (UTS 39). */
static bool is_hidden(const unsigned char *at, size_t len)
{
    if (len == 2)
        return at[0] == 0xC2 && at[1] < 0xA0;
    if (len != 3)
        return false;
    unsigned code = (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
    return (code >= 0x200B && code <= 0x200F) || (code >= 0x202A && code <= 0x202E) || (code >= 0x2060 && code <= 0x2069) ||
           code == 0xFEFF;
}

static bool is_shown(const unsigned char *at, size_t len)
{
    if (len == 1)
        return *at == '\n' || *at == '\t' || (*at >= ' ' && *at != 0x7F);
    return len && !is_hidden(at, len);
}

static void append_shown(saf_buffer *out, saf_bytes text)
{
    const unsigned char *end = text.data + text.len;
    for (const unsigned char *at = text.data; at < end;) {
        size_t len = utf8_len(at, end);
        saf_buffer_append(out, is_shown(at, len) ? saf_bytes_of(at, len) : saf_bytes_of_text("?"));
        at += len ? len : 1;
    }
}

const char *cli_file_name(const char *file)
{
    return strcmp(file, "-") != 0 ? file : "standard input";
}

json_t *cli_text(const char *text)
{
    OWN(saf_buffer) valid = { 0 };
    json_t *string = json_string(text);
    if (string)
        return string;
    append_shown(&valid, saf_bytes_of_text(text));
    return json_string(saf_buffer_text(&valid));
}

/* ---- answers ---- */

void cli_say(const cli *cli, const char *format, ...)
{
    OWN(saf_buffer) text = { 0 };
    va_list arguments;
    if (cli->common.json)
        return;
    va_start(arguments, format);
    saf_buffer_vprintf(&text, format, arguments);
    va_end(arguments);
    append_shown(cli->said, saf_buffer_bytes(&text));
}

void cli_say_now(const cli *cli)
{
    fputs(saf_buffer_text(cli->said), stdout);
    if (fflush(stdout) != 0 && !*cli->output_error)
        *cli->output_error = errno;
    saf_buffer_free(cli->said);
}

void cli_note(const cli *cli, const char *format, ...)
{
    OWN(saf_buffer) text = { 0 };
    OWN(saf_buffer) shown = { 0 };
    va_list arguments;
    va_start(arguments, format);
    saf_buffer_vprintf(&text, format, arguments);
    va_end(arguments);
    append_shown(&shown, saf_buffer_bytes(&text));
    if (cli->common.json)
        json_array_append_new(cli->notes, json_string(saf_buffer_text(&shown)));
    else
        fprintf(stderr, "safring: %s\n", saf_buffer_text(&shown));
}

static void report_json(const cli *cli, saf_status status, const saf_error *err)
{
    OWN(json_t) *error = json_pack("{s:{s:s,s:s,s:s}}", "error", "status", saf_status_name(status), "message", err->text,
                                   "hint", err->hint);
    json_t *body = json_object_get(error, "error");
    if (err->codes.saf)
        json_object_set_new(body, "codes", json_pack("[i,i,i]", err->codes.saf, err->codes.racf, err->codes.reason));
    if (json_array_size(cli->notes))
        json_object_set(body, "notes", cli->notes);
    json_dumpf(error, stderr, JSON_COMPACT);
    fputc('\n', stderr);
}

/* A record that was written for another status (an attempt that was given up, say) would tell the wrong story. */
int cli_report_failure(const cli *cli, saf_status status, saf_error *err)
{
    if (err->status != status || !err->text[0])
        (void)saf_fail(err, status, "%s", saf_status_name(status));
    if (cli->common.json)
        report_json(cli, status, err);
    else
        fprintf(stderr, "safring: %s\n", err->text);
    if (!cli->common.json && err->hint[0])
        fprintf(stderr, "hint: %s\n", err->hint);
    return saf_status_exit_code(status);
}

saf_status cli_finish_output(cli *cli, saf_error *err)
{
    SAF_TRY(saf_buffer_check(cli->said, err));
    if (cli->common.json) {
        if (cli->common.dry_run)
            json_object_set_new(cli->result, "dry_run", json_true());
        if (json_array_size(cli->notes))
            json_object_set(cli->result, "notes", cli->notes);
        cli_list_end(cli);
        if (!cli->list_count) {
            json_dumpf(cli->result, stdout, JSON_INDENT(2));
            putchar('\n');
        }
    }
    cli_say_now(cli);
    if (!ferror(stdout) && !*cli->output_error)
        return SAF_OK;
    errno = *cli->output_error;
    bool changed = cli->command && (cli->command->groups & CLI_MUTATES) && !cli->common.dry_run;
    return saf_fail_errno(err, "%scannot write to standard output", changed ? "it is done, but the answer is lost: " : "");
}
