/** @file What a PKCS#12 file holds, as one line of text that a test can compare. */
#ifndef SUPPORT_P12_H
#define SUPPORT_P12_H

#include <support/cert-world.h>

#include <base/buffer.h>

/** Append "cert:ALIAS", "key:ALIAS" for a bag, "+id" when it has a localKeyID, "+trusted" for Oracle's attribute. */
static inline void p12_describe_bag(saf_buffer *out, const PKCS12_SAFEBAG *bag)
{
    OWN(ASN1_OBJECT) *trusted = OBJ_txt2obj("2.16.840.1.113894.746875.1.1", 1);
    char *alias = PKCS12_get_friendlyname((PKCS12_SAFEBAG *)bag);
    int nid = PKCS12_SAFEBAG_get_nid(bag);
    const STACK_OF(X509_ATTRIBUTE) *attributes = PKCS12_SAFEBAG_get0_attrs(bag);
    saf_buffer_printf(out, "%s%s:%s", out->len ? " " : "", nid == NID_certBag ? "cert" : "key", alias ? alias : "-");
    if (PKCS12_SAFEBAG_get0_attr(bag, NID_localKeyID))
        saf_buffer_append_text(out, "+id");
    int at = X509at_get_attr_by_OBJ(attributes, trusted, -1);
    if (at >= 0) {
        const ASN1_OBJECT *use = X509_ATTRIBUTE_get0_data(X509at_get_attr(attributes, at), 0, V_ASN1_OBJECT, NULL);
        assert_int_equal(OBJ_obj2nid(use), NID_anyExtendedKeyUsage);
        saf_buffer_append_text(out, "+trusted");
    }
    OPENSSL_free(alias);
}

static inline void p12_describe_safe(saf_buffer *out, PKCS7 *safe, const char *password)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = PKCS7_type_is_encrypted(safe) ? PKCS12_unpack_p7encdata(safe, password, -1)
                                                                   : PKCS12_unpack_p7data(safe);
    assert_non_null(bags);
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++)
        p12_describe_bag(out, sk_PKCS12_SAFEBAG_value(bags, i));
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

static inline PKCS12 *p12_of(const saf_blob *blob)
{
    const unsigned char *at = blob->data;
    PKCS12 *p12 = d2i_PKCS12(NULL, &at, (long)blob->len);
    assert_non_null(p12);
    return p12;
}

static inline void p12_assert_holds(const saf_blob *blob, const char *password, const char *expected)
{
    OWN(PKCS12) *p12 = p12_of(blob);
    OWN(saf_buffer) found = { 0 };
    assert_int_equal(PKCS12_verify_mac(p12, password, -1), 1);
    STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p12);
    for (int i = 0; i < sk_PKCS7_num(safes); i++)
        p12_describe_safe(&found, sk_PKCS7_value(safes, i), password);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    assert_string_equal(saf_buffer_text(&found), expected);
}

#endif
