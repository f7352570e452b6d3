#include "secret-make.h"

#include "key-dates.h"
#include "key-len.h"
#include "secret-unfinished.h"
#include "login-lock.h"
#include "sequence.h"
#include "token-space.h"

/* ---- what is asked for ------------------------------------------------------------------------------------ */

static bool is_date_or_none(int64_t seconds)
{
    CK_DATE date;
    return !seconds || p11_date_of_seconds(&date, seconds);
}

static saf_status check_dates(const saf_p11_secret_spec *spec, saf_error *err)
{
    if (!is_date_or_none(spec->start_date) || !is_date_or_none(spec->end_date))
        return saf_fail(err, SAF_E_USAGE, "the dates of secret key \"%s\" must lie in the years 0 to 9999", spec->label);
    if (spec->start_date && spec->end_date && spec->end_date < spec->start_date)
        return saf_fail(err, SAF_E_USAGE, "secret key \"%s\" would end before it starts", spec->label);
    return SAF_OK;
}

static saf_status check_len(const saf_p11_secret_spec *spec, saf_error *err)
{
    if (spec->kind == SAF_P11_AES && spec->len != 16 && spec->len != 24 && spec->len != 32)
        return saf_fail(err, SAF_E_USAGE, "the AES key \"%s\" cannot have %zu bytes: 16, 24 or 32", spec->label, spec->len);
    if (spec->len < 1 || spec->len > SAF_P11_SECRET_MAX)
        return saf_fail(err, SAF_E_USAGE, "secret key \"%s\" must have at least one byte, and at most %d", spec->label, SAF_P11_SECRET_MAX);
    return SAF_OK;
}

saf_status p11_secret_check_spec(const saf_p11_secret_spec *spec, saf_error *err)
{
    size_t len = spec->label ? strlen(spec->label) : 0;
    if (len < 1 || len > SAF_P11_OBJECT_MAX)
        return saf_fail(err, SAF_E_USAGE, "a key's label must have 1 to %d bytes", SAF_P11_OBJECT_MAX);
    if (spec->kind != SAF_P11_HMAC && spec->kind != SAF_P11_AES)
        return saf_fail(err, SAF_E_USAGE, "secret key \"%s\" must be for HMAC or AES", spec->label);
    SAF_TRY(check_len(spec, err));
    return check_dates(spec, err);
}

/* What is not said here differs from token to token; an HMAC key that also wraps could carry others out. */
static void add_uses(p11_template *list, saf_p11_secret_kind kind)
{
    bool is_aes = kind == SAF_P11_AES;
    p11_template_add_flag(list, CKA_SIGN, !is_aes);
    p11_template_add_flag(list, CKA_VERIFY, !is_aes);
    p11_template_add_flag(list, CKA_ENCRYPT, is_aes);
    p11_template_add_flag(list, CKA_DECRYPT, is_aes);
    p11_template_add_flag(list, CKA_WRAP, is_aes);
    p11_template_add_flag(list, CKA_UNWRAP, is_aes);
    p11_template_add_flag(list, CKA_DERIVE, false);
}

void p11_secret_add_kind(p11_template *list, const saf_p11_secret_spec *spec, p11_place place)
{
    p11_template_add_number(list, CKA_CLASS, CKO_SECRET_KEY);
    p11_template_add_number(list, CKA_KEY_TYPE, p11_secret_key_type(spec->kind));
    p11_template_add_flag(list, CKA_TOKEN, place == P11_IN_TOKEN);
    p11_template_add_flag(list, CKA_PRIVATE, true);
    p11_template_add_flag(list, CKA_SENSITIVE, spec->leaving != SAF_P11_LEAVES);
    p11_template_add_flag(list, CKA_EXTRACTABLE, spec->leaving != SAF_P11_STAYS);
    add_uses(list, spec->kind);
}

static void add_spec(p11_template *list, const saf_p11_secret_spec *spec, saf_bytes id)
{
    p11_secret_add_kind(list, spec, P11_IN_TOKEN);
    p11_template_add_text(list, CKA_LABEL, spec->label);
    p11_template_add_bytes(list, CKA_ID, id);
    p11_template_add_date(list, CKA_START_DATE, spec->start_date);
    p11_template_add_date(list, CKA_END_DATE, spec->end_date);
    p11_template_add_flag(list, CKA_MODIFIABLE, !spec->fixed); /* last: SoftHSM lets nothing follow in a key that it unwraps */
}

