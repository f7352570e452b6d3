#include <support/keyring-world.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <sqlite3.h>

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    char *text = NULL;
    assert_int_equal(sqlite3_open("store/store.db", &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s", text);
    sqlite3_close(db);
}

static EVP_PKEY *load(keyring_world *w, const char *owner, const char *label)
{
    EVP_PKEY *key = NULL;
    OWN(saf_cert) *cert = keyring_find(w, owner, label);
    assert_ok(saf_store_load_key(&key, w->store, NULL, cert, &w->err), &w->err);
    return key;
}

static void assert_load_fails(keyring_world *w, const char *owner, const char *label, saf_status expected,
                              const char *text)
{
    EVP_PKEY *key = NULL;
    OWN(saf_cert) *cert = keyring_find(w, owner, label);
    assert_fails(saf_store_load_key(&key, w->store, NULL, cert, &w->err), expected, &w->err, text);
}

static void assert_add_fails(keyring_world *w, const saf_cert_entry *entry, saf_status expected, const char *text)
{
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_store_add_cert(change, entry, &w->err), expected, &w->err, text);
}

static void add_entry(keyring_world *w, const saf_cert_entry *entry)
{
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_add_cert(change, entry, &w->err), &w->err);
    keyring_commit(w, change);
}

/* ---- facts ---------------------------------------------------------------------------------------------------- */

TEST(a_certificate_shows_its_facts)
{
    keyring_world *w = *state;
    OWN(test_cert) ca = test_cert_self_signed("Test CA", 0x0A0B);
    keyring_add(w, "certauth", "my ca", &ca, NULL);
    OWN(saf_cert) *cert = keyring_find(w, "CERTAUTH", "my ca");
    assert_string_equal(cert->owner, "CERTAUTH");
    assert_string_equal(cert->label, "my ca");
    assert_int_equal(cert->trust, SAF_TRUST);
    assert_int_equal(cert->der.len, ca.der.len);
    assert_memory_equal(cert->der.data, ca.der.data, ca.der.len);
    assert_string_equal(cert->subject, "CN=Test CA");
    assert_string_equal(cert->issuer, "CN=Test CA");
    assert_string_equal(cert->serial, "A0B");
    assert_int_equal(cert->not_after - cert->not_before, 86400);
    assert_string_equal(cert->key_type, "ec:P-256");
    assert_int_equal(cert->key_bits, 256);
    assert_int_equal(cert->key_place, SAF_KEY_NONE);
    assert_null(cert->key_uri);
    assert_null(cert->last_serial);
    assert_true(cert->is_ca);
    assert_true(cert->self_issued);
}

TEST(a_leaf_is_no_ca)
{
    keyring_world *w = *state;
    OWN(test_cert) ca = test_cert_self_signed("Test CA", 1);
    OWN(test_cert) leaf = test_cert_issued("localhost", 2, &ca, NULL);
    keyring_add(w, "A", "leaf", &leaf, NULL);
    OWN(saf_cert) *cert = keyring_find(w, "A", "leaf");
    assert_string_equal(cert->issuer, "CN=Test CA");
    assert_false(cert->is_ca);
    assert_false(cert->self_issued);
}

TEST(names_are_escaped_and_in_their_own_order)
{
    keyring_world *w = *state;
    const char *const subject[] = { "CN", "Z\xC3\xBCrich, \"A\"+B", "O", "Org; Inc", "C", "CH", NULL };
    OWN(test_cert) made = test_cert_with_key(subject, EVP_EC_gen("P-256"), 0);
    keyring_add(w, "A", "names", &made, NULL);
    OWN(saf_cert) *cert = keyring_find(w, "A", "names");
    assert_string_equal(cert->subject, "CN=Z\xC3\xBCrich\\, \\\"A\\\"\\+B,O=Org\\; Inc,C=CH");
    assert_string_equal(cert->serial, "0");
}

