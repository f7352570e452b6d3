/** @file safring: choose the command, run it, answer with an exit code. */
#include "help.h"
#include "parse.h"

#include <openssl/crypto.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { SECURE_HEAP = 256 * 1024, SECURE_HEAP_MIN = 32 };

/* Secrets pass through this process: no core dump, no other process of this user may look in, new files are private. */
static void harden(void)
{
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
#ifndef SAFRING_TRACEABLE /* a leak checker has to look in */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    umask(077);
    CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_HEAP_MIN);
}

static saf_status run(cli *cli, int argc, char *const argv[], saf_error *err)
{
    OWN(own_text) args = calloc(1, cli->command->args_size + 1);
    if (!args)
        return SAF_E_MEMORY;
    saf_status status = cli_parse(&cli->common, args, cli->command, argc, argv, err);
    if (status != SAF_OK)
        return status;
    if (cli->common.help) {
        cli_help_command(stdout, cli->command);
        return SAF_OK;
    }
    status = cli->command->run(cli, args, err);
    return status == SAF_OK ? cli_finish_output(cli, err) : status;
}

static int answer_without_command(const char *word)
{
    if (word && !strcmp(word, "--version")) {
        puts("safring " SAFRING_VERSION);
        return 0;
    }
    if (word && (!strcmp(word, "--help") || !strcmp(word, "help"))) {
        cli_help_all(stdout);
        return 0;
    }
    return -1;
}

/* Before parsing, so that even a wrong command line is answered in JSON when that was asked for. */
static bool wants_json(int argc, char *const argv[])
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--json"))
            return true;
    return false;
}

int main(int argc, char *argv[])
{
    saf_error err = { 0 };
    cli cli = { .common.json = wants_json(argc, argv) };
    int words = 0;

    harden();
    int code = answer_without_command(argc > 1 ? argv[1] : NULL);
    if (code >= 0)
        return code;

    OWN(json_t) *result = json_object();
    cli.result = result;
    saf_status status = cli_find_command(&cli.command, &words, argc - 1, argv + 1, &err);
    if (status == SAF_OK)
        status = run(&cli, argc - 1 - words, argv + 1 + words, &err);
    if (status != SAF_OK)
        return cli_report_failure(&cli, &err);
    return cli.answer_is_no ? 3 : 0;
}
