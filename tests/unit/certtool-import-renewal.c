/* Which certificate takes the place of another one for the same key, and which does not: anybody can have a certificate made for your
 * public key, and anybody can keep an old one of yours. */
#include <support/cert-world.h>

#include <safring/keyring.h>

/* CERTAUTH/ca, trusted, its key elsewhere; ZWESVUSR/mine, signed by it, with its key. */
typedef struct world {
    saf_store *store;
    EVP_PKEY *ca_key, *key;
    X509 *ca, *mine;
} world;

static void world_clear(world *world)
{
    saf_store_close(&world->store);
    EVP_PKEY_free(world->ca_key);
    EVP_PKEY_free(world->key);
    X509_free(world->ca);
    X509_free(world->mine);
}

OWN_VALUE(world, world_clear)

static X509 *forge_ca(const char *cn, EVP_PKEY *key)
{
    return certs_forge((certs_forgery) { .cn = cn, .key = key, .basic_constraints = "critical,CA:TRUE", .begin_sec = -CERTS_DAY,
                                         .end_sec = 100 * CERTS_DAY });
}

/* Signed by the CA, from yesterday until so many days from now. */
static X509 *forge(const world *world, int days)
{
    return certs_forge((certs_forgery) { .cn = "mine", .key = world->key, .issuer = world->ca, .issuer_key = world->ca_key,
                                         .begin_sec = -CERTS_DAY, .end_sec = days * CERTS_DAY });
}

static X509 *forge_self_signed(const world *world, int days)
{
    return certs_forge((certs_forgery) { .cn = "mine", .key = world->key, .begin_sec = -CERTS_DAY, .end_sec = days * CERTS_DAY });
}

static world make_world(void)
{
    world world = { .store = certs_store(), .ca_key = certs_key("ec"), .key = certs_key("ec") };
    world.ca = forge_ca("ca", world.ca_key);
    world.mine = forge(&world, 10);
    certs_keep_imported(world.store, "CERTAUTH", "ca", world.ca, NULL, SAF_TRUST);
    certs_keep_imported(world.store, "ZWESVUSR", "mine", world.mine, world.key, SAF_HIGHTRUST);
    return world;
}

static saf_status try_import(saf_cert **out, saf_import_result *result, const world *world, const char *label, X509 *x509,
                             saf_error *err)
{
    OWN(saf_blob) der = certs_der(x509);
    saf_import_request request = { .owner = "ZWESVUSR", .label = label, .der = certs_bytes(&der) };
    return certs_try_import(out, result, world->store, request, err);
}

static void assert_is(const world *world, const char *label, X509 *x509)
{
    OWN(saf_cert) *cert = certs_find(world->store, "ZWESVUSR", label);
    OWN(saf_blob) der = certs_der(x509);
    assert_int_equal(cert->der.len, der.len);
    assert_memory_equal(cert->der.data, der.data, der.len);
}

static void assert_renews(const world *world, X509 *x509, const char *label, const char *expected_label)
{
    OWN(saf_cert) *cert = NULL;
    saf_import_result result = SAF_IMPORT_ADDED;
    CERTS_OK(try_import(&cert, &result, world, label, x509, oops));
    assert_int_equal(result, SAF_IMPORT_RENEWED);
    assert_string_equal(cert->label, expected_label);
    assert_int_equal(cert->key_place, SAF_KEY_STORED);
    assert_is(world, expected_label, x509);
}

/* It is kept beside the old one, under a label of its own, or refused when it asks for that of the old one. */
static void assert_stays_beside(const world *world, X509 *x509, saf_trust trust, const char *why)
{
    OWN(saf_cert) *cert = NULL;
    saf_import_result result = SAF_IMPORT_RENEWED;
    saf_error err = { 0 };
    assert_int_equal(try_import(NULL, NULL, world, "mine", x509, &err), SAF_E_EXISTS);
    assert_non_null(strstr(err.hint, why));
    CERTS_OK(try_import(&cert, &result, world, NULL, x509, oops));
    assert_int_equal(result, SAF_IMPORT_ADDED);
    assert_string_equal(cert->label, "LABEL00000001");
    assert_int_equal(cert->trust, trust);
    assert_is(world, "mine", world->mine);
}

static const char untrusted[] = "its chain does not verify to a certificate that is trusted here";
static const char not_later[] = "it does not end later";

