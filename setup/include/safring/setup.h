/**
 * @file
 * A whole installation from zowe.yaml: what `zwe init certificate` and the ZWEKRING and ZWESECKG jobs do on z/OS.
 *
 * Three stages, each usable alone: *read* the configuration (saf_zowe_config), *plan* what has to be done against the store, token and files as
 * they are (saf_setup_plan: a list of steps, each to do or already done), and *apply* the plan. A dry run is a plan that is not applied, so both
 * show the same. Applying twice changes nothing the second time; what was interrupted is completed by the next run.
 *
 * The five scenarios (keys of zowe.setup.certificate):
 *   1 type PKCS12:            make CA and server certificate, write keystore and trust store files
 *   2 type PKCS12 + pkcs12.import.keystore:   the certificate comes from that file
 *   3 type JCERACFKS (or another keyring type): make CA and server certificate, fill the ring
 *   4 … + keyring.connect.label:  connect a certificate that the store has
 *   5 … + keyring.import.dsName:  the certificate comes from that PKCS#12 file
 *
 * Deliberately not here: argument parsing, printing.
 */
#ifndef SAFRING_SETUP_H
#define SAFRING_SETUP_H

#include <safring/cert.h>
#include <safring/keyring.h>
#include <safring/pkcs11.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The largest zowe.yaml that is read, in bytes. */
enum { SAF_ZOWE_YAML_MAX = 4 * 1024 * 1024 };

typedef enum saf_zowe_scenario {
    SAF_ZOWE_PKCS12_GENERATE = 1,
    SAF_ZOWE_PKCS12_IMPORT,
    SAF_ZOWE_KEYRING_GENERATE,
    SAF_ZOWE_KEYRING_CONNECT,
    SAF_ZOWE_KEYRING_IMPORT
} saf_zowe_scenario;

/** "PKCS12 generate" and so on. Never NULL. */
const char *saf_zowe_scenario_name(saf_zowe_scenario scenario);

/** zowe.setup.certificate and its neighbours, defaults filled in (Zowe's own, except where the comment says otherwise). Strings are never NULL
 *  ("" when absent). */
typedef struct saf_zowe_config {
    saf_zowe_scenario scenario;
    const char *type; /**< as written: PKCS12, JCERACFKS, … */
    const char *owner; /**< zowe.setup.security.users.zowe, else ZWESVUSR; keyring.owner wins for the ring and its certificate */
    struct {
        const char *directory, *name, *ca_alias;
        bool lock;
        const char *import_keystore, *import_alias;
        saf_secret password, ca_password, import_password; /**< empty when absent */
    } pkcs12;
    struct {
        const char *owner, *name, *label, *ca_label;
        const char *connect_user, *connect_label;
        const char *import_file;
        saf_secret import_password;
    } keyring;
    struct {
        const char *ca_common_name, *common_name, *org_unit, *org, *locality, *state, *country;
    } dname;
    unsigned validity_days;
    const char *const *san; /**< zowe.setup.certificate.san, else zowe.externalDomains */
    size_t san_count;
    const char *const *import_cas; /**< PEM paths (PKCS12) or labels (keyring) */
    size_t import_ca_count;
    void *storage; /**< the library's own */
} saf_zowe_config;

/** Read a zowe.yaml. @p path names it in messages, which give line and column.
 *  SAF_E_MALFORMED (YAML that cannot be parsed, or nested or aliased beyond the limits), SAF_E_USAGE (a value is not valid: the text gives its key),
 *  SAF_E_UNSUPPORTED (a type that only z/OS has). */
saf_status saf_zowe_config_read(saf_zowe_config *out, saf_bytes yaml, const char *path, saf_error *err);

void saf_zowe_config_free(saf_zowe_config *config);

