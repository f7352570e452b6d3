#include "cryptoki.h"

#include <stdarg.h>
#include <time.h>

typedef struct answer_row {
    CK_RV answer;
    saf_status status;
    const char *name;
} answer_row;

#define ROW(answer, status) { answer, status, #answer }

static const answer_row answer_rows[] = {
    ROW(CKR_CANCEL, SAF_E_FAILED),
    ROW(CKR_HOST_MEMORY, SAF_E_MEMORY),
    ROW(CKR_SLOT_ID_INVALID, SAF_E_TOKEN_GONE),
    ROW(CKR_GENERAL_ERROR, SAF_E_FAILED),
    ROW(CKR_FUNCTION_FAILED, SAF_E_FAILED),
    ROW(CKR_ARGUMENTS_BAD, SAF_E_FAILED),
    ROW(CKR_NEED_TO_CREATE_THREADS, SAF_E_UNSUPPORTED),
    ROW(CKR_CANT_LOCK, SAF_E_UNSUPPORTED),
    ROW(CKR_ATTRIBUTE_READ_ONLY, SAF_E_UNSUPPORTED),
    ROW(CKR_ATTRIBUTE_SENSITIVE, SAF_E_UNSUPPORTED),
    ROW(CKR_ATTRIBUTE_TYPE_INVALID, SAF_E_UNSUPPORTED),
    ROW(CKR_ATTRIBUTE_VALUE_INVALID, SAF_E_UNSUPPORTED),
    ROW(CKR_ACTION_PROHIBITED, SAF_E_UNSUPPORTED),
    ROW(CKR_CURVE_NOT_SUPPORTED, SAF_E_UNSUPPORTED),
    ROW(CKR_DATA_INVALID, SAF_E_FAILED),
    ROW(CKR_DATA_LEN_RANGE, SAF_E_FAILED),
    ROW(CKR_DEVICE_ERROR, SAF_E_TOKEN_GONE),
    ROW(CKR_DEVICE_MEMORY, SAF_E_FAILED),
    ROW(CKR_DEVICE_REMOVED, SAF_E_TOKEN_GONE),
    ROW(CKR_DOMAIN_PARAMS_INVALID, SAF_E_UNSUPPORTED),
    ROW(CKR_FUNCTION_CANCELED, SAF_E_FAILED),
    ROW(CKR_FUNCTION_NOT_SUPPORTED, SAF_E_UNSUPPORTED),
    ROW(CKR_KEY_HANDLE_INVALID, SAF_E_NOT_FOUND),
    ROW(CKR_KEY_SIZE_RANGE, SAF_E_UNSUPPORTED),
    ROW(CKR_KEY_TYPE_INCONSISTENT, SAF_E_UNSUPPORTED),
    ROW(CKR_KEY_FUNCTION_NOT_PERMITTED, SAF_E_UNSUPPORTED),
    ROW(CKR_KEY_UNEXTRACTABLE, SAF_E_UNSUPPORTED),
    ROW(CKR_MECHANISM_INVALID, SAF_E_UNSUPPORTED),
    ROW(CKR_MECHANISM_PARAM_INVALID, SAF_E_UNSUPPORTED),
    ROW(CKR_OBJECT_HANDLE_INVALID, SAF_E_NOT_FOUND),
    ROW(CKR_OPERATION_ACTIVE, SAF_E_FAILED),
    ROW(CKR_OPERATION_NOT_INITIALIZED, SAF_E_FAILED),
    ROW(CKR_PIN_INCORRECT, SAF_E_DENIED),
    ROW(CKR_PIN_INVALID, SAF_E_DENIED),
    ROW(CKR_PIN_LEN_RANGE, SAF_E_DENIED),
    ROW(CKR_PIN_EXPIRED, SAF_E_DENIED),
    ROW(CKR_PIN_LOCKED, SAF_E_DENIED),
    ROW(CKR_PIN_TOO_WEAK, SAF_E_DENIED),
    ROW(CKR_SESSION_CLOSED, SAF_E_TOKEN_GONE),
    ROW(CKR_SESSION_COUNT, SAF_E_BUSY),
    ROW(CKR_SESSION_HANDLE_INVALID, SAF_E_TOKEN_GONE),
    ROW(CKR_SESSION_READ_ONLY, SAF_E_DENIED),
    ROW(CKR_SESSION_EXISTS, SAF_E_BUSY),
    ROW(CKR_SESSION_READ_ONLY_EXISTS, SAF_E_BUSY),
    ROW(CKR_SESSION_READ_WRITE_SO_EXISTS, SAF_E_BUSY),
    ROW(CKR_SIGNATURE_INVALID, SAF_E_FAILED),
    ROW(CKR_TEMPLATE_INCOMPLETE, SAF_E_UNSUPPORTED),
    ROW(CKR_TEMPLATE_INCONSISTENT, SAF_E_UNSUPPORTED),
    ROW(CKR_TOKEN_NOT_PRESENT, SAF_E_TOKEN_GONE),
    ROW(CKR_TOKEN_NOT_RECOGNIZED, SAF_E_TOKEN_GONE),
    ROW(CKR_TOKEN_WRITE_PROTECTED, SAF_E_DENIED),
    ROW(CKR_USER_ALREADY_LOGGED_IN, SAF_E_CONFLICT),
    ROW(CKR_USER_NOT_LOGGED_IN, SAF_E_DENIED),
    ROW(CKR_USER_PIN_NOT_INITIALIZED, SAF_E_DENIED),
    ROW(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, SAF_E_CONFLICT),
    ROW(CKR_USER_TOO_MANY_TYPES, SAF_E_CONFLICT),
    ROW(CKR_BUFFER_TOO_SMALL, SAF_E_SPACE),
    ROW(CKR_CRYPTOKI_NOT_INITIALIZED, SAF_E_FAILED),
    ROW(CKR_CRYPTOKI_ALREADY_INITIALIZED, SAF_E_FAILED),
    ROW(CKR_FUNCTION_REJECTED, SAF_E_DENIED),
};

