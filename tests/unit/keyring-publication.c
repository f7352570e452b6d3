#include <support/keyring-world.h>
#include <support/scratch.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

OWN_VALUE(saf_publication_page, saf_publication_page_free)
OWN_POINTER(EVP_PKEY, EVP_PKEY_free)

enum { NOBODY = 65534 };

static uint32_t me(void)
{
    return geteuid();
}

/* A/one with key, CERTAUTH/ca, SITE/shared in the ring A/Ring, in that order; one is the default. */
static void fill(keyring_world *w)
{
    OWN(test_cert) ca = test_cert_self_signed("CA", 1);
    OWN(test_cert) one = test_cert_issued("one", 2, &ca, NULL);
    OWN(test_cert) shared = test_cert_issued("shared", 3, &ca, NULL);
    keyring_add(w, "CERTAUTH", "ca", &ca, ca.key);
    keyring_add(w, "SITE", "shared", &shared, shared.key);
    keyring_add(w, "A", "one", &one, one.key);
    keyring_make_ring(w, "A", "Ring");
    keyring_connect(w, "A", "Ring", "A", "one", SAF_DEFAULT);
    keyring_connect(w, "A", "Ring", "CERTAUTH", "ca", SAF_NOT_DEFAULT);
    keyring_connect(w, "A", "Ring", "SITE", "shared", SAF_NOT_DEFAULT);
}

static void publish(keyring_world *w, const char *owner, const char *name, const char *dir, uint32_t user, bool with_keys)
{
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_publish(change, owner, name, dir, user, with_keys, &w->err), &w->err);
    keyring_commit(w, change);
    assert_int_equal(saf_store_unpublished(w->store, NULL), 0);
}

static saf_status try_publish(keyring_world *w, const char *dir, uint32_t user)
{
    OWN(saf_change) *change = keyring_begin(w);
    return saf_ring_publish(change, "A", "Ring", dir, user, true, &w->err);
}

static saf_store *open_publication(keyring_world *w, const char *dir)
{
    saf_store *reader = NULL;
    assert_ok(saf_store_open(&reader, dir, NULL, &w->err), &w->err);
    return reader;
}

static saf_ring *open_ring(saf_store *store)
{
    saf_ring *ring = NULL;
    saf_error err = { 0 };
    assert_ok(saf_ring_open(&ring, store, NULL, "a", "Ring", &err), &err);
    return ring;
}

static uint64_t poll_ring(saf_store *store)
{
    uint64_t generation;
    saf_error err = { 0 };
    assert_ok(saf_ring_poll(&generation, store, NULL, "A", "Ring", &err), &err);
    return generation;
}

static mode_t mode_of(const char *path)
{
    struct stat about;
    assert_int_equal(lstat(path, &about), 0);
    return about.st_mode & 07777;
}

static void connect_new(keyring_world *w, const char *label, long serial)
{
    OWN(test_cert) cert = test_cert_self_signed(label, serial);
    keyring_add(w, "A", label, &cert, cert.key);
    keyring_connect(w, "A", "Ring", "A", label, SAF_NOT_DEFAULT);
}

/* ---- what a reader sees --------------------------------------------------------------------------------------- */

TEST(a_publication_shows_the_ring)
{
    keyring_world *w = *state;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    assert_int_equal(mode_of("pub"), 0755);
    assert_int_equal(mode_of("pub/ring.saf"), 0400);
    assert_int_equal(mode_of("pub/ring.key"), 0400);
    OWN(saf_store) *reader = open_publication(w, "pub");
    OWN(saf_ring) *ring = open_ring(reader);
    assert_string_equal(saf_store_dir(reader), "pub");
    assert_int_equal(saf_ring_generation(ring), keyring_poll(w, "A", "Ring"));
    assert_int_equal(saf_ring_size(ring), 3);
    const saf_connection *one = saf_ring_default(ring);
    assert_string_equal(one->cert->label, "one");
    assert_int_equal(one->usage, SAF_USAGE_PERSONAL);
    assert_int_equal(one->cert->trust, SAF_TRUST);
    assert_int_equal(one->cert->key_place, SAF_KEY_STORED);
    OWN(saf_cert) *stored = keyring_find(w, "A", "one");
    assert_memory_equal(one->cert->fingerprint, stored->fingerprint, SAF_FINGERPRINT_LEN);
    assert_int_equal(saf_ring_at(ring, 1)->usage, SAF_USAGE_CERTAUTH);
    assert_int_equal(saf_ring_at(ring, 1)->cert->key_place, SAF_KEY_NONE);
    assert_ptr_equal(saf_ring_find_label(ring, "SITE", "shared"), saf_ring_at(ring, 2));
}