/** What the installer asked for on top of the file. Everything is borrowed and must outlive the plan. */
typedef struct saf_setup_options {
    const saf_zowe_config *config;
    const char *config_path; /**< for update_config */
    const char *root;        /**< put before every path that is written, not before those that are read (import.keystore, …), nor in the
                                  zowe.certificate block, which names paths as servers will see them; NULL or "": none */
    const char *store_dir;
    const saf_store_options *store_options;
    const saf_p11_options *p11_options;
    const saf_principal *who;
    bool update_config;         /**< write the zowe.certificate block into the file */
    bool keep_default_passwords; /**< take "password" and "local_ca_password" as they are */
    bool no_idt;                /**< neither token, secret nor policy */
    const char *appl;           /**< application of the policy; NULL: ZOWEAPPL */
    const char *token;          /**< name of the PKCS#11 token; NULL: ZWE.IDT */
    const char *secret_label;   /**< NULL: jwtsecret */
    saf_secret *pin, *so_pin;   /**< empty: those of an earlier run, else random ones, in store_dir/setup/TOKEN.pin and .so-pin */
    saf_progress_fn progress;
    void *progress_context;
} saf_setup_options;

/** What became, or would become, of one step. */
typedef enum saf_step_state { SAF_STEP_TO_DO, SAF_STEP_DONE_BEFORE, SAF_STEP_DONE_NOW } saf_step_state;

/** One step of a plan, in the order in which they are carried out. Strings live as long as the plan. */
typedef struct saf_setup_step {
    const char *action; /**< stable name: "store", "ca", "certificate", "ring", "connect", "keystore", "truststore", "pem", "token", "secret", "policy",
                             "secrets-file", "pin-file", "config", "lock", "trust" */
    const char *object; /**< what it makes: OWNER/LABEL, OWNER/RING, path, URI */
    const char *text;   /**< one line for a person, no secret: "issue ZWESVUSR/localhost, RSA 3072, signed by CERTAUTH/local_ca" */
    saf_step_state state;
} saf_setup_step;

typedef struct saf_setup_plan saf_setup_plan;

/** Work out what has to be done. Nothing is changed; the store need not exist.
 *  SAF_E_NOT_FOUND (a file or certificate that the configuration names), SAF_E_DENIED, SAF_E_CONFLICT (something of that name is there but is another). */
saf_status saf_setup_plan_make(saf_setup_plan **out, const saf_setup_options *options, saf_error *err);

/** NULL allowed; sets *plan to NULL. */
void saf_setup_plan_free(saf_setup_plan **plan);

size_t saf_setup_plan_size(const saf_setup_plan *plan);
const saf_setup_step *saf_setup_plan_at(const saf_setup_plan *plan, size_t index);

/** How many steps are to do. 0: everything is as it should be. */
size_t saf_setup_plan_pending(const saf_setup_plan *plan);

/** Called before and after each step that does something. */
typedef void (*saf_step_fn)(void *context, const saf_setup_step *step);

/** Carry the plan out. Steps inside the store that stand next to each other are one change: reported as done together, or none of them is.
 *  On failure what was reported as done is done, nothing else is, and no file is half-made.
 *  SAF_E_EXISTS, SAF_E_CONFLICT: somebody changed store or files since the plan was made; plan again. */
saf_status saf_setup_apply(saf_setup_plan *plan, saf_step_fn report, void *context, saf_error *err);

/** How many publications of rings the last change of the store could not write: saf_store_unpublished(). */
unsigned saf_setup_unpublished(const saf_setup_plan *plan, saf_error *err);

/** The zowe.certificate block as YAML, passwords masked, and where the complete one is. Live as long as the plan. */
const char *saf_setup_certificate_block(const saf_setup_plan *plan);
const char *saf_setup_secrets_path(const saf_setup_plan *plan); /**< "" when there is none */

/** The file that has the token's PIN, for use as a file: source; "" when the caller gave one, or there is no token. Lives as long as the plan. */
const char *saf_setup_pin_path(const saf_setup_plan *plan);

#ifdef __cplusplus
}
#endif

#endif
