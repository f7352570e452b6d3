#include <cli/bundle.h>

#include <base/fail.h>

enum { BUNDLE_FILE_MAX = 4 * 1024 * 1024 + 1 }; /* one byte above saf_bundle_read()'s limit, whose text names it */

saf_status cli_read_bundle(saf_bundle **out, const char *file, const char *password_source, const char *alias, saf_error *err)
{
    OWN(saf_buffer) content = { 0 };
    OWN(saf_secret) password = { 0 };
    SAF_TRY(saf_file_read(&content, file, BUNDLE_FILE_MAX, err));
    if (password_source)
        SAF_TRY(saf_secret_from_source(&password, password_source, err));
    saf_status status = saf_bundle_read(out, saf_buffer_bytes(&content), password_source ? &password : NULL, alias, cli_file_name(file), err);
    if (status == SAF_E_DENIED && !password_source)
        saf_hint(err, "--password-source file:PATH, fd:N, env:NAME or cred:NAME");
    if (status == SAF_E_CONFLICT && !alias)
        saf_hint(err, "name the one that is meant: --alias NAME");
    return status;
}
