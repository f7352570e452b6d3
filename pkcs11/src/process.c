#include "process.h"

#include "signer.h"

#include <sys/stat.h>

enum { KNOWN_MAX = 16 };

/** A module file as it was when it was probed. */
typedef struct known_module {
    dev_t device;
    ino_t inode;
    struct timespec changed;
    char parameters[256];
} known_module;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* over what follows; taken before any handle's */
static saf_p11 *handles;
static known_module known[KNOWN_MAX];
static size_t known_count;
static bool watched;

/* The function for PINs runs with a handle's mutex held and may start a program: its fork waits for nobody, and its child uses no handle. */
static _Thread_local bool asking;

void process_begin_asking(void)
{
    asking = true;
}

void process_end_asking(void)
{
    asking = false;
}

/* ---- fork ------------------------------------------------------------------------------------------------- */

static void stop(saf_p11 *p11)
{
    pthread_mutex_lock(&p11->mutex);
    for (saf_p11_signer *signer = p11->signers; signer; signer = signer->next) {
        signer_lanes_take(signer);
        pthread_mutex_lock(&signer->failure_mutex);
    }
}

static void go_on(saf_p11 *p11)
{
    for (saf_p11_signer *signer = p11->signers; signer; signer = signer->next) {
        pthread_mutex_unlock(&signer->failure_mutex);
        signer_lanes_release(signer);
    }
    pthread_mutex_unlock(&p11->mutex);
}

static void before_fork(void)
{
    if (asking)
        return;
    pthread_mutex_lock(&mutex);
    for (saf_p11 *p11 = handles; p11; p11 = p11->next)
        stop(p11);
}

static void after_fork(void)
{
    if (asking)
        return;
    for (saf_p11 *p11 = handles; p11; p11 = p11->next)
        go_on(p11);
    pthread_mutex_unlock(&mutex);
}

static void after_fork_in_child(void)
{
    for (saf_p11 *p11 = handles; p11; p11 = p11->next) {
        atomic_fetch_add(&p11->instance, 1);
        atomic_store(&p11->forked, true);
    }
    after_fork();
}

void process_add(saf_p11 *p11)
{
    pthread_mutex_lock(&mutex);
    if (!watched)
        watched = pthread_atfork(before_fork, after_fork, after_fork_in_child) == 0;
    p11->next = handles;
    handles = p11;
    pthread_mutex_unlock(&mutex);
}

void process_remove(saf_p11 *p11)
{
    pthread_mutex_lock(&mutex);
    saf_p11 **at = &handles;
    while (*at && *at != p11)
        at = &(*at)->next;
    if (*at)
        *at = p11->next;
    pthread_mutex_unlock(&mutex);
}

static saf_status revive(saf_p11 *p11, saf_error *err)
{
    pthread_mutex_lock(&p11->mutex);
    saf_status status = p11_revive(p11, err);
    pthread_mutex_unlock(&p11->mutex);
    return status;
}

saf_status process_revive(const CK_FUNCTION_LIST *cryptoki, saf_error *err)
{
    saf_status status = SAF_OK;
    pthread_mutex_lock(&mutex);
    for (saf_p11 *p11 = handles; p11 && status == SAF_OK; p11 = p11->next)
        if (p11->cryptoki == cryptoki && atomic_load(&p11->forked))
            status = revive(p11, err);
    pthread_mutex_unlock(&mutex);
    return status;
}

/* ---- probed modules --------------------------------------------------------------------------------------- */

static bool describe(known_module *out, const char *path, const char *parameters)
{
    struct stat about;
    memset(out, 0, sizeof *out);
    if (stat(path, &about) != 0 || (parameters && strlen(parameters) >= sizeof out->parameters))
        return false;
    out->device = about.st_dev;
    out->inode = about.st_ino;
    out->changed = about.st_mtim;
    if (parameters)
        memcpy(out->parameters, parameters, strlen(parameters));
    return true;
}

bool process_knows(const char *path, const char *parameters)
{
    known_module wanted;
    bool found = false;
    if (!describe(&wanted, path, parameters))
        return false;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; !found && i < known_count; i++)
        found = memcmp(&known[i], &wanted, sizeof wanted) == 0;
    pthread_mutex_unlock(&mutex);
    return found;
}

void process_learn(const char *path, const char *parameters)
{
    known_module learnt;
    if (!describe(&learnt, path, parameters))
        return;
    pthread_mutex_lock(&mutex);
    if (known_count < KNOWN_MAX)
        known[known_count++] = learnt;
    pthread_mutex_unlock(&mutex);
}
