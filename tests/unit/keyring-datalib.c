#include <support/keyring-world.h>
#include <support/scratch.h>

OWN_HANDLE(saf_query, saf_data_abort_query)
OWN_VALUE(saf_ring_info_page, saf_ring_info_page_free)
OWN_POINTER(EVP_PKEY, EVP_PKEY_free)

/* A/one with key (default), A/two with key (NOTRUST), CERTAUTH/ca in the ring A/Ring; A/Z and B/Ring are empty. */
static void fill(keyring_world *w)
{
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) one = test_cert_issued("one", 2, &ca, NULL);
    OWN(test_cert) two = test_cert_issued("two", 3, &ca, NULL);
    keyring_add(w, "CERTAUTH", "ca", &ca, ca.key);
    keyring_add(w, "A", "one", &one, one.key);
    keyring_add(w, "A", "two", &two, two.key);
    keyring_make_ring(w, "A", "Ring");
    keyring_make_ring(w, "A", "Z");
    keyring_make_ring(w, "B", "Ring");
    keyring_connect(w, "A", "Ring", "A", "one", SAF_DEFAULT);
    keyring_connect(w, "A", "Ring", "A", "two", SAF_NOT_DEFAULT);
    keyring_connect(w, "A", "Ring", "CERTAUTH", "ca", SAF_NOT_DEFAULT);
    const saf_cert_alteration alteration = { .trust = SAF_NOTRUST };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_alter_cert(change, "A", "two", &alteration, &w->err), &w->err);
    keyring_commit(w, change);
}

/* The labels that a filter finds, with a blank after each. */
static const char *found(keyring_world *w, saf_store *store, const saf_query_filter *filter)
{
    static char labels[100];
    OWN(saf_query) *query = NULL;
    saf_query_result result;
    labels[0] = 0;
    saf_status status = saf_data_get_first(&query, &result, store, NULL, "A", "Ring", filter, &w->err);
    while (status == SAF_OK) {
        size_t len = strlen(labels);
        snprintf(labels + len, sizeof labels - len, "%s ", result.connection->cert->label);
        status = saf_data_get_next(query, &result, &w->err);
    }
    assert_int_equal(status, SAF_E_NOT_FOUND);
    assert_codes(&w->err, 8, 8, 44);
    return labels;
}

static size_t member_count(keyring_world *w, const char *owner, const char *name)
{
    OWN(saf_ring_info_page) page = { 0 };
    assert_ok(saf_data_get_ring_info(&page, w->store, NULL, owner, name, SAF_SEARCH_THIS, 0, &w->err), &w->err);
    return page.rings[0].member_count;
}

/* ---- X'01' to X'03' --------------------------------------------------------------------------------------------- */

TEST(get_first_and_next_follow_the_filter)
{
    keyring_world *w = *state;
    fill(w);
    OWN(saf_cert) *one = keyring_find(w, "A", "one");
    const unsigned char *der = one->der.data;
    X509 *x509 = d2i_X509(NULL, &der, (long)one->der.len);
    unsigned char *name = NULL;
    int len = i2d_X509_NAME(X509_get_subject_name(x509), &name);
    assert_string_equal(found(w, w->store, NULL), "one ca ");
    assert_string_equal(found(w, w->store, &(saf_query_filter) { .statuses = SAF_NOTRUST }), "two ");
    assert_string_equal(found(w, w->store, &(saf_query_filter) { .statuses = 0xE0000000u }), "one two ca ");
    assert_string_equal(found(w, w->store, &(saf_query_filter) { .label = "ca" }), "ca ");
    assert_string_equal(found(w, w->store, &(saf_query_filter) { .label = "two" }), "");
    assert_string_equal(found(w, w->store, &(saf_query_filter) { .only_default = true }), "one ");
    assert_string_equal(found(w, w->store, &(saf_query_filter) { .subject = saf_bytes_of(name, (size_t)len) }), "one ");
    OPENSSL_free(name);
    X509_free(x509);
}

TEST(get_first_shows_key_subject_and_record_id)
{
    keyring_world *w = *state;
    OWN(saf_query) *query = NULL;
    saf_query_result result;
    fill(w);
    assert_ok(saf_data_get_first(&query, &result, w->store, NULL, "a", "Ring", NULL, &w->err), &w->err);
    assert_non_null(result.key);
    assert_null(result.key_uri);
    assert_true(result.subject.len > 0 && result.subject.data[0] == 0x30);
    assert_int_equal(result.record_id.len, strlen("2.CN=CA"));
    assert_memory_equal(result.record_id.data, "2.CN=CA", result.record_id.len);
    assert_ok(saf_data_get_next(query, &result, &w->err), &w->err);
    assert_string_equal(result.connection->cert->label, "ca");
    assert_null(result.key); /* it has one in the store, but is not PERSONAL here */
}