TEST(a_private_key_comes_out_of_a_personal_connection_alone)
{
    keyring_world *w = *state;
    OWN(EVP_PKEY) *key = NULL;
    EVP_PKEY *none = NULL;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    OWN(saf_store) *reader = open_publication(w, "pub");
    OWN(saf_ring) *ring = open_ring(reader);
    assert_ok(saf_ring_load_key(&key, ring, saf_ring_at(ring, 0), reader, NULL, &w->err), &w->err);
    const unsigned char *der = saf_ring_at(ring, 0)->cert->der.data;
    X509 *x509 = d2i_X509(NULL, &der, (long)saf_ring_at(ring, 0)->cert->der.len);
    assert_int_equal(X509_check_private_key(x509, key), 1);
    X509_free(x509);
    assert_fails(saf_ring_load_key(&none, ring, saf_ring_at(ring, 1), reader, NULL, &w->err), SAF_E_NOT_FOUND, &w->err, "not PERSONAL");
}

TEST(without_keys_there_are_none)
{
    keyring_world *w = *state;
    EVP_PKEY *key = NULL;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), false);
    OWN(saf_store) *reader = open_publication(w, "pub");
    OWN(saf_ring) *ring = open_ring(reader);
    assert_int_equal(saf_ring_at(ring, 0)->cert->key_place, SAF_KEY_NONE);
    assert_fails(saf_ring_load_key(&key, ring, saf_ring_at(ring, 0), reader, NULL, &w->err), SAF_E_NOT_FOUND, &w->err, "published");
    publish(w, "A", "Ring", "pub", me(), true);
    assert_ok(saf_ring_load_key(&key, ring, saf_ring_at(ring, 0), reader, NULL, &w->err), &w->err);
    EVP_PKEY_free(key);
}

TEST(a_key_in_a_token_stays_a_uri)
{
    keyring_world *w = *state;
    EVP_PKEY *key = NULL;
    OWN(test_cert) cert = test_cert_self_signed("hsm", 7);
    fill(w);
    keyring_add_in_token(w, "A", "hsm", &cert, "pkcs11:token=T;id=%01;type=private");
    keyring_connect(w, "A", "Ring", "A", "hsm", SAF_NOT_DEFAULT);
    publish(w, "A", "Ring", "pub", me(), true);
    OWN(saf_store) *reader = open_publication(w, "pub");
    OWN(saf_ring) *ring = open_ring(reader);
    const saf_connection *hsm = saf_ring_find_label(ring, NULL, "hsm");
    assert_string_equal(hsm->cert->key_uri, "pkcs11:token=T;id=%01;type=private");
    assert_fails(saf_ring_load_key(&key, ring, hsm, reader, NULL, &w->err), SAF_E_UNSUPPORTED, &w->err, "token");
}

TEST(virtual_rings_are_published_too)
{
    keyring_world *w = *state;
    saf_ring *ring = NULL;
    uint64_t generation;
    fill(w);
    publish(w, "*auth*", "*", "cas", me(), true);
    OWN(saf_store) *reader = open_publication(w, "cas");
    assert_ok(saf_ring_open(&ring, reader, NULL, "*AUTH*", "*", &w->err), &w->err);
    assert_int_equal(saf_ring_size(ring), 1);
    assert_int_equal(saf_ring_at(ring, 0)->usage, SAF_USAGE_CERTAUTH);
    saf_ring_close(&ring);
    OWN(test_cert) second = test_cert_self_signed("CA 2", 9);
    keyring_add(w, "CERTAUTH", "second", &second, NULL);
    assert_ok(saf_ring_poll(&generation, reader, NULL, "*AUTH*", "*", &w->err), &w->err);
    assert_int_equal(generation, keyring_poll(w, "*AUTH*", "*"));
    assert_ok(saf_ring_open(&ring, reader, NULL, "*AUTH*", "*", &w->err), &w->err);
    assert_int_equal(saf_ring_size(ring), 2);
    saf_ring_close(&ring);
}

