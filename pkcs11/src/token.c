#include "token.h"

#include "login-lock.h"
#include "token-begun.h"
#include "token-copy.h"

#include <base/buffer.h>

enum { PIN_MIN = 4, PIN_MAX = 255 };

void saf_p11_token_list_free(saf_p11_token_list *list)
{
    if (!list)
        return;
    free(list->tokens);
    *list = (saf_p11_token_list) { 0 };
}

/* ---- listing ---------------------------------------------------------------------------------------------- */

/* Cryptoki pads with blanks; some tokens pad with zero bytes. */
static void unpad(char *out, const unsigned char *field, size_t len)
{
    const unsigned char *zero = memchr(field, 0, len);
    if (zero)
        len = (size_t)(zero - field);
    while (len > 0 && field[len - 1] == ' ')
        len--;
    memcpy(out, field, len);
    out[len] = '\0';
}

static void token_of_info(saf_p11_token *out, CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
    unpad(out->label, info->label, sizeof info->label);
    unpad(out->serial, info->serialNumber, sizeof info->serialNumber);
    unpad(out->manufacturer, info->manufacturerID, sizeof info->manufacturerID);
    unpad(out->model, info->model, sizeof info->model);
    out->slot = slot;
    out->login_required = info->flags & CKF_LOGIN_REQUIRED;
    out->user_pin_set = info->flags & CKF_USER_PIN_INITIALIZED;
    out->write_protected = info->flags & CKF_WRITE_PROTECTED;
}

typedef struct slot_list {
    CK_SLOT_ID *slots;
    CK_ULONG count;
} slot_list;

static void slot_list_free(slot_list *list)
{
    free(list->slots);
}

OWN_VALUE(slot_list, slot_list_free)

/* CKR_BUFFER_TOO_SMALL: a token was plugged in between the two calls. */
static CK_RV ask_slots(slot_list *out, const saf_p11 *p11)
{
    enum { SLOTS_MAX = 65536 };
    CK_RV answer = p11->cryptoki->C_GetSlotList(CK_TRUE, NULL, &out->count);
    CK_ULONG room = out->count + 1;
    if (answer != CKR_OK)
        return answer;
    if (out->count > SLOTS_MAX)
        return CKR_DEVICE_MEMORY;
    free(GIVE(&out->slots));
    out->slots = calloc(room, sizeof *out->slots);
    if (!out->slots)
        return CKR_HOST_MEMORY;
    out->count = room;
    answer = p11->cryptoki->C_GetSlotList(CK_TRUE, out->slots, &out->count);
    return answer == CKR_OK && out->count > room ? CKR_GENERAL_ERROR : answer;
}

/* Slots that have a token, initialised or not. */
static saf_status list_slots(slot_list *out, saf_p11 *p11, saf_error *err)
{
    enum { ATTEMPTS = 10 };
    CK_RV answer = CKR_BUFFER_TOO_SMALL;
    for (int i = 0; i < ATTEMPTS && answer == CKR_BUFFER_TOO_SMALL; i++)
        answer = ask_slots(out, p11);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "%s cannot list its tokens", p11->path);
}

static int compare_tokens(const void *a, const void *b)
{
    const saf_p11_token *left = a;
    const saf_p11_token *right = b;
    int order = strcmp(left->label, right->label);
    return order ? order : strcmp(left->serial, right->serial);
}

saf_status p11_list_tokens(saf_p11_token_list *out, saf_p11 *p11, saf_error *err)
{
    OWN(slot_list) slots = { 0 };
    OWN(saf_p11_token_list) list = { 0 };
    SAF_TRY(list_slots(&slots, p11, err));
    list.tokens = calloc(slots.count + 1, sizeof *list.tokens);
    if (!list.tokens)
        return saf_fail_memory(err);
    for (CK_ULONG i = 0; i < slots.count; i++) {
        CK_TOKEN_INFO info;
        /* One that was pulled out meanwhile, or that the module cannot read, is no reason to hide the others */
        if (p11->cryptoki->C_GetTokenInfo(slots.slots[i], &info) == CKR_OK && (info.flags & CKF_TOKEN_INITIALIZED))
            token_of_info(&list.tokens[list.count++], slots.slots[i], &info);
    }
    qsort(list.tokens, list.count, sizeof *list.tokens, compare_tokens);
    *out = list;
    list.tokens = NULL;
    return SAF_OK;
}