TEST(names_are_escaped_where_they_would_steer_a_terminal)
{
    keyring_world *w = *state;
    const char *const subject[] = { "CN", "a\xC2\x9B" "31m\xE2\x80\xAE" "b\xEF\xBB\xBF" "c\x1B", "O", "\xC3\xA4", NULL };
    OWN(test_cert) made = test_cert_with_key(subject, EVP_EC_gen("P-256"), 1);
    keyring_add(w, "A", "names", &made, NULL);
    OWN(saf_cert) *cert = keyring_find(w, "A", "names");
    assert_string_equal(cert->subject, "CN=a\\C2\\9B31m\\E2\\80\\AEb\\EF\\BB\\BFc\\1B,O=\xC3\xA4");
    assert_string_equal(cert->issuer, cert->subject);
}

static void assert_key_type(keyring_world *w, EVP_PKEY *key, const char *type, unsigned bits)
{
    const char *const subject[] = { "CN", type, NULL };
    assert_non_null(key);
    OWN(test_cert) made = test_cert_with_key(subject, key, 1);
    keyring_add(w, "A", type, &made, key);
    OWN(saf_cert) *cert = keyring_find(w, "A", type);
    assert_string_equal(cert->key_type, type);
    assert_int_equal(cert->key_bits, bits);
    assert_int_equal(cert->key_place, SAF_KEY_STORED);
    EVP_PKEY *again = load(w, "A", type);
    assert_int_equal(EVP_PKEY_eq(again, key), 1);
    EVP_PKEY_free(again);
}

static EVP_PKEY *make_rsa_pss(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    assert_true(EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_generate(ctx, &key) > 0);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

TEST(keys_of_every_type_are_kept)
{
    keyring_world *w = *state;
    assert_key_type(w, EVP_RSA_gen(2048), "rsa", 2048);
    assert_key_type(w, make_rsa_pss(), "rsa-pss", 2048);
    assert_key_type(w, EVP_EC_gen("P-384"), "ec:P-384", 384);
    assert_key_type(w, EVP_EC_gen("P-521"), "ec:P-521", 521);
    assert_key_type(w, EVP_EC_gen("brainpoolP256r1"), "ec:brainpoolP256r1", 256);
    assert_key_type(w, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "ed25519", 256);
    assert_key_type(w, EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), "ed448", 456);
}

/* ---- adding --------------------------------------------------------------------------------------------------- */

TEST(labels_may_hold_blanks_and_quotes)
{
    keyring_world *w = *state;
    const char *const label = "it's; \"DROP TABLE\" --";
    OWN(test_cert) made = test_cert_self_signed("x", 1);
    keyring_add(w, "A", label, &made, NULL);
    OWN(saf_cert) *cert = keyring_find(w, "a", label);
    assert_string_equal(cert->label, label);
}

TEST(add_refuses_a_taken_label)
{
    keyring_world *w = *state;
    OWN(test_cert) one = test_cert_self_signed("one", 1);
    OWN(test_cert) two = test_cert_self_signed("two", 1);
    keyring_add(w, "A", "web", &one, NULL);
    const saf_cert_entry entry = { .owner = "a", .label = "web", .trust = SAF_TRUST, .der = two.der };
    assert_add_fails(w, &entry, SAF_E_EXISTS, "certificate A/web exists already");
    assert_string_equal(w->err.hint, "choose another label");
    keyring_add(w, "A", "Web", &two, NULL);
}

TEST(add_refuses_a_known_issuer_and_serial)
{
    keyring_world *w = *state;
    OWN(test_cert) one = test_cert_self_signed("same", 7);
    keyring_add(w, "A", "web", &one, NULL);
    const saf_cert_entry entry = { .owner = "B", .label = "other", .trust = SAF_TRUST, .der = one.der };
    assert_add_fails(w, &entry, SAF_E_EXISTS, "serial 7 of the same issuer is there already: A/web");
}

TEST(add_refuses_what_is_not_one_certificate)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("x", 1);
    unsigned char bytes[2048];
    assert_true(made.der.len < sizeof bytes);
    memcpy(bytes, made.der.data, made.der.len);
    bytes[made.der.len] = 0;
    saf_cert_entry entry = { .owner = "A", .label = "x", .trust = SAF_TRUST };
    entry.der = saf_bytes_of(bytes, made.der.len + 1);
    assert_add_fails(w, &entry, SAF_E_MALFORMED, "followed by 1 more bytes");
    entry.der = saf_bytes_of(bytes, made.der.len - 1);
    assert_add_fails(w, &entry, SAF_E_MALFORMED, "not a DER certificate");
    entry.der = saf_bytes_of(bytes, 0);
    assert_add_fails(w, &entry, SAF_E_MALFORMED, "1 to 65536 bytes");
}

