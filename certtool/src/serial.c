#include "serial.h"

#include <base/fail.h>

enum { SERIAL_BITS = 127 }; /* RFC 5280 4.1.2.2: at most 20 octets; ours are 16, with the sign bit clear */

static saf_status set_number(X509 *x509, const BIGNUM *number, saf_error *err)
{
    if (!BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)))
        return saf_fail_openssl(err, "cannot set the serial number");
    return SAF_OK;
}

/* RFC 5280 4.1.2.2: positive; zero is not, although it cannot be expected to come up. */
static saf_status set_random(X509 *x509, saf_error *err)
{
    OWN(BIGNUM) *number = BN_new();
    while (number && BN_is_zero(number))
        if (!BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY))
            return saf_fail_openssl(err, "cannot make a serial number");
    return number ? set_number(x509, number, err) : saf_fail_memory(err);
}

/* A self-signed CA of ours has the number 1 of its own name, so its counter steps over that. */
static int is_taken(const char *serial, const saf_cert *signer)
{
    return signer->self_issued && !strcmp(serial, signer->serial);
}

static saf_status next_free(char **out, saf_change *change, const saf_cert *signer, saf_error *err)
{
    OWN(own_text) serial = NULL;
    do {
        free(serial);
        serial = NULL;
        SAF_TRY(saf_store_next_serial(&serial, change, signer, err));
    } while (is_taken(serial, signer));
    *out = serial;
    serial = NULL;
    return SAF_OK;
}

static saf_status set_sequential(X509 *x509, saf_change *change, const saf_cert *signer, saf_error *err)
{
    OWN(own_text) serial = NULL;
    OWN(BIGNUM) *number = NULL;
    SAF_TRY(next_free(&serial, change, signer, err));
    if (!BN_hex2bn(&number, serial))
        return saf_fail_openssl(err, "the serial number \"%s\" that follows in %s/%s is not one", serial, signer->owner,
                                signer->label);
    return set_number(x509, number, err);
}

saf_status serial_set(X509 *x509, saf_serial_kind kind, saf_change *change, const saf_cert *signer, saf_error *err)
{
    if (kind == SAF_SERIAL_RANDOM)
        return set_random(x509, err);
    if (signer)
        return set_sequential(x509, change, signer, err);
    /* RACF numbers self-signed certificates 0, which RFC 5280 4.1.2.2 has forbidden since. */
    if (!ASN1_INTEGER_set(X509_get_serialNumber(x509), 1))
        return saf_fail_openssl(err, "cannot set the serial number");
    return SAF_OK;
}