saf_status saf_p11_list_tokens(saf_p11_token_list *out, saf_p11 *p11, saf_error *err)
{
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, p11, err));
    return p11_list_tokens(out, p11, err);
}

/* ---- finding ---------------------------------------------------------------------------------------------- */

static bool fits(const char *wanted, const char *value)
{
    return !*wanted || !strcmp(wanted, value);
}

static bool token_matches(const saf_p11_token *token, const saf_p11_uri *uri)
{
    return fits(uri->token, token->label) && fits(uri->serial, token->serial) &&
           fits(uri->manufacturer, token->manufacturer) && fits(uri->model, token->model);
}

static saf_status refuse_missing(const saf_p11_uri *uri, saf_error *err)
{
    saf_p11_uri path = { 0 };
    memcpy(path.token, uri->token, sizeof path.token);
    memcpy(path.serial, uri->serial, sizeof path.serial);
    char text[SAF_P11_URI_MAX];
    SAF_TRY(saf_p11_uri_format(text, sizeof text, &path, err));
    bool by_label_alone = *uri->token && !*uri->serial && !*uri->manufacturer && !*uri->model;
    saf_status status = by_label_alone ? saf_fail(err, SAF_E_NOT_FOUND, "no token %s", uri->token)
                                       : saf_fail(err, SAF_E_NOT_FOUND, "no token matches %s", text);
    saf_hint(err, "`safring token list` shows the tokens");
    return status;
}

static saf_status refuse_several(const saf_p11_token_list *list, const saf_p11_uri *uri, saf_error *err)
{
    OWN(saf_buffer) names = { 0 };
    for (size_t i = 0; i < list->count; i++)
        if (token_matches(&list->tokens[i], uri))
            saf_buffer_printf(&names, "%s%s (serial %s)", names.len ? ", " : "", list->tokens[i].label,
                              list->tokens[i].serial);
    SAF_TRY(saf_buffer_check(&names, err));
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "several tokens match: %s", saf_buffer_text(&names));
    saf_hint(err, "name one with serial= in its URI");
    return status;
}

static saf_status choose_token(saf_p11_token *out, const saf_p11_token_list *list, const saf_p11_uri *uri, saf_error *err)
{
    const saf_p11_token *found = NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (!token_matches(&list->tokens[i], uri))
            continue;
        if (found)
            return refuse_several(list, uri, err);
        found = &list->tokens[i];
    }
    if (!found)
        return refuse_missing(uri, err);
    *out = *found;
    return SAF_OK;
}

saf_status p11_find_token(saf_p11_token *out, saf_p11 *p11, const saf_p11_uri *uri, saf_error *err)
{
    OWN(saf_p11_token_list) list = { 0 };
    SAF_TRY(p11_list_tokens(&list, p11, err));
    return choose_token(out, &list, uri, err);
}

saf_status saf_p11_find_token(saf_p11_token *out, saf_p11 *p11, const saf_p11_uri *uri, saf_error *err)
{
    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, p11, err));
    return p11_find_token(out, p11, uri, err);
}

