#include "bundle.h"

#include <base/buffer.h>
#include <base/fail.h>

#include <openssl/err.h>

static int same_alias(const bundle_item *item, const char *alias, int fold)
{
    return item->alias && !(fold ? strcasecmp : strcmp)(item->alias, alias);
}

/* Java writes and compares aliases in lower case, others do not: exactly, else in any case. */
static const bundle_item *find_alias(const bundle_items *items, const char *alias, int want_key)
{
    for (int fold = 0; fold < 2; fold++)
        for (size_t i = 0; i < items->count; i++)
            if (!!items->at[i].key == want_key && same_alias(&items->at[i], alias, fold))
                return &items->at[i];
    return NULL;
}

static void list_aliases(saf_buffer *out, const bundle_items *items, int want_key)
{
    for (size_t i = 0; i < items->count; i++)
        if (!!items->at[i].key == want_key)
            saf_buffer_printf(out, "%s%s", out->len ? ", " : "", items->at[i].alias ? items->at[i].alias : "(no name)");
}

static size_t count_keys(const bundle_items *items)
{
    return items->count - items->certs;
}

static const bundle_item *first_key(const bundle_items *items)
{
    for (size_t i = 0; i < items->count; i++)
        if (items->at[i].key)
            return &items->at[i];
    return NULL;
}

/* By names and key identifiers: which of a stranger's certificates he means is his to say, so no signature is verified for it. */
static int issued_another(const bundle_items *items, X509 *issuer)
{
    int issued = 0;
    for (size_t i = 0; !issued && i < items->count; i++) {
        X509 *x509 = items->at[i].cert;
        issued = x509 && X509_cmp(x509, issuer) != 0 && X509_check_issued(issuer, x509) == X509_V_OK;
    }
    ERR_clear_error();
    return issued;
}

/* Of a file without keys: an end entity's before CAs', in whatever order they come. */
static const bundle_item *first_cert(const bundle_items *items)
{
    const bundle_item *first = NULL;
    for (size_t i = 0; i < items->count; i++) {
        const bundle_item *item = &items->at[i];
        if (!item->cert)
            continue;
        if (!issued_another(items, item->cert))
            return item;
        if (!first)
            first = item;
    }
    return first;
}

/* The entry that is meant: a key, or in a file without keys a certificate. */
static saf_status choose_entry(const bundle_item **out, const bundle_items *items, const char *alias, const char *what,
                               saf_error *err)
{
    int want_key = count_keys(items) > 0;
    OWN(saf_buffer) list = { 0 };
    list_aliases(&list, items, want_key);
    *out = alias ? find_alias(items, alias, want_key) : want_key ? first_key(items) : first_cert(items);
    if (!*out)
        return saf_fail(err, SAF_E_NOT_FOUND, "%s has no entry \"%s\", only: %s", what, alias, saf_buffer_text(&list));
    if (alias || count_keys(items) < 2)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_CONFLICT, "%s holds several private keys: %s", what,
                                 saf_buffer_text(&list));
    saf_hint(err, "name the one that is meant by its alias");
    return status;
}

/* Several certificates may have the key (renewed, cross-signed): PKCS#12 says by localKeyID which one goes with it. */
static const bundle_item *cert_of_key(const bundle_items *items, const bundle_item *key)
{
    const bundle_item *found = NULL;
    for (size_t i = 0; i < items->count; i++) {
        const bundle_item *item = &items->at[i];
        if (!item->cert || !der_same_public_key(X509_get0_pubkey(item->cert), key->key))
            continue;
        if (key->id && item->id && !ASN1_OCTET_STRING_cmp(key->id, item->id))
            return item;
        if (!found)
            found = item;
    }
    return found;
}

saf_status bundle_choose(bundle_choice *out, const bundle_items *items, const char *alias, const char *what, saf_error *err)
{
    const bundle_item *entry = NULL;
    if (!items->certs)
        return saf_fail(err, SAF_E_MALFORMED, "%s holds no certificate", what);
    SAF_TRY(choose_entry(&entry, items, alias, what, err));
    *out = entry->key ? (bundle_choice) { cert_of_key(items, entry), entry } : (bundle_choice) { entry, NULL };
    if (!out->cert)
        return saf_fail(err, SAF_E_MALFORMED, "%s holds a private key but not its certificate", what);
    return SAF_OK;
}