TEST(other_rings_and_other_calls_are_refused)
{
    keyring_world *w = *state;
    saf_ring *ring = NULL;
    saf_change *change = NULL;
    saf_store_info info;
    uint64_t generation;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    OWN(saf_store) *reader = open_publication(w, "pub");
    assert_fails(saf_ring_open(&ring, reader, NULL, "A", "Other", &w->err), SAF_E_NOT_FOUND, &w->err, "no ring A/Other");
    assert_codes(&w->err, 8, 8, 84);
    assert_fails(saf_ring_poll(&generation, reader, NULL, "A", "*", &w->err), SAF_E_NOT_FOUND, &w->err, "no ring A/*");
    assert_fails(saf_store_describe(&info, reader, NULL, &w->err), SAF_E_UNSUPPORTED, &w->err, "is a publication");
    assert_fails(saf_change_begin(&change, reader, NULL, &w->err), SAF_E_UNSUPPORTED, &w->err, "is a publication");
    saf_store_problems problems = { 0 };
    assert_fails(saf_store_check(&problems, reader, NULL, NULL, NULL, &w->err), SAF_E_UNSUPPORTED, &w->err, "is a publication");
    assert_fails(saf_store_backup(reader, NULL, "copy", NULL, NULL, &w->err), SAF_E_UNSUPPORTED, &w->err, "is a publication");
    const saf_rekey_store rekey = { .kind = SAF_MASTER_FILE };
    assert_fails(saf_store_rekey(reader, NULL, &rekey, &w->err), SAF_E_UNSUPPORTED, &w->err, "is a publication");
    assert_int_not_equal(access("pub/store.lock", F_OK), 0);
}

static saf_decision deny_keys(void *context, const saf_principal *who, const saf_question *question)
{
    (void)context;
    (void)who;
    return question->function == SAF_FN_RING_KEY ? SAF_DENY : SAF_ALLOW;
}

static saf_function denied;

static saf_decision deny_one(void *context, const saf_principal *who, const saf_question *question)
{
    (void)context;
    (void)who;
    return question->function == denied ? SAF_DENY : SAF_ALLOW;
}

static saf_status try_publish_to(saf_store *store, bool with_keys, saf_error *err)
{
    OWN(saf_change) *change = NULL;
    assert_ok(saf_change_begin(&change, store, NULL, err), err);
    return saf_ring_publish(change, "A", "Ring", "pub2", me(), with_keys, err);
}

static saf_status try_unpublish(saf_store *store, saf_error *err)
{
    OWN(saf_change) *change = NULL;
    assert_ok(saf_change_begin(&change, store, NULL, err), err);
    return saf_ring_unpublish(change, "A", "Ring", "pub", err);
}

TEST(publishing_takes_more_than_listing)
{
    keyring_world *w = *state;
    const saf_store_options options = { .authority = deny_one };
    OWN(saf_store) *store = NULL;
    fill(w);
    assert_ok(saf_store_open(&store, "store", &options, &w->err), &w->err);
    denied = SAF_FN_RING_PUBLISH;
    assert_fails(try_publish_to(store, false, &w->err), SAF_E_DENIED, &w->err, "ring-publish on A/Ring");
    assert_codes(&w->err, 8, 8, 8);
    denied = SAF_FN_RING_LIST; /* who may not read it himself gives it to nobody */
    assert_fails(try_publish_to(store, false, &w->err), SAF_E_DENIED, &w->err, "ring-list on A/Ring");
    denied = SAF_FN_RING_KEY;
    assert_ok(try_publish_to(store, false, &w->err), &w->err);
    assert_fails(try_publish_to(store, true, &w->err), SAF_E_DENIED, &w->err, "ring-key on A/Ring");
}

TEST(a_servers_ring_is_not_taken_away_by_who_may_list_it)
{
    keyring_world *w = *state;
    const saf_store_options options = { .authority = deny_one };
    OWN(saf_store) *store = NULL;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    assert_ok(saf_store_open(&store, "store", &options, &w->err), &w->err);
    denied = SAF_FN_RING_PUBLISH;
    assert_fails(try_unpublish(store, &w->err), SAF_E_DENIED, &w->err, "ring-publish on A/Ring");
    assert_codes(&w->err, 8, 8, 8);
    denied = SAF_FN_RING_LIST;
    assert_ok(try_unpublish(store, &w->err), &w->err);
}

TEST(the_readers_authority_decides)
{
    keyring_world *w = *state;
    const saf_store_options options = { .authority = deny_keys };
    OWN(saf_store) *reader = NULL;
    EVP_PKEY *key = NULL;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    assert_ok(saf_store_open(&reader, "pub", &options, &w->err), &w->err);
    OWN(saf_ring) *ring = open_ring(reader);
    assert_fails(saf_ring_load_key(&key, ring, saf_ring_at(ring, 0), reader, NULL, &w->err), SAF_E_DENIED, &w->err, "ring-key");
    assert_codes(&w->err, 8, 8, 8);
}

/* ---- renewal -------------------------------------------------------------------------------------------------- */