/* ---- making ----------------------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '#' || c == '$' || c == '@';
}

saf_status saf_p11_token_name_check(const char *name, saf_error *err)
{
    size_t len = strlen(name);
    bool good = len >= 1 && len <= SAF_P11_LABEL_MAX && is_letter(*name);
    for (size_t i = 1; good && i < len; i++)
        good = is_letter(name[i]) || (name[i] >= '0' && name[i] <= '9') || name[i] == '.';
    if (good)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_USAGE, "\"%s\" is not a token name", name);
    saf_hint(err, "1-32 characters: a letter or # $ @, then letters, digits, # $ @ and .");
    return status;
}

saf_status p11_check_pin(const saf_secret *pin, const char *what, saf_error *err)
{
    if (pin->len < PIN_MIN || pin->len > PIN_MAX)
        return saf_fail(err, SAF_E_USAGE, "the %s must have %d to %d bytes", what, PIN_MIN, PIN_MAX);
    return SAF_OK;
}

static saf_status find_free_slot(CK_SLOT_ID *out, saf_p11 *p11, saf_error *err)
{
    OWN(slot_list) slots = { 0 };
    SAF_TRY(list_slots(&slots, p11, err));
    for (CK_ULONG i = 0; i < slots.count; i++) {
        CK_TOKEN_INFO info;
        if (p11->cryptoki->C_GetTokenInfo(slots.slots[i], &info) == CKR_OK && !(info.flags & CKF_TOKEN_INITIALIZED)) {
            *out = slots.slots[i];
            return SAF_OK;
        }
    }
    return saf_fail(err, SAF_E_NOT_FOUND, "%s has no free slot for a new token", p11->path);
}

static saf_status make_token(saf_p11 *p11, const char *name, const saf_secret *so_pin, saf_error *err)
{
    CK_SLOT_ID slot = 0;
    SAF_TRY(find_free_slot(&slot, p11, err));
    unsigned char label[SAF_P11_LABEL_MAX];
    memset(label, ' ', sizeof label);
    memcpy(label, name, strlen(name));
    CK_RV answer = p11->cryptoki->C_InitToken(slot, so_pin->data, so_pin->len, label);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "cannot make token %s", name);
}

static saf_status set_pin_as_officer(saf_p11 *p11, CK_SESSION_HANDLE session, const saf_p11_token *token,
                                     const saf_secret *so_pin, const saf_secret *pin, saf_error *err)
{
    CK_RV answer = p11->cryptoki->C_Login(session, CKU_SO, so_pin->data, so_pin->len);
    if (answer == CKR_PIN_INCORRECT)
        return saf_fail(err, SAF_E_DENIED, "wrong SO PIN for token %s", token->label);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot log in to token %s as its security officer", token->label);
    answer = p11->cryptoki->C_InitPIN(session, pin->data, pin->len);
    p11->cryptoki->C_Logout(session);
    return answer == CKR_OK ? SAF_OK : p11_fail(err, answer, "cannot set the PIN of token %s", token->label);
}

static saf_status set_pin(saf_p11 *p11, const saf_p11_token *token, const saf_secret *so_pin, const saf_secret *pin,
                          saf_error *err)
{
    CK_SESSION_HANDLE session;
    CK_RV answer =
        p11->cryptoki->C_OpenSession(token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
    if (answer != CKR_OK)
        return p11_fail(err, answer, "cannot open token %s", token->label);
    saf_status status = set_pin_as_officer(p11, session, token, so_pin, pin, err);
    p11->cryptoki->C_CloseSession(session);
    return status;
}

/* A run that ended between C_InitToken and C_InitPIN left a token without a PIN: this one completes it, or, when it ended within C_InitToken, makes it
 * anew. */
static saf_status make_unless_begun(saf_p11_token *token, saf_p11 *p11, const saf_p11_uri *uri, const saf_secret *so_pin,
                                    saf_error *err)
{
    saf_status status = p11_find_token(token, p11, uri, err);
    if (status == SAF_E_CONFLICT || (status == SAF_OK && token->user_pin_set))
        return saf_fail(err, SAF_E_EXISTS, "token %s exists already", uri->token);
    if (status != SAF_E_NOT_FOUND)
        return status;
    SAF_TRY(token_begun_note(p11->token_directory, uri->token, err));
    SAF_TRY(make_token(p11, uri->token, so_pin, err));
    return p11_find_token(token, p11, uri, err);
}

static saf_status make_whole(saf_p11_token *token, saf_p11 *p11, const saf_p11_uri *uri, const saf_secret *so_pin, const saf_secret *pin,
                             saf_error *err)
{
    SAF_TRY(make_unless_begun(token, p11, uri, so_pin, err));
    return set_pin(p11, token, so_pin, pin, err);
}

saf_status saf_p11_init_token(saf_p11_token *out, saf_p11 *p11, const char *name, const saf_secret *so_pin,
                              const saf_secret *pin, saf_error *err)
{
    SAF_TRY(saf_p11_token_name_check(name, err));
    SAF_TRY(p11_check_pin(so_pin, "SO PIN", err));
    SAF_TRY(p11_check_pin(pin, "PIN", err));
    saf_p11_uri uri = { 0 };
    memcpy(uri.token, name, strlen(name));

    OWN(p11_guard) guard = { 0 };
    SAF_TRY(p11_guard_take(&guard, p11, err));
    SAF_TRY(p11_reread(p11, err)); /* another process may have made it since */
    saf_p11_token token = { 0 };
    saf_status status = make_whole(&token, p11, &uri, so_pin, pin, err);
    if (status == SAF_E_DENIED && token_begun_remove(p11->token_directory, name, token.serial)) {
        SAF_TRY(p11_reread(p11, err));
        status = make_whole(&token, p11, &uri, so_pin, pin, err);
    }
    SAF_TRY(status);
    token_copy_keep(p11->token_directory, token.serial);
    token_begun_forget(p11->token_directory);
    return p11_find_token(out, p11, &uri, err);
}