TEST(add_refuses_a_key_that_does_not_belong_to_the_certificate)
{
    keyring_world *w = *state;
    OWN(test_cert) one = test_cert_self_signed("one", 1);
    OWN(test_cert) two = test_cert_self_signed("two", 1);
    const saf_cert_entry entry = {
        .owner = "A", .label = "web", .trust = SAF_TRUST, .der = one.der, .key = two.key
    };
    assert_add_fails(w, &entry, SAF_E_USAGE, "the private key for A/web does not belong to the certificate");
}

static void assert_public_half_refused(keyring_world *w, EVP_PKEY *key)
{
    const char *const subject[] = { "CN", "half", NULL };
    OWN(test_cert) made = test_cert_with_key(subject, key, 1);
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    const unsigned char *at = der;
    EVP_PKEY *half = d2i_PUBKEY(NULL, &at, len);
    const saf_cert_entry entry = { .owner = "A", .label = "half", .trust = SAF_TRUST, .der = made.der, .key = half };
    OWN(saf_change) *change = keyring_begin(w);
    assert_non_null(half);
    assert_int_not_equal(saf_store_add_cert(change, &entry, &w->err), SAF_OK);
    EVP_PKEY_free(half);
    OPENSSL_free(der);
}

TEST(add_refuses_a_public_key_for_a_private_one)
{
    keyring_world *w = *state;
    assert_public_half_refused(w, EVP_EC_gen("P-256"));
    assert_public_half_refused(w, EVP_RSA_gen(2048));
    assert_public_half_refused(w, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

/* A private key that claims another's public half. */
static EVP_PKEY *forge(const EVP_PKEY *victim)
{
    EVP_PKEY *own = EVP_EC_gen("P-256");
    EVP_PKEY *forged = NULL;
    BIGNUM *number = NULL;
    unsigned char point[80];
    size_t len = 0;
    assert_true(EVP_PKEY_get_octet_string_param(victim, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len));
    assert_true(EVP_PKEY_get_bn_param(own, OSSL_PKEY_PARAM_PRIV_KEY, &number));
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    assert_true(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
                OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, len) &&
                OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number));
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_true(EVP_PKEY_fromdata_init(ctx) > 0 &&
                EVP_PKEY_fromdata(ctx, &forged, EVP_PKEY_KEYPAIR, parameters) > 0);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(number);
    EVP_PKEY_free(own);
    return forged;
}

TEST(add_refuses_a_private_key_with_a_forged_public_half)
{
    keyring_world *w = *state;
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) victim = test_cert_issued("web", 2, &ca, NULL);
    OWN(test_cert) thief = test_cert_issued("web", 3, &ca, victim.key);
    EVP_PKEY *forged = forge(victim.key);
    keyring_add(w, "VICTIM", "web", &victim, victim.key);
    const saf_cert_entry entry = {
        .owner = "THIEF", .label = "web", .trust = SAF_TRUST, .der = thief.der, .key = forged
    };
    assert_add_fails(w, &entry, SAF_E_USAGE, "the private key for THIEF/web does not belong to the certificate");
    EVP_PKEY_free(forged);
}

TEST(add_refuses_an_unknown_status)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("one", 1);
    const saf_cert_entry entry = { .owner = "A", .label = "web", .der = made.der };
    assert_add_fails(w, &entry, SAF_E_USAGE, "neither TRUST");
}

TEST(every_status_is_kept)
{
    keyring_world *w = *state;
    const saf_trust all[] = { SAF_TRUST, SAF_HIGHTRUST, SAF_NOTRUST };
    for (size_t i = 0; i < 3; i++) {
        char label[] = { (char)('a' + i), 0 };
        OWN(test_cert) made = test_cert_self_signed(label, 1);
        const saf_cert_entry entry = { .owner = "A", .label = label, .trust = all[i], .der = made.der };
        add_entry(w, &entry);
        OWN(saf_cert) *cert = keyring_find(w, "A", label);
        assert_int_equal(cert->trust, all[i]);
    }
}

/* ---- private keys --------------------------------------------------------------------------------------------- */