TEST(get_first_names_a_ring_that_is_not_there)
{
    keyring_world *w = *state;
    saf_query *query = NULL;
    saf_query_result result;
    fill(w);
    assert_fails(saf_data_get_first(&query, &result, w->store, NULL, "A", "None", NULL, &w->err), SAF_E_NOT_FOUND, &w->err, "A/None");
    assert_codes(&w->err, 8, 8, 84);
    assert_fails(saf_data_get_first(&query, &result, w->store, NULL, "TOOLONGNAME", "None", NULL, &w->err), SAF_E_USAGE, &w->err, "owner");
    assert_codes(&w->err, 8, 8, 28);
    assert_fails(saf_data_get_first(&query, &result, w->store, NULL, "B", "Ring", NULL, &w->err), SAF_E_NOT_FOUND, &w->err, "no certificate");
    assert_codes(&w->err, 8, 8, 44);
    assert_null(query);
    assert_fails(saf_data_get_first(&query, &result, w->store, NULL, "A", "Ring", &(saf_query_filter) { .statuses = 1 }, &w->err),
                 SAF_E_USAGE, &w->err, "statuses");
    assert_codes(&w->err, 8, 8, 4);
    saf_data_abort_query(&query);
    saf_data_abort_query(NULL);
}

TEST(abort_query_ends_a_query_at_any_point)
{
    keyring_world *w = *state;
    OWN(saf_query) *query = NULL;
    saf_query_result result;
    fill(w);
    assert_ok(saf_data_get_first(&query, &result, w->store, NULL, "A", "Ring", NULL, &w->err), &w->err);
    saf_data_abort_query(&query);
    assert_null(query);
    saf_data_abort_query(&query);
    assert_string_equal(found(w, w->store, NULL), "one ca ");
}

TEST(get_first_reads_virtual_rings)
{
    keyring_world *w = *state;
    OWN(saf_query) *query = NULL;
    saf_query_result result;
    fill(w);
    assert_ok(saf_data_get_first(&query, &result, w->store, NULL, "A", "*", NULL, &w->err), &w->err);
    assert_string_equal(result.connection->cert->label, "one");
    assert_int_equal(result.connection->usage, SAF_USAGE_PERSONAL);
    assert_non_null(result.key);
    saf_data_abort_query(&query);
    assert_ok(saf_data_get_first(&query, &result, w->store, NULL, "*AUTH*", "*", NULL, &w->err), &w->err);
    assert_string_equal(result.connection->cert->label, "ca");
    assert_int_equal(result.connection->usage, SAF_USAGE_CERTAUTH);
    assert_null(result.key);
    assert_fails(saf_data_get_next(query, &result, &w->err), SAF_E_NOT_FOUND, &w->err, "");
    assert_codes(&w->err, 8, 8, 44);
    saf_data_abort_query(&query);
    assert_fails(saf_data_get_first(&query, &result, w->store, NULL, "*SITE*", "*", NULL, &w->err), SAF_E_NOT_FOUND, &w->err, "");
    assert_codes(&w->err, 8, 8, 44);
}

TEST(get_first_is_for_who_may_list_the_ring)
{
    keyring_world *w = *state;
    OWN(saf_query) *query = NULL;
    saf_query_result result;
    fill(w);
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_data_get_first(&query, &result, w->store, NULL, "a", "Ring", NULL, &w->err), SAF_E_DENIED, &w->err, "ring-list on A/Ring");
    assert_codes(&w->err, 8, 8, 8);
    assert_null(query);
}

/* UPDATE or CONTROL on owner.ring.LST instead of READ. */
static saf_decision deny_others_keys(void *context, const saf_principal *who, const saf_question *question)
{
    (void)context;
    (void)who;
    return question->function == SAF_FN_CERT_KEY ? SAF_DENY : SAF_ALLOW;
}

TEST(keys_of_others_certificates_take_more_authority)
{
    keyring_world *w = *state;
    const saf_store_options options = { .authority = deny_others_keys };
    static const char *const owners[] = { "B", "SITE", "CERTAUTH" };
    OWN(saf_store) *store = NULL;
    fill(w);
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        OWN(test_cert) other = test_cert_self_signed(owners[i], 30 + (long)i);
        const saf_connect_request connect = { .ring_owner = "A", .ring_name = "Z", .cert_owner = owners[i], .cert_label = "other",
                                              .usage = SAF_USAGE_PERSONAL };
        keyring_add(w, owners[i], "other", &other, other.key);
        saf_change *change = keyring_begin(w);
        assert_ok(saf_ring_connect(change, &connect, &w->err), &w->err);
        keyring_commit(w, change);
    }
    keyring_connect(w, "A", "Z", "A", "one", SAF_NOT_DEFAULT);
    assert_ok(saf_store_open(&store, "store", &options, &w->err), &w->err);
    OWN(saf_query) *query = NULL;
    saf_query_result result;
    saf_status status = saf_data_get_first(&query, &result, store, NULL, "A", "Z", NULL, &w->err);
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        assert_ok(status, &w->err);
        assert_string_equal(result.connection->cert->owner, owners[i]);
        assert_null(result.key);
        status = saf_data_get_next(query, &result, &w->err);
    }
    assert_ok(status, &w->err);
    assert_string_equal(result.connection->cert->owner, "A");
    assert_non_null(result.key);
}