/* ---- what was made ---------------------------------------------------------------------------------------- */

static const char *lost_use(const saf_p11_secret *made, const saf_p11_secret_spec *spec)
{
    bool is_aes = spec->kind == SAF_P11_AES;
    if (made->signs == is_aes || made->verifies == is_aes)
        return "CKA_SIGN or CKA_VERIFY";
    if (made->encrypts != is_aes || made->decrypts != is_aes)
        return "CKA_ENCRYPT or CKA_DECRYPT";
    if (made->wraps != is_aes || made->unwraps != is_aes)
        return "CKA_WRAP or CKA_UNWRAP";
    return made->derives ? "CKA_DERIVE" : NULL;
}

static const char *lost_protection(const saf_p11_secret *made, const saf_p11_secret_spec *spec)
{
    if (made->sensitive != (spec->leaving != SAF_P11_LEAVES))
        return "CKA_SENSITIVE";
    if (made->extractable != (spec->leaving != SAF_P11_STAYS))
        return "CKA_EXTRACTABLE";
    if (spec->fixed && made->modifiable) /* one that cannot be changed although it may be is a token's own affair */
        return "CKA_MODIFIABLE";
    return NULL;
}

static const char *lost_name(const saf_p11_secret *made, const saf_p11_secret_spec *spec, uint32_t sequence)
{
    if (strcmp(made->label, spec->label))
        return "CKA_LABEL";
    if (made->sequence != sequence)
        return "CKA_ID";
    if (made->kind != spec->kind)
        return "CKA_KEY_TYPE";
    if (made->len && made->len != spec->len) /* some tokens do not tell a length */
        return "CKA_VALUE_LEN";
    if (!made->start_date != !spec->start_date || !made->end_date != !spec->end_date)
        return "CKA_START_DATE or CKA_END_DATE";
    return NULL;
}

/* A token may leave out what it does not like, and say nothing. */
static saf_status check_made(const saf_p11_secret *made, const p11_secret_order *order, uint32_t sequence, saf_error *err)
{
    const saf_p11_secret_spec *spec = &order->spec;
    const char *lost = lost_name(made, spec, sequence);
    lost = lost ? lost : lost_use(made, spec);
    lost = lost ? lost : lost_protection(made, spec);
    lost = lost || !order->check_value || !strcmp(made->check_value, order->check_value) ? lost : "the value";
    if (lost)
        return saf_fail(err, SAF_E_UNSUPPORTED, "token %s did not keep %s of secret key \"%s\"", made->token, lost, spec->label);
    return SAF_OK;
}

/* ---- making ----------------------------------------------------------------------------------------------- */

static void destroy(const saf_p11_session *session, CK_OBJECT_HANDLE object)
{
    if (object != CK_INVALID_HANDLE)
        session->p11->cryptoki->C_DestroyObject(session->handle, object);
}

static saf_status make_one(CK_OBJECT_HANDLE *out, const saf_p11_session *session, const p11_secret_order *order, uint32_t sequence, saf_error *err)
{
    unsigned char id[P11_SEQUENCE_SIZE];
    p11_template wanted = { 0 };
    p11_sequence_write(id, sequence);
    add_spec(&wanted, &order->spec, saf_bytes_of(id, sizeof id));
    return order->make(out, session, &wanted, order, err);
}

/* What is beside a key: that it is not finished, and what the token itself does not say. */
typedef struct records {
    CK_OBJECT_HANDLE note, dates, len;
} records;

/* Before the key: a kill in between leaves a record of a number that nobody gets. */
static saf_status make_records(records *out, const saf_p11_session *session, const p11_secret_order *order, uint32_t sequence, saf_error *err)
{
    *out = (records) { CK_INVALID_HANDLE, CK_INVALID_HANDLE, CK_INVALID_HANDLE };
    SAF_TRY(p11_unfinished_note(&out->note, session, sequence, err));
    SAF_TRY(p11_dates_record(&out->dates, session, sequence, (p11_dates) { order->spec.start_date, order->spec.end_date }, err));
    return order->may_lose_len ? p11_len_record(&out->len, session, sequence, order->spec.len, err) : SAF_OK;
}

