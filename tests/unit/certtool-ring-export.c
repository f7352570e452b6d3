#include <support/p12.h>

#include <safring/keyring.h>

#include <openssl/pem.h>

OWN_HANDLE(saf_ring, saf_ring_close)

static const char *const others[] = { "bad", "revoked" };

static void connect_cert(saf_store *store, const char *owner, const char *label, saf_usage usage, saf_default is_default)
{
    const saf_connect_request request = { .ring_owner = "A", .ring_name = "Ring", .cert_owner = owner, .cert_label = label, .usage = usage,
                                          .is_default = is_default };
    saf_change *change = NULL;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_ring_connect(change, &request, oops));
    CERTS_OK(saf_change_commit(&change, oops));
}

static void make_ring(saf_store *store)
{
    saf_change *change = NULL;
    const saf_cert_alteration distrust = { .trust = SAF_NOTRUST };
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_ring_create(change, "A", "Ring", oops));
    CERTS_OK(saf_store_alter_cert(change, "CERTAUTH", "bad", &distrust, oops));
    CERTS_OK(saf_cert_revoke(NULL, change, "CERTAUTH", "revoked", SAF_REASON_SUPERSEDED, oops));
    CERTS_OK(saf_change_commit(&change, oops));
}

/* The ring A/Ring: the CA, one that is NOTRUST, one that is revoked, and A/web, signed by an intermediate that is in the ring as well. */
static saf_ring *make_world(saf_store *store)
{
    saf_ring *ring = NULL;
    saf_cert *made[5];
    made[0] = certs_issue(store, (saf_issue_request) { .owner = "CERTAUTH", .label = "ca", .profile = SAF_PROFILE_CA, .subject = "CN=ca",
                                                       .path_len = -1 });
    for (size_t i = 0; i < 2; i++)
        made[1 + i] = certs_issue(store, (saf_issue_request) { .owner = "CERTAUTH", .label = others[i], .profile = SAF_PROFILE_CA,
                                                               .subject = i ? "CN=revoked" : "CN=bad", .path_len = -1,
                                                               .signer_owner = "CERTAUTH", .signer_label = "ca" });
    made[3] = certs_issue(store, (saf_issue_request) { .owner = "CERTAUTH", .label = "sub", .profile = SAF_PROFILE_CA, .subject = "CN=sub",
                                                       .path_len = -1, .signer_owner = "CERTAUTH", .signer_label = "ca" });
    made[4] = certs_issue(store, (saf_issue_request) { .owner = "A", .label = "web", .profile = SAF_PROFILE_SERVER, .subject = "CN=web",
                                                       .san = "dns:web.example.test", .signer_owner = "CERTAUTH", .signer_label = "sub" });
    for (size_t i = 0; i < 5; i++)
        saf_cert_free(&made[i]);
    make_ring(store);
    connect_cert(store, "CERTAUTH", "ca", SAF_USAGE_CERTAUTH, SAF_NOT_DEFAULT);
    connect_cert(store, "CERTAUTH", "bad", SAF_USAGE_CERTAUTH, SAF_NOT_DEFAULT);
    connect_cert(store, "CERTAUTH", "revoked", SAF_USAGE_CERTAUTH, SAF_NOT_DEFAULT);
    connect_cert(store, "CERTAUTH", "sub", SAF_USAGE_SITE, SAF_NOT_DEFAULT);
    connect_cert(store, "A", "web", SAF_USAGE_PERSONAL, SAF_DEFAULT);
    CERTS_OK(saf_ring_open(&ring, store, &CERTS_WHO, "A", "Ring", oops));
    return ring;
}

TEST(a_trust_store_holds_whom_the_ring_trusts)
{
    OWN(saf_store) *store = certs_store();
    OWN(saf_ring) *ring = make_world(store);
    OWN(saf_secret) password = certs_secret("sesame");
    OWN(saf_blob) blob = { 0 };
    const saf_ring_export_request request = { .format = SAF_RING_P12, .password = &password };
    CERTS_OK(saf_ring_export(&blob, ring, store, &CERTS_WHO, &request, oops));
    p12_assert_holds(&blob, "sesame", "cert:ca+trusted cert:sub+trusted");
}

TEST(a_keystore_holds_the_default_and_its_chain)
{
    OWN(saf_store) *store = certs_store();
    OWN(saf_ring) *ring = make_world(store);
    OWN(saf_secret) password = certs_secret("sesame");
    OWN(saf_blob) blob = { 0 };
    OWN(saf_bundle) *bundle = NULL;
    const saf_ring_export_request request = { .format = SAF_RING_P12, .with_key = true, .password = &password };
    CERTS_OK(saf_ring_export(&blob, ring, store, &CERTS_WHO, &request, oops));
    CERTS_OK(saf_bundle_read(&bundle, saf_bytes_of(blob.data, blob.len), &password, "web", "the keystore", oops));
    assert_non_null(saf_bundle_key(bundle));
    assert_int_equal(saf_bundle_chain_size(bundle), 2);
}

TEST(pem_has_certificate_chain_and_key_in_this_order)
{
    OWN(saf_store) *store = certs_store();
    OWN(saf_ring) *ring = make_world(store);
    OWN(saf_blob) blob = { 0 };
    const saf_ring_export_request request = { .format = SAF_RING_PEM, .with_key = true };
    CERTS_OK(saf_ring_export(&blob, ring, store, &CERTS_WHO, &request, oops));
    OWN(BIO) *bio = BIO_new_mem_buf(blob.data, (int)blob.len);
    static const char *const names[] = { "CERTIFICATE", "CERTIFICATE", "CERTIFICATE", "PRIVATE KEY" };
    for (size_t i = 0; i < 4; i++) {
        char *name = NULL, *header = NULL;
        unsigned char *data = NULL;
        long len;
        assert_int_equal(PEM_read_bio(bio, &name, &header, &data, &len), 1);
        assert_string_equal(name, names[i]);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
}

TEST(what_cannot_be_exported_is_refused)
{
    OWN(saf_store) *store = certs_store();
    OWN(saf_ring) *ring = make_world(store);
    OWN(saf_ring) *mine = NULL;
    OWN(saf_blob) blob = { 0 };
    saf_ring_export_request request = { .format = SAF_RING_P12 };
    assert_int_equal(saf_ring_export(&blob, ring, store, &CERTS_WHO, &request, NULL), SAF_E_USAGE);
    CERTS_OK(saf_ring_open(&mine, store, &CERTS_WHO, "A", "*", oops));
    request.format = SAF_RING_PEM;
    assert_int_equal(saf_ring_export(&blob, mine, store, &CERTS_WHO, &request, NULL), SAF_E_NOT_FOUND);
    request.with_key = true;
    assert_int_equal(saf_ring_export(&blob, mine, store, &CERTS_WHO, &request, NULL), SAF_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(a_trust_store_holds_whom_the_ring_trusts),
        IN_SCRATCH(a_keystore_holds_the_default_and_its_chain),
        IN_SCRATCH(pem_has_certificate_chain_and_key_in_this_order),
        IN_SCRATCH(what_cannot_be_exported_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
