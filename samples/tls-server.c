/*
 * A TLS server that gets its certificate, chain, private key and trusted CAs from a key ring, and follows a renewal within a second without
 * dropping a connection.
 *
 *     cc tls-server.c -o tls-server $(pkg-config --cflags --libs safring-keyring) -lssl -lcrypto
 *     safring ring publish ALICE/Ring --for www-data --with-keys --to /srv/ring
 *     ./tls-server /srv/ring ALICE Ring 8443
 *
 * The first argument is a publication, as above, or a store. Each client gets back what it sends, line by line. A client may show a certificate; one
 * that does is checked against the ring's CERTAUTH certificates.
 *
 * How it follows: once a second it asks for the ring's generation, which costs microseconds. When that has changed, it makes a new SSL_CTX of
 * the ring as it is now. New connections use the new one, and those that are open keep theirs, which OpenSSL counts references of. A ring that
 * cannot be used just now (being published, no key) changes nothing: what was good a second ago still is.
 */
#define _GNU_SOURCE
#include <safring/keyring.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS_MAX = 64, POLL_MS = 1000, LINE_MAX_LEN = 4096 };

/* On whose behalf we ask: NULL is the program itself. */
static const saf_principal who = { NULL };

struct server {
    saf_store *store;
    const char *owner, *ring;
    uint64_t generation; /* that context was made of */
    SSL_CTX *context;
    saf_status trouble; /* with the ring, since the last look that went well */
    struct pollfd sockets[1 + CLIENTS_MAX]; /* the first listens */
    SSL *clients[1 + CLIENTS_MAX];
    nfds_t count;
};

/* ---- from ring to SSL_CTX --------------------------------------------------------------------------------------- */

static X509 *certificate_of(const saf_connection *connection)
{
    const unsigned char *der = connection->cert->der.data;
    return d2i_X509(NULL, &der, (long)connection->cert->der.len);
}

/* Whom we trust: CERTAUTH connections whose status is not NOTRUST. They are also what OpenSSL builds our own chain from. */
static int trust(SSL_CTX *context, const saf_ring *ring)
{
    X509_STORE *anchors = SSL_CTX_get_cert_store(context);
    for (size_t i = 0; i < saf_ring_size(ring); i++) {
        const saf_connection *connection = saf_ring_at(ring, i);
        if (connection->usage != SAF_USAGE_CERTAUTH || connection->cert->trust == SAF_NOTRUST || connection->cert->revoked_at)
            continue;
        X509 *ca = certificate_of(connection);
        int ok = ca && X509_STORE_add_cert(anchors, ca) && SSL_CTX_add_client_CA(context, ca);
        X509_free(ca);
        if (!ok)
            return 0;
    }
    return 1;
}

static int identify(SSL_CTX *context, const saf_connection *connection, EVP_PKEY *key)
{
    X509 *cert = certificate_of(connection);
    int ok = cert && SSL_CTX_use_certificate(context, cert) && SSL_CTX_use_PrivateKey(context, key) && SSL_CTX_check_private_key(context) &&
             SSL_CTX_build_cert_chain(context, SSL_BUILD_CHAIN_FLAG_NO_ROOT | SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR);
    X509_free(cert);
    return ok;
}

/* Who checks clients' certificates must say what a session belongs to, or OpenSSL refuses to resume it: this ring as it is now, so that nobody
 * comes back by a session whose certificate the ring trusts no more. */
static int name_sessions(SSL_CTX *context, const saf_ring *ring)
{
    uint64_t generation = saf_ring_generation(ring);
    return SSL_CTX_set_session_id_context(context, (const unsigned char *)&generation, sizeof generation);
}

static SSL_CTX *make_context(const saf_ring *ring, const saf_connection *connection, EVP_PKEY *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context && trust(context, ring) && identify(context, connection, key) && name_sessions(context, ring)) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        return context;
    }
    ERR_print_errors_fp(stderr);
    SSL_CTX_free(context);
    return NULL;
}

