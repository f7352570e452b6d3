/**
 * @file
 * The plan from inside: what was found out about files, store and token, and the steps that follow from it.
 *
 * plan.c lets each of the others look and add its steps, in the order of their execution:
 * material.c (certificates and CAs), secrets.c (passwords), block.c (zowe.certificate), step-*.c. apply.c carries steps out.
 */
#ifndef PLAN_H
#define PLAN_H

#include "text-pool.h"

#include <base/buffer.h>
#include <base/own-openssl.h>

#include <safring/secret-key.h>
#include <safring/setup.h>
#include <setup/yaml-edit.h>

OWN_HANDLE(saf_cert, saf_cert_free)
OWN_HANDLE(saf_ring, saf_ring_close)
OWN_HANDLE(saf_bundle, saf_bundle_free)
OWN_HANDLE(saf_p11, saf_p11_close)
OWN_HANDLE(saf_p11_session, saf_p11_logout)
OWN_VALUE(saf_blob, saf_blob_free)
OWN_VALUE(saf_cert_page, saf_cert_page_free)
OWN_VALUE(saf_p11_secret_list, saf_p11_secret_list_free)

typedef struct setup_step setup_step;

/** What steps of one kind have in common. */
typedef struct step_kind {
    const char *action;
    bool in_change; /* happens inside a change of the store, together with its neighbours */
    saf_status (*prepare)(saf_setup_plan *plan, setup_step *step, saf_error *err); /* slow work before the change; NULL: none */
    saf_status (*apply)(saf_setup_plan *plan, setup_step *step, saf_error *err);
} step_kind;

typedef struct file_kind file_kind;

struct setup_step {
    saf_setup_step shown; /* first: its address is the step's */
    const step_kind *kind;
    size_t index;         /* which of several, as the kind counts */
    EVP_PKEY *key;        /* what prepare() made */
    const file_kind *file; /* steps that write a file of the keystore directory; else NULL */
    bool replaces;         /* the file is there, and is an older one of ours */
};

/** A certificate as far as it is known: from the store, from a file, or not at all because it is still to be made. */
typedef struct known_cert {
    const char *owner, *label; /* what it is, or will be, called in the store */
    saf_cert *record;          /* NULL: not in the store */
    saf_buffer der;            /* empty: still to be made */
    EVP_PKEY *key;             /* of a file that is imported; else NULL */
    const char *origin;        /* that file; "" none */
    bool renews;               /* it is to take the place of the one that the store has there, for the same key */
} known_cert;

/** A CA that servers are to trust. */
typedef struct authority {
    known_cert cert;
    bool made;            /* this installation's own */
    const char *alias;    /* in the trust store */
    const char *pem_path; /* "" in key rings */
} authority;

enum { AUTHORITIES_MAX = 320 };

/** Where a password or PIN is from. Kept and made ones stand in a file. */
typedef enum secret_origin { SECRET_NONE, SECRET_GIVEN, SECRET_KEPT, SECRET_MADE } secret_origin;

typedef struct setup_secret {
    saf_secret value;
    secret_origin origin;
} setup_secret;

/** Names that are worked out once. Paths have the root in front. */
typedef struct setup_names {
    const char *root; /* without a slash at its end; "" none */
    const char *subject, *ca_subject, *san;
    const char *ring_address; /* "" none */
    const char *server_dir, *ca_dir;
    const char *keystore, *truststore, *pem_cert, *pem_key, *ca_keystore;
} setup_names;

/** What identity tokens need, as far as it is there. */
typedef struct setup_idt {
    const char *token, *label, *appl;
    const char *softhsm_conf;
    bool token_exists;
    const char *secret_uri; /* the newest version; "" none yet */
    bool secret_made;       /* just now, and not yet told the audit trail */
    bool policy_exists;
    saf_p11 *p11;           /* while steps are carried out */
    saf_p11_session *session;
} setup_idt;

enum { WISHES = 10 };

