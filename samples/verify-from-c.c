/*
 * Verify an identity token that an end user has sent, by the policy of its application and user.
 *
 *     cc verify-from-c.c -o verify-from-c $(pkg-config --cflags --libs safring-issuer)
 *     ./sign-from-c STORE APPL USER | ./verify-from-c STORE APPL USER [PIN-SOURCE]
 *
 * STORE is the directory of the security database, APPL the application that asks, USER who the token is said to be of.
 * PIN-SOURCE (file:PATH, fd:N, env:NAME or cred:NAME) says where the PIN of the PKCS#11 token is that holds the policy's
 * key; leave it out when the key is in a ring.
 *
 * Prints the verdict and the rule behind it. Exit status: 0 the token is good, 3 it is not; any other means that it could
 * not be told, with a message on standard error.
 */
#include <safring/issuer.h>

#include <stdio.h>
#include <unistd.h>

enum { EXIT_ANSWER_IS_NO = 3 };

/* Everything that a process opens once. A server keeps it for its whole life, with one lane per thread. */
struct checker {
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

static saf_status open_checker(struct checker *checker, const char *dir, char *pin_source, saf_error *err)
{
    saf_status status = saf_store_open(&checker->store, dir, NULL, err);
    if (status == SAF_OK && pin_source)
        status = open_module(&checker->p11, dir, pin_source, err);
    if (status != SAF_OK)
        return status;

    saf_issuer_options options = {
        .store = checker->store,
        .p11 = checker->p11,
        .leeway_sec = 5, /* how far the clocks of signer and verifier may be apart */
    };
    status = saf_issuer_open(&checker->issuer, &options, err);
    if (status == SAF_OK)
        status = saf_issuer_lane_open(&checker->lane, checker->issuer, err);
    return status;
}

/* In the reverse order of opening. All of them accept what was never opened. */
static void close_checker(struct checker *checker)
{
    saf_issuer_lane_close(&checker->lane);
    saf_issuer_close(&checker->issuer);
    saf_p11_close(&checker->p11);
    saf_store_close(&checker->store);
}

/* The room is for a newline and one character more than a token may have: one that is too long is seen to be, not cut. */
static saf_bytes read_token(char *room, size_t size)
{
    size_t len = fread(room, 1, size, stdin);
    if (len > 0 && room[len - 1] == '\n')
        len--;
    return saf_bytes_of(room, len);
}

/* A token that does not verify is an answer and no error: look at the verdict, not only at the status. */
static saf_status print_verdict(struct checker *checker, char **names, saf_bytes token, saf_idt_verdict *verdict,
                                saf_error *err)
{
    saf_principal who = { NULL }; /* this program; a server that acts for others names them here */
    saf_idt_result result;
    saf_status status = saf_issuer_verify(checker->lane, &who, names[0], names[1], SAF_FROM_END_USER, token, &result, err);
    if (status != SAF_OK)
        return status;
    printf("%s: %s\n", saf_idt_verdict_name(result.verdict), saf_idt_verdict_rule(result.verdict));
    *verdict = result.verdict;
    return SAF_OK;
}

static int exit_status(saf_status status, saf_idt_verdict verdict)
{
    if (status != SAF_OK)
        return saf_status_exit_code(status);
    return verdict == SAF_IDT_GOOD ? 0 : EXIT_ANSWER_IS_NO;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: %s STORE APPL USER [PIN-SOURCE] < TOKEN\n", argc ? argv[0] : "verify-from-c");
        return saf_status_exit_code(SAF_E_USAGE);
    }

    char room[SAF_IDT_TOKEN_MAX + 2];
    saf_bytes token = read_token(room, sizeof room);
    if (ferror(stdin)) {
        perror("verify-from-c: standard input");
        return saf_status_exit_code(SAF_E_IO);
    }

    struct checker checker = { 0 };
    saf_error err = { 0 };
    saf_idt_verdict verdict = SAF_IDT_BAD_STRUCTURE; /* nothing is good until it was said to be */
    saf_status status = open_checker(&checker, argv[1], argv[4], &err); /* argv[argc] is NULL */
    if (status == SAF_OK)
        status = print_verdict(&checker, argv + 2, token, &verdict, &err);
    if (status != SAF_OK)
        fprintf(stderr, "verify-from-c: %s\n%s%s", err.text, err.hint, err.hint[0] ? "\n" : "");
    close_checker(&checker);

    if (status == SAF_OK && fflush(stdout) != 0) {
        perror("verify-from-c: standard output");
        status = SAF_E_IO;
    }
    return exit_status(status, verdict);
}