static saf_status load_default(struct server *server, const saf_ring *ring, saf_error *err)
{
    const saf_connection *connection = saf_ring_default(ring);
    EVP_PKEY *key = NULL;
    if (!connection) {
        snprintf(err->text, sizeof err->text, "ring %s/%s has no default certificate", server->owner, server->ring);
        return err->status = SAF_E_NOT_FOUND;
    }
    if (connection->cert->trust == SAF_NOTRUST || connection->cert->revoked_at) {
        snprintf(err->text, sizeof err->text, "certificate %s/%s is not trusted, or revoked", connection->cert->owner, connection->cert->label);
        return err->status = SAF_E_DENIED;
    }
    saf_status status = saf_ring_load_key(&key, ring, connection, server->store, &who, err);
    if (status != SAF_OK)
        return status;
    SSL_CTX *context = make_context(ring, connection, key);
    EVP_PKEY_free(key);
    if (!context) {
        snprintf(err->text, sizeof err->text, "cannot serve %s/%s", connection->cert->owner, connection->cert->label);
        return err->status = SAF_E_FAILED;
    }
    SSL_CTX_free(server->context); /* connections that use it keep it */
    server->context = context;
    server->generation = saf_ring_generation(ring);
    printf("serving %s/%s, serial %s\n", connection->cert->owner, connection->cert->label, connection->cert->serial);
    fflush(stdout);
    return SAF_OK;
}

static saf_status load_ring(struct server *server, saf_error *err)
{
    saf_ring *ring = NULL;
    saf_status status = saf_ring_open(&ring, server->store, &who, server->owner, server->ring, err);
    if (status == SAF_OK)
        status = load_default(server, ring, err);
    saf_ring_close(&ring);
    return status;
}

static void follow(struct server *server)
{
    saf_error err = { 0 };
    uint64_t generation;
    saf_status status = saf_ring_poll(&generation, server->store, &who, server->owner, server->ring, &err);
    if (status == SAF_OK && generation != server->generation)
        status = load_ring(server, &err);
    if (status != SAF_OK && status != server->trouble)
        fprintf(stderr, "tls-server: going on with what I have: %s\n", err.text);
    if (status == SAF_OK && server->trouble != SAF_OK)
        fprintf(stderr, "tls-server: the ring is in order again\n");
    server->trouble = status;
}

/* ---- connections ------------------------------------------------------------------------------------------------ */

static int listen_on(unsigned short port)
{
    int one = 1;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0)
        return fd;
    perror("tls-server: cannot listen");
    if (fd >= 0)
        close(fd);
    return -1;
}

static void drop(struct server *server, nfds_t i)
{
    SSL_free(server->clients[i]);
    close(server->sockets[i].fd);
    server->count--;
    server->clients[i] = server->clients[server->count];
    server->sockets[i] = server->sockets[server->count];
}

static void welcome(struct server *server)
{
    int fd = accept4(server->sockets[0].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    SSL *client = fd >= 0 && server->count <= CLIENTS_MAX ? SSL_new(server->context) : NULL;
    if (!client || !SSL_set_fd(client, fd)) {
        SSL_free(client);
        if (fd >= 0)
            close(fd);
        return;
    }
    SSL_set_accept_state(client); /* the handshake happens with the first SSL_read() */
    server->sockets[server->count] = (struct pollfd) { .fd = fd, .events = POLLIN };
    server->clients[server->count++] = client;
}

/* Whether the connection goes on. A client that does not take what it sent is let go: this is a sample. */
static int echo(SSL *client)
{
    char line[LINE_MAX_LEN];
    ERR_clear_error();
    int len = SSL_read(client, line, sizeof line);
    if (len > 0)
        return SSL_write(client, line, len) == len;
    int why = SSL_get_error(client, len);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

static void serve(struct server *server)
{
    for (nfds_t i = server->count; i-- > 1;) {
        if (!server->sockets[i].revents)
            continue;
        int goes_on;
        do
            goes_on = echo(server->clients[i]);
        while (goes_on && SSL_pending(server->clients[i]));
        if (!goes_on)
            drop(server, i);
    }
    if (server->sockets[0].revents)
        welcome(server);
}

static void run(struct server *server)
{
    for (;;) {
        if (poll(server->sockets, server->count, POLL_MS) > 0)
            serve(server);
        follow(server);
    }
}

/* ---- */

static int fail(const saf_error *err)
{
    fprintf(stderr, "tls-server: %s\n", err->text);
    return saf_status_exit_code(err->status);
}

int main(int argc, char **argv)
{
    saf_error err = { 0 };
    if (argc != 5) {
        fprintf(stderr, "usage: tls-server STORE-OR-PUBLICATION OWNER RING PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct server server = { .owner = argv[2], .ring = argv[3], .count = 1 };
    if (saf_store_open(&server.store, argv[1], NULL, &err) != SAF_OK || load_ring(&server, &err) != SAF_OK) {
        saf_store_close(&server.store);
        return fail(&err);
    }
    server.sockets[0] = (struct pollfd) { .fd = listen_on((unsigned short)strtoul(argv[4], NULL, 10)), .events = POLLIN };
    if (server.sockets[0].fd >= 0)
        run(&server);
    SSL_CTX_free(server.context);
    saf_store_close(&server.store);
    return 1;
}
