#include "key-dates.h"

#include "object.h"

#include <inttypes.h>

typedef struct date_pair {
    CK_DATE start, end; /* all zero digits: none */
} date_pair;

static void add_record(p11_template *list, char name[32], uint32_t sequence)
{
    snprintf(name, 32, "safring dates %08" PRIX32, sequence);
    p11_template_add_number(list, CKA_CLASS, CKO_DATA);
    p11_template_add_flag(list, CKA_TOKEN, true);
    p11_template_add_text(list, CKA_LABEL, name);
    p11_template_add_text(list, CKA_APPLICATION, "safring");
}

static CK_DATE date_of(int64_t seconds)
{
    CK_DATE date;
    if (!p11_date_of_seconds(&date, seconds))
        memset(&date, '0', sizeof date);
    return date;
}

saf_status p11_dates_record(CK_OBJECT_HANDLE *out, const saf_p11_session *session, uint32_t sequence, p11_dates dates,
                            saf_error *err)
{
    *out = CK_INVALID_HANDLE;
    if (!dates.start && !dates.end)
        return SAF_OK;
    char name[32];
    date_pair value = { date_of(dates.start), date_of(dates.end) };
    p11_template record = { 0 };
    add_record(&record, name, sequence);
    p11_template_add_flag(&record, CKA_PRIVATE, true);
    p11_template_add_bytes(&record, CKA_VALUE, saf_bytes_of(&value, sizeof value));
    CK_RV answer = p11_create_object(out, session, &record);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "cannot record a key's dates in token %s", session->token.label);
}

bool p11_dates_are_readable(const saf_p11_session *session, CK_OBJECT_HANDLE key)
{
    int64_t start, end;
    return p11_read_date(&start, session, key, CKA_START_DATE) == CKR_OK &&
           p11_read_date(&end, session, key, CKA_END_DATE) == CKR_OK && (start || end);
}

static p11_dates read_record(const saf_p11_session *session, uint32_t sequence)
{
    char name[32];
    p11_template wanted = { 0 };
    OWN(p11_objects) records = { 0 };
    add_record(&wanted, name, sequence);
    if (p11_find_objects(&records, session, &wanted, NULL) != SAF_OK || records.count == 0)
        return (p11_dates) { 0 };
    date_pair value;
    size_t len;
    if (p11_read_bytes(session, records.handles[0], CKA_VALUE, &value, sizeof value, &len) != CKR_OK || len != sizeof value)
        return (p11_dates) { 0 };
    return (p11_dates) { p11_seconds_of_date(&value.start), p11_seconds_of_date(&value.end) };
}

p11_dates p11_dates_read(const saf_p11_session *session, CK_OBJECT_HANDLE key, uint32_t sequence)
{
    p11_dates dates;
    CK_RV start = p11_read_date(&dates.start, session, key, CKA_START_DATE);
    CK_RV end = p11_read_date(&dates.end, session, key, CKA_END_DATE);
    if (sequence && (start != CKR_OK || end != CKR_OK))
        return read_record(session, sequence);
    return dates;
}

void p11_dates_forget(const saf_p11_session *session, uint32_t sequence)
{
    char name[32];
    p11_template wanted = { 0 };
    OWN(p11_objects) records = { 0 };
    add_record(&wanted, name, sequence);
    if (p11_find_objects(&records, session, &wanted, NULL) != SAF_OK)
        return;
    for (size_t i = 0; i < records.count; i++)
        session->p11->cryptoki->C_DestroyObject(session->handle, records.handles[i]); /* one that stays is harmless */
}
