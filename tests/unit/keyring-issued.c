#include <support/keyring-world.h>

/* CERTAUTH/ca, and the leaves that it signed: serials 0x10, 0x11, … */
enum { LEAVES = 5, FIRST_SERIAL = 0x10 };

typedef struct ca_world {
    test_cert made;
    saf_cert *ca;
    test_cert leaves[LEAVES];
} ca_world;

static void release_ca(ca_world *c)
{
    saf_cert_free(&c->ca);
    test_cert_free(&c->made);
    for (size_t i = 0; i < LEAVES; i++)
        test_cert_free(&c->leaves[i]);
}

OWN_VALUE(ca_world, release_ca)

/* The first leaf is in the store, as A/leaf, and is the default of A/Ring. */
static ca_world enter(keyring_world *w)
{
    ca_world c = { .made = test_cert_self_signed("CA", 1) };
    keyring_add(w, "CERTAUTH", "ca", &c.made, c.made.key);
    c.ca = keyring_find(w, "CERTAUTH", "ca");
    for (int i = 0; i < LEAVES; i++) {
        c.leaves[i] = test_cert_issued("leaf", FIRST_SERIAL + i, &c.made, NULL);
        keyring_record(w, c.ca, &c.leaves[i], i ? NULL : "a", i ? NULL : "leaf");
    }
    keyring_add(w, "A", "leaf", &c.leaves[0], c.leaves[0].key);
    keyring_make_ring(w, "A", "Ring");
    keyring_connect(w, "A", "Ring", "A", "leaf", SAF_DEFAULT);
    return c;
}

static saf_status revoke_serial(keyring_world *w, const saf_cert *ca, const char *serial, saf_reason reason)
{
    OWN(saf_change) *change = keyring_begin(w);
    saf_status status = saf_store_revoke(change, ca, serial, reason, &w->err);
    if (status == SAF_OK)
        keyring_commit(w, GIVE(&change));
    return status;
}

static saf_issued *find(keyring_world *w, const saf_cert *ca, const char *serial)
{
    saf_issued *issued = NULL;
    assert_ok(saf_store_find_issued(&issued, w->store, NULL, ca, serial, &w->err), &w->err);
    return issued;
}

static saf_issued_page list(keyring_world *w, const saf_cert *ca, const saf_issued_query *query)
{
    saf_issued_page page = { 0 };
    assert_ok(saf_store_list_issued(&page, w->store, NULL, ca, query, &w->err), &w->err);
    return page;
}

/* ---- what was issued ------------------------------------------------------------------------------------------ */

TEST(what_was_issued_says_whom_it_was_for_and_whether_it_is_here)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    OWN(saf_issued) *kept = find(w, c.ca, "10");
    OWN(saf_issued) *foreign = find(w, c.ca, "11");
    assert_string_equal(kept->owner, "A");
    assert_string_equal(kept->label, "leaf");
    assert_true(kept->is_current);
    assert_true(kept->issued_at > 0);
    assert_int_equal(kept->revoked_at, 0);
    assert_string_equal(kept->cert->subject, "CN=leaf");
    assert_string_equal(kept->cert->owner, "");
    assert_string_equal(foreign->owner, "");
    assert_string_equal(foreign->label, "");
    assert_false(foreign->is_current);
}

TEST(what_was_issued_stays_when_the_certificate_goes)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "leaf", SAF_FORCE, &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_issued) *gone = find(w, c.ca, "10");
    assert_string_equal(gone->owner, "A");
    assert_false(gone->is_current);
}

TEST(whom_it_was_for_has_an_owner_and_a_label)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    OWN(test_cert) leaf = test_cert_issued("x", 99, &c.made, NULL);
    OWN(saf_change) *change = keyring_begin(w);
    assert_int_equal(saf_store_record_issued(change, c.ca, leaf.der, "A", NULL, &w->err), SAF_E_USAGE);
    assert_int_equal(saf_store_record_issued(change, c.ca, leaf.der, NULL, "x", &w->err), SAF_E_USAGE);
    assert_int_equal(saf_store_record_issued(change, c.ca, leaf.der, "A", " ", &w->err), SAF_E_USAGE);
}

TEST(issued_certificates_are_listed_in_order_and_in_pages)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    saf_issued_query query = { .limit = 2 };
    int seen = 0;
    for (;;) {
        OWN(saf_issued_page) page = list(w, c.ca, &query);
        if (page.count == 0)
            break;
        for (size_t i = 0; i < page.count; i++, seen++) {
            char serial[16];
            snprintf(serial, sizeof serial, "%X", (unsigned)(FIRST_SERIAL + seen));
            assert_string_equal(page.items[i]->cert->serial, serial);
            assert_true(page.items[i]->number > query.after);
            query.after = page.items[i]->number;
        }
    }
    assert_int_equal(seen, LEAVES);
    OWN(saf_issued_page) all = list(w, c.ca, NULL);
    assert_int_equal(all.count, LEAVES);
}

