#include "der.h"
#include "facts-quick.h"

/* What the extensions of one certificate say. */
struct purpose {
    bool has_constraints, has_usage, has_key_ids[2]; /* of the subject, of the issuer */
    bool is_ca, may_sign;
    bool is_odd; /* there is an extension that libcrypto looks at, and this does not */
};

/* RFC 5280 4.2.1.9 */
static void read_constraints(struct purpose *out, der_walk *walk)
{
    der_walk constraints = der_enter(walk, DER_SEQUENCE);
    if (der_is_next(&constraints, DER_BOOLEAN))
        out->is_ca = der_take_boolean(&constraints);
    if (der_is_next(&constraints, DER_INTEGER))
        constraints.failed |= der_take_unsigned(&constraints).len > 1;
    walk->failed |= !der_is_done(&constraints) || out->has_constraints;
    out->is_ca |= walk->failed; /* it may be claimed */
    out->has_constraints = true;
}

/* RFC 5280 4.2.1.3: keyCertSign is bit 5. */
static void read_usage(struct purpose *out, der_walk *walk)
{
    enum { CERT_SIGN = 0x04 };
    saf_bytes bits = der_take(walk, DER_BIT_STRING).content;
    walk->failed |= bits.len < 2 || bits.data[0] > 7 || out->has_usage;
    if (walk->failed)
        return;
    unsigned used = bits.len == 2 ? 0xFFu << bits.data[0] : 0xFFu;
    out->may_sign = bits.data[1] & used & CERT_SIGN;
    out->has_usage = true;
}

static void read_subject_key_id(struct purpose *out, der_walk *walk)
{
    der_take(walk, DER_OCTET_STRING);
    walk->failed |= out->has_key_ids[0];
    out->has_key_ids[0] = true;
}

/* One that names issuer and serial is left to libcrypto. */
static void read_issuer_key_id(struct purpose *out, der_walk *walk)
{
    der_walk id = der_enter(walk, DER_SEQUENCE);
    if (der_is_next(&id, DER_CONTEXT))
        der_take(&id, DER_CONTEXT);
    walk->failed |= !der_is_done(&id) || out->has_key_ids[1];
    out->has_key_ids[1] = true;
}

/* Certificate policies and authority information access: nobody reads them to tell a CA. */
static void read_nothing(struct purpose *out, der_walk *walk)
{
    (void)out;
    walk->at = walk->end;
}

static const struct {
    der_oid oid;
    void (*read)(struct purpose *, der_walk *);
} readers[] = {
    { DER_OID_OF("\x55\x1D\x13"), read_constraints },
    { DER_OID_OF("\x55\x1D\x0F"), read_usage },
    { DER_OID_OF("\x55\x1D\x0E"), read_subject_key_id },
    { DER_OID_OF("\x55\x1D\x23"), read_issuer_key_id },
    { DER_OID_OF("\x55\x1D\x20"), read_nothing },
    { DER_OID_OF("\x2B\x06\x01\x05\x05\x07\x01\x01"), read_nothing },
};

static void read_value(struct purpose *out, saf_bytes oid, saf_bytes value)
{
    der_walk walk = der_begin(value);
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (der_is_oid(oid, readers[i].oid)) {
            readers[i].read(out, &walk);
            out->is_odd |= !der_is_done(&walk);
            return;
        }
    out->is_odd = true;
}

static void read_extension(struct purpose *out, der_walk *list)
{
    der_walk extension = der_enter(list, DER_SEQUENCE);
    saf_bytes oid = der_take_oid(&extension);
    if (der_is_next(&extension, DER_BOOLEAN))
        der_take_boolean(&extension);
    saf_bytes value = der_take(&extension, DER_OCTET_STRING).content;
    list->failed |= !der_is_done(&extension);
    if (!list->failed)
        read_value(out, oid, value);
}

/* One extension that cannot be read makes libcrypto say that it is no CA, so all matter where one is claimed to be; where the claim itself
 * is odd, it matters too. */
bool facts_quick_is_ca(bool *known, saf_bytes extensions)
{
    struct purpose purpose = { 0 };
    der_walk walk = der_begin(extensions);
    der_walk list = der_enter(&walk, DER_SEQUENCE);
    while (!list.failed && !der_is_done(&list))
        read_extension(&purpose, &list);
    bool is_claimed = purpose.has_constraints && purpose.is_ca;
    *known = der_is_done(&list) && der_is_done(&walk) && !(is_claimed && purpose.is_odd);
    return is_claimed && (!purpose.has_usage || purpose.may_sign);
}
