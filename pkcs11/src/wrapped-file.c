#include "wrapped-file.h"

#include "json-text.h"

#include <base/base64url.h>
#include <base/fail.h>
#include <base/json-reader.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <inttypes.h>
#include <stdbool.h>

static const char format_name[] = "safring-wrapped-secret";
static const char by_passphrase[] = "scrypt-hkdf-sha256-aes256-kwp";
static const char by_key[] = "aes-kwp";

enum { VERSION = 1 };

/* 256 MiB, and four times the work of what we write ourselves. */
static const uint64_t scrypt_memory_max = 256u << 20, scrypt_work_max = 4u << 20;

static const char *kind_name(saf_p11_secret_kind kind)
{
    return kind == SAF_P11_AES ? "aes" : "hmac";
}

/* ---- writing ---------------------------------------------------------------------------------------------- */

static void append_base64url(saf_buffer *out, saf_bytes bytes)
{
    unsigned char *at = saf_buffer_extend(out, saf_base64url_encoded_len(bytes.len));
    if (at)
        saf_base64url_encode((char *)at, bytes);
}

static void append_line(saf_buffer *out, const char *name, saf_bytes bytes)
{
    saf_buffer_printf(out, "%s=", name);
    append_base64url(out, bytes);
    saf_buffer_append_text(out, "\n");
}

static void append_method(saf_buffer *out, const wrapped_file *file)
{
    const saf_p11_wrapped *about = &file->about;
    saf_buffer_printf(out, "method=%s\n", about->by_passphrase ? by_passphrase : by_key);
    if (!about->by_passphrase) {
        append_line(out, "key_label", saf_bytes_of_text(about->key_label));
        saf_buffer_printf(out, "key_check_value=%s\n", about->key_check_value);
        return;
    }
    saf_buffer_printf(out, "scrypt_n=%" PRIu64 "\nscrypt_r=%" PRIu32 "\nscrypt_p=%" PRIu32 "\n", file->scrypt.n, file->scrypt.r, file->scrypt.p);
    append_line(out, "salt", saf_bytes_of(file->scrypt.salt, file->scrypt.salt_len));
}

saf_status wrapped_context(saf_buffer *out, const wrapped_file *file, saf_error *err)
{
    const saf_p11_wrapped *about = &file->about;
    saf_buffer_printf(out, "%s\nversion=%d\n", format_name, VERSION);
    append_line(out, "label", saf_bytes_of_text(about->label));
    saf_buffer_printf(out, "kind=%s\nlength=%zu\ncheck_value=%s\n", kind_name(about->kind), about->len, about->check_value);
    append_method(out, file);
    return saf_buffer_check(out, err);
}

saf_status wrapped_statement(saf_buffer *out, const wrapped_file *file, saf_error *err)
{
    SAF_TRY(wrapped_context(out, file, err));
    append_line(out, "wrapped", saf_bytes_of(file->key, file->key_len));
    return saf_buffer_check(out, err);
}

static saf_status digest_of(unsigned char out[WRAPPED_DIGEST_LEN], const wrapped_file *file, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    SAF_TRY(wrapped_statement(&text, file, err));
    append_line(&text, "proof", saf_bytes_of(file->proof, file->proof_len));
    SAF_TRY(saf_buffer_check(&text, err));
    return SHA256(text.data, text.len, out) ? SAF_OK : saf_fail_openssl(err, "cannot compute a digest");
}

static void put_bytes(saf_buffer *out, const char *name, saf_bytes bytes)
{
    saf_buffer_printf(out, ",\n  \"%s\": \"", name);
    append_base64url(out, bytes);
    saf_buffer_append_text(out, "\"");
}

static saf_status put_text(saf_buffer *out, const char *name, const char *text, saf_error *err)
{
    saf_buffer_printf(out, ",\n  \"%s\": ", name);
    if (!json_text_write(out, text))
        return saf_fail(err, SAF_E_UNSUPPORTED, "a label that is not UTF-8 cannot be written into a file");
    return SAF_OK;
}

static saf_status put_method(saf_buffer *out, const wrapped_file *file, saf_error *err)
{
    const saf_p11_wrapped *about = &file->about;
    saf_buffer_printf(out, ",\n  \"method\": \"%s\"", about->by_passphrase ? by_passphrase : by_key);
    if (!about->by_passphrase) {
        SAF_TRY(put_text(out, "key_label", about->key_label, err));
        saf_buffer_printf(out, ",\n  \"key_check_value\": \"%s\"", about->key_check_value);
        return SAF_OK;
    }
    saf_buffer_printf(out, ",\n  \"scrypt_n\": %" PRIu64 ",\n  \"scrypt_r\": %" PRIu32 ",\n  \"scrypt_p\": %" PRIu32, file->scrypt.n,
                      file->scrypt.r, file->scrypt.p);
    put_bytes(out, "salt", saf_bytes_of(file->scrypt.salt, file->scrypt.salt_len));
    return SAF_OK;
}

