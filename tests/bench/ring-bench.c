/*
 * What a server pays for a ring of many certificates (argument; default 10 000), all with their keys: publishing it, polling it, opening it, renewing it after one change, finding each
 * label, loading a key; from the store and from the publication.
 *
 *     ring-bench [COUNT]
 */
#include <safring/cert.h>

#include <openssl/evp.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const saf_principal nobody = { 0 };
static saf_error err;

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

static void say(const char *where, const char *what, double start, unsigned times)
{
    printf("%-12s %-14s %12.1f us\n", where, what, (seconds_now() - start) * 1e6 / times);
    fflush(stdout);
}

static void add(saf_change *change, unsigned number)
{
    char label[16], subject[32];
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    snprintf(label, sizeof label, "c%u", number);
    snprintf(subject, sizeof subject, "CN=%s", label);
    const saf_issue_request issue = { .owner = "A", .label = label, .subject = subject, .profile = SAF_PROFILE_CLIENT, .key = key };
    const saf_connect_request connect = { .ring_owner = "A", .ring_name = "Ring", .cert_owner = "A", .cert_label = label,
                                          .usage = SAF_USAGE_PERSONAL, .is_default = number ? SAF_NOT_DEFAULT : SAF_DEFAULT };
    MUST(saf_cert_issue(NULL, change, &issue, &err));
    MUST(saf_ring_connect(change, &connect, &err));
    EVP_PKEY_free(key);
}

static void fill(saf_store *store, unsigned count)
{
    saf_change *change = NULL;
    MUST(saf_change_begin(&change, store, &nobody, &err));
    MUST(saf_ring_create(change, "A", "Ring", &err));
    for (unsigned i = 0; i < count; i++)
        add(change, i);
    MUST(saf_change_commit(&change, &err));
}

static void find_all(const saf_ring *ring, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char label[16];
        snprintf(label, sizeof label, "c%u", i);
        if (!saf_ring_find_label(ring, "A", label))
            abort();
    }
}

/* By another connection, in the middle of the ring; the change is not measured. */
static void change_one(saf_store *writer, unsigned number, bool connects)
{
    char label[16];
    saf_change *change = NULL;
    snprintf(label, sizeof label, "c%u", number);
    const saf_connect_request request = { .ring_owner = "A", .ring_name = "Ring", .cert_owner = "A", .cert_label = label,
                                          .usage = SAF_USAGE_PERSONAL, .is_default = number ? SAF_NOT_DEFAULT : SAF_DEFAULT };
    MUST(saf_change_begin(&change, writer, &nobody, &err));
    MUST(connects ? saf_ring_connect(change, &request, &err) : saf_ring_disconnect(change, "A", "Ring", "A", label, &err));
    MUST(saf_change_commit(&change, &err));
}

static double renew_once(saf_store *store, saf_ring **ring)
{
    saf_ring *now = NULL;
    double start = seconds_now();
    MUST(saf_ring_renew(&now, *ring, store, &nobody, &err));
    double end = seconds_now();
    if (!now)
        abort();
    saf_ring_close(ring);
    *ring = now;
    return end - start;
}

static void measure_renewal(const char *where, saf_store *store, saf_store *writer, saf_ring **ring)
{
    enum { RENEWALS = 10 };
    unsigned middle = (unsigned)saf_ring_size(*ring) / 2;
    double changed = 0, lost = 0, added = 0;
    for (int i = 0; i < RENEWALS; i++) {
        change_one(writer, middle, true);
        changed += renew_once(store, ring);
        change_one(writer, middle, false);
        lost += renew_once(store, ring);
        change_one(writer, middle, true);
        added += renew_once(store, ring);
    }
    say(where, "renew, changed", seconds_now() - changed, RENEWALS);
    say(where, "renew, lost", seconds_now() - lost, RENEWALS);
    say(where, "renew, added", seconds_now() - added, RENEWALS);
}

static void measure(const char *where, saf_store *store, saf_store *writer, unsigned count)
{
    enum { POLLS = 10000, OPENS = 3, KEYS = 5 };
    saf_ring *ring = NULL;
    uint64_t generation;
    double start = seconds_now();
    for (int i = 0; i < POLLS; i++)
        MUST(saf_ring_poll(&generation, store, &nobody, "A", "Ring", &err));
    say(where, "poll", start, POLLS);
    start = seconds_now();
    for (int i = 0; i < OPENS; i++) {
        saf_ring_close(&ring);
        MUST(saf_ring_open(&ring, store, &nobody, "A", "Ring", &err));
    }
    say(where, "open", start, OPENS);
    measure_renewal(where, store, writer, &ring);
    start = seconds_now();
    find_all(ring, count);
    say(where, "find a label", start, count);
    start = seconds_now();
    for (int i = 0; i < KEYS; i++) {
        EVP_PKEY *key = NULL;
        MUST(saf_ring_load_key(&key, ring, saf_ring_default(ring), store, &nobody, &err));
        EVP_PKEY_free(key);
    }
    say(where, "load a key", start, KEYS);
    saf_ring_close(&ring);
}

static void publish(saf_store *store)
{
    saf_change *change = NULL;
    double start = seconds_now();
    MUST(saf_change_begin(&change, store, &nobody, &err));
    MUST(saf_ring_publish(change, "A", "Ring", "pub", geteuid(), true, &err));
    MUST(saf_change_commit(&change, &err));
    if (saf_store_unpublished(store, &err))
        MUST(err.status);
    say("store", "publish", start, 1);
}

static int remove_entry(const char *path, __attribute__((unused)) const struct stat *status, __attribute__((unused)) int kind,
                        __attribute__((unused)) struct FTW *walk)
{
    return remove(path);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/ring-bench-XXXXXX";
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    saf_store *store = NULL, *writer = NULL, *reader = NULL;
    if (!mkdtemp(dir) || chdir(dir) != 0)
        return 1;
    MUST(saf_store_create("store", NULL, &err));
    MUST(saf_store_open(&store, "store", NULL, &err));
    fill(store, count);
    publish(store);
    MUST(saf_store_open(&writer, "store", NULL, &err));
    MUST(saf_store_open(&reader, "pub", NULL, &err));
    measure("store", store, writer, count);
    measure("publication", reader, writer, count);
    saf_store_close(&reader);
    saf_store_close(&writer);
    saf_store_close(&store);
    nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
