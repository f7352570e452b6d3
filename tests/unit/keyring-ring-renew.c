/* A snapshot that is renewed is the same as one that is opened now, whatever has changed, and leaves the old one alone. */
#include <support/keyring-world.h>

#include <pthread.h>

enum { CERTS = 12, STEPS = 900 };

/* A store with certificates A/0… in one ring or another, and what is changed next: the same sequence in each run. */
typedef struct model {
    keyring_world *w;
    test_cert ca, made[2 * CERTS];
    saf_store *writer; /* another connection than the reader's */
    unsigned long long state;
    unsigned serial;
} model;

static unsigned any(model *m, unsigned below)
{
    m->state = m->state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)((m->state >> 33) % below);
}

static void name_label(char label[SAF_LABEL_MAX + 1], unsigned number)
{
    snprintf(label, SAF_LABEL_MAX + 1, "cert %u", number);
}

/* ---- comparing ---- */

static void assert_same_text(const char *a, const char *b)
{
    assert_true(!a == !b);
    if (a)
        assert_string_equal(a, b);
}

static void assert_same_cert(const saf_cert *a, const saf_cert *b)
{
    assert_string_equal(a->owner, b->owner);
    assert_string_equal(a->label, b->label);
    assert_int_equal(a->trust, b->trust);
    assert_int_equal(a->der.len, b->der.len);
    assert_memory_equal(a->der.data, b->der.data, a->der.len);
    assert_string_equal(a->subject, b->subject);
    assert_string_equal(a->issuer, b->issuer);
    assert_string_equal(a->serial, b->serial);
    assert_true(a->not_before == b->not_before && a->not_after == b->not_after);
    assert_memory_equal(a->fingerprint, b->fingerprint, SAF_FINGERPRINT_LEN);
    assert_memory_equal(a->key_id, b->key_id, SAF_FINGERPRINT_LEN);
    assert_string_equal(a->key_type, b->key_type);
    assert_int_equal(a->key_bits, b->key_bits);
    assert_int_equal(a->key_place, b->key_place);
    assert_same_text(a->key_uri, b->key_uri);
    assert_true(a->revoked_at == b->revoked_at && a->reason == b->reason);
    assert_true(a->is_ca == b->is_ca && a->self_issued == b->self_issued);
}

static size_t place_of(const saf_ring *ring, const saf_connection *connection)
{
    size_t place = 0;
    while (saf_ring_at(ring, place) != connection)
        assert_true(++place <= saf_ring_size(ring));
    return place;
}

static void assert_same_ring(const saf_ring *a, const saf_ring *b)
{
    assert_int_equal(saf_ring_generation(a), saf_ring_generation(b));
    assert_int_equal(saf_ring_size(a), saf_ring_size(b));
    for (size_t i = 0; i < saf_ring_size(a); i++) {
        const saf_connection *x = saf_ring_at(a, i), *y = saf_ring_at(b, i);
        assert_same_cert(x->cert, y->cert);
        assert_int_equal(x->usage, y->usage);
        assert_int_equal(x->is_default, y->is_default);
        assert_ptr_equal(saf_ring_find_label(a, x->cert->owner, x->cert->label), x);
        assert_int_equal(place_of(a, saf_ring_find_label(a, NULL, x->cert->label)), place_of(b, saf_ring_find_label(b, NULL, y->cert->label)));
    }
    assert_null(saf_ring_at(a, saf_ring_size(a)));
    const saf_connection *x = saf_ring_default(a), *y = saf_ring_default(b);
    assert_true(!x == !y);
    if (x)
        assert_int_equal(place_of(a, x), place_of(b, y));
}

/* ---- one change after the other ---- */

static saf_change *begin(model *m)
{
    saf_change *change = NULL;
    assert_ok(saf_change_begin(&change, m->writer, NULL, &m->w->err), &m->w->err);
    return change;
}

