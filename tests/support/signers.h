/**
 * @file
 * A SoftHSM with the token ZWE.IDT, known keys in it, and a handle whose function for PINs knows its PIN:
 *
 *     OWN(signers) w = { 0 };
 *     signers_enter(&w);
 *     OWN(saf_p11_signer) *signer = signers_open(&w, "jwt", SAF_P11_HMAC_SHA256);
 *
 * Use it in tests that run IN_SOFTHSM. Functions below fail the test themselves.
 */
#ifndef SUPPORT_SIGNERS_H
#define SUPPORT_SIGNERS_H

#include <support/softhsm.h>

#include <stdatomic.h>

typedef struct signers {
    saf_p11 *p11;
    const char *pin;       /* what the function gives; NULL: it fails */
    atomic_uint pins_asked;
} signers;

void signers_free(signers *w);
OWN_VALUE(signers, signers_free)

/** Make the token unless it is there, and open the module (NULL: SoftHSM) with a function for PINs. */
void signers_enter(signers *w);
void signers_enter_module(signers *w, const char *module);

/** A secret key with a known value, copyable or not, which the library under test never makes. */
typedef enum key_fate { KEY_COPYABLE, KEY_FIXED, KEY_MUTE } key_fate;
void signers_add_secret(const signers *w, const char *label, saf_bytes value, key_fate fate);

/** 32 bytes of that value. */
void signers_add_bytes(const signers *w, const char *label, unsigned char value, key_fate fate);

saf_p11_signer *signers_open(const signers *w, const char *label, saf_p11_mechanism mechanism);

/** Open it, expecting that status and text. */
void signers_refuse(const signers *w, const char *label, saf_p11_mechanism mechanism, saf_status status, const char *text);

/** Sign with HMAC-SHA-256, and expect the signature of a key of 32 such bytes. */
void signers_expect(saf_p11_signer *signer, unsigned char value);

/** Sign, and return what came of it; a signature that came must be that key's. No assertion: for threads and children. -1: a wrong signature. */
int signers_try(saf_p11_signer *signer, unsigned char value);

CK_SLOT_ID signers_slot(const signers *w);

#endif
