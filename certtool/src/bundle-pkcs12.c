#include "bundle.h"

#include <base/fail.h>

#include <openssl/err.h>
#include <openssl/pkcs12err.h>

enum {
    DEPTH_MAX = 4,            /* safe contents within safe contents; nobody writes even one */
    MAC_ROUNDS_MAX = 5000000, /* a few seconds; more is an attack on our time */
};

/* What stays the same during the walk. */
typedef struct p12_walk {
    bundle_items *items;
    const char *password; /* NULL and "" differ in PKCS#12 (RFC 7292 appendix B) */
    int password_len;
    const saf_secret *secret;
    const char *what;
} p12_walk;

static saf_status refuse_algorithm(const char *what, saf_error *err)
{
    ERR_clear_error();
    saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "%s is encrypted with an algorithm that OpenSSL offers only "
                                 "through its legacy provider (RC2-40, say)", what);
    saf_hint(err, "write it anew: openssl pkcs12 -legacy -in OLD -nodes | openssl pkcs12 -export -out NEW, or "
             "keytool -importkeystore with a recent Java");
    return status;
}

/* OpenSSL reports what it has no implementation of with this reason, somewhere in its queue. */
static int is_unsupported(void)
{
    int found = 0;
    for (unsigned long code; (code = ERR_get_error());)
        found |= ERR_GET_REASON(code) == ERR_R_UNSUPPORTED;
    return found;
}

static saf_status refuse_content(const p12_walk *walk, saf_error *err)
{
    return is_unsupported() ? refuse_algorithm(walk->what, err) : bundle_refuse_key(walk->secret, walk->what, err);
}

/* ---- the MAC ---------------------------------------------------------------------------------------------- */

static saf_status check_rounds(const PKCS12 *p12, const char *what, saf_error *err)
{
    const ASN1_INTEGER *rounds = NULL;
    PKCS12_get0_mac(NULL, NULL, NULL, &rounds, p12);
    int64_t count = 1; /* RFC 7292 4: the default */
    if (rounds && (!ASN1_INTEGER_get_int64(&count, rounds) || count < 1 || count > MAC_ROUNDS_MAX)) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_MALFORMED, "the MAC of %s asks for more than %d rounds", what, MAC_ROUNDS_MAX);
    }
    return SAF_OK;
}

static int verifies(p12_walk *walk, PKCS12 *p12, const char *password, int len)
{
    walk->password = password;
    walk->password_len = len;
    return PKCS12_verify_mac(p12, password, len);
}

/* Some writers take "no password" for the empty string, some for no string at all; both are tried. */
static saf_status find_password(p12_walk *walk, PKCS12 *p12, saf_error *err)
{
    int has_password = walk->secret && walk->secret->len;
    const char *text = has_password ? (const char *)walk->secret->data : NULL;
    int len = has_password ? (int)walk->secret->len : 0;
    walk->password = text;
    walk->password_len = len;
    if (!PKCS12_mac_present(p12))
        return SAF_OK;
    SAF_TRY(check_rounds(p12, walk->what, err));
    if (verifies(walk, p12, text, len) || (!has_password && verifies(walk, p12, "", 0)))
        return SAF_OK;
    if (ERR_GET_REASON(ERR_peek_last_error()) == PKCS12_R_MAC_VERIFY_FAILURE || !ERR_peek_error())
        return bundle_refuse_key(walk->secret, walk->what, err);
    ERR_clear_error();
    return saf_fail(err, SAF_E_UNSUPPORTED, "the MAC of %s is of a kind that OpenSSL does not know", walk->what);
}

/* ---- the bags --------------------------------------------------------------------------------------------- */

static void read_attributes(bundle_item *item, PKCS12_SAFEBAG *bag)
{
    const ASN1_TYPE *id = PKCS12_SAFEBAG_get0_attr(bag, NID_localKeyID);
    item->alias = PKCS12_get_friendlyname(bag);
    if (id && id->type == V_ASN1_OCTET_STRING)
        item->id = ASN1_OCTET_STRING_dup(id->value.octet_string);
}