static const answer_row *find_row(CK_RV answer)
{
    for (size_t i = 0; i < sizeof answer_rows / sizeof *answer_rows; i++)
        if (answer_rows[i].answer == answer)
            return &answer_rows[i];
    return NULL;
}

saf_status p11_status(CK_RV answer)
{
    if (answer == CKR_OK)
        return SAF_OK;
    const answer_row *row = find_row(answer);
    return row ? row->status : SAF_E_FAILED;
}

saf_status p11_fail(saf_error *err, CK_RV answer, const char *format, ...)
{
    char text[SAF_ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    const answer_row *row = find_row(answer);
    if (!row)
        return saf_fail(err, SAF_E_FAILED, "%s: CKR 0x%08lX", text, answer);
    return saf_fail(err, row->status, "%s: %s", text, row->name);
}

static p11_scalar *add(p11_template *list, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
    if (list->count == P11_TEMPLATE_MAX) {
        list->overflowed = true;
        return NULL;
    }
    p11_scalar *scalar = &list->scalars[list->count];
    CK_ATTRIBUTE *attribute = &list->attributes[list->count++];
    attribute->type = type;
    /* Cryptoki's struct serves for reading and writing and so has no const */
    attribute->pValue = value ? (void *)(uintptr_t)value : scalar;
    attribute->ulValueLen = len;
    return scalar;
}

void p11_template_add_bytes(p11_template *list, CK_ATTRIBUTE_TYPE type, saf_bytes bytes)
{
    add(list, type, bytes.data, bytes.len);
}

void p11_template_add_text(p11_template *list, CK_ATTRIBUTE_TYPE type, const char *text)
{
    add(list, type, text, strlen(text));
}

void p11_template_add_number(p11_template *list, CK_ATTRIBUTE_TYPE type, CK_ULONG number)
{
    p11_scalar *scalar = add(list, type, NULL, sizeof number);
    if (scalar)
        scalar->number = number;
}

void p11_template_add_flag(p11_template *list, CK_ATTRIBUTE_TYPE type, bool flag)
{
    p11_scalar *scalar = add(list, type, NULL, sizeof(CK_BBOOL));
    if (scalar)
        scalar->flag = flag ? CK_TRUE : CK_FALSE;
}

static void write_digits(unsigned char *out, size_t len, unsigned number)
{
    for (size_t i = len; i > 0; i--, number /= 10)
        out[i - 1] = (unsigned char)('0' + number % 10);
}

bool p11_date_of_seconds(CK_DATE *out, int64_t seconds)
{
    time_t moment = seconds;
    struct tm day;
    if (!seconds || !gmtime_r(&moment, &day) || day.tm_year < -1900 || day.tm_year > 9999 - 1900)
        return false;
    write_digits(out->year, sizeof out->year, (unsigned)(day.tm_year + 1900));
    write_digits(out->month, sizeof out->month, (unsigned)day.tm_mon + 1);
    write_digits(out->day, sizeof out->day, (unsigned)day.tm_mday);
    return true;
}

void p11_template_add_date(p11_template *list, CK_ATTRIBUTE_TYPE type, int64_t seconds)
{
    CK_DATE date;
    if (!p11_date_of_seconds(&date, seconds))
        return;
    p11_scalar *scalar = add(list, type, NULL, sizeof date);
    if (scalar)
        scalar->date = date;
}

saf_status p11_template_check(const p11_template *list, saf_error *err)
{
    if (list->overflowed)
        return saf_fail(err, SAF_E_FAILED, "more than %d attributes for one object", P11_TEMPLATE_MAX);
    return SAF_OK;
}

/* -1: not digits. */
static int read_digits(const unsigned char *digits, size_t len)
{
    int number = 0;
    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return -1;
        number = number * 10 + (digits[i] - '0');
    }
    return number;
}

int64_t p11_seconds_of_date(const CK_DATE *date)
{
    int year = read_digits(date->year, sizeof date->year);
    int month = read_digits(date->month, sizeof date->month);
    int day = read_digits(date->day, sizeof date->day);
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31)
        return 0;
    struct tm moment = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
    return timegm(&moment);
}

CK_RV p11_sign(CK_FUNCTION_LIST *cryptoki, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE mechanism,
               saf_bytes message, unsigned char *out, CK_ULONG *out_len)
{
    CK_MECHANISM how = { mechanism, NULL, 0 };
    CK_RV answer = cryptoki->C_SignInit(session, &how, key);
    if (answer != CKR_OK)
        return answer;
    return cryptoki->C_Sign(session, (CK_BYTE *)(uintptr_t)message.data, message.len, out, out_len);
}
