/*
 * What a store costs as it grows: as many certificates of one CA as the column says, without private keys; as many rings of three (at most 10 000), and one ring
 * that holds as many certificates (at most 10 000). Microseconds per call, each on something chosen at random, and the ratio to the smallest store.
 *
 *     store-bench [full]      full: 100 000 certificates too
 */
#include <safring/cert.h>

#include <openssl/evp.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SIZES = 3, ROWS_MAX = 32, RINGS_MAX = 10000, OWNERS = 10, BATCH = 1000, SAMPLE = 64 };

static const saf_principal nobody = { 0 };
static const double row_seconds = 0.3;
static saf_error err;

#define MUST(call) \
    do { \
        if ((call) != SAF_OK) { \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, err.text); \
            exit(1); \
        } \
    } while (0)

/* One size of store, and a handful of its certificates to ask for. */
typedef struct world {
    char dir[32];
    unsigned count, rings, made, toggled;
    saf_store *store, *writer;
    saf_signer *signer;
    saf_cert *ca, *sample[SAMPLE];
    saf_ring *big;
} world;

typedef struct table {
    const char *names[ROWS_MAX];
    double values[ROWS_MAX][SIZES];
    unsigned rows;
} table;

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The same sequence in each run. */
static unsigned any(unsigned below)
{
    static unsigned long long state = 1;
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)((state >> 33) % below);
}

static void name_cert(char owner[SAF_OWNER_MAX + 1], char label[SAF_LABEL_MAX + 1], unsigned number)
{
    snprintf(owner, SAF_OWNER_MAX + 1, "USER%u", number % OWNERS);
    snprintf(label, SAF_LABEL_MAX + 1, "cert %u", number);
}

/* ---- filling ---------------------------------------------------------------------------------------------- */

static saf_blob make_cert(const world *w, unsigned number)
{
    saf_blob der = { 0 };
    char subject[32];
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    snprintf(subject, sizeof subject, "CN=cert %u", number);
    const saf_issue_request request = { .profile = SAF_PROFILE_CLIENT, .subject = subject, .key = key };
    MUST(saf_signer_issue(&der, w->signer, &request, &err));
    EVP_PKEY_free(key);
    return der;
}

static void add_cert(world *w, saf_change *change, saf_bytes der)
{
    char owner[SAF_OWNER_MAX + 1], label[SAF_LABEL_MAX + 1];
    name_cert(owner, label, w->made++);
    const saf_cert_entry entry = { .owner = owner, .label = label, .trust = SAF_TRUST, .der = der };
    MUST(saf_store_add_cert(change, &entry, &err));
    MUST(saf_store_record_issued(change, w->ca, der, owner, label, &err));
}

static void connect_cert(saf_change *change, const char *ring, unsigned number, saf_default is_default)
{
    char owner[SAF_OWNER_MAX + 1], label[SAF_LABEL_MAX + 1];
    name_cert(owner, label, number);
    const saf_connect_request request = { .ring_owner = "SERVER", .ring_name = ring, .cert_owner = owner, .cert_label = label,
                                          .usage = SAF_USAGE_PERSONAL, .is_default = is_default };
    MUST(saf_ring_connect(change, &request, &err));
}

static void make_ca(world *w)
{
    saf_change *change = NULL;
    saf_key_spec spec;
    EVP_PKEY *key = NULL;
    MUST(saf_key_spec_parse(&spec, "ed25519", &err));
    MUST(saf_key_generate(&key, &spec, NULL, NULL, &err));
    MUST(saf_change_begin(&change, w->writer, &nobody, &err));
    const saf_issue_request request = { .owner = "CERTAUTH", .label = "ca", .profile = SAF_PROFILE_CA, .subject = "CN=Bench CA", .path_len = -1, .key = key };
    MUST(saf_cert_issue(&w->ca, change, &request, &err));
    MUST(saf_change_commit(&change, &err));
    MUST(saf_signer_open(&w->signer, w->writer, &nobody, "CERTAUTH", "ca", NULL, &err));
    EVP_PKEY_free(key);
}