static saf_decision deny_keys(void *context, const saf_principal *who, const saf_question *question)
{
    (void)context;
    (void)who;
    return question->function == SAF_FN_RING_KEY ? SAF_DENY : SAF_ALLOW;
}

TEST(a_denied_key_is_no_key_and_no_error)
{
    keyring_world *w = *state;
    const saf_store_options options = { .authority = deny_keys };
    const saf_principal who = { .user = "b" };
    OWN(saf_store) *store = NULL;
    OWN(saf_query) *query = NULL;
    saf_query_result result;
    fill(w);
    OWN(test_cert) hsm = test_cert_self_signed("hsm", 9);
    keyring_add_in_token(w, "A", "hsm", &hsm, "pkcs11:token=T;id=%01;type=private");
    keyring_connect(w, "A", "Ring", "A", "hsm", SAF_NOT_DEFAULT);
    assert_ok(saf_store_open(&store, "store", &options, &w->err), &w->err);
    assert_ok(saf_data_get_first(&query, &result, store, &who, "A", "Ring", NULL, &w->err), &w->err);
    assert_string_equal(result.connection->cert->label, "one");
    assert_null(result.key);
    saf_data_abort_query(&query);
    const saf_query_filter filter = { .label = "hsm" };
    assert_ok(saf_data_get_first(&query, &result, store, &who, "A", "Ring", &filter, &w->err), &w->err);
    assert_null(result.key_uri);
    saf_data_abort_query(&query);
    assert_ok(saf_data_get_first(&query, &result, w->store, &who, "A", "Ring", &filter, &w->err), &w->err);
    assert_string_equal(result.key_uri, "pkcs11:token=T;id=%01;type=private");
}

TEST(a_query_is_a_snapshot)
{
    keyring_world *w = *state;
    OWN(saf_query) *query = NULL;
    saf_query_result result;
    fill(w);
    assert_ok(saf_data_get_first(&query, &result, w->store, NULL, "A", "Ring", NULL, &w->err), &w->err);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_disconnect(change, "A", "Ring", "CERTAUTH", "ca", &w->err), &w->err);
    keyring_commit(w, change);
    assert_ok(saf_data_get_next(query, &result, &w->err), &w->err);
    assert_string_equal(result.connection->cert->label, "ca");
}

TEST(queries_read_a_publication_too)
{
    keyring_world *w = *state;
    OWN(saf_store) *reader = NULL;
    OWN(saf_query) *query = NULL;
    OWN(saf_ring_info_page) page = { 0 };
    saf_query_result result;
    saf_trust trust;
    fill(w);
    OWN(saf_cert) *two = keyring_find(w, "A", "two");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_publish(change, "A", "Ring", "pub", geteuid(), true, &w->err), &w->err);
    keyring_commit(w, change);
    assert_ok(saf_store_open(&reader, "pub", NULL, &w->err), &w->err);
    assert_string_equal(found(w, reader, NULL), "one ca ");
    assert_ok(saf_data_get_first(&query, &result, reader, NULL, "A", "Ring", NULL, &w->err), &w->err);
    assert_non_null(result.key);
    assert_ok(saf_data_check_status(&trust, reader, NULL, two->der, &w->err), &w->err);
    assert_int_equal(trust, SAF_NOTRUST);
    assert_ok(saf_data_refresh(reader, NULL, &w->err), &w->err);
    assert_ok(saf_data_get_ring_info(&page, reader, NULL, "", "", SAF_SEARCH_AFTER, 0, &w->err), &w->err);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.rings[0].member_count, 3);
    assert_fails(saf_data_get_ring_info(&page, reader, NULL, "A", "Z", SAF_SEARCH_THIS, 0, &w->err), SAF_E_NOT_FOUND, &w->err, "A/Z");
    assert_codes(&w->err, 8, 8, 32);
}

/* ---- X'04', X'0B' ----------------------------------------------------------------------------------------------- */

TEST(check_status_knows_a_certificate_by_its_bytes)
{
    keyring_world *w = *state;
    saf_trust trust;
    fill(w);
    OWN(saf_cert) *two = keyring_find(w, "A", "two");
    OWN(test_cert) other = test_cert_self_signed("other", 1);
    assert_ok(saf_data_check_status(&trust, w->store, NULL, two->der, &w->err), &w->err);
    assert_int_equal(trust, SAF_NOTRUST);
    assert_fails(saf_data_check_status(&trust, w->store, NULL, other.der, &w->err), SAF_E_NOT_FOUND, &w->err, "fingerprint");
    assert_codes(&w->err, 8, 8, 44);
    assert_fails(saf_data_check_status(&trust, w->store, NULL, saf_bytes_of("x", 1), &w->err), SAF_E_MALFORMED, &w->err, "");
    assert_codes(&w->err, 8, 8, 4);
}

TEST(check_status_is_for_who_may_list_the_certificate)
{
    keyring_world *w = *state;
    saf_trust trust;
    fill(w);
    OWN(saf_cert) *two = keyring_find(w, "A", "two");
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_data_check_status(&trust, w->store, NULL, two->der, &w->err), SAF_E_DENIED, &w->err, "cert-list");
    assert_codes(&w->err, 8, 8, 8);
}

