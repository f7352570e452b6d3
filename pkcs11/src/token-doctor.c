#include "token-doctor.h"

#include "login-lock.h"
#include "softhsm.h"
#include "token-copy.h"

#include <errno.h>
#include <fcntl.h>

/* ---- findings --------------------------------------------------------------------------------------------- */

saf_status token_patient_find(saf_token_finding **out, token_patient *patient, saf_token_fault fault, const char *file, saf_error *err)
{
    SAF_TRY(token_findings_add(patient->ward->findings, out, fault, err));
    memcpy((*out)->label, patient->label, sizeof (*out)->label);
    memcpy((*out)->serial, patient->serial, sizeof (*out)->serial);
    snprintf((*out)->path, sizeof (*out)->path, "%.600s/%.200s%s%.200s", patient->ward->path, patient->name, *file ? "/" : "", file);
    return SAF_OK;
}

void token_patient_repair(saf_token_finding *finding, token_patient *patient, token_repair repair, const char *file, const char *done, const char *todo)
{
    saf_error why = { 0 };
    if (patient->ward->action == SAF_TOKEN_TELL)
        token_finding_remedy(finding, SAF_TOKEN_REPAIRABLE, "%s", todo);
    else
        token_finding_conclude(finding, repair(patient, file, &why), &why, done);
}

/* ---- token.object and its copy ---------------------------------------------------------------------------- */

static object_file_state judge(token_patient *patient, const char *name)
{
    struct stat about;
    OWN(saf_buffer) content = { 0 };
    saf_status status = token_files_read(&content, patient->directory, name, TOKEN_OBJECT_MAX, &about);
    if (status != SAF_OK)
        return status == SAF_E_MALFORMED ? OBJECT_FILE_DAMAGED : OBJECT_FILE_EMPTY;
    return object_file_judge_token(saf_buffer_bytes(&content), patient->label, patient->serial, &patient->flags);
}

static saf_status restore(token_patient *patient, const char *file, saf_error *err)
{
    (void)file;
    return token_copy_restore(patient->directory, err);
}

static saf_status copy(token_patient *patient, const char *file, saf_error *err)
{
    (void)file;
    return token_copy_make(patient->directory, err);
}

static saf_status remove_token(token_patient *patient, const char *file, saf_error *err)
{
    (void)file;
    return token_files_discard(patient->ward->tokens, patient->name, err);
}

static bool is_there(const token_patient *patient, const char *name)
{
    struct stat about;
    return fstatat(patient->directory, name, &about, AT_SYMLINK_NOFOLLOW) == 0;
}

static const char *lost_text(const token_patient *patient)
{
    if (!is_there(patient, TOKEN_COPY_OBJECT))
        return "is missing";
    return patient->object == OBJECT_FILE_EMPTY ? "is empty" : "is damaged";
}

static saf_status note_lost(token_patient *patient, saf_error *err)
{
    saf_token_finding *finding;
    const char *how = lost_text(patient);
    bool has_copy = judge(patient, TOKEN_COPY_NAME) == OBJECT_FILE_WHOLE;
    SAF_TRY(token_patient_find(&finding, patient, SAF_TOKEN_LOST, TOKEN_COPY_OBJECT, err));
    finding->is_unusable = true;
    token_finding_found(finding, "token.object %s, so that nobody sees the token: a program was killed, or the disk was full, while SoftHSM rewrote the file at a login", how);
    if (has_copy)
        token_patient_repair(finding, patient, restore, "", "it was restored from the copy that was made at the last good login",
                             "it would be restored from the copy that was made at the last good login; the next login does it, too");
    else
        token_finding_remedy(finding, SAF_TOKEN_REMAINS, "there is no good copy of it: `safring token restore FILE --if-exists replace` puts the token back from a backup");
    return SAF_OK;
}

/* A token that C_InitToken never finished. Nothing of value can be in it: no object, and no PIN that anybody could know. */
static saf_status note_begun(token_patient *patient, saf_error *err)
{
    saf_token_finding *finding;
    SAF_TRY(token_patient_find(&finding, patient, SAF_TOKEN_BEGUN, "", err));
    token_finding_found(finding, "a token that was begun and never finished: its maker was killed. It holds nothing");
    token_patient_repair(finding, patient, remove_token, "", "it was removed", "it would be removed");
    return SAF_OK;
}

