#include <support/keyring-world.h>

static void assert_same_bytes(saf_bytes got, saf_bytes expected)
{
    assert_int_equal(got.len, expected.len);
    assert_memory_equal(got.data, expected.data, expected.len);
}

/* A/web: a certificate with its key, the default of ring A/Ring. */
static test_cert enter(keyring_world *w)
{
    test_cert made = test_cert_self_signed("web", 1);
    keyring_add(w, "A", "web", &made, made.key);
    keyring_make_ring(w, "A", "Ring");
    keyring_connect(w, "A", "Ring", "A", "web", SAF_DEFAULT);
    return made;
}

/* The same for tests that need no more of it. */
static void set_up(keyring_world *w)
{
    test_cert made = enter(w);
    test_cert_free(&made);
}

/* ---- status and label ----------------------------------------------------------------------------------------- */

static saf_status alter(keyring_world *w, const char *label, saf_trust trust, const char *new_label)
{
    const saf_cert_alteration alteration = { .trust = trust, .new_label = new_label };
    OWN(saf_change) *change = keyring_begin(w);
    saf_status status = saf_store_alter_cert(change, "a", label, &alteration, &w->err);
    if (status == SAF_OK)
        keyring_commit(w, GIVE(&change));
    return status;
}

TEST(alter_changes_the_status_alone)
{
    keyring_world *w = *state;
    set_up(w);
    assert_ok(alter(w, "web", SAF_HIGHTRUST, NULL), &w->err);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    assert_int_equal(cert->trust, SAF_HIGHTRUST);
    assert_int_equal(cert->key_place, SAF_KEY_STORED);
}

TEST(alter_changes_the_label_alone_and_rings_keep_the_certificate)
{
    keyring_world *w = *state;
    set_up(w);
    OWN(saf_ring) *ring = NULL;
    assert_ok(alter(w, "web", 0, "Web 2"), &w->err);
    OWN(saf_cert) *cert = keyring_find(w, "A", "Web 2");
    assert_int_equal(cert->trust, SAF_TRUST);
    assert_ok(saf_ring_open(&ring, w->store, NULL, "A", "Ring", &w->err), &w->err);
    assert_int_equal(saf_ring_size(ring), 1);
    assert_string_equal(saf_ring_at(ring, 0)->cert->label, "Web 2");
    assert_int_equal(saf_ring_at(ring, 0)->is_default, SAF_DEFAULT);
}

TEST(readers_of_rings_see_an_alteration)
{
    keyring_world *w = *state;
    set_up(w);
    uint64_t ring = keyring_poll(w, "A", "Ring"), owned = keyring_poll(w, "A", "*");
    assert_ok(alter(w, "web", SAF_NOTRUST, NULL), &w->err);
    assert_true(keyring_poll(w, "A", "Ring") > ring);
    assert_true(keyring_poll(w, "A", "*") > owned);
}

TEST(alter_may_give_the_label_that_it_has)
{
    keyring_world *w = *state;
    set_up(w);
    assert_ok(alter(w, "web", SAF_NOTRUST, "web"), &w->err);
}

TEST(alter_refuses_a_taken_label)
{
    keyring_world *w = *state;
    set_up(w);
    OWN(test_cert) other = test_cert_self_signed("other", 1);
    keyring_add(w, "A", "other", &other, NULL);
    assert_fails(alter(w, "web", 0, "other"), SAF_E_EXISTS, &w->err, "certificate A/other exists already");
}

TEST(alter_refuses_what_changes_nothing_or_is_no_status_or_label)
{
    keyring_world *w = *state;
    set_up(w);
    assert_fails(alter(w, "web", 0, NULL), SAF_E_USAGE, &w->err, "neither a new status nor a new label");
    assert_fails(alter(w, "web", (saf_trust)5, NULL), SAF_E_USAGE, &w->err, "neither TRUST nor");
    assert_fails(alter(w, "web", 0, " web"), SAF_E_USAGE, &w->err, "blank");
    assert_fails(alter(w, "none", SAF_TRUST, NULL), SAF_E_NOT_FOUND, &w->err, "no certificate A/none");
}