/* What cannot be done as things are changes nothing. */
static saf_status commit(saf_change *change, saf_status status)
{
    if (status == SAF_OK)
        return saf_change_commit(&change, NULL);
    saf_change_abandon(&change);
    return status;
}

static saf_cert *find(model *m, unsigned number)
{
    saf_cert *cert = NULL;
    char label[SAF_LABEL_MAX + 1];
    name_label(label, number);
    return saf_store_find_cert(&cert, m->writer, NULL, "A", label, NULL) == SAF_OK ? cert : NULL;
}

static saf_status add(model *m, unsigned number)
{
    char label[SAF_LABEL_MAX + 1];
    name_label(label, number);
    test_cert *made = &m->made[number];
    test_cert_free(made);
    *made = test_cert_issued(label, (long)++m->serial, &m->ca, NULL);
    saf_change *change = begin(m);
    saf_status status = keyring_try_add(change, "A", label, made, any(m, 3) ? made->key : NULL, &m->w->err);
    OWN(saf_cert) *ca = NULL;
    assert_ok(saf_store_find_cert(&ca, m->writer, NULL, "CERTAUTH", "ca", &m->w->err), &m->w->err);
    if (status == SAF_OK)
        status = saf_store_record_issued(change, ca, made->der, "A", label, &m->w->err);
    return commit(change, status);
}

static saf_status connect(model *m, unsigned number)
{
    char label[SAF_LABEL_MAX + 1];
    static const saf_usage usages[] = { SAF_USAGE_PERSONAL, SAF_USAGE_CERTAUTH, SAF_USAGE_SITE };
    name_label(label, number);
    const saf_connect_request request = { .ring_owner = "A", .ring_name = any(m, 4) ? "Ring" : "Other", .cert_owner = "A", .cert_label = label,
                                          .usage = usages[any(m, 3)], .is_default = any(m, 2) ? SAF_DEFAULT : SAF_NOT_DEFAULT };
    saf_change *change = begin(m);
    return commit(change, saf_ring_connect(change, &request, NULL));
}

static saf_status disconnect(model *m, unsigned number)
{
    char label[SAF_LABEL_MAX + 1];
    name_label(label, number);
    saf_change *change = begin(m);
    return commit(change, saf_ring_disconnect(change, "A", "Ring", "A", label, NULL));
}

static saf_status alter(model *m, unsigned number)
{
    char label[SAF_LABEL_MAX + 1], other[SAF_LABEL_MAX + 1];
    name_label(label, number);
    name_label(other, any(m, 2 * CERTS));
    const saf_cert_alteration alteration = { .trust = any(m, 2) ? SAF_NOTRUST : SAF_HIGHTRUST, .new_label = any(m, 2) ? other : NULL };
    saf_change *change = begin(m);
    return commit(change, saf_store_alter_cert(change, "A", label, &alteration, NULL));
}

static saf_status renew(model *m, unsigned number)
{
    OWN(saf_cert) *cert = find(m, number);
    EVP_PKEY *key = NULL;
    if (!cert || saf_store_load_key(&key, m->writer, NULL, cert, NULL) != SAF_OK)
        return SAF_E_NOT_FOUND;
    OWN(test_cert) made = test_cert_issued("renewed", (long)++m->serial, &m->ca, key);
    EVP_PKEY_free(key);
    saf_change *change = begin(m);
    return commit(change, saf_store_replace_cert(change, cert, made.der, SAF_TRUST, SAF_REPLACE_RENEWED, NULL));
}

static saf_status roll_over(model *m, unsigned number)
{
    OWN(saf_cert) *old = find(m, number);
    OWN(saf_cert) *successor = find(m, any(m, 2 * CERTS));
    if (!old || !successor)
        return SAF_E_NOT_FOUND;
    saf_change *change = begin(m);
    return commit(change, saf_store_roll_over(NULL, change, old, successor, NULL));
}