static void fill_certs(world *w)
{
    while (w->made < w->count) {
        saf_change *change = NULL;
        MUST(saf_change_begin(&change, w->writer, &nobody, &err));
        for (unsigned i = 0; i < BATCH && w->made < w->count; i++) {
            saf_blob der = make_cert(w, w->made);
            add_cert(w, change, saf_bytes_of(der.data, der.len));
            saf_blob_free(&der);
        }
        MUST(saf_change_commit(&change, &err));
    }
}

static void fill_rings(world *w)
{
    saf_change *change = NULL;
    MUST(saf_change_begin(&change, w->writer, &nobody, &err));
    MUST(saf_ring_create(change, "SERVER", "Big", &err));
    for (unsigned i = 0; i < w->rings; i++) {
        char name[32];
        snprintf(name, sizeof name, "Ring %u", i);
        MUST(saf_ring_create(change, "SERVER", name, &err));
        for (unsigned j = 0; j < 3; j++)
            connect_cert(change, name, (i + j * 7) % w->count, j ? SAF_NOT_DEFAULT : SAF_DEFAULT);
        connect_cert(change, "Big", i, SAF_NOT_DEFAULT);
    }
    MUST(saf_change_commit(&change, &err));
}

static void open_world(world *w)
{
    snprintf(w->dir, sizeof w->dir, "store-%u", w->count);
    w->rings = w->count < RINGS_MAX ? w->count : RINGS_MAX;
    MUST(saf_store_create(w->dir, NULL, &err));
    MUST(saf_store_open(&w->writer, w->dir, NULL, &err));
    MUST(saf_store_open(&w->store, w->dir, NULL, &err));
    make_ca(w);
    fill_certs(w);
    fill_rings(w);
    for (unsigned i = 0; i < SAMPLE; i++) {
        char owner[SAF_OWNER_MAX + 1], label[SAF_LABEL_MAX + 1];
        name_cert(owner, label, any(w->count));
        MUST(saf_store_find_cert(&w->sample[i], w->store, &nobody, owner, label, &err));
    }
    MUST(saf_ring_open(&w->big, w->store, &nobody, "SERVER", "Big", &err));
}

static void close_world(world *w)
{
    for (unsigned i = 0; i < SAMPLE; i++)
        saf_cert_free(&w->sample[i]);
    saf_ring_close(&w->big);
    saf_cert_free(&w->ca);
    saf_signer_close(&w->signer);
    saf_store_close(&w->store);
    saf_store_close(&w->writer);
}

/* ---- what is measured ------------------------------------------------------------------------------------- */

static void open_store(world *w)
{
    saf_store *store = NULL;
    MUST(saf_store_open(&store, w->dir, NULL, &err));
    saf_store_close(&store);
}

static void by_label(world *w)
{
    saf_cert *cert = NULL;
    char owner[SAF_OWNER_MAX + 1], label[SAF_LABEL_MAX + 1];
    name_cert(owner, label, any(w->count));
    MUST(saf_store_find_cert(&cert, w->store, &nobody, owner, label, &err));
    saf_cert_free(&cert);
}

static void by_fingerprint(world *w)
{
    saf_cert *cert = NULL;
    MUST(saf_store_find_cert_by_fingerprint(&cert, w->store, &nobody, w->sample[any(SAMPLE)]->fingerprint, &err));
    saf_cert_free(&cert);
}

static void by_serial(world *w)
{
    saf_issued *issued = NULL;
    MUST(saf_store_find_issued(&issued, w->store, &nobody, w->ca, w->sample[any(SAMPLE)]->serial, &err));
    saf_issued_free(&issued);
}

static void by_key(world *w)
{
    saf_cert_page page = { 0 };
    const saf_cert *cert = w->sample[any(SAMPLE)];
    MUST(saf_store_find_certs_of_key(&page, w->store, &nobody, cert->owner, cert->key_id, &err));
    saf_cert_page_free(&page);
}

static void issuers(world *w)
{
    saf_cert_page page = { 0 };
    MUST(saf_store_find_issuers(&page, w->store, &nobody, w->sample[any(SAMPLE)], &err));
    saf_cert_page_free(&page);
}

static void revocation(world *w)
{
    int64_t at;
    MUST(saf_store_find_revocation(&at, NULL, w->store, w->sample[any(SAMPLE)]->fingerprint, &err));
}