TEST(each_commit_that_touches_the_ring_renews)
{
    keyring_world *w = *state;
    EVP_PKEY *key = NULL;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    OWN(saf_store) *reader = open_publication(w, "pub");
    OWN(saf_ring) *before = open_ring(reader);
    connect_new(w, "two", 8);
    assert_int_equal(poll_ring(reader), keyring_poll(w, "A", "Ring"));
    assert_true(poll_ring(reader) > saf_ring_generation(before));
    OWN(saf_ring) *after = open_ring(reader);
    assert_int_equal(saf_ring_size(after), 4);

    const saf_cert_alteration alteration = { .trust = SAF_NOTRUST };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_alter_cert(change, "A", "one", &alteration, &w->err), &w->err);
    assert_ok(saf_ring_disconnect(change, "A", "Ring", "A", "two", &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_ring) *third = open_ring(reader);
    assert_int_equal(saf_ring_at(third, 0)->cert->trust, SAF_NOTRUST);
    /* What was taken out of the ring gives no key, whatever an old snapshot says. */
    assert_fails(saf_ring_load_key(&key, after, saf_ring_find_label(after, NULL, "two"), reader, NULL, &w->err), SAF_E_NOT_FOUND, &w->err,
                 "no longer connected");
}

TEST(nothing_is_written_for_a_change_that_is_abandoned)
{
    keyring_world *w = *state;
    fill(w);
    assert_ok(try_publish(w, "pub", me()), &w->err);
    assert_int_not_equal(access("pub", F_OK), 0);
}

TEST(unpublishing_and_deleting_the_ring_remove_the_files)
{
    keyring_world *w = *state;
    OWN(saf_publication_page) page = { 0 };
    uint64_t generation;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    publish(w, "A", "Ring", "deep/er/pub2", me(), true);
    OWN(saf_store) *reader = open_publication(w, "pub");
    saf_change *change = keyring_begin(w);
    assert_fails(saf_ring_unpublish(change, "A", "Ring", "none", &w->err), SAF_E_NOT_FOUND, &w->err, "not published in");
    assert_ok(saf_ring_unpublish(change, "A", "Ring", "./pub/", &w->err), &w->err);
    keyring_commit(w, change);
    assert_int_not_equal(access("pub", F_OK), 0);
    assert_fails(saf_ring_poll(&generation, reader, NULL, "A", "Ring", &w->err), SAF_E_NOT_FOUND, &w->err, "any more");
    assert_codes(&w->err, 8, 8, 84);
    assert_int_equal(access("deep/er/pub2/ring.saf", F_OK), 0);
    change = keyring_begin(w);
    assert_ok(saf_ring_delete(change, "A", "Ring", &w->err), &w->err);
    keyring_commit(w, change);
    assert_int_not_equal(access("deep/er/pub2", F_OK), 0);
    assert_ok(saf_store_list_publications(&page, w->store, NULL, &w->err), &w->err);
    assert_int_equal(page.count, 0);
}

TEST(a_directory_can_be_published_into_again)
{
    keyring_world *w = *state;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_unpublish(change, "A", "Ring", "pub", &w->err), &w->err);
    assert_ok(saf_ring_publish(change, "A", "*", "pub", me(), false, &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_store) *reader = open_publication(w, "pub");
    uint64_t generation;
    assert_ok(saf_ring_poll(&generation, reader, NULL, "A", "*", &w->err), &w->err);
}

static void unpublish(keyring_world *w, const char *dir)
{
    saf_change *change = keyring_begin(w);
    assert_ok(saf_ring_unpublish(change, "A", "Ring", dir, &w->err), &w->err);
    keyring_commit(w, change);
}

TEST(what_others_put_there_keeps_no_publication_from_ending)
{
    keyring_world *w = *state;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    assert_int_equal(scratch_write("pub/foreign", "x", 0600), 0);
    assert_int_equal(chmod("pub", 0777), 0);
    unpublish(w, "pub");
    assert_int_equal(saf_store_unpublished(w->store, NULL), 0);
    assert_int_equal(access("pub/ring.key", F_OK), -1);
    assert_int_equal(access("pub/ring.saf", F_OK), -1);
    assert_int_equal(access("pub/foreign", F_OK), 0);
}

TEST(a_link_that_came_into_the_way_is_not_followed)
{
    keyring_world *w = *state;
    saf_error why = { 0 };
    unsigned failed;
    fill(w);
    publish(w, "A", "Ring", "above/pub", me(), true);
    assert_int_equal(rename("above", "aside"), 0);
    assert_int_equal(mkdir("elsewhere", 0755), 0);
    assert_int_equal(symlink("elsewhere", "above"), 0);
    connect_new(w, "two", 8);
    assert_int_equal(saf_store_unpublished(w->store, &why), 1);
    assert_non_null(strstr(why.text, "symbolic link"));
    assert_int_equal(access("elsewhere/pub", F_OK), -1);
    assert_int_equal(unlink("above"), 0);
    assert_int_equal(rename("aside", "above"), 0);
    assert_ok(saf_store_publish_due(&failed, w->store, NULL, &why), &why);
    assert_int_equal(failed, 0);
}

