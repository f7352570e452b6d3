/* inject: runs a command and counts, kills at, or refuses its write points, the system calls that change files or directories.
 *
 *   inject count FILE COMMAND…      writes one line for each point into FILE: the call, and "space" when it takes some
 *   inject FAULT NUMBER COMMAND…    FAULT: kill, ENOSPC or EIO at that point; with a "+": at that one and all that follow
 *
 * All threads and children are counted in one sequence. A killed command is killed before the call has any effect. Calls that free space or take
 * none (unlink, chmod, …) never answer ENOSPC, as on a disk. Exits as the command does, with 137 when it was killed, and with 125 when this does not work.
 *
 * A seccomp filter asks us about these calls, and the kernel does all others alone, so that a command is hardly slower. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __s390x__
#define ARCHITECTURE AUDIT_ARCH_S390X
#endif

enum { BROKEN = 125, KILLED = 128 + SIGKILL };

/* When is a call a write point: always; when it is for no standard stream; when its flags (argument 1 or 2) make or empty a file. */
typedef enum condition { ALWAYS, OTHER_THAN_STANDARD, FLAGS_IN_1, FLAGS_IN_2 } condition;

static const struct call {
    int number;
    const char *name;
    condition when;
    int takes_space;
} CALLS[] = {
#define CALL(name, when, takes_space) { SYS_##name, #name, when, takes_space }
    CALL(write, OTHER_THAN_STANDARD, 1),
    CALL(writev, OTHER_THAN_STANDARD, 1),
    CALL(pwrite64, ALWAYS, 1),
    CALL(pwritev, ALWAYS, 1),
    CALL(pwritev2, ALWAYS, 1),
    CALL(sendfile, OTHER_THAN_STANDARD, 1),
    CALL(copy_file_range, ALWAYS, 1),
    CALL(fallocate, ALWAYS, 1),
    CALL(ftruncate, ALWAYS, 0),
    CALL(truncate, ALWAYS, 0),
    CALL(fsync, ALWAYS, 1),
    CALL(fdatasync, ALWAYS, 1),
    CALL(openat, FLAGS_IN_2, 1),
    CALL(linkat, ALWAYS, 1),
    CALL(symlinkat, ALWAYS, 1),
    CALL(renameat2, ALWAYS, 1),
    CALL(mkdirat, ALWAYS, 1),
    CALL(unlinkat, ALWAYS, 0),
    CALL(fchmod, ALWAYS, 0),
    CALL(fchmodat, ALWAYS, 0),
    CALL(fchown, ALWAYS, 0),
    CALL(fchownat, ALWAYS, 0),
#ifdef SYS_renameat
    CALL(renameat, ALWAYS, 1),
#endif
#ifdef SYS_open
    CALL(open, FLAGS_IN_1, 1),
    CALL(creat, ALWAYS, 1),
    CALL(link, ALWAYS, 1),
    CALL(symlink, ALWAYS, 1),
    CALL(rename, ALWAYS, 1),
    CALL(mkdir, ALWAYS, 1),
    CALL(unlink, ALWAYS, 0),
    CALL(rmdir, ALWAYS, 0),
    CALL(chmod, ALWAYS, 0),
    CALL(chown, ALWAYS, 0),
    CALL(lchown, ALWAYS, 0),
#endif
};

enum { COUNT = sizeof CALLS / sizeof *CALLS, HEAD = 4, PER_CALL = 5, PROGRAM_MAX = HEAD + COUNT * PER_CALL + 1 };

static void die(const char *what)
{
    fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
    _exit(BROKEN);
}

/* ---- the filter, in the child ---- */

#define STATEMENT(code, k) ((struct sock_filter)BPF_STMT((code), (uint32_t)(k)))
#define JUMP(code, k, yes, no) ((struct sock_filter)BPF_JUMP((code), (uint32_t)(k), (yes), (no)))
#define LOAD(offset) STATEMENT(BPF_LD | BPF_W | BPF_ABS, offset)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { LOW_HALF = 0 };
#else
enum { LOW_HALF = 4 };
#endif

static size_t argument(int number)
{
    return offsetof(struct seccomp_data, args) + (size_t)number * sizeof(uint64_t) + LOW_HALF;
}

/* Is it this call; is its argument so; ask us. */
static size_t add_call(struct sock_filter *at, const struct call *call)
{
    enum { FLAGS = O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY) };
    const struct sock_filter ask = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    if (call->when == ALWAYS) {
        at[0] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, 1);
        at[1] = ask;
        return 2;
    }
    at[0] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, 4);
    at[1] = LOAD(argument(call->when == OTHER_THAN_STANDARD ? 0 : call->when == FLAGS_IN_1 ? 1 : 2));
    at[2] = call->when == OTHER_THAN_STANDARD ? JUMP(BPF_JMP | BPF_JGT | BPF_K, STDERR_FILENO, 0, 1)
                                              : JUMP(BPF_JMP | BPF_JSET | BPF_K, FLAGS, 0, 1);
    at[3] = ask;
    at[4] = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    return 5;
}

