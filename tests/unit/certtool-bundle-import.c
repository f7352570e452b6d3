/* A whole file into the store: what goes where, under which label, and who is trusted because of it. */
#include <support/bundle-world.h>

OWN_VALUE(saf_import_report, saf_import_report_free)

/* root signed sub, which signed leaf. */
typedef struct hierarchy {
    EVP_PKEY *root_key, *sub_key, *key;
    X509 *root, *sub, *leaf;
} hierarchy;

static void hierarchy_clear(hierarchy *h)
{
    EVP_PKEY_free(h->root_key);
    EVP_PKEY_free(h->sub_key);
    EVP_PKEY_free(h->key);
    X509_free(h->root);
    X509_free(h->sub);
    X509_free(h->leaf);
}

OWN_VALUE(hierarchy, hierarchy_clear)

static X509 *forge_ca(const char *cn, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
    return certs_forge((certs_forgery) { .cn = cn, .key = key, .issuer = issuer, .issuer_key = issuer_key,
                                         .basic_constraints = "critical,CA:TRUE", .begin_sec = -CERTS_DAY,
                                         .end_sec = 100 * CERTS_DAY });
}

static X509 *forge_leaf(const hierarchy *h, int days)
{
    return certs_forge((certs_forgery) { .cn = "leaf", .key = h->key, .issuer = h->sub, .issuer_key = h->sub_key,
                                         .begin_sec = -CERTS_DAY, .end_sec = days * CERTS_DAY });
}

static hierarchy make_hierarchy(void)
{
    hierarchy h = { .root_key = certs_key("ec"), .sub_key = certs_key("ec"), .key = certs_key("ec") };
    h.root = forge_ca("Root CA", h.root_key, NULL, NULL);
    h.sub = forge_ca("Sub CA", h.sub_key, h.root, h.root_key);
    h.leaf = forge_leaf(&h, 10);
    return h;
}

/* In an order that nobody would import in. */
static void add_whole(saf_buffer *out, const hierarchy *h)
{
    add_pem_cert(out, h->leaf);
    add_pem_key(out, h->key, NULL);
    add_pem_cert(out, h->sub);
    add_pem_cert(out, h->root);
}

static saf_status import_file(saf_import_report *out, saf_store *store, const saf_buffer *content, saf_bundle_request request,
                              saf_error *err)
{
    OWN(saf_bundle) *bundle = NULL;
    saf_change *change = NULL;
    CERTS_OK(saf_bundle_read(&bundle, saf_buffer_bytes(content), NULL, NULL, "in.file", oops));
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    if (!request.owner)
        request.owner = "ZWESVUSR";
    saf_status status = saf_bundle_import(out, change, bundle, &request, err);
    if (status == SAF_OK)
        return saf_change_commit(&change, err);
    saf_change_abandon(&change);
    return status;
}

static const char *const results[] = { [SAF_IMPORT_ADDED] = "added", [SAF_IMPORT_WAS_THERE] = "was there",
                                       [SAF_IMPORT_KEY_ADDED] = "key added", [SAF_IMPORT_RENEWED] = "renewed" };

static const char *trust_name(saf_trust trust)
{
    return trust == SAF_TRUST ? "TRUST" : trust == SAF_HIGHTRUST ? "HIGHTRUST" : "NOTRUST";
}

/* "CERTAUTH/Root CA added NOTRUST; …" */
static void assert_report(const saf_import_report *report, const char *expected)
{
    OWN(saf_buffer) text = { 0 };
    for (size_t i = 0; i < report->count; i++) {
        const saf_cert *cert = report->items[i].cert;
        saf_buffer_printf(&text, "%s%s/%s %s %s", i ? "; " : "", cert->owner, cert->label, results[report->items[i].result],
                          trust_name(cert->trust));
    }
    assert_string_equal(saf_buffer_text(&text), expected);
}

static void assert_imports(saf_store *store, const saf_buffer *content, saf_bundle_request request, const char *expected)
{
    OWN(saf_import_report) report = { 0 };
    CERTS_OK(import_file(&report, store, content, request, oops));
    assert_report(&report, expected);
}

/* ---- what goes where -------------------------------------------------------------------------------------- */