TEST(a_renewed_certificate_shares_its_owners_key)
{
    keyring_world *w = *state;
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) old = test_cert_issued("web", 2, &ca, NULL);
    OWN(test_cert) new = test_cert_issued("web", 3, &ca, old.key);
    keyring_add(w, "A", "old", &old, old.key);
    keyring_add(w, "A", "new", &new, NULL);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "old", SAF_NO_FORCE, &w->err), &w->err);
    keyring_commit(w, change);
    EVP_PKEY *key = load(w, "A", "new");
    assert_int_equal(EVP_PKEY_eq(key, old.key), 1);
    EVP_PKEY_free(key);
}

TEST(a_certificate_of_another_owner_gets_no_key_by_its_public_key_alone)
{
    keyring_world *w = *state;
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) victim = test_cert_issued("web", 2, &ca, NULL);
    OWN(test_cert) thief = test_cert_issued("web", 3, &ca, victim.key);
    keyring_add(w, "VICTIM", "web", &victim, victim.key);
    keyring_add(w, "THIEF", "web", &thief, NULL);
    assert_load_fails(w, "THIEF", "web", SAF_E_NOT_FOUND, "THIEF/web has no private key");
}

TEST(owners_who_both_bring_the_key_share_it)
{
    keyring_world *w = *state;
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) one = test_cert_issued("web", 2, &ca, NULL);
    OWN(test_cert) two = test_cert_issued("web", 3, &ca, one.key);
    keyring_add(w, "A", "web", &one, one.key);
    keyring_add(w, "B", "web", &two, one.key);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "web", SAF_NO_FORCE, &w->err), &w->err);
    keyring_commit(w, change);
    EVP_PKEY_free(load(w, "B", "web"));
}

TEST(the_key_goes_with_its_last_certificate)
{
    keyring_world *w = *state;
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) one = test_cert_issued("web", 2, &ca, NULL);
    OWN(test_cert) two = test_cert_issued("web", 3, &ca, one.key);
    keyring_add(w, "A", "one", &one, one.key);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "one", SAF_NO_FORCE, &w->err), &w->err);
    keyring_commit(w, change);
    keyring_add(w, "A", "two", &two, NULL);
    assert_load_fails(w, "A", "two", SAF_E_NOT_FOUND, "has no private key");
}

TEST(a_key_in_a_token_is_kept_as_its_uri)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    const saf_cert_entry entry = {
        .owner = "A", .label = "web", .trust = SAF_TRUST, .der = made.der, .key_uri = "pkcs11:token=T;object=web"
    };
    add_entry(w, &entry);
    OWN(saf_cert) *cert = keyring_find(w, "A", "web");
    assert_int_equal(cert->key_place, SAF_KEY_IN_TOKEN);
    assert_string_equal(cert->key_uri, "pkcs11:token=T;object=web");
    assert_load_fails(w, "A", "web", SAF_E_UNSUPPORTED, "the private key of A/web is in a token");
}

TEST(a_key_uri_with_a_pin_is_refused)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    saf_cert_entry entry = {
        .owner = "A", .label = "web", .trust = SAF_TRUST, .der = made.der, .key_uri = "pkcs11:object=a?pin-value=1234"
    };
    assert_add_fails(w, &entry, SAF_E_USAGE, "PIN");
    assert_null(strstr(w->err.text, "1234"));
    entry.key_uri = "file:/etc/key.pem";
    assert_add_fails(w, &entry, SAF_E_USAGE, "not the PKCS#11 URI");
    entry.key_uri = "pkcs11:object=a\x1B[2J";
    assert_add_fails(w, &entry, SAF_E_USAGE, "not the PKCS#11 URI");
}

TEST(the_same_key_cannot_be_in_two_places)
{
    keyring_world *w = *state;
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) one = test_cert_issued("web", 2, &ca, NULL);
    OWN(test_cert) two = test_cert_issued("web", 3, &ca, one.key);
    keyring_add(w, "A", "one", &one, one.key);
    const saf_cert_entry entry = {
        .owner = "B", .label = "two", .trust = SAF_TRUST, .der = two.der, .key_uri = "pkcs11:object=a"
    };
    assert_add_fails(w, &entry, SAF_E_CONFLICT, "sealed in the store");
}

