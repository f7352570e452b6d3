#include "bundle.h"

#include <base/fail.h>

#include <openssl/err.h>
#include <openssl/pkcs12err.h>

enum { DEPTH_MAX = 4 /* safe contents within safe contents; nobody writes even one */ };

/* What stays the same during the walk. */
typedef struct p12_walk {
    bundle_items *items;
    const char *password; /* NULL and "" differ in PKCS#12 (RFC 7292 appendix B) */
    int password_len;
    const saf_secret *secret;
    const char *what;
    const X509_ALGOR *seal; /* of the safe that is open; NULL: it is not encrypted */
} p12_walk;

/* ---- the MAC ---------------------------------------------------------------------------------------------- */

/* RFC 9579: PBMAC1 has a count of its own, and the other one does not count. */
static saf_status pay_mac(const p12_walk *walk, const PKCS12 *p12, saf_error *err)
{
    const X509_ALGOR *algorithm = NULL;
    const ASN1_INTEGER *rounds = NULL;
    PKCS12_get0_mac(NULL, &algorithm, NULL, &rounds, p12);
    walk->items->p12.mac = p12_mac_name(algorithm);
    if (OBJ_obj2nid(algorithm->algorithm) == NID_pbmac1)
        return bundle_pay(walk->items, algorithm, walk->what, err);
    if (rounds)
        return bundle_pay_rounds(walk->items, rounds, walk->what, err);
    p12_note_rounds(&walk->items->p12, 1); /* RFC 7292 4: absent, it is 1 */
    return SAF_OK;
}

/* A later OpenSSL computes it; an earlier one would only say that it does not know the digest. */
static saf_status check_pbmac1(const p12_walk *walk, saf_error *err)
{
    if (strcmp(walk->items->p12.mac, "pbmac1") != 0 || OpenSSL_version_num() >= 0x30400000L)
        return SAF_OK;
    saf_status status = saf_fail(err, SAF_E_UNSUPPORTED, "%s is protected with PBMAC1 (RFC 9579), which OpenSSL computes since 3.4, "
                                 "and this is %s", walk->what, OpenSSL_version(OPENSSL_VERSION_STRING));
    saf_hint(err, "where it was made, export it without PBMAC1 (openssl pkcs12 -export without -pbmac1_pbkdf2), or as PEM");
    return status;
}

static saf_status try_password(int *fits, p12_walk *walk, PKCS12 *p12, const char *password, int len, saf_error *err)
{
    SAF_TRY(pay_mac(walk, p12, err));
    SAF_TRY(check_pbmac1(walk, err));
    walk->password = password;
    walk->password_len = len;
    ERR_clear_error(); /* find_password() asks the queue why it does not fit */
    *fits = PKCS12_verify_mac(p12, password, len);
    return SAF_OK;
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
    int fits = 0;
    SAF_TRY(try_password(&fits, walk, p12, text, len, err));
    if (!fits && !has_password)
        SAF_TRY(try_password(&fits, walk, p12, "", 0, err));
    if (fits)
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
    p12_note_cipher(&walk->items->p12, &walk->items->p12.cert_cipher, walk->seal);
    return bundle_take(walk->items, &item, walk->what, err);
}

static saf_status take_key(p12_walk *walk, PKCS12_SAFEBAG *bag, const PKCS8_PRIV_KEY_INFO *info, const X509_ALGOR *seal,
                           saf_error *err)
{
    bundle_item item = { .key = EVP_PKCS82PKEY(info) };
    if (!item.key) {
        ERR_clear_error();
        return saf_fail(err, SAF_E_UNSUPPORTED, "a private key in %s is of a kind that OpenSSL does not know",
                        walk->what);
    }
    read_attributes(&item, bag);
    p12_note_cipher(&walk->items->p12, &walk->items->p12.key_cipher, seal);
    return bundle_take(walk->items, &item, walk->what, err);
}

static saf_status read_sealed_key_bag(p12_walk *walk, PKCS12_SAFEBAG *bag, saf_error *err)
{
    const X509_ALGOR *algorithm = NULL;
    X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
    SAF_TRY(bundle_pay(walk->items, algorithm, walk->what, err));
    OWN(PKCS8_PRIV_KEY_INFO) *info = PKCS12_decrypt_skey(bag, walk->password, walk->password_len);
    return info ? take_key(walk, bag, info, algorithm, err) : bundle_refuse_sealed(algorithm, walk->secret, walk->what, err);
}

static saf_status read_bags(p12_walk *walk, const STACK_OF(PKCS12_SAFEBAG) *bags, int depth, saf_error *err);

/* Secrets and revocation lists are passed over. */
static saf_status read_bag(p12_walk *walk, PKCS12_SAFEBAG *bag, int depth, saf_error *err)
{
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_certBag:
        return read_cert_bag(walk, bag, err);
    case NID_keyBag:
        return take_key(walk, bag, PKCS12_SAFEBAG_get0_p8inf(bag), walk->seal, err);
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

static saf_status refuse_damaged(const char *what, saf_error *err)
{
    ERR_clear_error();
    return saf_fail(err, SAF_E_MALFORMED, "%s is a damaged PKCS#12", what);
}

static saf_status unseal(STACK_OF(PKCS12_SAFEBAG) **bags, p12_walk *walk, PKCS7 *safe, saf_error *err)
{
    if (!safe->d.encrypted) /* RFC 2315 7: the content is optional */
        return refuse_damaged(walk->what, err);
    walk->seal = safe->d.encrypted->enc_data->algorithm;
    SAF_TRY(bundle_pay(walk->items, walk->seal, walk->what, err));
    *bags = PKCS12_unpack_p7encdata(safe, walk->password, walk->password_len);
    return *bags ? SAF_OK : bundle_refuse_sealed(walk->seal, walk->secret, walk->what, err);
}

static saf_status read_safe(p12_walk *walk, PKCS7 *safe, saf_error *err)
{
    __attribute__((cleanup(own_pop_bags))) STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    walk->seal = NULL;
    if (PKCS7_type_is_encrypted(safe))
        SAF_TRY(unseal(&bags, walk, safe, err));
    else if (PKCS7_type_is_data(safe))
        bags = PKCS12_unpack_p7data(safe);
    else
        return saf_fail(err, SAF_E_UNSUPPORTED, "%s is encrypted for a public key", walk->what);
    return bags ? read_bags(walk, bags, 0, err) : refuse_damaged(walk->what, err);
}

saf_status bundle_read_pkcs12(bundle_items *out, PKCS12 *p12, const saf_secret *password, const char *what,
                              saf_error *err)
{
    p12_walk walk = { .items = out, .secret = password, .what = what };
    if (!out->format)
        out->format = "pkcs12";
    SAF_TRY(find_password(&walk, p12, err));
    ERR_clear_error();
    __attribute__((cleanup(own_pop_safes))) STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p12);
    if (!safes)
        return refuse_damaged(what, err);
    for (int i = 0; i < sk_PKCS7_num(safes); i++)
        SAF_TRY(read_safe(&walk, sk_PKCS7_value(safes, i), err));
    return SAF_OK;
}
