#include <cli/hook.h>

#include <base/fail.h>

#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

/* ---- the rings ---- */

void cli_rings_free(cli_rings *rings)
{
    free(rings->items);
    *rings = (cli_rings){ 0 };
}

static bool has(const cli_rings *rings, const saf_ring_entry *ring)
{
    for (size_t i = 0; i < rings->count; i++)
        if (!strcmp(rings->items[i].owner, ring->owner) && !strcmp(rings->items[i].name, ring->name))
            return true;
    return false;
}

static saf_status add(cli_rings *rings, const saf_ring_entry *ring, saf_error *err)
{
    if (has(rings, ring))
        return SAF_OK;
    saf_ring_entry *items = reallocarray(rings->items, rings->count + 1, sizeof *items);
    if (!items)
        return saf_fail_memory(err);
    rings->items = items;
    rings->items[rings->count++] = *ring;
    return SAF_OK;
}

saf_status cli_rings_add_of(cli_rings *rings, const cli *cli, saf_store *store, const saf_cert *cert, saf_error *err)
{
    saf_ring_query query = { .cert_owner = cert->owner, .cert_label = cert->label };
    saf_ring_entry last;
    for (;;) {
        OWN(saf_ring_page) page = { 0 };
        SAF_TRY(saf_store_list_rings(&page, store, &cli->who, &query, err));
        if (!page.count)
            return SAF_OK;
        for (size_t i = 0; i < page.count; i++)
            SAF_TRY(add(rings, &page.rings[i], err));
        last = page.rings[page.count - 1];
        query.after_owner = last.owner;
        query.after_name = last.name;
    }
}

/* ---- the command ---- */

static int set_environment(const saf_ring_entry *ring, const char *store_dir)
{
    char name[SAF_OWNER_MAX + SAF_RING_NAME_MAX + 2];
    snprintf(name, sizeof name, "%s/%s", ring->owner, ring->name);
    return !setenv("SAFRING_RING", name, 1) && !setenv("SAFRING_RING_OWNER", ring->owner, 1) &&
           !setenv("SAFRING_RING_NAME", ring->name, 1) && !setenv("SAFRING_HOME", store_dir, 1);
}

/* Standard output is the answer's, which may be JSON. */
static int spawn(pid_t *child, const char *command)
{
    char shell[] = "sh", option[] = "-c";
    char *argv[] = { shell, option, (char *)command, NULL };
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions))
        return 0;
    int spawned = !posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0) &&
                  !posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO) &&
                  !posix_spawn(child, "/bin/sh", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return spawned;
}

static bool run_for(const cli *cli, const char *command, const char *store_dir, const saf_ring_entry *ring)
{
    pid_t child;
    int status = -1;
    if (!set_environment(ring, store_dir) || !spawn(&child, command)) {
        cli_note(cli, "warning: the hook could not be started for ring %s/%s", ring->owner, ring->name);
        return false;
    }
    while (waitpid(child, &status, 0) < 0)
        continue;
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
