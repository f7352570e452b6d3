#include "token-copy.h"
#include "token-doctor.h"

#include <errno.h>
#include <fcntl.h>

/* ---- modes ------------------------------------------------------------------------------------------------ */

static saf_status close_directory(token_patient *patient, const char *file, saf_error *err)
{
    (void)file;
    return fchmod(patient->directory, patient->about.st_mode & 0770) == 0 ? SAF_OK : saf_fail_errno(err, "cannot change the mode of the directory");
}

/* Through a descriptor: the name may be a link by now. */
static saf_status close_file(token_patient *patient, const char *file, saf_error *err)
{
    struct stat about;
    OWN(own_fd) opened = token_files_open_file(patient->directory, file, &about);
    if (opened < 0 || fchmod(opened, about.st_mode & 0660) != 0)
        return saf_fail_errno(err, "cannot change the mode of %s", file);
    return SAF_OK;
}

static saf_status note_mode(token_patient *patient, const char *file, mode_t mode, token_repair repair, saf_error *err)
{
    saf_token_finding *finding;
    SAF_TRY(token_patient_find(&finding, patient, SAF_TOKEN_PERMISSIONS, file, err));
    token_finding_found(finding, "mode %04o lets everybody in: who reads the files can try PINs as fast as a computer can", (unsigned)(mode & 07777));
    token_patient_repair(finding, patient, repair, file, "the others' part of the mode was taken away", "the others' part of the mode would be taken away");
    return SAF_OK;
}

/* ---- owners ----------------------------------------------------------------------------------------------- */

static saf_status give_back(token_patient *patient, const char *file, saf_error *err)
{
    struct stat about;
    OWN(own_fd) opened = token_files_open_file(patient->directory, file, &about);
    if (opened < 0 || fchown(opened, patient->about.st_uid, patient->about.st_gid) != 0)
        return saf_fail_errno(err, "cannot give %s to the directory's owner", file);
    return SAF_OK;
}

static saf_status note_owner(token_patient *patient, const char *file, uid_t owner, saf_error *err)
{
    saf_token_finding *finding;
    SAF_TRY(token_patient_find(&finding, patient, SAF_TOKEN_PERMISSIONS, file, err));
    token_finding_found(finding, "it belongs to user %u and its directory to user %u: the token's user may not be able to read it", (unsigned)owner,
                        (unsigned)patient->about.st_uid);
    if (geteuid() == 0)
        token_patient_repair(finding, patient, give_back, file, "it was given to the directory's owner", "it would be given to the directory's owner");
    else
        token_finding_remedy(finding, SAF_TOKEN_REMAINS, "root has to give it back: run the doctor as root");
    return SAF_OK;
}

static saf_status note_unreadable(token_patient *patient, const char *file, saf_error *err)
{
    saf_token_finding *finding;
    SAF_TRY(token_patient_find(&finding, patient, SAF_TOKEN_PERMISSIONS, file, err));
    finding->is_unusable = !strcmp(file, TOKEN_COPY_OBJECT);
    token_finding_found(finding, "this user cannot read it");
    token_finding_remedy(finding, SAF_TOKEN_REMAINS, "run the doctor as the user whose token it is, or as root");
    return SAF_OK;
}

/* ---- links ------------------------------------------------------------------------------------------------ */

static saf_status note_link(token_patient *patient, const char *file, saf_error *err)
{
    saf_token_finding *finding;
    SAF_TRY(token_patient_find(&finding, patient, SAF_TOKEN_LINK, file, err));
    token_finding_found(finding, "a link where a file should be: SoftHSM follows it, our tools do not");
    token_finding_remedy(finding, SAF_TOKEN_REMAINS, "remove it, and put the token back from a backup");
    return SAF_OK;
}

/* ---- each file -------------------------------------------------------------------------------------------- */

static saf_status examine_file(token_patient *patient, const char *file, saf_error *err)
{
    struct stat about;
    if (fstatat(patient->directory, file, &about, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(about.st_mode))
        return SAF_OK;
    if (!S_ISREG(about.st_mode) || about.st_nlink != 1)
        return note_link(patient, file, err);
    if (about.st_mode & S_IRWXO)
        SAF_TRY(note_mode(patient, file, about.st_mode, close_file, err));
    if (about.st_uid != patient->about.st_uid)
        return note_owner(patient, file, about.st_uid, err);
    return faccessat(patient->directory, file, R_OK, AT_EACCESS) == 0 ? SAF_OK : note_unreadable(patient, file, err);
}

saf_status token_examine_modes(token_patient *patient, saf_error *err)
{
    OWN(DIR) *stream = token_files_stream(patient->directory);
    if (patient->about.st_mode & S_IRWXO)
        SAF_TRY(note_mode(patient, "", patient->about.st_mode, close_directory, err));
    for (const char *file; (file = token_files_next(stream));)
        SAF_TRY(examine_file(patient, file, err));
    return SAF_OK;
}
