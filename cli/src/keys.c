#include <cli/keys.h>

#include <base/fail.h>
#include <base/lock.h>
#include <base/own-openssl.h>

#include <limits.h>
#include <string.h>

/* ---- where a key is to be made ---- */

static saf_status refuse_place(const char *text, saf_error *err)
{
    (void)saf_fail(err, SAF_E_USAGE, "--key \"%.120s\" is not a place in a token", text);
    saf_hint(err, "token:NAME;object=LABEL;type=ec:P-256");
    return SAF_E_USAGE;
}

static int copy_part(char *out, size_t out_cap, const char *part)
{
    size_t len = strlen(part);
    if (!len || len >= out_cap || *out)
        return 0;
    memcpy(out, part, len + 1);
    return 1;
}

static saf_status parse_parts(cli_key_place *out, char *parts, const char *text, saf_error *err)
{
    char *part = strsep(&parts, ";");
    if (!copy_part(out->token, sizeof out->token, part))
        return refuse_place(text, err);
    while ((part = strsep(&parts, ";"))) {
        int is_object = !strncmp(part, "object=", 7), is_type = !strncmp(part, "type=", 5);
        if (!(is_object && copy_part(out->object, sizeof out->object, part + 7)) &&
            !(is_type && copy_part(out->kind_text, sizeof out->kind_text, part + 5)))
            return refuse_place(text, err);
    }
    return SAF_OK;
}

static saf_status parse_there(cli_key_place *out, const char *text, saf_error *err)
{
    SAF_TRY(saf_p11_uri_parse(&out->there, text, err));
    out->is_there = true;
    if (out->there.pin_source[0])
        return saf_fail(err, SAF_E_USAGE, "--key has a pin-source: give it with --pin-source");
    if (out->there.token[0] && (out->there.type == SAF_P11_ANY || out->there.type == SAF_P11_PRIVATE))
        return SAF_OK;
    (void)saf_fail(err, SAF_E_USAGE, "--key \"%.120s\" does not name a private key and its token", text);
    saf_hint(err, "pkcs11:token=NAME;object=LABEL;type=private");
    return SAF_E_USAGE;
}

saf_status cli_key_place_parse(cli_key_place *out, const char *text, const char *kind, const char *label, saf_error *err)
{
    *out = (cli_key_place){ .kind = text ? text : kind };
    if (text && !strncmp(text, "pkcs11:", strlen("pkcs11:")))
        return parse_there(out, text, err);
    if (!text || strncmp(text, "token:", strlen("token:")) != 0)
        return SAF_OK;
    OWN(own_text) parts = strdup(text + strlen("token:"));
    if (!parts)
        return saf_fail_memory(err);
    SAF_TRY(parse_parts(out, parts, text, err));
    SAF_TRY(saf_p11_token_name_check(out->token, err));
    out->kind = out->kind_text[0] ? out->kind_text : kind;
    if (!out->object[0])
        snprintf(out->object, sizeof out->object, "%s", label);
    return SAF_OK;
}

saf_status cli_key_place_check(const cli_key_place *place, saf_error *err)
{
    saf_key_spec spec;
    return place->is_there ? SAF_OK : saf_key_spec_parse(&spec, place->kind, err);
}

/* ---- tokens ---- */

/* One lock for all commands that make or destroy keys of tokens: between its intent and its certificate a new key looks like a dead one. */
static saf_status lock(cli_keys *keys, saf_error *err)
{
    enum { WAIT_MS = 120000 };
    char path[PATH_MAX];
    int fd = -1;
    if (keys->lock)
        return SAF_OK;
    snprintf(path, sizeof path, "%s/keys.lock", saf_store_dir(keys->store));
    saf_status status = saf_lock_take(&fd, path, SAF_LOCK_EXCLUSIVE, WAIT_MS, err);
    if (status == SAF_E_BUSY)
        saf_hint(err, "another command makes or destroys a key in a token; try again when it is done");
    if (status != SAF_OK)
        return status;
    keys->lock = fd + 1;
    return SAF_OK;
}

