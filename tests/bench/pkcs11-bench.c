/*
 * Signatures per second with keys in a token: through saf_p11_signer, and by C_SignInit and C_Sign on the same key with one session per thread, in turn
 * in the same run, medians of seven rounds; "by CPU" is the ratio per processor time, which other programs disturb less. "copy" is a key that the token lets be copied into session memory, "fixed" one that it does not (CKA_MODIFIABLE false).
 *
 *     pkcs11-bench [SECONDS-PER-CELL]
 */
#include "bench-directory.h"

#include <safring/pkcs11.h>

#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 2, ROUNDS = 7 };

static saf_error err;
static CK_FUNCTION_LIST *cryptoki;
static CK_SLOT_ID slot;
static const unsigned char message[229] = "eyJhbGciOiJIUzI1NiJ9.";

#define MUST(call) \
    do { \
        if ((call) != SAF_OK) { \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, err.text); \
            exit(1); \
        } \
    } while (0)

#define MUST_CK(call) \
    do { \
        CK_RV answer_ = (call); \
        if (answer_ != CKR_OK) { \
            fprintf(stderr, "%s:%d: %s: CKR 0x%lX\n", __FILE__, __LINE__, #call, answer_); \
            exit(1); \
        } \
    } while (0)

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- what is measured ---- */

typedef struct key_kind {
    const char *name;
    saf_p11_mechanism mechanism;
    CK_MECHANISM_TYPE generate, bare; /* bare: what a program without a signer would call */
    size_t input_len;                 /* of the bare call: the message, or a digest */
} key_kind;

static const key_kind kinds[] = {
    { "HMAC-SHA-256", SAF_P11_HMAC_SHA256, CKM_GENERIC_SECRET_KEY_GEN, CKM_SHA256_HMAC, sizeof message },
    { "HMAC-SHA-512", SAF_P11_HMAC_SHA512, CKM_GENERIC_SECRET_KEY_GEN, CKM_SHA512_HMAC, sizeof message },
    { "RSA-2048", SAF_P11_RSA_SHA256, CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_SHA256_RSA_PKCS, sizeof message },
    { "ECDSA P-256", SAF_P11_ECDSA_SHA256, CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, 32 },
};

static CK_OBJECT_HANDLE make_secret(CK_SESSION_HANDLE session, char *label, CK_BBOOL modifiable)
{
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG len = 64;
    CK_MECHANISM how = { CKM_GENERIC_SECRET_KEY_GEN, NULL, 0 };
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE wanted[] = { { CKA_TOKEN, &yes, 1 }, { CKA_PRIVATE, &yes, 1 },     { CKA_SENSITIVE, &yes, 1 },
                              { CKA_SIGN, &yes, 1 },  { CKA_EXTRACTABLE, &no, 1 },  { CKA_MODIFIABLE, &modifiable, 1 },
                              { CKA_VALUE_LEN, &len, sizeof len }, { CKA_LABEL, label, strlen(label) } };
    MUST_CK(cryptoki->C_GenerateKey(session, &how, wanted, 8, &key));
    return key;
}

static CK_OBJECT_HANDLE make_pair(CK_SESSION_HANDLE session, char *label, CK_BBOOL modifiable, CK_MECHANISM_TYPE mechanism)
{
    static unsigned char curve[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 }, exponent[] = { 1, 0, 1 };
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG bits = 2048;
    CK_MECHANISM how = { mechanism, NULL, 0 };
    CK_OBJECT_HANDLE public_key, private_key;
    bool is_rsa = mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN;
    CK_ATTRIBUTE public[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ID, label, strlen(label) }, { 0 }, { CKA_PUBLIC_EXPONENT, exponent, sizeof exponent } };
    public[2] = is_rsa ? (CK_ATTRIBUTE) { CKA_MODULUS_BITS, &bits, sizeof bits } : (CK_ATTRIBUTE) { CKA_EC_PARAMS, curve, sizeof curve };
    CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 },      { CKA_PRIVATE, &yes, 1 },           { CKA_SENSITIVE, &yes, 1 },
                               { CKA_SIGN, &yes, 1 },       { CKA_MODIFIABLE, &modifiable, 1 }, { CKA_ID, label, strlen(label) },
                               { CKA_LABEL, label, strlen(label) } };
    MUST_CK(cryptoki->C_GenerateKeyPair(session, &how, public, is_rsa ? 4 : 3, private, 7, &public_key, &private_key));
    return private_key;
}

/* ---- one cell ---- */

typedef struct worker {
    pthread_t thread;
    const key_kind *kind;
    saf_p11_signer *signer; /* NULL: bare */
    CK_OBJECT_HANDLE key;
    unsigned long count;
    double cpu_seconds;
} worker;

static atomic_bool running;

static void sign_by_signer(worker *w)
{
    unsigned char out[SAF_P11_SIGNATURE_MAX];
    while (atomic_load_explicit(&running, memory_order_relaxed)) {
        size_t len = sizeof out;
        MUST(saf_p11_signer_sign(w->signer, saf_bytes_of(message, sizeof message), out, &len));
        w->count++;
    }
}

