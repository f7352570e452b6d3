/**
 * @file
 * What tests of whole installations share: a directory of its own for each test, with a store in "store" and a root "root", and an outside
 * CA whose files lie there: external.p12 (alias ext, password 3xternal) and external-ca.pem.
 *
 *     const struct CMUnitTest tests[] = { IN_WORLD(scenario_2_takes_the_certificate_of_the_file) };
 *
 * Functions fail the test themselves, with the library's own message.
 */
#ifndef SUPPORT_SETUP_WORLD_H
#define SUPPORT_SETUP_WORLD_H

#include <support/cm.h>

#include <base/file.h>
#include <base/own-openssl.h>

#include <safring/setup.h>

OWN_HANDLE(saf_setup_plan, saf_setup_plan_free)
OWN_HANDLE(saf_store, saf_store_close)
OWN_HANDLE(saf_change, saf_change_abandon)
OWN_HANDLE(saf_cert, saf_cert_free)
OWN_HANDLE(saf_ring, saf_ring_close)
OWN_HANDLE(saf_bundle, saf_bundle_free)
OWN_VALUE(saf_blob, saf_blob_free)
OWN_VALUE(saf_zowe_config, saf_zowe_config_free)

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_enter, world_leave)

int world_enter(void **state);
int world_leave(void **state);

/** One installation to be: a configuration and options, which a test changes before it plans. */
typedef struct world {
    saf_zowe_config config;
    saf_secret pin, so_pin;
    saf_setup_options options;
} world;

void world_free(world *w);
OWN_VALUE(world, world_free)

/** From a file of tests/fixtures/zowe, copied to zowe.yaml; without identity tokens unless the test asks for them. */
void world_from_fixture(world *w, const char *name);

/** From a text, written to zowe.yaml. */
void world_from_text(world *w, const char *yaml);

/** Plan; or expect this failure and text. */
saf_setup_plan *world_plan(world *w);
void world_expect_refusal(world *w, saf_status status, const char *text);

/** Plan, and expect a failure with this hint. */
void world_expect_hint(world *w, saf_status status, const char *hint);

/** Change the store. */
void world_change(void (*work)(saf_change *, void *), void *context);

/** Plan and apply. */
void world_apply(world *w);

/** Plan again and find nothing to do. */
void world_expect_done(world *w);

/** The step with that action and object (NULL: any) of a plan. */
const saf_setup_step *world_step(const saf_setup_plan *plan, const char *action, const char *object);

/** The secret that the secrets file has under a key ("password", "caPassword", …). */
saf_secret world_secret(const world *w, const char *key);

saf_store *world_store(void);
saf_cert *world_cert(saf_store *store, const char *owner, const char *label);

/** Make a CA and a certificate signed by it, "CERTAUTH/NAME ca" and OWNER/NAME, in a store. */
void world_issue(saf_store *store, const char *owner, const char *name);

/** Read PKCS#12 or PEM; password NULL: none. */
saf_bundle *world_bundle(const char *path, const saf_secret *password, const char *alias);

mode_t world_mode(const char *path);

#endif
