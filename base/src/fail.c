#include <base/fail.h>

#include <base/utf8.h>

#include <openssl/err.h>

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* C0 and C1 control characters: names from foreign files must not steer the reader's terminal. */
static int is_control(const unsigned char *at, size_t len)
{
    return (len == 1 && (*at < 0x20 || *at == 0x7F)) || (len == 2 && at[0] == 0xC2 && at[1] < 0xA0);
}

/* Texts are one line of UTF-8 whatever they quote, so that they always fit into a log and into JSON. */
static void copy_line(char *out, const char *line)
{
    const unsigned char *at = (const unsigned char *)line;
    const unsigned char *end = at + strlen(line);
    while (at < end) {
        size_t len = utf8_len(at, end);
        if (!len || is_control(at, len)) {
            *out++ = '?';
            at += len ? len : 1;
            continue;
        }
        memcpy(out, at, len);
        out += len;
        at += len;
    }
    *out = '\0';
}

static void append_reason(char *line, size_t size, const char *reason)
{
    size_t len = strlen(line);
    snprintf(line + len, size - len, ": %s", reason);
}

/* The line is complete before *err changes, because the arguments may well point into it. */
__attribute__((format(printf, 4, 0)))
static void record(saf_error *err, saf_status status, const char *reason, const char *format, va_list arguments)
{
    if (!err)
        return;
    char line[SAF_ERROR_TEXT_SIZE] = "";
    vsnprintf(line, sizeof line, format, arguments);
    if (reason)
        append_reason(line, sizeof line, reason);
    *err = (saf_error) { .status = status };
    copy_line(err->text, line);
}

static saf_status status_of_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return SAF_E_NOT_FOUND;
    case EACCES:
    case EPERM:
        return SAF_E_DENIED;
    case EEXIST:
        return SAF_E_EXISTS;
    case ENOMEM:
        return SAF_E_MEMORY;
    default:
        return SAF_E_IO;
    }
}

/* Not strerror(): it may share a buffer between threads, and its language depends on the program. */
static const char *errno_text(int number)
{
    const char *text = strerrordesc_np(number);
    return text ? text : "unknown error";
}

static const char *openssl_reason(void)
{
    unsigned long code = ERR_peek_error();
    if (ERR_SYSTEM_ERROR(code))
        return errno_text(ERR_GET_REASON(code));
    return ERR_reason_error_string(code);
}

saf_status saf_fail(saf_error *err, saf_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    record(err, status, NULL, format, arguments);
    va_end(arguments);
    return status;
}

saf_status saf_fail_errno(saf_error *err, const char *format, ...)
{
    int number = errno;
    saf_status status = status_of_errno(number);
    va_list arguments;
    va_start(arguments, format);
    record(err, status, errno_text(number), format, arguments);
    va_end(arguments);
    return status;
}

saf_status saf_fail_openssl(saf_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    record(err, SAF_E_FAILED, openssl_reason(), format, arguments);
    va_end(arguments);
    ERR_clear_error();
    return SAF_E_FAILED;
}

saf_status saf_fail_memory(saf_error *err)
{
    return saf_fail(err, SAF_E_MEMORY, "out of memory");
}

void saf_hint(saf_error *err, const char *format, ...)
{
    if (!err)
        return;
    char line[SAF_ERROR_HINT_SIZE] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    copy_line(err->hint, line);
}

void saf_fail_codes(saf_error *err, int saf, int racf, int reason)
{
    if (err)
        err->codes = (saf_codes) { .saf = saf, .racf = racf, .reason = reason };
}
