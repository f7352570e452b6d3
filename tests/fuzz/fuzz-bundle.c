/* Any file is a bundle or refused with a reason; a bundle is described, its chain is checked, and what it holds can be read or is refused
 * as malformed. */
#include "fuzz.h"

#include <safring/cert.h>

#include <string.h>

static void check_cert(saf_bytes der)
{
    saf_cert *cert = NULL;
    saf_status status = saf_cert_read(&cert, der, NULL);
    REQUIRE(der.len > 0 && (status == SAF_OK || status == SAF_E_MALFORMED));
    saf_cert_free(&cert);
}

static void check_facts(const saf_bundle *bundle)
{
    saf_bundle_facts facts = saf_bundle_describe(bundle);
    bool is_p12 = facts.format && !strcmp(facts.format, "pkcs12");
    REQUIRE(facts.format);
    REQUIRE(is_p12 == (facts.mac != NULL));
    REQUIRE(is_p12 || !facts.profile);
    REQUIRE(!is_p12 || facts.cert_cipher);
}

static void check_bundle(const saf_bundle *bundle)
{
    static const saf_principal who = { 0 };
    saf_bundle_check check = { 0 };
    check_facts(bundle);
    check_cert(saf_bundle_cert(bundle));
    for (size_t i = 0; i < saf_bundle_chain_size(bundle); i++)
        check_cert(saf_bundle_chain_at(bundle, i));
    REQUIRE(saf_bundle_check_chain(&check, bundle, NULL, &who, NULL) == SAF_OK);
    REQUIRE(check.is_valid == (check.why == NULL));
    REQUIRE(check.is_complete || !check.is_valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    saf_secret password = { 0 };
    saf_bundle *bundle = NULL;
    saf_error err = { 0 };
    REQUIRE(saf_secret_set(&password, saf_bytes_of_text("x"), NULL) == SAF_OK);
    saf_status status = saf_bundle_read(&bundle, saf_bytes_of(data, size), &password, NULL, "it", &err);
    REQUIRE((status == SAF_OK) == (bundle != NULL));
    REQUIRE((status == SAF_OK) == (err.text[0] == '\0'));
    if (bundle)
        check_bundle(bundle);
    saf_bundle_free(&bundle);
    saf_secret_free(&password);
    return 0;
}
