/** @file A turning mark on a terminal while something slow goes on. */
#include <cli/cli.h>

#include <time.h>

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_progress_turn(void *context)
{
    enum { QUIET_MS = 120 };
    static const char marks[] = "|/-\\";
    cli_progress *progress = context;
    int64_t now = now_ms();

    if (!isatty(STDERR_FILENO) || now - progress->last_ms < QUIET_MS)
        return;
    if (progress->last_ms)
        fprintf(stderr, "\rsafring: %s %c", progress->what, marks[progress->turns++ % 4]);
    progress->last_ms = now;
}

void cli_progress_end(cli_progress *progress)
{
    if (progress->turns)
        fputs("\r\033[K", stderr);
    progress->turns = 0;
    progress->last_ms = 0;
}
