/*
 * The last number assigned is in a data object of the token. A new number is recorded before its key is made, so that
 * a kill in between only skips a number; and it is recorded in a new object before the old one is destroyed (SoftHSM
 * truncates what it rewrites), so the highest of those present counts.
 */
#include "sequence.h"

#include "object.h"

static const char counter_name[] = "safring sequence";
static const char counter_application[] = "safring";

void p11_sequence_write(unsigned char out[P11_SEQUENCE_SIZE], uint32_t sequence)
{
    for (size_t i = 0; i < P11_SEQUENCE_SIZE; i++)
        out[i] = (unsigned char)(sequence >> (24 - 8 * i));
}

uint32_t p11_sequence_read(const unsigned char *id, size_t id_len)
{
    if (id_len != P11_SEQUENCE_SIZE)
        return 0;
    return (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
}

static void add_counter(p11_template *list)
{
    p11_template_add_number(list, CKA_CLASS, CKO_DATA);
    p11_template_add_flag(list, CKA_TOKEN, true);
    p11_template_add_text(list, CKA_LABEL, counter_name);
    p11_template_add_text(list, CKA_APPLICATION, counter_application);
}

/* What cannot be read may be the highest of all, and the numbers would begin again: that is a failure. */
static saf_status highest_counter(uint32_t *out, const saf_p11_session *session, const p11_objects *counters, saf_error *err)
{
    *out = 0;
    for (size_t i = 0; i < counters->count; i++) {
        unsigned char value[P11_SEQUENCE_SIZE];
        size_t len;
        CK_RV answer = p11_read_bytes(session, counters->handles[i], CKA_VALUE, value, sizeof value, &len);
        if (answer == CKR_BUFFER_TOO_SMALL || (answer == CKR_OK && len != sizeof value))
            return saf_fail(err, SAF_E_MALFORMED, "a sequence number that is kept in token %s does not have %d bytes",
                            session->token.label, P11_SEQUENCE_SIZE);
        if (answer != CKR_OK)
            return p11_fail(err, answer, "cannot read the last sequence number of token %s", session->token.label);
        uint32_t number = p11_sequence_read(value, len);
        *out = number > *out ? number : *out;
    }
    return SAF_OK;
}

/* A longer id is another tool's, and so is a key without any; one that was destroyed meanwhile does not count. */
static bool has_no_sequence(CK_RV answer)
{
    return answer == CKR_BUFFER_TOO_SMALL || answer == CKR_ATTRIBUTE_TYPE_INVALID || answer == CKR_OBJECT_HANDLE_INVALID;
}

static saf_status highest_key(uint32_t *out, const saf_p11_session *session, const p11_objects *keys, saf_error *err)
{
    *out = 0;
    for (size_t i = 0; i < keys->count; i++) {
        unsigned char id[P11_SEQUENCE_SIZE];
        size_t len;
        CK_RV answer = p11_read_bytes(session, keys->handles[i], CKA_ID, id, sizeof id, &len);
        if (answer != CKR_OK && !has_no_sequence(answer))
            return p11_fail(err, answer, "cannot read the id of a secret key of token %s", session->token.label);
        uint32_t number = p11_sequence_read(id, len);
        *out = number > *out ? number : *out;
    }
    return SAF_OK;
}

static saf_status find_keys(p11_objects *out, const saf_p11_session *session, const unsigned char *id, saf_error *err)
{
    p11_template wanted = { 0 };
    p11_template_add_number(&wanted, CKA_CLASS, CKO_SECRET_KEY);
    p11_template_add_flag(&wanted, CKA_TOKEN, true);
    if (id)
        p11_template_add_bytes(&wanted, CKA_ID, saf_bytes_of(id, P11_SEQUENCE_SIZE));
    return p11_find_objects(out, session, &wanted, err);
}

/* A token whose counter was lost, or that another tool filled, goes on after its highest id. */
static saf_status last_assigned(uint32_t *out, const saf_p11_session *session, const p11_objects *counters, saf_error *err)
{
    SAF_TRY(highest_counter(out, session, counters, err));
    if (*out)
        return SAF_OK;
    OWN(p11_objects) keys = { 0 };
    SAF_TRY(find_keys(&keys, session, NULL, err));
    return highest_key(out, session, &keys, err);
}

/* Another tool may have given a key the very id that comes next. */
static saf_status next_unused(uint32_t *sequence, const saf_p11_session *session, saf_error *err)
{
    for (;;) {
        if (*sequence == UINT32_MAX)
            return saf_fail(err, SAF_E_UNSUPPORTED, "token %s has no sequence number left", session->token.label);
        unsigned char id[P11_SEQUENCE_SIZE];
        p11_sequence_write(id, ++*sequence);
        OWN(p11_objects) keys = { 0 };
        SAF_TRY(find_keys(&keys, session, id, err));
        if (keys.count == 0)
            return SAF_OK;
    }
}

saf_status p11_sequence_record(const saf_p11_session *session, uint32_t sequence, saf_error *err)
{
    unsigned char value[P11_SEQUENCE_SIZE];
    p11_sequence_write(value, sequence);
    p11_template counter = { 0 };
    add_counter(&counter);
    p11_template_add_flag(&counter, CKA_PRIVATE, true);
    p11_template_add_bytes(&counter, CKA_VALUE, saf_bytes_of(value, sizeof value));
    CK_OBJECT_HANDLE object;
    CK_RV answer = p11_create_object(&object, session, &counter);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot record a sequence number in token %s", session->token.label);

    unsigned char kept[P11_SEQUENCE_SIZE] = { 0 };
    size_t len;
    answer = p11_read_bytes(session, object, CKA_VALUE, kept, sizeof kept, &len);
    if (answer != CKR_OK || p11_sequence_read(kept, len) != sequence)
        return saf_fail(err, SAF_E_FAILED, "token %s did not keep its sequence number", session->token.label);
    return SAF_OK;
}

saf_status p11_sequence_assign(uint32_t *out, const saf_p11_session *session, saf_error *err)
{
    OWN(p11_objects) counters = { 0 };
    p11_template wanted = { 0 };
    add_counter(&wanted);
    SAF_TRY(p11_find_objects(&counters, session, &wanted, err));
    uint32_t sequence;
    SAF_TRY(last_assigned(&sequence, session, &counters, err));
    SAF_TRY(next_unused(&sequence, session, err));
    SAF_TRY(p11_sequence_record(session, sequence, err));
    for (size_t i = 0; i < counters.count; i++)
        session->p11->cryptoki->C_DestroyObject(session->handle, counters.handles[i]); /* one that stays is harmless */
    *out = sequence;
    return SAF_OK;
}

/* ---- looking back ----------------------------------------------------------------------------------------- */

bool p11_sequence_is_counter(const saf_p11_session *session, CK_OBJECT_HANDLE object)
{
    return p11_has_bytes(session, object, CKA_LABEL, saf_bytes_of_text(counter_name)) &&
           p11_has_bytes(session, object, CKA_APPLICATION, saf_bytes_of_text(counter_application));
}

saf_status p11_sequence_compare(uint32_t *recorded, uint32_t *highest, const saf_p11_session *session, saf_error *err)
{
    OWN(p11_objects) counters = { 0 };
    OWN(p11_objects) keys = { 0 };
    p11_template wanted = { 0 };
    add_counter(&wanted);
    SAF_TRY(p11_find_objects(&counters, session, &wanted, err));
    SAF_TRY(highest_counter(recorded, session, &counters, err));
    SAF_TRY(find_keys(&keys, session, NULL, err));
    return highest_key(highest, session, &keys, err);
}