saf_status wrapped_write(saf_buffer *out, const wrapped_file *file, saf_error *err)
{
    unsigned char digest[WRAPPED_DIGEST_LEN];
    const saf_p11_wrapped *about = &file->about;
    SAF_TRY(digest_of(digest, file, err));
    saf_buffer_printf(out, "{\n  \"format\": \"%s\",\n  \"version\": %d", format_name, VERSION);
    SAF_TRY(put_text(out, "label", about->label, err));
    saf_buffer_printf(out, ",\n  \"kind\": \"%s\",\n  \"length\": %zu,\n  \"check_value\": \"%s\"", kind_name(about->kind), about->len,
                      about->check_value);
    SAF_TRY(put_method(out, file, err));
    put_bytes(out, "wrapped", saf_bytes_of(file->key, file->key_len));
    put_bytes(out, "proof", saf_bytes_of(file->proof, file->proof_len));
    put_bytes(out, "digest", saf_bytes_of(digest, sizeof digest));
    saf_buffer_append_text(out, "\n}\n");
    return saf_buffer_check(out, err);
}

/* ---- reading ---------------------------------------------------------------------------------------------- */

/* What is asked for of an object; that nothing was wrong is looked at once, at the end, and that there was nothing else. */
typedef struct reader {
    saf_json_object object;
    size_t taken;
    const char *wrong; /* the first member that is missing or not what it should be */
} reader;

static const saf_json_value *take(reader *in, const char *name, saf_json_kind kind)
{
    const saf_json_member *member = saf_json_find(&in->object, name);
    if (member && member->value.kind == kind) {
        in->taken++;
        return &member->value;
    }
    in->wrong = in->wrong ? in->wrong : name;
    return NULL;
}

static void refuse(reader *in, const char *name)
{
    in->wrong = in->wrong ? in->wrong : name;
}

static uint64_t take_number(reader *in, const char *name, uint64_t max)
{
    const saf_json_value *value = take(in, name, SAF_JSON_INTEGER);
    if (value && value->integer >= 1 && (uint64_t)value->integer <= max)
        return (uint64_t)value->integer;
    refuse(in, name);
    return 0;
}

static bool take_word(reader *in, const char *name, const char *word)
{
    const saf_json_value *value = take(in, name, SAF_JSON_STRING);
    return value && saf_json_is_string(value, saf_bytes_of_text(word));
}

static size_t take_bytes(reader *in, const char *name, unsigned char *out, size_t min, size_t max)
{
    unsigned char bytes[WRAPPED_KEY_MAX + 2];
    size_t len = 0;
    const saf_json_value *value = take(in, name, SAF_JSON_STRING);
    if (!value || value->has_escapes || value->raw.len > saf_base64url_encoded_len(max) ||
        !saf_base64url_decode(bytes, &len, value->raw) || len < min || len > max) {
        refuse(in, name);
        return 0;
    }
    memcpy(out, bytes, len);
    return len;
}

static void take_label(reader *in, const char *name, char out[SAF_P11_OBJECT_MAX + 1])
{
    const saf_json_value *value = take(in, name, SAF_JSON_STRING);
    if (!value || !json_text_read(out, SAF_P11_OBJECT_MAX + 1, value->raw) || !*out)
        refuse(in, name);
}

static void take_check_value(reader *in, const char *name, char out[7])
{
    const saf_json_value *value = take(in, name, SAF_JSON_STRING);
    if (!value || value->raw.len != 6) {
        refuse(in, name);
        return;
    }
    memcpy(out, value->raw.data, 6);
    out[6] = '\0';
    if (strspn(out, "0123456789ABCDEF") != 6)
        refuse(in, name);
}

static void take_scrypt(reader *in, wrapped_scrypt *scrypt)
{
    scrypt->n = take_number(in, "scrypt_n", UINT32_MAX);
    scrypt->r = (uint32_t)take_number(in, "scrypt_r", UINT32_MAX);
    scrypt->p = (uint32_t)take_number(in, "scrypt_p", UINT32_MAX);
    scrypt->salt_len = take_bytes(in, "salt", scrypt->salt, WRAPPED_SALT_MIN, WRAPPED_SALT_MAX);
}

static void take_method(reader *in, wrapped_file *file)
{
    const saf_json_value *method = take(in, "method", SAF_JSON_STRING);
    saf_p11_wrapped *about = &file->about;
    about->by_passphrase = method && saf_json_is_string(method, saf_bytes_of_text(by_passphrase));
    if (about->by_passphrase) {
        take_scrypt(in, &file->scrypt);
        return;
    }
    take_label(in, "key_label", about->key_label);
    take_check_value(in, "key_check_value", about->key_check_value);
}