TEST(alter_asks_to_alter)
{
    keyring_world *w = *state;
    set_up(w);
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(alter(w, "web", SAF_NOTRUST, NULL), SAF_E_DENIED, &w->err, "cert-alter on A/web");
}

/* ---- renewal -------------------------------------------------------------------------------------------------- */

static saf_status replace(keyring_world *w, const saf_cert *cert, saf_bytes der, saf_trust trust)
{
    OWN(saf_change) *change = keyring_begin(w);
    saf_status status = saf_store_replace_cert(change, cert, der, trust, SAF_REPLACE_ANSWERED, &w->err);
    if (status == SAF_OK)
        keyring_commit(w, GIVE(&change));
    return status;
}

TEST(a_renewal_keeps_label_key_ring_and_counter)
{
    keyring_world *w = *state;
    OWN(test_cert) made = enter(w);
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) renewed = test_cert_issued("web", 2, &ca, made.key);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    OWN(own_text) serial = NULL;
    OWN(saf_ring) *ring = NULL;
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_next_serial(&serial, change, cert, &w->err), &w->err);
    keyring_commit(w, change);
    uint64_t generation = keyring_poll(w, "A", "Ring"), owned = keyring_poll(w, "A", "*");
    assert_ok(replace(w, cert, renewed.der, SAF_NOTRUST), &w->err);

    OWN(saf_cert) *now = keyring_find(w, "A", "web");
    assert_same_bytes(now->der, renewed.der);
    assert_string_equal(now->issuer, "CN=CA");
    assert_int_equal(now->trust, SAF_NOTRUST);
    assert_int_equal(now->key_place, SAF_KEY_STORED);
    assert_string_equal(now->last_serial, "1");
    assert_true(keyring_poll(w, "A", "Ring") > generation);
    assert_true(keyring_poll(w, "A", "*") > owned);
    assert_ok(saf_ring_open(&ring, w->store, NULL, "A", "Ring", &w->err), &w->err);
    assert_string_equal(saf_ring_at(ring, 0)->cert->serial, "2");
}

TEST(a_renewed_certificate_is_found_by_its_new_name_only)
{
    keyring_world *w = *state;
    OWN(test_cert) made = enter(w);
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) renewed = test_cert_issued("web", 2, &ca, made.key);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    OWN(saf_cert) *found = NULL;
    OWN(saf_cert) *unseen = NULL;
    assert_ok(replace(w, cert, renewed.der, SAF_TRUST), &w->err);
    OWN(saf_cert) *now = keyring_find(w, "A", "web");
    assert_ok(saf_store_find_cert_by_fingerprint(&found, w->store, NULL, now->fingerprint, &w->err), &w->err);
    assert_int_equal(saf_store_find_cert_by_fingerprint(&unseen, w->store, NULL, cert->fingerprint, NULL), SAF_E_NOT_FOUND);
    keyring_add(w, "B", "old", &made, NULL); /* its issuer and serial are free again */
}

TEST(a_renewal_for_another_key_is_refused)
{
    keyring_world *w = *state;
    set_up(w);
    OWN(test_cert) other = test_cert_self_signed("web", 2);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    assert_fails(replace(w, cert, other.der, SAF_TRUST), SAF_E_USAGE, &w->err, "another public key than A/web");
}

TEST(a_renewal_that_is_there_already_is_refused_and_found)
{
    keyring_world *w = *state;
    OWN(test_cert) made = enter(w);
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) renewed = test_cert_issued("web", 2, &ca, made.key);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    assert_fails(replace(w, cert, made.der, SAF_TRUST), SAF_E_EXISTS, &w->err, "is there already: A/web");
    keyring_add(w, "B", "web", &renewed, NULL);
    assert_fails(replace(w, cert, renewed.der, SAF_TRUST), SAF_E_EXISTS, &w->err, "is there already: B/web");
}

TEST(a_renewal_is_for_the_certificate_that_was_meant)
{
    keyring_world *w = *state;
    OWN(test_cert) made = enter(w);
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) first = test_cert_issued("web", 2, &ca, made.key);
    OWN(test_cert) second = test_cert_issued("web", 3, &ca, made.key);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    assert_ok(replace(w, cert, first.der, SAF_TRUST), &w->err);
    assert_fails(replace(w, cert, second.der, SAF_TRUST), SAF_E_CONFLICT, &w->err, "replaced meanwhile");
}

