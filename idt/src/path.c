#include "path.h"

#include <base/base64url.h>

#include <openssl/evp.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

enum feature { NOTHING = 0, SHA_NI = 1, AVX512 = 2 };

typedef struct path_row {
    unsigned needs; /* features */
    idt_path path;
} path_row;

#ifdef __x86_64__
static const idt_sha2_way sha256_alone = { .blocks = idt_sha256_ni, .mac = idt_sha256_ni_mac };
static const idt_sha2_way sha256_in_lanes = { .blocks = idt_sha256_ni, .mac = idt_sha256_ni_mac, .lanes = IDT_SHA256_LANES,
                                              .lanes_block = idt_sha256_x16, .lanes_mac = idt_sha256_x16_mac };
static const idt_sha2_way sha512_in_lanes = { .blocks = idt_sha512_x1, .mac = idt_sha512_x1_mac, .lanes = IDT_SHA512_LANES,
                                              .lanes_block = idt_sha512_x8, .lanes_mac = idt_sha512_x8_mac };
#endif

/* The best first. */
static const path_row rows[] = {
#ifdef __x86_64__
    { SHA_NI | AVX512, { "avx512", idt_base64url_encode_x64, idt_base64url_decode_x64, &sha256_in_lanes, &sha512_in_lanes } },
    { SHA_NI, { "sha-ni", saf_base64url_encode, saf_base64url_decode, &sha256_alone, NULL } },
#endif
    { NOTHING, { "portable", saf_base64url_encode, saf_base64url_decode, NULL, NULL } },
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

#ifdef __x86_64__

enum { STATE_SSE_AVX = 0x06, STATE_AVX512 = 0xE6 }; /* XCR0: which registers the system saves when it changes threads */

static unsigned system_saves(void)
{
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int all(unsigned word, unsigned bits)
{
    return (word & bits) == bits;
}

/* BMI2 and, of AVX-512, F, DQ, BW, VL and VBMI: what processors with any of the last have together since 2019. */
static unsigned features(void)
{
    unsigned a, b, c, d, b7, c7, d7;
    unsigned found = NOTHING;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !__get_cpuid_count(7, 0, &a, &b7, &c7, &d7))
        return NOTHING;
    if (all(c, bit_SSSE3 | bit_SSE4_1) && all(b7, bit_SHA))
        found |= SHA_NI;
    if (all(c, bit_OSXSAVE) && all(system_saves(), STATE_SSE_AVX | STATE_AVX512) &&
        all(b7, bit_BMI | bit_BMI2 | bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL) && all(c7, bit_AVX512VBMI))
        found |= AVX512;
    return found;
}

#else

static unsigned features(void)
{
    return NOTHING;
}

#endif

/* Where libcrypto was told to use validated modules only, hashes are its affair alone. */
static unsigned usable_features(void)
{
    return EVP_default_properties_is_fips_enabled(NULL) ? NOTHING : features();
}

const idt_path *idt_path_best(void)
{
    unsigned have = usable_features();
    const path_row *row = rows;
    while ((row->needs & have) != row->needs)
        row++;
    return &row->path;
}

const idt_path *idt_path_of(const char *name)
{
    unsigned have = usable_features();
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strcmp(rows[i].path.name, name) == 0 && (rows[i].needs & have) == rows[i].needs)
            return &rows[i].path;
    return NULL;
}
