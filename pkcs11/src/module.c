#include "module.h"

#include "key-pair.h"
#include "login-lock.h"
#include "softhsm.h"

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

static saf_status choose_module(saf_p11 *p11, const char *named, saf_error *err)
{
    /* secure_getenv: a set-user-ID program must not run code that its caller chose */
    if (!named)
        named = secure_getenv("SAFRING_PKCS11_MODULE");
    const char *path = named ? named : find_default_module();
    if (!path || !is_file(path)) {
        saf_status status = path ? saf_fail(err, SAF_E_NOT_FOUND, "no PKCS#11 module %s", path)
                                 : saf_fail(err, SAF_E_NOT_FOUND, "no PKCS#11 module found");
        saf_hint(err, "install softhsm2 or name a module with --module");
        return status;
    }
    p11->path = strdup(path);
    return p11->path ? SAF_OK : saf_fail_memory(err);
}

static saf_status configure_softhsm(saf_p11 *p11, const char *configuration, saf_error *err)
{
    if (configuration && setenv("SOFTHSM2_CONF", configuration, 0) != 0)
        return saf_fail_errno(err, "cannot set SOFTHSM2_CONF");
    return softhsm_find_tokens(&p11->token_directory, p11->path, err);
}

static saf_status load(saf_p11 *p11, saf_error *err)
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
    return SAF_OK;
}

static saf_status initialise(saf_p11 *p11, saf_error *err)
{
    CK_C_INITIALIZE_ARGS arguments = { .flags = CKF_OS_LOCKING_OK };
    CK_RV answer = p11->cryptoki->C_Initialize(&arguments);
    if (answer == CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return SAF_OK;
    if (answer == CKR_OK) {
        p11->initialised = true;
        return SAF_OK;
    }
    saf_status status = p11_fail(err, answer, "cannot initialise %s", p11->path);
    if (p11->token_directory)
        saf_hint(err, "check that %s is there and may be read", p11->token_directory);
    return status;
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
    SAF_TRY(choose_module(p11, options->module, err));
    SAF_TRY(configure_softhsm(p11, options->softhsm_conf, err));
    SAF_TRY(load(p11, err));
    {
        OWN(p11_guard) guard = { 0 };
        SAF_TRY(p11_guard_take(&guard, p11, err));
        SAF_TRY(initialise(p11, err));
    }
    *out = GIVE(&p11);
    return SAF_OK;
}

saf_status p11_reread(saf_p11 *p11, saf_error *err)
{
    if (!p11->initialised || p11->session_count || p11->logins || p11->key_pairs)
        return SAF_OK;
    p11->cryptoki->C_Finalize(NULL);
    p11->initialised = false;
    return initialise(p11, err);
}

static void close_logins(saf_p11 *p11)
{
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
    p11_key_pairs_free(p11);
    close_logins(p11);
    if (p11->initialised)
        p11->cryptoki->C_Finalize(NULL);
    if (p11->library)
        dlclose(p11->library);
    pthread_mutex_destroy(&p11->mutex);
    free(p11->token_directory);
    free(p11->path);
    free(p11);
    *handle = NULL;
}

const char *saf_p11_module_path(const saf_p11 *p11)
{
    return p11->path;
}
