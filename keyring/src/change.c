#include "publication.h"

#include <base/fail.h>

#include <pwd.h>

/* Who acts when the program speaks for nobody else: the Unix user, in lower case as it is. */
static void unix_user(char out[STORE_WHO_SIZE])
{
    char room[1024];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(geteuid(), &entry, room, sizeof room, &found) == 0 && found)
        snprintf(out, STORE_WHO_SIZE, "%s", found->pw_name);
    else
        snprintf(out, STORE_WHO_SIZE, "uid %lu", (unsigned long)geteuid());
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
    SAF_TRY(storage_begin_write(store->storage, err));
    store->is_changing = true;
    change->store = store;
    *out = GIVE(&change);
    return SAF_OK;
}

static void release(saf_change **change)
{
    if ((*change)->store)
        (*change)->store->is_changing = false;
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