TEST(serials_are_found_as_other_programs_write_them)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    OWN(test_cert) leaf = test_cert_issued("x", 0xABC, &c.made, NULL);
    keyring_record(w, c.ca, &leaf, NULL, NULL);
    OWN(saf_issued) *prefixed = find(w, c.ca, "0xabc");
    OWN(saf_issued) *pairs = find(w, c.ca, "0A:BC");
    assert_int_equal(prefixed->number, pairs->number);
}

TEST(serials_are_found_in_any_case_and_with_leading_zeros)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    OWN(test_cert) leaf = test_cert_issued("x", 0xABC, &c.made, NULL);
    keyring_record(w, c.ca, &leaf, NULL, NULL);
    OWN(saf_issued) *lower = find(w, c.ca, "abc");
    OWN(saf_issued) *padded = find(w, c.ca, "000ABC");
    assert_int_equal(lower->number, padded->number);
}

TEST(a_serial_that_is_none_or_was_not_issued_is_refused)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    saf_issued *issued = NULL;
    static const char *const wrong[] = { "", "-10", "0x", "10 ", ":10", "1::0", "10:", "0x0x10", NULL };
    for (size_t i = 0; wrong[i]; i++)
        assert_fails(saf_store_find_issued(&issued, w->store, NULL, c.ca, wrong[i], &w->err), SAF_E_USAGE, &w->err,
                     "is not a serial number");
    assert_fails(saf_store_find_issued(&issued, w->store, NULL, c.ca, "FF", &w->err), SAF_E_NOT_FOUND, &w->err,
                 "CERTAUTH/ca has issued no certificate with serial FF");
    assert_null(issued);
}

TEST(a_renewed_ca_has_one_list_whatever_string_types_its_name_has)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    X509_NAME *name = X509_NAME_new();
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_PRINTABLESTRING, (const unsigned char *)" Ca ", -1, -1, 0), 1);
    assert_int_equal(X509_set_subject_name(c.made.x509, name), 1);
    assert_int_equal(X509_set_issuer_name(c.made.x509, name), 1);
    assert_true(X509_sign(c.made.x509, c.made.key, EVP_sha256()) > 0);
    X509_NAME_free(name);
    unsigned char *der = NULL;
    int len = i2d_X509(c.made.x509, &der);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_replace_cert(change, c.ca, saf_bytes_of(der, (size_t)len), SAF_TRUST, SAF_REPLACE_RENEWED, &w->err), &w->err);
    keyring_commit(w, change);
    OPENSSL_free(der);
    OWN(saf_cert) *renewed = keyring_find(w, "CERTAUTH", "ca");
    OWN(saf_issued_page) all = list(w, renewed, NULL);
    assert_int_equal(all.count, LEAVES);
}

/* CERTAUTH/second: another CA with the same key. */
static saf_cert *enter_second_name(keyring_world *w, const ca_world *c)
{
    const char *const subject[] = { "CN", "Second", NULL };
    EVP_PKEY_up_ref(c->made.key);
    OWN(test_cert) second = test_cert_with_key(subject, c->made.key, 1);
    keyring_add(w, "CERTAUTH", "second", &second, NULL);
    return keyring_find(w, "CERTAUTH", "second");
}

TEST(two_cas_of_one_key_have_lists_of_their_own)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    OWN(saf_cert) *second = enter_second_name(w, &c);
    OWN(saf_issued_page) none = list(w, second, NULL);
    assert_int_equal(none.count, 0);
    assert_fails(revoke_serial(w, second, "10", SAF_REASON_UNSPECIFIED), SAF_E_NOT_FOUND, &w->err, "CERTAUTH/second has issued no");
}

TEST(issued_certificates_are_asked_for)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    saf_issued_page page = { 0 };
    saf_issued *issued = NULL;
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_store_list_issued(&page, w->store, NULL, c.ca, NULL, &w->err), SAF_E_DENIED, &w->err,
                 "cert-list on CERTAUTH/ca");
    assert_fails(saf_store_find_issued(&issued, w->store, NULL, c.ca, "10", &w->err), SAF_E_DENIED, &w->err,
                 "cert-list on CERTAUTH/ca");
}

/* ---- revocation ----------------------------------------------------------------------------------------------- */

