#include "token-archive.h"
#include "token-doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

/* ---- putting aside ---------------------------------------------------------------------------------------- */

static int open_quarantine(const token_patient *patient)
{
    if (mkdirat(patient->directory, TOKEN_FILES_QUARANTINE, 0700) == 0 && geteuid() == 0) {
        OWN(own_fd) made = token_files_open(patient->directory, TOKEN_FILES_QUARANTINE);
        if (made >= 0 && fchown(made, patient->about.st_uid, patient->about.st_gid) != 0)
            return -1;
    }
    return token_files_open(patient->directory, TOKEN_FILES_QUARANTINE);
}

/* Nothing that was put aside before is lost by it. */
static saf_status put_aside(token_patient *patient, const char *file, saf_error *err)
{
    enum { TRIES = 100 };
    OWN(own_fd) quarantine = open_quarantine(patient);
    char name[NAME_MAX + 1];
    snprintf(name, sizeof name, "%s", file);
    for (int i = 1; quarantine >= 0 && i <= TRIES; i++) {
        if (renameat2(patient->directory, file, quarantine, name, RENAME_NOREPLACE) == 0)
            return SAF_OK;
        if (errno != EEXIST)
            break;
        snprintf(name, sizeof name, "%.200s.%d", file, i + 1);
    }
    return saf_fail_errno(err, "cannot move %s into %s", file, TOKEN_FILES_QUARANTINE);
}

/* ---- putting back ----------------------------------------------------------------------------------------- */

static bool find_in_backup(saf_bytes *out, const token_patient *patient, const char *file)
{
    token_archive archive;
    return patient->ward->backup.len && token_archive_open(&archive, patient->ward->backup, NULL) == SAF_OK &&
           !strcmp(archive.directory, patient->name) && token_archive_find(out, &archive, file);
}

static saf_status put_back(token_patient *patient, const char *file, saf_error *err)
{
    saf_bytes content;
    struct stat about;
    if (!find_in_backup(&content, patient, file))
        return saf_fail(err, SAF_E_NOT_FOUND, "the backup does not have %s", file);
    if (fstatat(patient->directory, file, &about, AT_SYMLINK_NOFOLLOW) != 0)
        about = (struct stat) { .st_mode = 0600, .st_uid = patient->about.st_uid, .st_gid = patient->about.st_gid };
    SAF_TRY(put_aside(patient, file, err));
    return token_files_write_object(patient->directory, file, content, &about, err);
}

/* ---- each file -------------------------------------------------------------------------------------------- */

static object_file_state judge(const token_patient *patient, const char *file)
{
    struct stat about;
    OWN(saf_buffer) content = { 0 };
    saf_status status = token_files_read(&content, patient->directory, file, OBJECT_FILE_MAX, &about);
    if (status == SAF_E_NOT_FOUND)
        return OBJECT_FILE_WHOLE; /* destroyed meanwhile, or a link or not to be read, which was said */
    return status == SAF_OK ? object_file_judge(saf_buffer_bytes(&content)) : OBJECT_FILE_DAMAGED;
}

/* A program that is not ours takes no lock, and may be writing it now. */
static object_file_state judge_patiently(const token_patient *patient, const char *file)
{
    enum { TRIES = 4 };
    static const struct timespec pause = { .tv_nsec = 100000000 };
    object_file_state state = judge(patient, file);
    for (int i = 0; state != OBJECT_FILE_WHOLE && i < TRIES; i++) {
        nanosleep(&pause, NULL);
        state = judge(patient, file);
    }
    return state;
}

static saf_status note_object(token_patient *patient, const char *file, object_file_state state, saf_error *err)
{
    saf_token_finding *finding;
    saf_bytes kept;
    SAF_TRY(token_patient_find(&finding, patient, SAF_TOKEN_OBJECT, file, err));
    token_finding_found(finding, "the file of an object %s",
                        state == OBJECT_FILE_EMPTY     ? "is empty: its maker was killed before it was finished, or the disk was full"
                        : state == OBJECT_FILE_DAMAGED ? "is damaged: it cannot be read to its end"
                                                       : "has no key or certificate in it: its maker was killed before it was finished");
    if (find_in_backup(&kept, patient, file))
        token_patient_repair(finding, patient, put_back, file, "it was put back from the backup", "it would be put back from the backup");
    else
        token_patient_repair(finding, patient, put_aside, file, "it was moved into " TOKEN_FILES_QUARANTINE " beside it",
                             "it would be moved into " TOKEN_FILES_QUARANTINE " beside it");
    return SAF_OK;
}

saf_status token_examine_objects(token_patient *patient, saf_error *err)
{
    OWN(DIR) *stream = token_files_stream(patient->directory);
    for (const char *file; (file = token_files_next(stream));) {
        object_file_state state = token_files_is_object(file) ? judge_patiently(patient, file) : OBJECT_FILE_WHOLE;
        if (state != OBJECT_FILE_WHOLE)
            SAF_TRY(note_object(patient, file, state, err));
    }
    return SAF_OK;
}
