#include "publication.h"

#include "certificate.h"
#include "envelope.h"
#include "key.h"
#include "publication-dir.h"

#include <base/fail.h>
#include <base/file.h>
#include <base/own-openssl.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

/* ---- opening ---- */

static saf_status path_in(char out[PATH_MAX], const char *dir, const char *name, saf_error *err)
{
    if ((size_t)snprintf(out, PATH_MAX, "%s/%s", dir, name) < PATH_MAX)
        return SAF_OK;
    return saf_fail(err, SAF_E_SPACE, "the directory %.200s… has too long a name", dir);
}

bool publication_is(const char *dir)
{
    char path[PATH_MAX];
    if (path_in(path, dir, "store.db", NULL) != SAF_OK || saf_file_exists(path))
        return false;
    return path_in(path, dir, PUBLICATION_FILE, NULL) == SAF_OK && saf_file_exists(path);
}

saf_status publication_refuse(const saf_store *store, saf_error *err)
{
    if (!store->published)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "%s is a publication: it has one ring to read and nothing else", store->dir);
    saf_hint(err, "name the store that it was published from");
    return status;
}

/* Who can write the directory chooses what a server trusts. */
static saf_status check_directory(const char *dir, saf_error *err)
{
    struct stat about;
    if (stat(dir, &about) != 0)
        return saf_fail_errno(err, "cannot open the publication %s", dir);
    SAF_TRY(store_check_owner(dir, &about, err));
    if (about.st_mode & (S_IWGRP | S_IWOTH))
        return saf_fail(err, SAF_E_DENIED, "others may write %s (mode %04o)", dir, (unsigned)about.st_mode & 07777);
    return SAF_OK;
}

static saf_status check_options(const char *dir, const saf_store_options *options, saf_error *err)
{
    if (!options->passphrase && !options->secret_source)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_USAGE, "%s is a publication, which has a key file and no passphrase", dir);
    saf_hint(err, "leave --store-secret-source out");
    return status;
}

saf_status publication_open(saf_store **out, const char *dir, const saf_store_options *options, saf_error *err)
{
    publication_head head;
    OWN(saf_store) *store = calloc(1, sizeof *store);
    if (!store || !(store->dir = strdup(dir)))
        return saf_fail_memory(err);
    store->published = realpath(dir, NULL); /* the program may change its directory */
    if (!store->published)
        return saf_fail_errno(err, "cannot open the publication %s", dir);
    if (options)
        SAF_TRY(check_options(dir, options, err));
    store->authority = options ? options->authority : NULL;
    store->authority_context = options ? options->authority_context : NULL;
    store->process = getpid();
    SAF_TRY(check_directory(store->published, err));
    SAF_TRY(publication_get_head(&head, store, err));
    *out = GIVE(&store);
    return SAF_OK;
}

/* ---- files ---- */

static saf_status fail_ended(const saf_store *store, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_NOT_FOUND, "no ring is published in %s any more", store->dir);
    saf_fail_codes(err, 8, 8, 84);
    return status;
}

/* Private things are refused when others can read them: they were not published so. */
static saf_status check_file(const char *path, const struct stat *about, mode_t forbidden, saf_error *err)
{
    if (!S_ISREG(about->st_mode))
        return saf_fail(err, SAF_E_DENIED, "%s is not a regular file", path);
    SAF_TRY(store_check_owner(path, about, err));
    if (about->st_mode & forbidden)
        return saf_fail(err, SAF_E_DENIED, "%s can be had by others (mode %04o)", path, (unsigned)about->st_mode & 07777);
    return SAF_OK;
}

static saf_status open_file(int *out, const char *path, mode_t forbidden, const saf_store *store, saf_error *err)
{
    struct stat about;
    OWN(own_fd) fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return fail_ended(store, err);
    if (fd < 0 || fstat(fd, &about) != 0)
        return saf_fail_errno(err, "cannot open %s", path);
    SAF_TRY(check_file(path, &about, forbidden, err));
    *out = fd;
    fd = -1;
    return SAF_OK;
}

saf_status publication_get_head(publication_head *out, const saf_store *store, saf_error *err)
{
    unsigned char start[PUBLICATION_HEAD_MAX];
    char path[PATH_MAX];
    OWN(own_fd) fd = -1;
    SAF_TRY(path_in(path, store->published, PUBLICATION_FILE, err));
    SAF_TRY(open_file(&fd, path, S_IWGRP | S_IWOTH, store, err));
    ssize_t len = TEMP_FAILURE_RETRY(read(fd, start, sizeof start));
    if (len < 0)
        return saf_fail_errno(err, "cannot read %s", path);
    return publication_read_head(out, saf_bytes_of(start, (size_t)len), path, err);
}

static saf_status read_key(saf_secret *out, const saf_store *store, saf_error *err)
{
    char path[PATH_MAX];
    OWN(own_fd) fd = -1;
    OWN(saf_buffer) bytes = { 0 };
    SAF_TRY(path_in(path, store->published, PUBLICATION_KEY, err));
    SAF_TRY(open_file(&fd, path, S_IRWXG | S_IRWXO, store, err));
    SAF_TRY(saf_file_read_open(&bytes, fd, path, PUBLICATION_KEY_LEN, err));
    if (bytes.len != PUBLICATION_KEY_LEN)
        return saf_fail(err, SAF_E_FAILED, "%s is damaged: it has %zu bytes, not %d", path, bytes.len, PUBLICATION_KEY_LEN);
    return saf_secret_set(out, saf_buffer_bytes(&bytes), err);
}