TEST(revocation_shows_in_the_record_and_in_the_certificate)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    assert_ok(revoke_serial(w, c.ca, "10", SAF_REASON_SUPERSEDED), &w->err);
    OWN(saf_issued) *issued = find(w, c.ca, "10");
    OWN(saf_cert) *cert = keyring_find(w, "A", "leaf");
    assert_true(issued->revoked_at > 0);
    assert_int_equal(issued->reason, SAF_REASON_SUPERSEDED);
    assert_int_equal(cert->revoked_at, issued->revoked_at);
    assert_int_equal(cert->reason, SAF_REASON_SUPERSEDED);
    OWN(saf_cert) *ca = keyring_find(w, "CERTAUTH", "ca");
    assert_int_equal(ca->revoked_at, 0);
}

TEST(revocation_shows_in_rings)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    OWN(saf_ring) *ring = NULL;
    uint64_t generation = keyring_poll(w, "A", "Ring"), owned = keyring_poll(w, "A", "*");
    assert_ok(revoke_serial(w, c.ca, "10", SAF_REASON_KEY_COMPROMISE), &w->err);
    assert_true(keyring_poll(w, "A", "Ring") > generation);
    assert_true(keyring_poll(w, "A", "*") > owned);
    assert_ok(saf_ring_open(&ring, w->store, NULL, "A", "Ring", &w->err), &w->err);
    assert_int_equal(saf_ring_size(ring), 1);
    assert_int_equal(saf_ring_at(ring, 0)->cert->reason, SAF_REASON_KEY_COMPROMISE);
    assert_int_equal(saf_ring_at(ring, 0)->usage, SAF_USAGE_PERSONAL);
}

TEST(what_is_not_in_the_store_is_revoked_too)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    uint64_t generation = keyring_poll(w, "A", "Ring");
    assert_ok(revoke_serial(w, c.ca, "12", SAF_REASON_UNSPECIFIED), &w->err);
    OWN(saf_issued) *issued = find(w, c.ca, "12");
    assert_true(issued->revoked_at > 0);
    assert_int_equal(keyring_poll(w, "A", "Ring"), generation);
}

TEST(whether_a_certificate_is_revoked_is_known_wherever_it_is)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    OWN(saf_issued) *issued = find(w, c.ca, "12"); /* not in the store */
    int64_t at = 1;
    saf_reason reason = SAF_REASON_SUPERSEDED;
    assert_ok(saf_store_find_revocation(&at, &reason, w->store, issued->cert->fingerprint, &w->err), &w->err);
    assert_int_equal(at, 0);
    assert_ok(revoke_serial(w, c.ca, "12", SAF_REASON_KEY_COMPROMISE), &w->err);
    assert_ok(saf_store_find_revocation(&at, &reason, w->store, issued->cert->fingerprint, &w->err), &w->err);
    assert_true(at > 0);
    assert_int_equal(reason, SAF_REASON_KEY_COMPROMISE);
}

static saf_reason compromise_of(keyring_world *w, const test_cert *cert)
{
    int64_t at = -1;
    saf_reason reason = SAF_REASON_REMOVE_FROM_CRL;
    unsigned char *info = NULL;
    int len = i2d_PUBKEY(cert->key, &info);
    assert_true(len > 0);
    assert_ok(saf_store_find_compromise(&at, &reason, w->store, saf_bytes_of(info, (size_t)len), &w->err), &w->err);
    OPENSSL_free(info);
    assert_int_equal(at != 0, reason != SAF_REASON_UNSPECIFIED);
    return reason;
}

TEST(whether_a_key_is_compromised_is_known_of_each_certificate_that_it_had)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    assert_int_equal(compromise_of(w, &c.leaves[1]), SAF_REASON_UNSPECIFIED);
    assert_ok(revoke_serial(w, c.ca, "12", SAF_REASON_SUPERSEDED), &w->err);
    assert_int_equal(compromise_of(w, &c.leaves[2]), SAF_REASON_UNSPECIFIED);
    static const saf_reason reasons[] = { SAF_REASON_KEY_COMPROMISE, SAF_REASON_CA_COMPROMISE, SAF_REASON_AA_COMPROMISE };
    static const char *const serials[] = { "11", "13", "14" };
    static const int leaves[] = { 1, 3, 4 };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        assert_ok(revoke_serial(w, c.ca, serials[i], reasons[i]), &w->err);
        assert_int_equal(compromise_of(w, &c.leaves[leaves[i]]), reasons[i]);
    }
    assert_int_equal(compromise_of(w, &c.leaves[0]), SAF_REASON_UNSPECIFIED);
    assert_int_equal(compromise_of(w, &c.made), SAF_REASON_UNSPECIFIED);
}

