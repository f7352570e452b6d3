#include <cli/secret-key.h>

#include <base/clock.h>
#include <base/fail.h>

#include <string.h>

/* ---- naming ---- */

void cli_secret_token_close(cli_secret_token *token)
{
    saf_p11_logout(&token->session);
    saf_p11_close(&token->p11);
}

static saf_status check_label(const char *label, saf_error *err)
{
    if (label && strlen(label) > SAF_P11_OBJECT_MAX)
        return saf_fail(err, SAF_E_USAGE, "--label is longer than %d bytes", SAF_P11_OBJECT_MAX);
    return SAF_OK;
}

static void set_sequence(saf_p11_uri *uri, unsigned sequence)
{
    uri->id_len = sequence ? 4 : 0;
    for (size_t i = 0; i < uri->id_len; i++)
        uri->id[i] = (unsigned char)(sequence >> (24 - 8 * i));
}

static saf_status uri_of_options(saf_p11_uri *out, const cli_secret_name *name, saf_error *err)
{
    saf_p11_uri uri = { .type = SAF_P11_SECRET_KEY };
    SAF_TRY(saf_p11_token_name_check(name->token, err));
    SAF_TRY(check_label(name->label, err));
    snprintf(uri.token, sizeof uri.token, "%s", name->token);
    snprintf(uri.object, sizeof uri.object, "%s", name->label ? name->label : "");
    set_sequence(&uri, name->sequence);
    *out = uri;
    return SAF_OK;
}

static saf_status uri_of_operand(saf_p11_uri *out, const cli_secret_name *name, saf_error *err)
{
    if (name->label || name->sequence || name->token)
        return saf_fail(err, SAF_E_USAGE, "a URI names token and key: --token, --label and --sequence are instead of it");
    SAF_TRY(saf_p11_uri_parse(out, name->uri, err));
    if (!*out->token && !*out->serial)
        return saf_fail(err, SAF_E_USAGE, "the URI %s names no token", name->uri);
    return SAF_OK;
}

saf_status cli_secret_uri(saf_p11_uri *out, const cli_secret_name *name, cli_secret_needs needs, saf_error *err)
{
    if (name->uri)
        SAF_TRY(uri_of_operand(out, name, err));
    else if (!name->token)
        return saf_fail(err, SAF_E_USAGE, "which token? give a URI, or --token");
    else
        SAF_TRY(uri_of_options(out, name, err));
    if (needs == CLI_SECRET_KEY && !*out->object && !out->id_len)
        return saf_fail(err, SAF_E_USAGE, "which key? give %s", name->uri ? "a URI with its object or id" : "--label or --sequence");
    return SAF_OK;
}

saf_status cli_wrapping_key_uri(saf_p11_uri *out, const char *with, saf_error *err)
{
    if (!strncmp(with, "pkcs11:", 7))
        return saf_p11_uri_parse(out, with, err);
    if (strlen(with) > SAF_P11_OBJECT_MAX)
        return saf_fail(err, SAF_E_USAGE, "--with is longer than %d bytes", SAF_P11_OBJECT_MAX);
    *out = (saf_p11_uri){ .type = SAF_P11_SECRET_KEY };
    snprintf(out->object, sizeof out->object, "%s", with);
    return SAF_OK;
}

saf_status cli_open_secret_token(cli_secret_token *out, const cli *cli, const saf_p11_uri *uri, saf_error *err)
{
    OWN(saf_secret) pin = { 0 };
    saf_p11_token token;
    saf_p11_uri place = { 0 };
    memcpy(place.token, uri->token, sizeof place.token);
    memcpy(place.serial, uri->serial, sizeof place.serial);
    SAF_TRY(cli_open_p11(&out->p11, cli, err));
    SAF_TRY(saf_p11_find_token(&token, out->p11, &place, err)); /* before anybody is asked for its PIN */
    SAF_TRY(cli_read_pin(&pin, cli, token.label, err));
    return saf_p11_login(&out->session, out->p11, &place, &pin, err);
}

/* ---- making ---- */

const char *const cli_secret_leavings[] = { "no", "wrapped", "yes", NULL };
const char *const cli_secret_if_exists[] = { "fail", "keep", "new-version", NULL };

enum { IF_EXISTS_FAIL, IF_EXISTS_KEEP, IF_EXISTS_NEW_VERSION };

static const saf_p11_leaving leaving_values[] = { SAF_P11_STAYS, SAF_P11_LEAVES_WRAPPED, SAF_P11_LEAVES };