static saf_status give_key(model *m, unsigned number)
{
    OWN(saf_cert) *cert = find(m, number);
    if (!cert || !m->made[number].key)
        return SAF_E_NOT_FOUND;
    saf_change *change = begin(m);
    return commit(change, saf_store_add_key(change, cert, m->made[number].key, NULL));
}

static saf_status revoke_it(model *m, unsigned number)
{
    OWN(saf_cert) *cert = find(m, number);
    OWN(saf_cert) *ca = NULL;
    if (!cert || saf_store_find_cert(&ca, m->writer, NULL, "CERTAUTH", "ca", NULL) != SAF_OK)
        return SAF_E_NOT_FOUND;
    static const saf_reason reasons[] = { SAF_REASON_CERTIFICATE_HOLD, SAF_REASON_REMOVE_FROM_CRL, SAF_REASON_UNSPECIFIED };
    saf_change *change = begin(m);
    return commit(change, saf_store_revoke(change, ca, cert->serial, reasons[any(m, 3)], NULL));
}

static saf_status delete_it(model *m, unsigned number)
{
    char label[SAF_LABEL_MAX + 1];
    name_label(label, number);
    saf_change *change = begin(m);
    return commit(change, saf_store_delete_cert(change, "A", label, SAF_FORCE, NULL));
}

/* Rarely: the ring is emptied, or deleted and made again. */
static saf_status empty(model *m, unsigned number)
{
    saf_change *change = begin(m);
    if (number % 4)
        return commit(change, SAF_E_NOT_FOUND);
    saf_status status = number % 8 ? saf_ring_delete(change, "A", "Ring", NULL) : SAF_OK;
    return commit(change, status == SAF_OK ? saf_data_new_ring(change, "A", "Ring", SAF_RING_REUSE, NULL) : status);
}

typedef saf_status (*change_fn)(model *m, unsigned number);

static const change_fn changes[] = { add,   add,       connect,  connect, connect, connect, connect, disconnect,
                                     alter, renew,     renew,    roll_over, give_key, revoke_it, delete_it,  empty };

static void open_model(model *m, keyring_world *w)
{
    *m = (model) { .w = w, .state = 42, .serial = 100 };
    m->ca = test_cert_self_signed("Test CA", 1);
    keyring_add(w, "CERTAUTH", "ca", &m->ca, m->ca.key);
    keyring_make_ring(w, "A", "Ring");
    keyring_make_ring(w, "A", "Other");
    m->writer = keyring_open_again(w);
}

static void close_model(model *m)
{
    for (size_t i = 0; i < sizeof m->made / sizeof *m->made; i++)
        test_cert_free(&m->made[i]);
    test_cert_free(&m->ca);
    saf_store_close(&m->writer);
}

static saf_ring *open_ring(keyring_world *w, const char *owner, const char *name)
{
    saf_ring *ring = NULL;
    assert_ok(saf_ring_open(&ring, w->store, NULL, owner, name, &w->err), &w->err);
    return ring;
}

/* NULL: nothing has changed. */
static saf_ring *renew_ring(keyring_world *w, const saf_ring *old)
{
    saf_ring *ring = NULL;
    assert_ok(saf_ring_renew(&ring, old, w->store, NULL, &w->err), &w->err);
    return ring;
}

static void follow(saf_ring **kept, keyring_world *w, const char *owner, const char *name)
{
    OWN(saf_ring) *opened = open_ring(w, owner, name);
    saf_ring *renewed = renew_ring(w, *kept);
    assert_int_equal(renewed == NULL, saf_ring_generation(opened) == saf_ring_generation(*kept));
    if (renewed) {
        saf_ring_close(kept);
        *kept = renewed;
    }
    assert_same_ring(*kept, opened);
}

/* ---- tests ---- */