TEST(a_ca_whose_certificates_are_out_stays_unless_forced)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    OWN(saf_change) *change = keyring_begin(w);
    const char *owner = c.ca->owner, *label = c.ca->label;
    assert_fails(saf_store_delete_cert(change, owner, label, SAF_NO_FORCE, &w->err), SAF_E_CONFLICT, &w->err,
                 "CERTAUTH/ca has issued certificates that are still valid");
    assert_fails(saf_data_remove(change, NULL, "*", owner, label, (unsigned)SAF_REMOVE_DELETE, &w->err), SAF_E_CONFLICT, &w->err,
                 "CERTAUTH/ca has issued certificates that are still valid");
    assert_ok(saf_store_delete_cert(change, owner, label, SAF_FORCE, &w->err), &w->err);
}

TEST(only_the_revoked_are_listed_in_pages)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    assert_ok(revoke_serial(w, c.ca, "14", SAF_REASON_UNSPECIFIED), &w->err);
    assert_ok(revoke_serial(w, c.ca, "11", SAF_REASON_UNSPECIFIED), &w->err);
    saf_issued_query query = { .only_revoked = true, .limit = 1 };
    OWN(saf_issued_page) first = list(w, c.ca, &query);
    assert_int_equal(first.count, 1);
    assert_string_equal(first.items[0]->cert->serial, "11");
    query.after = first.items[0]->number;
    OWN(saf_issued_page) second = list(w, c.ca, &query);
    assert_int_equal(second.count, 1);
    assert_string_equal(second.items[0]->cert->serial, "14");
    query.after = second.items[0]->number;
    OWN(saf_issued_page) third = list(w, c.ca, &query);
    assert_int_equal(third.count, 0);
}

TEST(what_is_revoked_stays_so)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    assert_ok(revoke_serial(w, c.ca, "10", SAF_REASON_SUPERSEDED), &w->err);
    assert_fails(revoke_serial(w, c.ca, "10", SAF_REASON_KEY_COMPROMISE), SAF_E_EXISTS, &w->err, "is revoked already (superseded)");
    assert_fails(revoke_serial(w, c.ca, "10", SAF_REASON_REMOVE_FROM_CRL), SAF_E_CONFLICT, &w->err, "is not on hold");
    assert_fails(revoke_serial(w, c.ca, "11", SAF_REASON_REMOVE_FROM_CRL), SAF_E_CONFLICT, &w->err, "is not on hold");
}

TEST(a_hold_may_be_taken_back)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    const saf_issued_query revoked = { .only_revoked = true };
    assert_ok(revoke_serial(w, c.ca, "10", SAF_REASON_CERTIFICATE_HOLD), &w->err);
    assert_fails(revoke_serial(w, c.ca, "10", SAF_REASON_CERTIFICATE_HOLD), SAF_E_EXISTS, &w->err, "certificate-hold");
    uint64_t generation = keyring_poll(w, "A", "Ring");
    assert_ok(revoke_serial(w, c.ca, "10", SAF_REASON_REMOVE_FROM_CRL), &w->err);
    OWN(saf_cert) *cert = keyring_find(w, "A", "leaf");
    assert_int_equal(cert->revoked_at, 0);
    assert_true(keyring_poll(w, "A", "Ring") > generation);
    OWN(saf_issued_page) none = list(w, c.ca, &revoked);
    assert_int_equal(none.count, 0);
    assert_ok(revoke_serial(w, c.ca, "10", SAF_REASON_SUPERSEDED), &w->err);
}

TEST(a_hold_may_become_a_revocation)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    assert_ok(revoke_serial(w, c.ca, "10", SAF_REASON_CERTIFICATE_HOLD), &w->err);
    OWN(saf_issued) *held = find(w, c.ca, "10");
    assert_ok(revoke_serial(w, c.ca, "10", SAF_REASON_KEY_COMPROMISE), &w->err);
    OWN(saf_issued) *revoked = find(w, c.ca, "10");
    assert_int_equal(revoked->reason, SAF_REASON_KEY_COMPROMISE);
    assert_int_equal(revoked->revoked_at, held->revoked_at);
    assert_fails(revoke_serial(w, c.ca, "10", SAF_REASON_REMOVE_FROM_CRL), SAF_E_CONFLICT, &w->err, "is not on hold");
}

TEST(there_are_ten_reasons)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    static const int wrong[] = { -1, 7, 11 };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(revoke_serial(w, c.ca, "10", (saf_reason)wrong[i]), SAF_E_USAGE, &w->err, "there is no revocation reason");
}

