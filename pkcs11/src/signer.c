#include "signer.h"

#include "login-lock.h"
#include "mechanism.h"
#include "token.h"

enum { NS_PER_SEC = 1000000000 };

OWN_HANDLE(saf_p11_signer, saf_p11_signer_close)

/* ---- failures --------------------------------------------------------------------------------------------- */

static void remember_failure(saf_p11_signer *signer, const saf_error *failure)
{
    pthread_mutex_lock(&signer->failure_mutex);
    signer->failure = *failure;
    pthread_mutex_unlock(&signer->failure_mutex);
}

static saf_status last_failure(saf_p11_signer *signer)
{
    pthread_mutex_lock(&signer->failure_mutex);
    saf_status status = signer->failure.status;
    pthread_mutex_unlock(&signer->failure_mutex);
    return status;
}

saf_status saf_p11_signer_explain(saf_p11_signer *signer, saf_error *err)
{
    pthread_mutex_lock(&signer->failure_mutex);
    saf_status status = signer->failure.status;
    if (err)
        *err = signer->failure;
    pthread_mutex_unlock(&signer->failure_mutex);
    return status;
}

/* ---- binding and binding again ---------------------------------------------------------------------------- */

/* With the guard held. */
static saf_status bind_key(signer_binding *out, saf_p11_signer *signer, saf_error *err)
{
    OWN(saf_p11_session) *session = NULL;
    SAF_TRY(p11_login_session(&session, signer->p11, &signer->uri, NULL, err));
    return signer_bind(out, signer, session, err);
}

static bool is_token_there(const saf_p11_signer *signer)
{
    saf_p11_token token;
    return p11_find_token(&token, signer->p11, &signer->uri, NULL) == SAF_OK;
}

/* SoftHSM does not see that a token is there again, nor sometimes that its objects are, until it starts anew. */
static saf_status bind_again(signer_binding *out, saf_p11_signer *signer, saf_error *err)
{
    saf_status status = bind_key(out, signer, err);
    bool may_help = status == SAF_E_TOKEN_GONE || status == SAF_E_FAILED || (status == SAF_E_NOT_FOUND && !is_token_there(signer));
    if (!may_help || !p11_may_restart(signer->p11))
        return status;
    SAF_TRY(p11_restart(signer->p11, err));
    return bind_key(out, signer, err);
}

static void adopt(saf_p11_signer *signer, const signer_binding *binding)
{
    signer_lanes_take(signer);
    signer_lanes_close(signer);
    signer_unbind(&signer->binding, signer->p11);
    signer->binding = *binding;
    signer->epoch++;
    signer_lanes_release(signer);
    atomic_store(&signer->key_checked_ns, signer_now_ns());
    atomic_store(&signer->key_size, binding->key_size);
    atomic_store(&signer->retry_ns, 0);
    remember_failure(signer, &(saf_error) { 0 });
}

/* Whoever destroys a key means its copy too. */
static void drop_binding(saf_p11_signer *signer)
{
    signer_lanes_take(signer);
    signer_lanes_close(signer);
    signer_unbind(&signer->binding, signer->p11);
    signer->epoch++;
    signer_lanes_release(signer);
}

/* A token that is not there is away: it was there before. */
static saf_status mind_failure(saf_p11_signer *signer, saf_status status, saf_error *why)
{
    if (status == SAF_E_NOT_FOUND && is_token_there(signer))
        drop_binding(signer);
    else if (status == SAF_E_NOT_FOUND)
        status = SAF_E_TOKEN_GONE;
    why->status = status;
    remember_failure(signer, why);
    atomic_store(&signer->retry_ns, signer_now_ns() + NS_PER_SEC);
    return status;
}

static bool is_before(const atomic_llong *moment_ns)
{
    int64_t moment = atomic_load_explicit(moment_ns, memory_order_relaxed);
    return moment && signer_now_ns() < moment;
}

