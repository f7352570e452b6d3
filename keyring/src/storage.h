/**
 * @file
 * Where a store's records lie: the one interface between the rules of the keyring and a database engine.
 *
 * The engine keeps records and their constraints; it knows no rule, asks no authority and seals nothing. Another engine
 * (PostgreSQL) implements the same functions. Reads hand each row to a visitor; a row's pointers live as long as its
 * visit, and a visitor that does not return SAF_OK ends the reading with its status. A read that finds nothing is
 * SAF_OK without a visit. A value that nothing here writes is SAF_E_FAILED, never taken for another. So is what would break a constraint (what is
 * unique, what a row refers to), at once or when the change commits: nothing of it is there then. The rules above see to it that it does not come to that.
 * tests/unit/keyring-storage*.c judge an engine by this file alone.
 *
 * All times are seconds since 1970; all strings are UTF-8, compared bytewise.
 */
#ifndef KEYRING_STORAGE_H
#define KEYRING_STORAGE_H

#include <base/buffer.h>

#include <safring/keyring.h>

struct storage;

enum { STORAGE_SCHEMA = 2, STORAGE_RECORD_ID_LEN = 16, STORAGE_MAC_LEN = 32, STORAGE_TIMEOUT_MAX_MIN = 1440 };
enum { STORAGE_ROW_MAC_LEN = 16, STORAGE_SUM_LEN = 32 };

/* ---- connection and transactions ------------------------------------------------------------------------ */

typedef enum storage_mode { STORAGE_USE, STORAGE_MAKE } storage_mode;

/** Open the database of the store in directory @p dir. With STORAGE_USE: SAF_E_NOT_FOUND when there is none or only a
 *  half-made one. With STORAGE_MAKE: it is made, and is complete when a change that called storage_make_schema()
 *  commits; SAF_E_EXISTS when it is complete already. Otherwise SAF_E_UNSUPPORTED (newer), SAF_E_FAILED (not ours). */
saf_status storage_open(struct storage **out, const char *dir, storage_mode mode, unsigned busy_timeout_ms,
                        saf_error *err);
void storage_close(struct storage **storage);

/** Make all tables, inside a change. */
saf_status storage_make_schema(struct storage *storage, saf_error *err);

/** The schema that the database has now: STORAGE_SCHEMA, or an older one. Only settings and counters can be used then. */
saf_status storage_get_schema(unsigned *out, struct storage *storage, saf_error *err);

/** Computes what storage_issued.issuer_digest is, from a certificate. */
typedef saf_status (*storage_digester)(unsigned char out[SAF_FINGERPRINT_LEN], saf_bytes der, saf_error *err);

/** Bring an older database to STORAGE_SCHEMA, inside a change. Its rows are vouched for from then on, whatever they are. */
saf_status storage_upgrade_schema(struct storage *storage, storage_digester issuer, saf_error *err);

/** A read transaction sees one state of the database; a write transaction keeps other writers out. They do not nest. */
saf_status storage_begin_read(struct storage *storage, saf_error *err);
saf_status storage_begin_write(struct storage *storage, saf_error *err);
/** On failure nothing happened; but SAF_E_IO with "is made" in its text: it has happened, and may not survive a power cut. */
saf_status storage_commit(struct storage *storage, saf_error *err);
void storage_rollback(struct storage *storage);

/** A step is a part of a write transaction that can be undone alone. Steps nest: keep and undo mean the innermost. */
saf_status storage_begin_step(struct storage *storage, saf_error *err);
saf_status storage_keep_step(struct storage *storage, saf_error *err);
void storage_undo_step(struct storage *storage);

/* ---- authentic rows -------------------------------------------------------------------------------------- */

/**
 * What vouches for rows. Each row of keys, certificates, what was issued, CRLs, intents, owners, rings, connections, publications and
 * policies has a MAC over all that is in it, its table and its number; the engine computes it at each change and verifies it when the
 * row is read, or is to be changed or deleted. A row whose MAC is wrong is SAF_E_FAILED with "… was altered" in the text, which names
 * it; other rows can be read and changed.
 *
 * That rows are gone, or are those of an older state, shows in the sum of all rows' weights, modulo 2^256, which the engine keeps
 * sealed in the setting STORAGE_SUM_SETTING, bound to the last audit record. It is opened when a write transaction begins (SAF_E_FAILED
 * when it does not open), renewed when that commits, and compared by storage_check(). Reading does not need it.
 */
