/** @file safring token show */
#include <cli/token.h>

#include <base/fail.h>

typedef struct token_show {
    cli_token token;
} token_show;

/* ---- the token ---- */

static const char *pin_text(bool set, bool low, bool final, bool locked)
{
    return !set ? "not set" : locked ? "locked" : final ? "set, one try left" : low ? "set, a wrong one was given since the last good login" : "set";
}

static void add_names(json_t *shape, const char *member, const char *const *names)
{
    json_t *array = json_array();
    json_object_set_new(shape, member, array);
    for (; *names; names++)
        json_array_append_new(array, json_string(*names));
}

static void say_names(const cli *cli, const char *what, const char *const *names)
{
    if (!*names)
        return;
    cli_say(cli, "    %-12s", what);
    for (; *names; names++)
        cli_say(cli, " %s", *names + sizeof "CKM_" - 1);
    cli_say(cli, "\n");
}

static json_t *shape_info(const saf_token_info *info)
{
    char hardware[16], firmware[16];
    snprintf(hardware, sizeof hardware, "%u.%u", info->hardware_version[0], info->hardware_version[1]);
    snprintf(firmware, sizeof firmware, "%u.%u", info->firmware_version[0], info->firmware_version[1]);
    json_t *shape = json_pack("{s:s,s:s,s:b,s:b,s:b,s:b,s:b,s:b,s:o}", //
                              "hardware_version", hardware, "firmware_version", firmware, "pin_count_low", info->pin_count_low, "pin_final_try",
                              info->pin_final_try, "pin_locked", info->pin_locked, "so_pin_count_low", info->so_pin_count_low, "so_pin_final_try",
                              info->so_pin_final_try, "so_pin_locked", info->so_pin_locked, "directory",
                              *info->directory ? cli_text(info->directory) : json_null());
    add_names(shape, "mechanisms", info->has);
    add_names(shape, "missing_mechanisms", info->lacks);
    return shape;
}

static void say_info(cli *cli, const saf_p11_token *token, const saf_token_info *info)
{
    json_object_update_new(cli->result, cli_shape_token(token));
    json_object_update_new(cli->result, shape_info(info));
    cli_say(cli, "%s\n    serial       %s\n    made by      %s\n    model        %s\n    versions     hardware %u.%u, firmware %u.%u\n", token->label,
            token->serial, token->manufacturer, token->model, info->hardware_version[0], info->hardware_version[1], info->firmware_version[0],
            info->firmware_version[1]);
    cli_say(cli, "    PIN          %s\n", pin_text(info->pin_set, info->pin_count_low, info->pin_final_try, info->pin_locked));
    cli_say(cli, "    SO PIN       %s\n", pin_text(true, info->so_pin_count_low, info->so_pin_final_try, info->so_pin_locked));
    if (token->write_protected)
        cli_say(cli, "    read-only\n");
    if (*info->directory)
        cli_say(cli, "    files        %s\n", info->directory);
    say_names(cli, "can", info->has);
    say_names(cli, "cannot", info->lacks);
}

/* ---- what is in it ---- */

static json_t *count_kinds(const saf_token_object_list *list)
{
    static const char *const names[] = { "other", "secret_keys", "private_keys", "public_keys", "certificates", "data" };
    size_t counts[sizeof names / sizeof *names] = { 0 };
    json_t *shape = json_object();
    for (size_t i = 0; i < list->count; i++)
        counts[list->objects[i].type]++;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set_new(shape, names[i], json_integer((json_int_t)counts[i]));
    return shape;
}

static void say_object(const cli *cli, const saf_token_object *object)
{
    bool is_secret = object->type == SAF_P11_SECRET_KEY || object->type == SAF_P11_PRIVATE;
    OWN(own_text) id = cli_hex(object->id, object->id_len);
    cli_say(cli, "    %-12s %-24s %s%s%s%s%s\n", cli_object_kind(object->type), object->label, object->id_len ? "id " : "", id && object->id_len ? id : "",
            object->key_type ? ", " : "", object->key_type ? object->key_type : "", is_secret ? object->extractable ? ", may leave the token" : ", stays in the token" : "");
    if (*object->uri)
        cli_say(cli, "                 %s\n", object->uri);
}

static saf_status show_objects(cli *cli, saf_p11 *p11, const saf_p11_token *token, saf_error *err)
{
    OWN(saf_p11_session) *session = NULL;
    OWN(saf_token_object_list) list = { 0 };
    json_t *objects = json_array();
    json_object_set_new(cli->result, "objects", objects);
    SAF_TRY(cli_token_login(&session, p11, cli, token, err));
    SAF_TRY(saf_token_list_objects(&list, session, err));
    cli_say(cli, "    sequence     %u was the last\n    objects      %zu\n", list.last_sequence, list.count);
    for (size_t i = 0; i < list.count; i++) {
        json_array_append_new(objects, cli_shape_object(&list.objects[i]));
        say_object(cli, &list.objects[i]);
    }
    json_object_set_new(cli->result, "counts", count_kinds(&list));
    json_object_set_new(cli->result, "last_sequence", json_integer(list.last_sequence));
    return SAF_OK;
}

static saf_status run(cli *cli, const void *args_, saf_error *err)
{
    const token_show *args = args_;
    OWN(saf_p11) *p11 = NULL;
    saf_p11_token token;
    saf_token_info info;
    SAF_TRY(cli_open_token(&p11, &token, cli, &args->token, err));
    SAF_TRY(saf_token_describe(&info, p11, &token, err));
    say_info(cli, &token, &info);
    return cli->common.pin_source || !token.login_required ? show_objects(cli, p11, &token, err) : SAF_OK;
}

static const cli_option operands[] = { CLI_TOKEN_OPERAND(token_show, token), { 0 } };
static const cli_option options[] = { CLI_TOKEN_OPTION(token_show, token), { 0 } };

const cli_command cli_command_token_show = {
    .noun = "token",
    .verb = "show",
    .summary = "show a PKCS#11 token and what is in it",
    .racf = "RACDCERT LISTTOKEN(name); ICSF CSFPTRL",
    .description =
        "Shows a token: label, serial, maker, versions, the state of its PINs, where SoftHSM keeps its files, and which of the mechanisms that safring uses it has. With "
        "--pin-source also what is in it: each object with its class, label, id and URI, whether a key may leave the token, and the last sequence number given.\n"
        "\n"
        "A label that several tokens have is an error that lists them; then the serial, or a URI with it, chooses one.",
    .examples = "safring token show ZWE.IDT\nsafring token show ZWE.IDT --pin-source file:pin",
    .operands = operands,
    .options = options,
    .groups = CLI_STORE | CLI_TOKEN,
    .args_size = sizeof(token_show),
    .run = run,
};