struct saf_setup_plan {
    saf_setup_options options;
    const saf_zowe_config *config;
    saf_principal who;
    text_pool texts;
    setup_names names;
    saf_store *store; /* NULL: there is none yet */
    saf_change *change; /* while steps are carried out in it */
    known_cert server;
    authority authorities[AUTHORITIES_MAX];
    size_t authority_count;
    const char *secrets_path; /* "" none */
    const char *ca_password_path; /* "" without a CA of our own */
    const char *pin_path, *so_pin_path; /* "" without a token */
    setup_secret keystore_password, ca_password, pin, so_pin;
    saf_yaml_wish wishes[WISHES];
    saf_buffer block; /* masked */
    setup_idt idt;
    setup_step *steps;
    size_t step_count, step_cap;
};

/* ---- plan.c ---- */

/** Append a step; *out (NULL allowed) is valid until the next one is appended. The strings must live as long as the plan. */
saf_status plan_add(setup_step **out, saf_setup_plan *plan, const step_kind *kind, saf_step_state state, const char *object,
                    const char *text, saf_error *err);

bool plan_is_ring(const saf_setup_plan *plan);
bool plan_makes_certificates(const saf_setup_plan *plan);

/** A path as servers see it, without the root. */
const char *plan_shown_path(const saf_setup_plan *plan, const char *path);

/** SAF_OK also when nothing was found: *out stays NULL then. */
saf_status plan_find_cert(saf_cert **out, const saf_setup_plan *plan, const char *owner, const char *label, saf_error *err);
saf_status plan_find_same_cert(saf_cert **out, const saf_setup_plan *plan, saf_bytes der, saf_error *err);

/** Load the record of a certificate that steps before have put into the store. */
saf_status plan_load_record(saf_setup_plan *plan, known_cert *cert, saf_error *err);

void known_cert_free(known_cert *cert);

/* ---- what is there, and what is wanted ---- */

saf_status names_settle(saf_setup_plan *plan, saf_error *err);    /* names.c */
const char *names_lower(saf_setup_plan *plan, const char *label);
const char *names_key(const saf_setup_plan *plan, const known_cert *cert); /* the key of zowe.yaml that gives it its label */
saf_status material_gather(saf_setup_plan *plan, saf_error *err); /* material.c */
/** Import what a file holds, in the change that is open. @p out, @p result: NULL allowed. */
saf_status material_import(saf_cert **out, saf_import_result *result, saf_setup_plan *plan, const known_cert *cert, saf_error *err);
saf_status secrets_settle(saf_setup_plan *plan, saf_error *err);  /* secrets.c */
saf_status secret_give(setup_secret *secret, saf_bytes value, saf_error *err); /* no value: nothing happens */
saf_status secret_make(setup_secret *secret, saf_error *err); /* a random one, unless there is one */
/** STORE/setup/NAME-HASH.SUFFIX: NAME is for the reader, the hash of @p what tells files apart. NULL: no memory. */
const char *secrets_file_path(saf_setup_plan *plan, const char *name, const char *what, const char *suffix);
saf_status ca_password_settle(saf_setup_plan *plan, saf_error *err); /* pins.c */
saf_status pins_settle(saf_setup_plan *plan, saf_error *err);     /* pins.c */
saf_status block_make(saf_setup_plan *plan, saf_error *err);      /* block.c */
saf_status idt_look(saf_setup_plan *plan, saf_error *err);        /* step-idt.c */
void idt_close(saf_setup_plan *plan);

/* ---- steps ---- */

saf_status plan_store(saf_setup_plan *plan, saf_error *err);
saf_status plan_secrets_file(saf_setup_plan *plan, saf_error *err);
saf_status plan_pin_files(saf_setup_plan *plan, saf_error *err);
saf_status plan_authorities(saf_setup_plan *plan, saf_error *err);
saf_status plan_certificate(saf_setup_plan *plan, saf_error *err);
saf_status plan_ring(saf_setup_plan *plan, saf_error *err);
saf_status plan_idt(saf_setup_plan *plan, saf_error *err);
saf_status plan_files(saf_setup_plan *plan, saf_error *err);
saf_status plan_config_file(saf_setup_plan *plan, saf_error *err);
saf_status plan_lock(saf_setup_plan *plan, saf_error *err);

#endif
