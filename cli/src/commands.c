/** @file The one list of all commands. */
#include <cli/command.h>

#define COMMANDS(X) \
    X(setup) \
    X(store_init) X(store_show) X(store_check) X(store_backup) X(store_restore) X(store_rekey) \
    X(ca_create) X(ca_issued) X(ca_crl) \
    X(cert_issue) X(cert_request) X(cert_sign) X(cert_import) X(cert_export) X(cert_list) X(cert_show) X(cert_chain) X(cert_check) \
    X(cert_alter) X(cert_delete) X(cert_renew) X(cert_rekey) X(cert_rollover) X(cert_revoke) \
    X(ring_create) X(ring_list) X(ring_show) X(ring_connect) X(ring_remove) X(ring_delete) \
    X(ring_publish) X(ring_unpublish) X(ring_export) \
    X(audit_list) X(audit_verify) X(audit_head) \
    X(token_init) X(token_list) X(token_module) X(token_show) X(token_delete) X(token_bind) X(token_unbind) X(token_backup) X(token_restore) X(token_doctor) \
    X(secret_generate) X(secret_list) X(secret_show) X(secret_check) X(secret_delete) X(secret_wrap) X(secret_unwrap) X(secret_import) \
    X(policy_define) X(policy_list) \
    X(idt_sign) X(idt_verify) X(idt_show)

#define DECLARE(name) extern const cli_command cli_command_##name;
COMMANDS(DECLARE)

#define LIST(name) &cli_command_##name,
const cli_command *const cli_commands[] = { COMMANDS(LIST) NULL };
