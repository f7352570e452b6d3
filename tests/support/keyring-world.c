#include <support/keyring-world.h>

#include <support/scratch.h>

int keyring_enter(void **state)
{
    keyring_world *w = calloc(1, sizeof *w);
    if (!w || scratch_enter(&w->scratch) != 0)
        return -1;
    *state = w;
    return saf_store_create("store", NULL, NULL) != SAF_OK || saf_store_open(&w->store, "store", NULL, NULL) != SAF_OK;
}

int keyring_leave(void **state)
{
    keyring_world *w = *state;
    saf_store_close(&w->store);
    int answer = scratch_leave(&w->scratch);
    free(w);
    return answer;
}

void assert_ok(saf_status status, const saf_error *err)
{
    if (status != SAF_OK)
        fail_msg("%s: %s", saf_status_name(status), err->text);
}

void assert_fails(saf_status status, saf_status expected, const saf_error *err, const char *text)
{
    if (status != expected || !strstr(err->text, text))
        fail_msg("expected %s \"…%s…\", got %s \"%s\"", saf_status_name(expected), text, saf_status_name(status),
                 err->text);
    assert_int_equal(err->status, expected);
}

void assert_codes(const saf_error *err, int saf, int racf, int reason)
{
    assert_int_equal(err->codes.saf, saf);
    assert_int_equal(err->codes.racf, racf);
    assert_int_equal(err->codes.reason, reason);
}

saf_store *keyring_open_again(keyring_world *w)
{
    saf_store *store = NULL;
    assert_ok(saf_store_open(&store, "store", NULL, &w->err), &w->err);
    return store;
}

static saf_decision answer(void *context, const saf_principal *who, const saf_question *question)
{
    keyring_world *w = context;
    w->questions++;
    w->function = question->function;
    snprintf(w->user, sizeof w->user, "%s", who->user ? who->user : "");
    snprintf(w->owner, sizeof w->owner, "%s", question->owner);
    snprintf(w->name, sizeof w->name, "%s", question->name);
    return w->decision;
}

void keyring_use_authority(keyring_world *w)
{
    const saf_store_options options = { .authority = answer, .authority_context = w };
    saf_store_close(&w->store);
    assert_ok(saf_store_open(&w->store, "store", &options, &w->err), &w->err);
}

saf_change *keyring_begin(keyring_world *w)
{
    saf_change *change = NULL;
    assert_ok(saf_change_begin(&change, w->store, NULL, &w->err), &w->err);
    return change;
}

void keyring_commit(keyring_world *w, saf_change *change)
{
    assert_ok(saf_change_commit(&change, &w->err), &w->err);
    assert_null(change);
}

saf_status keyring_try_add(saf_change *change, const char *owner, const char *label, const test_cert *cert,
                           EVP_PKEY *key, saf_error *err)
{
    const saf_cert_entry entry = {
        .owner = owner, .label = label, .trust = SAF_TRUST, .der = cert->der, .key = key
    };
    return saf_store_add_cert(change, &entry, err);
}

void keyring_add(keyring_world *w, const char *owner, const char *label, const test_cert *cert, EVP_PKEY *key)
{
    saf_change *change = keyring_begin(w);
    assert_ok(keyring_try_add(change, owner, label, cert, key, &w->err), &w->err);
    keyring_commit(w, change);
}

void keyring_add_in_token(keyring_world *w, const char *owner, const char *label, const test_cert *cert, const char *uri)
{
    const saf_cert_entry entry = {
        .owner = owner, .label = label, .trust = SAF_TRUST, .der = cert->der, .key_uri = uri
    };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_add_cert(change, &entry, &w->err), &w->err);
    keyring_commit(w, change);
}

void keyring_record(keyring_world *w, const saf_cert *ca, const test_cert *cert, const char *owner, const char *label)
{
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_record_issued(change, ca, cert->der, owner, label, &w->err), &w->err);
    keyring_commit(w, change);
}

void keyring_make_ring(keyring_world *w, const char *owner, const char *name)
{
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_create(change, owner, name, &w->err), &w->err);
    keyring_commit(w, change);
}

void keyring_connect(keyring_world *w, const char *ring_owner, const char *ring_name, const char *cert_owner,
                     const char *label, saf_default is_default)
{
    const saf_connect_request request = {
        .ring_owner = ring_owner,
        .ring_name = ring_name,
        .cert_owner = cert_owner,
        .cert_label = label,
        .usage = saf_usage_of_owner(cert_owner),
        .is_default = is_default,
    };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_connect(change, &request, &w->err), &w->err);
    keyring_commit(w, change);
}

saf_cert *keyring_find(keyring_world *w, const char *owner, const char *label)
{
    saf_cert *cert = NULL;
    assert_ok(saf_store_find_cert(&cert, w->store, NULL, owner, label, &w->err), &w->err);
    return cert;
}

uint64_t keyring_poll(keyring_world *w, const char *owner, const char *name)
{
    uint64_t generation = 0;
    assert_ok(saf_ring_poll(&generation, w->store, NULL, owner, name, &w->err), &w->err);
    return generation;
}

saf_store_info keyring_describe(keyring_world *w)
{
    saf_store_info info;
    assert_ok(saf_store_describe(&info, w->store, NULL, &w->err), &w->err);
    return info;
}
