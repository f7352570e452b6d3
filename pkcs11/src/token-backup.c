#include "login-lock.h"
#include "object.h"
#include "token-archive.h"
#include "token-copy.h"
#include "token-proof.h"

#include <safring/token.h>

#include <errno.h>
#include <fcntl.h>
#include <time.h>

/* ---- reading a token's files ------------------------------------------------------------------------------ */

typedef struct file_list {
    token_archive_file *files;
    size_t count;
    size_t bytes;
} file_list;

static void file_list_free(file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        saf_buffer_free(&list->files[i].content);
    free(list->files);
    *list = (file_list) { 0 };
}

OWN_VALUE(file_list, file_list_free)

static saf_status grow(file_list *list, saf_error *err)
{
    if (list->count % 64)
        return SAF_OK;
    token_archive_file *grown = realloc(list->files, (list->count + 64) * sizeof *grown);
    if (!grown)
        return saf_fail_memory(err);
    list->files = grown;
    return SAF_OK;
}

static bool is_whole(const token_archive_file *file)
{
    saf_bytes content = saf_buffer_bytes(&file->content);
    object_file_state state = strcmp(file->name, TOKEN_COPY_OBJECT) ? object_file_judge(content) : object_file_judge_token(content, NULL, NULL, NULL);
    return state == OBJECT_FILE_WHOLE;
}

static saf_status refuse_file(const char *name, saf_error *err)
{
    (void)saf_fail(err, SAF_E_MALFORMED, "the token's file %.60s is not whole, so there would be no point in a copy of it", name);
    saf_hint(err, "`safring token doctor` says why and repairs what can be repaired");
    return SAF_E_MALFORMED;
}

static saf_status add(file_list *list, int directory, const char *name, saf_error *err)
{
    struct stat about;
    SAF_TRY(grow(list, err));
    token_archive_file *file = &list->files[list->count];
    *file = (token_archive_file) { 0 };
    snprintf(file->name, sizeof file->name, "%s", name);
    list->count++;
    if (token_files_read(&file->content, directory, name, OBJECT_FILE_MAX, &about) != SAF_OK || !is_whole(file))
        return refuse_file(name, err);
    list->bytes += file->content.len;
    return list->bytes <= TOKEN_ARCHIVE_MAX / 2 ? SAF_OK : saf_fail(err, SAF_E_UNSUPPORTED, "the token is larger than a backup can be");
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const token_archive_file *)a)->name, ((const token_archive_file *)b)->name);
}

static saf_status read_files(file_list *out, int directory, saf_token_progress_fn progress, void *context, saf_error *err)
{
    OWN(DIR) *stream = token_files_stream(directory);
    if (!stream)
        return saf_fail_errno(err, "cannot list the token's files");
    for (const char *name; (name = token_files_next(stream));) {
        if (!token_files_has_end(name, ".object"))
            continue;
        SAF_TRY(add(out, directory, name, err));
        if (progress)
            progress(context);
    }
    qsort(out->files, out->count, sizeof *out->files, compare);
    return SAF_OK;
}

/* ---- at one moment ---------------------------------------------------------------------------------------- */

enum { GENERATION_SIZE = 8 };

static void read_generation(unsigned char out[GENERATION_SIZE], int directory)
{
    struct stat about;
    OWN(saf_buffer) content = { 0 };
    memset(out, 0, GENERATION_SIZE);
    if (token_files_read(&content, directory, "generation", GENERATION_SIZE, &about) == SAF_OK && content.len == GENERATION_SIZE)
        memcpy(out, content.data, GENERATION_SIZE);
}

/* Our own processes wait for the lock; of others the generation tells. */
static saf_status read_consistently(file_list *out, int directory, saf_token_progress_fn progress, void *context, saf_error *err)
{
    enum { TRIES = 5 };
    static const struct timespec pause = { .tv_nsec = 200000000 };
    saf_status status = SAF_OK;
    for (int i = 0; i < TRIES; i++) {
        OWN(file_list) list = { 0 };
        unsigned char before[GENERATION_SIZE], after[GENERATION_SIZE];
        read_generation(before, directory);
        status = read_files(&list, directory, progress, context, err);
        read_generation(after, directory);
        if (status == SAF_OK && !memcmp(before, after, GENERATION_SIZE)) {
            *out = list;
            list = (file_list) { 0 };
            return SAF_OK;
        }
        nanosleep(&pause, NULL);
    }
    return status == SAF_OK ? saf_fail(err, SAF_E_BUSY, "another program changes the token all the time") : status;
}

static saf_status refuse_module(const saf_p11 *p11, saf_error *err)
{
    (void)saf_fail(err, SAF_E_UNSUPPORTED, "%s is not SoftHSM: the files of its tokens cannot be copied", p11->path);
    saf_hint(err, "use its maker's means of backup; `safring token show` says which keys may leave it");
    return SAF_E_UNSUPPORTED;
}

static saf_status open_directory(int *out, char name[TOKEN_NAME_SIZE], const saf_p11_session *session, saf_error *err)
{
    const char *path = session->p11->token_directory;
    if (!path)
        return refuse_module(session->p11, err);
    OWN(own_fd) tokens = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tokens < 0 || !token_files_find(name, tokens, session->token.serial) || (*out = token_files_open(tokens, name)) < 0)
        return saf_fail_errno(err, "cannot open the directory of token %s in %s", session->token.label, path);
    return SAF_OK;
}

saf_status saf_token_backup(unsigned char **out, size_t *out_len, saf_p11_session *session, saf_token_progress_fn progress, void *context,
                            saf_error *err)
{
    char name[TOKEN_NAME_SIZE];
    OWN(own_fd) directory = -1;
    OWN(file_list) list = { 0 };
    OWN(saf_buffer) archive = { 0 };
    SAF_TRY(open_directory(&directory, name, session, err));
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(token_prove_readable(session, NULL, progress, context, err));
    SAF_TRY(read_consistently(&list, directory, progress, context, err));
    SAF_TRY(token_archive_write(&archive, name, list.files, list.count, err));
    *out = GIVE(&archive.data);
    *out_len = archive.len;
    archive = (saf_buffer) { 0 };
    return SAF_OK;
}

saf_status saf_token_backup_read(saf_token_backup_info *out, saf_bytes backup, saf_error *err)
{
    token_archive archive;
    saf_bytes content;
    SAF_TRY(token_archive_open(&archive, backup, err));
    *out = (saf_token_backup_info) { .objects = archive.count - 1 };
    if (!token_archive_find(&content, &archive, TOKEN_COPY_OBJECT) ||
        object_file_judge_token(content, out->label, out->serial, NULL) != OBJECT_FILE_WHOLE)
        return saf_fail(err, SAF_E_MALFORMED, "the backup has no token.object"); /* it was opened, so it has */
    if (!token_files_has_serial(archive.directory, out->serial))
        return saf_fail(err, SAF_E_MALFORMED, "the backup's directory is not that of the token with serial %s", out->serial);
    return SAF_OK;
}
