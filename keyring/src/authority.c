#include "store.h"

#include <base/fail.h>
#include <keyring/ask.h>

const char *saf_function_name(saf_function function)
{
    static const char *const names[] = {
        [SAF_FN_STORE_READ] = "store-read",       [SAF_FN_STORE_ADMIN] = "store-admin",
        [SAF_FN_CERT_LIST] = "cert-list",         [SAF_FN_CERT_ADD] = "cert-add",
        [SAF_FN_CERT_ALTER] = "cert-alter",       [SAF_FN_CERT_DELETE] = "cert-delete",
        [SAF_FN_CERT_REQUEST] = "cert-request",   [SAF_FN_CERT_REKEY] = "cert-rekey",
        [SAF_FN_CERT_ROLLOVER] = "cert-rollover", [SAF_FN_CERT_REVOKE] = "cert-revoke",
        [SAF_FN_CERT_SIGN] = "cert-sign",         [SAF_FN_CERT_KEY] = "cert-key",
        [SAF_FN_RING_LIST] = "ring-list",         [SAF_FN_RING_KEY] = "ring-key",
        [SAF_FN_RING_CREATE] = "ring-create",     [SAF_FN_RING_DELETE] = "ring-delete",
        [SAF_FN_RING_CONNECT] = "ring-connect",   [SAF_FN_RING_REMOVE] = "ring-remove",
        [SAF_FN_RING_PUBLISH] = "ring-publish",   [SAF_FN_POLICY_LIST] = "policy-list",
        [SAF_FN_POLICY_CHANGE] = "policy-change", [SAF_FN_TOKEN_SIGN] = "token-sign",
        [SAF_FN_TOKEN_VERIFY] = "token-verify",
    };
    size_t index = (size_t)function;
    return index < sizeof names / sizeof *names && names[index] ? names[index] : "unknown";
}

static saf_status deny(const char *user, const saf_question *question, saf_error *err)
{
    const char *object = *question->owner ? question->owner : "the store";
    const char *slash = *question->name ? "/" : "";
    saf_status status = saf_fail(err, SAF_E_DENIED, "%s has no authority for %s on %s%s%s",
                                 user ? user : "this program", saf_function_name(question->function), object, slash,
                                 question->name);
    saf_fail_codes(err, 8, 8, 8);
    return status;
}

saf_status saf_store_ask(saf_store *store, const saf_principal *who, saf_function function, const char *owner,
                         const char *name, saf_error *err)
{
    if (!store)
        return saf_fail(err, SAF_E_USAGE, "no store is open");
    if (!store->authority)
        return SAF_OK;
    char user[SAF_OWNER_MAX + 1];
    saf_principal folded = { .user = NULL };
    if (who && who->user) {
        SAF_TRY(saf_owner_fold(user, who->user, err));
        folded.user = user;
    }
    saf_question question = { .function = function, .owner = owner, .name = name };
    /* No decision is no permission, as for RACDCERT's functions on z/OS. */
    if (store->authority(store->authority_context, &folded, &question) != SAF_ALLOW)
        return deny(folded.user, &question, err);
    return SAF_OK;
}
