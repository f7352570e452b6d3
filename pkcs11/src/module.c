#include "module.h"

#include "key-pair.h"
#include "login-lock.h"
#include "probe.h"
#include "process.h"
#include "signer.h"
#include "softhsm.h"

#include <base/clock.h>

#include <dlfcn.h>
#include <sys/stat.h>

/* Debian and Ubuntu, multi-arch, Fedora and RHEL, built from source */
static const char *const default_modules[] = {
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
};

static bool is_file(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

static const char *find_default_module(void)
{
    for (size_t i = 0; i < sizeof default_modules / sizeof *default_modules; i++)
        if (is_file(default_modules[i]))
            return default_modules[i];
    return NULL;
}

static saf_status refuse_path(const char *path, saf_error *err)
{
    saf_status status = path ? saf_fail(err, SAF_E_NOT_FOUND, "no PKCS#11 module %s", path)
                             : saf_fail(err, SAF_E_NOT_FOUND, "no PKCS#11 module found");
    saf_hint(err, "install softhsm2 or name a module with --module");
    return status;
}

/* "PATH?PARAMETERS", unless there is a file of that name. */
static saf_status split_name(saf_p11 *p11, const char *name, saf_error *err)
{
    const char *mark = is_file(name) ? NULL : strchr(name, '?');
    p11->path = mark ? strndup(name, (size_t)(mark - name)) : strdup(name);
    if (mark && mark[1])
        p11->parameters = strdup(mark + 1);
    return p11->path && (!mark || !mark[1] || p11->parameters) ? SAF_OK : saf_fail_memory(err);
}

static saf_status choose_module(saf_p11 *p11, const char *named, saf_error *err)
{
    /* secure_getenv: a set-user-ID program must not run code that its caller chose */
    if (!named)
        named = secure_getenv("SAFRING_PKCS11_MODULE");
    const char *name = named ? named : find_default_module();
    if (!name)
        return refuse_path(NULL, err);
    SAF_TRY(split_name(p11, name, err));
    return is_file(p11->path) ? SAF_OK : refuse_path(p11->path, err);
}

static saf_status configure_softhsm(saf_p11 *p11, const char *configuration, saf_error *err)
{
    if (configuration && setenv("SOFTHSM2_CONF", configuration, 0) != 0)
        return saf_fail_errno(err, "cannot set SOFTHSM2_CONF");
    return softhsm_find_tokens(&p11->token_directory, p11->path, err);
}

/* A stub is what a module has for a function that it does not support, so all of them can be called. */
static bool is_complete(const CK_FUNCTION_LIST *list)
{
    const unsigned char *end = (const unsigned char *)(list + 1);
    for (const unsigned char *at = (const unsigned char *)&list->C_Initialize; at < end; at += sizeof list->C_Initialize) {
        CK_C_Initialize function;
        memcpy(&function, at, sizeof function);
        if (!function)
            return false;
    }
    return true;
}

static saf_status check_list(const saf_p11 *p11, saf_error *err)
{
    const CK_FUNCTION_LIST *list = p11->cryptoki;
    unsigned major = list->version.major, minor = list->version.minor;
    if (major < 2 || major > 3 || (major == 2 && minor < 1))
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s speaks PKCS#11 version %u.%u; versions from 2.1 to 3 are understood", p11->path, major,
                        minor);
    if (!is_complete(list))
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s is not a whole PKCS#11 module: functions are missing in its list", p11->path);
    return SAF_OK;
}

saf_status p11_load(saf_p11 *p11, saf_error *err)
{
    /* Tokens leave behind exit handlers and thread destructors (SoftHSM through OpenSSL does): their code has to stay */
    p11->library = dlopen(p11->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!p11->library)
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s cannot be loaded: %s", p11->path, dlerror());

    CK_RV (*get_list)(CK_FUNCTION_LIST **list) = NULL;
    void *symbol = dlsym(p11->library, "C_GetFunctionList");
    memcpy(&get_list, &symbol, sizeof symbol);
    if (!get_list || get_list(&p11->cryptoki) != CKR_OK || !p11->cryptoki) {
        p11->cryptoki = NULL;
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s is not a PKCS#11 module", p11->path);
    }
    saf_status status = check_list(p11, err);
    if (status != SAF_OK)
        p11->cryptoki = NULL;
    return status;
}

/* ---- initialising ----------------------------------------------------------------------------------------- */

static CK_RV call_initialize(saf_p11 *p11)
{
    /* NSS's softoken has its parameters where others have pReserved, and a field more behind it */
    struct {
        CK_C_INITIALIZE_ARGS standard;
        void *behind;
    } arguments = { .standard = { .flags = CKF_OS_LOCKING_OK, .pReserved = p11->parameters } };
    return p11->cryptoki->C_Initialize(&arguments);
}