TEST(keys_swapped_between_records_are_refused)
{
    keyring_world *w = *state;
    OWN(test_cert) one = test_cert_self_signed("one", 1);
    OWN(test_cert) two = test_cert_self_signed("two", 1);
    keyring_add(w, "A", "one", &one, one.key);
    keyring_add(w, "A", "two", &two, two.key);
    run_sql("CREATE TEMP TABLE old AS SELECT * FROM key;"
            "UPDATE key SET sealed = (SELECT sealed FROM old WHERE old.id <> key.id)");
    assert_load_fails(w, "A", "one", SAF_E_FAILED, "the private key of A/one was altered in the database");
    assert_load_fails(w, "A", "two", SAF_E_FAILED, "the private key of A/two was altered in the database");
}

TEST(loading_a_key_asks_for_its_own_authority)
{
    keyring_world *w = *state;
    EVP_PKEY *key = NULL;
    OWN(test_cert) made = test_cert_self_signed("one", 1);
    keyring_add(w, "A", "one", &made, made.key);
    OWN(saf_cert) *cert = keyring_find(w, "A", "one");
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_store_load_key(&key, w->store, NULL, cert, &w->err), SAF_E_DENIED, &w->err, "cert-key");
    assert_fails(saf_store_load_signing_key(&key, w->store, NULL, cert, &w->err), SAF_E_DENIED, &w->err, "cert-sign");
    w->decision = SAF_ALLOW;
    assert_ok(saf_store_load_signing_key(&key, w->store, NULL, cert, &w->err), &w->err);
    EVP_PKEY_free(key);
}

/* ---- finding -------------------------------------------------------------------------------------------------- */

TEST(find_names_what_is_not_there)
{
    keyring_world *w = *state;
    saf_cert *cert = NULL;
    unsigned char fingerprint[SAF_FINGERPRINT_LEN] = { 0xAB };
    assert_fails(saf_store_find_cert(&cert, w->store, NULL, "zwesvusr", "web", &w->err), SAF_E_NOT_FOUND, &w->err,
                 "no certificate ZWESVUSR/web");
    assert_codes(&w->err, 8, 8, 44);
    assert_non_null(strstr(w->err.hint, "safring cert list"));
    assert_fails(saf_store_find_cert_by_fingerprint(&cert, w->store, NULL, fingerprint, &w->err), SAF_E_NOT_FOUND,
                 &w->err, "fingerprint ab00");
}

TEST(find_by_fingerprint)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("one", 1);
    keyring_add(w, "A", "one", &made, NULL);
    OWN(saf_cert) *first = keyring_find(w, "A", "one");
    OWN(saf_cert) *again = NULL;
    assert_ok(saf_store_find_cert_by_fingerprint(&again, w->store, NULL, first->fingerprint, &w->err), &w->err);
    assert_string_equal(again->label, "one");
}

TEST(issuers_of_the_same_owner_come_first_and_then_certauths)
{
    keyring_world *w = *state;
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) ca2 = test_cert_self_signed("CA", 2);
    OWN(test_cert) ca3 = test_cert_self_signed("ca", 3); /* RFC 5280 7.1: the same name */
    OWN(test_cert) other = test_cert_self_signed("Other", 4);
    OWN(test_cert) leaf = test_cert_issued("leaf", 5, &ca, NULL);
    keyring_add(w, "AAA", "ca", &ca, NULL);
    keyring_add(w, "CERTAUTH", "ca", &ca2, NULL);
    keyring_add(w, "ZZZ", "ca", &ca3, NULL);
    keyring_add(w, "ZZZ", "other", &other, NULL);
    keyring_add(w, "ZZZ", "leaf", &leaf, NULL);
    OWN(saf_cert) *cert = keyring_find(w, "ZZZ", "leaf");
    OWN(saf_cert_page) page = { 0 };
    assert_ok(saf_store_find_issuers(&page, w->store, NULL, cert, &w->err), &w->err);
    assert_int_equal(page.count, 3);
    assert_string_equal(page.certs[0]->owner, "ZZZ");
    assert_string_equal(page.certs[1]->owner, "CERTAUTH");
    assert_string_equal(page.certs[2]->owner, "AAA");
}