static saf_status fail_call(saf_p11_signer *signer, CK_RV answer)
{
    saf_error why = { 0 };
    saf_status status = p11_fail(&why, answer, "token %s did not sign", signer->uri.token);
    if (status == SAF_E_NOT_FOUND || answer == CKR_USER_NOT_LOGGED_IN)
        why.status = status = SAF_E_TOKEN_GONE;
    remember_failure(signer, &why);
    return status;
}

/* Called by every thread that fails; the first one does it. @p epoch: of the binding that failed, with @p answer. */
static saf_status recover(saf_p11_signer *signer, unsigned long epoch, CK_RV answer)
{
    saf_error why = { 0 };
    OWN(p11_guard) guard = { 0 };
    saf_status status = p11_guard_take(&guard, signer->p11, &why);
    if (status != SAF_OK) {
        remember_failure(signer, &why);
        return status;
    }
    if (signer->epoch != epoch)
        return SAF_OK;
    if (is_before(&signer->retry_ns))
        return last_failure(signer);
    if (is_before(&signer->pause_ns))
        return fail_call(signer, answer);
    signer_binding binding;
    status = bind_again(&binding, signer, &why);
    if (status != SAF_OK)
        return mind_failure(signer, status, &why);
    adopt(signer, &binding);
    return SAF_OK;
}

/* ---- signing ---------------------------------------------------------------------------------------------- */

/* What a signer made anew could not help against. */
static bool is_final(CK_RV answer)
{
    switch (answer) {
    case CKR_BUFFER_TOO_SMALL:
    case CKR_DATA_INVALID:
    case CKR_DATA_LEN_RANGE:
    case CKR_HOST_MEMORY:
        return true;
    default:
        return false;
    }
}

static CK_RV sign_once(saf_p11_signer *signer, saf_bytes input, unsigned char *out, size_t *out_len, unsigned long *epoch)
{
    signer_lane *lane = signer_lane_take(signer);
    *epoch = signer->epoch;
    CK_RV answer = signer_lane_sign(lane, signer, input, out, out_len);
    signer_lane_release(lane);
    return answer;
}

/* A token may have fewer sessions than we have lanes: wait for the first, which had one when it was opened. */
static CK_RV sign_in_turn(saf_p11_signer *signer, saf_bytes input, unsigned char *out, size_t *out_len, unsigned long *epoch)
{
    CK_RV answer = CKR_SESSION_COUNT;
    for (size_t i = 0; i < SIGNER_LANES && answer == CKR_SESSION_COUNT; i++) {
        signer_lane *lane = &signer->lanes[i];
        signer_lane_wait(lane);
        *epoch = signer->epoch;
        if (i + 1 == SIGNER_LANES || (lane->open && lane->epoch == signer->epoch))
            answer = signer_lane_sign(lane, signer, input, out, out_len);
        signer_lane_release(lane);
    }
    return answer;
}

/* Twice, because another thread may have made the binding that failed, just before it was lost again. */
static saf_status sign_again(saf_p11_signer *signer, saf_bytes input, unsigned char *out, size_t *out_len, CK_RV answer,
                             unsigned long epoch)
{
    enum { ATTEMPTS = 2 };
    const size_t cap = *out_len;
    for (int i = 0; i < ATTEMPTS && answer != CKR_OK && !is_final(answer); i++) {
        bool is_full = answer == CKR_SESSION_COUNT;
        if (!is_full)
            SAF_TRY(recover(signer, epoch, answer));
        *out_len = cap;
        answer = is_full ? sign_in_turn(signer, input, out, out_len, &epoch) : sign_once(signer, input, out, out_len, &epoch);
    }
    if (answer == CKR_OK)
        return SAF_OK;
    if (!is_final(answer))
        atomic_store(&signer->pause_ns, signer_now_ns() + NS_PER_SEC);
    return fail_call(signer, answer);
}

saf_status saf_p11_signer_sign(saf_p11_signer *signer, saf_bytes message, unsigned char *out, size_t *out_len)
{
    unsigned char room[SIGNER_DIGEST_MAX];
    saf_bytes input;
    unsigned long epoch;
    if (is_before(&signer->retry_ns))
        return last_failure(signer);
    SAF_TRY(signer_digest(&input, signer, message, room));
    size_t len = *out_len;
    CK_RV answer = sign_once(signer, input, out, &len, &epoch);
    if (answer != CKR_OK) {
        len = *out_len;
        SAF_TRY(sign_again(signer, input, out, &len, answer, epoch));
    }
    *out_len = len;
    return SAF_OK;
}

