#include "der.h"
#include "facts-quick.h"

/* ---- elliptic curves ---- */

static const struct {
    der_oid oid;
    const char *name;
    unsigned bits;
} curves[] = {
    { DER_OID_OF("\x2A\x86\x48\xCE\x3D\x03\x01\x07"), "ec:P-256", 256 },
    { DER_OID_OF("\x2B\x81\x04\x00\x22"), "ec:P-384", 384 },
    { DER_OID_OF("\x2B\x81\x04\x00\x23"), "ec:P-521", 521 },
    { DER_OID_OF("\x2B\x81\x04\x00\x0A"), "ec:secp256k1", 256 },
    { DER_OID_OF("\x2B\x24\x03\x03\x02\x08\x01\x01\x07"), "ec:brainpoolP256r1", 256 },
    { DER_OID_OF("\x2B\x24\x03\x03\x02\x08\x01\x01\x0B"), "ec:brainpoolP384r1", 384 },
    { DER_OID_OF("\x2B\x24\x03\x03\x02\x08\x01\x01\x0D"), "ec:brainpoolP512r1", 512 },
};

/* SEC 1 2.3.3: both coordinates, or one and a sign. */
static bool is_point(saf_bytes point, unsigned bits)
{
    size_t size = (bits + 7) / 8;
    unsigned form = point.len ? point.data[0] : 0;
    return (form == 4 && point.len == 1 + 2 * size) || ((form == 2 || form == 3) && point.len == 1 + size);
}

static const char *ec(unsigned *bits, der_walk *parameters, saf_bytes point)
{
    saf_bytes oid = der_take_oid(parameters);
    for (size_t i = 0; i < sizeof curves / sizeof *curves && der_is_done(parameters); i++)
        if (der_is_oid(oid, curves[i].oid) && is_point(point, curves[i].bits)) {
            *bits = curves[i].bits;
            return curves[i].name;
        }
    return NULL;
}

/* ---- RSA ---- */

static unsigned bits_of(saf_bytes number)
{
    unsigned bits = (unsigned)number.len * 8;
    for (unsigned mask = 0x80; !(number.data[0] & mask); mask >>= 1)
        bits--;
    return bits;
}

static const char *describe_rsa(unsigned *bits, saf_bytes key, const char *type)
{
    der_walk walk = der_begin(key);
    der_walk numbers = der_enter(&walk, DER_SEQUENCE);
    saf_bytes modulus = der_take_unsigned(&numbers);
    saf_bytes exponent = der_take_unsigned(&numbers);
    if (!der_is_done(&numbers) || !der_is_done(&walk) || !modulus.len || !exponent.len)
        return NULL;
    *bits = bits_of(modulus);
    return type;
}

/* RFC 3279 2.3.1 has a NULL there. */
static bool is_null_or_absent(der_walk *parameters)
{
    if (der_is_next(parameters, DER_NULL))
        parameters->failed |= der_take(parameters, DER_NULL).content.len != 0;
    return der_is_done(parameters);
}

/* ---- by algorithm ---- */

static const char *rsa(unsigned *bits, der_walk *parameters, saf_bytes key)
{
    return is_null_or_absent(parameters) ? describe_rsa(bits, key, "rsa") : NULL;
}

/* With parameters it is libcrypto's. */
static const char *rsa_pss(unsigned *bits, der_walk *parameters, saf_bytes key)
{
    return der_is_done(parameters) ? describe_rsa(bits, key, "rsa-pss") : NULL;
}

/* RFC 8410 3: no parameters. The sizes are libcrypto's. */
static const char *ed25519(unsigned *bits, der_walk *parameters, saf_bytes key)
{
    *bits = 256;
    return der_is_done(parameters) && key.len == 32 ? "ed25519" : NULL;
}

static const char *ed448(unsigned *bits, der_walk *parameters, saf_bytes key)
{
    *bits = 456;
    return der_is_done(parameters) && key.len == 57 ? "ed448" : NULL;
}

static const struct {
    der_oid oid;
    const char *(*describe)(unsigned *bits, der_walk *parameters, saf_bytes key);
} algorithms[] = {
    { DER_OID_OF("\x2A\x86\x48\xCE\x3D\x02\x01"), ec },
    { DER_OID_OF("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01"), rsa },
    { DER_OID_OF("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0A"), rsa_pss },
    { DER_OID_OF("\x2B\x65\x70"), ed25519 },
    { DER_OID_OF("\x2B\x65\x71"), ed448 },
};

const char *facts_quick_key(unsigned *bits, saf_bytes spki)
{
    der_walk walk = der_begin(spki);
    der_walk parts = der_enter(&walk, DER_SEQUENCE);
    der_walk algorithm = der_enter(&parts, DER_SEQUENCE);
    saf_bytes oid = der_take_oid(&algorithm); /* what follows it are the parameters */
    saf_bytes key = der_take_octets_of_bits(&parts);
    if (algorithm.failed || !der_is_done(&parts) || !der_is_done(&walk))
        return NULL;
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (der_is_oid(oid, algorithms[i].oid))
            return algorithms[i].describe(bits, &algorithm, key);
    return NULL;
}