static saf_status read_content(saf_buffer *out, char path[PATH_MAX], const saf_store *store, saf_error *err)
{
    OWN(own_fd) fd = -1;
    SAF_TRY(path_in(path, store->published, PUBLICATION_FILE, err));
    SAF_TRY(open_file(&fd, path, S_IWGRP | S_IWOTH, store, err));
    return saf_file_read_open(out, fd, path, PUBLICATION_MAX, err);
}

saf_status publication_check_place(const publication_head *head, const ring_place *place, saf_error *err)
{
    if (!strcmp(head->owner, place->shown) && !strcmp(head->name, place->name))
        return SAF_OK;
    saf_status status = ring_fail_not_found(place->shown, place->name, err);
    saf_hint(err, "published here is %s/%s", head->owner, head->name);
    return status;
}

static saf_status read_checked(saf_buffer *out, publication_head *head, saf_secret *key, char path[PATH_MAX], const saf_store *store,
                               const ring_place *place, saf_error *err)
{
    SAF_TRY(read_content(out, path, store, err));
    SAF_TRY(read_key(key, store, err));
    SAF_TRY(publication_check(saf_buffer_bytes(out), key, path, err));
    SAF_TRY(publication_read_head(head, saf_buffer_bytes(out), path, err));
    return publication_check_place(head, place, err);
}

saf_status publication_read(publication_head *head, const saf_store *store, const ring_place *place, publication_visitor visit,
                            void *context, saf_error *err)
{
    char path[PATH_MAX];
    OWN(saf_buffer) content = { 0 };
    OWN(saf_secret) key = { 0 };
    SAF_TRY(read_checked(&content, head, &key, path, store, place, err));
    return publication_visit(saf_buffer_bytes(&content), path, visit, context, err);
}

saf_status publication_poll(uint64_t *generation, const saf_store *store, const ring_place *place, saf_error *err)
{
    publication_head head;
    SAF_TRY(publication_get_head(&head, store, err));
    SAF_TRY(publication_check_place(&head, place, err));
    *generation = head.generation;
    return SAF_OK;
}

/* ---- private keys ---- */

struct key_search {
    const saf_cert *cert;
    saf_cert *found; /* as it is published now */
    saf_bytes sealed;
};

/* The certificate may have been renewed since the caller's snapshot: its key is the same then, its fingerprint is not. */
static saf_status look_for_key(void *context, const publication_entry *entry, saf_error *err)
{
    struct key_search *search = context;
    if (strcmp(entry->owner, search->cert->owner) != 0 || strcmp(entry->label, search->cert->label) != 0 ||
        entry->row.usage != SAF_USAGE_PERSONAL)
        return SAF_OK;
    search->sealed = entry->sealed;
    saf_cert_free(&search->found);
    return cert_from_row(&search->found, &entry->row, err);
}

static saf_status check_found(const struct key_search *search, const ring_place *place, saf_error *err)
{
    const saf_cert *cert = search->cert;
    if (!search->found)
        return saf_fail(err, SAF_E_NOT_FOUND, "certificate %s/%s is no longer connected to ring %s/%s with usage PERSONAL", cert->owner,
                        cert->label, place->shown, place->name);
    if (search->found->key_place == SAF_KEY_IN_TOKEN)
        return key_fail_in_token(cert, err);
    if (!search->sealed.len || memcmp(search->found->key_id, cert->key_id, sizeof cert->key_id) != 0)
        return saf_fail(err, SAF_E_NOT_FOUND, "no private key of %s/%s is published", cert->owner, cert->label);
    return SAF_OK;
}

static saf_status open_key(EVP_PKEY **out, saf_store *store, const struct key_search *search, const publication_head *head,
                           const saf_secret *key, saf_error *err)
{
    OWN(saf_buffer) binding = { 0 };
    OWN(saf_secret) plain = { 0 };
    SAF_TRY(publication_key_context(&binding, head, search->found->fingerprint, err));
    saf_status status = saf_envelope_open(&plain, key, saf_buffer_bytes(&binding), search->sealed, err);
    if (status == SAF_E_DENIED)
        return saf_fail(err, SAF_E_FAILED, "the private key of %s/%s was altered in %s", search->cert->owner, search->cert->label,
                        store->dir);
    SAF_TRY(status);
    return key_reader_read(out, &store->reader, &plain, err);
}

static saf_status load(EVP_PKEY **out, saf_store *store, const ring_place *place, struct key_search *search, saf_error *err)
{
    char path[PATH_MAX];
    publication_head head;
    OWN(saf_buffer) content = { 0 };
    OWN(saf_secret) key = { 0 };
    SAF_TRY(read_checked(&content, &head, &key, path, store, place, err));
    SAF_TRY(publication_visit(saf_buffer_bytes(&content), path, look_for_key, search, err));
    SAF_TRY(check_found(search, place, err));
    return open_key(out, store, search, &head, &key, err);
}

saf_status publication_load_key(EVP_PKEY **out, saf_store *store, const ring_place *place, const saf_cert *cert, saf_error *err)
{
    struct key_search search = { .cert = cert };
    saf_status status = load(out, store, place, &search, err);
    saf_cert_free(&search.found);
    return status;
}
