/** @file Cryptoki's types, its answers as ours, and lists of attributes. Internal to this room. */
#ifndef CRYPTOKI_H
#define CRYPTOKI_H

#include <base/fail.h>

#include <safring/bytes.h>

#include <p11-kit/pkcs11.h>

#include <stdbool.h>

/** What kind of failure a Cryptoki answer is. SAF_OK for CKR_OK. */
saf_status p11_status(CK_RV answer);

/** As saf_fail(), with the answer's status and ": " and its CKR name appended. */
saf_status p11_fail(saf_error *err, CK_RV answer, const char *format, ...) __attribute__((format(printf, 3, 4)));

enum { P11_TEMPLATE_MAX = 24 };

typedef union p11_scalar {
    CK_BBOOL flag;
    CK_ULONG number;
    CK_DATE date;
} p11_scalar;

/**
 * A list of attributes. It holds numbers, flags and dates itself and borrows bytes; it points into itself, so it is
 * never copied. It remembers that it overflowed, so that a sequence of additions is checked once, at the end.
 */
typedef struct p11_template {
    CK_ATTRIBUTE attributes[P11_TEMPLATE_MAX];
    p11_scalar scalars[P11_TEMPLATE_MAX];
    CK_ULONG count;
    bool overflowed;
} p11_template;

void p11_template_add_bytes(p11_template *list, CK_ATTRIBUTE_TYPE type, saf_bytes bytes);
void p11_template_add_text(p11_template *list, CK_ATTRIBUTE_TYPE type, const char *text);
void p11_template_add_number(p11_template *list, CK_ATTRIBUTE_TYPE type, CK_ULONG number);
void p11_template_add_flag(p11_template *list, CK_ATTRIBUTE_TYPE type, bool flag);

/** The UTC day of @p seconds; nothing is added when that is not a date. */
void p11_template_add_date(p11_template *list, CK_ATTRIBUTE_TYPE type, int64_t seconds);

/** SAF_OK, or SAF_E_FAILED when it overflowed. */
saf_status p11_template_check(const p11_template *list, saf_error *err);

/** The UTC day of @p seconds; false for 0 and for years that need more than four digits. */
bool p11_date_of_seconds(CK_DATE *out, int64_t seconds);

/** The first second of that day; 0 when it is not a date. */
int64_t p11_seconds_of_date(const CK_DATE *date);

/** C_SignInit and C_Sign. @p out has room for *out_len bytes. */
CK_RV p11_sign(CK_FUNCTION_LIST *cryptoki, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE mechanism,
               saf_bytes message, unsigned char *out, CK_ULONG *out_len);

#endif
