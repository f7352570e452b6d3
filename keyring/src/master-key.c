#include "master-key.h"

#include "envelope.h"
#include "store.h"

#include <base/fail.h>
#include <base/file.h>
#include <base/own.h>
#include <base/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { KEY_LEN = SAF_ENVELOPE_KEY_LEN, SALT_LEN = 32, PARAMETERS_LEN = SALT_LEN + 12 };

/* Limits for parameters that somebody may have altered: at most 2 GiB, no hour-long opening. */
enum { N_MAX = 1 << 20, R_MAX = 16, P_MAX = 16 };

static saf_status file_path(char **out, const char *dir, saf_error *err)
{
    return asprintf(out, "%s/master.key", dir) < 0 ? saf_fail_memory(err) : SAF_OK;
}

saf_status master_key_make_file(const char *dir, saf_error *err)
{
    OWN(own_text) path = NULL;
    SAF_TRY(file_path(&path, dir, err));
    if (saf_file_exists(path))
        return SAF_OK;
    unsigned char key[KEY_LEN];
    saf_status status = saf_random_bytes(key, sizeof key, err);
    if (status == SAF_OK)
        status = saf_file_write(path, saf_bytes_of(key, sizeof key), 0400, SAF_IF_EXISTS_KEEP, err);
    OPENSSL_cleanse(key, sizeof key);
    return status;
}

static saf_status check_file(int file, const char *path, saf_error *err)
{
    struct stat about;
    if (fstat(file, &about) != 0)
        return saf_fail_errno(err, "cannot examine %s", path);
    if (!S_ISREG(about.st_mode) || about.st_size != KEY_LEN)
        return saf_fail(err, SAF_E_FAILED, "%s is not a master key: it must be a file of %d bytes", path, KEY_LEN);
    SAF_TRY(store_check_owner(path, &about, err));
    if (about.st_mode & (S_IRWXG | S_IRWXO)) {
        saf_status status = saf_fail(err, SAF_E_DENIED, "others may read the master key %s (mode %04o)", path,
                                     (unsigned)about.st_mode & 07777);
        saf_hint(err, "chmod 0400 %s", path);
        return status;
    }
    return SAF_OK;
}

/* Not SAF_E_NOT_FOUND, which callers take for "there is no store, make one". */
static saf_status fail_to_open(const char *path, saf_error *err)
{
    if (errno != ENOENT)
        return saf_fail_errno(err, "cannot open the master key %s", path);
    saf_status status = saf_fail(err, SAF_E_FAILED, "the master key %s is missing", path);
    saf_hint(err, "put it back from the backup; without it the private keys of this store cannot be read");
    return status;
}

saf_status master_key_read_file(saf_secret *out, const char *dir, saf_error *err)
{
    OWN(own_text) path = NULL;
    SAF_TRY(file_path(&path, dir, err));
    OWN(own_fd) file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return fail_to_open(path, err);
    SAF_TRY(check_file(file, path, err));
    unsigned char key[KEY_LEN];
    ssize_t len = TEMP_FAILURE_RETRY(read(file, key, sizeof key));
    saf_status status = len == KEY_LEN ? saf_secret_set(out, saf_bytes_of(key, sizeof key), err)
                                       : saf_fail(err, SAF_E_IO, "cannot read the master key %s", path);
    OPENSSL_cleanse(key, sizeof key);
    return status;
}

/* ---- passphrase ---- */

static void put_number(unsigned char *out, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(number >> (24 - 8 * i));
}

static uint32_t get_number(const unsigned char *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

saf_status master_key_new_parameters(saf_buffer *out, saf_error *err)
{
    unsigned char parameters[PARAMETERS_LEN];
    SAF_TRY(saf_random_bytes(parameters, SALT_LEN, err));
    put_number(parameters + SALT_LEN, MASTER_SCRYPT_N);
    put_number(parameters + SALT_LEN + 4, MASTER_SCRYPT_R);
    put_number(parameters + SALT_LEN + 8, MASTER_SCRYPT_P);
    saf_buffer_append(out, saf_bytes_of(parameters, sizeof parameters));
    return saf_buffer_check(out, err);
}

static saf_status derive(saf_secret *out, const saf_secret *passphrase, saf_bytes parameters, saf_error *err)
{
    uint64_t n = get_number(parameters.data + SALT_LEN);
    uint64_t r = get_number(parameters.data + SALT_LEN + 4);
    uint64_t p = get_number(parameters.data + SALT_LEN + 8);
    if (n < 2 || n > N_MAX || r < 1 || r > R_MAX || p < 1 || p > P_MAX)
        return saf_fail(err, SAF_E_FAILED, "the store's scrypt parameters are damaged");
    /* OpenSSL's default limit, 32 MiB, refuses any N that is worth its name. */
    uint64_t memory_max = 128 * r * (n + p + 2) + 1024;
    unsigned char key[KEY_LEN];
    saf_status status = SAF_OK;
    if (!EVP_PBE_scrypt((const char *)passphrase->data, passphrase->len, parameters.data, SALT_LEN, n, r, p,
                        memory_max, key, sizeof key))
        status = saf_fail_openssl(err, "cannot derive the master key");
    else
        status = saf_secret_set(out, saf_bytes_of(key, sizeof key), err);
    OPENSSL_cleanse(key, sizeof key);
    return status;
}

bool master_key_has_passphrase(const saf_store_options *options)
{
    return options->passphrase || options->secret_source;
}

static saf_status refuse_locked(const char *dir, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_DENIED, "the store %s is locked with a passphrase", dir);
    saf_hint(err, "say where it is: --store-secret-source file:PATH|fd:N|env:NAME|cred:NAME");
    return status;
}

/* A source that is not there is no missing store; its text and hint stay. */
static saf_status read_source(saf_secret *out, const char *source, saf_error *err)
{
    saf_status status = saf_secret_from_source(out, source, err);
    if (status != SAF_E_NOT_FOUND)
        return status;
    if (err)
        err->status = SAF_E_DENIED;
    return SAF_E_DENIED;
}

saf_status master_key_from_passphrase(saf_secret *out, const char *dir, const saf_store_options *options,
                                      saf_bytes parameters, saf_error *err)
{
    OWN(saf_secret) read = { 0 };
    const saf_secret *passphrase = options->passphrase ? options->passphrase : &read;
    if (!master_key_has_passphrase(options))
        return refuse_locked(dir, err);
    if (parameters.len != PARAMETERS_LEN)
        return saf_fail(err, SAF_E_FAILED, "the store's scrypt parameters are damaged");
    if (!options->passphrase)
        SAF_TRY(read_source(&read, options->secret_source, err));
    if (passphrase->len == 0)
        return saf_fail(err, SAF_E_USAGE, "the passphrase of the store %s is empty", dir);
    return derive(out, passphrase, parameters, err);
}