TEST(revoking_asks_for_the_ca)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(revoke_serial(w, c.ca, "10", SAF_REASON_UNSPECIFIED), SAF_E_DENIED, &w->err, "cert-revoke on CERTAUTH/ca");
}

TEST(a_ca_whose_key_is_another_by_now_revokes_nothing)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    OWN(test_cert) other = test_cert_self_signed("CA", 7);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "CERTAUTH", "ca", SAF_FORCE, &w->err), &w->err);
    assert_ok(keyring_try_add(change, "CERTAUTH", "ca", &other, NULL, &w->err), &w->err);
    keyring_commit(w, change);
    assert_fails(revoke_serial(w, c.ca, "10", SAF_REASON_UNSPECIFIED), SAF_E_CONFLICT, &w->err, "replaced meanwhile");
}

/* ---- CRL numbers ---------------------------------------------------------------------------------------------- */

static saf_crl_turn take_turn(keyring_world *w, const saf_cert *ca)
{
    saf_crl_turn turn;
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_next_crl(&turn, change, ca, &w->err), &w->err);
    keyring_commit(w, change);
    return turn;
}

TEST(crl_numbers_count_up_from_one)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    saf_crl_turn first = take_turn(w, c.ca);
    saf_crl_turn second = take_turn(w, c.ca);
    assert_int_equal(first.number, 1);
    assert_int_equal(first.previous_at, 0);
    assert_int_equal(second.number, 2);
    assert_true(second.previous_at > 0);
}

TEST(two_cas_of_one_key_count_their_crls_apart)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    OWN(saf_cert) *second = enter_second_name(w, &c);
    assert_int_equal(take_turn(w, c.ca).number, 1);
    assert_int_equal(take_turn(w, second).number, 1);
    assert_int_equal(take_turn(w, c.ca).number, 2);
}

TEST(an_abandoned_crl_takes_no_number)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    saf_crl_turn turn;
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_next_crl(&turn, change, c.ca, &w->err), &w->err);
    saf_change_abandon(&change);
    assert_int_equal(take_turn(w, c.ca).number, 1);
}

TEST(a_crl_number_asks_to_sign)
{
    keyring_world *w = *state;
    OWN(ca_world) c = enter(w);
    saf_crl_turn turn;
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_store_next_crl(&turn, change, c.ca, &w->err), SAF_E_DENIED, &w->err, "cert-sign on CERTAUTH/ca");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(what_was_issued_says_whom_it_was_for_and_whether_it_is_here),
        IN_KEYRING(serials_are_found_as_other_programs_write_them),
        IN_KEYRING(whether_a_certificate_is_revoked_is_known_wherever_it_is),
        IN_KEYRING(whether_a_key_is_compromised_is_known_of_each_certificate_that_it_had),
        IN_KEYRING(a_ca_whose_certificates_are_out_stays_unless_forced),
        IN_KEYRING(what_was_issued_stays_when_the_certificate_goes),
        IN_KEYRING(whom_it_was_for_has_an_owner_and_a_label),
        IN_KEYRING(issued_certificates_are_listed_in_order_and_in_pages),
        IN_KEYRING(serials_are_found_in_any_case_and_with_leading_zeros),
        IN_KEYRING(a_serial_that_is_none_or_was_not_issued_is_refused),
        IN_KEYRING(a_renewed_ca_has_one_list_whatever_string_types_its_name_has),
        IN_KEYRING(two_cas_of_one_key_have_lists_of_their_own),
        IN_KEYRING(issued_certificates_are_asked_for),
        IN_KEYRING(revocation_shows_in_the_record_and_in_the_certificate),
        IN_KEYRING(revocation_shows_in_rings),
        IN_KEYRING(what_is_not_in_the_store_is_revoked_too),
        IN_KEYRING(only_the_revoked_are_listed_in_pages),
        IN_KEYRING(what_is_revoked_stays_so),
        IN_KEYRING(a_hold_may_be_taken_back),
        IN_KEYRING(a_hold_may_become_a_revocation),
        IN_KEYRING(there_are_ten_reasons),
        IN_KEYRING(revoking_asks_for_the_ca),
        IN_KEYRING(a_ca_whose_key_is_another_by_now_revokes_nothing),
        IN_KEYRING(crl_numbers_count_up_from_one),
        IN_KEYRING(two_cas_of_one_key_count_their_crls_apart),
        IN_KEYRING(an_abandoned_crl_takes_no_number),
        IN_KEYRING(a_crl_number_asks_to_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