TEST(a_file_goes_in_from_its_root_to_its_certificate_and_is_not_trusted_for_that)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(saf_buffer) content = { 0 };
    add_whole(&content, &h);
    assert_imports(store, &content, (saf_bundle_request) { .label = "leaf" },
                   "CERTAUTH/Root CA added NOTRUST; CERTAUTH/Sub CA added NOTRUST; ZWESVUSR/leaf added NOTRUST");
    OWN(saf_cert) *leaf = certs_find(store, "ZWESVUSR", "leaf");
    assert_int_equal(leaf->key_place, SAF_KEY_STORED);
    assert_imports(store, &content, (saf_bundle_request) { .label = "leaf" },
                   "CERTAUTH/Root CA was there NOTRUST; CERTAUTH/Sub CA was there NOTRUST; ZWESVUSR/leaf was there NOTRUST");
}

TEST(a_file_that_is_trusted_brings_trusted_roots)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(saf_buffer) content = { 0 };
    add_whole(&content, &h);
    assert_imports(store, &content, (saf_bundle_request) { .label = "leaf", .trust = SAF_HIGHTRUST },
                   "CERTAUTH/Root CA added TRUST; CERTAUTH/Sub CA added TRUST; ZWESVUSR/leaf added HIGHTRUST");
}

TEST(a_file_whose_root_is_trusted_here_is_judged_by_it)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(saf_buffer) content = { 0 };
    certs_keep_imported(store, "CERTAUTH", "known", h.root, NULL, SAF_TRUST);
    add_whole(&content, &h);
    assert_imports(store, &content, (saf_bundle_request) { .label = "leaf" },
                   "CERTAUTH/known was there TRUST; CERTAUTH/Sub CA added TRUST; ZWESVUSR/leaf added TRUST");
}

TEST(a_file_can_be_imported_without_its_chain)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(saf_buffer) content = { 0 };
    add_whole(&content, &h);
    assert_imports(store, &content, (saf_bundle_request) { .label = "leaf", .chain = SAF_CHAIN_SKIP }, "ZWESVUSR/leaf added NOTRUST");
}

TEST(strangers_in_a_file_stay_out_and_are_counted)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *other_ca = forge_ca("Other CA", key, NULL, NULL);
    OWN(X509) *false_root = forge_ca("Root CA", key, NULL, NULL);
    OWN(X509) *false_sub = certs_forge((certs_forgery) { .cn = "Sub CA", .key = h.sub_key, .issuer = h.root, .issuer_key = h.root_key });
    OWN(saf_buffer) content = { 0 };
    OWN(saf_import_report) report = { 0 };
    add_whole(&content, &h);
    add_pem_cert(&content, other_ca);
    add_pem_cert(&content, false_root);
    add_pem_cert(&content, false_sub); /* no CA, although it has a CA's name and key */
    CERTS_OK(import_file(&report, store, &content, (saf_bundle_request) { .label = "leaf" }, oops));
    assert_report(&report, "CERTAUTH/Root CA added NOTRUST; CERTAUTH/Sub CA added NOTRUST; ZWESVUSR/leaf added NOTRUST");
    assert_int_equal(report.left_out, 3);
}

TEST(cross_certificates_that_sign_each_other_come_to_an_end)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(X509) *cross = forge_ca("Root CA", h.root_key, h.sub, h.sub_key);
    OWN(saf_buffer) content = { 0 };
    OWN(saf_import_report) report = { 0 };
    add_pem_cert(&content, h.leaf);
    add_pem_key(&content, h.key, NULL);
    add_pem_cert(&content, h.sub);
    add_pem_cert(&content, cross);
    CERTS_OK(import_file(&report, store, &content, (saf_bundle_request) { .label = "leaf" }, oops));
    assert_int_equal(report.count, 3);
    assert_string_equal(report.items[2].cert->label, "leaf");
}

/* ---- labels ----------------------------------------------------------------------------------------------- */