static cli_known_pin *find_pin(cli_keys *keys, const char *token)
{
    for (size_t i = 0; i < CLI_KNOWN_PINS; i++)
        if (!strcmp(keys->pins[i].token, token))
            return &keys->pins[i];
    return NULL;
}

static saf_status read_pin(saf_secret *out, cli_keys *keys, const char *token, saf_error *err)
{
    const cli_known_pin *known = find_pin(keys, token);
    return known ? saf_secret_set(out, saf_secret_bytes(&known->pin), err) : cli_read_pin(out, keys->cli, token, err);
}

static void remember_pin(cli_keys *keys, const char *token, saf_secret *pin)
{
    cli_known_pin *room = find_pin(keys, "");
    if (find_pin(keys, token) || !room)
        return;
    snprintf(room->token, sizeof room->token, "%s", token);
    room->pin = *pin;
    *pin = (saf_secret){ 0 };
}

static saf_status open_token(cli_keys *keys, const saf_p11_uri *uri, saf_error *err)
{
    OWN(saf_secret) pin = { 0 };
    saf_p11_uri token = { 0 };
    if (keys->session && !strcmp(keys->token, uri->token))
        return SAF_OK;
    saf_p11_logout(&keys->session);
    memcpy(token.token, uri->token, sizeof token.token);
    memcpy(token.serial, uri->serial, sizeof token.serial);
    if (!keys->p11)
        SAF_TRY(cli_open_p11(&keys->p11, keys->cli, err));
    SAF_TRY(read_pin(&pin, keys, uri->token, err));
    SAF_TRY(saf_p11_login(&keys->session, keys->p11, &token, &pin, err));
    memcpy(keys->token, uri->token, sizeof keys->token);
    remember_pin(keys, uri->token, &pin);
    return SAF_OK;
}

static saf_status end_intent(cli_keys *keys, uint64_t number, saf_error *err)
{
    OWN(saf_change) *change = NULL;
    SAF_TRY(saf_change_begin(&change, keys->store, &keys->cli->who, err));
    SAF_TRY(saf_store_end_intent(change, number, err));
    return saf_change_commit(&change, err);
}

/* Only what no certificate has is destroyed, whatever the intent was: a commit may have come through although it was reported as failed. */
static saf_status settle(cli_keys *keys, uint64_t intent, const char *text, saf_error *err)
{
    saf_p11_uri uri;
    bool used = false;
    SAF_TRY(saf_p11_uri_parse(&uri, text, err));
    if (strcmp(uri.token, keys->token) != 0)
        return SAF_OK;
    SAF_TRY(saf_store_uses_key_uri(&used, keys->store, &keys->cli->who, text, err));
    if (!used)
        SAF_TRY(saf_p11_destroy_pair(keys->session, &uri, err));
    return end_intent(keys, intent, err);
}

/* What a killed command, or a rollover, left to do in the token that is open now. */
static saf_status settle_all(cli_keys *keys, saf_error *err)
{
    OWN(saf_intent_page) page = { 0 };
    SAF_TRY(lock(keys, err));
    SAF_TRY(saf_store_list_intents(&page, keys->store, &keys->cli->who, err));
    for (size_t i = 0; i < page.count; i++)
        if (page.intents[i].number != keys->intent)
            SAF_TRY(settle(keys, page.intents[i].number, page.intents[i].uri, err));
    return SAF_OK;
}

saf_status cli_keys_log_in_for(cli_keys *keys, const saf_cert *cert, saf_error *err)
{
    saf_p11_uri uri;
    if (cert->key_place != SAF_KEY_IN_TOKEN)
        return SAF_OK;
    SAF_TRY(saf_p11_uri_parse(&uri, cert->key_uri, err));
    return open_token(keys, &uri, err);
}