/* Root works on another user's store: what that user put in the place of the lock is not given to her. */
TEST(a_lock_that_is_anothers_file_is_not_given_away)
{
    keyring_world *w = *state;
    struct stat about;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), false);
    if (chown("store/store.db", NOBODY, (gid_t)-1) != 0 || chown("pub", NOBODY, (gid_t)-1) != 0)
        skip();
    assert_int_equal(scratch_write("secret", "of root", 0600), 0);
    assert_int_equal(unlink("pub/ring.lock"), 0);
    assert_int_equal(link("secret", "pub/ring.lock"), 0);
    connect_new(w, "two", 8);
    assert_int_equal(saf_store_unpublished(w->store, NULL), 1);
    assert_int_equal(stat("secret", &about), 0);
    assert_int_equal(about.st_uid, me());
    assert_int_equal(chown("store/store.db", me(), (gid_t)-1), 0);
}

TEST(what_could_not_be_written_is_counted_and_written_later)
{
    keyring_world *w = *state;
    saf_error why = { 0 };
    unsigned failed;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    OWN(saf_store) *reader = open_publication(w, "pub");
    OWN(saf_ring) *before = open_ring(reader);
    assert_int_equal(scratch_write("pub/foreign", "x", 0600), 0);
    connect_new(w, "two", 8);
    assert_int_equal(saf_store_unpublished(w->store, &why), 1);
    assert_non_null(strstr(why.text, "foreign"));
    OWN(saf_publication_page) page = { 0 };
    assert_ok(saf_store_list_publications(&page, w->store, NULL, &w->err), &w->err);
    assert_true(page.items[0].is_due);
    assert_int_equal(poll_ring(reader), saf_ring_generation(before));
    assert_ok(saf_store_publish_due(&failed, w->store, NULL, &why), &why);
    assert_int_equal(failed, 1);
    assert_int_equal(unlink("pub/foreign"), 0);
    assert_ok(saf_store_publish_due(&failed, w->store, NULL, &why), &why);
    assert_int_equal(failed, 0);
    assert_int_equal(poll_ring(reader), keyring_poll(w, "A", "Ring"));
}

/* A limit on the size of files stands for the full disk; what is to be written is larger, what the store writes is not asked for. */
static void publish_on_a_full_disk(keyring_world *w)
{
    const struct rlimit limit = { .rlim_cur = 1000, .rlim_max = 1000 };
    OWN(saf_store) *store = keyring_open_again(w);
    unsigned failed = 0;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    _exit(saf_store_publish_due(&failed, store, NULL, NULL) == SAF_OK && failed == 1 ? 0 : 1);
}

TEST(a_full_disk_leaves_the_old_snapshot)
{
    keyring_world *w = *state;
    int answer;
    unsigned failed;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    OWN(saf_store) *reader = open_publication(w, "pub");
    uint64_t before = poll_ring(reader);
    assert_int_equal(scratch_write("pub/foreign", "x", 0600), 0);
    connect_new(w, "two", 8);
    assert_int_equal(unlink("pub/foreign"), 0);
    pid_t child = fork();
    if (child == 0)
        publish_on_a_full_disk(w);
    assert_int_equal(waitpid(child, &answer, 0), child);
    assert_int_equal(answer, 0);
    OWN(saf_ring) *ring = open_ring(reader);
    assert_int_equal(saf_ring_generation(ring), before);
    assert_ok(saf_store_publish_due(&failed, w->store, NULL, &w->err), &w->err);
    assert_int_equal(failed, 0);
    assert_int_equal(poll_ring(reader), keyring_poll(w, "A", "Ring"));
}

/* ---- an older store ------------------------------------------------------------------------------------------- */

/* Copied in place, as who restores without `store restore` does. */
static void put_back(keyring_world *w, const char *copy)
{
    saf_store_close(&w->store);
    assert_int_equal(rename(copy, "store/store.db"), 0);
    assert_ok(saf_store_open(&w->store, "store", NULL, &w->err), &w->err);
}

static void touch_ring(keyring_world *w)
{
    const saf_cert_alteration alteration = { .trust = SAF_HIGHTRUST };
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_alter_cert(change, "CERTAUTH", "ca", &alteration, &w->err), &w->err);
    keyring_commit(w, change);
}

static void publish_then_go_back(keyring_world *w)
{
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    assert_ok(saf_store_backup(w->store, NULL, "older", NULL, NULL, &w->err), &w->err);
    connect_new(w, "two", 8);
    connect_new(w, "three", 9);
    put_back(w, "older");
}