TEST(cas_are_labelled_by_their_common_name_cut_at_a_character)
{
    OWN(saf_store) *store = certs_store();
    OWN(EVP_PKEY) *ca_key = certs_key("ec");
    OWN(EVP_PKEY) *key = certs_key("ec");
    static const char *const names[][2] = {
        { "Eine Zertifizierungsstelle in Köln", "Eine Zertifizierungsstelle in K" },
        { "Eine Zertifizierungsstelle   in Z", "Eine Zertifizierungsstelle   in" },
        { "right\xE2\x80\xAEtfel", "LABEL00000001" },
        { " blank", "LABEL00000002" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        OWN(X509) *ca = forge_ca(names[i][0], ca_key, NULL, NULL);
        OWN(X509) *leaf = certs_forge((certs_forgery) { .cn = "x", .key = key, .issuer = ca, .issuer_key = ca_key });
        OWN(saf_buffer) content = { 0 };
        OWN(saf_import_report) report = { 0 };
        add_pem_cert(&content, leaf);
        add_pem_cert(&content, ca);
        CERTS_OK(import_file(&report, store, &content, (saf_bundle_request) { 0 }, oops));
        assert_string_equal(report.items[0].cert->label, names[i][1]);
    }
}

static void import_p12(saf_import_report *out, saf_store *store, const char *alias)
{
    OWN(world) world = make_world();
    OWN(saf_buffer) content = { 0 };
    add_p12(&content, PKCS12_create(NULL, alias, world.key, world.leaf, NULL, -1, -1, 0, -1, 0));
    CERTS_OK(import_file(out, store, &content, (saf_bundle_request) { 0 }, oops));
}

TEST(the_friendly_name_is_the_label_when_nobody_gives_one)
{
    OWN(saf_store) *store = certs_store();
    static const char *const names[][2] = { { "My Server", "My Server" }, { NULL, "LABEL00000001" },
                                            { "a name that is longer than a label may be", "LABEL00000002" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        OWN(saf_import_report) report = { 0 };
        import_p12(&report, store, names[i][0]);
        assert_string_equal(report.items[0].cert->label, names[i][1]);
    }
}

/* ---- renewals and attacks --------------------------------------------------------------------------------- */

static void keep_trusted(saf_store *store, const hierarchy *h)
{
    OWN(saf_buffer) content = { 0 };
    OWN(saf_import_report) report = { 0 };
    add_whole(&content, h);
    CERTS_OK(import_file(&report, store, &content, (saf_bundle_request) { .label = "mine", .trust = SAF_TRUST }, oops));
}

static void assert_still_mine(saf_store *store, X509 *x509)
{
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", "mine");
    assert_is(cert->der, x509);
}

TEST(a_renewed_certificate_in_a_file_renews)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    keep_trusted(store, &h);
    X509_free(h.leaf);
    h.leaf = forge_leaf(&h, 20);
    OWN(saf_buffer) content = { 0 };
    add_whole(&content, &h);
    assert_imports(store, &content, (saf_bundle_request) { .label = "other" },
                   "CERTAUTH/Root CA was there TRUST; CERTAUTH/Sub CA was there TRUST; ZWESVUSR/mine renewed TRUST");
    assert_still_mine(store, h.leaf);
}

TEST(a_stranger_who_brings_his_ca_along_replaces_nothing)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(hierarchy) evil = make_hierarchy(); /* of the same names */
    OWN(saf_buffer) content = { 0 };
    keep_trusted(store, &h);
    OWN(X509) *for_my_key = certs_forge((certs_forgery) { .cn = "leaf", .key = h.key, .issuer = evil.sub, .issuer_key = evil.sub_key,
                                                          .begin_sec = -CERTS_DAY, .end_sec = 50 * CERTS_DAY });
    add_pem_cert(&content, for_my_key);
    add_pem_cert(&content, evil.sub);
    add_pem_cert(&content, evil.root);
    assert_imports(store, &content, (saf_bundle_request) { 0 },
                   "CERTAUTH/Root CA 2 added NOTRUST; CERTAUTH/Sub CA 2 added NOTRUST; ZWESVUSR/LABEL00000001 added NOTRUST");
    assert_still_mine(store, h.leaf);
}

/* What comes along with a file renews nothing: a certificate of a trusted CA for our own CA's key would make everything that it issued
 * hang on that other CA. */
