/*
 * Which PKCS#11 module the commands of a store use. It is a setting like those of the master key, and read like them without opening the store, because
 * the master key may be in a token itself.
 */
#include "audit.h"
#include "names.h"

#include <base/fail.h>

#include <sys/stat.h>

enum { TIMEOUT_MS = 10000 };

static saf_status check_module(const char *module, saf_error *err)
{
    if (strlen(module) > SAF_MODULE_MAX || *module != '/' || !name_is_printable(module))
        return saf_fail(err, SAF_E_USAGE, "a store's PKCS#11 module is named by its absolute path, of at most %d bytes", SAF_MODULE_MAX);
    return SAF_OK;
}

saf_status saf_store_set_module(saf_change *change, const char *module, saf_error *err)
{
    OWN(step) step = { 0 };
    bool is_set = module && *module;
    if (is_set)
        SAF_TRY(check_module(module, err));
    SAF_TRY(saf_store_ask(change->store, &change->principal, SAF_FN_STORE_ADMIN, "", "", err));
    SAF_TRY(step_begin(&step, change, err));
    struct storage *storage = change->store->storage;
    SAF_TRY(is_set ? storage_put_setting(storage, SETTING_MODULE, saf_bytes_of_text(module), err)
                   : storage_delete_setting(storage, SETTING_MODULE, err));
    SAF_TRY(audit_write(change, "module-set", "", NULL, err, "module=%s", is_set ? module : "default"));
    return step_keep(&step, err);
}

/* Root may open anybody's store; it runs nobody's code but its own. */
static saf_status check_own(const char *dir, saf_error *err)
{
    struct stat about;
    char path[4096];
    snprintf(path, sizeof path, "%s/store.db", dir);
    const char *const parts[] = { dir, path };
    for (size_t i = 0; i < 2; i++) {
        if (stat(parts[i], &about) != 0)
            return saf_fail_errno(err, "cannot look at %s", parts[i]);
        if (about.st_uid == 0 || geteuid() != 0)
            continue;
        saf_status status = saf_fail(err, SAF_E_DENIED, "the store %s is another user's, and root does not load the PKCS#11 module that it names", dir);
        saf_hint(err, "name one: --module");
        return status;
    }
    return SAF_OK;
}

static saf_status read_setting(saf_buffer *out, saf_store *store, saf_error *err)
{
    bool found = false;
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, store, err));
    return storage_find_setting(&found, out, store->storage, SETTING_MODULE, err);
}

saf_status saf_store_read_module(char out[SAF_MODULE_MAX + 1], const char *dir, saf_error *err)
{
    OWN(saf_buffer) module = { 0 };
    OWN(saf_store) *store = calloc(1, sizeof *store);
    if (!store || !(store->dir = strdup(dir)))
        return saf_fail_memory(err);
    store->process = getpid();
    SAF_TRY(store_check_custody(dir, err));
    SAF_TRY(storage_open(&store->storage, dir, STORAGE_USE, TIMEOUT_MS, err));
    SAF_TRY(read_setting(&module, store, err));
    SAF_TRY(saf_buffer_check(&module, err));
    if (module.len) {
        SAF_TRY(check_module(saf_buffer_text(&module), err));
        SAF_TRY(check_own(dir, err));
    }
    snprintf(out, SAF_MODULE_MAX + 1, "%s", module.len ? saf_buffer_text(&module) : "");
    return SAF_OK;
}
