#include <cli/hook.h>

#include <base/fail.h>

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* What opened the store is not for whoever reloads a server. */
static int hide_secrets(const cli *cli)
{
    const char *const sources[] = { cli->common.store_secret_source, cli->common.pin_source };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (sources[i] && !strncmp(sources[i], "env:", 4) && unsetenv(sources[i] + 4) != 0)
            return 0;
    return 1;
}

static int set_environment(const cli *cli, const saf_ring_entry *ring, const char *store_dir)
{
    char name[SAF_OWNER_MAX + SAF_RING_NAME_MAX + 2];
    snprintf(name, sizeof name, "%s/%s", ring->owner, ring->name);
    return hide_secrets(cli) && !setenv("SAFRING_RING", name, 1) && !setenv("SAFRING_RING_OWNER", ring->owner, 1) &&
           !setenv("SAFRING_RING_NAME", ring->name, 1) && !setenv("SAFRING_HOME", store_dir, 1);
}

/* The hook's own files are as readable as the caller's would be. */
static int start_shell(pid_t *child, const cli *cli, const char *command, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes)
{
    char shell[] = "sh", option[] = "-c";
    char *argv[] = { shell, option, (char *)command, NULL };
    mode_t private = umask(cli->umask);
    int failed = posix_spawn(child, "/bin/sh", actions, attributes, argv, environ);
    umask(private);
    return !failed;
}

static int set_default_signals(posix_spawnattr_t *attributes)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGXFSZ); /* which is ignored here */
    return !posix_spawnattr_setsigdefault(attributes, &signals) && !posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
}

/* Standard output is the answer's, which may be JSON. What else the caller left open may be the secret that opened the store. */
static int spawn(pid_t *child, const cli *cli, const char *command)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) || posix_spawnattr_init(&attributes)) /* neither allocates in glibc */
        return 0;
    int spawned = !posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0) &&
                  !posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO) &&
                  !posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1) && set_default_signals(&attributes) &&
                  start_shell(child, cli, command, &actions, &attributes);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return spawned;
}

static bool run_for(const cli *cli, const char *command, const char *store_dir, const saf_ring_entry *ring)
{
    pid_t child;
    int status = -1;
    if (!set_environment(cli, ring, store_dir) || !spawn(&child, cli, command)) {
        cli_note(cli, "warning: the hook could not be started for ring %s/%s", ring->owner, ring->name);
        return false;
    }
    if (TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) < 0) {
        cli_note(cli, "warning: how the hook for ring %s/%s ended is not known", ring->owner, ring->name);
        return false;
    }
    if (WIFEXITED(status) && !WEXITSTATUS(status))
        return true;
    cli_note(cli, "warning: the hook for ring %s/%s ended with %s %d", ring->owner, ring->name, WIFEXITED(status) ? "exit code" : "signal",
             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return false;
}

unsigned cli_hook_run(const cli *cli, const char *command, const char *store_dir, const cli_rings *rings)
{
    unsigned failed = 0;
    for (size_t i = 0; i < rings->count; i++)
        failed += !run_for(cli, command, store_dir, &rings->items[i]);
    return failed;
}
