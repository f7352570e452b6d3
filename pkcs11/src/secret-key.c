#include "handle.h"
#include "key-dates.h"
#include "login-lock.h"
#include "object.h"
#include "sequence.h"
#include "token-space.h"

#include <base/buffer.h>

void saf_p11_secret_list_free(saf_p11_secret_list *list)
{
    if (!list)
        return;
    free(list->secrets);
    *list = (saf_p11_secret_list) { 0 };
}

OWN_VALUE(saf_p11_secret_list, saf_p11_secret_list_free)

/* ---- describing ------------------------------------------------------------------------------------------- */

static void compute_check_value(char out[7], const saf_p11_session *session, CK_OBJECT_HANDLE key)
{
    static const unsigned char zero[1] = { 0 };
    unsigned char mac[32];
    CK_ULONG len = sizeof mac;
    CK_RV answer = p11_sign(session->p11->cryptoki, session->handle, key, CKM_SHA256_HMAC, saf_bytes_of(zero, 1), mac, &len);
    if (answer == CKR_OK && len == sizeof mac)
        snprintf(out, 7, "%02X%02X%02X", mac[0], mac[1], mac[2]);
}

static saf_status describe(saf_p11_secret *out, const saf_p11_session *session, CK_OBJECT_HANDLE key, saf_error *err)
{
    saf_p11_uri uri;
    CK_RV answer = p11_read_uri(&uri, session, key, SAF_P11_SECRET_KEY);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot read a secret key of token %s", session->token.label);
    *out = (saf_p11_secret) {
        .sequence = p11_sequence_read(uri.id, uri.id_len),
        .len = p11_read_number(session, key, CKA_VALUE_LEN),
        .sensitive = p11_read_flag(session, key, CKA_SENSITIVE),
        .extractable = p11_read_flag(session, key, CKA_EXTRACTABLE),
        .signs = p11_read_flag(session, key, CKA_SIGN),
        .verifies = p11_read_flag(session, key, CKA_VERIFY),
    };
    p11_dates dates = p11_dates_read(session, key, out->sequence);
    out->start_date = dates.start;
    out->end_date = dates.end;
    memcpy(out->token, uri.token, sizeof out->token);
    memcpy(out->label, uri.object, sizeof out->label);
    if (out->sequence)
        p11_handle_format(out->handle, out->token, out->sequence);
    if (out->signs)
        compute_check_value(out->check_value, session, key);
    return p11_format_object_uri(out->uri, &uri, err);
}

/* ---- listing and finding ---------------------------------------------------------------------------------- */

static int compare_secrets(const void *a, const void *b)
{
    const saf_p11_secret *left = a;
    const saf_p11_secret *right = b;
    int order = strcmp(left->label, right->label);
    if (order)
        return order;
    if (left->sequence != right->sequence)
        return left->sequence < right->sequence ? -1 : 1;
    return strcmp(left->uri, right->uri);
}

static saf_status describe_all(saf_p11_secret_list *out, const saf_p11_session *session, const p11_objects *objects,
                               saf_error *err)
{
    OWN(saf_p11_secret_list) list = { .secrets = calloc(objects->count + 1, sizeof *list.secrets) };
    if (!list.secrets)
        return saf_fail_memory(err);
    for (size_t i = 0; i < objects->count; i++) {
        saf_status status = describe(&list.secrets[list.count], session, objects->handles[i], err);
        if (status == SAF_E_NOT_FOUND)
            continue; /* destroyed meanwhile by another process */
        if (status != SAF_OK)
            return status;
        list.count++;
    }
    qsort(list.secrets, list.count, sizeof *list.secrets, compare_secrets);
    *out = list;
    list.secrets = NULL;
    return SAF_OK;
}

saf_status saf_p11_list_secrets(saf_p11_secret_list *out, saf_p11_session *session, const saf_p11_uri *uri, saf_error *err)
{
    OWN(p11_objects) objects = { 0 };
    SAF_TRY(p11_find_by_uri(&objects, session, uri, SAF_P11_SECRET_KEY, err));
    return describe_all(out, session, &objects, err);
}

saf_status saf_p11_find_secret(saf_p11_secret *out, saf_p11_session *session, const saf_p11_uri *uri, saf_error *err)
{
    CK_OBJECT_HANDLE key;
    SAF_TRY(p11_find_one(&key, session, uri, SAF_P11_SECRET_KEY, err));
    saf_p11_secret secret;
    SAF_TRY(describe(&secret, session, key, err));
    *out = secret;
    return SAF_OK;
}

/* ---- making ----------------------------------------------------------------------------------------------- */

static bool is_date_or_none(int64_t seconds)
{
    CK_DATE date;
    return !seconds || p11_date_of_seconds(&date, seconds);
}

static saf_status check_spec(const saf_p11_secret_spec *spec, saf_error *err)
{
    size_t len = spec->label ? strlen(spec->label) : 0;
    if (len < 1 || len > SAF_P11_OBJECT_MAX)
        return saf_fail(err, SAF_E_USAGE, "a key's label must have 1 to %d bytes", SAF_P11_OBJECT_MAX);
    if (spec->len < 1)
        return saf_fail(err, SAF_E_USAGE, "secret key \"%s\" must have at least one byte", spec->label);
    if (!is_date_or_none(spec->start_date) || !is_date_or_none(spec->end_date))
        return saf_fail(err, SAF_E_USAGE, "the dates of secret key \"%s\" must lie in the years 0 to 9999", spec->label);
    if (spec->start_date && spec->end_date && spec->end_date < spec->start_date)
        return saf_fail(err, SAF_E_USAGE, "secret key \"%s\" would end before it starts", spec->label);
    return SAF_OK;
}

