/** @file What the verbs that make certificates share: their options, making the key, saying what there is now. */
#ifndef CLI_ISSUE_H
#define CLI_ISSUE_H

#include <cli/keys.h>

#include <safring/cert.h>

/** "random", "sequential"; "fail", "keep"; "pkcs1", "pss"; "server", "client", "zowe", with the saf_profile of each. */
extern const char *const cli_serial_kinds[];
extern const char *const cli_issue_if_exists[];
extern const char *const cli_signatures[];
extern const char *const cli_profiles[];
extern const saf_profile cli_profile_values[];

/** What says how a certificate is signed, whatever it is for. */
typedef struct cli_signing {
    cli_name sign_with;
    unsigned valid_days;
    int serial, signature;
    cli_list crl_url, ca_issuers_url;
} cli_signing;

/** Rows of an option table for the member @p member of the verb's struct @p type. */
#define CLI_SIGNING_OPTIONS(type, member) \
    { CLI_CHOICE, "serial", "KIND", "how its serial number is made", offsetof(type, member.serial), .choices = cli_serial_kinds }, \
    { CLI_CHOICE, "signature", "KIND", "how an RSA signer signs (pss: RSASSA-PSS, RACF's SIGATTR)", offsetof(type, member.signature), \
      .choices = cli_signatures }, \
    { CLI_LIST, "crl-url", "URL", "where the signer's CRL will be, for the certificate to say; comma-separated, repeatable", \
      offsetof(type, member.crl_url) }, \
    { CLI_LIST, "ca-issuers-url", "URL", "where the signer's certificate is, for the certificate to say; likewise", \
      offsetof(type, member.ca_issuers_url) }

/** The texts that a request's comma-separated members point to. */
typedef struct cli_request_texts {
    saf_buffer san, crl_urls, ca_issuers_urls;
} cli_request_texts;

void cli_request_texts_free(cli_request_texts *texts);

OWN_VALUE(cli_request_texts, cli_request_texts_free)

/** Fill the signer, days, serial, signature and URLs of @p request. What it points to lives in @p signing and @p texts. */
saf_status cli_signing_fill(saf_issue_request *request, cli_request_texts *texts, const cli_signing *signing, saf_error *err);

/** The items of a list, each after @p prefix, comma-separated. */
void cli_join(saf_buffer *out, const char *prefix, const cli_list *list);

typedef struct cli_issue {
    cli_name name;
    const char *key;          /* as --key takes it; NULL: default_key */
    const char *default_key;
    int if_exists;            /* index into cli_issue_if_exists */
} cli_issue;

/** Make a key pair for @p request (whose key is filled in), issue the certificate, and say so. */
saf_status cli_issue_certificate(cli *cli, const cli_issue *issue, saf_issue_request *request, saf_error *err);

/** A leaf certificate does not belong to CERTAUTH. @p owner is in upper case. SAF_E_USAGE. */
saf_status cli_leaf_owner_check(const char *owner, saf_error *err);

/** The kind of key to make for a profile when nobody says: API ML signs RS256 with its TLS key. */
const char *cli_default_key(saf_profile profile);

/** Say what certificate there is now, to a person and as the result. */
void cli_say_cert(const cli *cli, const char *what_happened, const saf_cert *cert);

/** The same of one that this command has made, or on a dry run would. */
void cli_say_new_cert(const cli *cli, const char *what_happened, const saf_cert *cert);

#endif