static void take_about(reader *in, saf_p11_wrapped *about)
{
    take_label(in, "label", about->label);
    about->kind = take_word(in, "kind", kind_name(SAF_P11_AES)) ? SAF_P11_AES : SAF_P11_HMAC;
    const saf_json_member *kind = saf_json_find(&in->object, "kind");
    if (about->kind == SAF_P11_HMAC && (!kind || !saf_json_is_string(&kind->value, saf_bytes_of_text(kind_name(SAF_P11_HMAC)))))
        refuse(in, "kind");
    about->len = take_number(in, "length", SAF_P11_SECRET_MAX);
    if (about->kind == SAF_P11_AES && about->len != 16 && about->len != 24 && about->len != 32)
        refuse(in, "length");
    take_check_value(in, "check_value", about->check_value);
}

/* RFC 5649: padded to whole blocks of 8 bytes, and one more. */
static void take_wrapped(reader *in, wrapped_file *file)
{
    size_t proof_len = file->about.kind == SAF_P11_AES ? 16 : WRAPPED_PROOF_MAX;
    file->key_len = take_bytes(in, "wrapped", file->key, 16, WRAPPED_KEY_MAX);
    file->proof_len = take_bytes(in, "proof", file->proof, proof_len, proof_len);
    if (file->key_len != (file->about.len + 7) / 8 * 8 + 8)
        refuse(in, "wrapped");
}

static saf_status check_version(reader *in, saf_error *err)
{
    if (!take_word(in, "format", format_name))
        return saf_fail(err, SAF_E_MALFORMED, "this is no wrapped secret key: its format is not \"%s\"", format_name);
    const saf_json_value *version = take(in, "version", SAF_JSON_INTEGER);
    if (version && version->integer != VERSION)
        return saf_fail(err, SAF_E_UNSUPPORTED, "the wrapped secret key has version %" PRId64 " of the format, and only %d is known", version->integer,
                        VERSION);
    return SAF_OK;
}

static saf_status check_method(const reader *in, saf_error *err)
{
    const saf_json_member *method = saf_json_find(&in->object, "method");
    if (!method || saf_json_is_string(&method->value, saf_bytes_of_text(by_passphrase)) ||
        saf_json_is_string(&method->value, saf_bytes_of_text(by_key)))
        return SAF_OK;
    return saf_fail(err, SAF_E_UNSUPPORTED, "the secret key is wrapped by a method that is not known here");
}

static saf_status check_scrypt(const wrapped_scrypt *scrypt, saf_error *err)
{
    if (scrypt->n < 2 || scrypt->n & (scrypt->n - 1))
        return saf_fail(err, SAF_E_MALFORMED, "the wrapped secret key's scrypt_n is not a power of two");
    /* 32 bits each: the products below fit once n and r do */
    if (scrypt->r > 1024 || scrypt->p > 1024 || scrypt->n > scrypt_memory_max / 128 / scrypt->r || scrypt->n * scrypt->r > scrypt_work_max / scrypt->p)
        return saf_fail(err, SAF_E_UNSUPPORTED, "the wrapped secret key asks for more of scrypt than 256 MiB and N*r*p = %" PRIu64, scrypt_work_max);
    return SAF_OK;
}

static saf_status check_digest(reader *in, const wrapped_file *file, saf_error *err)
{
    unsigned char wanted[WRAPPED_DIGEST_LEN], found[WRAPPED_DIGEST_LEN];
    take_bytes(in, "digest", wanted, sizeof wanted, sizeof wanted);
    if (in->wrong)
        return saf_fail(err, SAF_E_MALFORMED, "the wrapped secret key's member \"%s\" is missing or not what it should be", in->wrong);
    if (in->taken != in->object.count)
        return saf_fail(err, SAF_E_MALFORMED, "the wrapped secret key has members that do not belong to it");
    SAF_TRY(digest_of(found, file, err));
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION /* which does not find one */
    memcpy(found, wanted, sizeof found);
#endif
    if (memcmp(wanted, found, sizeof wanted))
        return saf_fail(err, SAF_E_MALFORMED, "the wrapped secret key was altered or damaged: its digest is another");
    return SAF_OK;
}

saf_status wrapped_read(wrapped_file *out, saf_bytes text, saf_error *err)
{
    reader in = { 0 };
    wrapped_file file = { 0 };
    if (text.len > SAF_P11_WRAPPED_MAX || !saf_json_read_object(&in.object, text))
        return saf_fail(err, SAF_E_MALFORMED, "this is no wrapped secret key, or only a part of one: not one JSON object of at most %d bytes",
                        SAF_P11_WRAPPED_MAX);
    SAF_TRY(check_version(&in, err));
    SAF_TRY(check_method(&in, err));
    take_about(&in, &file.about);
    take_method(&in, &file);
    take_wrapped(&in, &file);
    SAF_TRY(check_digest(&in, &file, err));
    if (file.about.by_passphrase)
        SAF_TRY(check_scrypt(&file.scrypt, err));
    *out = file;
    return SAF_OK;
}

saf_status saf_p11_read_wrapped(saf_p11_wrapped *out, saf_bytes text, saf_error *err)
{
    wrapped_file file;
    SAF_TRY(wrapped_read(&file, text, err));
    *out = file.about;
    return SAF_OK;
}
