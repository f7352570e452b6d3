/**
 * @file
 * What the tests of the keyring stand in: a fresh directory with a new store "store" that is open.
 *
 *     const struct CMUnitTest tests[] = { IN_KEYRING(add_refuses_a_taken_label) };
 *
 *     keyring_world *w = *state;
 */
#ifndef SUPPORT_KEYRING_WORLD_H
#define SUPPORT_KEYRING_WORLD_H

#include <support/certificates.h>
#include <support/cm.h>

#include <safring/keyring.h>

#define IN_KEYRING(test) cmocka_unit_test_setup_teardown(test, keyring_enter, keyring_leave)

typedef struct keyring_world {
    void *scratch;
    saf_store *store;
    saf_error err;

    /* What keyring_authority() remembers and answers. */
    saf_decision decision;
    unsigned questions;
    saf_function function;
    char user[SAF_OWNER_MAX + 1], owner[SAF_OWNER_MAX + 1], name[SAF_RING_NAME_MAX + 1];
} keyring_world;

int keyring_enter(void **state);
int keyring_leave(void **state);

OWN_HANDLE(saf_store, saf_store_close)
OWN_HANDLE(saf_cert, saf_cert_free)
OWN_HANDLE(saf_ring, saf_ring_close)
OWN_HANDLE(saf_change, saf_change_abandon)
OWN_HANDLE(saf_issued, saf_issued_free)
OWN_VALUE(saf_cert_page, saf_cert_page_free)
OWN_VALUE(saf_issued_page, saf_issued_page_free)
OWN_VALUE(saf_intent_page, saf_intent_page_free)
OWN_VALUE(saf_ring_page, saf_ring_page_free)

void assert_ok(saf_status status, const saf_error *err);

/** Also that the text of *err contains @p text. */
void assert_fails(saf_status status, saf_status expected, const saf_error *err, const char *text);
void assert_codes(const saf_error *err, int saf, int racf, int reason);

/** Another connection to the world's store. The caller closes it. */
saf_store *keyring_open_again(keyring_world *w);

/** Close the world's store and open it with an authority that remembers each question and answers w->decision. */
void keyring_use_authority(keyring_world *w);

saf_change *keyring_begin(keyring_world *w);
void keyring_commit(keyring_world *w, saf_change *change);

/** Add with status TRUST; @p key may be NULL. */
saf_status keyring_try_add(saf_change *change, const char *owner, const char *label, const test_cert *cert,
                           EVP_PKEY *key, saf_error *err);

/** In a change of its own each. */
void keyring_add(keyring_world *w, const char *owner, const char *label, const test_cert *cert, EVP_PKEY *key);
void keyring_make_ring(keyring_world *w, const char *owner, const char *name);
void keyring_connect(keyring_world *w, const char *ring_owner, const char *ring_name, const char *cert_owner,
                     const char *label, saf_default is_default);

/** Add a certificate whose private key is in a token. */
void keyring_add_in_token(keyring_world *w, const char *owner, const char *label, const test_cert *cert, const char *uri);

/** Record that @p ca signed @p cert. */
void keyring_record(keyring_world *w, const saf_cert *ca, const test_cert *cert, const char *owner, const char *label);

saf_cert *keyring_find(keyring_world *w, const char *owner, const char *label);
uint64_t keyring_poll(keyring_world *w, const char *owner, const char *name);
saf_store_info keyring_describe(keyring_world *w);

#endif