saf_status p11_initialise(saf_p11 *p11, saf_error *err)
{
    CK_RV answer = call_initialize(p11);
    if (answer == CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return SAF_OK;
    if (answer == CKR_OK) {
        p11->initialised = true;
        return SAF_OK;
    }
    saf_status status = p11_fail(err, answer, "cannot initialise %s", p11->path);
    if (p11->token_directory)
        saf_hint(err, "check that %s is there and may be read", p11->token_directory);
    else if (answer == CKR_ARGUMENTS_BAD && !p11->parameters)
        saf_hint(err, "it may want parameters: name it as PATH?PARAMETERS");
    return status;
}

/* Nothing is closed: the numbers mean nothing to the module as it is now. */
static void forget_logins(saf_p11 *p11)
{
    while (p11->logins) {
        p11_login *login = p11->logins;
        p11->logins = login->next;
        free(login);
    }
    p11_key_pairs_retire_all(p11);
}

/* PKCS#11 2.40, 6.6: the child of a fork initialises for itself. SoftHSM does not notice a fork and NSS refuses everything after it, so both are
 * finalised first. */
static saf_status begin_child(saf_p11 *p11, saf_error *err)
{
    forget_logins(p11);
    if (p11->initialised)
        p11->cryptoki->C_Finalize(NULL);
    p11->initialised = false;
    SAF_TRY(p11_initialise(p11, err));
    atomic_store(&p11->forked, false);
    return SAF_OK;
}

saf_status p11_revive(saf_p11 *p11, saf_error *err)
{
    CK_INFO info;
    if (!p11->cryptoki)
        return SAF_OK;
    if (atomic_load(&p11->forked))
        return begin_child(p11, err);
    if (atomic_load(&p11->instance) == 0 || p11->cryptoki->C_GetInfo(&info) != CKR_CRYPTOKI_NOT_INITIALIZED)
        return SAF_OK;
    forget_logins(p11);
    SAF_TRY(p11_initialise(p11, err));
    atomic_fetch_add(&p11->instance, 1);
    return SAF_OK;
}

/* Signers of tokens that are well recover at the price of a login; a few seconds without the one that is away are cheaper than that. */
bool p11_may_restart(const saf_p11 *p11)
{
    enum { PAUSE_SEC = 10 };
    if (!p11->initialised || p11->session_count || p11_key_pairs_in_use(p11))
        return false;
    bool others = p11->logins && (p11->logins->next || !p11->pin);
    return !others || (p11->pin && saf_clock_now() >= p11->restarted_at + PAUSE_SEC);
}

saf_status p11_restart(saf_p11 *p11, saf_error *err)
{
    for (saf_p11_signer *signer = p11->signers; signer; signer = signer->next)
        signer_lanes_take(signer);
    forget_logins(p11);
    p11->cryptoki->C_Finalize(NULL);
    p11->initialised = false;
    saf_status status = p11_initialise(p11, err);
    atomic_fetch_add(&p11->instance, 1);
    p11->restarted_at = saf_clock_now();
    for (saf_p11_signer *signer = p11->signers; signer; signer = signer->next)
        signer_lanes_release(signer);
    return status;
}

/* ---- opening and closing ---------------------------------------------------------------------------------- */

/* The signer's own part of a handle: see signer.c. */
void p11_add_signer(saf_p11 *p11, saf_p11_signer *signer)
{
    signer->next = p11->signers;
    p11->signers = signer;
}

void p11_remove_signer(saf_p11 *p11, saf_p11_signer *signer)
{
    pthread_mutex_lock(&p11->mutex);
    saf_p11_signer **at = &p11->signers;
    while (*at && *at != signer)
        at = &(*at)->next;
    if (*at)
        *at = signer->next;
    pthread_mutex_unlock(&p11->mutex);
}

static saf_status probe(const saf_p11 *p11, unsigned probe_ms, saf_error *err)
{
    if (!probe_ms || process_knows(p11->path, p11->parameters))
        return SAF_OK;
    SAF_TRY(probe_module(p11->path, p11->parameters, probe_ms, err));
    process_learn(p11->path, p11->parameters);
    return SAF_OK;
}

saf_status saf_p11_open(saf_p11 **out, const saf_p11_options *options, saf_error *err)
{
    static const saf_p11_options defaults = { 0 };
    if (!options)
        options = &defaults;
    OWN(saf_p11) *p11 = calloc(1, sizeof *p11);
    if (!p11)
        return saf_fail_memory(err);
    pthread_mutex_init(&p11->mutex, NULL);
    p11->pin = options->pin;
    p11->pin_context = options->pin_context;
    SAF_TRY(choose_module(p11, options->module, err));
    SAF_TRY(configure_softhsm(p11, options->softhsm_conf, err));
    SAF_TRY(probe(p11, options->probe_ms, err));
    SAF_TRY(p11_load(p11, err));
    SAF_TRY(process_revive(p11->cryptoki, err));
    {
        OWN(p11_guard) guard = { 0 };
        SAF_TRY(p11_guard_take(&guard, p11, err));
        SAF_TRY(p11_initialise(p11, err));
        atomic_store(&p11->instance, 1);
    }
    process_add(p11);
    *out = GIVE(&p11);
    return SAF_OK;
}

saf_status p11_reread(saf_p11 *p11, saf_error *err)
{
    if (!p11->initialised || p11->session_count || p11->logins || p11->key_pairs || p11->signers)
        return SAF_OK;
    p11->cryptoki->C_Finalize(NULL);
    p11->initialised = false;
    SAF_TRY(p11_initialise(p11, err));
    atomic_fetch_add(&p11->instance, 1);
    return SAF_OK;
}

static void close_logins(saf_p11 *p11)
{
    if (atomic_load(&p11->forked))
        forget_logins(p11);
    while (p11->logins) {
        p11_login *login = p11->logins;
        p11->logins = login->next;
        p11->cryptoki->C_CloseSession(login->anchor);
        free(login);
    }
}

void saf_p11_close(saf_p11 **handle)
{
    saf_p11 *p11 = handle ? *handle : NULL;
    if (!p11)
        return;
    process_remove(p11);
    p11_key_pairs_free(p11);
    close_logins(p11);
    while (p11->refusals) {
        p11_refusal *refusal = p11->refusals;
        p11->refusals = refusal->next;
        free(refusal);
    }
    if (p11->initialised)
        p11->cryptoki->C_Finalize(NULL);
    if (p11->library)
        dlclose(p11->library);
    pthread_mutex_destroy(&p11->mutex);
    free(p11->token_directory);
    free(p11->parameters);
    free(p11->path);
    free(p11);
    *handle = NULL;
}

const char *saf_p11_module_path(const saf_p11 *p11)
{
    return p11->path;
}
