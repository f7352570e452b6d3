#include "token-archive.h"

#include "token-copy.h"

#include <openssl/evp.h>

enum { BLOCK = 512, HASH_LEN = 32 };

static const char manifest_name[] = "safring-token.sha256";
static const char manifest_head[] = "# safring token backup 1\n";

/* POSIX.1-2017, pax, "ustar Interchange Format". */
typedef struct tar_header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2], user[32], group[32], major[8], minor[8],
        prefix[155], padding[12];
} tar_header;

_Static_assert(sizeof(tar_header) == BLOCK, "a header is one block");

static unsigned checksum_of(const tar_header *header)
{
    const unsigned char *bytes = (const unsigned char *)header;
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= offsetof(tar_header, checksum) && i < offsetof(tar_header, type) ? ' ' : bytes[i];
    return sum;
}

static size_t padding_of(size_t len)
{
    return (BLOCK - len % BLOCK) % BLOCK;
}

static saf_status add_line(saf_buffer *manifest, const char *name, saf_bytes content, saf_error *err)
{
    unsigned char hash[HASH_LEN];
    if (!EVP_Digest(content.data ? content.data : (const unsigned char *)"", content.len, hash, NULL, EVP_sha256(), NULL))
        return saf_fail_openssl(err, "cannot compute SHA-256");
    for (size_t i = 0; i < sizeof hash; i++)
        saf_buffer_printf(manifest, "%02x", hash[i]);
    saf_buffer_printf(manifest, "  %s\n", name);
    return SAF_OK;
}

/* ---- writing ---------------------------------------------------------------------------------------------- */

static void write_member(saf_buffer *out, const char *directory, const char *name, saf_bytes content)
{
    static const unsigned char zeros[BLOCK];
    tar_header header = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
    snprintf(header.name, sizeof header.name, "%s/%s", directory, name);
    snprintf(header.mode, sizeof header.mode, "%07o", 0600);
    snprintf(header.uid, sizeof header.uid, "%07o", 0);
    snprintf(header.gid, sizeof header.gid, "%07o", 0);
    snprintf(header.size, sizeof header.size, "%011zo", content.len);
    snprintf(header.mtime, sizeof header.mtime, "%011o", 0);
    snprintf(header.checksum, sizeof header.checksum, "%06o", checksum_of(&header));
    header.checksum[7] = ' ';
    saf_buffer_append(out, saf_bytes_of(&header, sizeof header));
    saf_buffer_append(out, content);
    saf_buffer_append(out, saf_bytes_of(zeros, padding_of(content.len)));
}

saf_status token_archive_write(saf_buffer *out, const char *directory, const token_archive_file *files, size_t count, saf_error *err)
{
    static const unsigned char end[2 * BLOCK];
    OWN(saf_buffer) manifest = { 0 };
    saf_buffer_append_text(&manifest, manifest_head);
    for (size_t i = 0; i < count; i++)
        SAF_TRY(add_line(&manifest, files[i].name, saf_buffer_bytes(&files[i].content), err));
    SAF_TRY(saf_buffer_check(&manifest, err));
    write_member(out, directory, manifest_name, saf_buffer_bytes(&manifest));
    for (size_t i = 0; i < count; i++)
        write_member(out, directory, files[i].name, saf_buffer_bytes(&files[i].content));
    saf_buffer_append(out, saf_bytes_of(end, sizeof end));
    return saf_buffer_check(out, err);
}

/* ---- reading ---------------------------------------------------------------------------------------------- */

typedef struct member {
    char directory[TOKEN_NAME_SIZE], name[TOKEN_ARCHIVE_NAME_SIZE];
    saf_bytes content;
} member;

/* Fuzzers do not guess checksums. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
static const bool trusts_sums = true;
#else
static const bool trusts_sums = false;
#endif

static bool is_zero(const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++)
        if (at[i])
            return false;
    return true;
}

/* Octal digits to the end of the field, but for a terminator. */
static bool read_octal(size_t *out, const char *field, size_t len)
{
    size_t digits = 0;
    *out = 0;
    for (; digits < len && field[digits] >= '0' && field[digits] <= '7'; digits++)
        *out = *out * 8 + (size_t)(field[digits] - '0');
    return digits > 0 && (digits == len || !field[digits] || field[digits] == ' ');
}

/* "UUID/NAME", nothing else: no "..", no other depth. */
static bool split_name(member *out, const tar_header *header)
{
    size_t len = strnlen(header->name, sizeof header->name);
    if (len == sizeof header->name || len <= TOKEN_NAME_SIZE || header->name[TOKEN_NAME_SIZE - 1] != '/' ||
        len - TOKEN_NAME_SIZE >= sizeof out->name)
        return false;
    memcpy(out->directory, header->name, TOKEN_NAME_SIZE - 1);
    out->directory[TOKEN_NAME_SIZE - 1] = '\0';
    memcpy(out->name, header->name + TOKEN_NAME_SIZE, len - TOKEN_NAME_SIZE + 1);
    return token_files_is_name(out->directory) && !strchr(out->name, '/');
}