struct storage_authenticator {
    saf_status (*mac)(void *context, unsigned char out[STORAGE_ROW_MAC_LEN], saf_bytes row, saf_error *err);
    /** What a row with that MAC adds to the sum. */
    saf_status (*weigh)(void *context, unsigned char out[STORAGE_SUM_LEN], saf_bytes mac, saf_error *err);
    /** Append the envelope of a sum, bound to @p place, to @p out. */
    saf_status (*seal)(void *context, saf_buffer *out, saf_bytes sum, saf_bytes place, saf_error *err);
    /** SAF_E_DENIED: it was altered, or belongs to another place. */
    saf_status (*open)(void *context, unsigned char out[STORAGE_SUM_LEN], saf_bytes sealed, saf_bytes place, saf_error *err);
};

#define STORAGE_SUM_SETTING "sum"

/** Before this, only settings, counters and the audit trail can be used, and storage_get_schema(). Both are borrowed. */
void storage_authenticate_with(struct storage *storage, const struct storage_authenticator *authenticator, void *context);

/** Read rings, policies, intents and publications as they lie there, for a check that has reported what was altered; or no more. */
void storage_read_unverified(struct storage *storage, bool unverified);

/* ---- settings and counters ------------------------------------------------------------------------------ */

/** Append a setting's value to @p out. SAF_E_FAILED when it is missing: the database is damaged. */
saf_status storage_get_setting(saf_buffer *out, struct storage *storage, const char *name, saf_error *err);
saf_status storage_put_setting(struct storage *storage, const char *name, saf_bytes value, saf_error *err);

/** The same for one that not every store has. */
saf_status storage_find_setting(bool *found, saf_buffer *out, struct storage *storage, const char *name, saf_error *err);
saf_status storage_delete_setting(struct storage *storage, const char *name, saf_error *err);

/** Counters start at 0 and never fall. */
saf_status storage_get_counter(uint64_t *out, struct storage *storage, const char *name, saf_error *err);
saf_status storage_put_counter(struct storage *storage, const char *name, uint64_t value, saf_error *err);

/** The next number of the one counter that all generations come from. */
saf_status storage_next_generation(uint64_t *out, struct storage *storage, saf_error *err);

/** The generation at the last change of any certificate of an owner; 0 when there never was one. */
saf_status storage_get_owner(uint64_t *generation, struct storage *storage, const char *owner, saf_error *err);
saf_status storage_put_owner(struct storage *storage, const char *owner, uint64_t generation, saf_error *err);

/** Fill the totals of @p out. */
saf_status storage_count(saf_store_info *out, struct storage *storage, saf_error *err);

/* ---- private keys --------------------------------------------------------------------------------------- */

/** A private key, sealed or in a token. */
struct storage_key {
    saf_bytes id;        /* SHA-256 of the SubjectPublicKeyInfo */
    saf_bytes record_id; /* STORAGE_RECORD_ID_LEN random bytes, never changed */
    uint32_t version;    /* rises when the record is sealed again */
    saf_bytes sealed;    /* empty: in a token */
    const char *uri;     /* NULL: sealed */
};

typedef saf_status (*storage_key_visitor)(void *context, const struct storage_key *key, saf_error *err);

saf_status storage_find_key(struct storage *storage, saf_bytes id, storage_key_visitor visit, void *context,
                            saf_error *err);
saf_status storage_add_key(struct storage *storage, const struct storage_key *key, saf_error *err);

/** Delete the key unless a certificate has it. */
saf_status storage_drop_unused_key(struct storage *storage, saf_bytes id, saf_error *err);

/** Delete the key and take it from all certificates that have it, whose rings and owners get that generation; no answer to a request for
 *  it is awaited any more. *holders: how many there were. */
saf_status storage_destroy_key(uint64_t *holders, struct storage *storage, saf_bytes id, uint64_t generation, saf_error *err);

/** Whether any certificate's key has this URI. */
saf_status storage_has_key_uri(bool *out, struct storage *storage, const char *uri, saf_error *err);

/* ---- certificates --------------------------------------------------------------------------------------- */