TEST(a_ca_that_comes_along_does_not_replace_ours)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(EVP_PKEY) *other_key = certs_key("ec");
    OWN(X509) *other = forge_ca("Other CA", other_key, NULL, NULL);
    OWN(X509) *cross = certs_forge((certs_forgery) { .cn = "Root CA", .key = h.root_key, .issuer = other, .issuer_key = other_key,
                                                     .basic_constraints = "CA:TRUE", .begin_sec = -CERTS_DAY,
                                                     .end_sec = 500 * CERTS_DAY });
    OWN(saf_buffer) content = { 0 };
    certs_keep_imported(store, "CERTAUTH", "ours", h.root, h.root_key, SAF_TRUST);
    certs_keep_imported(store, "CERTAUTH", "other", other, NULL, SAF_TRUST);
    add_pem_cert(&content, h.leaf);
    add_pem_cert(&content, h.sub);
    add_pem_cert(&content, cross);
    assert_imports(store, &content, (saf_bundle_request) { 0 },
                   "CERTAUTH/Root CA added TRUST; CERTAUTH/Sub CA added TRUST; ZWESVUSR/LABEL00000001 added TRUST");
    OWN(saf_cert) *ours = certs_find(store, "CERTAUTH", "ours");
    assert_is(ours->der, h.root);
}

TEST(a_self_signed_certificate_for_our_cas_key_does_not_replace_it)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(X509) *later = certs_forge((certs_forgery) { .cn = "Root CA", .key = h.root_key, .basic_constraints = "CA:TRUE",
                                                     .begin_sec = -CERTS_DAY, .end_sec = 500 * CERTS_DAY });
    OWN(saf_buffer) content = { 0 };
    certs_keep_imported(store, "CERTAUTH", "ours", h.root, h.root_key, SAF_TRUST);
    add_pem_cert(&content, h.leaf);
    add_pem_cert(&content, h.sub);
    add_pem_cert(&content, later);
    assert_imports(store, &content, (saf_bundle_request) { 0 },
                   "CERTAUTH/Root CA added NOTRUST; CERTAUTH/Sub CA added TRUST; ZWESVUSR/LABEL00000001 added TRUST");
}

TEST(a_file_fails_as_a_whole)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *taken = certs_forge((certs_forgery) { .cn = "x", .key = key });
    OWN(saf_buffer) content = { 0 };
    OWN(saf_import_report) report = { 0 };
    certs_keep_imported(store, "ZWESVUSR", "leaf", taken, NULL, 0);
    add_whole(&content, &h);
    assert_int_equal(import_file(&report, store, &content, (saf_bundle_request) { .label = "leaf" }, NULL), SAF_E_EXISTS);
    assert_int_equal(report.count, 0);
    assert_null(report.items);
    OWN(saf_cert) *none = NULL;
    assert_int_equal(saf_store_find_cert(&none, store, &CERTS_WHO, "CERTAUTH", "Root CA", NULL), SAF_E_NOT_FOUND);
}

/* ---- answers ---------------------------------------------------------------------------------------------- */

static void await_answer(saf_store *store, const char *label)
{
    saf_change *change = NULL;
    OWN(saf_cert) *cert = certs_find(store, "ZWESVUSR", label);
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_store_note_request(change, cert, oops));
    CERTS_OK(saf_change_commit(&change, oops));
}

static void trust(saf_store *store, const char *label)
{
    saf_change *change = NULL;
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    CERTS_OK(saf_store_alter_cert(change, "CERTAUTH", label, &(saf_cert_alteration) { .trust = SAF_TRUST }, oops));
    CERTS_OK(saf_change_commit(&change, oops));
}

/* ZWESVUSR/mine, self-signed, for the key of the hierarchy's leaf. */
static void keep_self_signed(saf_store *store, const hierarchy *h)
{
    OWN(X509) *x509 = certs_forge((certs_forgery) { .cn = "mine", .key = h->key });
    certs_keep_imported(store, "ZWESVUSR", "mine", x509, h->key, 0);
}

