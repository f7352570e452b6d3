#include "authenticator.h"

#include "envelope.h"

#include <base/fail.h>
#include <base/own-openssl.h>

#include <openssl/core_names.h>

struct authenticator {
    EVP_MAC_CTX *row, *sum; /* keyed: each use begins with the state after the key */
    saf_secret seal;
    char id[40];
};

static saf_status make_mac(EVP_MAC_CTX **out, const saf_secret *key, saf_error *err)
{
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end() };
    OWN(EVP_MAC) *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    OWN(EVP_MAC_CTX) *made = mac ? EVP_MAC_CTX_new(mac) : NULL;
    if (!made || !EVP_MAC_init(made, key->data, key->len, parameters))
        return saf_fail_openssl(err, "cannot prepare the authentication of rows");
    *out = GIVE(&made);
    return SAF_OK;
}

saf_status authenticator_open(authenticator **out, const struct authenticator_keys *keys, const char *id, saf_error *err)
{
    OWN(authenticator) *made = calloc(1, sizeof *made);
    if (!made)
        return saf_fail_memory(err);
    snprintf(made->id, sizeof made->id, "%s", id);
    SAF_TRY(make_mac(&made->row, keys->row, err));
    SAF_TRY(make_mac(&made->sum, keys->sum, err));
    SAF_TRY(saf_secret_set(&made->seal, saf_secret_bytes(keys->seal), err));
    *out = GIVE(&made);
    return SAF_OK;
}

void authenticator_close(authenticator **authenticator)
{
    if (!*authenticator)
        return;
    EVP_MAC_CTX_free((*authenticator)->row);
    EVP_MAC_CTX_free((*authenticator)->sum);
    saf_secret_free(&(*authenticator)->seal);
    free(*authenticator);
    *authenticator = NULL;
}

static saf_status compute(unsigned char out[STORAGE_SUM_LEN], EVP_MAC_CTX *mac, saf_bytes text, saf_error *err)
{
    size_t len;
    if (!EVP_MAC_init(mac, NULL, 0, NULL) || !EVP_MAC_update(mac, text.data, text.len) || !EVP_MAC_final(mac, out, &len, STORAGE_SUM_LEN))
        return saf_fail_openssl(err, "cannot compute the MAC of a row");
    return SAF_OK;
}

static saf_status mac_row(void *context, unsigned char out[STORAGE_ROW_MAC_LEN], saf_bytes row, saf_error *err)
{
    authenticator *authenticator = context;
    unsigned char whole[STORAGE_SUM_LEN];
    SAF_TRY(compute(whole, authenticator->row, row, err));
    memcpy(out, whole, STORAGE_ROW_MAC_LEN);
    return SAF_OK;
}

static saf_status weigh_mac(void *context, unsigned char out[STORAGE_SUM_LEN], saf_bytes mac, saf_error *err)
{
    authenticator *authenticator = context;
    return compute(out, authenticator->sum, mac, err);
}

/* An older sum fits nothing but the end of the audit trail of its time. */
static saf_status sum_context(saf_buffer *out, const authenticator *authenticator, saf_bytes place, saf_error *err)
{
    saf_buffer_printf(out, "safring sum of rows %s", authenticator->id);
    saf_buffer_append(out, place);
    return saf_buffer_check(out, err);
}

static saf_status seal_sum(void *context, saf_buffer *out, saf_bytes sum, saf_bytes place, saf_error *err)
{
    const authenticator *authenticator = context;
    OWN(saf_buffer) binding = { 0 };
    SAF_TRY(sum_context(&binding, authenticator, place, err));
    return saf_envelope_wrap(out, &authenticator->seal, saf_buffer_bytes(&binding), sum, err);
}

static saf_status open_sum(void *context, unsigned char out[STORAGE_SUM_LEN], saf_bytes sealed, saf_bytes place, saf_error *err)
{
    const authenticator *authenticator = context;
    OWN(saf_buffer) binding = { 0 };
    OWN(saf_secret) sum = { 0 };
    SAF_TRY(sum_context(&binding, authenticator, place, err));
    SAF_TRY(saf_envelope_unwrap(&sum, &authenticator->seal, saf_buffer_bytes(&binding), sealed, err));
    if (sum.len != STORAGE_SUM_LEN)
        return saf_fail(err, SAF_E_DENIED, "the sum of the rows has a wrong length");
    memcpy(out, sum.data, STORAGE_SUM_LEN);
    return SAF_OK;
}

void authenticator_attach(authenticator *authenticator, struct storage *storage)
{
    static const struct storage_authenticator functions = { mac_row, weigh_mac, seal_sum, open_sum };
    storage_authenticate_with(storage, &functions, authenticator);
}
