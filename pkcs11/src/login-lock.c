#include "login-lock.h"

#include <base/buffer.h>
#include <base/file.h>
#include <base/lock.h>

#include <ctype.h>
#include <sys/stat.h>

/* A login takes some 10 ms; this outlasts a long queue of servers that start together. */
enum { LOCK_TIMEOUT_MS = 60000, CONFIGURATION_MAX = 65536, TOKEN_OBJECT_MAX = 65536 };

/* ---- SoftHSM's configuration ------------------------------------------------------------------------------ */

static bool is_softhsm(const char *module)
{
    const char *slash = strrchr(module, '/');
    return strstr(slash ? slash + 1 : module, "softhsm") != NULL;
}

/* The order in which SoftHSM looks. */
static void find_configuration(saf_buffer *path)
{
    const char *named = getenv("SOFTHSM2_CONF");
    const char *home = getenv("HOME");
    if (named) {
        saf_buffer_append_text(path, named);
        return;
    }
    if (home)
        saf_buffer_printf(path, "%s/.config/softhsm2/softhsm2.conf", home);
    if (!home || access(saf_buffer_text(path), R_OK) != 0) {
        saf_buffer_free(path);
        saf_buffer_append_text(path, "/etc/softhsm/softhsm2.conf");
    }
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return text;
}

/* The value of one "name = value" line, in place, or NULL: another name. */
static char *value_of(char *line, const char *name)
{
    char *equals = strchr(line, '=');
    if (!equals || *line == '#')
        return NULL;
    *equals = '\0';
    return strcmp(trim(line), name) ? NULL : trim(equals + 1);
}

static const char *find_setting(char *configuration, const char *name)
{
    const char *found = NULL;
    char *rest = configuration;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *value = value_of(line, name);
        if (value && *value)
            found = value;
    }
    return found;
}

saf_status p11_find_token_directory(char **directory, const char *module, saf_error *err)
{
    if (!is_softhsm(module))
        return SAF_OK;
    OWN(saf_buffer) path = { 0 };
    OWN(saf_buffer) content = { 0 };
    find_configuration(&path);
    SAF_TRY(saf_buffer_check(&path, err));
    if (saf_file_read(&content, saf_buffer_text(&path), CONFIGURATION_MAX, NULL) != SAF_OK || !content.data)
        return SAF_OK;
    const char *setting = find_setting((char *)content.data, "directories.tokendir");
    if (!setting)
        return SAF_OK;
    *directory = strdup(setting);
    return *directory ? SAF_OK : saf_fail_memory(err);
}

/* ---- token.object and its copy ---------------------------------------------------------------------------- */

typedef struct token_files {
    saf_buffer object; /* path of token.object */
    saf_buffer copy;   /* path of token.object.safring */
} token_files;

static void token_files_free(token_files *files)
{
    saf_buffer_free(&files->object);
    saf_buffer_free(&files->copy);
}

OWN_VALUE(token_files, token_files_free)

static bool name_files(token_files *files, const char *directory, const char *token)
{
    saf_buffer_printf(&files->object, "%s/%s/token.object", directory, token);
    saf_buffer_printf(&files->copy, "%s/%s/token.object.safring", directory, token);
    return !files->object.failed && !files->copy.failed;
}

/* Length and owner of what @p from names; false when it is not a file. */
static bool examine(struct stat *about, const saf_buffer *from)
{
    return lstat(saf_buffer_text(from), about) == 0 && S_ISREG(about->st_mode);
}

/* Mode and owner stay those of token.object: its user must be able to read the file that root wrote for it. */
static void write_like(const saf_buffer *to, saf_bytes content, const struct stat *model)
{
    saf_status status =
        saf_file_write(saf_buffer_text(to), content, model->st_mode & 0777, SAF_IF_EXISTS_REPLACE, NULL);
    if (status == SAF_OK && geteuid() == 0 && chown(saf_buffer_text(to), model->st_uid, model->st_gid) != 0)
        return; /* a file system without owners: nothing to keep */
}

