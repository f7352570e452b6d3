#include "der.h"
#include "names.h"

#include <base/buffer.h>
#include <base/fail.h>

#include <openssl/err.h>

void saf_cert_details_free(saf_cert_details *details)
{
    if (!details)
        return;
    for (size_t i = 0; i < details->name_count; i++)
        free(details->names[i]);
    for (size_t i = 0; i < details->extension_count; i++)
        free(details->extensions[i].text);
    free(details->names);
    free(details->extensions);
    *details = (saf_cert_details) { 0 };
}

OWN_VALUE(saf_cert_details, saf_cert_details_free)

/* ---- alternative names ------------------------------------------------------------------------------------ */

static saf_status read_names(saf_cert_details *out, X509 *x509, saf_error *err)
{
    OWN(GENERAL_NAMES) *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    int count = sk_GENERAL_NAME_num(names);
    if (count <= 0)
        return SAF_OK;
    out->names = calloc((size_t)count, sizeof *out->names);
    if (!out->names)
        return saf_fail_memory(err);
    for (int i = 0; i < count; i++) {
        char *text = name_text(sk_GENERAL_NAME_value(names, i));
        if (!text)
            return saf_fail_memory(err);
        out->names[out->name_count++] = text;
    }
    return SAF_OK;
}

/* ---- other extensions ------------------------------------------------------------------------------------- */

static char *hex_of(const ASN1_OCTET_STRING *value)
{
    OWN(saf_buffer) text = { 0 };
    const unsigned char *data = ASN1_STRING_get0_data(value);
    for (int i = 0; i < ASN1_STRING_length(value); i++)
        saf_buffer_printf(&text, "%02x", data[i]);
    return text.failed ? NULL : strdup(saf_buffer_text(&text));
}

/* libcrypto ends some texts with a newline, and some not. */
static char *text_of_extension(X509_EXTENSION *extension)
{
    OWN(BIO) *bio = BIO_new(BIO_s_mem());
    char *data = NULL, *text = NULL;
    int printed = bio && X509V3_EXT_print(bio, extension, X509V3_EXT_DEFAULT, 0);
    ERR_clear_error();
    if (!printed)
        return hex_of(X509_EXTENSION_get_data(extension));
    long len = BIO_get_mem_data(bio, &data);
    while (len > 0 && data[len - 1] == '\n')
        len--;
    return asprintf(&text, "%.*s", (int)len, data) < 0 ? NULL : text;
}

static saf_status take_extension(saf_cert_details *out, X509_EXTENSION *extension, saf_error *err)
{
    const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
    int nid = OBJ_obj2nid(object);
    saf_extension taken = { .critical = X509_EXTENSION_get_critical(extension) };
    if (nid == NID_subject_alt_name && out->name_count)
        return SAF_OK;
    if (nid != NID_undef)
        snprintf(taken.name, sizeof taken.name, "%s", OBJ_nid2ln(nid));
    else
        OBJ_obj2txt(taken.name, sizeof taken.name, object, 1);
    taken.text = text_of_extension(extension);
    if (!taken.text)
        return saf_fail_memory(err);
    out->extensions[out->extension_count++] = taken;
    return SAF_OK;
}

static saf_status read_extensions(saf_cert_details *out, const X509 *x509, saf_error *err)
{
    int count = X509_get_ext_count(x509);
    out->extensions = calloc((size_t)count + 1, sizeof *out->extensions);
    if (!out->extensions)
        return saf_fail_memory(err);
    for (int i = 0; i < count; i++)
        SAF_TRY(take_extension(out, X509_get_ext(x509, i), err));
    return SAF_OK;
}

saf_status saf_cert_describe(saf_cert_details *out, saf_bytes der, saf_error *err)
{
    OWN(saf_cert_details) details = { 0 };
    OWN(X509) *x509 = NULL;
    SAF_TRY(der_read_x509(&x509, der, "this", err));
    snprintf(details.signature, sizeof details.signature, "%s", OBJ_nid2ln(X509_get_signature_nid(x509)));
    SAF_TRY(read_names(&details, x509, err));
    SAF_TRY(read_extensions(&details, x509, err));
    ERR_clear_error();
    *out = details;
    details = (saf_cert_details) { 0 };
    return SAF_OK;
}
