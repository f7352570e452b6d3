#include "secret-unfinished.h"

#include "key-dates.h"
#include "key-len.h"
#include "sequence.h"

static void add_note(p11_template *list)
{
    p11_template_add_number(list, CKA_CLASS, CKO_DATA);
    p11_template_add_flag(list, CKA_TOKEN, true);
    p11_template_add_text(list, CKA_LABEL, "safring unfinished");
    p11_template_add_text(list, CKA_APPLICATION, "safring");
}

saf_status p11_unfinished_note(CK_OBJECT_HANDLE *out, const saf_p11_session *session, uint32_t sequence, saf_error *err)
{
    unsigned char value[P11_SEQUENCE_SIZE];
    p11_template note = { 0 };
    *out = CK_INVALID_HANDLE;
    if (!session->p11->token_directory)
        return SAF_OK;
    p11_sequence_write(value, sequence);
    add_note(&note);
    p11_template_add_flag(&note, CKA_PRIVATE, true);
    p11_template_add_bytes(&note, CKA_VALUE, saf_bytes_of(value, sizeof value));
    CK_RV answer = p11_create_object(out, session, &note);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "cannot note in token %s that a key is being made", session->token.label);
}

static saf_status find_notes(p11_objects *out, const saf_p11_session *session, saf_error *err)
{
    p11_template wanted = { 0 };
    if (!session->p11->token_directory)
        return SAF_OK;
    add_note(&wanted);
    return p11_find_objects(out, session, &wanted, err);
}

/* 0: the note itself was interrupted, so that nothing was made yet. */
static uint32_t read_note(const saf_p11_session *session, CK_OBJECT_HANDLE note)
{
    unsigned char value[P11_SEQUENCE_SIZE];
    size_t len;
    return p11_read_bytes(session, note, CKA_VALUE, value, sizeof value, &len) == CKR_OK ? p11_sequence_read(value, len) : 0;
}

static saf_status destroy_keys(const saf_p11_session *session, uint32_t sequence, saf_error *err)
{
    OWN(p11_objects) keys = { 0 };
    unsigned char id[P11_SEQUENCE_SIZE];
    p11_sequence_write(id, sequence);
    SAF_TRY(p11_find_by_id(&keys, session, CKO_SECRET_KEY, saf_bytes_of(id, sizeof id), err));
    for (size_t i = 0; i < keys.count; i++)
        SAF_TRY(p11_destroy_object(session, keys.handles[i], "whose making was interrupted", err));
    p11_dates_forget(session, sequence);
    p11_len_forget(session, sequence);
    return SAF_OK;
}

saf_status p11_unfinished_clear(const saf_p11_session *session, saf_error *err)
{
    OWN(p11_objects) notes = { 0 };
    SAF_TRY(find_notes(&notes, session, err));
    for (size_t i = 0; i < notes.count; i++) {
        uint32_t sequence = read_note(session, notes.handles[i]);
        if (sequence)
            SAF_TRY(destroy_keys(session, sequence, err));
        SAF_TRY(p11_destroy_object(session, notes.handles[i], "whose making was interrupted", err));
    }
    return SAF_OK;
}

static bool has_sequence(const saf_p11_session *session, CK_OBJECT_HANDLE key, uint32_t sequence)
{
    unsigned char id[P11_SEQUENCE_SIZE];
    p11_sequence_write(id, sequence);
    return p11_has_bytes(session, key, CKA_ID, saf_bytes_of(id, sizeof id));
}

static void hide(p11_objects *keys, const saf_p11_session *session, uint32_t sequence)
{
    size_t kept = 0;
    for (size_t i = 0; i < keys->count; i++)
        if (!has_sequence(session, keys->handles[i], sequence))
            keys->handles[kept++] = keys->handles[i];
    keys->count = kept;
}

saf_status p11_unfinished_hide(p11_objects *keys, const saf_p11_session *session, saf_error *err)
{
    OWN(p11_objects) notes = { 0 };
    SAF_TRY(find_notes(&notes, session, err));
    for (size_t i = 0; i < notes.count; i++) {
        uint32_t sequence = read_note(session, notes.handles[i]);
        if (sequence)
            hide(keys, session, sequence);
    }
    return SAF_OK;
}