TEST(an_older_store_does_not_move_a_publication_back)
{
    keyring_world *w = *state;
    saf_error why = { 0 };
    publish_then_go_back(w);
    OWN(saf_store) *reader = open_publication(w, "pub");
    uint64_t newest = poll_ring(reader);
    touch_ring(w); /* its numbers are higher now: they begin at the time */
    assert_true(keyring_poll(w, "A", "Ring") > newest);
    assert_int_equal(saf_store_unpublished(w->store, &why), 1);
    assert_non_null(strstr(why.text, "store.db is an older copy"));
    assert_non_null(strstr(why.hint, "safring ring publish A/Ring --for"));
    assert_int_equal(poll_ring(reader), newest);
    OWN(saf_ring) *ring = open_ring(reader);
    assert_non_null(saf_ring_find_label(ring, "A", "three"));
}

TEST(publishing_again_moves_it_back)
{
    keyring_world *w = *state;
    publish_then_go_back(w);
    OWN(saf_store) *reader = open_publication(w, "pub");
    uint64_t newest = poll_ring(reader);
    publish(w, "A", "Ring", "pub", me(), true);
    assert_true(poll_ring(reader) < newest);
    assert_int_equal(poll_ring(reader), keyring_poll(w, "A", "Ring"));
    touch_ring(w);
    assert_int_equal(saf_store_unpublished(w->store, NULL), 0);
    assert_int_equal(poll_ring(reader), keyring_poll(w, "A", "Ring"));
}

TEST(a_check_sees_that_the_store_is_older_than_its_publication)
{
    keyring_world *w = *state;
    saf_store_problems problems = { 0 };
    publish_then_go_back(w);
    assert_ok(saf_store_check(&problems, w->store, NULL, NULL, NULL, &w->err), &w->err);
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.texts[0], "of the ring A/Ring"));
    assert_non_null(strstr(problems.texts[0], "store.db is an older copy"));
    saf_store_problems_free(&problems);
    publish(w, "A", "Ring", "pub", me(), true);
    assert_ok(saf_store_check(&problems, w->store, NULL, NULL, NULL, &w->err), &w->err);
    assert_int_equal(problems.count, 0);
}

/* A reader may write into its own file what it likes: only its own publication is concerned, and only until it is published again. */
TEST(what_is_no_snapshot_is_written_over)
{
    keyring_world *w = *state;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    assert_int_equal(unlink("pub/ring.saf"), 0);
    assert_int_equal(scratch_write("pub/ring.saf", "garbage", 0400), 0);
    touch_ring(w);
    assert_int_equal(saf_store_unpublished(w->store, NULL), 0);
    OWN(saf_store) *reader = open_publication(w, "pub");
    assert_int_equal(poll_ring(reader), keyring_poll(w, "A", "Ring"));
}

/* ---- custody -------------------------------------------------------------------------------------------------- */

TEST(directories_that_are_not_ours_are_refused)
{
    keyring_world *w = *state;
    fill(w);
    assert_int_equal(mkdir("open", 0755), 0);
    assert_int_equal(chmod("open", 0777), 0);
    assert_fails(try_publish(w, "open", me()), SAF_E_DENIED, &w->err, "others may write");
    assert_int_equal(mkdir("full", 0755), 0);
    assert_int_equal(scratch_write("full/file", "x", 0600), 0);
    assert_fails(try_publish(w, "full", me()), SAF_E_CONFLICT, &w->err, "holds file");
    assert_int_equal(mkdir("real", 0755), 0);
    assert_int_equal(symlink("real", "link"), 0);
    assert_fails(try_publish(w, "link", me()), SAF_E_CONFLICT, &w->err, "symbolic link");
    assert_fails(try_publish(w, "full/file", me()), SAF_E_CONFLICT, &w->err, "not a directory");
    assert_fails(try_publish(w, "x/..", me()), SAF_E_USAGE, &w->err, "does not name");
    publish(w, "A", "*", "other", me(), false);
    assert_fails(try_publish(w, "other", me()), SAF_E_CONFLICT, &w->err, "another ring");
}

TEST(a_publication_of_another_store_is_not_taken_over)
{
    keyring_world *w = *state;
    saf_store *mine = w->store;
    saf_store *other = NULL;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    assert_ok(saf_store_create("other-store", NULL, &w->err), &w->err);
    assert_ok(saf_store_open(&other, "other-store", NULL, &w->err), &w->err);
    w->store = other;
    fill(w);
    assert_fails(try_publish(w, "pub", me()), SAF_E_CONFLICT, &w->err, "knows nothing of");
    w->store = mine;
    saf_store_close(&other);
}

