/*
 * Take a certificate through its life: issue it, renew it (same key), rekey it (new key), roll over to the new one, revoke the old one,
 * and sign the list of what is revoked.
 *
 *     cc certificates-from-c.c -o certificates-from-c $(pkg-config --cflags --libs safring-certtool)
 *     ./certificates-from-c STORE OWNER > ca.crl
 *
 * STORE is the directory of a security database; it is made when it is not there. Each step is a change of its own, so that a program which
 * is killed has done all of a step or nothing. Keys are made before a change begins: a change keeps other writers out.
 *
 * A message and the exit status of the safring command tell what went wrong.
 */
#include <safring/cert.h>

#include <openssl/evp.h>

#include <stdio.h>

/* On whose behalf we act: NULL is the program itself. */
static const saf_principal who = { NULL };

static saf_status make_key(EVP_PKEY **key, saf_error *err)
{
    saf_key_spec spec;
    saf_status status = saf_key_spec_parse(&spec, "ec:P-256", err);
    return status == SAF_OK ? saf_key_generate(key, &spec, NULL, NULL, err) : status;
}

/* Commit what went well, undo what did not. */
static saf_status end(saf_change **change, saf_status status, saf_error *err)
{
    if (status == SAF_OK)
        return saf_change_commit(change, err);
    saf_change_abandon(change);
    return status;
}

static saf_status issue(saf_store *store, saf_issue_request request, saf_error *err)
{
    saf_change *change = NULL;
    saf_status status = make_key(&request.key, err);
    if (status == SAF_OK)
        status = saf_change_begin(&change, store, &who, err);
    if (status == SAF_OK)
        status = end(&change, saf_cert_issue(NULL, change, &request, err), err);
    EVP_PKEY_free(request.key);
    return status;
}

static saf_status issue_ca_and_server(saf_store *store, const char *owner, saf_error *err)
{
    saf_issue_request ca = { .owner = SAF_OWNER_CERTAUTH, .label = "sample CA", .profile = SAF_PROFILE_CA, .subject = "CN=Sample CA", .path_len = 0,
                             .permit = "dns:example.test" };
    saf_issue_request server = { .owner = owner, .label = "server", .profile = SAF_PROFILE_SERVER, .subject = "CN=server",
                                 .san = "dns:server.example.test", .signer_owner = SAF_OWNER_CERTAUTH, .signer_label = "sample CA" };
    saf_status status = issue(store, ca, err);
    return status == SAF_OK ? issue(store, server, err) : status;
}

static saf_status renew(saf_store *store, const char *owner, saf_error *err)
{
    saf_renew_request request = { .owner = owner, .label = "server" };
    saf_change *change = NULL;
    saf_status status = saf_change_begin(&change, store, &who, err);
    return status == SAF_OK ? end(&change, saf_cert_renew(NULL, change, &request, err), err) : status;
}

/* The new key is made first; then the new certificate, the rollover and the revocation happen together or not at all. */
static saf_status replace(saf_store *store, const char *owner, saf_error *err)
{
    saf_rekey_request rekey = { .owner = owner, .label = "server", .new_label = "server 2", .signer_owner = SAF_OWNER_CERTAUTH,
                                .signer_label = "sample CA" };
    saf_change *change = NULL;
    saf_status status = make_key(&rekey.key, err);
    if (status == SAF_OK)
        status = saf_change_begin(&change, store, &who, err);
    if (change) {
        status = saf_cert_rekey(NULL, change, &rekey, err);
        if (status == SAF_OK)
            status = saf_cert_rollover(NULL, change, owner, "server", "server 2", SAF_NO_FORCE, err);
        if (status == SAF_OK)
            status = saf_cert_revoke(NULL, change, owner, "server", SAF_REASON_SUPERSEDED, err);
        status = end(&change, status, err);
    }
    EVP_PKEY_free(rekey.key);
    return status;
}

static saf_status write_crl(saf_store *store, saf_error *err)
{
    saf_crl_request request = { .owner = SAF_OWNER_CERTAUTH, .label = "sample CA", .next_update_sec = 24 * 60 * 60 };
    saf_crl_facts facts;
    saf_blob der = { 0 };
    saf_change *change = NULL;
    saf_status status = saf_change_begin(&change, store, &who, err);
    if (status == SAF_OK)
        status = end(&change, saf_ca_crl(&der, &facts, change, &request, err), err);
    if (status == SAF_OK) {
        fprintf(stderr, "CRL number %llu, revoked certificates: %zu\n", (unsigned long long)facts.number, facts.entries);
        fwrite(der.data, 1, der.len, stdout);
    }
    saf_blob_free(&der);
    return status;
}

static saf_status run(saf_store *store, const char *owner, saf_error *err)
{
    saf_status status = issue_ca_and_server(store, owner, err);
    if (status == SAF_OK)
        status = renew(store, owner, err);
    if (status == SAF_OK)
        status = replace(store, owner, err);
    return status == SAF_OK ? write_crl(store, err) : status;
}

int main(int argc, char **argv)
{
    saf_store *store = NULL;
    saf_error err = { 0 };
    if (argc != 3) {
        fprintf(stderr, "usage: %s STORE OWNER > FILE\n", argc ? argv[0] : "certificates-from-c");
        return saf_status_exit_code(SAF_E_USAGE);
    }
    saf_status status = saf_store_create(argv[1], NULL, &err);
    if (status == SAF_OK || status == SAF_E_EXISTS)
        status = saf_store_open(&store, argv[1], NULL, &err);
    if (status == SAF_OK)
        status = run(store, argv[2], &err);
    if (status != SAF_OK)
        fprintf(stderr, "certificates-from-c: %s\n%s%s", err.text, err.hint, err.hint[0] ? "\n" : "");
    saf_store_close(&store);

    if (status == SAF_OK && fflush(stdout) != 0) {
        perror("certificates-from-c: standard output");
        status = SAF_E_IO;
    }
    return saf_status_exit_code(status);
}