/* RFC 7518, 3.2: an HMAC key is at least as long as the hash. */
static const cli_secret_alg algs[] = {
    { "HS512", SAF_P11_HMAC, 64 },  { "HS384", SAF_P11_HMAC, 48 },  { "HS256", SAF_P11_HMAC, 32 },  { "A256", SAF_P11_AES, 32 },
    { "A192", SAF_P11_AES, 24 },    { "A128", SAF_P11_AES, 16 },    { "A256KW", SAF_P11_AES, 32 },  { "A192KW", SAF_P11_AES, 24 },
    { "A128KW", SAF_P11_AES, 16 },  { "A256GCM", SAF_P11_AES, 32 }, { "A192GCM", SAF_P11_AES, 24 }, { "A128GCM", SAF_P11_AES, 16 },
    { "A256GCMKW", SAF_P11_AES, 32 }, { "A192GCMKW", SAF_P11_AES, 24 }, { "A128GCMKW", SAF_P11_AES, 16 },
};

const cli_secret_alg *cli_find_secret_alg(const char *name)
{
    for (size_t i = 0; i < sizeof algs / sizeof *algs; i++)
        if (!strcmp(algs[i].name, name))
            return &algs[i];
    return NULL;
}

/* RFC 3339: full-date. */
static saf_status parse_date(int64_t *out, const char *option, const char *text, saf_error *err)
{
    char moment[SAF_TIME_TEXT_SIZE];
    *out = 0;
    if (!text)
        return SAF_OK;
    int len = snprintf(moment, sizeof moment, "%.12sT00:00:00Z", text);
    if (strlen(text) == 10 && len == 20 && saf_time_parse(out, moment, NULL) == SAF_OK && *out)
        return SAF_OK;
    return saf_fail(err, SAF_E_USAGE, "--%s %.20s is not a date like 2026-12-31", option, text);
}

saf_status cli_secret_make_spec(saf_p11_secret_spec *out, const cli_secret_spec *args, saf_error *err)
{
    SAF_TRY(saf_p11_token_name_check(args->token, err));
    SAF_TRY(check_label(args->label, err));
    *out = (saf_p11_secret_spec){ .label = args->label, .leaving = leaving_values[args->leaving], .fixed = args->fixed,
                                  .if_exists = args->if_exists == IF_EXISTS_NEW_VERSION ? SAF_P11_NEW_VERSION : SAF_P11_FIRST_ONLY };
    SAF_TRY(parse_date(&out->start_date, "start", args->start, err));
    SAF_TRY(parse_date(&out->end_date, "end", args->end, err));
    if (out->start_date && out->end_date && out->end_date < out->start_date)
        return saf_fail(err, SAF_E_USAGE, "--end %s is before --start %s", args->end, args->start);
    return SAF_OK;
}

saf_status cli_open_token_to_make(cli_secret_token *out, const cli *cli, const cli_secret_spec *args, saf_error *err)
{
    saf_p11_uri uri = { 0 };
    snprintf(uri.token, sizeof uri.token, "%s", args->token);
    return cli_open_secret_token(out, cli, &uri, err);
}

static void say_made(const cli *cli, const saf_p11_secret *secret, const char *done, bool made)
{
    cli_say(cli, "%s \"%s\", %zu bytes, sequence %u\n    uri          %s\n    handle       \"%s\"\n    check value  %s\n", done, secret->label, secret->len,
            secret->sequence, secret->uri, secret->handle, secret->check_value);
    json_object_update_new(cli->result, cli_shape_secret(secret));
    json_object_set_new(cli->result, "made", json_boolean(made));
}

/* With keep: what is there must be what was asked for, else somebody would go on with a key that does not fit. */
static saf_status check_kept(const saf_p11_secret_spec *spec, const saf_p11_secret *there, const char *check_value, saf_error *err)
{
    const char *why = NULL;
    if (there->kind != spec->kind)
        why = spec->kind == SAF_P11_AES ? "is no AES key" : "is no HMAC key";
    else if (there->len && (spec->kind == SAF_P11_AES ? there->len != spec->len : there->len < spec->len))
        why = "has another length";
    else if (check_value && strcmp(check_value, there->check_value))
        why = "has another value";
    else if (saf_p11_secret_leaving(there) != spec->leaving)
        why = there->extractable && spec->leaving == SAF_P11_STAYS ? "may leave the token" : there->extractable ? "leaves otherwise than asked" : "stays in the token";
    if (!why)
        return SAF_OK;
    (void)saf_fail(err, SAF_E_CONFLICT, "token %s has a secret key \"%s\" that cannot be kept, as it %s: %s", there->token, there->label, why, there->uri);
    saf_hint(err, "--if-exists new-version makes another beside it");
    return SAF_E_CONFLICT;
}

static saf_status settle_existing(cli *cli, const cli_secret_spec *args, const saf_p11_secret_spec *spec, const saf_p11_secret *there,
                                  const char *check_value, saf_error *err)
{
    if (args->if_exists == IF_EXISTS_FAIL) {
        (void)saf_fail(err, SAF_E_EXISTS, "token %s has a secret key \"%s\" already: %s", there->token, there->label, there->uri);
        saf_hint(err, "--if-exists keep accepts it, --if-exists new-version makes another beside it");
        return SAF_E_EXISTS;
    }
    SAF_TRY(check_kept(spec, there, check_value, err));
    say_made(cli, there, "there already: secret key", false);
    return SAF_OK;
}