TEST(a_certificate_without_issuer_has_an_empty_page)
{
    keyring_world *w = *state;
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) leaf = test_cert_issued("leaf", 5, &ca, NULL);
    keyring_add(w, "A", "leaf", &leaf, NULL);
    OWN(saf_cert) *cert = keyring_find(w, "A", "leaf");
    OWN(saf_cert_page) page = { 0 };
    assert_ok(saf_store_find_issuers(&page, w->store, NULL, cert, &w->err), &w->err);
    assert_int_equal(page.count, 0);
}

static size_t list_in_pages(keyring_world *w, const char *owner, size_t limit, char *seen)
{
    saf_cert_query query = { .owner = owner, .limit = limit };
    OWN(saf_cert_page) page = { 0 };
    size_t total = 0;
    do {
        OWN(saf_cert_page) next = { 0 };
        assert_ok(saf_store_list_certs(&next, w->store, NULL, &query, &w->err), &w->err);
        assert_true(next.count <= limit);
        for (size_t i = 0; i < next.count; i++)
            strcat(strcat(seen, next.certs[i]->owner), next.certs[i]->label);
        total += next.count;
        saf_cert_page_free(&page);
        page = next;
        next = (saf_cert_page) { 0 };
        query.after_owner = page.count ? page.certs[page.count - 1]->owner : NULL;
        query.after_label = page.count ? page.certs[page.count - 1]->label : NULL;
    } while (page.count);
    return total;
}

TEST(listings_go_on_where_the_page_before_ended)
{
    keyring_world *w = *state;
    const char *const names[][2] = { { "B", "2" }, { "A", "1" }, { "B", "1" }, { "C", "1" }, { "B", "3" } };
    for (size_t i = 0; i < 5; i++) {
        OWN(test_cert) made = test_cert_self_signed("x", (long)i);
        keyring_add(w, names[i][0], names[i][1], &made, NULL);
    }
    for (size_t limit = 1; limit < 7; limit++) {
        char all[64] = "";
        char of_b[64] = "";
        assert_int_equal(list_in_pages(w, NULL, limit, all), 5);
        assert_string_equal(all, "A1B1B2B3C1");
        assert_int_equal(list_in_pages(w, "b", limit, of_b), 3);
        assert_string_equal(of_b, "B1B2B3");
    }
}

/* ---- deleting ------------------------------------------------------------------------------------------------- */

TEST(delete_refuses_a_connected_certificate)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("one", 1);
    keyring_add(w, "A", "one", &made, made.key);
    keyring_make_ring(w, "A", "first");
    keyring_make_ring(w, "B", "second");
    keyring_connect(w, "A", "first", "A", "one", SAF_DEFAULT);
    keyring_connect(w, "B", "second", "A", "one", SAF_NOT_DEFAULT);
    saf_change *change = keyring_begin(w);
    assert_fails(saf_store_delete_cert(change, "A", "one", SAF_NO_FORCE, &w->err), SAF_E_CONFLICT, &w->err,
                 "certificate A/one is connected to A/first, B/second");
    assert_non_null(strstr(w->err.hint, "safring ring remove OWNER/RING A/one"));
    assert_ok(saf_store_delete_cert(change, "A", "one", SAF_FORCE, &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_ring) *ring = NULL;
    assert_ok(saf_ring_open(&ring, w->store, NULL, "A", "first", &w->err), &w->err);
    assert_int_equal(saf_ring_size(ring), 0);
}

TEST(delete_names_what_is_not_there)
{
    keyring_world *w = *state;
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_store_delete_cert(change, "A", "one", SAF_FORCE, &w->err), SAF_E_NOT_FOUND, &w->err,
                 "no certificate A/one");
}

/* ---- issuing -------------------------------------------------------------------------------------------------- */

static void assert_next_serial(keyring_world *w, const saf_cert *ca, const char *expected)
{
    OWN(own_text) serial = NULL;
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_next_serial(&serial, change, ca, &w->err), &w->err);
    keyring_commit(w, change);
    assert_string_equal(serial, expected);
}