TEST(a_renewed_snapshot_is_as_one_that_is_opened_now)
{
    model m;
    unsigned done[sizeof changes / sizeof *changes] = { 0 };
    open_model(&m, *state);
    saf_ring *stored = open_ring(m.w, "A", "Ring"), *virtual = open_ring(m.w, "A", "*"), *late = open_ring(m.w, "A", "Ring");
    for (unsigned i = 0; i < STEPS; i++) {
        size_t which = any(&m, sizeof changes / sizeof *changes);
        done[which] += changes[which](&m, any(&m, 2 * CERTS)) == SAF_OK;
        follow(&stored, m.w, "A", "Ring");
        follow(&virtual, m.w, "A", "*");
        if (i % 7 == 0) /* many changes at once */
            follow(&late, m.w, "A", "Ring");
    }
    for (size_t i = 0; i < sizeof done / sizeof *done; i++)
        if (done[i] < 3)
            fail_msg("change %zu happened %u times", i, done[i]);
    saf_ring_close(&stored);
    saf_ring_close(&virtual);
    saf_ring_close(&late);
    close_model(&m);
}

static void fill_ring(keyring_world *w, unsigned count)
{
    OWN(test_cert) ca = test_cert_self_signed("Test CA", 1);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_create(change, "A", "Ring", &w->err), &w->err);
    for (unsigned i = 0; i < count; i++) {
        char label[SAF_LABEL_MAX + 1];
        name_label(label, i);
        OWN(test_cert) made = test_cert_issued(label, (long)i + 2, &ca, ca.key);
        const saf_connect_request request = { .ring_owner = "A", .ring_name = "Ring", .cert_owner = "A", .cert_label = label,
                                              .usage = SAF_USAGE_PERSONAL, .is_default = i ? SAF_NOT_DEFAULT : SAF_DEFAULT };
        assert_ok(keyring_try_add(change, "A", label, &made, NULL, &w->err), &w->err);
        assert_ok(saf_ring_connect(change, &request, &w->err), &w->err);
    }
    keyring_commit(w, change);
}

static unsigned count_shared(const saf_ring *a, const saf_ring *b)
{
    unsigned count = 0;
    for (size_t i = 0; i < saf_ring_size(a); i++) {
        const saf_cert *cert = saf_ring_at(a, i)->cert;
        const saf_connection *there = saf_ring_find_label(b, cert->owner, cert->label);
        count += there && there->cert == cert;
    }
    return count;
}

TEST(what_has_not_changed_is_shared)
{
    keyring_world *w = *state;
    const saf_cert_alteration alteration = { .trust = SAF_NOTRUST };
    fill_ring(w, 300);
    OWN(saf_ring) *old = open_ring(w, "A", "Ring");
    OWN(saf_ring) *all = open_ring(w, "A", "*");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_alter_cert(change, "A", "cert 7", &alteration, &w->err), &w->err);
    assert_ok(saf_ring_disconnect(change, "A", "Ring", "A", "cert 150", &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_ring) *now = renew_ring(w, old);
    OWN(saf_ring) *all_now = renew_ring(w, all);
    assert_int_equal(saf_ring_size(now), 299);
    assert_int_equal(count_shared(now, old), 298);
    assert_ptr_equal(saf_ring_at(now, 299 - 1), saf_ring_at(old, 300 - 1)); /* a block of its own: not even the connection is another */
    assert_int_equal(count_shared(all_now, all), 299);
}

TEST(an_old_snapshot_stays_as_it_was)
{
    keyring_world *w = *state;
    fill_ring(w, 5);
    OWN(saf_ring) *old = open_ring(w, "A", "Ring");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "cert 0", SAF_FORCE, &w->err), &w->err);
    keyring_commit(w, change);
    saf_ring *now = renew_ring(w, old);
    assert_int_equal(saf_ring_size(now), 4);
    assert_null(saf_ring_default(now));
    saf_ring_close(&now);
    assert_int_equal(saf_ring_size(old), 5);
    assert_ptr_equal(saf_ring_default(old), saf_ring_at(old, 0));
    assert_string_equal(saf_ring_at(old, 0)->cert->subject, "CN=cert 0");
}

