/**
 * @file
 * The bytes of a published ring (FORMAT.md describes them): written by who has the store, read by anybody, so the reader believes nothing
 * before the MAC is right, and allocates nothing for what a number in it says.
 */
#ifndef KEYRING_PUBLICATION_FORMAT_H
#define KEYRING_PUBLICATION_FORMAT_H

#include "storage.h"

#include <safring/secret.h>

enum { PUBLICATION_KEY_LEN = 32, PUBLICATION_MAX = 256 * 1024 * 1024, PUBLICATION_HEAD_MAX = 512, PUBLICATION_SEALED_MAX = 64 * 1024 };

/** What a publication begins with. */
typedef struct publication_head {
    uint32_t len, count; /* of all bytes, of connections; known when it is finished */
    uint64_t generation;
    unsigned char id[STORAGE_RECORD_ID_LEN];
    char owner[SAF_OWNER_MAX + 1];
    char name[SAF_RING_NAME_MAX + 1];
} publication_head;

/** One certificate of it. Only what a reader sees of the store's row is set. */
typedef struct publication_entry {
    struct storage_cert row; /* owner, label and key_uri point into this entry, der into the content */
    saf_bytes sealed;        /* the private key, for SAF_KEY_STORED */
    char owner[SAF_OWNER_MAX + 1], label[SAF_LABEL_MAX + 1], uri[SAF_KEY_URI_MAX + 1];
} publication_entry;

/* ---- writing ---- */

void publication_begin(saf_buffer *out, const publication_head *head);
void publication_add(saf_buffer *out, const struct storage_cert *row, saf_bytes sealed);

/** Fill in length and count, and append the MAC under ring.key's bytes. */
saf_status publication_finish(saf_buffer *out, uint32_t count, const saf_secret *key, saf_error *err);

/** What a private key is bound to in its envelope. */
saf_status publication_key_context(saf_buffer *out, const publication_head *head, const unsigned char fingerprint[SAF_FINGERPRINT_LEN],
                                   saf_error *err);

/* ---- reading; @p path is for the texts ---- */

/** Read the head from the first bytes (PUBLICATION_HEAD_MAX of them are enough). SAF_E_FAILED (damaged), SAF_E_UNSUPPORTED (newer). */
saf_status publication_read_head(publication_head *out, saf_bytes start, const char *path, saf_error *err);

/** Check the MAC of the whole content. SAF_E_FAILED. */
saf_status publication_check(saf_bytes content, const saf_secret *key, const char *path, saf_error *err);

typedef saf_status (*publication_visitor)(void *context, const publication_entry *entry, saf_error *err);

/** Visit the connections in their order; @p content has been checked. SAF_E_FAILED when it is not exactly as the format says. */
saf_status publication_visit(saf_bytes content, const char *path, publication_visitor visit, void *context, saf_error *err);

#endif
