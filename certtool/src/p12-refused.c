/*
 * Who will not read what we write. Each sentence was tried, or is what the vendor says:
 *   - Java: PBES2 and HMAC with SHA-256 came with 8u301 and 11.0.12 (release notes); Ed25519 with 15 (JEP 339); 17, tried, loads a
 *     Brainpool key but does not sign with it (JDK-8235540, in 16, removed those curves)
 *   - Windows: AES256_SHA256 came after Server 2016 (Export-PfxCertificate, -CryptoAlgorithmOption)
 *   - z/OS System SSL: Zowe has Java write the old form for it (zowe-install-packaging#3329, ZWES1060W)
 *   - OpenSSL's FIPS provider has neither 3DES in this use nor PKCS12KDF (openssl-pkcs12(1), -nomac)
 *   - NSS: 3.87, tried
 */
#include "p12-profile.h"

typedef enum kind { KIND_USUAL, KIND_BRAINPOOL, KIND_ED25519 } kind;

static kind kind_of(const char *key_type)
{
    if (key_type && !strncmp(key_type, "ec:brainpool", 12))
        return KIND_BRAINPOOL;
    return key_type && !strcmp(key_type, "ed25519") ? KIND_ED25519 : KIND_USUAL;
}

#define NOT_OF_TODAY "z/OS System SSL, Java before 8u301/11.0.12 and Windows up to Server 2016 refuse it"
#define NO_FIPS "OpenSSL in FIPS mode refuses it"

const char *saf_p12_refused_by(saf_p12_profile profile, const char *key_type)
{
    static const char *const of_today[] = {
        [KIND_USUAL] = NOT_OF_TODAY "; legacy-gsk is for them",
        [KIND_BRAINPOOL] = NOT_OF_TODAY ", and Java since 16 cannot sign with its key",
        [KIND_ED25519] = "z/OS System SSL, Java before 15, Windows up to Server 2016 and NSS 3.87 refuse it",
    };
    static const char *const legacy[] = {
        [KIND_USUAL] = NO_FIPS,
        [KIND_BRAINPOOL] = NO_FIPS ", and Java since 16 cannot sign with its key",
        [KIND_ED25519] = NO_FIPS ", and Java before 15 and NSS 3.87 its key",
    };
    return (profile == SAF_P12_LEGACY_GSK ? legacy : of_today)[kind_of(key_type)];
}