TEST(an_answer_of_a_ca_that_is_not_trusted_yet_says_so_and_renews_when_it_is)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(saf_buffer) content = { 0 };
    OWN(saf_import_report) report = { 0 };
    keep_self_signed(store, &h);
    await_answer(store, "mine");
    add_pem_cert(&content, h.leaf);
    add_pem_cert(&content, h.sub);
    add_pem_cert(&content, h.root);
    for (int i = 0; i < 2; i++) {
        saf_import_report_free(&report);
        CERTS_OK(import_file(&report, store, &content, (saf_bundle_request) { 0 }, oops));
        const saf_imported *item = &report.items[2];
        assert_int_equal(item->result, i ? SAF_IMPORT_WAS_THERE : SAF_IMPORT_ADDED);
        assert_string_equal(item->cert->label, "LABEL00000001");
        assert_string_equal(item->not_renewed, "its chain does not verify to a certificate that is trusted here, or it is not in date");
        assert_string_equal(item->not_renewed_label, "mine");
        assert_true(item->is_awaited);
        assert_null(report.items[0].not_renewed);
    }
    trust(store, "Root CA");
    trust(store, "Sub CA");
    saf_import_report_free(&report);
    CERTS_OK(import_file(&report, store, &content, (saf_bundle_request) { 0 }, oops));
    assert_report(&report, "CERTAUTH/Root CA was there TRUST; CERTAUTH/Sub CA was there TRUST; ZWESVUSR/mine renewed TRUST");
    assert_null(report.items[2].not_renewed);
    assert_still_mine(store, h.leaf);
}

TEST(what_ends_no_later_says_so)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(saf_buffer) content = { 0 };
    OWN(saf_import_report) report = { 0 };
    keep_trusted(store, &h);
    OWN(X509) *older = forge_leaf(&h, 5);
    add_pem_cert(&content, older);
    CERTS_OK(import_file(&report, store, &content, (saf_bundle_request) { 0 }, oops));
    assert_string_equal(report.items[0].not_renewed, "it does not end later");
    assert_string_equal(report.items[0].not_renewed_label, "mine");
    assert_false(report.items[0].is_awaited);
}

/* ---- CAs, and other owners -------------------------------------------------------------------------------- */

TEST(certauth_gets_all_cas_of_a_file_issuers_first)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(EVP_PKEY) *other_sub_key = certs_key("ec");
    OWN(X509) *other = forge_ca("Other CA", key, NULL, NULL);
    OWN(X509) *other_sub = forge_ca("Other Sub", other_sub_key, other, key);
    OWN(saf_buffer) content = { 0 };
    OWN(saf_import_report) report = { 0 };
    add_pem_cert(&content, h.sub);
    add_pem_cert(&content, other_sub);
    add_pem_cert(&content, h.root);
    add_pem_cert(&content, other);
    add_pem_cert(&content, h.leaf);
    certs_keep_imported(store, "CERTAUTH", "known", other, NULL, SAF_TRUST);
    OWN(saf_bundle) *bundle = NULL;
    saf_change *change = NULL;
    CERTS_OK(saf_bundle_read(&bundle, saf_buffer_bytes(&content), NULL, NULL, "in.file", oops));
    CERTS_OK(saf_change_begin(&change, store, &CERTS_WHO, oops));
    saf_bundle_request request = { .owner = "certauth" };
    CERTS_OK(saf_bundle_import(&report, change, bundle, &request, oops));
    CERTS_OK(saf_change_commit(&change, oops));
    /* Other Sub is the one that is meant: the first that has issued nothing. */
    assert_report(&report, "CERTAUTH/Root CA added NOTRUST; CERTAUTH/Sub CA added NOTRUST; CERTAUTH/known was there TRUST; "
                           "CERTAUTH/LABEL00000001 added TRUST");
    assert_int_equal(report.left_out, 1);
}