/* ---- X'05', X'06' ----------------------------------------------------------------------------------------------- */

TEST(get_update_code_is_the_rings_generation)
{
    keyring_world *w = *state;
    uint64_t code = 0, next = 0;
    fill(w);
    assert_ok(saf_ring_poll(&code, w->store, NULL, "a", "Ring", &w->err), &w->err);
    keyring_connect(w, "A", "Ring", "A", "two", SAF_DEFAULT);
    assert_ok(saf_ring_poll(&next, w->store, NULL, "A", "Ring", &w->err), &w->err);
    assert_true(next > code);
    assert_fails(saf_ring_poll(&code, w->store, NULL, "A", "None", &w->err), SAF_E_NOT_FOUND, &w->err, "A/None");
    assert_codes(&w->err, 8, 8, 84);
    assert_fails(saf_ring_poll(&code, w->store, NULL, "TOOLONGNAME", "Ring", &w->err), SAF_E_USAGE, &w->err, "owner");
    assert_codes(&w->err, 8, 8, 28);
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_ring_poll(&code, w->store, NULL, "A", "Ring", &w->err), SAF_E_DENIED, &w->err, "ring-list");
    assert_codes(&w->err, 8, 8, 8);
}

TEST(inc_serial_num_counts_a_cas_serials)
{
    keyring_world *w = *state;
    fill(w);
    OWN(saf_cert) *ca = keyring_find(w, "CERTAUTH", "ca");
    saf_change *change = keyring_begin(w);
    for (int i = 1; i <= 17; i++) {
        char expected[8];
        OWN(own_text) serial = NULL;
        snprintf(expected, sizeof expected, "%X", (unsigned)i);
        assert_ok(saf_store_next_serial(&serial, change, ca, &w->err), &w->err);
        assert_string_equal(serial, expected);
    }
    keyring_commit(w, change);
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    OWN(saf_change) *denied = keyring_begin(w);
    char *none = NULL;
    assert_fails(saf_store_next_serial(&none, denied, ca, &w->err), SAF_E_DENIED, &w->err, "cert-sign on CERTAUTH/ca");
    assert_codes(&w->err, 8, 8, 8);
}

TEST(refresh_asks_whether_the_caller_may)
{
    keyring_world *w = *state;
    keyring_use_authority(w);
    w->decision = SAF_ALLOW;
    assert_ok(saf_data_refresh(w->store, NULL, &w->err), &w->err);
    assert_int_equal(w->function, SAF_FN_STORE_READ);
    w->decision = SAF_NO_DECISION;
    assert_fails(saf_data_refresh(w->store, NULL, &w->err), SAF_E_DENIED, &w->err, "store-read");
    assert_codes(&w->err, 8, 8, 8);
}

/* ---- X'07' ------------------------------------------------------------------------------------------------------ */

TEST(new_ring_is_new_or_is_emptied)
{
    keyring_world *w = *state;
    fill(w);
    uint64_t before = keyring_poll(w, "A", "Ring");
    saf_change *change = keyring_begin(w);
    assert_fails(saf_data_new_ring(change, "A", "Ring", SAF_RING_MUST_BE_NEW, &w->err), SAF_E_EXISTS, &w->err, "A/Ring");
    assert_ok(saf_data_new_ring(change, "a", "Ring", SAF_RING_REUSE, &w->err), &w->err);
    assert_ok(saf_data_new_ring(change, "A", "New", SAF_RING_REUSE, &w->err), &w->err);
    assert_fails(saf_data_new_ring(change, "CERTAUTH", "New", SAF_RING_REUSE, &w->err), SAF_E_USAGE, &w->err, "owns no rings");
    assert_codes(&w->err, 8, 8, 28);
    keyring_commit(w, change);
    assert_int_equal(member_count(w, "A", "Ring"), 0);
    assert_int_equal(member_count(w, "A", "New"), 0);
    assert_true(keyring_poll(w, "A", "Ring") > before);
    OWN(saf_cert) *kept = keyring_find(w, "A", "one");
    assert_non_null(kept);
}

TEST(new_ring_asks_to_make_it_and_to_empty_it)
{
    keyring_world *w = *state;
    fill(w);
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_data_new_ring(change, "A", "New", SAF_RING_MUST_BE_NEW, &w->err), SAF_E_DENIED, &w->err, "ring-create on A/New");
    assert_codes(&w->err, 8, 8, 8);
    w->decision = SAF_ALLOW;
    assert_ok(saf_data_new_ring(change, "A", "Ring", SAF_RING_REUSE, &w->err), &w->err);
    assert_int_equal(w->function, SAF_FN_RING_REMOVE);
}

/* ---- X'08' ------------------------------------------------------------------------------------------------------ */

