#include "label.h"

#include <base/fail.h>
#include <keyring/label.h>

#include <openssl/err.h>

enum { TRIES = 1000, NEXT_MAX = 99999999 };

static saf_status is_taken(int *out, saf_change *change, const char *owner, const char *label, saf_error *err)
{
    OWN(saf_cert) *cert = NULL;
    saf_error why = { 0 };
    saf_status status = saf_store_find_cert(&cert, saf_change_store(change), saf_change_principal(change), owner, label, &why);
    *out = status == SAF_OK;
    if (status == SAF_OK || status == SAF_E_NOT_FOUND)
        return SAF_OK;
    if (err)
        *err = why;
    return status;
}

static void number_label(char out[SAF_LABEL_MAX + 1], const char *label, unsigned number)
{
    char suffix[12];
    size_t suffix_len = (size_t)snprintf(suffix, sizeof suffix, " %u", number);
    size_t len = label_fit(label, strlen(label), SAF_LABEL_MAX - suffix_len);
    snprintf(out, SAF_LABEL_MAX + 1, "%.*s%s", (int)len, label, suffix);
}

saf_status label_free_variant(char out[SAF_LABEL_MAX + 1], saf_change *change, const char *owner, const char *wanted, saf_error *err)
{
    int taken = !strcmp(owner, SAF_OWNER_CERTAUTH);
    SAF_TRY(saf_label_check(wanted, err));
    snprintf(out, SAF_LABEL_MAX + 1, "%s", wanted);
    if (taken)
        SAF_TRY(is_taken(&taken, change, owner, out, err));
    for (unsigned number = 2; taken && number < TRIES; number++) {
        number_label(out, wanted, number);
        SAF_TRY(is_taken(&taken, change, owner, out, err));
    }
    return SAF_OK;
}

static saf_status is_number_taken(int *out, char label[SAF_LABEL_MAX + 1], saf_change *change, const char *owner, unsigned number,
                                  saf_error *err)
{
    snprintf(label, SAF_LABEL_MAX + 1, "LABEL%08u", number);
    return is_taken(out, change, owner, label, err);
}

/* By doubling and halving, so that a thousand certificates without a label do not cost a million look-ups: the number found is free, and
 * the one before it is taken. */
saf_status label_next(char out[SAF_LABEL_MAX + 1], saf_change *change, const char *owner, saf_error *err)
{
    unsigned below = 0, number = 1;
    int taken = 1;
    for (;; number *= 2) {
        SAF_TRY(is_number_taken(&taken, out, change, owner, number, err));
        if (!taken)
            break;
        below = number;
        if (number > NEXT_MAX / 2)
            return saf_fail(err, SAF_E_CONFLICT, "%s has too many certificates that are called LABEL and a number", owner);
    }
    while (number - below > 1) {
        unsigned middle = below + (number - below) / 2;
        SAF_TRY(is_number_taken(&taken, out, change, owner, middle, err));
        *(taken ? &below : &number) = middle;
    }
    return is_number_taken(&taken, out, change, owner, number, err);
}

/* A zero byte within would make another name of it. */
int label_of_common_name(char out[SAF_LABEL_MAX + 1], X509 *x509)
{
    const X509_NAME *subject = X509_get_subject_name(x509);
    X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, X509_NAME_get_index_by_NID(subject, NID_commonName, -1));
    unsigned char *text = NULL;
    int len = entry ? ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry)) : -1;
    *out = '\0';
    if (len > 0 && !memchr(text, 0, (size_t)len))
        snprintf(out, SAF_LABEL_MAX + 1, "%.*s", (int)label_fit((char *)text, (size_t)len, SAF_LABEL_MAX), (char *)text);
    OPENSSL_free(text);
    ERR_clear_error();
    return saf_label_check(out, NULL) == SAF_OK;
}
