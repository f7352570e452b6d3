#include <base/fail.h>
#include <base/own.h>
#include <base/shell.h>

#include "descriptor.h"

#include <safring/secret.h>

#include <openssl/crypto.h>

#include <errno.h>
#include <limits.h>

/* One trailing newline is not part of the secret. `what` names the source, in every text below. */
static saf_status take(saf_secret *out, saf_bytes bytes, const char *what, saf_error *err)
{
    if (bytes.len && bytes.data[bytes.len - 1] == '\n')
        bytes.len--;
    if (!bytes.len)
        return saf_fail(err, SAF_E_MALFORMED, "the secret in %s is empty", what);
    if (bytes.len > SAF_SECRET_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "the secret in %s is longer than %d bytes", what, SAF_SECRET_MAX);
    if (memchr(bytes.data, '\0', bytes.len))
        return saf_fail(err, SAF_E_MALFORMED, "the secret in %s holds a zero byte", what);
    return saf_secret_set(out, bytes, err);
}

/* Two more bytes than a secret may have: its newline, and one that shows that it is too long. */
static saf_status read_all(saf_secret *out, int fd, const char *what, saf_error *err)
{
    enum { ROOM = SAF_SECRET_MAX + 2 };
    OWN(saf_secret) raw = { OPENSSL_secure_zalloc(ROOM + 1), ROOM };
    if (!raw.data)
        return saf_fail_memory(err);
    size_t len = 0;
    while (len < ROOM) {
        ssize_t got = TEMP_FAILURE_RETRY(read(fd, raw.data + len, ROOM - len));
        if (got < 0)
            return saf_fail_errno(err, "cannot read the secret in %s", what);
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return take(out, saf_bytes_of(raw.data, len), what, err);
}

/* Whoever may write the file chooses the secret. That others may read it is for saf_secret_source_is_exposed() to say. */
static saf_status check_mode(const struct stat *about, const char *path, saf_error *err)
{
    if (!(about->st_mode & S_IWOTH))
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_DENIED, "%s holds a secret, but its mode %04o lets anybody write it", path,
                                 (unsigned)about->st_mode & 07777);
    saf_hint(err, "chmod 0600 %s", saf_shell_quote(path).text);
    return status;
}

static saf_status from_file(saf_secret *out, const char *path, saf_error *err)
{
    if (!*path)
        return saf_fail(err, SAF_E_USAGE, "the secret source file: names no file");
    OWN(own_fd) fd = -1;
    struct stat about;
    SAF_TRY(saf_descriptor_open(&fd, &about, path, err));
    SAF_TRY(check_mode(&about, path, err));
    return read_all(out, fd, path, err);
}

static int parse_descriptor(const char *text)
{
    int fd = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && fd <= (INT_MAX - 9) / 10; at++)
        fd = fd * 10 + (*at - '0');
    return at == text || *at ? -1 : fd;
}

static saf_status from_descriptor(saf_secret *out, const char *number, saf_error *err)
{
    int fd = parse_descriptor(number);
    if (fd < 0)
        return saf_fail(err, SAF_E_USAGE, "the secret source fd: needs the number of an open file descriptor");
    char what[32];
    snprintf(what, sizeof what, "file descriptor %d", fd);
    return read_all(out, fd, what, err);
}

static saf_status from_environment(saf_secret *out, const char *name, saf_error *err)
{
    if (!*name)
        return saf_fail(err, SAF_E_USAGE, "the secret source env: names no variable");
    const char *value = getenv(name);
    if (!value)
        return saf_fail(err, SAF_E_NOT_FOUND, "the environment variable %s is not set", name);
    char what[128];
    snprintf(what, sizeof what, "the environment variable %s", name);
    return take(out, saf_bytes_of_text(value), what, err);
}

/* A credential is a file in one folder; a name that leads elsewhere is not one (systemd.exec, LoadCredential=). */
static int is_credential_name(const char *name)
{
    return *name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..");
}

static saf_status from_credential(saf_secret *out, const char *name, saf_error *err)
{
    if (!is_credential_name(name))
        return saf_fail(err, SAF_E_USAGE, "the secret source cred: needs the name of a systemd credential");
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (!folder || !*folder) {
        saf_status status =
            saf_fail(err, SAF_E_NOT_FOUND, "there is no credential %s: CREDENTIALS_DIRECTORY is not set", name);
        saf_hint(err, "systemd sets it for a service that has LoadCredential=%s:PATH", name);
        return status;
    }
    OWN(own_text) path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        path = NULL;
        return saf_fail_memory(err);
    }
    return from_file(out, path, err);
}

static const struct {
    const char *prefix;
    saf_status (*read)(saf_secret *out, const char *rest, saf_error *err);
} forms[] = {
    { "file:", from_file },
    { "fd:", from_descriptor },
    { "env:", from_environment },
    { "cred:", from_credential },
};

/* The source is not repeated in the text: what has no known form may be the password itself, typed by mistake. */
static saf_status refuse_form(saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_USAGE, "a secret comes from file:PATH, fd:N, env:NAME or cred:NAME");
    saf_hint(err, "write the secret to a file of mode 0600 and give file:PATH");
    return status;
}

saf_status saf_secret_from_source(saf_secret *out, const char *source, saf_error *err)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t len = strlen(forms[i].prefix);
        if (!strncmp(source, forms[i].prefix, len))
            return forms[i].read(out, source + len, err);
    }
    return refuse_form(err);
}

int saf_secret_source_is_exposed(const char *source)
{
    struct stat about;
    return !strncmp(source, "file:", 5) && !stat(source + 5, &about) && S_ISREG(about.st_mode) &&
           (about.st_mode & (S_IRWXG | S_IRWXO) & ~S_IRGRP);
}
