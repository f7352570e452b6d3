/** @file Results on standard output, everything else on standard error. */
#include <cli/cli.h>

#include <base/fail.h>

#include <errno.h>

void cli_say(const cli *cli, const char *format, ...)
{
    va_list arguments;
    if (cli->common.json)
        return;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
}

void cli_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("safring: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static void report_json(const saf_error *err)
{
    OWN(json_t) *error = json_pack("{s:{s:s,s:s,s:s}}", "error", "status", saf_status_name(err->status), "message",
                                   err->text, "hint", err->hint);
    json_t *body = json_object_get(error, "error");
    if (err->codes.saf && body)
        json_object_set_new(body, "codes", json_pack("[i,i,i]", err->codes.saf, err->codes.racf, err->codes.reason));
    if (error)
        json_dumpf(error, stderr, JSON_COMPACT);
    fputc('\n', stderr);
}

int cli_report_failure(const cli *cli, const saf_error *err)
{
    fflush(stdout);
    if (cli->common.json) {
        report_json(err);
    } else {
        cli_note("%s", err->text[0] ? err->text : saf_status_name(err->status));
        if (err->hint[0])
            fprintf(stderr, "hint: %s\n", err->hint);
    }
    return saf_status_exit_code(err->status);
}

saf_status cli_finish_output(const cli *cli, saf_error *err)
{
    if (cli->common.json) {
        json_dumpf(cli->result, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    errno = 0;
    if (fflush(stdout) || ferror(stdout))
        return saf_fail_errno(err, "cannot write to standard output");
    return SAF_OK;
}