void cli_keys_finish_intents(cli_keys *keys, const char *text)
{
    saf_p11_uri uri;
    saf_error why = { 0 };
    saf_status status = saf_p11_uri_parse(&uri, text, &why);
    if (status == SAF_OK)
        status = open_token(keys, &uri, &why);
    if (status == SAF_OK)
        status = settle_all(keys, &why);
    if (status != SAF_OK)
        cli_note(keys->cli, "warning: the old private key is still in token %s (%s); the next command that makes a key there destroys it",
                 uri.token, why.text);
}

/* ---- making ---- */

static saf_status make_in_memory(EVP_PKEY **out, const saf_key_spec *spec, saf_error *err)
{
    cli_progress progress = { .what = "making the key" };
    saf_status status = saf_key_generate(out, spec, cli_progress_turn, &progress, err);
    cli_progress_end(&progress);
    return status;
}

static saf_status note_intent(cli_keys *keys, saf_error *err)
{
    OWN(saf_change) *change = NULL;
    uint64_t number = 0;
    SAF_TRY(saf_change_begin(&change, keys->store, &keys->cli->who, err));
    SAF_TRY(saf_store_add_intent(&number, change, SAF_INTENT_MAKE_KEY, keys->uri, err));
    SAF_TRY(saf_change_commit(&change, err));
    keys->intent = number;
    return SAF_OK;
}

static saf_p11_pair_spec describe_pair(const saf_key_spec *spec, const cli_key_place *place)
{
    static const saf_p11_pair_kind kinds[] = { [SAF_KEY_RSA] = SAF_P11_RSA, [SAF_KEY_EC] = SAF_P11_EC, [SAF_KEY_ED25519] = SAF_P11_EDWARDS };
    return (saf_p11_pair_spec){ .label = place->object, .kind = kinds[spec->kind], .rsa_bits = spec->rsa_bits, .curve = spec->curve };
}

static saf_status make_in_token(EVP_PKEY **out, cli_keys *keys, const saf_key_spec *spec, const cli_key_place *place, saf_error *err)
{
    saf_p11_pair_spec pair = describe_pair(spec, place);
    saf_p11_uri uri = { 0 };
    memcpy(uri.token, place->token, sizeof uri.token);
    SAF_TRY(open_token(keys, &uri, err));
    if (keys->cli->common.dry_run)
        return make_in_memory(out, spec, err);
    SAF_TRY(settle_all(keys, err));
    SAF_TRY(saf_p11_pair_uri(keys->uri, keys->session, &pair, err));
    SAF_TRY(note_intent(keys, err));
    SAF_TRY(saf_p11_generate_pair(keys->uri, keys->session, &pair, err));
    SAF_TRY(saf_p11_uri_parse(&uri, keys->uri, err));
    return saf_p11_load_private_key(out, keys->p11, &uri, NULL, err);
}

/* ---- one that is there ---- */

/* Somebody else made it, and where another key signs nobody would notice that its public half is not its. */
static saf_status prove(EVP_PKEY *key, const char *uri, saf_error *err)
{
    static const unsigned char text[] = "safring";
    unsigned char signature[SAF_P11_SIGNATURE_MAX];
    size_t len = sizeof signature;
    const EVP_MD *digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
    OWN(EVP_MD_CTX) *sign = EVP_MD_CTX_new();
    OWN(EVP_MD_CTX) *verify = EVP_MD_CTX_new();
    if (!sign || !verify || EVP_DigestSignInit(sign, NULL, digest, NULL, key) <= 0 ||
        EVP_DigestSign(sign, signature, &len, text, sizeof text) <= 0)
        return saf_fail_openssl(err, "the key %s does not sign", uri);
    if (EVP_DigestVerifyInit(verify, NULL, digest, NULL, key) > 0 && EVP_DigestVerify(verify, signature, len, text, sizeof text) == 1)
        return SAF_OK;
    return saf_fail_openssl(err, "what the key %s signs is not good by the public key beside it", uri);
}