TEST(put_adds_and_connects)
{
    keyring_world *w = *state;
    OWN(saf_cert) *cert = NULL;
    bool was_there = true;
    fill(w);
    OWN(test_cert) new = test_cert_self_signed("new", 20);
    const saf_data_put_request request = { .ring_owner = "A", .ring_name = "Z", .owner = "A", .label = "new", .der = new.der, .key = new.key,
                                           .usage = SAF_USAGE_SITE, .usage_of_owner = true, .is_default = SAF_DEFAULT };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_data_put(&cert, &was_there, change, &request, &w->err), &w->err);
    keyring_commit(w, change);
    assert_false(was_there);
    assert_int_equal(cert->trust, SAF_TRUST);
    assert_int_equal(cert->key_place, SAF_KEY_STORED);
    saf_ring *ring = NULL;
    assert_ok(saf_ring_open(&ring, w->store, NULL, "A", "Z", &w->err), &w->err);
    assert_int_equal(saf_ring_default(ring)->usage, SAF_USAGE_PERSONAL);
    saf_ring_close(&ring);
}

TEST(put_tells_the_existing_label)
{
    keyring_world *w = *state;
    OWN(saf_cert) *cert = NULL;
    OWN(saf_cert) *with_key = NULL;
    bool was_there = false;
    fill(w);
    OWN(test_cert) new = test_cert_self_signed("new", 20);
    keyring_add(w, "B", "old label", &new, NULL);
    saf_data_put_request request = { .ring_owner = "A", .ring_name = "Z", .owner = "A", .label = "new", .der = new.der,
                                     .usage = SAF_USAGE_CERTAUTH, .trust = SAF_HIGHTRUST };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_data_put(&cert, &was_there, change, &request, &w->err), &w->err);
    assert_true(was_there);
    assert_string_equal(cert->owner, "B");
    assert_string_equal(cert->label, "old label");
    assert_int_equal(cert->trust, SAF_TRUST); /* as it was */
    request.ring_name = "*";
    request.key = new.key;
    assert_ok(saf_data_put(&with_key, NULL, change, &request, &w->err), &w->err);
    assert_int_equal(with_key->key_place, SAF_KEY_STORED);
    keyring_commit(w, change);
    assert_int_equal(member_count(w, "A", "Z"), 1);
}

TEST(put_without_a_ring_only_adds)
{
    keyring_world *w = *state;
    OWN(test_cert) new = test_cert_self_signed("new", 20);
    saf_data_put_request request = { .ring_name = "*", .owner = "SITE", .label = "new", .der = new.der, .trust = SAF_NOTRUST };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_data_put(NULL, NULL, change, &request, &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_cert) *cert = keyring_find(w, "SITE", "new");
    assert_int_equal(cert->trust, SAF_NOTRUST);
}

/* z/OS puts it into the old one's place. Who could have it certified is not known here. */
TEST(put_does_not_renew_in_place)
{
    keyring_world *w = *state;
    OWN(saf_cert) *added = NULL;
    bool was_there = true;
    fill(w);
    OWN(test_cert) ca = test_cert_self_signed("Another CA", 1);
    OWN(saf_cert) *before = keyring_find(w, "A", "one");
    OWN(EVP_PKEY) *key = NULL;
    assert_ok(saf_store_load_key(&key, w->store, NULL, before, &w->err), &w->err);
    OWN(test_cert) renewed = test_cert_issued("one", 50, &ca, key);
    saf_data_put_request request = { .ring_owner = "A", .ring_name = "Z", .owner = "a", .label = "one", .der = renewed.der, .usage = SAF_USAGE_PERSONAL };
    saf_change *change = keyring_begin(w);
    assert_fails(saf_data_put(NULL, NULL, change, &request, &w->err), SAF_E_EXISTS, &w->err, "A/one");
    assert_non_null(strstr(w->err.hint, "safring cert import renews A/one if its chain verifies"));
    request.label = "beside";
    assert_ok(saf_data_put(&added, &was_there, change, &request, &w->err), &w->err);
    keyring_commit(w, change);
    assert_false(was_there);
    assert_string_equal(added->label, "beside");
    assert_int_equal(added->key_place, SAF_KEY_STORED); /* one owner, one key */
    OWN(saf_cert) *after = keyring_find(w, "A", "one");
    assert_memory_equal(after->fingerprint, before->fingerprint, sizeof after->fingerprint);
    assert_int_equal(after->key_place, SAF_KEY_STORED);
}

TEST(put_under_a_label_of_another_key_says_nothing_of_renewal)
{
    keyring_world *w = *state;
    fill(w);
    OWN(test_cert) new = test_cert_self_signed("new", 20);
    const saf_data_put_request request = { .ring_owner = "A", .ring_name = "Z", .owner = "A", .label = "one", .der = new.der };
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_data_put(NULL, NULL, change, &request, &w->err), SAF_E_EXISTS, &w->err, "A/one");
    assert_null(strstr(w->err.hint, "cert import"));
}

