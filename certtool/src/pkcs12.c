#include "pkcs12.h"

#include "p12-profile.h"

#include <base/fail.h>

#include <openssl/err.h>
#include <openssl/sha.h>

enum {
    SALT_LEN = 16, /* SP 800-132 5.1 */
    PASSWORD_MAX = 1024,
};

/* Oracle's trustedKeyUsage: a certificate without it is no entry of a Java key store. */
static const char TRUSTED_KEY_USAGE[] = "2.16.840.1.113894.746875.1.1";

static void free_bags(STACK_OF(PKCS12_SAFEBAG) *bags)
{
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

void p12_free(p12_builder *builder)
{
    free_bags(builder->certs);
    free_bags(builder->keys);
    *builder = (p12_builder) { 0 };
}

/* Java's PBES2 takes no other passwords ("Password is not ASCII"), so it could never open what we write. */
static int is_printable_ascii(const saf_secret *password)
{
    for (size_t i = 0; i < password->len; i++)
        if (password->data[i] < 0x20 || password->data[i] > 0x7E)
            return 0;
    return 1;
}

saf_status p12_check_password(const saf_secret *password, saf_error *err)
{
    if (!password || !password->len)
        return saf_fail(err, SAF_E_USAGE, "a PKCS#12 needs a password");
    if (password->len > PASSWORD_MAX)
        return saf_fail(err, SAF_E_USAGE, "the password of a PKCS#12 has at most %d bytes", PASSWORD_MAX);
    if (!is_printable_ascii(password))
        return saf_fail(err, SAF_E_USAGE, "the password of a PKCS#12 has other characters than printable ASCII, and "
                        "Java could not use it");
    return SAF_OK;
}

static void own_bag(PKCS12_SAFEBAG **bag)
{
    PKCS12_SAFEBAG_free(*bag);
}

#define OWN_BAG __attribute__((cleanup(own_bag))) PKCS12_SAFEBAG

static int push(STACK_OF(PKCS12_SAFEBAG) **bags, PKCS12_SAFEBAG **bag)
{
    if (!*bags)
        *bags = sk_PKCS12_SAFEBAG_new_null();
    if (!*bags || !sk_PKCS12_SAFEBAG_push(*bags, *bag))
        return 0;
    *bag = NULL;
    return 1;
}

/* ---- aliases ---------------------------------------------------------------------------------------------- */

static int is_taken(const p12_builder *builder, const char *alias)
{
    int taken = 0;
    for (int i = 0; !taken && i < sk_PKCS12_SAFEBAG_num(builder->certs); i++) {
        char *other = PKCS12_get_friendlyname(sk_PKCS12_SAFEBAG_value(builder->certs, i));
        taken = other && !strcasecmp(other, alias);
        OPENSSL_free(other);
    }
    return taken;
}

/* Java folds aliases to lower case, and of two equal ones keeps one entry. */
static char *unique_alias(const p12_builder *builder, const char *alias)
{
    char *unique = strdup(alias);
    for (unsigned number = 2; unique && is_taken(builder, unique); number++) {
        free(unique);
        if (asprintf(&unique, "%s-%u", alias, number) < 0)
            unique = NULL;
    }
    return unique;
}

/* ---- entries ---------------------------------------------------------------------------------------------- */

static int mark_trusted(PKCS12_SAFEBAG *bag)
{
    const ASN1_OBJECT *any = OBJ_nid2obj(NID_anyExtendedKeyUsage);
    return PKCS12_add1_attr_by_txt(bag, TRUSTED_KEY_USAGE, V_ASN1_OBJECT, (const unsigned char *)any, -1);
}

/* The localKeyID says which certificate is the key's; its value is free, and everybody takes this one. */
static int add_key_id(PKCS12_SAFEBAG *bag, const X509 *x509)
{
    unsigned char id[SHA_DIGEST_LENGTH];
    return X509_digest(x509, EVP_sha1(), id, NULL) && PKCS12_add_localkeyid(bag, id, sizeof id);
}

static saf_status add_cert_bag(p12_builder *builder, X509 *x509, const char *alias, int has_key, p12_role role,
                               saf_error *err)
{
    OWN_BAG *bag = PKCS12_SAFEBAG_create_cert(x509);
    if (!bag || !PKCS12_add_friendlyname_utf8(bag, alias, -1) || (has_key && !add_key_id(bag, x509)) ||
        (role == P12_TRUSTED && !mark_trusted(bag)) || !push(&builder->certs, &bag))
        return saf_fail_openssl(err, "cannot add the certificate \"%s\"", alias);
    return SAF_OK;
}

saf_status p12_add_cert(p12_builder *builder, X509 *x509, const char *alias, p12_role role, saf_error *err)
{
    OWN(own_text) unique = unique_alias(builder, alias);
    return unique ? add_cert_bag(builder, x509, unique, 0, role, err) : saf_fail_memory(err);
}

/* Given a cipher, OpenSSL makes it PBES2 with PBKDF2 and HMAC-SHA-256 (RFC 8018). */
static PKCS12_SAFEBAG *seal_key(EVP_PKEY *key, const p12_recipe *recipe, const saf_secret *password)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    PKCS12_SAFEBAG *bag = NULL;
    if (info)
        bag = PKCS12_SAFEBAG_create_pkcs8_encrypt(recipe->pbe_nid, (const char *)password->data, (int)password->len,
                                                  NULL, SALT_LEN, recipe->rounds, info);
    PKCS8_PRIV_KEY_INFO_free(info);
    return bag;
}