TEST(serials_count_up_and_pass_over_issued_ones)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("CA", 0);
    OWN(test_cert) leaf = test_cert_issued("leaf", 3, &made, NULL);
    keyring_add(w, "CERTAUTH", "ca", &made, made.key);
    OWN(saf_cert) *ca = keyring_find(w, "CERTAUTH", "ca");
    assert_next_serial(w, ca, "1");
    assert_next_serial(w, ca, "2");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_record_issued(change, ca, leaf.der, NULL, NULL, &w->err), &w->err);
    keyring_commit(w, change);
    assert_next_serial(w, ca, "4");
    for (int i = 5; i < 15; i++) {
        char expected[8];
        snprintf(expected, sizeof expected, "%X", (unsigned)i);
        assert_next_serial(w, ca, expected);
    }
    OWN(saf_cert) *again = keyring_find(w, "CERTAUTH", "ca");
    assert_string_equal(again->last_serial, "E");
}

TEST(a_serial_is_recorded_once)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("CA", 0);
    OWN(test_cert) leaf = test_cert_issued("leaf", 0x1F, &made, NULL);
    OWN(test_cert) twin = test_cert_issued("twin", 0x1F, &made, NULL);
    keyring_add(w, "CERTAUTH", "ca", &made, made.key);
    OWN(saf_cert) *ca = keyring_find(w, "CERTAUTH", "ca");
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_record_issued(change, ca, leaf.der, NULL, NULL, &w->err), &w->err);
    assert_fails(saf_store_record_issued(change, ca, twin.der, NULL, NULL, &w->err), SAF_E_EXISTS, &w->err,
                 "serial 1F was issued before, by CERTAUTH/ca");
    keyring_commit(w, change);
}

TEST(what_another_ca_signed_is_not_recorded)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("CA", 0);
    OWN(test_cert) other = test_cert_self_signed("Other", 0);
    OWN(test_cert) leaf = test_cert_issued("leaf", 1, &other, NULL);
    keyring_add(w, "CERTAUTH", "ca", &made, made.key);
    OWN(saf_cert) *ca = keyring_find(w, "CERTAUTH", "ca");
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_store_record_issued(change, ca, leaf.der, NULL, NULL, &w->err), SAF_E_USAGE, &w->err, "not issued by");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(a_certificate_shows_its_facts),
        IN_KEYRING(a_leaf_is_no_ca),
        IN_KEYRING(names_are_escaped_and_in_their_own_order),
        IN_KEYRING(names_are_escaped_where_they_would_steer_a_terminal),
        IN_KEYRING(keys_of_every_type_are_kept),
        IN_KEYRING(labels_may_hold_blanks_and_quotes),
        IN_KEYRING(add_refuses_a_taken_label),
        IN_KEYRING(add_refuses_a_known_issuer_and_serial),
        IN_KEYRING(add_refuses_what_is_not_one_certificate),
        IN_KEYRING(add_refuses_a_key_that_does_not_belong_to_the_certificate),
        IN_KEYRING(add_refuses_a_public_key_for_a_private_one),
        IN_KEYRING(add_refuses_a_private_key_with_a_forged_public_half),
        IN_KEYRING(add_refuses_an_unknown_status),
        IN_KEYRING(every_status_is_kept),
        IN_KEYRING(a_renewed_certificate_shares_its_owners_key),
        IN_KEYRING(a_certificate_of_another_owner_gets_no_key_by_its_public_key_alone),
        IN_KEYRING(owners_who_both_bring_the_key_share_it),
        IN_KEYRING(the_key_goes_with_its_last_certificate),
        IN_KEYRING(a_key_in_a_token_is_kept_as_its_uri),
        IN_KEYRING(a_key_uri_with_a_pin_is_refused),
        IN_KEYRING(the_same_key_cannot_be_in_two_places),
        IN_KEYRING(keys_swapped_between_records_are_refused),
        IN_KEYRING(loading_a_key_asks_for_its_own_authority),
        IN_KEYRING(find_names_what_is_not_there),
        IN_KEYRING(find_by_fingerprint),
        IN_KEYRING(issuers_of_the_same_owner_come_first_and_then_certauths),
        IN_KEYRING(a_certificate_without_issuer_has_an_empty_page),
        IN_KEYRING(listings_go_on_where_the_page_before_ended),
        IN_KEYRING(delete_refuses_a_connected_certificate),
        IN_KEYRING(delete_names_what_is_not_there),
        IN_KEYRING(serials_count_up_and_pass_over_issued_ones),
        IN_KEYRING(a_serial_is_recorded_once),
        IN_KEYRING(what_another_ca_signed_is_not_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