/* Pages of 10, so that the smallest store has full ones. */
static void list_page(world *w, const char *owner)
{
    saf_cert_page page = { 0 };
    char after_owner[SAF_OWNER_MAX + 1];
    const saf_cert_query query = { .owner = owner, .after_owner = owner ? owner : after_owner, .after_label = "cert 1", .limit = 10 };
    snprintf(after_owner, sizeof after_owner, "USER%u", any(OWNERS));
    MUST(saf_store_list_certs(&page, w->store, &nobody, &query, &err));
    saf_cert_page_free(&page);
}

static void list_all(world *w)
{
    list_page(w, NULL);
}

static void list_owner(world *w)
{
    list_page(w, "USER5");
}

static void list_issued(world *w)
{
    saf_issued_page page = { 0 };
    const saf_issued_query query = { .after = any(w->count), .limit = 10 };
    MUST(saf_store_list_issued(&page, w->store, &nobody, w->ca, &query, &err));
    saf_issued_page_free(&page);
}

static void list_rings(world *w)
{
    saf_ring_page page = { 0 };
    const saf_ring_query query = { .after_owner = "SERVER", .after_name = "Ring 1", .limit = 10 };
    MUST(saf_store_list_rings(&page, w->store, &nobody, &query, &err));
    saf_ring_page_free(&page);
}

static void open_ring(world *w, const char *name)
{
    saf_ring *ring = NULL;
    MUST(saf_ring_open(&ring, w->store, &nobody, "SERVER", name, &err));
    saf_ring_close(&ring);
}

static void open_small(world *w)
{
    char name[32];
    snprintf(name, sizeof name, "Ring %u", any(w->rings));
    open_ring(w, name);
}

static void open_big(world *w)
{
    open_ring(w, "Big");
}

static void find_in_big(world *w)
{
    char owner[SAF_OWNER_MAX + 1], label[SAF_LABEL_MAX + 1];
    name_cert(owner, label, any(w->rings));
    if (!saf_ring_find_label(w->big, owner, label))
        abort();
}

static void poll(world *w, const char *name)
{
    uint64_t generation;
    MUST(saf_ring_poll(&generation, w->store, &nobody, "SERVER", name, &err));
}

static void poll_small(world *w)
{
    char name[32];
    snprintf(name, sizeof name, "Ring %u", any(w->rings));
    poll(w, name);
}

static void poll_big(world *w)
{
    poll(w, "Big");
}

/* ---- how it is measured ----------------------------------------------------------------------------------- */

static void put(table *t, unsigned column, unsigned *row, const char *name, double value)
{
    t->names[*row] = name;
    t->values[(*row)++][column] = value;
    t->rows = *row;
}

static double us_per_call(void (*work)(world *), world *w)
{
    unsigned calls = 0;
    work(w);
    double start = seconds_now();
    double end = start;
    for (; end - start < row_seconds; end = seconds_now(), calls++)
        work(w);
    return (end - start) * 1e6 / calls;
}

/* Another process's change makes a reader read pages again: poll, and renew the ring. The change is not measured. */
static double us_per_reload(world *w, const char *name)
{
    enum { TIMES = 10 };
    double spent = 0;
    saf_ring *ring = NULL, *now = NULL;
    MUST(saf_ring_open(&ring, w->store, &nobody, "SERVER", name, &err));
    for (unsigned i = 0; i < TIMES; i++) {
        saf_change *change = NULL;
        MUST(saf_change_begin(&change, w->writer, &nobody, &err));
        connect_cert(change, name, 0, w->toggled++ % 2 ? SAF_DEFAULT : SAF_NOT_DEFAULT);
        MUST(saf_change_commit(&change, &err));
        double start = seconds_now();
        poll(w, name);
        MUST(saf_ring_renew(&now, ring, w->store, &nobody, &err));
        spent += seconds_now() - start;
        if (!now) /* it was so already */
            continue;
        saf_ring_close(&ring);
        ring = now;
    }
    saf_ring_close(&ring);
    return spent * 1e6 / TIMES;
}

