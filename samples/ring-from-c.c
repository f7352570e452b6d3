/*
 * Open a key ring, look at its certificates, and take the private key of its default certificate.
 *
 *     cc ring-from-c.c -o ring-from-c $(pkg-config --cflags --libs safring-keyring)
 *     ./ring-from-c STORE OWNER RING
 *
 * STORE is the directory of the security database; OWNER/RING is, for example, ZWESVUSR/ZoweKeyring. A server would go
 * on with SSL_CTX_use_certificate() and SSL_CTX_use_PrivateKey(), and call saf_ring_poll() now and then: when the number
 * that it gives has risen, it opens the ring again and has followed a renewal without a restart.
 *
 * A message and the exit status of the safring command tell what went wrong.
 */
#include <safring/keyring.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdio.h>

/* On whose behalf we ask: NULL is the program itself. */
static const saf_principal who = { NULL };

static const char *usage_name(saf_usage usage)
{
    switch (usage) {
    case SAF_USAGE_PERSONAL:
        return "PERSONAL";
    case SAF_USAGE_CERTAUTH:
        return "CERTAUTH";
    case SAF_USAGE_SITE:
        return "SITE";
    }
    return "?";
}

static void print_ring(const saf_ring *ring)
{
    printf("ring %s/%s, certificates: %zu\n", saf_ring_owner(ring), saf_ring_name(ring), saf_ring_size(ring));
    for (size_t i = 0; i < saf_ring_size(ring); i++) {
        const saf_connection *connection = saf_ring_at(ring, i);
        const saf_cert *cert = connection->cert;
        printf("%s/%s  %s%s  %s\n", cert->owner, cert->label, usage_name(connection->usage),
               connection->is_default == SAF_DEFAULT ? " default" : "", cert->subject);
    }
}

/* The certificate as OpenSSL's object; its DER bytes belong to the ring. */
static X509 *certificate_of(const saf_connection *connection)
{
    const unsigned char *der = connection->cert->der.data;
    return d2i_X509(NULL, &der, (long)connection->cert->der.len);
}

static saf_status print_match(const saf_connection *connection, EVP_PKEY *key, saf_error *err)
{
    const saf_cert *record = connection->cert;
    X509 *cert = certificate_of(connection);
    int matches = cert && X509_check_private_key(cert, key) == 1;
    X509_free(cert);
    if (!matches) {
        snprintf(err->text, sizeof err->text, "the private key of %s/%s does not match its certificate", record->owner,
                 record->label);
        return SAF_E_FAILED;
    }
    printf("private key of %s/%s: %s, %d bits, matches the certificate\n", record->owner, record->label, record->key_type,
           EVP_PKEY_get_bits(key));
    return SAF_OK;
}

/* Whoever may not have the key still sees the certificate: SAF_E_DENIED comes here, not when the ring is opened. */
static saf_status print_default_key(const saf_ring *ring, saf_store *store, saf_error *err)
{
    const saf_connection *connection = saf_ring_default(ring);
    if (!connection) {
        printf("no default certificate\n");
        return SAF_OK;
    }

    EVP_PKEY *key = NULL;
    saf_status status = saf_ring_load_key(&key, ring, connection, store, &who, err);
    if (status == SAF_E_UNSUPPORTED && connection->cert->key_place == SAF_KEY_IN_TOKEN) {
        /* saf_p11_load_private_key() of <safring/pkcs11.h> takes it from there. */
        printf("private key of %s/%s is in a token: %s\n", connection->cert->owner, connection->cert->label,
               connection->cert->key_uri);
        return SAF_OK;
    }
    if (status == SAF_OK)
        status = print_match(connection, key, err);
    EVP_PKEY_free(key);
    return status;
}

/* The snapshot of the ring is ours alone: nobody changes it under us, and we close it when we are done. */
static saf_status show(saf_store *store, const char *owner, const char *name, saf_error *err)
{
    saf_ring *ring = NULL;
    saf_status status = saf_ring_open(&ring, store, &who, owner, name, err);
    if (status != SAF_OK)
        return status;
    print_ring(ring);
    status = print_default_key(ring, store, err);
    saf_ring_close(&ring);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s STORE OWNER RING\n", argc ? argv[0] : "ring-from-c");
        return saf_status_exit_code(SAF_E_USAGE);
    }

    saf_store *store = NULL;
    saf_error err = { 0 };
    saf_status status = saf_store_open(&store, argv[1], NULL, &err);
    if (status == SAF_OK)
        status = show(store, argv[2], argv[3], &err);
    if (status != SAF_OK)
        fprintf(stderr, "ring-from-c: %s\n%s%s", err.text, err.hint, err.hint[0] ? "\n" : "");
    saf_store_close(&store);

    if (status == SAF_OK && fflush(stdout) != 0) {
        perror("ring-from-c: standard output");
        status = SAF_E_IO;
    }
    return saf_status_exit_code(status);
}