static saf_change *begin(const world *world)
{
    saf_change *change = NULL;
    CERTS_OK(saf_change_begin(&change, world->store, &CERTS_WHO, oops));
    return change;
}

static void await_answer(const world *world, const char *label)
{
    OWN(saf_cert) *cert = certs_find(world->store, "ZWESVUSR", label);
    saf_change *change = begin(world);
    CERTS_OK(saf_store_note_request(change, cert, oops));
    CERTS_OK(saf_change_commit(&change, oops));
}

/* ---- what renews ------------------------------------------------------------------------------------------ */

TEST(a_certificate_that_ends_later_renews_whatever_label_is_asked_for)
{
    OWN(world) world = make_world();
    OWN(X509) *later = forge(&world, 20);
    OWN(X509) *later_still = forge(&world, 30);
    OWN(X509) *latest = forge(&world, 40);
    assert_renews(&world, later, "mine", "mine");
    assert_renews(&world, later_still, "other", "mine");
    assert_renews(&world, latest, NULL, "mine");
}

TEST(a_renewal_keeps_status_and_rings)
{
    OWN(world) world = make_world();
    saf_connect_request connect = { .ring_owner = "ZWESVUSR", .ring_name = "ring", .cert_owner = "ZWESVUSR",
                                    .cert_label = "mine", .usage = SAF_USAGE_PERSONAL };
    saf_change *change = begin(&world);
    CERTS_OK(saf_ring_create(change, "ZWESVUSR", "ring", oops));
    CERTS_OK(saf_ring_connect(change, &connect, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    OWN(X509) *later = forge(&world, 20);
    assert_renews(&world, later, "mine", "mine");
    OWN(saf_cert) *cert = certs_find(world.store, "ZWESVUSR", "mine");
    assert_int_equal(cert->trust, SAF_HIGHTRUST);
    saf_ring *ring = NULL;
    CERTS_OK(saf_ring_open(&ring, world.store, &CERTS_WHO, "ZWESVUSR", "ring", oops));
    assert_non_null(saf_ring_find_label(ring, "ZWESVUSR", "mine"));
    saf_ring_close(&ring);
}

TEST(a_renewal_takes_the_status_that_is_asked_for)
{
    OWN(world) world = make_world();
    OWN(X509) *later = forge(&world, 20);
    OWN(saf_cert) *cert = certs_import(world.store, "ZWESVUSR", "mine", later, NULL, SAF_NOTRUST);
    assert_int_equal(cert->trust, SAF_NOTRUST);
    assert_is(&world, "mine", later);
}

TEST(a_renewal_may_bring_the_key_along)
{
    OWN(world) world = make_world();
    OWN(X509) *later = forge(&world, 20);
    OWN(saf_cert) *cert = certs_import(world.store, "ZWESVUSR", NULL, later, world.key, 0);
    assert_string_equal(cert->label, "mine");
    assert_int_equal(cert->key_place, SAF_KEY_STORED);
}

TEST(an_answer_that_is_awaited_renews_although_it_ends_earlier)
{
    OWN(world) world = make_world();
    OWN(X509) *answer = forge(&world, 5);
    await_answer(&world, "mine");
    assert_renews(&world, answer, NULL, "mine");
    OWN(saf_cert) *cert = certs_find(world.store, "ZWESVUSR", "mine");
    assert_int_equal(cert->requested_at, 0);
}

TEST(a_certificate_of_a_ca_renews_a_self_signed_one)
{
    OWN(saf_store) *store = certs_store();
    OWN(world) world = { .store = GIVE(&store), .ca_key = certs_key("ec"), .key = certs_key("ec") };
    world.ca = forge_ca("ca", world.ca_key);
    world.mine = forge_self_signed(&world, 10);
    certs_keep_imported(world.store, "CERTAUTH", "ca", world.ca, NULL, SAF_TRUST);
    certs_keep_imported(world.store, "ZWESVUSR", "mine", world.mine, world.key, 0);
    OWN(X509) *next = forge_self_signed(&world, 20);
    assert_renews(&world, next, NULL, "mine");
    OWN(X509) *signed_by_ca = forge(&world, 30);
    assert_renews(&world, signed_by_ca, NULL, "mine");
}

/* ---- what does not ---------------------------------------------------------------------------------------- */

TEST(a_certificate_that_a_stranger_had_made_for_your_key_does_not_replace_yours)
{
    OWN(world) world = make_world();
    OWN(EVP_PKEY) *evil_key = certs_key("ec");
    OWN(X509) *evil_ca = forge_ca("ca", evil_key);
    OWN(X509) *evil = certs_forge((certs_forgery) { .cn = "mine", .key = world.key, .issuer = evil_ca, .issuer_key = evil_key,
                                                    .begin_sec = -CERTS_DAY, .end_sec = 50 * CERTS_DAY });
    assert_stays_beside(&world, evil, SAF_NOTRUST, untrusted);
}

TEST(a_stranger_does_not_replace_yours_while_an_answer_is_awaited)
{
    OWN(world) world = make_world();
    OWN(EVP_PKEY) *evil_key = certs_key("ec");
    OWN(X509) *evil_ca = forge_ca("evil", evil_key);
    OWN(X509) *evil = certs_forge((certs_forgery) { .cn = "mine", .key = world.key, .issuer = evil_ca, .issuer_key = evil_key,
                                                    .begin_sec = -CERTS_DAY, .end_sec = 50 * CERTS_DAY });
    await_answer(&world, "mine");
    certs_keep_imported(world.store, "CERTAUTH", "evil", evil_ca, NULL, SAF_NOTRUST);
    assert_stays_beside(&world, evil, SAF_NOTRUST, untrusted);
}

TEST(an_older_certificate_does_not_roll_back_a_newer_one)
{
    OWN(world) world = make_world();
    OWN(X509) *older = forge(&world, 5);
    assert_stays_beside(&world, older, SAF_TRUST, not_later);
}

TEST(an_expired_certificate_renews_nothing)
{
    OWN(world) world = make_world();
    OWN(X509) *expired = certs_forge((certs_forgery) { .cn = "mine", .key = world.key, .issuer = world.ca,
                                                       .issuer_key = world.ca_key, .begin_sec = -3 * CERTS_DAY,
                                                       .end_sec = -CERTS_DAY });
    await_answer(&world, "mine");
    assert_stays_beside(&world, expired, SAF_NOTRUST, untrusted);
}

/* Who has it made it himself once, and it may have been published since. */
TEST(a_self_signed_certificate_does_not_replace_that_of_a_ca)
{
    OWN(world) world = make_world();
    OWN(X509) *self_signed = forge_self_signed(&world, 50);
    await_answer(&world, "mine");
    assert_stays_beside(&world, self_signed, SAF_NOTRUST, "it is self-signed");
}

TEST(a_certificate_whose_ca_is_not_trusted_renews_nothing)
{
    OWN(world) world = make_world();
    saf_change *change = begin(&world);
    CERTS_OK(saf_store_alter_cert(change, "CERTAUTH", "ca", &(saf_cert_alteration) { .trust = SAF_NOTRUST }, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    OWN(X509) *later = forge(&world, 20);
    assert_stays_beside(&world, later, SAF_NOTRUST, untrusted);
}

TEST(a_certificate_for_a_key_that_is_not_here_renews_nothing)
{
    OWN(world) world = make_world();
    OWN(EVP_PKEY) *other = certs_key("ec");
    certs_forgery forgery = { .cn = "other", .key = other, .issuer = world.ca, .issuer_key = world.ca_key };
    OWN(X509) *first = certs_forge(forgery);
    forgery.begin_sec = -CERTS_DAY;
    forgery.end_sec = 20 * CERTS_DAY;
    OWN(X509) *second = certs_forge(forgery);
    certs_keep_imported(world.store, "ZWESVUSR", "other", first, NULL, 0);
    saf_import_result result = SAF_IMPORT_RENEWED;
    CERTS_OK(try_import(NULL, &result, &world, NULL, second, oops));
    assert_int_equal(result, SAF_IMPORT_ADDED);
}

TEST(a_certificate_of_another_owner_is_not_renewed)
{
    OWN(world) world = make_world();
    OWN(X509) *later = forge(&world, 20);
    OWN(saf_cert) *cert = certs_import(world.store, "OTHER", "mine", later, NULL, 0);
    assert_string_equal(cert->owner, "OTHER");
    assert_is(&world, "mine", world.mine);
}

TEST(a_certificate_with_the_serial_of_another_is_refused_even_as_a_renewal)
{
    OWN(world) world = make_world();
    certs_forgery forgery = { .cn = "mine", .key = world.key, .issuer = world.ca, .issuer_key = world.ca_key, .begin_sec = -CERTS_DAY,
                              .end_sec = 20 * CERTS_DAY, .serial = 77 };
    OWN(X509) *later = certs_forge(forgery);
    forgery.end_sec += CERTS_DAY;
    OWN(X509) *same_serial = certs_forge(forgery);
    OWN(EVP_PKEY) *other = certs_key("ec");
    forgery.key = other;
    OWN(X509) *others = certs_forge(forgery);
    certs_keep_imported(world.store, "OTHER", "it", others, NULL, 0);
    saf_error err = { 0 };
    assert_int_equal(try_import(NULL, NULL, &world, "mine", later, &err), SAF_E_EXISTS);
    assert_non_null(strstr(err.text, "OTHER/it"));
    assert_int_equal(try_import(NULL, NULL, &world, NULL, same_serial, NULL), SAF_E_EXISTS);
    assert_is(&world, "mine", world.mine);
}

TEST(the_label_of_another_key_stays_taken)
{
    OWN(world) world = make_world();
    OWN(EVP_PKEY) *other = certs_key("ec");
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "x", .key = other, .issuer = world.ca, .issuer_key = world.ca_key });
    saf_error err = { 0 };
    assert_int_equal(try_import(NULL, NULL, &world, "mine", x509, &err), SAF_E_EXISTS);
    assert_string_equal(err.text, "certificate ZWESVUSR/mine exists already");
    assert_string_equal(err.hint, "choose another label");
}

/* ---- several with one key --------------------------------------------------------------------------------- */

/* ZWESVUSR/twin beside ZWESVUSR/mine, with the same key. */
static world make_twins(void)
{
    world world = make_world();
    OWN(X509) *twin = forge(&world, 5);
    certs_keep_imported(world.store, "ZWESVUSR", "twin", twin, NULL, 0);
    return world;
}

TEST(of_several_with_one_key_the_label_says_which_is_renewed)
{
    OWN(world) world = make_twins();
    OWN(X509) *later = forge(&world, 20);
    assert_renews(&world, later, "twin", "twin");
    assert_is(&world, "mine", world.mine);
}

TEST(of_several_with_one_key_the_awaited_one_is_renewed)
{
    OWN(world) world = make_twins();
    OWN(X509) *later = forge(&world, 20);
    await_answer(&world, "twin");
    assert_renews(&world, later, "mine", "twin");
    assert_is(&world, "mine", world.mine);
}

TEST(what_a_stranger_had_made_does_not_stand_in_the_way_of_a_renewal)
{
    OWN(world) world = make_world();
    OWN(EVP_PKEY) *evil_key = certs_key("ec");
    OWN(X509) *evil_ca = forge_ca("evil", evil_key);
    OWN(X509) *evil = certs_forge((certs_forgery) { .cn = "mine", .key = world.key, .issuer = evil_ca, .issuer_key = evil_key });
    OWN(X509) *later = forge(&world, 20);
    certs_keep_imported(world.store, "ZWESVUSR", NULL, evil, NULL, 0);
    assert_renews(&world, later, "ignored", "mine");
}

TEST(of_several_with_one_key_none_is_guessed)
{
    OWN(world) world = make_twins();
    OWN(X509) *later = forge(&world, 20);
    saf_error err = { 0 };
    assert_int_equal(try_import(NULL, NULL, &world, "third", later, &err), SAF_E_CONFLICT);
    assert_string_equal(err.text, "several certificates have the key of the one that is to be imported: ZWESVUSR/mine, ZWESVUSR/twin");
}

TEST(what_could_renew_none_of_several_is_kept_beside_them)
{
    OWN(world) world = make_twins();
    OWN(X509) *older = forge(&world, 2);
    OWN(saf_cert) *cert = certs_import(world.store, "ZWESVUSR", "third", older, NULL, 0);
    assert_string_equal(cert->label, "third");
}

/* ---- revoked ---------------------------------------------------------------------------------------------- */

/* CERTAUTH/root of this store signed ZWESVUSR/localhost, which is renewed, and whose old certificate is then revoked. */
TEST(a_certificate_that_this_store_revoked_does_not_come_back_as_trusted)
{
    OWN(saf_store) *store = certs_store();
    certs_issue_ca(store, "root", NULL, -1);
    OWN(saf_cert) *root = certs_find(store, "CERTAUTH", "root");
    OWN(saf_cert) *old = certs_issue(store, certs_leaf("root"));
    saf_change *change = NULL;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_store_delete_cert(change, "ZWESVUSR", "localhost", SAF_NO_FORCE, oops));
    CERTS_OK(saf_store_revoke(change, root, old->serial, SAF_REASON_SUPERSEDED, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    OWN(saf_cert) *back = NULL;
    CERTS_OK(certs_try_import(&back, NULL, store, (saf_import_request) { .owner = "ZWESVUSR", .der = old->der }, oops));
    assert_int_equal(back->trust, SAF_NOTRUST);
    assert_int_not_equal(back->revoked_at, 0);
}

TEST(a_certificate_that_this_store_revoked_renews_nothing)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    certs_issue_ca(store, "root", NULL, -1);
    OWN(saf_cert) *root = certs_find(store, "CERTAUTH", "root");
    saf_issue_request request = certs_leaf("root");
    request.key = key;
    request.valid_days = 300;
    OWN(saf_cert) *revoked = certs_issue(store, request);
    saf_change *change = NULL;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_store_revoke(change, root, revoked->serial, SAF_REASON_SUPERSEDED, oops));
    CERTS_OK(saf_store_delete_cert(change, "ZWESVUSR", "localhost", SAF_NO_FORCE, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    request.valid_days = 30;
    certs_keep_issued(store, request);
    OWN(saf_cert) *back = NULL;
    saf_import_result result = SAF_IMPORT_RENEWED;
    CERTS_OK(certs_try_import(&back, &result, store, (saf_import_request) { .owner = "ZWESVUSR", .der = revoked->der }, oops));
    assert_int_equal(result, SAF_IMPORT_ADDED);
    assert_int_equal(back->trust, SAF_NOTRUST);
    assert_string_equal(back->label, "LABEL00000001");
}

/* CERTAUTH/root of this store says that the key of ZWESVUSR/localhost is compromised, of a certificate that is not here any more. */
TEST(a_certificate_for_a_compromised_key_renews_nothing)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    certs_issue_ca(store, "root", NULL, -1);
    OWN(saf_cert) *root = certs_find(store, "CERTAUTH", "root");
    saf_issue_request request = certs_leaf("root");
    request.key = key;
    request.valid_days = 300;
    OWN(saf_cert) *longer = certs_issue(store, request);
    saf_change *change = NULL;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_store_delete_cert(change, "ZWESVUSR", "localhost", SAF_NO_FORCE, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    request.valid_days = 20;
    OWN(saf_cert) *compromised = certs_issue(store, request);
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_store_delete_cert(change, "ZWESVUSR", "localhost", SAF_NO_FORCE, oops));
    CERTS_OK(saf_store_revoke(change, root, compromised->serial, SAF_REASON_KEY_COMPROMISE, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    request.valid_days = 30;
    certs_keep_issued(store, request);
    OWN(saf_cert) *back = NULL;
    saf_import_result result = SAF_IMPORT_RENEWED;
    CERTS_OK(certs_try_import(&back, &result, store, (saf_import_request) { .owner = "ZWESVUSR", .der = longer->der }, oops));
    assert_int_equal(result, SAF_IMPORT_ADDED);
}

TEST(a_certificate_that_ends_earlier_renews_one_that_is_revoked)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    certs_issue_ca(store, "root", NULL, -1);
    OWN(saf_cert) *root = certs_find(store, "CERTAUTH", "root");
    saf_issue_request request = certs_leaf("root");
    request.key = key;
    request.valid_days = 30;
    OWN(saf_cert) *shorter = certs_issue(store, request);
    saf_change *change = NULL;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_store_delete_cert(change, "ZWESVUSR", "localhost", SAF_NO_FORCE, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    request.valid_days = 300;
    OWN(saf_cert) *revoked = certs_issue(store, request);
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_store_revoke(change, root, revoked->serial, SAF_REASON_SUPERSEDED, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    saf_import_result result = SAF_IMPORT_ADDED;
    CERTS_OK(certs_try_import(NULL, &result, store, (saf_import_request) { .owner = "ZWESVUSR", .der = shorter->der }, oops));
    assert_int_equal(result, SAF_IMPORT_RENEWED);
}

/* ---- labels ----------------------------------------------------------------------------------------------- */

TEST(certificates_without_a_label_are_numbered_as_racf_does)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *key = certs_key("ec");
    for (unsigned i = 1; i <= 20; i++) {
        char expected[SAF_LABEL_MAX + 1];
        snprintf(expected, sizeof expected, "LABEL%08u", i);
        OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "x", .key = key });
        OWN(saf_cert) *cert = certs_import(store, i % 2 ? "ZWESVUSR" : "zwesvusr", NULL, x509, NULL, 0);
        assert_string_equal(cert->label, expected);
    }
}

/* ---- kept beside, and meant after all --------------------------------------------------------------------- */

static void set_trust(const world *world, const char *owner, const char *label, saf_trust trust)
{
    saf_change *change = begin(world);
    CERTS_OK(saf_store_alter_cert(change, owner, label, &(saf_cert_alteration) { .trust = trust }, oops));
    CERTS_OK(saf_change_commit(&change, oops));
}

/* Import while CERTAUTH/ca is not trusted, so that it is kept beside; then it is. */
static void keep_beside(const world *world, X509 *x509, const char *label)
{
    OWN(saf_cert) *cert = NULL;
    set_trust(world, "CERTAUTH", "ca", SAF_NOTRUST);
    CERTS_OK(try_import(&cert, NULL, world, label, x509, oops));
    assert_string_equal(cert->label, label ? label : "LABEL00000001");
    assert_int_equal(cert->trust, SAF_NOTRUST);
    set_trust(world, "CERTAUTH", "ca", SAF_TRUST);
}

static void assert_gone(const world *world, const char *label)
{
    OWN(saf_cert) *cert = NULL;
    assert_int_equal(saf_store_find_cert(&cert, world->store, &CERTS_WHO, "ZWESVUSR", label, NULL), SAF_E_NOT_FOUND);
}

static void assert_was_there(const world *world, X509 *x509, const char *label)
{
    OWN(saf_cert) *cert = NULL;
    saf_import_result result = SAF_IMPORT_ADDED;
    CERTS_OK(try_import(&cert, &result, world, NULL, x509, oops));
    assert_int_equal(result, SAF_IMPORT_WAS_THERE);
    assert_string_equal(cert->label, label);
    assert_is(world, "mine", world->mine);
}

TEST(an_answer_that_came_before_its_ca_was_trusted_renews_when_it_comes_again)
{
    OWN(world) world = make_world();
    OWN(X509) *answer = forge(&world, 5);
    await_answer(&world, "mine");
    keep_beside(&world, answer, NULL);
    assert_renews(&world, answer, NULL, "mine");
    assert_gone(&world, "LABEL00000001");
    OWN(saf_cert) *cert = certs_find(world.store, "ZWESVUSR", "mine");
    assert_int_equal(cert->requested_at, 0);
    assert_int_equal(cert->trust, SAF_HIGHTRUST);
    OWN(EVP_PKEY) *key = NULL;
    CERTS_OK(saf_store_load_key(&key, world.store, &CERTS_WHO, cert, oops));
    assert_int_equal(EVP_PKEY_eq(key, world.key), 1);
}

TEST(a_renewal_that_was_kept_beside_under_a_label_renews_when_it_comes_again)
{
    OWN(world) world = make_world();
    OWN(X509) *later = forge(&world, 20);
    keep_beside(&world, later, "beside");
    assert_renews(&world, later, "beside", "mine");
    assert_gone(&world, "beside");
}

TEST(what_was_kept_beside_stays_while_it_would_renew_nothing)
{
    OWN(world) world = make_world();
    OWN(X509) *older = forge(&world, 5);
    OWN(X509) *later = forge(&world, 20);
    keep_beside(&world, older, "older");
    assert_was_there(&world, older, "older");
    keep_beside(&world, later, "later");
    set_trust(&world, "CERTAUTH", "ca", SAF_NOTRUST);
    assert_was_there(&world, later, "later");
}

TEST(what_was_kept_beside_stays_when_a_ring_has_it)
{
    OWN(world) world = make_world();
    OWN(X509) *later = forge(&world, 20);
    keep_beside(&world, later, "beside");
    saf_connect_request connect = { .ring_owner = "ZWESVUSR", .ring_name = "ring", .cert_owner = "ZWESVUSR",
                                    .cert_label = "beside", .usage = SAF_USAGE_PERSONAL };
    saf_change *change = begin(&world);
    CERTS_OK(saf_ring_create(change, "ZWESVUSR", "ring", oops));
    CERTS_OK(saf_ring_connect(change, &connect, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    assert_was_there(&world, later, "beside");
}

TEST(what_was_kept_beside_stays_when_it_is_trusted_or_several_could_be_meant)
{
    OWN(world) world = make_world();
    OWN(X509) *later = forge(&world, 20);
    OWN(X509) *twin = forge(&world, 5);
    keep_beside(&world, later, "beside");
    certs_keep_imported(world.store, "ZWESVUSR", "twin", twin, NULL, SAF_TRUST);
    assert_was_there(&world, later, "beside");
    set_trust(&world, "ZWESVUSR", "twin", SAF_NOTRUST);
    set_trust(&world, "ZWESVUSR", "beside", SAF_TRUST);
    assert_was_there(&world, later, "beside");
}

TEST(what_another_owner_has_renews_nothing)
{
    OWN(world) world = make_world();
    OWN(X509) *later = forge(&world, 20);
    OWN(saf_cert) *theirs = certs_import(world.store, "OTHER", "theirs", later, NULL, SAF_NOTRUST);
    assert_string_equal(theirs->owner, "OTHER");
    assert_was_there(&world, later, "theirs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(a_certificate_that_ends_later_renews_whatever_label_is_asked_for),
        IN_SCRATCH(a_renewal_keeps_status_and_rings),
        IN_SCRATCH(a_renewal_takes_the_status_that_is_asked_for),
        IN_SCRATCH(a_renewal_may_bring_the_key_along),
        IN_SCRATCH(an_answer_that_is_awaited_renews_although_it_ends_earlier),
        IN_SCRATCH(a_certificate_of_a_ca_renews_a_self_signed_one),
        IN_SCRATCH(a_certificate_that_a_stranger_had_made_for_your_key_does_not_replace_yours),
        IN_SCRATCH(a_stranger_does_not_replace_yours_while_an_answer_is_awaited),
        IN_SCRATCH(an_older_certificate_does_not_roll_back_a_newer_one),
        IN_SCRATCH(an_expired_certificate_renews_nothing),
        IN_SCRATCH(a_self_signed_certificate_does_not_replace_that_of_a_ca),
        IN_SCRATCH(a_certificate_whose_ca_is_not_trusted_renews_nothing),
        IN_SCRATCH(a_certificate_for_a_key_that_is_not_here_renews_nothing),
        IN_SCRATCH(a_certificate_of_another_owner_is_not_renewed),
        IN_SCRATCH(a_certificate_with_the_serial_of_another_is_refused_even_as_a_renewal),
        IN_SCRATCH(the_label_of_another_key_stays_taken),
        IN_SCRATCH(of_several_with_one_key_the_label_says_which_is_renewed),
        IN_SCRATCH(of_several_with_one_key_the_awaited_one_is_renewed),
        IN_SCRATCH(what_a_stranger_had_made_does_not_stand_in_the_way_of_a_renewal),
        IN_SCRATCH(of_several_with_one_key_none_is_guessed),
        IN_SCRATCH(what_could_renew_none_of_several_is_kept_beside_them),
        IN_SCRATCH(a_certificate_that_this_store_revoked_does_not_come_back_as_trusted),
        IN_SCRATCH(a_certificate_that_this_store_revoked_renews_nothing),
        IN_SCRATCH(a_certificate_for_a_compromised_key_renews_nothing),
        IN_SCRATCH(a_certificate_that_ends_earlier_renews_one_that_is_revoked),
        IN_SCRATCH(certificates_without_a_label_are_numbered_as_racf_does),
        IN_SCRATCH(an_answer_that_came_before_its_ca_was_trusted_renews_when_it_comes_again),
        IN_SCRATCH(a_renewal_that_was_kept_beside_under_a_label_renews_when_it_comes_again),
        IN_SCRATCH(what_was_kept_beside_stays_while_it_would_renew_nothing),
        IN_SCRATCH(what_was_kept_beside_stays_when_a_ring_has_it),
        IN_SCRATCH(what_was_kept_beside_stays_when_it_is_trusted_or_several_could_be_meant),
        IN_SCRATCH(what_another_owner_has_renews_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
