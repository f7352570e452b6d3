/**
 * @file
 * What an engine of storage.h is judged in: a fresh directory with a database, open. Nothing here or in the tests knows which engine it is.
 *
 *     const struct CMUnitTest tests[] = { IN_STORAGE(a_step_undoes_alone) };
 *
 *     storage_world *w = *state;
 */
#ifndef SUPPORT_STORAGE_WORLD_H
#define SUPPORT_STORAGE_WORLD_H

#include <support/cm.h>

#include "storage.h"

#define IN_STORAGE(test) cmocka_unit_test_setup_teardown(test, storage_enter, storage_leave)

typedef struct storage_world {
    void *scratch;
    struct storage *storage, *other; /* two connections to one database */
    struct authenticator *authenticator; /* of both */
    saf_error err;
} storage_world;

int storage_enter(void **state);
int storage_leave(void **state);

/** A further connection, whose rows the world's authenticator vouches for. */
saf_status storage_open_again(storage_world *w, struct storage **out);

/** SAF_OK, or the test fails with the text. */
void assert_done(storage_world *w, saf_status status);
#define DONE(call) assert_done(w, (call))

/** A failure that is no accident of the disk, with a text. */
void assert_refused(storage_world *w, saf_status status);
#define REFUSED(call) assert_refused(w, (call))

/** In a change of its own. */
#define CHANGE(call) \
    do { \
        DONE(storage_begin_write(w->storage, &w->err)); \
        DONE(call); \
        DONE(storage_commit(w->storage, &w->err)); \
    } while (0)

/** 32 bytes that are another hash for each number; the first is a NUL. They live as long as the program. */
saf_bytes hash_of(unsigned number);

/** A certificate to add: everything in it follows from @p number, but owner and label. */
struct storage_new_cert new_cert_of(const char *owner, const char *label, unsigned number);

/** Add it, within a change. Its id. */
int64_t add_cert(storage_world *w, const char *owner, const char *label, unsigned number);
int64_t find_cert_id(storage_world *w, const char *owner, const char *label);
void add_key(storage_world *w, unsigned number, const char *uri);
int64_t add_ring(storage_world *w, const char *name, uint64_t generation);

/** What visits showed: a line of text for each row. */
typedef struct seen {
    saf_buffer text;
    unsigned count;
    unsigned stop_after; /* 0: never */
} seen;

void seen_free(seen *seen);
OWN_VALUE(seen, seen_free)

/** Visitors that write "OWNER/LABEL ", "NAME ". After stop_after rows they answer SAF_E_CONFLICT. */
saf_status see_cert(void *context, const struct storage_cert *cert, saf_error *err);
saf_status see_ring(void *context, const struct storage_ring *ring, saf_error *err);
saf_status see_number(void *context, int64_t number, saf_error *err);

void assert_seen(seen *seen, const char *expected);

#endif
