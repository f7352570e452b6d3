/**
 * @file
 * What the work on identity tokens is held against: the least that libcrypto, or a library for many messages at a time, needs for the
 * cryptography alone, with everything prepared that can be and the message there already. No claims, no JSON, no base64url, no ids.
 */
#ifndef BENCH_IDT_LIMITS_H
#define BENCH_IDT_LIMITS_H

#include "idt-world.h"

/** Prepare them for w->key and w->token. */
void limits_open(world *w);
void limits_close(world *w);

/** HMAC of the whole message with libcrypto's SHA-2 from copied states after the inner and the outer block. */
world_work limit_hmac;

/** The same of many messages by intel-ipsec-mb's burst interface. */
world_work limit_hmac_burst;

/** Whether this program was built with intel-ipsec-mb. */
int limits_have_burst(void);

/** A signature, or a check, of a ready digest with a reused context; EdDSA, which takes no digest, of the message. */
world_work limit_sign;
world_work limit_verify;

#endif
