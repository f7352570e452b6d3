/** @file One JSON shape per kind of object, with the names that the manual promises. */
#include <cli/secret-key.h>

#include <base/clock.h>

#include <openssl/pem.h>
#include <pwd.h>
#include <string.h>

char *cli_hex(const unsigned char *bytes, size_t len)
{
    char *hex = calloc(2 * len + 1, 1);
    for (size_t i = 0; hex && i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return hex;
}

const char *cli_trust_name(saf_trust trust)
{
    return trust == SAF_HIGHTRUST ? "HIGHTRUST" : trust == SAF_NOTRUST ? "NOTRUST" : "TRUST";
}

const char *cli_usage_name(saf_usage usage)
{
    return usage == SAF_USAGE_PERSONAL ? "PERSONAL" : usage == SAF_USAGE_CERTAUTH ? "CERTAUTH" : "SITE";
}

const char *cli_key_use_name(saf_key_use use)
{
    return use == SAF_KEY_USE_MEMORY ? "memory" : use == SAF_KEY_USE_DERIVED ? "derived" : "token";
}

char *cli_key_text(char *out, size_t out_cap, const saf_cert *cert)
{
    bool is_rsa = !strncmp(cert->key_type, "rsa", 3);
    static const char *const places[] = { ", no private key", "", ", in a token" };
    if (is_rsa)
        snprintf(out, out_cap, "%s:%u%s", cert->key_type, cert->key_bits, places[cert->key_place]);
    else
        snprintf(out, out_cap, "%s%s", cert->key_type, places[cert->key_place]);
    return out;
}

char *cli_state_text(char *out, size_t out_cap, const saf_cert *cert)
{
    if (cert->revoked_at)
        snprintf(out, out_cap, ", REVOKED (%s)", saf_reason_name(cert->reason));
    else
        snprintf(out, out_cap, "%s", cert->not_after <= saf_clock_now() ? ", EXPIRED" : "");
    return out;
}

char *cli_pem(const char *name, saf_bytes der)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    char *data = NULL, *pem = NULL;
    if (!bio || !PEM_write_bio(bio, name, "", der.data, (long)der.len))
        return NULL;
    long len = BIO_get_mem_data(bio, &data);
    pem = malloc((size_t)len + 1);
    if (pem) {
        memcpy(pem, data, (size_t)len);
        pem[len] = 0;
    }
    return pem;
}

static json_t *text_or_null(const char *text)
{
    return text ? cli_text(text) : json_null();
}

static json_t *time_or_null(int64_t seconds)
{
    char text[SAF_TIME_TEXT_SIZE];
    return seconds ? json_string(saf_time_format(text, seconds)) : json_null();
}

json_t *cli_shape_cert(const saf_cert *cert)
{
    OWN(own_text) fingerprint = cli_hex(cert->fingerprint, sizeof cert->fingerprint);
    OWN(own_text) pem = cli_pem(PEM_STRING_X509, cert->der);
    char from[SAF_TIME_TEXT_SIZE], until[SAF_TIME_TEXT_SIZE];
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:i,s:o,s:b,s:o,s:o,s:o,s:s?,s:o}", //
                     "owner", cert->owner, "label", cert->label, "subject", cert->subject, "issuer", cert->issuer,
                     "serial", cert->serial, "not_before", saf_time_format(from, cert->not_before), "not_after",
                     saf_time_format(until, cert->not_after), "status", cli_trust_name(cert->trust), "has_key",
                     cert->key_place != SAF_KEY_NONE, "key_type", cert->key_type, "key_bits", (int)cert->key_bits,
                     "key_uri", text_or_null(cert->key_uri), "ca", cert->is_ca, "fingerprint_sha256",
                     text_or_null(fingerprint), "pem", text_or_null(pem), "revoked_at", time_or_null(cert->revoked_at),
                     "revocation_reason", cert->revoked_at ? saf_reason_name(cert->reason) : NULL, "requested_at",
                     time_or_null(cert->requested_at));
}

void cli_hide_draft(const cli *cli, json_t *shape)
{
    if (!cli->common.dry_run)
        return;
    json_object_set_new(shape, "pem", json_null());
    json_object_set_new(shape, "fingerprint_sha256", json_null());
}