TEST(files_belong_to_their_reader)
{
    keyring_world *w = *state;
    struct stat about;
    fill(w);
    if (me() != 0) {
        assert_fails(try_publish(w, "pub", NOBODY), SAF_E_DENIED, &w->err, "root");
        return;
    }
    assert_fails(try_publish(w, "pub", NOBODY), SAF_E_DENIED, &w->err, "may not enter");
    assert_int_equal(chmod(".", 0711), 0);
    publish(w, "A", "Ring", "pub", NOBODY, true);
    assert_int_equal(stat("pub/ring.saf", &about), 0);
    assert_int_equal(about.st_uid, NOBODY);
    assert_int_equal(stat("pub/ring.key", &about), 0);
    assert_int_equal(about.st_uid, NOBODY);
    publish(w, "A", "Ring", "pub", 1, true); /* another reader */
    assert_int_equal(stat("pub/ring.key", &about), 0);
    assert_int_equal(about.st_uid, 1);
}

TEST(a_publication_that_others_can_write_or_read_is_refused)
{
    keyring_world *w = *state;
    saf_store *reader = NULL;
    saf_ring *ring = NULL;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    assert_int_equal(chmod("pub", 0775), 0);
    assert_fails(saf_store_open(&reader, "pub", NULL, &w->err), SAF_E_DENIED, &w->err, "others may write");
    assert_int_equal(chmod("pub", 0755), 0);
    reader = open_publication(w, "pub");
    assert_int_equal(chmod("pub/ring.key", 0440), 0);
    assert_fails(saf_ring_open(&ring, reader, NULL, "A", "Ring", &w->err), SAF_E_DENIED, &w->err, "ring.key");
    saf_store_close(&reader);
}

/* ---- damage --------------------------------------------------------------------------------------------------- */

static void damage(const char *path, long at, int bit, bool cuts)
{
    assert_int_equal(chmod(path, 0600), 0);
    FILE *file = fopen(path, "r+e");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    long where = ftell(file);
    int c = fgetc(file);
    assert_int_equal(fseek(file, where, SEEK_SET), 0);
    fputc(c ^ bit, file);
    assert_int_equal(fclose(file), 0);
    if (cuts)
        assert_int_equal(truncate(path, where), 0);
    assert_int_equal(chmod(path, 0400), 0);
}

TEST(altered_and_torn_files_are_refused)
{
    keyring_world *w = *state;
    static const struct {
        const char *path;
        long at;
        bool cuts;
    } faults[] = { { "pub/ring.saf", 20, false }, { "pub/ring.saf", 200, false },  { "pub/ring.saf", -1, false },
                   { "pub/ring.saf", -40, true }, { "pub/ring.saf", 50, true },    { "pub/ring.key", 3, false },
                   { "pub/ring.key", -4, true },  { "pub/ring.saf", 60, false },   { "pub/ring.saf", 15, false } };
    fill(w);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        saf_ring *ring = NULL;
        publish(w, "A", "Ring", "pub", me(), true);
        OWN(saf_store) *reader = open_publication(w, "pub");
        damage(faults[i].path, faults[i].at, 1, faults[i].cuts);
        assert_fails(saf_ring_open(&ring, reader, NULL, "A", "Ring", &w->err), SAF_E_FAILED, &w->err, "damaged");
    }
    publish(w, "A", "Ring", "pub", me(), true);
    damage("pub/ring.saf", 11, 6, false);
    saf_store *reader = NULL;
    assert_fails(saf_store_open(&reader, "pub", NULL, &w->err), SAF_E_UNSUPPORTED, &w->err, "newer release");
}

/* ---- sharing -------------------------------------------------------------------------------------------------- */

TEST(a_child_process_reads_the_publication_of_its_parent)
{
    keyring_world *w = *state;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    OWN(saf_store) *reader = open_publication(w, "pub");
    OWN(saf_ring) *ring = open_ring(reader);
    pid_t child = fork();
    if (child == 0) {
        EVP_PKEY *key = NULL;
        saf_ring *again = NULL;
        uint64_t generation;
        bool ok = saf_ring_poll(&generation, reader, NULL, "A", "Ring", NULL) == SAF_OK &&
                  saf_ring_open(&again, reader, NULL, "A", "Ring", NULL) == SAF_OK &&
                  saf_ring_load_key(&key, ring, saf_ring_default(ring), reader, NULL, NULL) == SAF_OK;
        _exit(ok ? 0 : 1);
    }
    int answer;
    assert_int_equal(waitpid(child, &answer, 0), child);
    assert_int_equal(answer, 0);
}

