/*
 * Tokens per second by policy, through the whole of saf_issuer_sign() and saf_issuer_verify(), with the three ways to use an HMAC key side by side: made in
 * the token, by a derived key, by a key in memory. The ways take turns in the same run; ratios are to the token's.
 *
 *     issuer-bench [SECONDS-PER-CELL]
 */
#include "bench-directory.h"

#include <safring/issuer.h>
#include <safring/secret-key.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 2, ROUNDS = 3, WAYS = 3 };

static saf_error err;
static const char *const way_names[WAYS] = { "token", "derived", "memory" };

#define MUST(call) \
    do { \
        if ((call) != SAF_OK) { \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, err.text); \
            exit(1); \
        } \
    } while (0)

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- one cell ---- */

typedef struct worker {
    pthread_t thread;
    saf_issuer_lane *lane;
    const char *appl;
    bool verifies;
    unsigned long count;
} worker;

static atomic_bool running;
static const saf_principal anybody = { NULL };

static size_t sign(saf_issuer_lane *lane, const char *appl, char out[SAF_IDT_TOKEN_MAX])
{
    static const char *const amr[] = { "saf-pwd" };
    saf_issuer_request request = { .appl = appl, .user = "IBMUSER", .amr = amr, .amr_count = 1 };
    size_t len = 0;
    MUST(saf_issuer_sign(lane, &anybody, &request, out, SAF_IDT_TOKEN_MAX, &len, &err));
    return len;
}

static void verify(saf_issuer_lane *lane, const char *appl, const char *token, size_t len)
{
    saf_idt_result result;
    MUST(saf_issuer_verify(lane, &anybody, appl, "IBMUSER", SAF_FROM_END_USER, saf_bytes_of(token, len), &result, &err));
    if (result.verdict != SAF_IDT_GOOD)
        exit(1);
}

static void *work(void *argument)
{
    worker *w = argument;
    char token[SAF_IDT_TOKEN_MAX];
    size_t len = sign(w->lane, w->appl, token);
    while (atomic_load_explicit(&running, memory_order_relaxed)) {
        if (w->verifies)
            verify(w->lane, w->appl, token, len);
        else
            sign(w->lane, w->appl, token);
        w->count++;
    }
    return NULL;
}

static double per_second(saf_issuer *issuer, const char *appl, bool verifies, unsigned threads, double seconds)
{
    worker workers[THREADS_MAX];
    unsigned long count = 0;
    struct timespec pause = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    atomic_store(&running, true);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (worker) { .appl = appl, .verifies = verifies };
        MUST(saf_issuer_lane_open(&workers[i].lane, issuer, &err));
    }
    double start = seconds_now();
    for (unsigned i = 0; i < threads; i++)
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    nanosleep(&pause, NULL);
    atomic_store(&running, false);
    double took = seconds_now() - start;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        saf_issuer_lane_close(&workers[i].lane);
        count += workers[i].count;
    }
    return (double)count / took;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof *values, compare);
    return values[ROUNDS / 2];
}

/* The application of a policy is the algorithm and the way: HS256T. */
static void name_appl(char out[SAF_APPL_MAX + 1], const char *alg, int way)
{
    snprintf(out, SAF_APPL_MAX + 1, "%s%c", alg, "TDM"[way]);
}

static void measure(saf_issuer *issuer, const char *alg, bool verifies, unsigned threads, double seconds)
{
    double rates[WAYS][ROUNDS], ratios[WAYS][ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        for (int way = 0; way < WAYS; way++) {
            char appl[SAF_APPL_MAX + 1];
            name_appl(appl, alg, way);
            rates[way][round] = per_second(issuer, appl, verifies, threads, seconds);
            ratios[way][round] = rates[way][round] / rates[0][round];
        }
    printf("%-6s %-7s %7u", alg, verifies ? "verify" : "sign", threads);
    for (int way = 0; way < WAYS; way++)
        printf("%12.0f", median(rates[way]));
    for (int way = 1; way < WAYS; way++)
        printf("%9.1f", median(ratios[way]));
    putchar('\n');
    fflush(stdout);
}

/* ---- store and token ---- */

static saf_status give_pin(void *context, const saf_p11_token *token, saf_secret *pin, saf_error *why)
{
    (void)context;
    (void)token;
    return saf_secret_set(pin, saf_bytes_of_text("1234567"), why);
}

static void define(saf_change *change, saf_p11_session *session, const char *alg, int way)
{
    saf_p11_secret secret;
    saf_policy policy = { .user = "*", .timeout_min = 5, .key_use = (saf_key_use)way };
    name_appl(policy.appl, alg, way);
    saf_p11_secret_spec spec = { .label = policy.appl, .len = 64, .leaving = way == SAF_KEY_USE_MEMORY ? SAF_P11_LEAVES : SAF_P11_STAYS };
    MUST(saf_p11_generate_secret(&secret, session, &spec, &err));
    snprintf(policy.alg, sizeof policy.alg, "%s", alg);
    snprintf(policy.key, sizeof policy.key, "%.*s", SAF_KEY_URI_MAX, secret.uri);
    MUST(saf_store_put_policy(change, &policy, &err));
}

static void define_all(saf_store *store, saf_p11 *p11)
{
    saf_p11_session *session = NULL;
    saf_change *change = NULL;
    saf_p11_uri uri = { .token = "BENCH" };
    MUST(saf_p11_login(&session, p11, &uri, NULL, &err));
    MUST(saf_change_begin(&change, store, &anybody, &err));
    for (int way = 0; way < WAYS; way++) {
        define(change, session, "HS256", way);
        define(change, session, "HS512", way);
    }
    MUST(saf_change_commit(&change, &err));
    saf_p11_logout(&session);
}

static void print_header(void)
{
    printf("%-6s %-7s %7s", "", "", "threads");
    for (int way = 0; way < WAYS; way++)
        printf("%10s/s", way_names[way]);
    printf("%9s%9s\n", "derived", "memory");
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/issuer-bench-XXXXXX";
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    saf_p11_options p11_options = { .pin = give_pin };
    saf_secret pin = { 0 };
    saf_p11 *p11 = NULL;
    saf_p11_token token;
    saf_store *store = NULL;
    saf_issuer *issuer = NULL;
    if (!mkdtemp(dir) || chdir(dir) != 0)
        return 1;
    bench_configure_softhsm(dir);
    MUST(saf_secret_set(&pin, saf_bytes_of_text("1234567"), &err));
    MUST(saf_p11_open(&p11, &p11_options, &err));
    MUST(saf_p11_init_token(&token, p11, "BENCH", &pin, &pin, &err));
    MUST(saf_store_create("store", NULL, &err));
    MUST(saf_store_open(&store, "store", NULL, &err));
    define_all(store, p11);
    MUST(saf_issuer_open(&issuer, &(saf_issuer_options) { .store = store, .p11 = p11 }, &err));
    print_header();
    for (int i = 0; i < 8; i++)
        measure(issuer, i < 4 ? "HS256" : "HS512", i & 2, i & 1 ? 2 : 1, seconds);
    saf_issuer_close(&issuer);
    saf_store_close(&store);
    saf_p11_close(&p11);
    saf_secret_free(&pin);
    bench_remove_directory(dir);
    return 0;
}
