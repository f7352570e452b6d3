/*
 * Identity tokens per second and thread. Each row stands beside a limit: the cryptography alone, by the fastest that libcrypto or
 * intel-ipsec-mb do with everything prepared. Work and limit take turns, some milliseconds each, and the share is the median of what
 * neighbours in time give, so that the machine's mood cancels out. The second table is of other libraries. Both are Markdown.
 *
 *     idt-bench [SECONDS PER ROW]
 */
#include "idt-limits.h"
#include "idt-peers.h"
#include "idt-world.h"

#include <idt/raw.h>

#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { SLICES_MAX = 1000 };

static const double slice_seconds = 0.002;

/* ---- allocations: every one of this process, counted by the thread that asks ---- */

static _Thread_local unsigned long allocations;

#ifdef COUNT_ALLOCATIONS

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}

#endif

/* ---- the work ---- */

static const saf_bytes amr = { (const unsigned char *)"saf-pwd", 7 };

/* Users come and go from token to token; everything else of the claims stays. */
static saf_bytes next_user(world *w)
{
    return saf_bytes_of(w->users[w->next_user++ % WORLD_BATCH], 7);
}

static saf_idt_claims claims_of(saf_bytes user)
{
    return (saf_idt_claims) { .sub = user, .aud = saf_bytes_of_text("ZOWEAPPL"), .lifetime_sec = 300, .amr = &amr, .amr_count = 1 };
}

static size_t sign_one(world *w)
{
    char token[WORLD_ROOM];
    size_t len = 0;
    saf_idt_claims claims = claims_of(next_user(w));
    MUST(saf_idt_sign(w->lane, w->key->signer, &claims, token, sizeof token, &len) == SAF_OK);
    return 1;
}

static size_t sign_batch(world *w)
{
    MUST(saf_idt_sign_batch(w->lane, w->key->signer, w->sign, WORLD_BATCH) == SAF_OK);
    return WORLD_BATCH;
}

static size_t verify_with(world *w, saf_idt_lane *lane)
{
    const saf_idt_verify_job *job = &w->verify[w->next_user++ % WORLD_BATCH];
    saf_idt_result result;
    MUST(saf_idt_verify(lane, w->key->verifier, job->token, &job->expect, &result) == SAF_OK && result.verdict == SAF_IDT_GOOD);
    return 1;
}

static size_t verify_one(world *w)
{
    return verify_with(w, w->lane);
}

static size_t verify_seen(world *w)
{
    return verify_with(w, w->remembering);
}

static size_t verify_batch(world *w)
{
    MUST(saf_idt_verify_batch(w->lane, w->key->verifier, w->verify, WORLD_BATCH) == SAF_OK && w->verify[7].verdict == SAF_IDT_GOOD);
    return WORLD_BATCH;
}

/* ---- worlds ---- */

static EVP_PKEY *new_pkey(saf_idt_alg alg)
{
    switch (alg) {
    case SAF_IDT_ES256:
        return EVP_EC_gen("P-256");
    case SAF_IDT_EDDSA:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    default:
        return EVP_RSA_gen(2048);
    }
}

static void open_key(world_key *key, saf_idt_alg alg)
{
    *key = (world_key) { .alg = alg };
    if (saf_idt_alg_key_min(alg)) {
        saf_bytes secret = saf_bytes_of(key->secret, sizeof key->secret);
        MUST(RAND_bytes(key->secret, sizeof key->secret) == 1);
        MUST(saf_idt_signer_from_bytes(&key->signer, alg, secret, NULL, NULL) == SAF_OK);
        MUST(saf_idt_verifier_from_bytes(&key->verifier, alg, secret, NULL, NULL) == SAF_OK);
        return;
    }
    MUST((key->pkey = new_pkey(alg)));
    MUST(saf_idt_signer_from_key(&key->signer, alg, key->pkey, NULL, NULL) == SAF_OK);
    MUST(saf_idt_verifier_from_key(&key->verifier, alg, key->pkey, NULL, NULL) == SAF_OK);
}

static void close_key(world_key *key)
{
    saf_idt_signer_free(&key->signer);
    saf_idt_verifier_free(&key->verifier);
    EVP_PKEY_free(key->pkey);
}

