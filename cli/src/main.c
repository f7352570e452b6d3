/** @file safring: choose the command, run it, answer with an exit code. */
#include "help.h"
#include "parse.h"

#include <base/fail.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { SECURE_HEAP = 256 * 1024, SECURE_HEAP_MIN = 32 };

/* Secrets pass through this process: no core dump, no other process of this user may look in, new files are private. Returns the caller's umask. */
static mode_t harden(void)
{
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
#ifndef SAFRING_TRACEABLE /* a leak checker has to look in */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_HEAP_MIN);
    return umask(077);
}

/* A file that grows too large is an error with a text, not the end; and whoever starts a hook must hear of its end, whatever the caller ignored. */
static void set_signals(void)
{
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
}

static saf_status flush(saf_error *err)
{
    errno = 0;
    return fflush(stdout) || ferror(stdout) ? saf_fail_errno(err, "cannot write to standard output") : SAF_OK;
}

static saf_status run(cli *cli, int argc, char *const argv[], saf_error *err)
{
    OWN(own_text) args = calloc(1, cli->command->args_size + 1);
    if (!args)
        return saf_fail_memory(err);
    saf_status status = cli_parse(cli, args, argc, argv, err);
    if (status != SAF_OK)
        return status;
    if (cli->common.help) {
        cli_help_command(stdout, cli->command);
        return flush(err);
    }
    status = cli->command->run(cli, args, err);
    return status == SAF_OK ? cli_finish_output(cli, err) : status;
}

/* --version, --help, and "safring NOUN --help" belong to no command. */
static bool answers_itself(int argc, char *const argv[])
{
    const char *word = argc > 1 ? argv[1] : "";
    if (!strcmp(word, "--version"))
        puts("safring " SAFRING_VERSION);
    else if (!strcmp(word, "--help") || !strcmp(word, "help"))
        cli_help_all(stdout);
    else if (argc != 3 || strcmp(argv[2], "--help") != 0 || !cli_help_noun(stdout, word))
        return false;
    return true;
}

/* A file that is opened later must not get the number of a standard stream that the caller has closed. Writing to a standard output that was
 * closed goes on failing: an answer that nobody gets is no success. */
static void open_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _Exit(1);
}

/* Before parsing, so that even a wrong command line is answered in JSON when that was asked for. */
static bool wants_json(int argc, char *const argv[])
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--json"))
            return true;
    return false;
}

static saf_status answer(cli *cli, int argc, char *const argv[], saf_error *err)
{
    int words = 0;
    if (answers_itself(argc, argv))
        return flush(err);
    SAF_TRY(cli_find_command(&cli->command, &words, argc - 1, argv + 1, err));
    return run(cli, argc - 1 - words, argv + 1 + words, err);
}

int main(int argc, char *argv[])
{
    open_standard_streams();
    mode_t umask_before = harden();
    set_signals();
    OWN(json_t) *result = json_object();
    OWN(json_t) *notes = json_array();
    OWN(saf_buffer) said = { 0 };
    OWN(saf_secret) passphrase = { 0 };
    OWN(saf_secret) pin = { 0 };
    saf_error err = { 0 };
    int output_error = 0;
    cli cli = { .common.json = wants_json(argc, argv), .store_passphrase = &passphrase, .pin = &pin, .umask = umask_before,
                .result = result, .notes = notes, .said = &said, .output_error = &output_error };
    cli_token_pin store_pin = { .cli = &cli, .pin = &passphrase };
    cli_token_key(&cli.store_token, &store_pin);
    saf_status status = answer(&cli, argc, argv, &err);
    if (status != SAF_OK)
        return cli_report_failure(&cli, status, &err);
    return cli.some_failed ? 1 : cli.answer_is_no ? 3 : 0;
}