TEST(put_that_fails_leaves_nothing)
{
    keyring_world *w = *state;
    saf_cert *cert = NULL;
    OWN(test_cert) new = test_cert_self_signed("new", 20);
    saf_data_put_request request = { .ring_owner = "A", .ring_name = "None", .owner = "A", .label = "new", .der = new.der };
    saf_change *change = keyring_begin(w);
    assert_fails(saf_data_put(&cert, NULL, change, &request, &w->err), SAF_E_NOT_FOUND, &w->err, "no ring A/None");
    assert_codes(&w->err, 8, 8, 84);
    request.der = saf_bytes_of("x", 1);
    assert_fails(saf_data_put(&cert, NULL, change, &request, &w->err), SAF_E_MALFORMED, &w->err, "");
    assert_codes(&w->err, 8, 8, 4);
    request.der = new.der;
    request.usage = (saf_usage)5;
    request.ring_name = "Ring";
    assert_fails(saf_data_put(&cert, NULL, change, &request, &w->err), SAF_E_USAGE, &w->err, "usage");
    assert_codes(&w->err, 8, 8, 4);
    request.usage = SAF_USAGE_PERSONAL;
    request.label = " x ";
    assert_fails(saf_data_put(&cert, NULL, change, &request, &w->err), SAF_E_USAGE, &w->err, "");
    assert_codes(&w->err, 8, 8, 4);
    request.label = NULL;
    assert_fails(saf_data_put(&cert, NULL, change, &request, &w->err), SAF_E_USAGE, &w->err, "label");
    assert_codes(&w->err, 8, 8, 4);
    keyring_commit(w, change);
    assert_fails(saf_store_find_cert(&cert, w->store, NULL, "A", "new", &w->err), SAF_E_NOT_FOUND, &w->err, "A/new");
}

/* ---- X'09' ------------------------------------------------------------------------------------------------------ */

static saf_status remove_one(keyring_world *w, const char *ring, unsigned how)
{
    saf_change *change = keyring_begin(w);
    saf_status status = saf_data_remove(change, "A", ring, "A", "one", how, &w->err);
    keyring_commit(w, change);
    return status;
}

static bool is_there(keyring_world *w)
{
    OWN(saf_cert) *cert = NULL;
    return saf_store_find_cert(&cert, w->store, NULL, "A", "one", NULL) == SAF_OK;
}

static void note_request(keyring_world *w)
{
    OWN(saf_cert) *cert = keyring_find(w, "A", "one");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_note_request(change, cert, &w->err), &w->err);
    keyring_commit(w, change);
}

TEST(remove_disconnects)
{
    keyring_world *w = *state;
    fill(w);
    assert_ok(remove_one(w, "Ring", SAF_REMOVE_CONNECTION), &w->err);
    assert_true(is_there(w));
    assert_int_equal(member_count(w, "A", "Ring"), 2);
    assert_fails(remove_one(w, "Ring", SAF_REMOVE_CONNECTION), SAF_E_NOT_FOUND, &w->err, "not connected");
    assert_codes(&w->err, 8, 8, 44);
    assert_fails(remove_one(w, "Ring", 1), SAF_E_USAGE, &w->err, "attributes");
    assert_codes(&w->err, 8, 8, 4);
    assert_fails(remove_one(w, "Ring", SAF_REMOVE_EVEN_CONNECTED), SAF_E_USAGE, &w->err, "attributes");
    assert_fails(remove_one(w, "*", SAF_REMOVE_CONNECTION), SAF_E_USAGE, &w->err, "delete");
}

TEST(remove_deletes_unless_connected_elsewhere)
{
    keyring_world *w = *state;
    fill(w);
    keyring_connect(w, "A", "Z", "A", "one", SAF_NOT_DEFAULT);
    assert_fails(remove_one(w, "Ring", SAF_REMOVE_DELETE), SAF_E_CONFLICT, &w->err, "A/Z");
    assert_int_equal(member_count(w, "A", "Ring"), 3); /* all or nothing */
    assert_ok(remove_one(w, "Ring", (unsigned)SAF_REMOVE_DELETE | SAF_REMOVE_EVEN_CONNECTED), &w->err);
    assert_false(is_there(w));
    assert_int_equal(member_count(w, "A", "Z"), 0);
}

TEST(remove_deletes_unless_a_request_is_awaited)
{
    keyring_world *w = *state;
    fill(w);
    note_request(w);
    assert_fails(remove_one(w, "Ring", SAF_REMOVE_DELETE), SAF_E_CONFLICT, &w->err, "awaited");
    assert_fails(remove_one(w, "*", (unsigned)SAF_REMOVE_DELETE | SAF_REMOVE_EVEN_REQUESTED), SAF_E_CONFLICT, &w->err, "A/Ring");
    assert_fails(remove_one(w, "Ring", (unsigned)SAF_REMOVE_DELETE | SAF_REMOVE_EVEN_CONNECTED), SAF_E_CONFLICT, &w->err, "awaited");
    assert_ok(remove_one(w, "Ring", (unsigned)SAF_REMOVE_DELETE | SAF_REMOVE_EVEN_REQUESTED), &w->err);
    assert_false(is_there(w));
}

TEST(remove_with_ring_star_deletes)
{
    keyring_world *w = *state;
    fill(w);
    note_request(w);
    assert_ok(remove_one(w, "*", (unsigned)SAF_REMOVE_DELETE | SAF_REMOVE_EVEN_CONNECTED | SAF_REMOVE_EVEN_REQUESTED), &w->err);
    assert_false(is_there(w));
}

