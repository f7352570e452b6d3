#include "signer.h"

#include <sched.h>
#include <time.h>

enum { NS_PER_MS = 1000000, WITNESS_NS = NS_PER_MS, KEY_CHECK_NS = 1000 * NS_PER_MS };

int64_t signer_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool try_take(signer_lane *lane)
{
    return !atomic_load_explicit(&lane->taken, memory_order_relaxed) &&
           !atomic_exchange_explicit(&lane->taken, true, memory_order_acquire);
}

/* Who waits here waits for a signature, in a token. */
static void pause_a_little(void)
{
    struct timespec pause = { 0, 20000 };
    nanosleep(&pause, NULL);
}

void signer_lane_wait(signer_lane *lane)
{
    while (!try_take(lane))
        pause_a_little();
}

void signer_lane_release(signer_lane *lane)
{
    atomic_store_explicit(&lane->taken, false, memory_order_release);
}

/* By processor: as many lanes have sessions as threads sign at the same time, however many threads come and go. */
signer_lane *signer_lane_take(saf_p11_signer *signer)
{
    int processor = sched_getcpu();
    size_t first = processor < 0 ? 0 : (size_t)processor % SIGNER_LANES;
    for (;;) {
        for (size_t i = 0; i < SIGNER_LANES; i++) {
            signer_lane *lane = &signer->lanes[(first + i) % SIGNER_LANES];
            if (try_take(lane))
                return lane;
        }
        pause_a_little();
    }
}

void signer_lanes_take(saf_p11_signer *signer)
{
    for (size_t i = 0; i < SIGNER_LANES; i++)
        signer_lane_wait(&signer->lanes[i]);
}

void signer_lanes_release(saf_p11_signer *signer)
{
    for (size_t i = 0; i < SIGNER_LANES; i++)
        signer_lane_release(&signer->lanes[i]);
}

/* A number that is somebody else's session by now is left alone. */
static void close_session(signer_lane *lane, const saf_p11_signer *signer)
{
    const signer_binding *binding = &signer->binding;
    if (lane->open && lane->epoch == signer->epoch && signer_is_witnessed(binding, signer->p11, lane->session))
        signer->p11->cryptoki->C_CloseSession(lane->session);
    lane->open = false;
}

void signer_lanes_close(saf_p11_signer *signer)
{
    for (size_t i = 0; i < SIGNER_LANES; i++)
        close_session(&signer->lanes[i], signer);
}

static CK_RV open_session(signer_lane *lane, const saf_p11_signer *signer)
{
    if (lane->open && lane->epoch == signer->epoch)
        return CKR_OK;
    const signer_binding *binding = &signer->binding;
    CK_RV answer = signer->p11->cryptoki->C_OpenSession(binding->token.slot, CKF_SERIAL_SESSION, NULL, NULL, &lane->session);
    lane->open = answer == CKR_OK;
    lane->epoch = signer->epoch;
    lane->witnessed_ns = 0;
    return answer;
}

/* The copy would sign on when the key has been destroyed, by another process say. */
static CK_RV check_key(saf_p11_signer *signer, CK_SESSION_HANDLE session, int64_t now)
{
    if (!signer->binding.has_copy || now - atomic_load_explicit(&signer->key_checked_ns, memory_order_relaxed) < KEY_CHECK_NS)
        return CKR_OK;
    CK_OBJECT_CLASS class = 0;
    CK_ATTRIBUTE attribute = { CKA_CLASS, &class, sizeof class };
    CK_RV answer = signer->p11->cryptoki->C_GetAttributeValue(session, signer->binding.token_key, &attribute, 1);
    if (answer == CKR_OK)
        atomic_store_explicit(&signer->key_checked_ns, now, memory_order_relaxed);
    return answer;
}

/*
 * Another part of the process may finalise and initialise the module, which then gives the same numbers to other sessions and keys. So what was
 * signed counts only if our witness is there afterwards. It need not be asked for each time: nobody starts a module, logs in and finds keys
 * within a millisecond.
 */
static CK_RV check_signature(signer_lane *lane, saf_p11_signer *signer)
{
    int64_t now = signer_now_ns();
    if (now - lane->witnessed_ns < WITNESS_NS)
        return CKR_OK;
    if (!signer_is_witnessed(&signer->binding, signer->p11, lane->session))
        return CKR_SESSION_HANDLE_INVALID;
    lane->witnessed_ns = now;
    return check_key(signer, lane->session, now);
}

CK_RV signer_lane_sign(signer_lane *lane, saf_p11_signer *signer, saf_bytes input, unsigned char *out, size_t *out_len)
{
    const signer_binding *binding = &signer->binding;
    if (binding->instance != atomic_load_explicit(&signer->p11->instance, memory_order_relaxed))
        return CKR_SESSION_HANDLE_INVALID;
    CK_RV answer = open_session(lane, signer);
    if (answer != CKR_OK)
        return answer;
    answer = signer_call(signer, lane->session, binding->key, input, out, out_len, binding->signature_len);
    if (answer == CKR_OK)
        answer = check_signature(lane, signer);
    if (answer != CKR_OK)
        close_session(lane, signer); /* it may be in the middle of an operation */
    return answer;
}