/** A certificate as it is read. */
struct storage_cert {
    int64_t id;
    const char *owner, *label;
    saf_trust trust;
    saf_bytes der;
    saf_bytes fingerprint, key_id; /* SHA-256 of der, and of its SubjectPublicKeyInfo; empty: not from an engine */
    saf_key_place key_place;
    const char *key_uri;     /* NULL: none */
    const char *last_serial; /* NULL: none */
    int64_t requested_at;    /* 0: no request is awaited */
    int64_t revoked_at;      /* 0: not that this store knew */
    saf_reason reason;
    int64_t connection;      /* only of a ring's: the connection's number, which rises with each that is made */
    saf_usage usage;         /* only of a ring's */
    saf_default is_default;  /* only of a ring's */
};

typedef saf_status (*storage_cert_visitor)(void *context, const struct storage_cert *cert, saf_error *err);

/** A certificate to add. */
struct storage_new_cert {
    const char *owner, *label;
    saf_trust trust;
    saf_bytes der;
    saf_bytes issuer_digest; /* SHA-256 of the issuer's name; unique together with the serial */
    const char *serial;
    uint32_t subject_hash;
    saf_bytes fingerprint;
    saf_bytes key_id;
    bool has_key; /* a storage_key with this key_id is there, and this certificate may use it */
    int64_t not_after;
};

saf_status storage_find_cert(struct storage *storage, const char *owner, const char *label,
                             storage_cert_visitor visit, void *context, saf_error *err);
saf_status storage_find_cert_by_fingerprint(struct storage *storage, saf_bytes fingerprint,
                                            storage_cert_visitor visit, void *context, saf_error *err);
saf_status storage_find_cert_by_serial(struct storage *storage, saf_bytes issuer_digest, const char *serial,
                                       storage_cert_visitor visit, void *context, saf_error *err);

/** All certificates of @p owner that have the private key @p key_id. */
saf_status storage_visit_key_holders(struct storage *storage, const char *owner, saf_bytes key_id,
                                     storage_cert_visitor visit, void *context, saf_error *err);

/** All certificates of @p owner for that public key, in the order they were added. */
saf_status storage_visit_certs_of_key(struct storage *storage, const char *owner, saf_bytes key_id,
                                      storage_cert_visitor visit, void *context, saf_error *err);

/** All with that subject hash: @p owner's first, then CERTAUTH's, then others'. */
saf_status storage_visit_subjects(struct storage *storage, uint32_t subject_hash, const char *owner,
                                  storage_cert_visitor visit, void *context, saf_error *err);

/** At most query->limit, in the order of owner and label. */
saf_status storage_visit_certs(struct storage *storage, const saf_cert_query *query, storage_cert_visitor visit,
                               void *context, saf_error *err);

/** All of an owner, in the order they were added. */
saf_status storage_visit_owned(struct storage *storage, const char *owner, storage_cert_visitor visit,
                               void *context, saf_error *err);

saf_status storage_add_cert(struct storage *storage, const struct storage_new_cert *cert, saf_error *err);
saf_status storage_delete_cert(struct storage *storage, int64_t id, saf_error *err);

/** Let a certificate use the storage_key of its public key, which is there. */
saf_status storage_set_key(struct storage *storage, int64_t cert_id, saf_error *err);
saf_status storage_set_last_serial(struct storage *storage, int64_t cert_id, const char *serial, saf_error *err);
saf_status storage_set_label(struct storage *storage, int64_t cert_id, const char *label, saf_error *err);
saf_status storage_set_trust(struct storage *storage, int64_t cert_id, saf_trust trust, saf_error *err);
saf_status storage_set_requested(struct storage *storage, int64_t cert_id, int64_t at, saf_error *err);

/** Put another certificate for the same public key into a record: its trust and all that DER says; no request is awaited then. */
saf_status storage_replace_cert(struct storage *storage, int64_t cert_id, const struct storage_new_cert *cert,
                                saf_error *err);

/* ---- what CAs have issued ------------------------------------------------------------------------------- */

/** A CA is a key and a name: a key may sign under several. */
struct storage_ca {
    saf_bytes key_id;
    saf_bytes name_digest; /* of the name, whatever its string types: facts_name_canonical_digest() */
};

struct storage_issued {
    int64_t id; /* only when it is read */
    const char *owner, *label; /* both NULL: a foreign request's */
    const char *serial;        /* only when it is added */
    saf_bytes der;
    saf_bytes fingerprint; /* only when it is added */
    int64_t not_after;     /* only when it is added */
    int64_t at;
    bool is_current;    /* only when it is read: the certificate is in the store */
    int64_t revoked_at; /* 0: it is not; when it is added, it is not */
    saf_reason reason;
};

