#include "names.h"

#include <base/fail.h>

#include <safring/keyring.h>

#include <openssl/asn1.h>

static int is_owner_character(int c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '#' || c == '$' || c == '@';
}

static saf_status refuse_owner(const char *owner, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_USAGE, "\"%.80s\" is not an owner", owner);
    saf_hint(err, "an owner has 1 to %d of the characters A-Z 0-9 # $ @", SAF_OWNER_MAX);
    saf_fail_codes(err, 8, 8, 28);
    return status;
}

saf_status saf_owner_fold(char *out, const char *owner, saf_error *err)
{
    char folded[SAF_OWNER_MAX + 1] = "";
    if (!owner)
        return saf_fail(err, SAF_E_USAGE, "no owner given");
    size_t len = strnlen(owner, sizeof folded);
    if (len == 0 || len > SAF_OWNER_MAX)
        return refuse_owner(owner, err);
    for (size_t i = 0; i < len; i++) {
        folded[i] = (char)(owner[i] >= 'a' && owner[i] <= 'z' ? owner[i] - 'a' + 'A' : owner[i]);
        if (!is_owner_character(folded[i]))
            return refuse_owner(owner, err);
    }
    memcpy(out, folded, sizeof folded);
    return SAF_OK;
}

bool name_is_control(unsigned long character)
{
    static const struct {
        unsigned long first, last;
    } ranges[] = {
        { 0x0000, 0x001F }, { 0x007F, 0x009F }, /* C0, DEL, C1 */
        { 0x061C, 0x061C }, { 0x200B, 0x200F }, { 0x2028, 0x202E }, /* no width, direction, ends of line and paragraph */
        { 0x2060, 0x206F }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB }, /* joiners, direction, annotation */
        { 0xE0000, 0xE007F }, /* tags */
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

bool name_is_printable(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    int left = (int)strlen(text);
    while (left > 0) {
        unsigned long value;
        int len = UTF8_getc(at, left, &value);
        if (len <= 0 || name_is_control(value))
            return false;
        at += len;
        left -= len;
    }
    return true;
}

static const char *fault_of_name(const char *name, size_t max)
{
    size_t len = strnlen(name, max + 1);
    if (len == 0)
        return "is empty";
    if (len > max)
        return "is too long";
    if (name[0] == ' ' || name[len - 1] == ' ')
        return "begins or ends with a blank";
    return name_is_printable(name) ? NULL : "is not printable UTF-8";
}

saf_status saf_label_check(const char *label, saf_error *err)
{
    if (!label)
        return saf_fail(err, SAF_E_USAGE, "no label given");
    const char *fault = fault_of_name(label, SAF_LABEL_MAX);
    if (!fault)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_USAGE, "the label \"%.80s\" %s", label, fault);
    saf_hint(err, "a label has 1 to %d bytes of printable UTF-8", SAF_LABEL_MAX);
    return status;
}

saf_status saf_ring_name_check(const char *name, saf_error *err)
{
    const char *fault = !name ? "is missing" : fault_of_name(name, SAF_RING_NAME_MAX);
    if (!fault && !strcmp(name, "*"))
        fault = "stands for a virtual ring, which cannot be changed";
    if (!fault && strchr(name, '&')) /* safkeyring://OWNER/RING&LABEL could not name it */
        fault = "has an ampersand";
    if (!fault)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_USAGE, "the ring name \"%.80s\" %s", name ? name : "", fault);
    saf_hint(err, "a ring name has 1 to %d bytes of printable UTF-8 without &", SAF_RING_NAME_MAX);
    saf_fail_codes(err, 8, 8, 28);
    return status;
}