static saf_status read_cert_bag(p12_walk *walk, PKCS12_SAFEBAG *bag, saf_error *err)
{
    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
        return SAF_OK;
    bundle_item item = { .cert = PKCS12_SAFEBAG_get1_cert(bag) };
    if (!item.cert) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_MALFORMED, "a certificate in %s cannot be read", walk->what);
    }
    read_attributes(&item, bag);
    return bundle_take(walk->items, &item, walk->what, err);
}

static saf_status take_key(p12_walk *walk, PKCS12_SAFEBAG *bag, const PKCS8_PRIV_KEY_INFO *info, saf_error *err)
{
    bundle_item item = { .key = EVP_PKCS82PKEY(info) };
    if (!item.key) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_UNSUPPORTED, "a private key in %s is of a kind that OpenSSL does not know",
                        walk->what);
    }
    read_attributes(&item, bag);
    return bundle_take(walk->items, &item, walk->what, err);
}

static saf_status read_sealed_key_bag(p12_walk *walk, PKCS12_SAFEBAG *bag, saf_error *err)
{
    OWN(PKCS8_PRIV_KEY_INFO) *info = PKCS12_decrypt_skey(bag, walk->password, walk->password_len);
    return info ? take_key(walk, bag, info, err) : refuse_content(walk, err);
}

static saf_status read_bags(p12_walk *walk, const STACK_OF(PKCS12_SAFEBAG) *bags, int depth, saf_error *err);

/* Secrets and revocation lists are passed over. */
static saf_status read_bag(p12_walk *walk, PKCS12_SAFEBAG *bag, int depth, saf_error *err)
{
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_certBag:
        return read_cert_bag(walk, bag, err);
    case NID_keyBag:
        return take_key(walk, bag, PKCS12_SAFEBAG_get0_p8inf(bag), err);
    case NID_pkcs8ShroudedKeyBag:
        return read_sealed_key_bag(walk, bag, err);
    case NID_safeContentsBag:
        return read_bags(walk, PKCS12_SAFEBAG_get0_safes(bag), depth + 1, err);
    default:
        return SAF_OK;
    }
}

static saf_status read_bags(p12_walk *walk, const STACK_OF(PKCS12_SAFEBAG) *bags, int depth, saf_error *err)
{
    if (depth > DEPTH_MAX)
        return saf_fail(err, SAF_E_MALFORMED, "%s is nested too deep", walk->what);
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++)
        SAF_TRY(read_bag(walk, sk_PKCS12_SAFEBAG_value(bags, i), depth, err));
    return SAF_OK;
}

/* ---- the safes -------------------------------------------------------------------------------------------- */

static void own_pop_bags(STACK_OF(PKCS12_SAFEBAG) **bags)
{
    sk_PKCS12_SAFEBAG_pop_free(*bags, PKCS12_SAFEBAG_free);
}

static void own_pop_safes(STACK_OF(PKCS7) **safes)
{
    sk_PKCS7_pop_free(*safes, PKCS7_free);
}

static saf_status read_safe(p12_walk *walk, PKCS7 *safe, saf_error *err)
{
    __attribute__((cleanup(own_pop_bags))) STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    int is_encrypted = PKCS7_type_is_encrypted(safe);
    if (is_encrypted)
        bags = PKCS12_unpack_p7encdata(safe, walk->password, walk->password_len);
    else if (PKCS7_type_is_data(safe))
        bags = PKCS12_unpack_p7data(safe);
    else
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s is encrypted for a public key", walk->what);
    if (!bags && is_encrypted)
        return refuse_content(walk, err);
    if (!bags) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_MALFORMED, "%s is a damaged PKCS#12", walk->what);
    }
    return read_bags(walk, bags, 0, err);
}

saf_status bundle_read_pkcs12(bundle_items *out, PKCS12 *p12, const saf_secret *password, const char *what,
                              saf_error *err)
{
    p12_walk walk = { .items = out, .secret = password, .what = what };
    SAF_TRY(find_password(&walk, p12, err));
    ERR_clear_error();
    __attribute__((cleanup(own_pop_safes))) STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p12);
    if (!safes) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_MALFORMED, "%s is a damaged PKCS#12", what);
    }
    for (int i = 0; i < sk_PKCS7_num(safes); i++)
        SAF_TRY(read_safe(&walk, sk_PKCS7_value(safes, i), err));
    return SAF_OK;
}