static void restore(const char *directory, const char *token)
{
    OWN(token_files) files = { 0 };
    OWN(saf_buffer) content = { 0 };
    struct stat object, copy;
    if (!name_files(&files, directory, token) || !examine(&object, &files.object) || !examine(&copy, &files.copy))
        return;
    if (object.st_size != 0 || copy.st_size == 0)
        return;
    if (saf_file_read(&content, saf_buffer_text(&files.copy), TOKEN_OBJECT_MAX, NULL) == SAF_OK)
        write_like(&files.object, saf_buffer_bytes(&content), &object);
}

static void keep(const char *directory, const char *token)
{
    OWN(token_files) files = { 0 };
    OWN(saf_buffer) now = { 0 };
    OWN(saf_buffer) before = { 0 };
    struct stat object;
    if (!name_files(&files, directory, token) || !examine(&object, &files.object))
        return;
    if (saf_file_read(&now, saf_buffer_text(&files.object), TOKEN_OBJECT_MAX, NULL) != SAF_OK || now.len == 0)
        return;
    bool same = saf_file_read(&before, saf_buffer_text(&files.copy), TOKEN_OBJECT_MAX, NULL) == SAF_OK &&
                before.len == now.len && !memcmp(before.data, now.data, now.len);
    if (!same)
        write_like(&files.copy, saf_buffer_bytes(&now), &object);
}

/* SoftHSM names a token's directory by a UUID whose last 16 hexadecimal digits are the serial. */
static bool has_serial(const char *token, const char *serial)
{
    size_t i = strlen(token);
    size_t left = strlen(serial);
    while (i > 0 && left > 0) {
        if (token[--i] == '-')
            continue;
        if (tolower((unsigned char)token[i]) != tolower((unsigned char)serial[--left]))
            return false;
    }
    return left == 0;
}

static void restore_tokens(const char *directory)
{
    OWN(DIR) *tokens = opendir(directory);
    for (struct dirent *entry; tokens && (entry = readdir(tokens));)
        if (*entry->d_name != '.')
            restore(directory, entry->d_name);
}

void p11_keep_copy(const char *directory, const char *serial)
{
    OWN(DIR) *tokens = directory && *serial ? opendir(directory) : NULL;
    for (struct dirent *entry; tokens && (entry = readdir(tokens));)
        if (*entry->d_name != '.' && has_serial(entry->d_name, serial))
            keep(directory, entry->d_name);
}

/* ---- the lock --------------------------------------------------------------------------------------------- */

static saf_status take_lock_file(int *lock, const char *directory, saf_error *err)
{
    if (!directory)
        return SAF_OK;
    OWN(saf_buffer) path = { 0 };
    saf_buffer_printf(&path, "%s/.safring.lock", directory);
    SAF_TRY(saf_buffer_check(&path, err));
    saf_error why = { 0 };
    saf_status status = saf_lock_take(lock, saf_buffer_text(&path), SAF_LOCK_EXCLUSIVE, LOCK_TIMEOUT_MS, &why);
    if (status == SAF_E_BUSY || status == SAF_E_MEMORY)
        return saf_fail(err, status, "%s", why.text);
    return SAF_OK; /* who may not write there cannot damage the token either */
}

saf_status p11_guard_take(p11_guard *guard, saf_p11 *p11, saf_error *err)
{
    int lock = -1;
    pthread_mutex_lock(&p11->mutex);
    saf_status status = take_lock_file(&lock, p11->token_directory, err);
    if (status != SAF_OK) {
        pthread_mutex_unlock(&p11->mutex);
        return status;
    }
    *guard = (p11_guard) { .p11 = p11, .lock = lock };
    if (lock >= 0)
        restore_tokens(p11->token_directory); /* who held the lock before us may have been killed */
    return SAF_OK;
}

void p11_guard_release(p11_guard *guard)
{
    if (!guard->p11)
        return;
    if (guard->lock >= 0)
        close(guard->lock);
    pthread_mutex_unlock(&guard->p11->mutex);
    guard->p11 = NULL;
}