static saf_status note_no_pin(token_patient *patient, saf_error *err)
{
    saf_token_finding *finding;
    SAF_TRY(token_patient_find(&finding, patient, SAF_TOKEN_NO_PIN, "", err));
    finding->is_unusable = true;
    token_finding_found(finding, "the user's PIN was never set: whoever made the token was killed before, or made it with another tool");
    token_finding_remedy(finding, SAF_TOKEN_REMAINS, "`safring token init` with its name and the same SO PIN completes it, `safring token delete` removes it");
    return SAF_OK;
}

static saf_status examine_copy(token_patient *patient, saf_error *err)
{
    struct stat about;
    OWN(saf_buffer) object = { 0 };
    OWN(saf_buffer) kept = { 0 };
    bool has_copy = token_files_read(&kept, patient->directory, TOKEN_COPY_NAME, TOKEN_OBJECT_MAX, &about) == SAF_OK &&
                    object_file_judge_token(saf_buffer_bytes(&kept), NULL, NULL, NULL) == OBJECT_FILE_WHOLE;
    if (token_files_read(&object, patient->directory, TOKEN_COPY_OBJECT, TOKEN_OBJECT_MAX, &about) != SAF_OK ||
        (has_copy && object_file_is_same_token(saf_buffer_bytes(&kept), saf_buffer_bytes(&object))))
        return SAF_OK;
    saf_token_finding *finding;
    SAF_TRY(token_patient_find(&finding, patient, SAF_TOKEN_COPY, TOKEN_COPY_NAME, err));
    token_finding_found(finding, has_copy ? "the copy of token.object is older than the file: a program that is not ours has set a PIN"
                                          : "there is no good copy of token.object");
    token_patient_repair(finding, patient, copy, "", "it was made anew", "it would be made anew");
    return SAF_OK;
}

/* ---- the generation file ---------------------------------------------------------------------------------- */

static saf_status drop_file(token_patient *patient, const char *file, saf_error *err)
{
    if (unlinkat(patient->directory, file, 0) == 0 || errno == ENOENT)
        return SAF_OK;
    return saf_fail_errno(err, "cannot remove %s", file);
}