saf_status p12_add_key(p12_builder *builder, EVP_PKEY *key, X509 *x509, const char *alias, const saf_secret *password,
                       saf_error *err)
{
    SAF_TRY(p12_check_password(password, err));
    OWN(own_text) unique = unique_alias(builder, alias);
    if (!unique)
        return saf_fail_memory(err);
    OWN_BAG *bag = seal_key(key, p12_recipe_of(builder->profile), password);
    if (!bag || !PKCS12_add_friendlyname_utf8(bag, unique, -1) || !add_key_id(bag, x509) ||
        !push(&builder->keys, &bag))
        return saf_fail_openssl(err, "cannot add the private key \"%s\"", alias);
    return add_cert_bag(builder, x509, unique, 1, P12_CHAIN, err);
}

/* ---- the file --------------------------------------------------------------------------------------------- */

static void own_safe(PKCS7 **safe)
{
    PKCS7_free(*safe);
}

static void own_safes(STACK_OF(PKCS7) **safes)
{
    sk_PKCS7_pop_free(*safes, PKCS7_free);
}

static int add_safe(STACK_OF(PKCS7) *safes, PKCS7 *made)
{
    __attribute__((cleanup(own_safe))) PKCS7 *safe = made;
    if (!safe || !sk_PKCS7_push(safes, safe))
        return 0;
    safe = NULL;
    return 1;
}

static PKCS7 *pack_certs(const p12_builder *builder, const saf_secret *password)
{
    const p12_recipe *recipe = p12_recipe_of(builder->profile);
    if (!password)
        return PKCS12_pack_p7data(builder->certs);
    return PKCS12_pack_p7encdata(recipe->pbe_nid, (const char *)password->data, (int)password->len, NULL, SALT_LEN, recipe->rounds,
                                 builder->certs);
}

/* Certificates are encrypted as a whole; keys are each encrypted already. */
static PKCS12 *build(const p12_builder *builder, const saf_secret *password)
{
    __attribute__((cleanup(own_safes))) STACK_OF(PKCS7) *safes = sk_PKCS7_new_null();
    if (!safes)
        return NULL;
    if (builder->certs && !add_safe(safes, pack_certs(builder, password)))
        return NULL;
    if (builder->keys && !add_safe(safes, PKCS12_pack_p7data(builder->keys)))
        return NULL;
    return PKCS12_add_safes(safes, 0);
}

static int protect(PKCS12 *p12, const p12_recipe *recipe, const saf_secret *password)
{
    return !password || PKCS12_set_mac(p12, (const char *)password->data, (int)password->len, NULL, SALT_LEN, recipe->rounds,
                                       recipe->mac_md());
}

saf_status p12_finish(saf_blob *out, p12_builder *builder, const saf_secret *password, saf_error *err)
{
    unsigned char *der = NULL;
    if (password || builder->keys)
        SAF_TRY(p12_check_password(password, err));
    OWN(PKCS12) *p12 = build(builder, password);
    if (!p12 || !protect(p12, p12_recipe_of(builder->profile), password))
        return saf_fail_openssl(err, "cannot build the PKCS#12");
    int der_len = i2d_PKCS12(p12, &der);
    if (der_len < 0)
        return saf_fail_openssl(err, "cannot encode the PKCS#12");
    saf_status status = blob_copy(out, saf_bytes_of(der, (size_t)der_len), err);
    OPENSSL_clear_free(der, (size_t)der_len);
    return status;
}

saf_status p12_to_text(saf_blob *p12, saf_error *err)
{
    enum { IN = 48, OUT = 65 }; /* bytes of a line, characters of it with its end */
    size_t lines = (p12->len + IN - 1) / IN;
    OWN(saf_blob) text = { malloc(lines * OUT + 1), 0 };
    if (!text.data)
        return saf_fail_memory(err);
    for (size_t at = 0; at < p12->len; at += IN) {
        size_t len = p12->len - at < IN ? p12->len - at : IN;
        text.len += (size_t)EVP_EncodeBlock(text.data + text.len, p12->data + at, (int)len);
        text.data[text.len++] = '\n';
    }
    saf_blob_free(p12);
    *p12 = text;
    text = (saf_blob) { 0 };
    return SAF_OK;
}
