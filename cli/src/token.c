#include <cli/token.h>

#include <base/fail.h>

#include <string.h>

/* ---- which ---- */

saf_status cli_token_name(const char **out, const cli_token *token, saf_error *err)
{
    if (!token->operand == !token->option)
        return saf_fail(err, SAF_E_USAGE, token->operand ? "the token is named twice: as operand and with --token"
                                                         : "no token is named: give its label, serial or URI");
    *out = token->operand ? token->operand : token->option;
    return SAF_OK;
}

saf_status cli_token_where(cli_token_place *out, const cli *cli, saf_error *err)
{
    char dir[PATH_MAX - 32];
    const char *module;
    SAF_TRY(cli_store_dir(cli, dir, sizeof dir, err));
    SAF_TRY(cli_module(&module, out->module, cli, err));
    snprintf(out->conf, sizeof out->conf, "%s/softhsm2.conf", dir);
    out->options = (saf_p11_options){ .module = module, .softhsm_conf = saf_file_exists(out->conf) ? out->conf : NULL };
    return SAF_OK;
}

saf_status cli_open_token(saf_p11 **out, saf_p11_token *token, const cli *cli, const cli_token *name, saf_error *err)
{
    const char *text;
    SAF_TRY(cli_token_name(&text, name, err));
    SAF_TRY(cli_open_p11(out, cli, err));
    return saf_token_find(token, *out, text, err);
}

saf_status cli_token_login(saf_p11_session **out, saf_p11 *p11, const cli *cli, const saf_p11_token *token, saf_error *err)
{
    OWN(saf_secret) pin = { 0 };
    saf_p11_uri uri;
    saf_token_uri(&uri, token);
    if (token->login_required)
        SAF_TRY(cli_read_pin(&pin, cli, token->label, err));
    return saf_p11_login(out, p11, &uri, &pin, err);
}

void cli_token_turn(void *context)
{
    cli_progress_turn(context);
}

/* ---- certificates whose keys are there ---- */

static bool is_in(const saf_cert *cert, const saf_p11_token *token)
{
    saf_p11_uri uri;
    return cert->key_place == SAF_KEY_IN_TOKEN && cert->key_uri && saf_p11_uri_parse(&uri, cert->key_uri, NULL) == SAF_OK &&
           (!*uri.token || !strcmp(uri.token, token->label)) && (!*uri.serial || !strcmp(uri.serial, token->serial));
}

saf_status cli_each_cert_in_token(const cli *cli, saf_store *store, const saf_p11_token *token, cli_cert_visit visit, void *context, saf_error *err)
{
    saf_cert_page page = { 0 };
    char owner[SAF_OWNER_MAX + 1] = "", label[SAF_LABEL_MAX + 1] = "";
    saf_status status = SAF_OK;
    do {
        saf_cert_query query = { .after_owner = *owner ? owner : NULL, .after_label = *owner ? label : NULL };
        saf_cert_page_free(&page);
        status = saf_store_list_certs(&page, store, &cli->who, &query, err);
        for (size_t i = 0; status == SAF_OK && i < page.count; i++) {
            memcpy(owner, page.certs[i]->owner, sizeof owner);
            memcpy(label, page.certs[i]->label, sizeof label);
            if (is_in(page.certs[i], token))
                status = visit(context, page.certs[i], err);
        }
    } while (status == SAF_OK && page.count);
    saf_cert_page_free(&page);
    return status;
}

/* ---- shapes ---- */

const char *cli_token_outcome_name(saf_token_outcome outcome)
{
    return outcome == SAF_TOKEN_REPAIRED ? "repaired" : outcome == SAF_TOKEN_REPAIRABLE ? "repairable" : "remains";
}

json_t *cli_shape_finding(const saf_token_finding *finding)
{
    return json_pack("{s:s,s:s,s:b,s:o,s:o,s:o,s:o,s:o}", //
                     "fault", saf_token_fault_name(finding->fault), "outcome", cli_token_outcome_name(finding->outcome), "unusable",
                     finding->is_unusable, "token", cli_text(finding->label), "serial", cli_text(finding->serial), "path", cli_text(finding->path),
                     "found", cli_text(finding->found), "remedy", cli_text(finding->remedy));
}

void cli_say_finding(const cli *cli, const saf_token_finding *finding)
{
    cli_say(cli, "%s: %s%s\n    %s\n    %s: %s\n", saf_token_fault_name(finding->fault), *finding->label ? "token " : "", *finding->label ? finding->label : "an unknown token",
            finding->path, cli_token_outcome_name(finding->outcome), finding->found);
    cli_say(cli, "    %s\n", finding->remedy);
}

const char *cli_object_kind(saf_p11_type type)
{
    switch (type) {
    case SAF_P11_SECRET_KEY: return "secret key";
    case SAF_P11_PRIVATE: return "private key";
    case SAF_P11_PUBLIC: return "public key";
    case SAF_P11_CERT: return "certificate";
    case SAF_P11_DATA: return "data";
    default: return "other";
    }
}

json_t *cli_shape_object(const saf_token_object *object)
{
    OWN(own_text) id = cli_hex(object->id, object->id_len);
    return json_pack("{s:s,s:o,s:s,s:o,s:s?,s:b,s:b,s:b,s:b,s:b}", //
                     "class", cli_object_kind(object->type), "label", cli_text(object->label), "id", id && object->id_len ? id : "", "uri",
                     *object->uri ? cli_text(object->uri) : json_null(), "key_type", object->key_type, "private", object->is_private, "sensitive",
                     object->sensitive, "extractable", object->extractable, "generated", object->generated, "counter", object->is_counter);
}