saf_status cli_end_secret(cli *cli, const cli_secret_spec *args, const saf_p11_secret_spec *spec, const saf_p11_secret *secret,
                          const char *check_value, const char *done, saf_status status, saf_error *err)
{
    char text[64];
    if (status == SAF_E_EXISTS)
        return settle_existing(cli, args, spec, secret, check_value, err);
    if (status != SAF_OK)
        return status;
    snprintf(text, sizeof text, "%s the secret key", done);
    say_made(cli, secret, text, true);
    return SAF_OK;
}

saf_status cli_say_would_make(cli *cli, saf_p11_session *session, const cli_secret_spec *args, const saf_p11_secret_spec *spec,
                              const char *check_value, saf_error *err)
{
    OWN(saf_p11_secret_list) there = { 0 };
    saf_p11_uri uri = { .type = SAF_P11_SECRET_KEY };
    snprintf(uri.object, sizeof uri.object, "%s", spec->label);
    SAF_TRY(saf_p11_list_secrets(&there, session, &uri, err));
    if (there.count && args->if_exists != IF_EXISTS_NEW_VERSION)
        return settle_existing(cli, args, spec, &there.secrets[there.count - 1], check_value, err);
    cli_say(cli, "would make the secret key \"%s\", %zu bytes, in token %s\n", spec->label, spec->len, args->token);
    json_object_update_new(cli->result, json_pack("{s:s,s:o,s:i,s:s,s:b}", "token", args->token, "label", cli_text(spec->label), "bytes", (int)spec->len,
                                                  "kind", cli_secret_kind_name(spec->kind), "made", 0));
    return SAF_OK;
}

/* ---- showing ---- */

enum { DAY_SEC = 86400 };

const char *cli_secret_kind_name(saf_p11_secret_kind kind)
{
    return kind == SAF_P11_HMAC ? "HMAC" : kind == SAF_P11_AES ? "AES" : "other";
}

const char *cli_leaving_text(saf_p11_leaving leaving)
{
    return leaving == SAF_P11_STAYS ? "stays" : leaving == SAF_P11_LEAVES_WRAPPED ? "may leave wrapped" : "may be read";
}

char *cli_secret_dates_text(char *out, size_t out_cap, const saf_p11_secret *secret)
{
    char text[SAF_TIME_TEXT_SIZE];
    int64_t now = saf_clock_now();
    out[0] = '\0';
    if (secret->end_date && now >= secret->end_date + DAY_SEC)
        snprintf(out, out_cap, ", ENDED %.10s", saf_time_format(text, secret->end_date));
    else if (secret->start_date && now < secret->start_date)
        snprintf(out, out_cap, ", NOT BEFORE %.10s", saf_time_format(text, secret->start_date));
    else if (secret->end_date)
        snprintf(out, out_cap, ", until %.10s", saf_time_format(text, secret->end_date));
    return out;
}

static void say_date(const cli *cli, const char *name, int64_t date)
{
    char text[SAF_TIME_TEXT_SIZE];
    if (date)
        cli_say(cli, "    %-12s %.10s\n", name, saf_time_format(text, date));
}

void cli_say_secret(const cli *cli, const saf_p11_secret *secret)
{
    char dates[64];
    cli_say(cli, "%s%s\n", secret->label, cli_secret_dates_text(dates, sizeof dates, secret));
    cli_say(cli, "    token        %s\n    kind         %s, %zu bytes\n", secret->token, cli_secret_kind_name(secret->kind), secret->len);
    if (secret->sequence)
        cli_say(cli, "    sequence     %u\n    handle       \"%s\"\n", secret->sequence, secret->handle);
    cli_say(cli, "    uri          %s\n    check value  %s\n", secret->uri, *secret->check_value ? secret->check_value : "none: it may not sign or encrypt");
    cli_say(cli, "    leaving      %s\n    origin       %s\n", cli_leaving_text(saf_p11_secret_leaving(secret)),
            secret->local ? "made in this token" : "imported");
    cli_say(cli, "    uses        %s%s%s%s%s%s%s\n", secret->signs ? " sign" : "", secret->verifies ? " verify" : "", secret->encrypts ? " encrypt" : "",
            secret->decrypts ? " decrypt" : "", secret->wraps ? " wrap" : "", secret->unwraps ? " unwrap" : "", secret->derives ? " derive" : "");
    cli_say(cli, "    changeable   %s\n", secret->modifiable ? "yes" : "no");
    say_date(cli, "from", secret->start_date);
    say_date(cli, "until", secret->end_date);
}