static saf_status load_there(EVP_PKEY **out, cli_keys *keys, const saf_p11_uri *there, saf_error *err)
{
    OWN(EVP_PKEY) *key = NULL;
    saf_p11_uri uri;
    SAF_TRY(open_token(keys, there, err));
    if (!keys->cli->common.dry_run)
        SAF_TRY(settle_all(keys, err));
    SAF_TRY(saf_p11_find_pair(keys->uri, keys->session, there, err));
    SAF_TRY(saf_p11_uri_parse(&uri, keys->uri, err));
    SAF_TRY(saf_p11_load_private_key(&key, keys->p11, &uri, NULL, err));
    SAF_TRY(prove(key, keys->uri, err));
    *out = GIVE(&key);
    return SAF_OK;
}

saf_status cli_keys_make(EVP_PKEY **out, cli_keys *keys, const cli_key_place *place, saf_error *err)
{
    saf_key_spec spec;
    if (place->is_there)
        return load_there(out, keys, &place->there, err);
    SAF_TRY(saf_key_spec_parse(&spec, place->kind, err));
    return place->token[0] ? make_in_token(out, keys, &spec, place, err) : make_in_memory(out, &spec, err);
}

const char *cli_keys_uri(const cli_keys *keys)
{
    return keys->uri[0] ? keys->uri : NULL;
}

saf_status cli_keys_keep(cli_keys *keys, saf_change *change, saf_error *err)
{
    return keys->intent ? saf_store_end_intent(change, keys->intent, err) : SAF_OK;
}

void cli_keys_show_cert(cli_keys *keys, const saf_cert *cert)
{
    saf_p11_uri uri;
    saf_error why = { 0 };
    keys->intent = 0; /* committed */
    if (cert->key_place != SAF_KEY_IN_TOKEN || keys->cli->common.dry_run)
        return;
    saf_status status = saf_p11_uri_parse(&uri, cert->key_uri, &why);
    if (status == SAF_OK)
        status = open_token(keys, &uri, &why);
    if (status == SAF_OK)
        status = saf_p11_put_cert(keys->session, &uri, cert->der, &why);
    if (status != SAF_OK)
        cli_note(keys->cli, "warning: the certificate is in the store, but not beside its key in the token: %s", why.text);
}

/* ---- using ---- */

saf_status cli_keys_of_cert(EVP_PKEY **out, cli_keys *keys, const saf_cert *cert, saf_error *err)
{
    saf_p11_uri uri;
    if (cert->key_place != SAF_KEY_IN_TOKEN)
        return SAF_OK;
    SAF_TRY(saf_p11_uri_parse(&uri, cert->key_uri, err));
    SAF_TRY(open_token(keys, &uri, err));
    return saf_p11_load_private_key(out, keys->p11, &uri, NULL, err);
}

saf_status cli_keys_of_signer(EVP_PKEY **out, cli_keys *keys, const char *owner, const char *label, saf_error *err)
{
    OWN(saf_cert) *signer = NULL;
    if (!label)
        return SAF_OK;
    SAF_TRY(saf_store_find_cert(&signer, keys->store, &keys->cli->who, owner, label, err));
    return cli_keys_of_cert(out, keys, signer, err);
}

/* A pair that was made and not kept: the command failed after it. */
static void undo(cli_keys *keys)
{
    saf_error why = { 0 };
    if (keys->intent && keys->session && settle(keys, keys->intent, keys->uri, &why) != SAF_OK)
        cli_note(keys->cli, "warning: the new private key is still in token %s (%s); the next command that makes a key there destroys it",
                 keys->token, why.text);
}

void cli_keys_close(cli_keys *keys)
{
    undo(keys);
    saf_p11_logout(&keys->session);
    saf_p11_close(&keys->p11);
    for (size_t i = 0; i < CLI_KNOWN_PINS; i++)
        saf_secret_free(&keys->pins[i].pin);
    if (keys->lock)
        close(keys->lock - 1);
    *keys = (cli_keys){ .cli = keys->cli };
}