TEST(certauth_leaves_end_entities_out_and_counts_them)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(EVP_PKEY) *key = certs_key("ec");
    OWN(X509) *other = forge_ca("Other CA", key, NULL, NULL);
    OWN(X509) *stranger = certs_forge((certs_forgery) { .cn = "stranger", .key = key });
    OWN(saf_buffer) content = { 0 };
    OWN(saf_import_report) report = { 0 };
    add_pem_cert(&content, other);
    add_pem_cert(&content, h.root);
    add_pem_cert(&content, stranger);
    CERTS_OK(import_file(&report, store, &content, (saf_bundle_request) { .owner = "CERTAUTH", .label = "first" }, oops));
    assert_report(&report, "CERTAUTH/Root CA added NOTRUST; CERTAUTH/first added NOTRUST");
    assert_int_equal(report.left_out, 1);
}

TEST(certauth_gets_a_ca_with_its_key_before_what_that_signed)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(saf_buffer) content = { 0 };
    add_pem_cert(&content, h.sub);
    add_pem_cert(&content, h.root);
    add_pem_key(&content, h.root_key, NULL);
    assert_imports(store, &content, (saf_bundle_request) { .owner = "CERTAUTH", .label = "mine" },
                   "CERTAUTH/mine added TRUST; CERTAUTH/Sub CA added TRUST");
}

TEST(certauth_gets_one_when_the_others_are_skipped)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(saf_buffer) content = { 0 };
    add_pem_cert(&content, h.sub);
    add_pem_cert(&content, h.root);
    assert_imports(store, &content, (saf_bundle_request) { .owner = "CERTAUTH", .label = "sub", .chain = SAF_CHAIN_SKIP },
                   "CERTAUTH/sub added NOTRUST");
}

TEST(what_another_owner_has_is_refused)
{
    OWN(saf_store) *store = certs_store();
    OWN(hierarchy) h = make_hierarchy();
    OWN(saf_buffer) content = { 0 };
    saf_error err = { 0 };
    certs_keep_imported(store, "X1", "one", h.leaf, NULL, 0);
    certs_keep_imported(store, "X1", "root", h.root, NULL, SAF_TRUST);
    add_whole(&content, &h);
    assert_int_equal(import_file(NULL, store, &content, (saf_bundle_request) { .label = "leaf" }, &err), SAF_E_EXISTS);
    assert_string_equal(err.text, "it is in the store already, as X1/one; a certificate has one owner");
    OWN(saf_cert) *theirs = certs_find(store, "X1", "one");
    assert_int_equal(theirs->key_place, SAF_KEY_NONE);
    assert_imports(store, &content, (saf_bundle_request) { .owner = "x1" },
                   "X1/root was there TRUST; CERTAUTH/Sub CA added NOTRUST; X1/one key added NOTRUST");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(a_file_goes_in_from_its_root_to_its_certificate_and_is_not_trusted_for_that),
        IN_SCRATCH(a_file_that_is_trusted_brings_trusted_roots),
        IN_SCRATCH(a_file_whose_root_is_trusted_here_is_judged_by_it),
        IN_SCRATCH(a_file_can_be_imported_without_its_chain),
        IN_SCRATCH(strangers_in_a_file_stay_out_and_are_counted),
        IN_SCRATCH(cross_certificates_that_sign_each_other_come_to_an_end),
        IN_SCRATCH(cas_are_labelled_by_their_common_name_cut_at_a_character),
        IN_SCRATCH(the_friendly_name_is_the_label_when_nobody_gives_one),
        IN_SCRATCH(a_renewed_certificate_in_a_file_renews),
        IN_SCRATCH(a_stranger_who_brings_his_ca_along_replaces_nothing),
        IN_SCRATCH(a_ca_that_comes_along_does_not_replace_ours),
        IN_SCRATCH(a_self_signed_certificate_for_our_cas_key_does_not_replace_it),
        IN_SCRATCH(a_file_fails_as_a_whole),
        IN_SCRATCH(an_answer_of_a_ca_that_is_not_trusted_yet_says_so_and_renews_when_it_is),
        IN_SCRATCH(what_ends_no_later_says_so),
        IN_SCRATCH(certauth_gets_all_cas_of_a_file_issuers_first),
        IN_SCRATCH(certauth_leaves_end_entities_out_and_counts_them),
        IN_SCRATCH(certauth_gets_a_ca_with_its_key_before_what_that_signed),
        IN_SCRATCH(certauth_gets_one_when_the_others_are_skipped),
        IN_SCRATCH(what_another_owner_has_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
