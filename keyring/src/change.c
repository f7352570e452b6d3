#include "publication.h"

#include <base/fail.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <time.h>

enum { USER_NAME_SIZE = 33 };

/* In lower case as it is. */
static void name_user(char out[USER_NAME_SIZE], uid_t user)
{
    char room[1024];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(user, &entry, room, sizeof room, &found) == 0 && found)
        snprintf(out, USER_NAME_SIZE, "%s", found->pw_name);
    else
        snprintf(out, USER_NAME_SIZE, "uid %lu", (unsigned long)user);
}

/* Who logged in, before any su or sudo: the kernel keeps it, and who is not privileged cannot change it. (uid_t)-1: nobody did. */
static uid_t login_user(void)
{
    char text[24];
    OWN(own_fd) fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t len = fd >= 0 ? TEMP_FAILURE_RETRY(read(fd, text, sizeof text - 1)) : -1;
    if (len <= 0)
        return (uid_t)-1;
    text[len] = '\0';
    return (uid_t)strtoul(text, NULL, 10);
}

/* Who acts when the program speaks for nobody else. Every administrator is root in the end, so who became it is said, too. */
static void unix_user(char out[STORE_WHO_SIZE])
{
    char name[USER_NAME_SIZE], login[USER_NAME_SIZE];
    uid_t user = login_user();
    name_user(name, geteuid());
    if (user == (uid_t)-1 || user == geteuid()) {
        snprintf(out, STORE_WHO_SIZE, "%s", name);
        return;
    }
    name_user(login, user);
    snprintf(out, STORE_WHO_SIZE, "%s (login %s)", name, login);
}

static saf_status set_principal(saf_change *change, const saf_principal *who, saf_error *err)
{
    if (!who || !who->user) {
        unix_user(change->who);
        return SAF_OK;
    }
    SAF_TRY(saf_owner_fold(change->user, who->user, err));
    change->principal.user = change->user;
    memcpy(change->who, change->user, sizeof change->user);
    return SAF_OK;
}

/* Generations begin at the time, in microseconds, so that none is given twice: not by a store that was restored, twice even, nor by an older copy that
 * was put in place and goes on. */
static saf_status raise_generations(struct storage *storage, saf_error *err)
{
    struct timespec now = { 0 };
    uint64_t last;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t micros = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    SAF_TRY(storage_get_counter(&last, storage, STORE_CHANGES, err));
    return last < micros ? storage_put_counter(storage, STORE_CHANGES, micros, err) : SAF_OK;
}

/* The engine says it in its own words, and only when it is too late for a hint. */
static saf_status check_writable(const saf_store *store, saf_error *err)
{
    OWN(own_text) database = NULL;
    if (asprintf(&database, "%s/store.db", store->dir) < 0)
        return saf_fail_memory(err);
    if (eaccess(store->dir, W_OK) == 0 && eaccess(database, W_OK) == 0)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_DENIED, "the store %s cannot be written, so nothing in it can be changed, not even for a dry run", store->dir);
    saf_hint(err, "for a dry run: copy it into a directory of yours, and name that with --store");
    return status;
}

static saf_status begin(saf_store *store, saf_error *err)
{
    SAF_TRY(check_writable(store, err));
    SAF_TRY(storage_begin_write(store->storage, err));
    saf_status status = store->is_new ? SAF_OK : raise_generations(store->storage, err);
    if (status != SAF_OK)
        storage_rollback(store->storage);
    return status;
}

saf_status saf_change_begin(saf_change **out, saf_store *store, const saf_principal *who, saf_error *err)
{
    SAF_TRY(publication_refuse(store, err));
    if (store->process != getpid())
        return saf_fail(err, SAF_E_USAGE, "the store %s was opened by another process", store->dir);
    if (store->is_changing)
        return saf_fail(err, SAF_E_USAGE, "a change of the store %s is open already", store->dir);
    OWN(saf_change) *change = calloc(1, sizeof *change);
    if (!change)
        return saf_fail_memory(err);
    SAF_TRY(set_principal(change, who, err));
    SAF_TRY(begin(store, err));
    store->is_changing = true;
    change->store = store;
    store->change = change;
    *out = GIVE(&change);
    return SAF_OK;
}

static void release(saf_change **change)
{
    if ((*change)->store) {
        (*change)->store->is_changing = false;
        (*change)->store->change = NULL;
    }
    free(*change);
    *change = NULL;
}

/* Whether a publication became due is asked inside, where it costs no transaction of its own. */
static saf_status commit(bool *publishes, struct storage *storage, saf_error *err)
{
    saf_status status = storage_has_due_publication(publishes, storage, err);
    if (status == SAF_OK)
        return storage_commit(storage, err);
    storage_rollback(storage);
    return status;
}

saf_status saf_change_commit(saf_change **change, saf_error *err)
{
    saf_store *store = (*change)->store;
    bool publishes = false;
    if (store->process != getpid()) { /* it is the parent's: nothing of it is touched here */
        release(change);
        return saf_fail(err, SAF_E_USAGE, "the change of the store %s was begun by another process", store->dir);
    }
    saf_status status = commit(&publishes, store->storage, err);
    release(change);
    store->unpublished = 0;
    /* What is committed has happened: that servers do not see it yet is another matter (saf_store_unpublished()). */
    if (status == SAF_OK && publishes)
        publication_renew(store);
    return status;
}

void saf_change_abandon(saf_change **change)
{
    if (!change || !*change)
        return;
    /* A child of fork() must not undo what its parent is doing. */
    if ((*change)->store && (*change)->store->process == getpid())
        storage_rollback((*change)->store->storage);
    release(change);
}

saf_store *saf_change_store(saf_change *change)
{
    return change->store;
}

const saf_principal *saf_change_principal(const saf_change *change)
{
    return &change->principal;
}

saf_status step_begin(step *out, saf_change *change, saf_error *err)
{
    out->storage = NULL;
    if (change->store->process != getpid())
        return saf_fail(err, SAF_E_USAGE, "the store %s was opened by another process", change->store->dir);
    SAF_TRY(storage_begin_step(change->store->storage, err));
    out->storage = change->store->storage;
    return SAF_OK;
}

saf_status step_keep(step *step, saf_error *err)
{
    SAF_TRY(storage_keep_step(step->storage, err));
    step->storage = NULL;
    return SAF_OK;
}

void step_undo(step *step)
{
    if (step->storage)
        storage_undo_step(step->storage);
    step->storage = NULL;
}

/* ---- steps of a caller's ---- */

struct saf_change_step {
    saf_store *store;
    step step;
};

saf_status saf_change_step_begin(saf_change_step **out, saf_change *change, saf_error *err)
{
    saf_change_step *made = calloc(1, sizeof *made);
    if (!made)
        return saf_fail_memory(err);
    made->store = change->store;
    saf_status status = step_begin(&made->step, change, err);
    if (status == SAF_OK)
        *out = GIVE(&made);
    free(made);
    return status;
}

saf_status saf_change_step_keep(saf_change_step **step, saf_error *err)
{
    saf_status status = step_keep(&(*step)->step, err);
    saf_change_step_undo(step);
    return status;
}

void saf_change_step_undo(saf_change_step **step)
{
    if (!step || !*step)
        return;
    /* A child of fork() must not undo what its parent is doing. */
    if ((*step)->store->process == getpid())
        step_undo(&(*step)->step);
    free(*step);
    *step = NULL;
}
