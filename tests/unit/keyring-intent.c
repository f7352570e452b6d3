#include <support/keyring-world.h>

#define URI "pkcs11:token=zowe;object=web;id=%01;type=private"

/* ---- intents -------------------------------------------------------------------------------------------------- */

static uint64_t add_intent(keyring_world *w, saf_intent_kind kind, const char *uri)
{
    uint64_t number = 0;
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_add_intent(&number, change, kind, uri, &w->err), &w->err);
    keyring_commit(w, change);
    return number;
}

static saf_intent_page list(keyring_world *w)
{
    saf_intent_page page = { 0 };
    assert_ok(saf_store_list_intents(&page, w->store, NULL, &w->err), &w->err);
    return page;
}

TEST(intents_are_listed_oldest_first)
{
    keyring_world *w = *state;
    uint64_t first = add_intent(w, SAF_INTENT_MAKE_KEY, URI);
    uint64_t second = add_intent(w, SAF_INTENT_DESTROY_KEY, "pkcs11:token=other;id=%02");
    OWN(saf_intent_page) page = list(w);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.intents[0].number, first);
    assert_int_equal(page.intents[0].kind, SAF_INTENT_MAKE_KEY);
    assert_string_equal(page.intents[0].uri, URI);
    assert_true(page.intents[0].at > 0);
    assert_int_equal(page.intents[1].number, second);
    assert_int_equal(page.intents[1].kind, SAF_INTENT_DESTROY_KEY);
}

TEST(an_intent_that_ended_is_gone_and_its_number_is_not_used_again)
{
    keyring_world *w = *state;
    uint64_t first = add_intent(w, SAF_INTENT_MAKE_KEY, URI);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_end_intent(change, first, &w->err), &w->err);
    assert_ok(saf_store_end_intent(change, first, &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_intent_page) page = list(w);
    assert_int_equal(page.count, 0);
    assert_true(add_intent(w, SAF_INTENT_MAKE_KEY, URI) > first);
}

TEST(an_intent_ends_with_the_change_that_finishes_the_work_or_not_at_all)
{
    keyring_world *w = *state;
    uint64_t number = add_intent(w, SAF_INTENT_MAKE_KEY, URI);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_end_intent(change, number, &w->err), &w->err);
    saf_change_abandon(&change);
    OWN(saf_intent_page) page = list(w);
    assert_int_equal(page.count, 1);
}

TEST(an_intent_needs_the_uri_of_a_key_without_a_pin)
{
    keyring_world *w = *state;
    OWN(saf_change) *change = keyring_begin(w);
    assert_fails(saf_store_add_intent(NULL, change, SAF_INTENT_MAKE_KEY, "file:key", &w->err), SAF_E_USAGE, &w->err,
                 "is not the PKCS#11 URI of a key");
    assert_fails(saf_store_add_intent(NULL, change, SAF_INTENT_MAKE_KEY, "pkcs11:id=%01?pin-value=1", &w->err), SAF_E_USAGE,
                 &w->err, "has a PIN in it");
    assert_fails(saf_store_add_intent(NULL, change, SAF_INTENT_MAKE_KEY, NULL, &w->err), SAF_E_USAGE, &w->err, "needs the URI");
    assert_fails(saf_store_add_intent(NULL, change, (saf_intent_kind)7, URI, &w->err), SAF_E_USAGE, &w->err, "no intent of kind 7");
}

TEST(listing_intents_asks_to_read_the_store)
{
    keyring_world *w = *state;
    saf_intent_page page = { 0 };
    bool used;
    keyring_use_authority(w);
    w->decision = SAF_DENY;
    assert_fails(saf_store_list_intents(&page, w->store, NULL, &w->err), SAF_E_DENIED, &w->err, "store-read");
    assert_fails(saf_store_uses_key_uri(&used, w->store, NULL, URI, &w->err), SAF_E_DENIED, &w->err, "store-read");
}

TEST(a_uri_is_used_while_a_certificate_names_it)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    bool used = false;
    keyring_add_in_token(w, "A", "web", &made, URI);
    assert_ok(saf_store_uses_key_uri(&used, w->store, NULL, URI, &w->err), &w->err);
    assert_true(used);
    assert_ok(saf_store_uses_key_uri(&used, w->store, NULL, "pkcs11:id=%02", &w->err), &w->err);
    assert_false(used);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "web", SAF_NO_FORCE, &w->err), &w->err);
    keyring_commit(w, change);
    assert_ok(saf_store_uses_key_uri(&used, w->store, NULL, URI, &w->err), &w->err);
    assert_false(used);
}

TEST(deleting_a_certificate_leaves_its_key_in_the_token_alone)
{
    keyring_world *w = *state;
    OWN(test_cert) made = test_cert_self_signed("web", 1);
    keyring_add_in_token(w, "A", "web", &made, URI);
    saf_change *change = keyring_begin(w);
    assert_ok(saf_store_delete_cert(change, "A", "web", SAF_NO_FORCE, &w->err), &w->err);
    keyring_commit(w, change);
    OWN(saf_intent_page) page = list(w);
    assert_int_equal(page.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_KEYRING(intents_are_listed_oldest_first),
        IN_KEYRING(an_intent_that_ended_is_gone_and_its_number_is_not_used_again),
        IN_KEYRING(an_intent_ends_with_the_change_that_finishes_the_work_or_not_at_all),
        IN_KEYRING(an_intent_needs_the_uri_of_a_key_without_a_pin),
        IN_KEYRING(listing_intents_asks_to_read_the_store),
        IN_KEYRING(a_uri_is_used_while_a_certificate_names_it),
        IN_KEYRING(deleting_a_certificate_leaves_its_key_in_the_token_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