static saf_status examine_generation(token_patient *patient, saf_error *err)
{
    enum { GENERATION_SIZE = 8 };
    static const char name[] = "generation";
    struct stat about;
    saf_token_finding *finding;
    if (fstatat(patient->directory, name, &about, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(about.st_mode) || about.st_size == GENERATION_SIZE)
        return SAF_OK;
    SAF_TRY(token_patient_find(&finding, patient, SAF_TOKEN_GENERATION, name, err));
    token_finding_found(finding, "the file by which processes see that others changed the token has no number in it");
    token_patient_repair(finding, patient, drop_file, name, "it was removed: SoftHSM makes it anew", "it would be removed: SoftHSM makes it anew");
    return SAF_OK;
}

/* ---- one token -------------------------------------------------------------------------------------------- */

/* One that has lost its label may be the one. */
static bool is_wanted(const token_patient *patient)
{
    const char *only = patient->ward->only;
    return !only || !*patient->label || !strcmp(patient->label, only) || token_files_has_serial(patient->name, only);
}

static size_t count_objects(int directory)
{
    size_t count = 0;
    OWN(DIR) *stream = token_files_stream(directory);
    for (const char *name; (name = token_files_next(stream));)
        count += token_files_is_object(name);
    return count;
}

/* token.object, or what its copy still says. */
static void identify(token_patient *patient)
{
    patient->object = judge(patient, TOKEN_COPY_OBJECT);
    if (patient->object == OBJECT_FILE_WHOLE)
        return;
    patient->label[0] = patient->serial[0] = '\0';
    if (judge(patient, TOKEN_COPY_NAME) != OBJECT_FILE_WHOLE)
        patient->label[0] = patient->serial[0] = '\0';
}

static bool cannot_be_read(const token_patient *patient)
{
    return is_there(patient, TOKEN_COPY_OBJECT) && faccessat(patient->directory, TOKEN_COPY_OBJECT, R_OK, AT_EACCESS) != 0;
}

static saf_status examine_lost(token_patient *patient, saf_error *err)
{
    bool has_copy = judge(patient, TOKEN_COPY_NAME) == OBJECT_FILE_WHOLE;
    if (!has_copy && !patient->objects)
        return patient->ward->only ? SAF_OK : note_begun(patient, err);
    return note_lost(patient, err);
}

static saf_status examine_whole(token_patient *patient, saf_error *err)
{
    if (!(patient->flags & CKF_USER_PIN_INITIALIZED))
        SAF_TRY(note_no_pin(patient, err));
    return examine_copy(patient, err);
}

static saf_status examine_token(token_patient *patient, saf_error *err)
{
    identify(patient);
    patient->objects = count_objects(patient->directory);
    if (!is_wanted(patient))
        return SAF_OK;
    SAF_TRY(token_examine_modes(patient, err));
    if (cannot_be_read(patient))
        return SAF_OK; /* said among the modes */
    SAF_TRY(patient->object == OBJECT_FILE_WHOLE ? examine_whole(patient, err) : examine_lost(patient, err));
    SAF_TRY(examine_generation(patient, err));
    return token_examine_objects(patient, err);
}

/* ---- all tokens ------------------------------------------------------------------------------------------- */

static saf_status note_link(token_ward *ward, const char *name, saf_error *err)
{
    token_patient patient = { .ward = ward };
    saf_token_finding *finding;
    snprintf(patient.name, sizeof patient.name, "%s", name);
    SAF_TRY(token_patient_find(&finding, &patient, SAF_TOKEN_LINK, "", err));
    token_finding_found(finding, "a link among the tokens: SoftHSM follows it, our tools do not");
    token_finding_remedy(finding, SAF_TOKEN_REMAINS, "remove it, unless you know what it is for");
    return SAF_OK;
}

static saf_status note_unreadable(token_ward *ward, const char *name, saf_error *err)
{
    token_patient patient = { .ward = ward };
    saf_token_finding *finding;
    snprintf(patient.name, sizeof patient.name, "%s", name);
    int why = errno;
    SAF_TRY(token_patient_find(&finding, &patient, SAF_TOKEN_PERMISSIONS, "", err));
    token_finding_found(finding, "this user cannot look into the token's directory: %s", strerror(why));
    token_finding_remedy(finding, SAF_TOKEN_REMAINS, "run the doctor as the user whose token it is, or as root");
    return SAF_OK;
}

static saf_status examine_entry(token_ward *ward, const char *name, saf_error *err)
{
    token_patient patient = { .ward = ward };
    OWN(own_fd) directory = token_files_open(ward->tokens, name);
    if (directory < 0 && (errno == ELOOP || errno == ENOTDIR)) {
        struct stat about;
        return fstatat(ward->tokens, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(about.st_mode) ? note_link(ward, name, err) : SAF_OK;
    }
    if (directory < 0)
        return errno == ENOENT ? SAF_OK : note_unreadable(ward, name, err);
    if (!token_files_is_name(name)) /* none of SoftHSM's */
        return SAF_OK;
    snprintf(patient.name, sizeof patient.name, "%s", name);
    patient.directory = directory;
    if (fstat(directory, &patient.about) != 0)
        return saf_fail_errno(err, "cannot examine %s/%s", ward->path, name);
    return examine_token(&patient, err);
}

static saf_status remove_leftover(token_patient *patient, const char *file, saf_error *err)
{
    (void)file;
    return token_files_remove(patient->ward->tokens, patient->name, err);
}

static saf_status examine_leftover(token_ward *ward, const char *name, const char *found, saf_error *err)
{
    struct stat about;
    saf_token_finding *finding;
    token_patient patient = { .ward = ward };
    if (fstatat(ward->tokens, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return SAF_OK;
    snprintf(patient.name, sizeof patient.name, "%s", name);
    SAF_TRY(token_patient_find(&finding, &patient, SAF_TOKEN_LEFTOVER, "", err));
    token_finding_found(finding, "%s", found);
    token_patient_repair(finding, &patient, remove_leftover, "", "it was removed", "it would be removed");
    return SAF_OK;
}

static saf_status examine_all(token_ward *ward, saf_error *err)
{
    OWN(DIR) *stream = token_files_stream(ward->tokens);
    if (!stream)
        return saf_fail_errno(err, "cannot list %s", ward->path);
    for (const char *name; (name = token_files_next(stream));)
        SAF_TRY(examine_entry(ward, name, err));
    SAF_TRY(examine_leftover(ward, TOKEN_FILES_TRASH, "what a killed `safring token delete` had taken away and not yet removed", err));
    return examine_leftover(ward, TOKEN_FILES_NEW, "what a killed `safring token restore` had not yet put into place", err);
}

/* ---- where they are --------------------------------------------------------------------------------------- */

static saf_status note_configuration(saf_token_findings *findings, const softhsm_place *place, saf_error *err)
{
    saf_token_finding *finding;
    SAF_TRY(token_findings_add(findings, &finding, SAF_TOKEN_NO_CONFIGURATION, err));
    finding->is_unusable = true;
    snprintf(finding->path, sizeof finding->path, "%s", place->configuration);
    token_finding_found(finding, "%s", place->readable == SAF_E_NOT_FOUND ? "SoftHSM's configuration is not there"
                                       : place->readable == SAF_E_DENIED  ? "this user may not read SoftHSM's configuration"
                                       : place->readable != SAF_OK        ? "SoftHSM's configuration cannot be read"
                                                                          : "SoftHSM's configuration does not say where the tokens are (directories.tokendir)");
    token_finding_remedy(finding, SAF_TOKEN_REMAINS, "`safring store init` writes one for the store; or set SOFTHSM2_CONF to one that this user can read");
    return SAF_OK;
}

static saf_status note_directory(saf_token_findings *findings, const char *path, saf_token_action action, saf_error *err)
{
    saf_token_finding *finding;
    saf_error why = { 0 };
    SAF_TRY(token_findings_add(findings, &finding, SAF_TOKEN_NO_DIRECTORY, err));
    finding->is_unusable = true;
    snprintf(finding->path, sizeof finding->path, "%s", path);
    token_finding_found(finding, "the directory that SoftHSM's configuration names is not there, so that SoftHSM does not start");
    if (action == SAF_TOKEN_TELL)
        token_finding_remedy(finding, SAF_TOKEN_REPAIRABLE, "an empty one would be made; put back what was in it with `safring token restore`");
    else
        token_finding_conclude(finding, saf_directory_make(path, 0700, &why), &why, "an empty one was made; put back what was in it with `safring token restore`");
    return SAF_OK;
}

static saf_status examine_directory(token_ward *ward, saf_error *err)
{
    OWN(own_fd) lock = -1;
    OWN(own_fd) tokens = open(ward->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tokens < 0)
        return errno == ENOENT ? note_directory(ward->findings, ward->path, ward->action, err) : saf_fail_errno(err, "cannot open the directory %s", ward->path);
    SAF_TRY(p11_lock_directory(&lock, tokens, ward->path, err));
    ward->tokens = tokens;
    return examine_all(ward, err);
}

saf_status saf_token_examine(saf_token_findings *out, const saf_p11_options *where, const char *token, saf_bytes backup,
                             saf_token_action action, saf_error *err)
{
    OWN(softhsm_place) place = { 0 };
    OWN(saf_token_findings) findings = { 0 };
    SAF_TRY(softhsm_locate(&place, where, err));
    token_ward ward = { .findings = &findings, .path = place.tokens, .tokens = -1, .only = token, .backup = backup, .action = action };
    SAF_TRY(place.tokens ? examine_directory(&ward, err) : note_configuration(&findings, &place, err));
    *out = findings;
    findings.items = NULL;
    return SAF_OK;
}