static void sign_bare(worker *w)
{
    unsigned char out[SAF_P11_SIGNATURE_MAX];
    CK_MECHANISM how = { w->kind->bare, NULL, 0 };
    CK_SESSION_HANDLE session;
    MUST_CK(cryptoki->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session));
    while (atomic_load_explicit(&running, memory_order_relaxed)) {
        CK_ULONG len = sizeof out;
        MUST_CK(cryptoki->C_SignInit(session, &how, w->key));
        MUST_CK(cryptoki->C_Sign(session, (CK_BYTE *)message, w->kind->input_len, out, &len));
        w->count++;
    }
    cryptoki->C_CloseSession(session);
}

static void *work(void *argument)
{
    worker *w = argument;
    if (w->signer)
        sign_by_signer(w);
    else
        sign_bare(w);
    w->cpu_seconds = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

typedef struct rate {
    double by_clock, by_cpu; /* signatures per second that passed, and per second of processor time that the threads had */
} rate;

static rate measure_once(const key_kind *kind, saf_p11_signer *signer, CK_OBJECT_HANDLE key, unsigned threads, double seconds)
{
    worker workers[THREADS_MAX];
    double count = 0, cpu_seconds = 0;
    struct timespec pause = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    atomic_store(&running, true);
    double start = seconds_of(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (worker) { .kind = kind, .signer = signer, .key = key };
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    nanosleep(&pause, NULL);
    atomic_store(&running, false);
    double took = seconds_of(CLOCK_MONOTONIC) - start;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        count += (double)workers[i].count;
        cpu_seconds += workers[i].cpu_seconds;
    }
    return (rate) { count / took, count / cpu_seconds };
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

static void measure(const key_kind *kind, const char *what, saf_p11_signer *signer, CK_OBJECT_HANDLE key, unsigned threads, double seconds)
{
    double bare[ROUNDS], ours[ROUNDS], ratio[ROUNDS], cpu_ratio[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        rate without = measure_once(kind, NULL, key, threads, seconds);
        rate with = measure_once(kind, signer, key, threads, seconds);
        bare[i] = without.by_clock;
        ours[i] = with.by_clock;
        ratio[i] = with.by_clock / without.by_clock;
        cpu_ratio[i] = with.by_cpu / without.by_cpu;
    }
    printf("%-14s %-6s %7u %12.0f %12.0f %8.2f %8.2f\n", kind->name, what, threads, median(bare), median(ours), median(ratio), median(cpu_ratio));
    fflush(stdout);
}

static void measure_key(const key_kind *kind, saf_p11 *p11, CK_SESSION_HANDLE session, CK_BBOOL modifiable, double seconds)
{
    static unsigned number;
    saf_p11_uri uri = { .token = "BENCH" };
    saf_p11_signer *signer = NULL;
    snprintf(uri.object, sizeof uri.object, "key%u", number++);
    CK_OBJECT_HANDLE key = kind->generate == CKM_GENERIC_SECRET_KEY_GEN ? make_secret(session, uri.object, modifiable)
                                                                        : make_pair(session, uri.object, modifiable, kind->generate);
    MUST(saf_p11_signer_open(&signer, p11, &uri, kind->mechanism, &err));
    for (unsigned threads = 1; threads <= THREADS_MAX; threads++)
        measure(kind, modifiable ? "copy" : "fixed", signer, key, threads, seconds);
    saf_p11_signer_close(&signer);
}

/* ---- the token ---- */

static void find_cryptoki(const saf_p11 *p11)
{
    CK_RV (*get_list)(CK_FUNCTION_LIST **list) = NULL;
    void *library = dlopen(saf_p11_module_path(p11), RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
    memcpy(&get_list, &symbol, sizeof symbol);
    if (!get_list || get_list(&cryptoki) != CKR_OK)
        exit(1);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/pkcs11-bench-XXXXXX";
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.4;
    saf_secret pin = { 0 };
    saf_p11 *p11 = NULL;
    saf_p11_token token;
    saf_p11_session *login = NULL;
    saf_p11_uri uri = { .token = "BENCH" };
    CK_SESSION_HANDLE session;
    if (!mkdtemp(dir) || chdir(dir) != 0)
        return 1;
    bench_configure_softhsm(dir);
    MUST(saf_secret_set(&pin, saf_bytes_of_text("1234567"), &err));
    MUST(saf_p11_open(&p11, NULL, &err));
    MUST(saf_p11_init_token(&token, p11, "BENCH", &pin, &pin, &err));
    MUST(saf_p11_login(&login, p11, &uri, &pin, &err));
    find_cryptoki(p11);
    slot = token.slot;
    MUST_CK(cryptoki->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    printf("%-14s %-6s %7s %12s %12s %8s %8s\n", "", "key", "threads", "bare /s", "signer /s", "ratio", "by CPU");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int modifiable = 1; modifiable >= 0; modifiable--)
            measure_key(&kinds[i], p11, session, modifiable ? CK_TRUE : CK_FALSE, seconds);
    saf_p11_logout(&login);
    saf_p11_close(&p11);
    saf_secret_free(&pin);
    bench_remove_directory(dir);
    return 0;
}