typedef saf_status (*storage_issued_visitor)(void *context, const struct storage_issued *issued, saf_error *err);

/** Whether that serial was used by the CA's key, or in its name by another key (a rekeyed CA, RFC 5280 4.1.2.2). */
saf_status storage_has_issued(bool *out, struct storage *storage, const struct storage_ca *ca, const char *serial, saf_error *err);
saf_status storage_add_issued(struct storage *storage, const struct storage_ca *ca, const struct storage_issued *issued,
                              saf_error *err);

/** At most query->limit of what a CA signed, in the order of id. */
saf_status storage_visit_issued(struct storage *storage, const struct storage_ca *ca, const saf_issued_query *query,
                                storage_issued_visitor visit, void *context, saf_error *err);
saf_status storage_find_issued(struct storage *storage, const struct storage_ca *ca, const char *serial,
                               storage_issued_visitor visit, void *context, saf_error *err);

/** @p at 0: it is not revoked (any more). */
saf_status storage_set_revoked(struct storage *storage, int64_t issued_id, int64_t at, saf_reason reason,
                               saf_error *err);

/** When the certificate with that fingerprint was revoked, by whichever CA; *at 0: it was not. */
saf_status storage_find_revocation(int64_t *at, saf_reason *reason, struct storage *storage, saf_bytes fingerprint, saf_error *err);

/** Visit what was revoked because its key is compromised, by whichever CA, and has the bytes of @p public_key somewhere in it. */
saf_status storage_visit_compromised(struct storage *storage, saf_bytes public_key, storage_issued_visitor visit, void *context, saf_error *err);

/** Whether the key of @p ca has issued something to others that ends after @p now and is not revoked. */
saf_status storage_has_valid_issued(bool *out, struct storage *storage, const saf_cert *ca, int64_t now, saf_error *err);

/** The next number for a CRL of a CA, and that of its last one. */
saf_status storage_next_crl(saf_crl_turn *out, struct storage *storage, const struct storage_ca *ca, int64_t at,
                            saf_error *err);

/* ---- intents -------------------------------------------------------------------------------------------- */

typedef saf_status (*storage_intent_visitor)(void *context, const saf_intent *intent, saf_error *err);

/** @p intent's number is set by it. */
saf_status storage_add_intent(struct storage *storage, saf_intent *intent, saf_error *err);
saf_status storage_find_intent(struct storage *storage, uint64_t number, storage_intent_visitor visit, void *context,
                               saf_error *err);
saf_status storage_visit_intents(struct storage *storage, size_t limit, storage_intent_visitor visit, void *context,
                                 saf_error *err);
saf_status storage_delete_intent(struct storage *storage, uint64_t number, saf_error *err);

/* ---- rings ---------------------------------------------------------------------------------------------- */

struct storage_ring {
    int64_t id;
    const char *owner, *name;
    uint64_t generation;
    uint64_t size;
};

typedef saf_status (*storage_ring_visitor)(void *context, const struct storage_ring *ring, saf_error *err);

saf_status storage_find_ring(struct storage *storage, const char *owner, const char *name,
                             storage_ring_visitor visit, void *context, saf_error *err);

/** What changes of a ring, which costs one row however much is in it. */
struct storage_ring_state {
    int64_t id; /* 0: there is no such ring */
    uint64_t generation;
    uint64_t shrunk; /* its generation when it was made, or last lost a connection */
};

saf_status storage_poll_ring(struct storage_ring_state *out, struct storage *storage, const char *owner, const char *name, saf_error *err);
saf_status storage_visit_rings(struct storage *storage, const saf_ring_query *query, storage_ring_visitor visit,
                               void *context, saf_error *err);

/** The connected certificates in the order of their connection: those that look different through this ring since its generation @p since; 0: all. */
saf_status storage_visit_ring(struct storage *storage, int64_t ring_id, uint64_t since, storage_cert_visitor visit, void *context,
                              saf_error *err);

typedef saf_status (*storage_number_visitor)(void *context, int64_t number, saf_error *err);

/** The numbers of all connections of a ring, in their order: who knows what it held sees what it lost. */
saf_status storage_visit_ring_numbers(struct storage *storage, int64_t ring_id, storage_number_visitor visit, void *context, saf_error *err);

saf_status storage_add_ring(struct storage *storage, const char *owner, const char *name, uint64_t generation,
                            saf_error *err);
