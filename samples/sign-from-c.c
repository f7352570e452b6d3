/*
 * Make an identity token (a signed JWT) for a user, by the policy that the administrator has set.
 *
 *     cc sign-from-c.c -o sign-from-c $(pkg-config --cflags --libs safring-issuer)
 *     ./sign-from-c STORE APPL USER [PIN-SOURCE]
 *
 * STORE is the directory of the security database, APPL the application that the token is for, USER the user whom YOUR
 * program has authenticated before it comes here. PIN-SOURCE says where the PIN of the PKCS#11 token is that holds the
 * policy's key: file:PATH, fd:N, env:NAME or cred:NAME. Leave it out when the key is in a ring.
 *
 * The token goes to standard output; a message and the exit status of the safring command tell what went wrong.
 */
#include <safring/issuer.h>

#include <stdio.h>
#include <unistd.h>

/* Everything that a process opens once. A server keeps it for its whole life, with one lane per thread. */
struct signer {
    saf_store *store;
    saf_p11 *p11;
    saf_issuer *issuer;
    saf_issuer_lane *lane;
};

/* Called when a PKCS#11 token wants its PIN: at its first use, and when it was away. */
static saf_status give_pin(void *pin_source, const saf_p11_token *token, saf_secret *pin, saf_error *err)
{
    (void)token; /* says which one it is, for programs that use several */
    return saf_secret_from_source(pin, pin_source, err);
}

/* A store has its own SoftHSM configuration when safring made the tokens; another one, or another HSM, is found by
 * the environment variables SOFTHSM2_CONF and SAFRING_PKCS11_MODULE. */
static saf_status open_module(saf_p11 **p11, const char *dir, char *pin_source, saf_error *err)
{
    char conf[4096];
    int len = snprintf(conf, sizeof conf, "%s/softhsm2.conf", dir);
    int is_there = len > 0 && (size_t)len < sizeof conf && access(conf, R_OK) == 0;
    saf_p11_options options = { .softhsm_conf = is_there ? conf : NULL, .pin = give_pin, .pin_context = pin_source };
    return saf_p11_open(p11, &options, err);
}

static saf_status open_signer(struct signer *signer, const char *dir, char *pin_source, saf_error *err)
{
    saf_status status = saf_store_open(&signer->store, dir, NULL, err);
    if (status == SAF_OK && pin_source)
        status = open_module(&signer->p11, dir, pin_source, err);
    if (status != SAF_OK)
        return status;

    saf_issuer_options options = {
        .store = signer->store,
        .p11 = signer->p11,
    };
    status = saf_issuer_open(&signer->issuer, &options, err);
    if (status == SAF_OK)
        status = saf_issuer_lane_open(&signer->lane, signer->issuer, err);
    return status;
}

/* In the reverse order of opening. All of them accept what was never opened. */
static void close_signer(struct signer *signer)
{
    saf_issuer_lane_close(&signer->lane);
    saf_issuer_close(&signer->issuer);
    saf_p11_close(&signer->p11);
    saf_store_close(&signer->store);
}

static saf_status print_token(struct signer *signer, const char *appl, const char *user, saf_error *err)
{
    static const char *const amr[] = { "saf-pwd" }; /* how the user proved it: by password */
    saf_issuer_request request = { .appl = appl, .user = user, .amr = amr, .amr_count = 1 };
    saf_principal who = { NULL }; /* this program; a server that acts for others names them here */
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = 0;

    saf_status status = saf_issuer_sign(signer->lane, &who, &request, token, sizeof token, &len, err);
    if (status == SAF_OK)
        printf("%.*s\n", (int)len, token);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: %s STORE APPL USER [PIN-SOURCE]\n", argc ? argv[0] : "sign-from-c");
        return saf_status_exit_code(SAF_E_USAGE);
    }

    struct signer signer = { 0 };
    saf_error err = { 0 };
    saf_status status = open_signer(&signer, argv[1], argv[4], &err); /* argv[argc] is NULL */
    if (status == SAF_OK)
        status = print_token(&signer, argv[2], argv[3], &err);
    if (status != SAF_OK)
        fprintf(stderr, "sign-from-c: %s\n%s%s", err.text, err.hint, err.hint[0] ? "\n" : "");
    close_signer(&signer);

    if (status == SAF_OK && fflush(stdout) != 0) {
        perror("sign-from-c: standard output");
        status = SAF_E_IO;
    }
    return saf_status_exit_code(status);
}