/* ---- opening ---------------------------------------------------------------------------------------------- */

static saf_p11_signer *new_signer(saf_p11 *p11, const saf_p11_uri *uri, const signer_kind *kind)
{
    saf_p11_signer *signer = aligned_alloc(_Alignof(saf_p11_signer), sizeof *signer);
    if (!signer)
        return NULL;
    memset(signer, 0, sizeof *signer);
    signer->p11 = p11;
    signer->uri = *uri;
    signer->kind = kind;
    pthread_mutex_init(&signer->failure_mutex, NULL);
    return signer;
}

static saf_status hash_here(saf_p11_signer *signer, saf_error *err)
{
    signer->mechanism = signer->kind->raw;
    signer->digest = EVP_MD_fetch(NULL, signer->kind->digest, NULL);
    return signer->digest ? SAF_OK : saf_fail_openssl(err, "no %s", signer->kind->digest);
}

static saf_status choose_mechanism(saf_p11_signer *signer, saf_error *err)
{
    char what[64];
    saf_p11_token token;
    const signer_kind *kind = signer->kind;
    SAF_TRY(p11_find_token(&token, signer->p11, &signer->uri, err));
    signer->mechanism = kind->whole;
    bool has_whole = p11_has_mechanism(signer->p11, token.slot, kind->whole, CKF_SIGN);
    if (!has_whole && kind->has_raw && p11_has_mechanism(signer->p11, token.slot, kind->raw, CKF_SIGN))
        return hash_here(signer, err);
    snprintf(what, sizeof what, "compute %s", kind->name);
    return p11_require_mechanism(signer->p11, &token, kind->whole, CKF_SIGN, what, err);
}

saf_status saf_p11_signer_open(saf_p11_signer **out, saf_p11 *p11, const saf_p11_uri *uri, saf_p11_mechanism mechanism, saf_error *err)
{
    const signer_kind *kind = signer_kind_of(mechanism);
    if (!kind)
        return saf_fail(err, SAF_E_USAGE, "no such mechanism");
    OWN(saf_p11_signer) *signer = new_signer(p11, uri, kind);
    if (!signer)
        return saf_fail_memory(err);
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, p11, err));
    SAF_TRY(choose_mechanism(signer, err));
    signer_binding binding;
    SAF_TRY(bind_key(&binding, signer, err));
    adopt(signer, &binding);
    p11_add_signer(p11, signer);
    *out = GIVE(&signer);
    return SAF_OK;
}

saf_status saf_p11_signer_public_key(EVP_PKEY **out, saf_p11_signer *signer, saf_error *err)
{
    OWN(p11_guard) guard = { 0 };
    p11_guard_take_mutex(&guard, signer->p11); /* over the binding; the token is not asked */
    EVP_PKEY *key = signer->binding.public_key;
    if (!key)
        return saf_fail(err, SAF_E_UNSUPPORTED, "the key of token %s has no public half", signer->binding.token.label);
    if (!EVP_PKEY_up_ref(key))
        return saf_fail_openssl(err, "cannot share a public key");
    *out = key;
    return SAF_OK;
}

size_t saf_p11_signer_key_size(const saf_p11_signer *signer)
{
    return atomic_load(&signer->key_size);
}

/* ---- closing ---------------------------------------------------------------------------------------------- */

void saf_p11_signer_close(saf_p11_signer **handle)
{
    saf_p11_signer *signer = handle ? *handle : NULL;
    if (!signer)
        return;
    p11_remove_signer(signer->p11, signer);
    signer_lanes_close(signer);
    signer_unbind(&signer->binding, signer->p11);
    pthread_mutex_destroy(&signer->failure_mutex);
    EVP_MD_free(signer->digest);
    free(signer);
    *handle = NULL;
}
