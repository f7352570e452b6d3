/* Finding, describing, examining, backing up, restoring and removing tokens of SoftHSM. */
#include <support/scratch.h>
#include <support/softhsm.h>

#include <safring/token.h>

#include <fcntl.h>

OWN_VALUE(saf_token_findings, saf_token_findings_free)
OWN_VALUE(saf_token_object_list, saf_token_object_list_free)

/* A token with one key, and its backup. */
typedef struct world {
    saf_p11 *p11;
    saf_p11_token token;
    unsigned char *backup;
    size_t backup_len;
} world;

static void make_key(saf_p11 *p11, const char *label)
{
    OWN(saf_p11_session) *session = softhsm_login(p11, "T");
    saf_p11_secret made;
    const saf_p11_secret_spec spec = { .label = label, .len = 32 };
    assert_int_equal(saf_p11_generate_secret(&made, session, &spec, NULL), SAF_OK);
}

static world enter(void)
{
    world world = { .p11 = softhsm_open() };
    softhsm_init_token(world.p11, "T");
    make_key(world.p11, "key");
    assert_int_equal(saf_token_find(&world.token, world.p11, "T", NULL), SAF_OK);
    OWN(saf_p11_session) *session = softhsm_login(world.p11, "T");
    assert_int_equal(saf_token_backup(&world.backup, &world.backup_len, session, NULL, NULL, NULL), SAF_OK);
    return world;
}

static void leave(world *world)
{
    saf_p11_close(&world->p11);
    free(world->backup);
}

static size_t examine(saf_token_fault *first, saf_token_action action)
{
    OWN(saf_token_findings) findings = { 0 };
    saf_error err = { 0 };
    if (saf_token_examine(&findings, NULL, NULL, saf_bytes_of(NULL, 0), action, &err) != SAF_OK)
        fail_msg("%s", err.text);
    if (findings.count && first)
        *first = findings.items[0].fault;
    return findings.count;
}

static size_t count_keys(saf_p11 *p11)
{
    OWN(saf_p11_session) *session = softhsm_login(p11, "T");
    OWN(saf_p11_secret_list) list = { 0 };
    assert_int_equal(saf_p11_list_secrets(&list, session, NULL, NULL), SAF_OK);
    return list.count;
}

static void truncate_file(const char *name, off_t len)
{
    OWN(own_text) path = softhsm_token_file(name);
    assert_int_equal(truncate(path, len), 0);
}

/* An officer cannot log in beside a user, and a handle stays logged in. */
static void reopen(world *world)
{
    saf_p11_close(&world->p11);
    world->p11 = softhsm_open();
    assert_int_equal(saf_token_find(&world->token, world->p11, "T", NULL), SAF_OK);
}

/* ---- finding and describing ---- */

static void find_takes_label_serial_and_uri(void **state)
{
    (void)state;
    world world = enter();
    saf_p11_token found;
    char uri[80];
    assert_int_equal(saf_token_find(&found, world.p11, world.token.serial, NULL), SAF_OK);
    snprintf(uri, sizeof uri, "pkcs11:serial=%s", world.token.serial);
    assert_int_equal(saf_token_find(&found, world.p11, uri, NULL), SAF_OK);
    assert_string_equal(found.label, "T");
    assert_int_equal(saf_token_find(&found, world.p11, "", NULL), SAF_E_NOT_FOUND);
    assert_int_equal(saf_token_find(&found, world.p11, "U", NULL), SAF_E_NOT_FOUND);
    assert_int_equal(saf_token_find(&found, world.p11, "pkcs11:bad", NULL), SAF_E_USAGE);
    leave(&world);
}

static void describe_tells_where_the_files_are(void **state)
{
    (void)state;
    world world = enter();
    saf_token_info info;
    assert_int_equal(saf_token_describe(&info, world.p11, &world.token, NULL), SAF_OK);
    assert_true(info.pin_set);
    assert_int_equal(access(info.directory, R_OK), 0);
    assert_non_null(info.has[0]);
    leave(&world);
}

static void objects_are_listed_with_the_counter(void **state)
{
    (void)state;
    world world = enter();
    OWN(saf_token_object_list) list = { 0 };
    {
        OWN(saf_p11_session) *session = softhsm_login(world.p11, "T");
        assert_int_equal(saf_token_list_objects(&list, session, NULL), SAF_OK);
    }
    assert_int_equal(list.count, 2);
    assert_int_equal(list.last_sequence, 1);
    assert_int_equal(list.objects[0].type, SAF_P11_SECRET_KEY);
    assert_true(list.objects[1].is_counter);
    leave(&world);
}

/* ---- examining ---- */

static void a_good_token_has_no_findings(void **state)
{
    (void)state;
    world world = enter();
    assert_int_equal(examine(NULL, SAF_TOKEN_TELL), 0);
    leave(&world);
}

static void telling_repairs_nothing(void **state)
{
    (void)state;
    world world = enter();
    saf_token_fault fault;
    truncate_file("token.object", 0);
    assert_int_equal(examine(&fault, SAF_TOKEN_TELL), 1);
    assert_int_equal(fault, SAF_TOKEN_LOST);
    assert_int_equal(examine(&fault, SAF_TOKEN_REPAIR), 1);
    assert_int_equal(examine(NULL, SAF_TOKEN_TELL), 0);
    leave(&world);
}

static void a_damaged_token_object_is_put_back_at_the_next_open(void **state)
{
    (void)state;
    world world = enter();
    saf_p11_close(&world.p11);
    truncate_file("token.object", 100);
    world.p11 = softhsm_open();
    assert_int_equal(count_keys(world.p11), 1);
    leave(&world);
}