static int install_filter(void)
{
    struct sock_filter program[PROGRAM_MAX];
    size_t len = 0;
    program[len++] = LOAD(offsetof(struct seccomp_data, arch));
    program[len++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    program[len++] = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    program[len++] = LOAD(offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < COUNT; i++)
        len += add_call(program + len, &CALLS[i]);
    program[len++] = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_fprog filter = { .len = (unsigned short)len, .filter = program };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        die("no_new_privs");
    int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
    if (listener < 0)
        die("seccomp");
    return listener;
}

/* ---- the listener, from the child to us ---- */

typedef union carrier {
    char room[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
} carrier;

static void send_descriptor(int socket, int fd)
{
    char byte = 0;
    carrier control = { .room = { 0 } };
    struct iovec text = { .iov_base = &byte, .iov_len = 1 };
    struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd) };
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    if (sendmsg(socket, &message, 0) != 1)
        die("sendmsg");
}

static int receive_descriptor(int socket)
{
    int fd;
    char byte;
    carrier control;
    struct iovec text = { .iov_base = &byte, .iov_len = 1 };
    struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
        die("the command could not be begun");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

/* A process group of its own, so that children are killed with it. */
static pid_t start(int *listener, char **command)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        die("socketpair");
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        setpgid(0, 0);
        int fd = install_filter();
        send_descriptor(sockets[1], fd);
        close(fd);
        execvp(command[0], command);
        die(command[0]);
    }
    close(sockets[1]);
    *listener = receive_descriptor(sockets[0]);
    close(sockets[0]);
    return child;
}

/* ---- what becomes of a call ---- */

typedef struct plan {
    FILE *log;  /* of a count, or NULL */
    int kills;
    int error;  /* to answer */
    int stays;  /* also to all later calls */
    long point; /* which */
    long seen;
    pid_t child;
} plan;

static const struct call *find_call(int number)
{
    for (size_t i = 0; i < COUNT; i++)
        if (CALLS[i].number == number)
            return &CALLS[i];
    errno = ENOSYS;
    die("an unknown call");
    return NULL;
}

static int is_hit(const plan *plan)
{
    return !plan->log && (plan->seen == plan->point || (plan->stays && plan->seen > plan->point));
}

/* Answers the error, or 0: the kernel is to do it. */
static int decide(plan *plan, const struct call *call)
{
    plan->seen++;
    if (plan->log)
        fprintf(plan->log, "%s%s\n", call->name, call->takes_space ? " space" : "");
    if (!is_hit(plan) || (plan->error == ENOSPC && !call->takes_space))
        return 0;
    if (plan->kills)
        kill(-plan->child, SIGKILL);
    return plan->error;
}

static void serve_one(plan *plan, int listener)
{
    struct seccomp_notif asked = { 0 };
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) {
        if (errno != ENOENT && errno != EINTR)
            die("receiving a call");
        return; /* who asked is dead */
    }
    struct seccomp_notif_resp answer = { .id = asked.id };
    answer.error = -decide(plan, find_call(asked.data.nr));
    if (answer.error == 0)
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0 && errno != ENOENT)
        die("answering a call");
}

static void serve(plan *plan, int listener)
{
    struct pollfd waiting = { .fd = listener, .events = POLLIN };
    for (;;) {
        if (poll(&waiting, 1, -1) < 0 && errno != EINTR)
            die("poll");
        if (waiting.revents & POLLIN)
            serve_one(plan, listener);
        else if (waiting.revents & POLLHUP)
            return;
    }
}

static int end_of(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child)
        die("waitpid");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int read_plan(plan *plan, const char *fault, const char *where)
{
    size_t len = strcspn(fault, "+");
    plan->stays = fault[len] == '+';
    plan->kills = !strcmp(fault, "kill");
    plan->error = !strncmp(fault, "EIO", len) || plan->kills ? EIO : !strncmp(fault, "ENOSPC", len) ? ENOSPC : 0;
    if (!strcmp(fault, "count"))
        return (plan->log = fopen(where, "we")) ? 0 : -1;
    plan->point = atol(where);
    return plan->error && plan->point > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    int listener;
    plan plan = { 0 };
    if (argc < 4 || read_plan(&plan, argv[1], argv[2]) != 0) {
        fprintf(stderr, "usage: inject count FILE COMMAND... | inject kill|ENOSPC|EIO|ENOSPC+|EIO+ NUMBER COMMAND...\n");
        return BROKEN;
    }
    plan.child = start(&listener, argv + 3);
    serve(&plan, listener);
    if (plan.log)
        fclose(plan.log);
    return end_of(plan.child);
}
