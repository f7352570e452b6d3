/*
 * Any bytes as a certificate, read in both ways: what the quick one takes is a certificate for libcrypto too, and says the same. The input is also tried
 * as parts of one that is well-formed (a name, a list of extensions), which random bytes seldom get to be.
 */
#include "fuzz.h"

#include <support/facts-compare.h>

#include <string.h>

enum { NAME_MAX_LEN = 4096 };

static void check_certificate(const uint8_t *data, size_t size)
{
    bool quick;
    const char *difference = facts_difference(&quick, saf_bytes_of(data, size));
    if (difference)
        fprintf(stderr, "the two ways differ in %s\n", difference);
    REQUIRE(!difference);
}

static void check_name(const uint8_t *data, size_t size)
{
    const unsigned char *at = data;
    char *quick = facts_quick_name(saf_bytes_of(data, size));
    X509_NAME *name = quick ? d2i_X509_NAME(NULL, &at, (long)size) : NULL;
    char *slow = name ? facts_name_text(name) : NULL;
    REQUIRE(!quick || (slow && at == data + size && !strcmp(quick, slow)));
    free(quick);
    free(slow);
    X509_NAME_free(name);
}

static void check_extensions(const uint8_t *data, size_t size)
{
    const unsigned char *at = data;
    bool known;
    bool is_ca = facts_quick_is_ca(&known, saf_bytes_of(data, size));
    X509_EXTENSIONS *extensions = known ? d2i_X509_EXTENSIONS(NULL, &at, (long)size) : NULL;
    X509 *x509 = X509_new();
    X509_set_version(x509, X509_VERSION_3);
    REQUIRE(!known || (extensions && at == data + size));
    for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++)
        X509_add_ext(x509, sk_X509_EXTENSION_value(extensions, i), -1);
    /* libcrypto looks at an X509 that was never encoded with mistrust, so only what it calls a CA counts. */
    REQUIRE(!known || is_ca || X509_check_ca(x509) != 1);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_free(x509);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_certificate(data, size);
    if (size <= NAME_MAX_LEN) {
        check_name(data, size);
        check_extensions(data, size);
    }
    return 0;
}