static void every_fault_has_a_name(void **state)
{
    (void)state;
    for (int fault = SAF_TOKEN_NO_CONFIGURATION; fault <= SAF_TOKEN_SEQUENCE; fault++)
        assert_string_not_equal(saf_token_fault_name((saf_token_fault)fault), "unknown");
    assert_string_equal(saf_token_fault_name((saf_token_fault)99), "unknown");
}

static void every_key_can_be_tried(void **state)
{
    (void)state;
    world world = enter();
    OWN(saf_token_findings) findings = { 0 };
    {
        OWN(saf_p11_session) *session = softhsm_login(world.p11, "T");
        assert_int_equal(saf_token_try_keys(&findings, session, SAF_TOKEN_TELL, NULL), SAF_OK);
    }
    assert_int_equal(findings.count, 0);
    leave(&world);
}

/* ---- backup and restore ---- */

static void a_backup_says_what_it_is(void **state)
{
    (void)state;
    world world = enter();
    saf_token_backup_info info;
    assert_int_equal(saf_token_backup_read(&info, saf_bytes_of(world.backup, world.backup_len), NULL), SAF_OK);
    assert_string_equal(info.label, "T");
    assert_string_equal(info.serial, world.token.serial);
    assert_int_equal(info.objects, 2);
    leave(&world);
}

static void every_altered_block_is_seen(void **state)
{
    (void)state;
    world world = enter();
    saf_token_backup_info info;
    for (size_t at = 0; at < world.backup_len; at += 97) {
        world.backup[at] ^= 0x20;
        assert_int_equal(saf_token_backup_read(&info, saf_bytes_of(world.backup, world.backup_len), NULL), SAF_E_MALFORMED);
        world.backup[at] ^= 0x20;
    }
    leave(&world);
}

static void every_cut_of_a_backup_is_seen(void **state)
{
    (void)state;
    world world = enter();
    saf_token_backup_info info;
    for (size_t len = 0; len < world.backup_len; len += 256)
        assert_int_equal(saf_token_backup_read(&info, saf_bytes_of(world.backup, len), NULL), SAF_E_MALFORMED);
    leave(&world);
}

static void restore_brings_back_the_token(void **state)
{
    (void)state;
    world world = enter();
    OWN(saf_secret) pin = softhsm_secret(SOFTHSM_PIN);
    OWN(saf_secret) so_pin = softhsm_secret(SOFTHSM_SO_PIN);
    saf_error err = { 0 };
    saf_bytes backup = saf_bytes_of(world.backup, world.backup_len);
    reopen(&world);
    assert_int_equal(saf_token_delete(world.p11, &world.token, &so_pin, NULL), SAF_OK);
    saf_p11_close(&world.p11);
    if (saf_token_restore(NULL, backup, &pin, SAF_TOKEN_FAIL, &err) != SAF_OK)
        fail_msg("%s", err.text);
    assert_int_equal(saf_token_restore(NULL, backup, &pin, SAF_TOKEN_FAIL, NULL), SAF_E_EXISTS);
    world.p11 = softhsm_open();
    assert_int_equal(count_keys(world.p11), 1);
    make_key(world.p11, "later");
    assert_int_equal(count_keys(world.p11), 2);
    saf_p11_close(&world.p11);
    assert_int_equal(saf_token_restore(NULL, backup, &pin, SAF_TOKEN_REPLACE, NULL), SAF_OK);
    world.p11 = softhsm_open();
    assert_int_equal(count_keys(world.p11), 1);
    leave(&world);
}

static void restore_refuses_a_wrong_pin(void **state)
{
    (void)state;
    world world = enter();
    OWN(saf_secret) wrong = softhsm_secret("0000-wrong");
    saf_p11_close(&world.p11);
    assert_int_equal(saf_token_restore(NULL, saf_bytes_of(world.backup, world.backup_len), &wrong, SAF_TOKEN_REPLACE, NULL), SAF_E_DENIED);
    assert_int_equal(access("tokens/.safring.new", F_OK), -1);
    world.p11 = softhsm_open();
    assert_int_equal(count_keys(world.p11), 1);
    leave(&world);
}

static void delete_refuses_a_wrong_so_pin(void **state)
{
    (void)state;
    world world = enter();
    OWN(saf_secret) wrong = softhsm_secret("0000-wrong");
    size_t objects;
    reopen(&world);
    assert_int_equal(saf_token_delete(world.p11, &world.token, &wrong, NULL), SAF_E_DENIED);
    assert_int_equal(saf_token_count_files(&objects, world.p11, &world.token, NULL), SAF_OK);
    assert_int_equal(objects, 2);
    leave(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(find_takes_label_serial_and_uri),
        IN_SOFTHSM(describe_tells_where_the_files_are),
        IN_SOFTHSM(objects_are_listed_with_the_counter),
        IN_SOFTHSM(a_good_token_has_no_findings),
        IN_SOFTHSM(telling_repairs_nothing),
        IN_SOFTHSM(a_damaged_token_object_is_put_back_at_the_next_open),
        cmocka_unit_test(every_fault_has_a_name),
        IN_SOFTHSM(every_key_can_be_tried),
        IN_SOFTHSM(a_backup_says_what_it_is),
        IN_SOFTHSM(every_altered_block_is_seen),
        IN_SOFTHSM(every_cut_of_a_backup_is_seen),
        IN_SOFTHSM(restore_brings_back_the_token),
        IN_SOFTHSM(restore_refuses_a_wrong_pin),
        IN_SOFTHSM(delete_refuses_a_wrong_so_pin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
