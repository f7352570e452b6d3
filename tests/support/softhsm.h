/**
 * @file
 * A SoftHSM of its own for each test, in a fresh directory:
 *
 *     const struct CMUnitTest tests[] = { IN_SOFTHSM(login_refuses_a_wrong_pin) };
 *
 * The test runs in that directory, whose subdirectory tokens holds the tokens. Functions below fail the test themselves.
 */
#ifndef SUPPORT_SOFTHSM_H
#define SUPPORT_SOFTHSM_H

#include <support/cm.h>

#include <base/own.h>

#include <safring/secret-key.h>

#include <p11-kit/pkcs11.h>

#define IN_SOFTHSM(test) cmocka_unit_test_setup_teardown(test, softhsm_enter, softhsm_leave)

#define SOFTHSM_PIN "1234-user"
#define SOFTHSM_SO_PIN "5678-officer"

OWN_HANDLE(saf_p11, saf_p11_close)
OWN_HANDLE(saf_p11_session, saf_p11_logout)
OWN_HANDLE(saf_p11_signer, saf_p11_signer_close)
OWN_VALUE(saf_p11_token_list, saf_p11_token_list_free)
OWN_VALUE(saf_p11_secret_list, saf_p11_secret_list_free)

int softhsm_enter(void **state);
int softhsm_leave(void **state);

/** A secret with this text; the caller frees it. */
saf_secret softhsm_secret(const char *text);

saf_p11 *softhsm_open(void);

/** Make a token with the PINs above. */
void softhsm_init_token(saf_p11 *p11, const char *name);

/** Log in with SOFTHSM_PIN. */
saf_p11_session *softhsm_login(saf_p11 *p11, const char *token);

/** Log in and close the session again; the process stays logged in. */
void softhsm_log_in_and_out(saf_p11 *p11, const char *token);

/** A URI that must be good. */
saf_p11_uri softhsm_uri(const char *text);

/** The module's own functions, for what the library under test does not do. It must be open. */
CK_FUNCTION_LIST *softhsm_cryptoki(const saf_p11 *p11);

/** A read-write session beside those of the library, on a token that it is logged in to. */
CK_SESSION_HANDLE softhsm_raw_session(saf_p11 *p11, const char *token);

/** Where the only token of the test keeps a file: "tokens/UUID/NAME". The caller frees it. */
char *softhsm_token_file(const char *name);

#endif