static bool is_good_header(const tar_header *header, size_t *size)
{
    size_t sum;
    return !memcmp(header->magic, "ustar", sizeof header->magic) && !memcmp(header->version, "00", sizeof header->version) && header->type == '0' &&
           is_zero(header->link, sizeof header->link) && is_zero(header->prefix, sizeof header->prefix) &&
           read_octal(&sum, header->checksum, sizeof header->checksum) && (trusts_sums || sum == checksum_of(header)) &&
           read_octal(size, header->size, sizeof header->size) && *size <= OBJECT_FILE_MAX * (size_t)16;
}

static bool take_member(member *out, saf_bytes *rest)
{
    tar_header header;
    size_t size;
    if (rest->len < BLOCK)
        return false;
    memcpy(&header, rest->data, BLOCK);
    if (!is_good_header(&header, &size) || !split_name(out, &header) || rest->len - BLOCK < size + padding_of(size))
        return false;
    out->content = saf_bytes_of(rest->data + BLOCK, size);
    size_t used = BLOCK + size + padding_of(size);
    if (!is_zero(rest->data + BLOCK + size, padding_of(size)))
        return false;
    *rest = saf_bytes_of(rest->data + used, rest->len - used);
    return true;
}

static bool is_end(saf_bytes rest)
{
    return rest.len >= 2 * BLOCK && is_zero(rest.data, rest.len);
}

static saf_status refuse(saf_error *err, const char *why)
{
    return saf_fail(err, SAF_E_MALFORMED, "it is no backup of a token, or a damaged one: %s", why);
}

/* A name SoftHSM would give, and none twice: they rise. */
static bool is_expected(const member *each, const char *directory, const char *before)
{
    char uuid[TOKEN_NAME_SIZE];
    size_t len = strlen(each->name);
    bool is_object = len == TOKEN_NAME_SIZE - 1 + strlen(".object") && !strcmp(each->name + TOKEN_NAME_SIZE - 1, ".object");
    if (is_object) {
        memcpy(uuid, each->name, TOKEN_NAME_SIZE - 1);
        uuid[TOKEN_NAME_SIZE - 1] = '\0';
        is_object = token_files_is_name(uuid);
    }
    return (is_object || !strcmp(each->name, TOKEN_COPY_OBJECT)) && each->content.len <= OBJECT_FILE_MAX && !strcmp(each->directory, directory) &&
           strcmp(before, each->name) < 0;
}

static bool is_whole(const member *each)
{
    object_file_state state = strcmp(each->name, TOKEN_COPY_OBJECT) ? object_file_judge(each->content)
                                                                     : object_file_judge_token(each->content, NULL, NULL, NULL);
    return state == OBJECT_FILE_WHOLE;
}

static saf_status read_files(token_archive *out, saf_buffer *manifest, saf_bytes *rest, saf_error *err)
{
    member each;
    char before[TOKEN_ARCHIVE_NAME_SIZE] = "";
    while (!is_end(*rest)) {
        if (!take_member(&each, rest))
            return refuse(err, "a file in it is cut off or altered");
        if (!is_expected(&each, out->directory, before))
            return refuse(err, "it has files that no token has");
        if (!is_whole(&each))
            return refuse(err, "a file in it is not one of SoftHSM's");
        SAF_TRY(add_line(manifest, each.name, each.content, err));
        memcpy(before, each.name, sizeof before);
        out->count++;
    }
    return strcmp(before, TOKEN_COPY_OBJECT) ? refuse(err, "it has no token.object") : SAF_OK;
}

saf_status token_archive_open(token_archive *out, saf_bytes bytes, saf_error *err)
{
    OWN(saf_buffer) manifest = { 0 };
    saf_bytes rest = bytes;
    member first;
    if (bytes.len > TOKEN_ARCHIVE_MAX)
        return refuse(err, "it is too large");
    if (!take_member(&first, &rest) || strcmp(first.name, manifest_name) != 0)
        return refuse(err, "it does not begin as one");
    token_archive archive = { 0 };
    memcpy(archive.directory, first.directory, sizeof archive.directory);
    saf_bytes files = rest;
    saf_buffer_append_text(&manifest, manifest_head);
    SAF_TRY(read_files(&archive, &manifest, &rest, err));
    archive.files = saf_bytes_of(files.data, files.len - rest.len);
    SAF_TRY(saf_buffer_check(&manifest, err));
    if (!trusts_sums && (manifest.len != first.content.len || memcmp(manifest.data, first.content.data, manifest.len) != 0))
        return refuse(err, "its files are not those that it lists");
    *out = archive;
    return SAF_OK;
}

bool token_archive_next(char name[TOKEN_ARCHIVE_NAME_SIZE], saf_bytes *content, saf_bytes *rest)
{
    member each;
    if (!rest->len || !take_member(&each, rest))
        return false;
    memcpy(name, each.name, TOKEN_ARCHIVE_NAME_SIZE);
    *content = each.content;
    return true;
}

bool token_archive_find(saf_bytes *content, const token_archive *archive, const char *wanted)
{
    char name[TOKEN_ARCHIVE_NAME_SIZE];
    saf_bytes rest = archive->files;
    while (token_archive_next(name, content, &rest))
        if (!strcmp(name, wanted))
            return true;
    return false;
}