json_t *cli_shape_connection(const saf_connection *connection)
{
    json_t *shape = cli_shape_cert(connection->cert);
    json_object_set_new(shape, "usage", json_string(cli_usage_name(connection->usage)));
    json_object_set_new(shape, "default", json_boolean(connection->is_default == SAF_DEFAULT));
    return shape;
}

json_t *cli_shape_policy(const saf_policy *policy)
{
    char profile[40];
    snprintf(profile, sizeof profile, "JWT.%s.%s.SAF", policy->appl, policy->user);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:s,s:i,s:b}", //
                     "profile", profile, "appl", policy->appl, "user", policy->user, "alg", policy->alg, "key",
                     policy->key, "kid", text_or_null(policy->kid[0] ? policy->kid : NULL), "key_use",
                     cli_key_use_name(policy->key_use), "timeout_min", (int)policy->timeout_min, "any_appl",
                     policy->any_appl);
}

json_t *cli_shape_token(const saf_p11_token *token)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:b,s:b,s:b}", //
                     "label", cli_text(token->label), "serial", cli_text(token->serial), "manufacturer",
                     cli_text(token->manufacturer), "model", cli_text(token->model), "login_required", token->login_required, "user_pin_set", token->user_pin_set,
                     "write_protected", token->write_protected);
}

static void put_attributes(json_t *shape, const saf_p11_secret *secret)
{
    json_object_update_new(shape, json_pack("{s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b}", "sensitive", secret->sensitive, "extractable",
                                            secret->extractable, "private", secret->private_object, "modifiable", secret->modifiable, "signs",
                                            secret->signs, "verifies", secret->verifies, "encrypts", secret->encrypts, "decrypts", secret->decrypts,
                                            "wraps", secret->wraps, "unwraps", secret->unwraps, "derives", secret->derives, "imported",
                                            !secret->local, "always_sensitive", secret->always_sensitive, "never_extractable",
                                            secret->never_extractable));
}

json_t *cli_shape_secret(const saf_p11_secret *secret)
{
    json_t *shape = json_pack("{s:o,s:o,s:I,s:o,s:o,s:o,s:s,s:i,s:s,s:o,s:o}", //
                              "token", cli_text(secret->token), "label", cli_text(secret->label), "sequence", (json_int_t)secret->sequence, "uri",
                              cli_text(secret->uri), "handle", text_or_null(secret->handle[0] ? secret->handle : NULL), "check_value",
                              text_or_null(secret->check_value[0] ? secret->check_value : NULL), "kind", cli_secret_kind_name(secret->kind), "bytes",
                              (int)secret->len, "leaving", cli_secret_leavings[saf_p11_secret_leaving(secret)], "start_date",
                              time_or_null(secret->start_date), "end_date", time_or_null(secret->end_date));
    put_attributes(shape, secret);
    return shape;
}

/* ---- publications ---- */

const char *cli_user_name(char out[CLI_USER_NAME_SIZE], uint32_t user)
{
    const struct passwd *entry = getpwuid(user);
    if (entry)
        snprintf(out, CLI_USER_NAME_SIZE, "%s", entry->pw_name);
    else
        snprintf(out, CLI_USER_NAME_SIZE, "uid %lu", (unsigned long)user);
    return out;
}

const char *cli_publication_text(char out[CLI_PUBLICATION_TEXT_SIZE], const saf_publication *item)
{
    char user[CLI_USER_NAME_SIZE];
    const char *state = item->is_ended ? ", ENDED: its files could not be removed" : item->is_due ? ", DUE: not written since the last change" : "";
    snprintf(out, CLI_PUBLICATION_TEXT_SIZE, "for %s, %s keys%s", cli_user_name(user, item->user), item->with_keys ? "with" : "without", state);
    return out;
}

json_t *cli_shape_publication(const saf_publication *item)
{
    char user[CLI_USER_NAME_SIZE];
    return json_pack("{s:s,s:s,s:o,s:o,s:I,s:b,s:I,s:b,s:b}", "owner", item->owner, "ring", item->ring, "directory", cli_text(item->dir), "user",
                     cli_text(cli_user_name(user, item->user)), "uid", (json_int_t)item->user, "with_keys", item->with_keys, "generation",
                     (json_int_t)item->generation, "due", item->is_due, "ended", item->is_ended);
}
