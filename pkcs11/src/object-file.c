#include "object-file.h"

enum { KIND_FLAG = 1, KIND_NUMBER = 2, KIND_BYTES = 3, KIND_ATTRIBUTES = 4, KIND_MECHANISMS = 5, WORD = 8 };

/* SoftHSM's own attributes in token.object. */
static const uint64_t token_label = 0x80005349, token_serial = 0x8000534A, token_flags = 0x8000534B, token_so_pin = 0x8000534C, token_pin = 0x8000534D;

typedef struct attribute {
    uint64_t type, kind;
    saf_bytes value;
} attribute;

/* ---- reading ---------------------------------------------------------------------------------------------- */

static uint64_t word_at(const unsigned char *at)
{
    uint64_t word = 0;
    for (size_t i = 0; i < WORD; i++)
        word = word << 8 | at[i];
    return word;
}

static bool take_word(uint64_t *out, saf_bytes *rest)
{
    if (rest->len < WORD)
        return false;
    *out = word_at(rest->data);
    *rest = saf_bytes_of(rest->data + WORD, rest->len - WORD);
    return true;
}

static bool take_bytes(saf_bytes *out, saf_bytes *rest, uint64_t len)
{
    if (len > rest->len)
        return false;
    *out = saf_bytes_of(rest->data, (size_t)len);
    *rest = saf_bytes_of(rest->data + len, rest->len - (size_t)len);
    return true;
}

static bool take_value(attribute *out, saf_bytes *rest)
{
    uint64_t len;
    switch (out->kind) {
    case KIND_FLAG:
        return take_bytes(&out->value, rest, 1);
    case KIND_NUMBER:
        return take_bytes(&out->value, rest, WORD);
    case KIND_BYTES:
    case KIND_ATTRIBUTES:
        return take_word(&len, rest) && take_bytes(&out->value, rest, len);
    case KIND_MECHANISMS:
        return take_word(&len, rest) && len <= OBJECT_FILE_MAX / WORD && take_bytes(&out->value, rest, len * WORD);
    default:
        return false;
    }
}

static bool take_attribute(attribute *out, saf_bytes *rest)
{
    return take_word(&out->type, rest) && take_word(&out->kind, rest) && take_value(out, rest);
}

/* To the end, and nothing behind it. */
static bool follows_format(saf_bytes content)
{
    uint64_t writes;
    attribute each;
    bool good = take_word(&writes, &content);
    while (good && content.len)
        good = take_attribute(&each, &content);
    return good;
}

/* Of a content that follows the format. */
static bool find(attribute *out, saf_bytes content, uint64_t type)
{
    uint64_t writes;
    if (!take_word(&writes, &content))
        return false;
    while (content.len && take_attribute(out, &content))
        if (out->type == type)
            return true;
    return false;
}

static bool has_value(saf_bytes content, uint64_t type)
{
    attribute found;
    return find(&found, content, type) && found.kind == KIND_BYTES && found.value.len > 0;
}

static bool read_number(uint64_t *out, saf_bytes content, uint64_t type)
{
    attribute found;
    if (!find(&found, content, type) || found.kind != KIND_NUMBER)
        return false;
    *out = word_at(found.value.data);
    return true;
}

/* ---- judging ---------------------------------------------------------------------------------------------- */

static bool has_key(saf_bytes content, uint64_t class, uint64_t type)
{
    bool is_private = class == CKO_PRIVATE_KEY;
    switch (type) {
    case CKK_RSA:
        return has_value(content, CKA_MODULUS) && has_value(content, is_private ? CKA_PRIVATE_EXPONENT : CKA_PUBLIC_EXPONENT);
    case CKK_EC:
    case CKK_EC_EDWARDS:
        return has_value(content, CKA_EC_PARAMS) && has_value(content, is_private ? CKA_VALUE : CKA_EC_POINT);
    default:
        return has_value(content, CKA_VALUE);
    }
}

static bool is_finished(saf_bytes content)
{
    uint64_t class, type;
    if (!read_number(&class, content, CKA_CLASS))
        return false;
    switch (class) {
    case CKO_SECRET_KEY:
        return has_value(content, CKA_VALUE);
    case CKO_PRIVATE_KEY:
    case CKO_PUBLIC_KEY:
        return read_number(&type, content, CKA_KEY_TYPE) && has_key(content, class, type);
    case CKO_CERTIFICATE:
        return has_value(content, CKA_VALUE) || has_value(content, CKA_URL);
    default:
        return true; /* a data object may be empty */
    }
}

object_file_state object_file_judge(saf_bytes content)
{
    if (!content.len)
        return OBJECT_FILE_EMPTY;
    if (!follows_format(content))
        return OBJECT_FILE_DAMAGED;
    return is_finished(content) ? OBJECT_FILE_WHOLE : OBJECT_FILE_UNFINISHED;
}

/* Padded with blanks, not terminated. */
static bool read_text(char *out, size_t cap, saf_bytes content, uint64_t type)
{
    attribute found;
    if (!find(&found, content, type) || found.kind != KIND_BYTES || !found.value.len || found.value.len > cap)
        return false;
    size_t len = found.value.len;
    while (len > 0 && (found.value.data[len - 1] == ' ' || !found.value.data[len - 1]))
        len--;
    memcpy(out, found.value.data, len);
    out[len] = '\0';
    return true;
}

object_file_state object_file_judge_token(saf_bytes content, char label[33], char serial[17], CK_FLAGS *flags)
{
    char own_label[33], own_serial[17];
    uint64_t own_flags;
    if (!content.len)
        return OBJECT_FILE_EMPTY;
    if (!follows_format(content))
        return OBJECT_FILE_DAMAGED;
    if (!read_text(label ? label : own_label, 32, content, token_label) ||
        !read_text(serial ? serial : own_serial, 16, content, token_serial) ||
        !read_number(&own_flags, content, token_flags) || !has_value(content, token_so_pin))
        return OBJECT_FILE_UNFINISHED;
    /* A kill between the PIN and the flag leaves a token that SoftHSM takes as one with a PIN, and so do we */
    if (flags)
        *flags = own_flags | (has_value(content, token_pin) ? CKF_USER_PIN_INITIALIZED : 0);
    return OBJECT_FILE_WHOLE;
}

bool object_file_is_same_token(saf_bytes a, saf_bytes b)
{
    const uint64_t types[] = { token_label, token_serial, token_so_pin, token_pin };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        attribute left = { 0 }, right = { 0 };
        if (find(&left, a, types[i]) != find(&right, b, types[i]) || left.value.len != right.value.len ||
            (left.value.len && memcmp(left.value.data, right.value.data, left.value.len) != 0))
            return false;
    }
    return true;
}