saf_status storage_delete_ring(struct storage *storage, int64_t id, saf_error *err);

/* What follows gives the rings that it changes a new generation. Their readers find what has changed since the one that they know, so each connection
 * keeps the generation at which it, or its certificate, last changed. */

/** A certificate looks different in all rings that it is connected to. */
saf_status storage_touch_rings_of(struct storage *storage, int64_t cert_id, uint64_t generation, saf_error *err);

/** Connect, or give a connection that is there, whose place stays, another usage and default. SAF_DEFAULT takes it from whichever had it. */
saf_status storage_connect(struct storage *storage, int64_t ring_id, int64_t cert_id, saf_usage usage, saf_default is_default, uint64_t generation,
                           saf_error *err);

/** Remove one connection (*removed says whether there was one), or all of a certificate. */
saf_status storage_disconnect(bool *removed, struct storage *storage, int64_t ring_id, int64_t cert_id, uint64_t generation, saf_error *err);
saf_status storage_disconnect_all(struct storage *storage, int64_t cert_id, uint64_t generation, saf_error *err);

/** Remove all connections of a ring. */
saf_status storage_empty_ring(struct storage *storage, int64_t ring_id, uint64_t generation, saf_error *err);

/** One connection of a certificate. */
struct storage_connection {
    int64_t id, ring_id;
    const char *ring_owner, *ring_name;
    saf_usage usage;
    saf_default is_default;
};

typedef saf_status (*storage_connection_visitor)(void *context, const struct storage_connection *connection,
                                                 saf_error *err);

/** All of a certificate, or the one (if there is one) to a ring. */
saf_status storage_visit_connections(struct storage *storage, int64_t cert_id, storage_connection_visitor visit,
                                     void *context, saf_error *err);
saf_status storage_find_connection(struct storage *storage, int64_t ring_id, int64_t cert_id,
                                   storage_connection_visitor visit, void *context, saf_error *err);

/** Let a connection be another certificate's, which has none to that ring; its place, usage and default stay. */
saf_status storage_hand_over(struct storage *storage, int64_t connection_id, int64_t cert_id, uint64_t generation, saf_error *err);

/* ---- publications --------------------------------------------------------------------------------------- */

enum { STORAGE_DIR_MAX = 4095 };

/** A ring that is published in a directory. */
struct storage_publication {
    const char *dir;          /* absolute; unique */
    saf_bytes id;             /* STORAGE_RECORD_ID_LEN random bytes */
    const char *owner, *name; /* of the ring; *AUTH* and *SITE* as such */
    uint32_t user;
    bool with_keys;
    bool is_written;     /* only when it is read: it was at least once, with... */
    uint64_t generation; /* ...this one of the ring */
    bool is_ended;       /* only when it is read: its files are to go */
    bool is_due;         /* only when it is read: ended, or the ring has changed since */
};

typedef saf_status (*storage_publication_visitor)(void *context, const struct storage_publication *publication, saf_error *err);

saf_status storage_find_publication(struct storage *storage, const char *dir, storage_publication_visitor visit, void *context,
                                    saf_error *err);

/** All, in the order of their directories. */
saf_status storage_visit_publications(struct storage *storage, storage_publication_visitor visit, void *context, saf_error *err);

typedef saf_status (*storage_dir_visitor)(void *context, const char *dir, saf_error *err);

/** The directories of those that seem due. Nothing vouches for the answer: who acts on it reads the publication. */
saf_status storage_visit_due_dirs(struct storage *storage, storage_dir_visitor visit, void *context, saf_error *err);
saf_status storage_has_due_publication(bool *out, struct storage *storage, saf_error *err);

/** Add it, or replace that of the same directory. It is due. */
saf_status storage_put_publication(struct storage *storage, const struct storage_publication *publication, saf_error *err);

/** Note which generation was written, unless the publication is another by now. */
saf_status storage_set_published(struct storage *storage, const struct storage_publication *publication, saf_error *err);

/** End those of a ring; only that in @p dir unless NULL. *count: how many there were. */
saf_status storage_end_publications(uint64_t *count, struct storage *storage, const char *owner, const char *name, const char *dir,
                                    saf_error *err);
saf_status storage_drop_ended_publication(struct storage *storage, const char *dir, saf_error *err);

/** Forget them all, also those that have ended; their files stay. */
saf_status storage_drop_publications(uint64_t *count, struct storage *storage, saf_error *err);