static void fill_jobs(world *w)
{
    for (size_t i = 0; i < WORLD_BATCH; i++) {
        snprintf(w->users[i], sizeof w->users[i], "USER%03zu", i);
        w->sign[i] = (saf_idt_sign_job) { .claims = claims_of(saf_bytes_of(w->users[i], 7)), .out = w->tokens[i], .out_cap = WORLD_ROOM };
    }
    MUST(saf_idt_sign_batch(w->lane, w->key->signer, w->sign, WORLD_BATCH) == SAF_OK);
    for (size_t i = 0; i < WORLD_BATCH; i++)
        w->verify[i] = (saf_idt_verify_job) { .token = saf_bytes_of(w->tokens[i], w->sign[i].out_len),
                                              .expect = { saf_bytes_of(w->users[i], 7), saf_bytes_of_text("ZOWEAPPL"), NULL } };
}

static void open_world(world *w, const world_key *key)
{
    const saf_idt_lane_options options = { .remembered_tokens = 1024 };
    const char *path = getenv("SAFRING_BENCH_PATH");
    *w = (world) { .key = key };
    MUST(saf_idt_lane_open(&w->lane, NULL, NULL) == SAF_OK && saf_idt_lane_open(&w->remembering, &options, NULL) == SAF_OK);
    MUST(!path || saf_idt_lane_take_path(w->lane, path) == SAF_OK);
    saf_idt_claims claims = claims_of(saf_bytes_of_text("IBMUSER"));
    MUST(saf_idt_sign(w->lane, key->signer, &claims, w->token, sizeof w->token, &w->token_len) == SAF_OK);
    const char *dot = memchr(w->token, '.', w->token_len);
    w->message_len = (size_t)((const char *)memchr(dot + 1, '.', w->token_len) - w->token);
    limits_open(w);
    fill_jobs(w);
}

static void close_world(world *w)
{
    limits_close(w);
    saf_idt_lane_close(&w->lane);
    saf_idt_lane_close(&w->remembering);
}

/* ---- measuring ---- */

static double seconds_now(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Tokens per second in one slice of time, by that clock. */
static double slice_of(world_work *work, world *w, clockid_t clock)
{
    size_t tokens = 0;
    double start = seconds_now(clock);
    double end = start;
    while (end - start < slice_seconds) {
        for (size_t some = 0; some < 8; some++)
            tokens += work(w);
        end = seconds_now(clock);
    }
    return (double)tokens / (end - start);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof values[0], compare);
    return values[count / 2];
}

typedef struct figures {
    double rate, limit, share;
} figures;

/* Work and limit in turn, by the time that this thread had the processor; both worlds may be the same. */
static figures measure(world_work *work, world *w, world_work *limit, world *limit_world, double seconds)
{
    static double rates[SLICES_MAX], limits[SLICES_MAX], shares[SLICES_MAX];
    size_t count = 0;
    double end = seconds_now(CLOCK_MONOTONIC) + seconds;
    while ((seconds_now(CLOCK_MONOTONIC) < end || count < 5) && count < SLICES_MAX) {
        rates[count] = slice_of(work, w, CLOCK_THREAD_CPUTIME_ID);
        limits[count] = slice_of(limit, limit_world, CLOCK_THREAD_CPUTIME_ID);
        shares[count] = rates[count] / limits[count];
        count++;
    }
    return (figures) { median(rates, count), median(limits, count), median(shares, count) };
}

static double allocations_of(world_work *work, world *w)
{
    size_t tokens = 0;
    for (int i = 0; i < WORLD_BATCH; i++) /* until everything has been met */
        (void)work(w);
    unsigned long before = allocations;
    for (int i = 0; i < 100; i++)
        tokens += work(w);
    return (double)(allocations - before) / (double)tokens;
}

/* ---- two threads ---- */

typedef struct racer {
    world *w;
    world_work *work;
    pthread_barrier_t *start;
    double *rates;
    size_t rounds;
} racer;

static void *race(void *argument)
{
    racer *r = argument;
    for (size_t i = 0; i < r->rounds; i++) {
        pthread_barrier_wait(r->start);
        r->rates[i] = slice_of(r->work, r->w, CLOCK_MONOTONIC);
    }
    return NULL;
}

static double best(const double *values, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = values[i] > most ? values[i] : most;
    return most;
}

/* What two threads do together, as a multiple of what one does alone: each at its best, because whatever else runs here takes a processor
 * away. */