/* What is not said here differs from token to token; a key that also wraps could carry others out. */
static void add_uses(p11_template *list)
{
    p11_template_add_flag(list, CKA_SIGN, true);
    p11_template_add_flag(list, CKA_VERIFY, true);
    p11_template_add_flag(list, CKA_ENCRYPT, false);
    p11_template_add_flag(list, CKA_DECRYPT, false);
    p11_template_add_flag(list, CKA_WRAP, false);
    p11_template_add_flag(list, CKA_UNWRAP, false);
    p11_template_add_flag(list, CKA_DERIVE, false);
}

static void add_spec(p11_template *list, const saf_p11_secret_spec *spec, saf_bytes id)
{
    p11_template_add_number(list, CKA_CLASS, CKO_SECRET_KEY);
    p11_template_add_number(list, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
    p11_template_add_number(list, CKA_VALUE_LEN, spec->len);
    p11_template_add_flag(list, CKA_TOKEN, true);
    p11_template_add_flag(list, CKA_PRIVATE, true);
    p11_template_add_flag(list, CKA_SENSITIVE, true);
    p11_template_add_flag(list, CKA_EXTRACTABLE, spec->extractable);
    p11_template_add_flag(list, CKA_MODIFIABLE, false);
    add_uses(list);
    p11_template_add_text(list, CKA_LABEL, spec->label);
    p11_template_add_bytes(list, CKA_ID, id);
    p11_template_add_date(list, CKA_START_DATE, spec->start_date);
    p11_template_add_date(list, CKA_END_DATE, spec->end_date);
}

/* A token may leave out what it does not like, and say nothing. */
static saf_status check_made(const saf_p11_secret *made, const saf_p11_secret_spec *spec, uint32_t sequence, saf_error *err)
{
    const char *lost = NULL;
    if (strcmp(made->label, spec->label))
        lost = "CKA_LABEL";
    else if (made->sequence != sequence)
        lost = "CKA_ID";
    else if (made->len && made->len != spec->len) /* some tokens do not tell a length */
        lost = "CKA_VALUE_LEN";
    else if (!made->signs || !made->verifies)
        lost = "CKA_SIGN or CKA_VERIFY";
    else if (!made->sensitive)
        lost = "CKA_SENSITIVE";
    else if (made->extractable != spec->extractable)
        lost = "CKA_EXTRACTABLE";
    else if (!made->start_date != !spec->start_date || !made->end_date != !spec->end_date)
        lost = "CKA_START_DATE or CKA_END_DATE";
    if (lost)
        return saf_fail(err, SAF_E_UNSUPPORTED, "token %s did not keep %s of secret key \"%s\"", made->token, lost,
                        spec->label);
    return SAF_OK;
}

static saf_status generate(CK_OBJECT_HANDLE *out, const saf_p11_session *session, const saf_p11_secret_spec *spec,
                           uint32_t sequence, saf_error *err)
{
    unsigned char id[P11_SEQUENCE_SIZE];
    p11_sequence_write(id, sequence);
    p11_template wanted = { 0 };
    add_spec(&wanted, spec, saf_bytes_of(id, sizeof id));
    SAF_TRY(p11_template_check(&wanted, err));
    CK_MECHANISM how = { CKM_GENERIC_SECRET_KEY_GEN, NULL, 0 };
    CK_RV answer =
        session->p11->cryptoki->C_GenerateKey(session->handle, &how, wanted.attributes, wanted.count, out);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "token %s cannot make secret key \"%s\"", session->token.label, spec->label);
    return SAF_OK;
}

static void destroy(const saf_p11_session *session, CK_OBJECT_HANDLE object)
{
    if (object != CK_INVALID_HANDLE)
        session->p11->cryptoki->C_DestroyObject(session->handle, object);
}

/* Nothing half-made: a key that is not as wanted is destroyed again. */
static saf_status generate_checked(saf_p11_secret *out, bool *needs_record, const saf_p11_session *session,
                                   const saf_p11_secret_spec *spec, uint32_t sequence, saf_error *err)
{
    CK_OBJECT_HANDLE key;
    SAF_TRY(generate(&key, session, spec, sequence, err));
    saf_status status = describe(out, session, key, err);
    if (status == SAF_OK)
        status = check_made(out, spec, sequence, err);
    if (status != SAF_OK)
        destroy(session, key);
    *needs_record = status == SAF_OK && !p11_dates_are_readable(session, key);
    return status;
}

saf_status saf_p11_generate_secret(saf_p11_secret *out, saf_p11_session *session, const saf_p11_secret_spec *spec,
                                   saf_error *err)
{
    SAF_TRY(check_spec(spec, err));
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(token_space_check(session->p11->token_directory, err));
    uint32_t sequence;
    CK_OBJECT_HANDLE record;
    bool needs_record = false;
    saf_p11_secret made;
    SAF_TRY(p11_sequence_assign(&sequence, session, err));
    SAF_TRY(p11_dates_record(&record, session, sequence, (p11_dates) { spec->start_date, spec->end_date }, err));
    saf_status status = generate_checked(&made, &needs_record, session, spec, sequence, err);
    if (!needs_record)
        destroy(session, record);
    if (status == SAF_OK)
        *out = made;
    return status;
}
