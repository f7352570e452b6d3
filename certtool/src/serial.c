#include "serial.h"

#include <base/fail.h>

enum { SERIAL_BITS = 127 }; /* RFC 5280 4.1.2.2: at most 20 octets; ours are 16, with the sign bit clear */

static saf_status append_number(saf_buffer *out, const BIGNUM *number, saf_error *err)
{
    OWN(ASN1_INTEGER) *integer = BN_to_ASN1_INTEGER(number, NULL);
    if (!integer)
        return saf_fail_openssl(err, "cannot set the serial number");
    DER_APPEND(out, ASN1_INTEGER, integer);
    return saf_buffer_check(out, err);
}

/* RFC 5280 4.1.2.2: positive; zero is not, although it cannot be expected to come up. */
static saf_status append_random(saf_buffer *out, saf_error *err)
{
    OWN(BIGNUM) *number = BN_new();
    while (number && BN_is_zero(number))
        if (!BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY))
            return saf_fail_openssl(err, "cannot make a serial number");
    return number ? append_number(out, number, err) : saf_fail_memory(err);
}

/* A self-signed CA of ours has the number 1 of its own name, so its counter steps over that. */
static int is_taken(const char *serial, const saf_cert *counter)
{
    return counter->self_issued && !strcmp(serial, counter->serial);
}

static saf_status next_free(char **out, saf_change *change, const saf_cert *counter, saf_error *err)
{
    OWN(own_text) serial = NULL;
    do {
        free(serial);
        serial = NULL;
        SAF_TRY(saf_store_next_serial(&serial, change, counter, err));
    } while (is_taken(serial, counter));
    *out = GIVE(&serial);
    return SAF_OK;
}

static saf_status append_sequential(saf_buffer *out, saf_change *change, const saf_cert *counter, saf_error *err)
{
    OWN(own_text) serial = NULL;
    OWN(BIGNUM) *number = NULL;
    SAF_TRY(next_free(&serial, change, counter, err));
    if (!BN_hex2bn(&number, serial))
        return saf_fail_openssl(err, "the serial number \"%s\" that follows in %s/%s is not one", serial, counter->owner,
                                counter->label);
    return append_number(out, number, err);
}

saf_status serial_append(saf_buffer *out, saf_serial_kind kind, saf_change *change, const saf_cert *counter, saf_error *err)
{
    if (kind == SAF_SERIAL_RANDOM)
        return append_random(out, err);
    if (counter)
        return append_sequential(out, change, counter, err);
    /* RACF numbers self-signed certificates 0, which RFC 5280 4.1.2.2 has forbidden since. */
    return append_number(out, BN_value_one(), err);
}