/* ---- policies ------------------------------------------------------------------------------------------- */

typedef saf_status (*storage_policy_visitor)(void *context, const saf_policy *policy, saf_error *err);

saf_status storage_visit_policies(struct storage *storage, storage_policy_visitor visit, void *context,
                                  saf_error *err);
saf_status storage_find_policy(struct storage *storage, const char *appl, const char *user,
                               storage_policy_visitor visit, void *context, saf_error *err);
saf_status storage_put_policy(struct storage *storage, const saf_policy *policy, saf_error *err);

/* ---- audit trail ---------------------------------------------------------------------------------------- */

struct storage_audit {
    uint64_t number; /* 1, 2, 3, … without a gap */
    int64_t at;
    const char *who, *action, *object, *details;
    saf_bytes fingerprint; /* of the certificate concerned, or empty */
    saf_bytes mac;         /* STORAGE_MAC_LEN bytes */
};

typedef saf_status (*storage_audit_visitor)(void *context, const struct storage_audit *record, saf_error *err);

saf_status storage_last_audit(struct storage *storage, storage_audit_visitor visit, void *context, saf_error *err);

/** At most @p limit records that follow number @p after. */
saf_status storage_visit_audit(struct storage *storage, uint64_t after, size_t limit, storage_audit_visitor visit,
                               void *context, saf_error *err);
saf_status storage_add_audit(struct storage *storage, const struct storage_audit *record, saf_error *err);

/* ---- checking and copying ------------------------------------------------------------------------------- */

/** Something that is wrong: a sentence without full stop. */
typedef saf_status (*storage_fault_visitor)(void *context, const char *fault, saf_error *err);

/** Visit what is wrong with the database itself: its pages and indexes, references and constraints, the schema (but what is there as this release
 *  makes it), rows that were altered, the sum of all, values that contradict one another. It is done in several transactions of its own. A database that cannot be read to its end has that
 *  as its last fault. */
saf_status storage_check(struct storage *storage, storage_fault_visitor visit, void *context, saf_error *err);

/** Rows as they lie there, whatever they say: text that is missing is "". */
struct storage_raw_cert {
    int64_t id;
    const char *owner, *label;
    saf_bytes der, issuer_digest;
    const char *serial;
    int64_t subject_hash;
    saf_bytes fingerprint, key_id;
    int64_t not_after;
    const char *last_serial; /* NULL: none */
};

struct storage_raw_key {
    struct storage_key key;
    const char *owner, *label; /* of the first certificate that has it; NULL: none has */
    saf_bytes der;             /* of that certificate */
};

struct storage_raw_issued {
    int64_t id;
    saf_bytes ca_key_id, issuer_digest;
    const char *serial;
    saf_bytes der, fingerprint;
    int64_t not_after;
    const char *owner, *label; /* NULL: a foreign request's */
};

typedef saf_status (*storage_raw_cert_visitor)(void *context, const struct storage_raw_cert *cert, saf_error *err);
typedef saf_status (*storage_raw_key_visitor)(void *context, const struct storage_raw_key *key, saf_error *err);
typedef saf_status (*storage_raw_issued_visitor)(void *context, const struct storage_raw_issued *issued, saf_error *err);
typedef saf_status (*storage_setting_visitor)(void *context, const char *name, saf_bytes value, saf_error *err);

/** At most @p limit rows that follow id @p after, in the order of their ids. */
saf_status storage_visit_raw_certs(struct storage *storage, int64_t after, size_t limit, storage_raw_cert_visitor visit, void *context,
                                   saf_error *err);
saf_status storage_visit_raw_keys(struct storage *storage, saf_bytes after, size_t limit, storage_raw_key_visitor visit, void *context,
                                  saf_error *err);
saf_status storage_visit_raw_issued(struct storage *storage, int64_t after, size_t limit, storage_raw_issued_visitor visit, void *context,
                                    saf_error *err);
saf_status storage_visit_settings(struct storage *storage, storage_setting_visitor visit, void *context, saf_error *err);

/** Copy the whole database, as of one moment, into the file @p path, which is there and empty; others read and write meanwhile. What is there
 *  when it fails is nothing of use. */
saf_status storage_copy(struct storage *storage, const char *path, saf_store_progress_fn progress, void *context, saf_error *err);

/** Open what was copied, to read, and see that it is sound and the store with that id. */
saf_status storage_verify_copy(const char *path, const char *id, saf_error *err);

#endif