TEST(a_new_snapshot_outlives_the_old_one)
{
    keyring_world *w = *state;
    fill_ring(w, 5);
    saf_ring *old = open_ring(w, "A", "Ring");
    keyring_connect(w, "A", "Ring", "A", "cert 3", SAF_DEFAULT);
    OWN(saf_ring) *now = renew_ring(w, old);
    saf_ring_close(&old);
    assert_string_equal(saf_ring_default(now)->cert->label, "cert 3");
    assert_int_equal(saf_ring_at(now, 0)->is_default, SAF_NOT_DEFAULT);
}

TEST(nothing_new_is_no_snapshot)
{
    keyring_world *w = *state;
    fill_ring(w, 2);
    OWN(saf_ring) *old = open_ring(w, "A", "Ring");
    OWN(saf_ring) *nobody = open_ring(w, "NOBODY", "*");
    assert_null(renew_ring(w, old));
    assert_null(renew_ring(w, nobody));
    keyring_make_ring(w, "A", "Other");
    assert_null(renew_ring(w, old));
}

TEST(a_deleted_ring_is_not_found)
{
    keyring_world *w = *state;
    saf_ring *now = NULL;
    fill_ring(w, 2);
    OWN(saf_ring) *old = open_ring(w, "A", "Ring");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_delete(change, "A", "Ring", &w->err), &w->err);
    keyring_commit(w, change);
    assert_fails(saf_ring_renew(&now, old, w->store, NULL, &w->err), SAF_E_NOT_FOUND, &w->err, "no ring A/Ring");
    assert_codes(&w->err, 8, 8, 84);
    assert_null(now);
}

TEST(what_an_abandoned_change_showed_is_not_taken_for_anything_else)
{
    keyring_world *w = *state;
    fill_ring(w, 3);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_disconnect(change, "A", "Ring", "A", "cert 0", &w->err), &w->err);
    OWN(saf_ring) *never = open_ring(w, "A", "Ring");
    saf_change_abandon(&change);
    keyring_connect(w, "A", "Ring", "A", "cert 2", SAF_DEFAULT);
    OWN(saf_ring) *opened = open_ring(w, "A", "Ring");
    OWN(saf_ring) *renewed = renew_ring(w, never);
    assert_int_not_equal(saf_ring_generation(never), saf_ring_generation(opened)); /* what nobody was to see takes no number from others */
    assert_same_ring(renewed, opened);
}

TEST(a_snapshot_of_another_connection_is_renewed_too)
{
    keyring_world *w = *state;
    fill_ring(w, 3);
    OWN(saf_ring) *old = open_ring(w, "A", "Ring");
    OWN(saf_store) *other = keyring_open_again(w);
    saf_ring *now = NULL;
    assert_ok(saf_ring_renew(&now, old, other, NULL, &w->err), &w->err);
    assert_non_null(now); /* generations of two connections are not compared: one store may be an older copy of the other */
    assert_same_ring(now, old);
    assert_int_equal(count_shared(now, old), 3);
    saf_ring_close(&now);
}

TEST(a_published_snapshot_is_renewed)
{
    keyring_world *w = *state;
    saf_store *reader = NULL;
    saf_ring *old = NULL, *now = NULL;
    fill_ring(w, 3);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_publish(change, "A", "Ring", "pub", geteuid(), true, &w->err), &w->err);
    keyring_commit(w, change);
    assert_ok(saf_store_open(&reader, "pub", NULL, &w->err), &w->err);
    assert_ok(saf_ring_open(&old, reader, NULL, "A", "Ring", &w->err), &w->err);
    assert_ok(saf_ring_renew(&now, old, reader, NULL, &w->err), &w->err);
    assert_null(now);
    keyring_connect(w, "A", "Ring", "A", "cert 2", SAF_DEFAULT);
    assert_ok(saf_ring_renew(&now, old, reader, NULL, &w->err), &w->err);
    assert_int_equal(count_shared(now, old), 3);
    assert_string_equal(saf_ring_default(now)->cert->label, "cert 2");
    saf_ring_close(&now);
    saf_ring_close(&old);
    saf_store_close(&reader);
}

