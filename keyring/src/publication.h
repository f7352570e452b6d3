/** @file Published rings as the rest of the room uses them: opened in place of a store, renewed after each commit. */
#ifndef KEYRING_PUBLICATION_H
#define KEYRING_PUBLICATION_H

#include "publication-format.h"
#include "ring.h"

OWN_VALUE(saf_publication_page, saf_publication_page_free)

/* ---- reading (publication-read.c) ---- */

/** Whether a directory is a publication, not a store. */
bool publication_is(const char *dir);

/** SAF_E_FAILED: a directory is what is left of a publication, without its snapshot; neither is there a store. */
saf_status publication_refuse_remains(const char *dir, saf_error *err);

/** What saf_store_open() does then. */
saf_status publication_open(saf_store **out, const char *dir, const saf_store_options *options, saf_error *err);

/** For calls that need a store, before they do anything: SAF_E_UNSUPPORTED when it is a publication. */
saf_status publication_refuse(const saf_store *store, saf_error *err);

/** The snapshot, handed on with its head and its entries. SAF_E_NOT_FOUND, codes 8/8/84: it is not (or no longer) of that ring. */
saf_status publication_read(publication_head *head, const saf_store *store, const ring_place *place, publication_visitor visit,
                            void *context, saf_error *err);
saf_status publication_poll(uint64_t *generation, const saf_store *store, const ring_place *place, saf_error *err);

/** SAF_E_NOT_FOUND, codes 8/8/84: it is of another ring. */
saf_status publication_check_place(const publication_head *head, const ring_place *place, saf_error *err);

/** Which ring it is of. */
saf_status publication_get_head(publication_head *out, const saf_store *store, saf_error *err);

/** The private key of a certificate as it is published now, still PERSONAL. */
saf_status publication_load_key(EVP_PKEY **out, saf_store *store, const ring_place *place, const saf_cert *cert, saf_error *err);

/* ---- writing (publication-renew.c) ---- */

/** After a commit: write what is due, remember how that went for saf_store_unpublished(). */
void publication_renew(saf_store *store);

#endif