static void *look(void *ring_)
{
    const saf_ring *ring = ring_;
    size_t found = 0;
    for (int i = 0; i < 1000; i++)
        found += saf_ring_find_label(ring, "A", "one") == saf_ring_at(ring, 0) && saf_ring_default(ring) == saf_ring_at(ring, 0) &&
                 !saf_ring_find_label(ring, NULL, "none");
    return found == 1000 ? ring_ : NULL;
}

TEST(threads_share_a_snapshot)
{
    keyring_world *w = *state;
    pthread_t threads[4];
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    OWN(saf_store) *reader = open_publication(w, "pub");
    OWN(saf_ring) *ring = open_ring(reader);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look, ring), 0);
    for (size_t i = 0; i < 4; i++) {
        void *answer;
        assert_int_equal(pthread_join(threads[i], &answer), 0);
        assert_ptr_equal(answer, ring);
    }
}

/* Writers commit at once: in the end, and whenever one looks, the snapshot is whole and never falls back. */
TEST(writers_never_put_an_older_snapshot_over_a_newer_one)
{
    enum { WRITERS = 3, ROUNDS = 15 };
    keyring_world *w = *state;
    fill(w);
    publish(w, "A", "Ring", "pub", me(), true);
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            saf_store *store = keyring_open_again(w);
            for (int n = 0; n < ROUNDS; n++) {
                saf_change *change = NULL;
                const saf_connect_request request = { .ring_owner = "A", .ring_name = "Ring", .cert_owner = "A", .cert_label = "one",
                                                      .usage = SAF_USAGE_PERSONAL, .is_default = n & 1 };
                if (saf_change_begin(&change, store, NULL, NULL) != SAF_OK || saf_ring_connect(change, &request, NULL) != SAF_OK ||
                    saf_change_commit(&change, NULL) != SAF_OK || saf_store_unpublished(store, NULL) != 0)
                    _exit(1);
            }
            _exit(0);
        }
    }
    OWN(saf_store) *reader = open_publication(w, "pub");
    uint64_t last = 0;
    for (int left = WRITERS; left > 0;) {
        OWN(saf_ring) *ring = open_ring(reader);
        assert_true(saf_ring_generation(ring) >= last);
        last = saf_ring_generation(ring);
        int answer;
        if (waitpid(-1, &answer, WNOHANG) > 0) {
            assert_int_equal(answer, 0);
            left--;
        }
    }
    assert_int_equal(poll_ring(reader), keyring_poll(w, "A", "Ring"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(a_publication_shows_the_ring),
        IN_KEYRING(a_private_key_comes_out_of_a_personal_connection_alone),
        IN_KEYRING(without_keys_there_are_none),
        IN_KEYRING(a_key_in_a_token_stays_a_uri),
        IN_KEYRING(virtual_rings_are_published_too),
        IN_KEYRING(other_rings_and_other_calls_are_refused),
        IN_KEYRING(publishing_takes_more_than_listing),
        IN_KEYRING(a_servers_ring_is_not_taken_away_by_who_may_list_it),
        IN_KEYRING(the_readers_authority_decides),
        IN_KEYRING(each_commit_that_touches_the_ring_renews),
        IN_KEYRING(nothing_is_written_for_a_change_that_is_abandoned),
        IN_KEYRING(unpublishing_and_deleting_the_ring_remove_the_files),
        IN_KEYRING(a_directory_can_be_published_into_again),
        IN_KEYRING(what_others_put_there_keeps_no_publication_from_ending),
        IN_KEYRING(a_link_that_came_into_the_way_is_not_followed),
        IN_KEYRING(a_lock_that_is_anothers_file_is_not_given_away),
        IN_KEYRING(what_could_not_be_written_is_counted_and_written_later),
        IN_KEYRING(a_full_disk_leaves_the_old_snapshot),
        IN_KEYRING(an_older_store_does_not_move_a_publication_back),
        IN_KEYRING(publishing_again_moves_it_back),
        IN_KEYRING(a_check_sees_that_the_store_is_older_than_its_publication),
        IN_KEYRING(what_is_no_snapshot_is_written_over),
        IN_KEYRING(directories_that_are_not_ours_are_refused),
        IN_KEYRING(a_publication_of_another_store_is_not_taken_over),
        IN_KEYRING(files_belong_to_their_reader),
        IN_KEYRING(a_publication_that_others_can_write_or_read_is_refused),
        IN_KEYRING(altered_and_torn_files_are_refused),
        IN_KEYRING(a_child_process_reads_the_publication_of_its_parent),
        IN_KEYRING(threads_share_a_snapshot),
        IN_KEYRING(writers_never_put_an_older_snapshot_over_a_newer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