TEST(remove_names_a_ring_that_is_not_there)
{
    keyring_world *w = *state;
    fill(w);
    assert_fails(remove_one(w, "None", SAF_REMOVE_CONNECTION), SAF_E_NOT_FOUND, &w->err, "A/None");
    assert_codes(&w->err, 8, 8, 84);
}

TEST(put_and_remove_are_for_who_may)
{
    keyring_world *w = *state;
    fill(w);
    OWN(test_cert) new = test_cert_self_signed("new", 20);
    const saf_data_put_request request = { .ring_owner = "A", .ring_name = "Z", .owner = "A", .label = "new", .der = new.der };
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_data_put(NULL, NULL, change, &request, &w->err), SAF_E_DENIED, &w->err, "cert-add on A/new");
    assert_codes(&w->err, 8, 8, 8);
    assert_fails(saf_data_remove(change, "A", "Ring", "A", "one", SAF_REMOVE_CONNECTION, &w->err), SAF_E_DENIED, &w->err, "ring-remove on A/Ring");
    assert_codes(&w->err, 8, 8, 8);
    assert_fails(saf_data_remove(change, NULL, "*", "A", "one", (unsigned)SAF_REMOVE_DELETE, &w->err), SAF_E_DENIED, &w->err, "cert-delete on A/one");
    assert_codes(&w->err, 8, 8, 8);
}

/* ---- X'0A', X'0C' ----------------------------------------------------------------------------------------------- */

TEST(del_ring_leaves_the_certificates)
{
    keyring_world *w = *state;
    fill(w);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_delete(change, "a", "Ring", &w->err), &w->err);
    assert_fails(saf_ring_delete(change, "A", "Ring", &w->err), SAF_E_NOT_FOUND, &w->err, "A/Ring");
    assert_codes(&w->err, 8, 8, 84);
    keyring_commit(w, change);
    assert_true(is_there(w));
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    OWN(saf_change) *denied = keyring_begin(w);
    assert_fails(saf_ring_delete(denied, "A", "Z", &w->err), SAF_E_DENIED, &w->err, "ring-delete on A/Z");
    assert_codes(&w->err, 8, 8, 8);
}

TEST(data_alter_changes_status_and_label)
{
    keyring_world *w = *state;
    const saf_cert_alteration alteration = { .trust = SAF_HIGHTRUST, .new_label = "first" };
    fill(w);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_alter_cert(change, "A", "one", &alteration, &w->err), &w->err);
    assert_fails(saf_store_alter_cert(change, "A", "one", &alteration, &w->err), SAF_E_NOT_FOUND, &w->err, "A/one");
    assert_codes(&w->err, 8, 8, 44);
    keyring_commit(w, change);
    OWN(saf_cert) *cert = keyring_find(w, "A", "first");
    assert_int_equal(cert->trust, SAF_HIGHTRUST);
    assert_string_equal(found(w, w->store, NULL), "first ca ");
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    OWN(saf_change) *denied = keyring_begin(w);
    assert_fails(saf_store_alter_cert(denied, "A", "first", &alteration, &w->err), SAF_E_DENIED, &w->err, "cert-alter on A/first");
    assert_codes(&w->err, 8, 8, 8);
}

/* ---- X'0D' ------------------------------------------------------------------------------------------------------ */

/* "A/Ring:3 A/Z:0 " */
static const char *info(keyring_world *w, const char *owner, const char *name, saf_ring_search search, size_t limit)
{
    static char text[200];
    OWN(saf_ring_info_page) page = { 0 };
    text[0] = 0;
    saf_status status = saf_data_get_ring_info(&page, w->store, NULL, owner, name, search, limit, &w->err);
    if (status != SAF_OK) {
        assert_int_equal(status, SAF_E_NOT_FOUND);
        assert_codes(&w->err, 8, 8, 32);
    }
    for (size_t i = 0; i < page.count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s/%.20s:%zu ", page.rings[i].owner, page.rings[i].name, page.rings[i].member_count);
    }
    return text;
}

TEST(ring_info_searches_in_four_ways)
{
    keyring_world *w = *state;
    fill(w);
    assert_string_equal(info(w, "a", "Ring", SAF_SEARCH_THIS, 0), "A/Ring:3 ");
    assert_string_equal(info(w, "A", "*", SAF_SEARCH_THIS, 0), "A/*:2 ");
    assert_string_equal(info(w, "A", "None", SAF_SEARCH_THIS, 0), "");
    assert_string_equal(info(w, NULL, NULL, SAF_SEARCH_AFTER, 0), "A/Ring:3 A/Z:0 B/Ring:0 ");
    assert_string_equal(info(w, "A", "Ring", SAF_SEARCH_AFTER, 0), "A/Z:0 B/Ring:0 ");
    assert_string_equal(info(w, "A", "Ring", SAF_SEARCH_AFTER, 1), "A/Z:0 ");
    assert_string_equal(info(w, "A", "Ring", SAF_SEARCH_SAME_OWNER, 0), "A/Z:0 ");
    assert_string_equal(info(w, "A", NULL, SAF_SEARCH_SAME_OWNER, 0), "A/Ring:3 A/Z:0 ");
    assert_string_equal(info(w, "A", "Ring", SAF_SEARCH_SAME_NAME, 0), "B/Ring:0 ");
    assert_string_equal(info(w, "B", "Ring", SAF_SEARCH_SAME_NAME, 0), "");
    OWN(saf_ring_info_page) page = { 0 };
    assert_ok(saf_data_get_ring_info(&page, w->store, NULL, "A", "Ring", SAF_SEARCH_THIS, 0, &w->err), &w->err);
    assert_string_equal(page.rings[0].members[2].owner, "CERTAUTH");
    assert_string_equal(page.rings[0].members[2].label, "ca");
    assert_int_equal(page.rings[0].generation, keyring_poll(w, "A", "Ring"));
    saf_ring_info_page none = { 0 };
    assert_fails(saf_data_get_ring_info(&none, w->store, NULL, "A", "", SAF_SEARCH_THIS, 0, &w->err), SAF_E_USAGE, &w->err, "GetRingInfo");
    assert_codes(&w->err, 8, 8, 4);
}

