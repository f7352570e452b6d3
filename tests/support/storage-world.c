#include <support/storage-world.h>

#include <support/scratch.h>

#include "authenticator.h"

enum { TIMEOUT_MS = 200, HASHES = 20000 };

/* Keys of no store. */
static authenticator *make_authenticator(saf_error *err)
{
    authenticator *made = NULL;
    OWN(saf_secret) row = { 0 };
    OWN(saf_secret) sum = { 0 };
    const struct authenticator_keys keys = { .row = &row, .sum = &sum, .seal = &sum };
    if (saf_secret_set(&row, hash_of(1), err) != SAF_OK || saf_secret_set(&sum, hash_of(2), err) != SAF_OK ||
        authenticator_open(&made, &keys, "nobody's", err) != SAF_OK)
        return NULL;
    return made;
}

static saf_status make(storage_world *w)
{
    struct storage *made = NULL;
    saf_status status = storage_open(&made, ".", STORAGE_MAKE, TIMEOUT_MS, &w->err);
    if (status == SAF_OK)
        authenticator_attach(w->authenticator, made);
    if (status == SAF_OK)
        status = storage_begin_write(made, &w->err);
    if (status == SAF_OK)
        status = storage_make_schema(made, &w->err);
    if (status == SAF_OK)
        status = storage_commit(made, &w->err);
    storage_close(&made);
    return status;
}

saf_status storage_open_again(storage_world *w, struct storage **out)
{
    saf_status status = storage_open(out, ".", STORAGE_USE, TIMEOUT_MS, &w->err);
    if (status == SAF_OK)
        authenticator_attach(w->authenticator, *out);
    return status;
}

int storage_enter(void **state)
{
    storage_world *w = calloc(1, sizeof *w);
    if (!w || scratch_enter(&w->scratch) != 0)
        return -1;
    *state = w;
    w->authenticator = make_authenticator(&w->err);
    return !w->authenticator || make(w) != SAF_OK || storage_open_again(w, &w->storage) != SAF_OK || storage_open_again(w, &w->other) != SAF_OK;
}

int storage_leave(void **state)
{
    storage_world *w = *state;
    storage_close(&w->storage);
    storage_close(&w->other);
    authenticator_close(&w->authenticator);
    int answer = scratch_leave(&w->scratch);
    free(w);
    return answer;
}

void assert_done(storage_world *w, saf_status status)
{
    if (status != SAF_OK)
        fail_msg("%s: %s", saf_status_name(status), w->err.text);
}

void assert_refused(storage_world *w, saf_status status)
{
    if (status != SAF_E_FAILED)
        fail_msg("expected a refusal, got %s: %s", saf_status_name(status), w->err.text);
    assert_true(w->err.text[0]);
}

saf_bytes hash_of(unsigned number)
{
    static unsigned char hashes[HASHES][SAF_FINGERPRINT_LEN];
    assert_true(number < HASHES);
    hashes[number][1] = (unsigned char)(number >> 8);
    hashes[number][2] = (unsigned char)number;
    hashes[number][SAF_FINGERPRINT_LEN - 1] = 0xFF;
    return saf_bytes_of(hashes[number], SAF_FINGERPRINT_LEN);
}

struct storage_new_cert new_cert_of(const char *owner, const char *label, unsigned number)
{
    static char serial[16];
    snprintf(serial, sizeof serial, "%X", number);
    return (struct storage_new_cert) {
        .owner = owner,
        .label = label,
        .trust = SAF_TRUST,
        .der = hash_of(number),
        .issuer_digest = hash_of(0),
        .serial = serial,
        .subject_hash = number,
        .fingerprint = hash_of(number),
        .key_id = hash_of(number),
        .not_after = number,
    };
}

static saf_status note_id(void *context, const struct storage_cert *cert, saf_error *err)
{
    (void)err;
    *(int64_t *)context = cert->id;
    return SAF_OK;
}

int64_t find_cert_id(storage_world *w, const char *owner, const char *label)
{
    int64_t id = 0;
    DONE(storage_find_cert(w->storage, owner, label, note_id, &id, &w->err));
    return id;
}

int64_t add_cert(storage_world *w, const char *owner, const char *label, unsigned number)
{
    const struct storage_new_cert cert = new_cert_of(owner, label, number);
    DONE(storage_add_cert(w->storage, &cert, &w->err));
    return find_cert_id(w, owner, label);
}

void add_key(storage_world *w, unsigned number, const char *uri)
{
    const saf_bytes none = { .data = NULL };
    const struct storage_key key = { .id = hash_of(number), .record_id = saf_bytes_of(hash_of(number).data, STORAGE_RECORD_ID_LEN), .version = 1,
                                     .sealed = uri ? none : saf_bytes_of("\0sealed", 7), .uri = uri };
    DONE(storage_add_key(w->storage, &key, &w->err));
}

int64_t add_ring(storage_world *w, const char *name, uint64_t generation)
{
    struct storage_ring_state state;
    DONE(storage_add_ring(w->storage, "A", name, generation, &w->err));
    DONE(storage_poll_ring(&state, w->storage, "A", name, &w->err));
    return state.id;
}

void seen_free(seen *seen)
{
    saf_buffer_free(&seen->text);
}

static saf_status go_on(seen *seen, saf_error *err)
{
    if (err && seen->count + 1 == seen->stop_after)
        snprintf(err->text, sizeof err->text, "enough");
    return ++seen->count == seen->stop_after ? SAF_E_CONFLICT : saf_buffer_check(&seen->text, err);
}

saf_status see_cert(void *context, const struct storage_cert *cert, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%s/%s ", cert->owner, cert->label);
    return go_on(seen, err);
}

saf_status see_ring(void *context, const struct storage_ring *ring, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%s/%s:%llu ", ring->owner, ring->name, (unsigned long long)ring->size);
    return go_on(seen, err);
}

saf_status see_number(void *context, int64_t number, saf_error *err)
{
    seen *seen = context;
    saf_buffer_printf(&seen->text, "%lld ", (long long)number);
    return go_on(seen, err);
}

void assert_seen(seen *seen, const char *expected)
{
    assert_string_equal(saf_buffer_text(&seen->text), expected);
    saf_buffer_free(&seen->text);
    seen->count = 0;
}