static double two_threads(world_work *work, world worlds[2], size_t rounds)
{
    static double alone[SLICES_MAX], first[SLICES_MAX], second[SLICES_MAX];
    pthread_barrier_t start;
    pthread_t thread;
    racer other = { &worlds[1], work, &start, second, rounds };
    MUST(pthread_barrier_init(&start, NULL, 2) == 0 && pthread_create(&thread, NULL, race, &other) == 0);
    for (size_t i = 0; i < rounds; i++) {
        alone[i] = slice_of(work, &worlds[0], CLOCK_MONOTONIC);
        pthread_barrier_wait(&start);
        first[i] = slice_of(work, &worlds[0], CLOCK_MONOTONIC);
    }
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&start);
    for (size_t i = 0; i < rounds; i++)
        first[i] += second[i];
    return best(first, rounds) / best(alone, rounds);
}

/* ---- the table ---- */

typedef struct row {
    const char *name;
    world_work *work;
    world_work *limit;
    const char *limit_name;
    double target;
} row;

static const row hs256_rows[] = {
    { "sign, one call", sign_one, limit_hmac, "libcrypto, copied states", 1.0 },
    { "sign, batch", sign_batch, limit_hmac_burst, "intel-ipsec-mb, burst", 1.0 },
    { "verify, one call", verify_one, limit_hmac, "libcrypto, copied states", 0.60 },
    { "verify, batch", verify_batch, limit_hmac_burst, "intel-ipsec-mb, burst", 0.40 },
    { 0 },
};

static const row hs512_rows[] = {
    { "sign, one call", sign_one, limit_hmac, "libcrypto, copied states", 1.15 },
    { "sign, batch", sign_batch, limit_hmac_burst, "intel-ipsec-mb, burst", 1.0 },
    { "verify, one call", verify_one, limit_hmac, "libcrypto, copied states", 0.62 },
    { "verify, batch", verify_batch, limit_hmac_burst, "intel-ipsec-mb, burst", 0.42 },
    { 0 },
};

static const row pkey_rows[] = {
    { "sign", sign_one, limit_sign, "libcrypto, ready digest", 0.97 },
    { "verify", verify_one, limit_verify, "libcrypto, ready digest", 0.97 },
    { "verify, seen before", verify_seen, NULL, "HS256 verify, one call", 0.50 },
    { 0 },
};

static const struct {
    saf_idt_alg alg;
    const row *rows;
} subjects[] = {
    { SAF_IDT_HS256, hs256_rows }, { SAF_IDT_HS512, hs512_rows }, { SAF_IDT_RS256, pkey_rows },
    { SAF_IDT_PS256, pkey_rows },  { SAF_IDT_ES256, pkey_rows },  { SAF_IDT_EDDSA, pkey_rows },
};

static void print_row(const row *r, world worlds[2], world *hs256, double seconds)
{
    const char *alg = saf_idt_alg_name(worlds[0].key->alg);
    if (r->limit == limit_hmac_burst && !limits_have_burst()) {
        printf("| %s %s | | | %s: not available here | | | | |\n", alg, r->name, r->limit_name);
        return;
    }
    figures f = r->limit ? measure(r->work, &worlds[0], r->limit, &worlds[0], seconds) : measure(r->work, &worlds[0], verify_one, hs256, seconds);
    double gain = two_threads(r->work, worlds, (size_t)(seconds / slice_seconds / 4) + 3);
    printf("| %s %s | %.1f k | %.2f | %s: %.1f k | %.2f | %.2f | %.1f |\n", alg, r->name, f.rate / 1000, f.share, r->limit_name, f.limit / 1000,
           r->target, gain, allocations_of(r->work, &worlds[0]));
    fflush(stdout);
}

static void print_subject(saf_idt_alg alg, const row *rows, world *hs256, double seconds)
{
    static world worlds[2];
    world_key key;
    open_key(&key, alg);
    open_world(&worlds[0], &key);
    open_world(&worlds[1], &key);
    for (const row *r = rows; r->name; r++)
        print_row(r, worlds, hs256, seconds);
    close_world(&worlds[0]);
    close_world(&worlds[1]);
    close_key(&key);
}

int main(int argc, char **argv)
{
    static world hs256;
    world_key key;
    double seconds = argc > 1 ? atof(argv[1]) : 0.8;
    open_key(&key, SAF_IDT_HS256);
    open_world(&hs256, &key);
    printf("Signing input %zu bytes; path %s.\n\n", hs256.message_len, saf_idt_lane_path(hs256.lane));
    printf("| work | tokens/s | share of the limit | limit, per second | target | two threads | allocations per token |\n"
           "|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        print_subject(subjects[i].alg, subjects[i].rows, &hs256, seconds);
    close_world(&hs256);
    close_key(&key);
    peers_print(seconds);
    return 0;
}
