#include "key-len.h"

#include "object.h"
#include "sequence.h"

#include <inttypes.h>

enum { LEN_SIZE = P11_SEQUENCE_SIZE }; /* big endian, as sequence numbers are */

static void add_record(p11_template *list, char name[32], uint32_t sequence)
{
    snprintf(name, 32, "safring length %08" PRIX32, sequence);
    p11_template_add_number(list, CKA_CLASS, CKO_DATA);
    p11_template_add_flag(list, CKA_TOKEN, true);
    p11_template_add_text(list, CKA_LABEL, name);
    p11_template_add_text(list, CKA_APPLICATION, "safring");
}

saf_status p11_len_record(CK_OBJECT_HANDLE *out, const saf_p11_session *session, uint32_t sequence, size_t len, saf_error *err)
{
    char name[32];
    unsigned char value[LEN_SIZE];
    p11_template record = { 0 };
    *out = CK_INVALID_HANDLE;
    p11_sequence_write(value, (uint32_t)len);
    add_record(&record, name, sequence);
    p11_template_add_flag(&record, CKA_PRIVATE, true);
    p11_template_add_bytes(&record, CKA_VALUE, saf_bytes_of(value, sizeof value));
    CK_RV answer = p11_create_object(out, session, &record);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "cannot record a key's length in token %s", session->token.label);
}

static saf_status find_records(p11_objects *out, const saf_p11_session *session, uint32_t sequence)
{
    char name[32];
    p11_template wanted = { 0 };
    add_record(&wanted, name, sequence);
    return p11_find_objects(out, session, &wanted, NULL);
}

size_t p11_len_read(const saf_p11_session *session, CK_OBJECT_HANDLE key, uint32_t sequence)
{
    unsigned char value[LEN_SIZE];
    size_t len = p11_read_number(session, key, CKA_VALUE_LEN);
    OWN(p11_objects) records = { 0 };
    if (len || !sequence || find_records(&records, session, sequence) != SAF_OK || records.count == 0)
        return len;
    bool is_read = p11_read_bytes(session, records.handles[0], CKA_VALUE, value, sizeof value, &len) == CKR_OK;
    return is_read ? p11_sequence_read(value, len) : 0;
}

void p11_len_forget(const saf_p11_session *session, uint32_t sequence)
{
    OWN(p11_objects) records = { 0 };
    if (find_records(&records, session, sequence) != SAF_OK)
        return;
    for (size_t i = 0; i < records.count; i++)
        session->p11->cryptoki->C_DestroyObject(session->handle, records.handles[i]); /* one that stays is harmless */
}