static double us_per_commit(world *w, unsigned batch, unsigned commits)
{
    double spent = 0;
    saf_blob *ders = calloc(batch, sizeof *ders);
    if (!ders)
        abort();
    for (unsigned i = 0; i < commits; i++) {
        saf_change *change = NULL;
        for (unsigned j = 0; j < batch; j++)
            ders[j] = make_cert(w, w->made + j);
        double start = seconds_now();
        MUST(saf_change_begin(&change, w->writer, &nobody, &err));
        for (unsigned j = 0; j < batch; j++)
            add_cert(w, change, saf_bytes_of(ders[j].data, ders[j].len));
        MUST(saf_change_commit(&change, &err));
        spent += seconds_now() - start;
        for (unsigned j = 0; j < batch; j++)
            saf_blob_free(&ders[j]);
    }
    free(ders);
    return spent * 1e6 / ((double)commits * batch);
}

static void measure(table *t, unsigned column, world *w)
{
    static const struct {
        const char *name;
        void (*work)(world *);
    } calls[] = {
        { "open the store", open_store },
        { "find by label", by_label },
        { "find by fingerprint", by_fingerprint },
        { "find by issuer and serial", by_serial },
        { "find by public key", by_key },
        { "find the issuer", issuers },
        { "find a revocation", revocation },
        { "list 10 of all", list_all },
        { "list 10 of an owner", list_owner },
        { "list 10 that a CA issued", list_issued },
        { "list 10 rings", list_rings },
        { "open a ring of 3", open_small },
        { "open the big ring", open_big },
        { "find a label in the big ring", find_in_big },
        { "poll a ring of 3", poll_small },
        { "poll the big ring", poll_big },
    };
    unsigned row = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        put(t, column, &row, calls[i].name, us_per_call(calls[i].work, w));
    put(t, column, &row, "renew a ring of 3, changed", us_per_reload(w, "Ring 0"));
    put(t, column, &row, "renew the big ring, changed", us_per_reload(w, "Big"));
    put(t, column, &row, "add a certificate, 1 a commit", us_per_commit(w, 1, 100));
    put(t, column, &row, "add a certificate, 100 a commit", us_per_commit(w, 100, 5));
    put(t, column, &row, "add a certificate, 1000 a commit", us_per_commit(w, 1000, 2));
}

static void print_table(const table *t, const unsigned *sizes, unsigned columns)
{
    printf("\n%-34s", "microseconds");
    for (unsigned i = 0; i < columns; i++)
        printf(i ? " %10u  ratio" : " %10u", sizes[i]);
    for (unsigned row = 0; row < t->rows; row++) {
        printf("\n%-34s", t->names[row]);
        for (unsigned i = 0; i < columns; i++) {
            printf(" %10.1f", t->values[row][i]);
            if (i)
                printf(" %6.1f", t->values[row][i] / t->values[row][0]);
        }
    }
    printf("\n%-34s", "commits per second, 1 each");
    for (unsigned i = 0; i < columns; i++)
        printf(i ? " %10.0f       " : " %10.0f", 1e6 / t->values[t->rows - 3][i]);
    printf("\n%-34s", "certificates per second, 1000 each");
    for (unsigned i = 0; i < columns; i++)
        printf(i ? " %10.0f       " : " %10.0f", 1e6 / t->values[t->rows - 1][i]);
    printf("\n");
}

static int remove_entry(const char *path, __attribute__((unused)) const struct stat *status, __attribute__((unused)) int kind,
                        __attribute__((unused)) struct FTW *walk)
{
    return remove(path);
}

int main(int argc, char **argv)
{
    static const unsigned sizes[SIZES] = { 100, 10000, 100000 };
    unsigned columns = argc > 1 && strcmp(argv[1], "full") == 0 ? SIZES : SIZES - 1;
    char dir[] = "/var/tmp/store-bench-XXXXXX"; /* /tmp may be memory */
    static table t;
    if (!mkdtemp(dir) || chdir(dir) != 0)
        return 1;
    for (unsigned i = 0; i < columns; i++) {
        world w = { .count = sizes[i] };
        double start = seconds_now();
        open_world(&w);
        printf("%u certificates, %u rings, the biggest with %u: made in %.1f s\n", w.count, w.rings + 1, w.rings, seconds_now() - start);
        fflush(stdout);
        measure(&t, i, &w);
        close_world(&w);
    }
    print_table(&t, sizes, columns);
    if (chdir("/") != 0)
        return 1;
    nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