TEST(ring_info_goes_past_a_page)
{
    keyring_world *w = *state;
    saf_change *change = keyring_begin(w);
    for (int i = 0; i < 405; i++) {
        char name[20];
        snprintf(name, sizeof name, "r%03d", i);
        assert_ok(saf_ring_create(change, i % 2 ? "C" : "D", name, &w->err), &w->err);
    }
    assert_ok(saf_ring_create(change, "D", "wanted", &w->err), &w->err);
    keyring_commit(w, change);
    assert_string_equal(info(w, "B", "wanted", SAF_SEARCH_SAME_NAME, 0), "D/wanted:0 ");
}

static saf_decision only_b(void *context, const saf_principal *who, const saf_question *question)
{
    (void)context;
    (void)who;
    return !strcmp(question->owner, "B") ? SAF_ALLOW : SAF_NO_DECISION;
}

TEST(ring_info_leaves_out_what_may_not_be_listed)
{
    keyring_world *w = *state;
    const saf_store_options options = { .authority = only_b };
    OWN(saf_store) *store = NULL;
    OWN(saf_ring_info_page) page = { 0 };
    fill(w);
    assert_ok(saf_store_open(&store, "store", &options, &w->err), &w->err);
    assert_ok(saf_data_get_ring_info(&page, store, NULL, "", "", SAF_SEARCH_AFTER, 0, &w->err), &w->err);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.rings[0].owner, "B");
    saf_ring_info_page none = { 0 };
    assert_fails(saf_data_get_ring_info(&none, store, NULL, "A", "Ring", SAF_SEARCH_THIS, 0, &w->err), SAF_E_DENIED, &w->err, "A/Ring");
    assert_codes(&w->err, 8, 8, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(get_first_and_next_follow_the_filter),
        IN_KEYRING(get_first_shows_key_subject_and_record_id),
        IN_KEYRING(get_first_names_a_ring_that_is_not_there),
        IN_KEYRING(abort_query_ends_a_query_at_any_point),
        IN_KEYRING(get_first_reads_virtual_rings),
        IN_KEYRING(get_first_is_for_who_may_list_the_ring),
        IN_KEYRING(keys_of_others_certificates_take_more_authority),
        IN_KEYRING(a_denied_key_is_no_key_and_no_error),
        IN_KEYRING(a_query_is_a_snapshot),
        IN_KEYRING(queries_read_a_publication_too),
        IN_KEYRING(check_status_knows_a_certificate_by_its_bytes),
        IN_KEYRING(check_status_is_for_who_may_list_the_certificate),
        IN_KEYRING(get_update_code_is_the_rings_generation),
        IN_KEYRING(inc_serial_num_counts_a_cas_serials),
        IN_KEYRING(refresh_asks_whether_the_caller_may),
        IN_KEYRING(new_ring_is_new_or_is_emptied),
        IN_KEYRING(new_ring_asks_to_make_it_and_to_empty_it),
        IN_KEYRING(put_adds_and_connects),
        IN_KEYRING(put_tells_the_existing_label),
        IN_KEYRING(put_without_a_ring_only_adds),
        IN_KEYRING(put_does_not_renew_in_place),
        IN_KEYRING(put_under_a_label_of_another_key_says_nothing_of_renewal),
        IN_KEYRING(put_that_fails_leaves_nothing),
        IN_KEYRING(remove_disconnects),
        IN_KEYRING(remove_deletes_unless_connected_elsewhere),
        IN_KEYRING(remove_deletes_unless_a_request_is_awaited),
        IN_KEYRING(remove_with_ring_star_deletes),
        IN_KEYRING(remove_names_a_ring_that_is_not_there),
        IN_KEYRING(put_and_remove_are_for_who_may),
        IN_KEYRING(del_ring_leaves_the_certificates),
        IN_KEYRING(data_alter_changes_status_and_label),
        IN_KEYRING(ring_info_searches_in_four_ways),
        IN_KEYRING(ring_info_goes_past_a_page),
        IN_KEYRING(ring_info_leaves_out_what_may_not_be_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