/* The token may say it after all. */
static void drop_records(const records *made, const saf_p11_session *session, CK_OBJECT_HANDLE key)
{
    if (key == CK_INVALID_HANDLE || p11_dates_are_readable(session, key))
        destroy(session, made->dates);
    if (key == CK_INVALID_HANDLE || p11_read_number(session, key, CKA_VALUE_LEN))
        destroy(session, made->len);
    destroy(session, made->note); /* last: from now on it is made, or it is not */
}

/* Nothing half-made: a key that is not as wanted is destroyed again, and *key is none. */
static saf_status make_checked(saf_p11_secret *out, CK_OBJECT_HANDLE *key, const saf_p11_session *session, const p11_secret_order *order,
                               uint32_t sequence, saf_error *err)
{
    CK_OBJECT_HANDLE made;
    SAF_TRY(make_one(&made, session, order, sequence, err));
    *key = made;
    saf_status status = p11_secret_describe(out, session, made, err);
    if (status == SAF_OK)
        status = check_made(out, order, sequence, err);
    if (status == SAF_OK)
        return SAF_OK;
    destroy(session, made);
    *key = CK_INVALID_HANDLE;
    return status;
}

static saf_status make_with_records(saf_p11_secret *out, const saf_p11_session *session, const p11_secret_order *order, saf_error *err)
{
    uint32_t sequence;
    records beside;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    SAF_TRY(p11_sequence_assign(&sequence, session, err));
    saf_status status = make_records(&beside, session, order, sequence, err);
    if (status == SAF_OK)
        status = make_checked(out, &key, session, order, sequence, err);
    drop_records(&beside, session, key);
    return status;
}

/* With the guard held: two at once do not both find nothing. */
static saf_status check_first(saf_p11_secret *there, saf_p11_session *session, const saf_p11_secret_spec *spec, saf_error *err)
{
    OWN(saf_p11_secret_list) list = { 0 };
    saf_p11_uri uri = { .type = SAF_P11_SECRET_KEY };
    if (spec->if_exists != SAF_P11_FIRST_ONLY)
        return SAF_OK;
    snprintf(uri.object, sizeof uri.object, "%s", spec->label);
    SAF_TRY(saf_p11_list_secrets(&list, session, &uri, err));
    if (!list.count)
        return SAF_OK;
    *there = list.secrets[list.count - 1];
    return saf_fail(err, SAF_E_EXISTS, "token %s has a secret key \"%s\" already: %s", there->token, there->label, there->uri);
}

saf_status p11_secret_make(saf_p11_secret *out, saf_p11_session *session, const p11_secret_order *order, saf_error *err)
{
    saf_p11_secret made;
    SAF_TRY(p11_secret_check_spec(&order->spec, err));
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, session->p11, err));
    SAF_TRY(p11_unfinished_clear(session, err));
    SAF_TRY(check_first(out, session, &order->spec, err));
    SAF_TRY(token_space_check(session->p11->token_directory, err));
    SAF_TRY(make_with_records(&made, session, order, err));
    *out = made;
    return SAF_OK;
}

/* ---- generating ------------------------------------------------------------------------------------------- */

static saf_status generate(CK_OBJECT_HANDLE *out, const saf_p11_session *session, p11_template *wanted, const p11_secret_order *order, saf_error *err)
{
    bool is_aes = order->spec.kind == SAF_P11_AES;
    CK_MECHANISM how = { is_aes ? CKM_AES_KEY_GEN : CKM_GENERIC_SECRET_KEY_GEN, NULL, 0 };
    char doing[SAF_P11_OBJECT_MAX + 32];
    p11_template_add_number(wanted, CKA_VALUE_LEN, order->spec.len);
    SAF_TRY(p11_template_check(wanted, err));
    CK_RV answer = session->p11->cryptoki->C_GenerateKey(session->handle, &how, wanted->attributes, wanted->count, out);
    snprintf(doing, sizeof doing, "make secret key \"%s\"", order->spec.label);
    return answer == CKR_OK ? SAF_OK : p11_fail_mechanism(err, answer, session, is_aes ? "CKM_AES_KEY_GEN" : "CKM_GENERIC_SECRET_KEY_GEN", doing);
}

saf_status saf_p11_generate_secret(saf_p11_secret *out, saf_p11_session *session, const saf_p11_secret_spec *spec,
                                   saf_error *err)
{
    return p11_secret_make(out, session, &(p11_secret_order) { .spec = *spec, .make = generate }, err);
}