TEST(only_who_may_list_a_ring_renews_it)
{
    keyring_world *w = *state;
    saf_ring *now = NULL;
    fill_ring(w, 1);
    OWN(saf_ring) *old = open_ring(w, "A", "Ring");
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_ring_renew(&now, old, w->store, NULL, &w->err), SAF_E_DENIED, &w->err, "");
    assert_int_equal(w->function, SAF_FN_RING_LIST);
    assert_string_equal(w->name, "Ring");
}

/* ---- threads ---- */

enum { READERS = 3, RENEWALS = 60 };

/* One snapshot for each reader, which closes it; several hold parts of the same. */
typedef struct handover {
    pthread_mutex_t lock;
    saf_ring *rings[READERS];
    bool is_over;
} handover;

typedef struct reader {
    handover *handover;
    unsigned number, seen;
} reader;

static void *read_snapshots(void *context)
{
    reader *reader = context;
    for (bool is_over = false; !is_over;) {
        pthread_mutex_lock(&reader->handover->lock);
        saf_ring *ring = GIVE(&reader->handover->rings[reader->number]);
        is_over = reader->handover->is_over;
        pthread_mutex_unlock(&reader->handover->lock);
        for (size_t i = 0; ring && i < saf_ring_size(ring); i++) {
            const saf_cert *cert = saf_ring_at(ring, i)->cert;
            reader->seen += saf_ring_find_label(ring, cert->owner, cert->label)->cert == cert;
        }
        saf_ring_close(&ring);
    }
    return NULL;
}

static void hand_over(handover *handover, unsigned number, saf_ring *ring)
{
    pthread_mutex_lock(&handover->lock);
    saf_ring *unread = handover->rings[number];
    handover->rings[number] = ring;
    pthread_mutex_unlock(&handover->lock);
    saf_ring_close(&unread);
}

TEST(one_thread_renews_while_others_read_and_close)
{
    keyring_world *w = *state;
    handover handover = { .lock = PTHREAD_MUTEX_INITIALIZER };
    reader readers[READERS];
    pthread_t threads[READERS];
    fill_ring(w, 200);
    saf_ring *ring = open_ring(w, "A", "Ring");
    for (unsigned i = 0; i < READERS; i++) {
        readers[i] = (reader) { .handover = &handover, .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, read_snapshots, &readers[i]), 0);
    }
    for (unsigned i = 1; i <= RENEWALS; i++) { /* 0 is the default already */
        char label[SAF_LABEL_MAX + 1];
        name_label(label, i * 3);
        keyring_connect(w, "A", "Ring", "A", label, SAF_DEFAULT);
        saf_ring *now = renew_ring(w, ring);
        hand_over(&handover, i % READERS, GIVE(&ring));
        ring = now;
    }
    pthread_mutex_lock(&handover.lock);
    handover.is_over = true;
    pthread_mutex_unlock(&handover.lock);
    for (unsigned i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        saf_ring_close(&handover.rings[i]);
        assert_true(readers[i].seen > 0);
    }
    saf_ring_close(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(a_renewed_snapshot_is_as_one_that_is_opened_now),
        IN_KEYRING(what_has_not_changed_is_shared),
        IN_KEYRING(an_old_snapshot_stays_as_it_was),
        IN_KEYRING(a_new_snapshot_outlives_the_old_one),
        IN_KEYRING(nothing_new_is_no_snapshot),
        IN_KEYRING(a_deleted_ring_is_not_found),
        IN_KEYRING(what_an_abandoned_change_showed_is_not_taken_for_anything_else),
        IN_KEYRING(a_snapshot_of_another_connection_is_renewed_too),
        IN_KEYRING(a_published_snapshot_is_renewed),
        IN_KEYRING(only_who_may_list_a_ring_renews_it),
        IN_KEYRING(one_thread_renews_while_others_read_and_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
