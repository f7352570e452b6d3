/*
 * PKCS#7 as a collection of certificates: SignedData whose content and signers are of no interest (RFC 2315 9.1; RFC 5652 5.1). It is
 * walked by hand, so that certificates are counted before they are allocated, and may be BER of any form (Windows and Java write lengths
 * that are indefinite).
 */
#include "bundle.h"

#include <base/fail.h>

#include <openssl/err.h>

enum { NESTED_MAX = 32 };

/* What is left to read. */
typedef struct ber {
    const unsigned char *at, *end;
} ber;

/* One tag and length, read. */
typedef struct ber_element {
    int tag, tag_class;
    int is_indefinite;
    ber content; /* to the end of what encloses it when that is indefinite */
} ber_element;

/* 0: that is not BER, or the end. */
static int ber_peek(ber_element *out, const ber *from)
{
    enum { DAMAGED = 0x80, INDEFINITE = 1 };
    const unsigned char *at = from->at;
    long len = 0;
    int form = at < from->end ? ASN1_get_object(&at, &len, &out->tag, &out->tag_class, from->end - at) : DAMAGED;
    ERR_clear_error();
    if (form & DAMAGED)
        return 0;
    out->is_indefinite = form & INDEFINITE;
    out->content = (ber) { at, out->is_indefinite ? from->end : at + len };
    return 1;
}

/* X.690 8.1.5: two zero bytes end what is indefinite. */
static int ber_is_end(const ber *from)
{
    return from->at == from->end || (from->end - from->at >= 2 && !from->at[0] && !from->at[1]);
}

static int ber_skip(ber *from, int depth)
{
    ber_element element;
    if (depth > NESTED_MAX || !ber_peek(&element, from))
        return 0;
    if (element.is_indefinite) {
        while (!ber_is_end(&element.content))
            if (!ber_skip(&element.content, depth + 1))
                return 0;
        if (element.content.at == element.content.end)
            return 0;
        element.content.end = element.content.at + 2;
    }
    from->at = element.content.end;
    return 1;
}

/* Into the element that comes next, if it has that tag. */
static int ber_enter(ber *from, int tag, int tag_class)
{
    ber_element element;
    if (!ber_peek(&element, from) || element.tag != tag || element.tag_class != tag_class)
        return 0;
    *from = element.content;
    return 1;
}

int bundle_is_pkcs7(saf_bytes content)
{
    ber all = { content.data, content.data + content.len };
    ber_element type;
    return content.len && ber_enter(&all, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL) && ber_peek(&type, &all) &&
           type.tag == V_ASN1_OBJECT && type.tag_class == V_ASN1_UNIVERSAL;
}

static saf_status refuse_damaged(const char *what, saf_error *err)
{
    ERR_clear_error();
    return saf_fail(err, SAF_E_MALFORMED, "%s is a damaged PKCS#7", what);
}

/* contentType and [0] EXPLICIT SignedData, of which version, algorithms and content come before the certificates. */
static saf_status find_certs(ber *out, saf_bytes content, const char *what, saf_error *err)
{
    static const unsigned char signed_data[] = { 0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02 };
    *out = (ber) { content.data, content.data + content.len };
    ber whole = *out;
    if (!ber_skip(&whole, 0) || whole.at != whole.end || !ber_enter(out, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL))
        return refuse_damaged(what, err);
    if (out->end - out->at < (ptrdiff_t)sizeof signed_data || memcmp(out->at, signed_data, sizeof signed_data) != 0)
        return saf_fail(err, SAF_E_MALFORMED, "%s is a PKCS#7 that is not made to carry certificates", what);
    if (!ber_skip(out, 0) || !ber_enter(out, 0, V_ASN1_CONTEXT_SPECIFIC) || !ber_enter(out, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL) ||
        !ber_skip(out, 0) || !ber_skip(out, 0) || !ber_skip(out, 0))
        return refuse_damaged(what, err);
    if (!ber_enter(out, 0, V_ASN1_CONTEXT_SPECIFIC))
        out->end = out->at; /* certificates are optional */
    return SAF_OK;
}

static saf_status read_cert(bundle_items *out, ber *from, const char *what, saf_error *err)
{
    bundle_item item = { .cert = d2i_X509(NULL, &from->at, from->end - from->at) };
    if (item.cert)
        return bundle_take(out, &item, what, err);
    ERR_clear_error();
    return saf_fail(err, SAF_E_MALFORMED, "the certificate at place %zu of %s cannot be read", out->certs + 1, what);
}

/* Attribute certificates and what later versions add have tags of their own (RFC 5652 10.2.3): passed over. */
saf_status bundle_read_pkcs7(bundle_items *out, saf_bytes content, const char *what, saf_error *err)
{
    ber certs;
    if (!out->format)
        out->format = "pkcs7";
    SAF_TRY(find_certs(&certs, content, what, err));
    while (!ber_is_end(&certs)) {
        ber_element element;
        if (!ber_peek(&element, &certs))
            return refuse_damaged(what, err);
        if (element.tag == V_ASN1_SEQUENCE && element.tag_class == V_ASN1_UNIVERSAL)
            SAF_TRY(read_cert(out, &certs, what, err));
        else if (!ber_skip(&certs, 0))
            return refuse_damaged(what, err);
    }
    return SAF_OK;
}
