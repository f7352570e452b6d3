/*
 * Make the secret key that signs identity tokens: what Zowe's job ZWESECKG does on z/OS, with the same one call.
 *
 *     cc seckg.c -o seckg $(pkg-config --cflags --libs safring-pkcs11)
 *     ./seckg TOKEN LABEL BYTES PIN-SOURCE [rotate]
 *
 * TOKEN is there already (safring token init; on z/OS RACDCERT ADDTOKEN). BYTES is 32 for HS256, 48 for HS384, 64 for HS512.
 * PIN-SOURCE: file:PATH, fd:N, env:NAME or cred:NAME. Where the tokens are, SOFTHSM2_CONF says; another module, SAFRING_PKCS11_MODULE.
 *
 * Beside the original:
 *
 *     CSFPGSK(&rc, &rsn, ..., handle, ...)      saf_p11_generate_secret()
 *     char handle[44] = "IDTTKN.JWT.SECRET..."  the session's token, and secret.handle afterwards
 *     the attribute list, built byte by byte    saf_p11_secret_spec; class, key type and CKA_TOKEN are what the call is for
 *     CKA_VALUE_LEN 32                          .len
 *     nothing                                   .label; CKA_SIGN, CKA_VERIFY, CKA_SENSITIVE, not CKA_EXTRACTABLE unless the spec says otherwise
 *     printf of rc and rsn                      saf_error: a sentence, and a hint
 *     return rc                                 the exit status of the safring command
 *
 * Run twice, the original leaves two keys that only their numbers tell apart. This program finds the first one and says so; with "rotate" it
 * makes the next version, which is another sequence number under the same label.
 */
#include <safring/secret-key.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Module and token, logged in. */
struct place {
    saf_p11 *p11;
    saf_p11_session *session;
};

static saf_status open_token(struct place *place, const char *token, const char *pin_source, saf_error *err)
{
    saf_secret pin = { 0 };
    saf_p11_uri uri = { 0 };
    saf_status status = saf_p11_token_name_check(token, err); /* ICSF's grammar; at most 32 characters */
    if (status != SAF_OK)
        return status;
    memcpy(uri.token, token, strlen(token) + 1);
    status = saf_secret_from_source(&pin, pin_source, err);
    if (status == SAF_OK)
        status = saf_p11_open(&place->p11, NULL, err);
    if (status == SAF_OK)
        status = saf_p11_login(&place->session, place->p11, &uri, &pin, err);
    saf_secret_free(&pin); /* wiped */
    return status;
}

/* In the reverse order of opening. Both accept what was never opened. */
static void close_token(struct place *place)
{
    saf_p11_logout(&place->session);
    saf_p11_close(&place->p11);
}

/* The job printed a dump of what it had asked for; this is what the token has. */
static void print_secret(const saf_p11_secret *secret, const char *what)
{
    printf("%s \"%s\": %zu bytes, sequence %u\n", what, secret->label, secret->len, (unsigned)secret->sequence);
    printf("handle      \"%s\"\n", secret->handle);
    printf("uri         %s\n", secret->uri);
    printf("check value %s\n", secret->check_value);
    printf("protection  %s\n", saf_p11_secret_leaving(secret) == SAF_P11_STAYS ? "never leaves the token" : "may leave the token");
}

/* SAF_E_EXISTS is not a failure here: the call has found the newest key of that label. One that is shorter is another key. */
static saf_status make(struct place *place, const saf_p11_secret_spec *spec, saf_error *err)
{
    saf_p11_secret secret;
    saf_status status = saf_p11_generate_secret(&secret, place->session, spec, err);
    if (status == SAF_OK)
        print_secret(&secret, "made");
    if (status != SAF_E_EXISTS || secret.len != spec->len)
        return status;
    print_secret(&secret, "there already:");
    return SAF_OK;
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc > 6 || (argc == 6 && strcmp(argv[5], "rotate") != 0)) {
        fprintf(stderr, "usage: %s TOKEN LABEL BYTES PIN-SOURCE [rotate]\n", argc ? argv[0] : "seckg");
        return saf_status_exit_code(SAF_E_USAGE);
    }

    const saf_p11_secret_spec spec = {
        .label = argv[2],
        .len = strtoul(argv[3], NULL, 10),
        .kind = SAF_P11_HMAC,      /* CKK_GENERIC_SECRET */
        .leaving = SAF_P11_STAYS,  /* the default; here to be seen */
        .if_exists = argc == 6 ? SAF_P11_NEW_VERSION : SAF_P11_FIRST_ONLY,
    };
    struct place place = { NULL, NULL };
    saf_error err = { 0 };
    saf_status status = open_token(&place, argv[1], argv[4], &err);
    if (status == SAF_OK)
        status = make(&place, &spec, &err);
    if (status != SAF_OK)
        fprintf(stderr, "seckg: %s\n%s%s", err.text, err.hint, err.hint[0] ? "\n" : "");
    close_token(&place);

    if (status == SAF_OK && fflush(stdout) != 0) {
        perror("seckg: standard output");
        status = SAF_E_IO;
    }
    return saf_status_exit_code(status);
}