TEST(a_renewal_is_one_certificate_and_has_a_status)
{
    keyring_world *w = *state;
    OWN(test_cert) made = enter(w);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    assert_fails(replace(w, cert, saf_bytes_of("no", 2), SAF_TRUST), SAF_E_MALFORMED, &w->err, "not a DER certificate");
    assert_fails(replace(w, cert, made.der, (saf_trust)0), SAF_E_USAGE, &w->err, "neither TRUST nor");
}

TEST(a_renewal_asks_to_add)
{
    keyring_world *w = *state;
    OWN(test_cert) made = enter(w);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(replace(w, cert, made.der, SAF_TRUST), SAF_E_DENIED, &w->err, "cert-add on A/web");
}

/* ---- requests ------------------------------------------------------------------------------------------------- */

static void note_request(keyring_world *w, const char *label)
{
    OWN(saf_cert) *cert = keyring_find(w, "A", label);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_note_request(change, cert, &w->err), &w->err);
    keyring_commit(w, change);
}

static saf_status try_delete(keyring_world *w, const char *label, saf_force force)
{
    OWN(saf_change) *change = keyring_begin(w);
    saf_status status = saf_store_delete_cert(change, "A", label, force, &w->err);
    if (status == SAF_OK)
        keyring_commit(w, GIVE(&change));
    return status;
}

TEST(a_certificate_whose_request_is_awaited_stays_unless_forced)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    keyring_add(w, "A", "web", &made, made.key);
    note_request(w, "web");
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    assert_true(cert->requested_at > 0);
    assert_fails(try_delete(w, "web", SAF_NO_FORCE), SAF_E_CONFLICT, &w->err, "a certificate for the key of A/web was asked for at 2");
    assert_non_null(strstr(w->err.hint, "safring cert delete A/web --force"));
    assert_ok(try_delete(w, "web", SAF_FORCE), &w->err);
}

TEST(a_renewal_answers_the_request)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) answer = test_cert_issued("web", 2, &ca, made.key);
    keyring_add(w, "A", "web", &made, made.key);
    note_request(w, "web");
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    assert_ok(replace(w, cert, answer.der, SAF_TRUST), &w->err);
    OWN(saf_cert) *now = keyring_find(w, "A", "web");
    assert_int_equal(now->requested_at, 0);
    assert_ok(try_delete(w, "web", SAF_NO_FORCE), &w->err);
}

TEST(another_renewal_does_not_answer_the_request)
{
    keyring_world *w = *state;
    OWN(test_cert) made = enter(w);
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) renewed = test_cert_issued("web", 2, &ca, made.key);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_note_request(change, cert, &w->err), &w->err);
    assert_ok(saf_store_replace_cert(change, cert, renewed.der, SAF_TRUST, SAF_REPLACE_RENEWED, &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_cert) *now = keyring_find(w, "A", "web");
    assert_string_equal(now->serial, "2");
    assert_true(now->requested_at > 0);
}

TEST(a_request_asks_and_is_for_the_certificate_that_was_meant)
{
    keyring_world *w = *state;
    OWN(test_cert) made = enter(w);
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) renewed = test_cert_issued("web", 2, &ca, made.key);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    assert_ok(replace(w, cert, renewed.der, SAF_TRUST), &w->err);
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_store_note_request(change, cert, &w->err), SAF_E_CONFLICT, &w->err, "replaced meanwhile");
    saf_change_abandon(&change);
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    change = keyring_begin(w);
    assert_fails(saf_store_note_request(change, cert, &w->err), SAF_E_DENIED, &w->err, "cert-request on A/web");
}

/* ---- finding by key, reading ---------------------------------------------------------------------------------- */

