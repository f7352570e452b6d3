#include "probe.h"

#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/*
 * The child tells how far it is through a pipe, and ends by SIGKILL, so that the module's exit handlers do not run; that is why how it ended says
 * something only when it had not come to the end.
 */
typedef enum stage { LOADING, INITIALISING, LISTING, FINALISING, DONE } stage;

typedef struct report {
    stage stage;
    saf_error failure; /* status SAF_OK: none */
} report;

static const char *const stage_words[] = { "being loaded", "C_Initialize", "C_GetSlotList", "C_Finalize", "ending" };

/* ---- in the child ----------------------------------------------------------------------------------------- */

static void tell(int pipe, const report *what)
{
    ssize_t written = write(pipe, what, sizeof *what); /* less than PIPE_BUF: at once or not at all */
    if (written != (ssize_t)sizeof *what)
        raise(SIGKILL);
}

/* A module that prints must not print into our output; one that dies must leave no core file, nor stay when we die. */
static void calm_down(void)
{
    struct rlimit none = { 0, 0 };
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        dup2(null, fd);
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE };
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        signal(crashes[i], SIG_DFL); /* a sanitizer's or a server's handler has nothing to say about this */
}

static saf_status exercise(saf_p11 *p11, report *now, int pipe)
{
    CK_ULONG count = 0;
    SAF_TRY(p11_load(p11, &now->failure));
    now->stage = INITIALISING;
    tell(pipe, now);
    SAF_TRY(p11_initialise(p11, &now->failure));
    now->stage = LISTING;
    tell(pipe, now);
    CK_RV answer = p11->cryptoki->C_GetSlotList(CK_TRUE, NULL, &count);
    if (answer != CKR_OK)
        return p11_fail(&now->failure, answer, "%s cannot list its tokens", p11->path);
    now->stage = FINALISING;
    tell(pipe, now);
    p11->cryptoki->C_Finalize(NULL);
    now->stage = DONE;
    return SAF_OK;
}

static void be_the_child(const char *path, const char *parameters, int pipe)
{
    report now = { 0 };
    saf_p11 p11 = { .path = strdup(path), .parameters = parameters ? strdup(parameters) : NULL };
    calm_down();
    saf_status status = exercise(&p11, &now, pipe);
    now.failure.status = status;
    now.stage = DONE;
    tell(pipe, &now);
    raise(SIGKILL);
}

/* ---- in the parent ---------------------------------------------------------------------------------------- */

typedef enum ending { ENDED, TIMED_OUT } ending;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static ending listen_to(report *out, int pipe, unsigned limit_ms)
{
    int64_t until = now_ms() + limit_ms;
    while (out->stage != DONE) {
        int64_t left = until - now_ms();
        struct pollfd what = { .fd = pipe, .events = POLLIN };
        if (left <= 0)
            return TIMED_OUT;
        if (poll(&what, 1, (int)(left > 1000 ? 1000 : left)) <= 0)
            continue;
        report next;
        if (read(pipe, &next, sizeof next) != (ssize_t)sizeof next)
            return ENDED;
        *out = next;
    }
    return ENDED;
}

static saf_status judge(const report *last, ending how, int wait_status, const char *path, unsigned limit_ms, saf_error *err)
{
    const char *doing = stage_words[last->stage];
    if (how == TIMED_OUT)
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s does not answer within %u ms, in %s", path, limit_ms, doing);
    if (last->stage != DONE && WIFSIGNALED(wait_status))
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s crashes (%s), in %s", path, strsignal(WTERMSIG(wait_status)), doing);
    if (last->stage != DONE)
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s ends the process, in %s", path, doing);
    if (last->failure.status != SAF_OK && err)
        *err = last->failure;
    return last->failure.status;
}

static int collect_child(pid_t child)
{
    int wait_status = 0;
    while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
        ;
    return wait_status;
}

saf_status probe_module(const char *path, const char *parameters, unsigned limit_ms, saf_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return saf_fail_errno(err, "cannot try %s", path);
    OWN(own_fd) reader = ends[0];
    pid_t child = fork();
    if (child == 0)
        be_the_child(path, parameters, ends[1]);
    close(ends[1]);
    if (child < 0)
        return saf_fail_errno(err, "cannot try %s", path);
    report last = { 0 };
    ending how = listen_to(&last, reader, limit_ms);
    if (how == TIMED_OUT)
        kill(child, SIGKILL);
    return judge(&last, how, collect_child(child), path, limit_ms, err);
}