TEST(certificates_of_a_key_are_found_for_one_owner_oldest_first)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) second = test_cert_issued("web", 2, &ca, made.key);
    OWN(test_cert) third = test_cert_issued("web", 3, &ca, made.key);
    OWN(saf_cert_page) page = { 0 };
    OWN(saf_cert_page) none = { 0 };
    keyring_add(w, "A", "z-first", &made, made.key);
    keyring_add(w, "A", "a-second", &second, NULL);
    keyring_add(w, "A", "other", &ca, NULL);
    keyring_add(w, "B", "theirs", &third, NULL);
    OWN(saf_cert) *cert = keyring_find(w, "A", "z-first");
    assert_ok(saf_store_find_certs_of_key(&page, w->store, NULL, "a", cert->key_id, &w->err), &w->err);
    assert_int_equal(page.count, 2);
    assert_string_equal(page.certs[0]->label, "z-first");
    assert_string_equal(page.certs[1]->label, "a-second");
    assert_ok(saf_store_find_certs_of_key(&none, w->store, NULL, "C", cert->key_id, &w->err), &w->err);
    assert_int_equal(none.count, 0);
}

TEST(certificates_of_a_key_are_asked_for)
{
    keyring_world *w = *state;
    saf_cert_page page = { 0 };
    const unsigned char key_id[SAF_FINGERPRINT_LEN] = { 0 };
    keyring_use_authority(w);
    w->decision = SAF_NO_DECISION;
    assert_fails(saf_store_find_certs_of_key(&page, w->store, NULL, "A", key_id, &w->err), SAF_E_DENIED, &w->err,
                 "cert-list on A");
}

TEST(a_certificate_is_read_that_is_in_no_store)
{
    (void)state;
    OWN(test_cert) made = test_cert_self_signed("web", 0x1F);
    OWN(saf_cert) *cert = NULL;
    saf_error err = { 0 };
    assert_ok(saf_cert_read(&cert, made.der, &err), &err);
    assert_string_equal(cert->owner, "");
    assert_string_equal(cert->label, "");
    assert_string_equal(cert->subject, "CN=web");
    assert_string_equal(cert->serial, "1F");
    assert_int_equal(cert->trust, SAF_NOTRUST);
    assert_int_equal(cert->key_place, SAF_KEY_NONE);
    assert_same_bytes(cert->der, made.der);
}

TEST(what_is_no_certificate_is_not_read)
{
    (void)state;
    saf_cert *cert = NULL;
    saf_error err = { 0 };
    assert_fails(saf_cert_read(&cert, saf_bytes_of("no", 2), &err), SAF_E_MALFORMED, &err, "not a DER certificate");
    assert_null(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(alter_changes_the_status_alone),
        IN_KEYRING(alter_changes_the_label_alone_and_rings_keep_the_certificate),
        IN_KEYRING(readers_of_rings_see_an_alteration),
        IN_KEYRING(alter_may_give_the_label_that_it_has),
        IN_KEYRING(alter_refuses_a_taken_label),
        IN_KEYRING(alter_refuses_what_changes_nothing_or_is_no_status_or_label),
        IN_KEYRING(alter_asks_to_alter),
        IN_KEYRING(a_renewal_keeps_label_key_ring_and_counter),
        IN_KEYRING(a_renewed_certificate_is_found_by_its_new_name_only),
        IN_KEYRING(a_renewal_for_another_key_is_refused),
        IN_KEYRING(a_renewal_that_is_there_already_is_refused_and_found),
        IN_KEYRING(a_renewal_is_for_the_certificate_that_was_meant),
        IN_KEYRING(a_renewal_is_one_certificate_and_has_a_status),
        IN_KEYRING(a_renewal_asks_to_add),
        IN_KEYRING(a_certificate_whose_request_is_awaited_stays_unless_forced),
        IN_KEYRING(a_renewal_answers_the_request),
        IN_KEYRING(another_renewal_does_not_answer_the_request),
        IN_KEYRING(a_request_asks_and_is_for_the_certificate_that_was_meant),
        IN_KEYRING(certificates_of_a_key_are_found_for_one_owner_oldest_first),
        IN_KEYRING(certificates_of_a_key_are_asked_for),
        IN_KEYRING(a_certificate_is_read_that_is_in_no_store),
        IN_KEYRING(what_is_no_certificate_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
