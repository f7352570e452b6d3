#include <support/scratch.h>
#include <support/softhsm.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

TEST(open_says_that_a_module_is_missing)
{
    saf_error err = { 0 };
    saf_p11 *p11 = NULL;
    assert_int_equal(saf_p11_open(&p11, &(saf_p11_options) { .module = "/nowhere/token.so" }, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "no PKCS#11 module /nowhere/token.so");
    assert_string_equal(err.hint, "install softhsm2 or name a module with --module");
    assert_null(p11);
}

TEST(open_refuses_what_is_not_a_module)
{
    saf_error err = { 0 };
    saf_p11 *p11 = NULL;
    assert_int_equal(scratch_write("module.so", "not a library", 0700), 0);
    assert_int_equal(saf_p11_open(&p11, &(saf_p11_options) { .module = "./module.so" }, &err), SAF_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "./module.so cannot be loaded"));
    assert_int_equal(saf_p11_open(&p11, &(saf_p11_options) { .module = "tokens" }, &err), SAF_E_NOT_FOUND);
    assert_null(p11);
}

TEST(open_takes_the_configuration_unless_one_is_set)
{
    char *path = strdup(getenv("SOFTHSM2_CONF"));
    unsetenv("SOFTHSM2_CONF");
    OWN(saf_p11) *p11 = NULL;
    assert_int_equal(saf_p11_open(&p11, &(saf_p11_options) { .softhsm_conf = path }, NULL), SAF_OK);
    assert_string_equal(getenv("SOFTHSM2_CONF"), path);
    softhsm_init_token(p11, "ZWE.IDT");
    assert_int_equal(access("tokens/.safring.lock", F_OK), 0);
    saf_p11_close(&p11);
    assert_int_equal(saf_p11_open(&p11, &(saf_p11_options) { .softhsm_conf = "/nowhere" }, NULL), SAF_OK);
    assert_string_equal(getenv("SOFTHSM2_CONF"), path);
    free(path);
}

/* As SoftHSM reads it: a comment behind the value, and nothing from a second "=" on. */
static void write_configuration(const char *path, const char *behind)
{
    char *here = getcwd(NULL, 0);
    OWN(own_text) text = NULL;
    assert_true(asprintf(&text, "# directories.tokendir = /nowhere\ndirectories.tokendir=\t%s/tokens%s\n", here, behind) > 0);
    free(here);
    assert_int_equal(scratch_write(path, text, 0600), 0);
}

static void expect_tokens_found(void)
{
    OWN(saf_p11) *p11 = softhsm_open();
    softhsm_init_token(p11, "ZWE.IDT");
    OWN(own_text) copy = softhsm_token_file("token.object.safring");
    assert_int_equal(access("tokens/.safring.lock", F_OK), 0);
    assert_int_equal(access(copy, F_OK), 0);
}

TEST(a_comment_behind_the_token_directory_is_none_of_it)
{
    write_configuration("softhsm2.conf", " # where the tokens are");
    expect_tokens_found();
}

TEST(a_second_equals_sign_ends_the_token_directory)
{
    write_configuration("softhsm2.conf", " = x\r");
    expect_tokens_found();
}

TEST(the_configuration_may_be_the_user_s)
{
    assert_int_equal(system("mkdir -p .config/softhsm2"), 0);
    write_configuration(".config/softhsm2/softhsm2.conf", "");
    unsetenv("SOFTHSM2_CONF");
    char *home = strdup(getenv("HOME") ? getenv("HOME") : "/");
    char *here = getcwd(NULL, 0);
    setenv("HOME", here, 1);
    free(here);
    expect_tokens_found();
    setenv("HOME", home, 1);
    free(home);
}

/* In a child: an /etc of its own. 77: this cannot be. SoftHSM here looks elsewhere and does not start; but by then the
 * lock was taken. */
static void open_with_configuration_in_etc(void)
{
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/etc", "tmpfs", 0, NULL) != 0)
        _exit(77);
    write_configuration("/etc/softhsm2.conf", "");
    unsetenv("SOFTHSM2_CONF");
    unsetenv("HOME");
    saf_p11 *p11 = NULL;
    _exit(saf_p11_open(&p11, NULL, NULL) == SAF_OK);
}

TEST(the_configuration_may_be_in_etc)
{
    pid_t child = fork();
    if (child == 0)
        open_with_configuration_in_etc();
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    if (WEXITSTATUS(how) == 77)
        skip();
    assert_int_equal(access("tokens/.safring.lock", F_OK), 0);
}

TEST(init_makes_a_token_that_is_listed)
{
    OWN(saf_p11) *p11 = softhsm_open();
    softhsm_init_token(p11, "ZWE.IDT");
    softhsm_init_token(p11, "A.FIRST");
    OWN(saf_p11_token_list) list = { 0 };
    assert_int_equal(saf_p11_list_tokens(&list, p11, NULL), SAF_OK);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.tokens[0].label, "A.FIRST");
    assert_string_equal(list.tokens[1].label, "ZWE.IDT");
    assert_true(list.tokens[1].login_required);
    assert_true(list.tokens[1].user_pin_set);
    assert_int_equal(strlen(list.tokens[1].serial), 16);
}

TEST(list_of_no_tokens_is_empty)
{
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_p11_token_list) list = { 0 };
    assert_int_equal(saf_p11_list_tokens(&list, p11, NULL), SAF_OK);
    assert_int_equal(list.count, 0);
}

TEST(init_refuses_a_second_token_of_the_name)
{
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_secret) pin = softhsm_secret(SOFTHSM_PIN);
    saf_error err = { 0 };
    saf_p11_token token;
    softhsm_init_token(p11, "ZWE.IDT");
    assert_int_equal(saf_p11_init_token(&token, p11, "ZWE.IDT", &pin, &pin, &err), SAF_E_EXISTS);
    assert_string_equal(err.text, "token ZWE.IDT exists already");
}

TEST(init_refuses_bad_names_and_pins)
{
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_secret) pin = softhsm_secret(SOFTHSM_PIN);
    OWN(saf_secret) brief = softhsm_secret("123");
    saf_p11_token token;
    assert_int_equal(saf_p11_init_token(&token, p11, "1ABC", &pin, &pin, NULL), SAF_E_USAGE);
    assert_int_equal(saf_p11_init_token(&token, p11, "ZWE.IDT", &pin, &brief, NULL), SAF_E_USAGE);
    assert_int_equal(saf_p11_init_token(&token, p11, "ZWE.IDT", &brief, &pin, NULL), SAF_E_USAGE);
}

TEST(name_check_follows_icsf)
{
    static const char *const good[] = { "A", "#A.1", "$x", "@", "IDTTKN.JWT.SECRET", "A2345678901234567890123456789012" };
    static const char *const bad[] = { "", "1A", ".A", "A B", "A-B", "A_B", "\xC3\x84", "A23456789012345678901234567890123" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(saf_p11_token_name_check(good[i], NULL), SAF_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(saf_p11_token_name_check(bad[i], NULL), SAF_E_USAGE);
}

/* A token as a run leaves it that is killed between C_InitToken and C_InitPIN. */
static void init_half(const char *name)
{
    OWN(saf_p11) *p11 = softhsm_open();
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(p11);
    CK_SLOT_ID slots[4];
    CK_ULONG count = 4;
    unsigned char label[33];
    snprintf((char *)label, sizeof label, "%-32s", name);
    assert_int_equal(cryptoki->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    assert_int_equal(cryptoki->C_InitToken(slots[count - 1], (unsigned char *)SOFTHSM_SO_PIN, strlen(SOFTHSM_SO_PIN), label),
                     CKR_OK);
}

TEST(init_completes_a_token_without_a_pin)
{
    init_half("ZWE.IDT");
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_secret) pin = softhsm_secret(SOFTHSM_PIN);
    OWN(saf_secret) wrong = softhsm_secret("wrong-officer");
    saf_error err = { 0 };
    saf_p11_token token;
    assert_int_equal(saf_p11_init_token(&token, p11, "ZWE.IDT", &wrong, &pin, &err), SAF_E_DENIED);
    assert_string_equal(err.text, "wrong SO PIN for token ZWE.IDT");
    softhsm_init_token(p11, "ZWE.IDT");
    softhsm_log_in_and_out(p11, "ZWE.IDT");
    OWN(saf_p11_token_list) list = { 0 };
    assert_int_equal(saf_p11_list_tokens(&list, p11, NULL), SAF_OK);
    assert_int_equal(list.count, 1);
}

TEST(find_chooses_by_serial_among_equal_labels)
{
    {
        OWN(saf_p11) *p11 = softhsm_open();
        softhsm_init_token(p11, "ZWE.IDT");
    }
    init_half("ZWE.IDT");
    OWN(saf_p11) *p11 = softhsm_open();
    OWN(saf_p11_token_list) list = { 0 };
    saf_error err = { 0 };
    saf_p11_token token;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT");
    assert_int_equal(saf_p11_list_tokens(&list, p11, NULL), SAF_OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(saf_p11_find_token(&token, p11, &uri, &err), SAF_E_CONFLICT);
    assert_non_null(strstr(err.text, list.tokens[0].serial));
    assert_non_null(strstr(err.text, list.tokens[1].serial));
    memcpy(uri.serial, list.tokens[1].serial, sizeof uri.serial);
    assert_int_equal(saf_p11_find_token(&token, p11, &uri, &err), SAF_OK);
    assert_string_equal(token.serial, list.tokens[1].serial);
}

TEST(find_names_the_token_that_is_missing)
{
    OWN(saf_p11) *p11 = softhsm_open();
    saf_error err = { 0 };
    saf_p11_token token;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT");
    assert_int_equal(saf_p11_find_token(&token, p11, &uri, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "no token ZWE.IDT");
    uri = softhsm_uri("pkcs11:serial=42");
    assert_int_equal(saf_p11_find_token(&token, p11, &uri, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "no token matches pkcs11:serial=42");
}

/* In a child: 0 when it made the token, else the status. */
static void init_and_exit(void)
{
    saf_p11 *p11 = NULL;
    saf_p11_token token;
    saf_secret pin = { 0 };
    saf_status status = saf_secret_set(&pin, saf_bytes_of_text(SOFTHSM_PIN), NULL);
    if (status == SAF_OK)
        status = saf_p11_open(&p11, NULL, NULL);
    if (status == SAF_OK)
        status = saf_p11_init_token(&token, p11, "ZWE.IDT", &pin, &pin, NULL);
    saf_p11_close(&p11);
    saf_secret_free(&pin);
    _exit((int)status);
}

TEST(of_several_processes_one_makes_the_token)
{
    enum { PROCESSES = 6 };
    int made = 0;
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0)
            init_and_exit();
    for (int i = 0; i < PROCESSES; i++) {
        int how;
        assert_true(wait(&how) > 0);
        assert_true(WIFEXITED(how));
        assert_true(WEXITSTATUS(how) == SAF_OK || WEXITSTATUS(how) == SAF_E_EXISTS);
        made += WEXITSTATUS(how) == SAF_OK;
    }
    assert_int_equal(made, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(of_several_processes_one_makes_the_token), /* first: forks before the module is loaded */
        IN_SOFTHSM(open_says_that_a_module_is_missing),
        IN_SOFTHSM(open_refuses_what_is_not_a_module),
        IN_SOFTHSM(open_takes_the_configuration_unless_one_is_set),
        IN_SOFTHSM(a_comment_behind_the_token_directory_is_none_of_it),
        IN_SOFTHSM(a_second_equals_sign_ends_the_token_directory),
        IN_SOFTHSM(the_configuration_may_be_the_user_s),
        IN_SOFTHSM(the_configuration_may_be_in_etc),
        IN_SOFTHSM(init_makes_a_token_that_is_listed),
        IN_SOFTHSM(list_of_no_tokens_is_empty),
        IN_SOFTHSM(init_refuses_a_second_token_of_the_name),
        IN_SOFTHSM(init_refuses_bad_names_and_pins),
        IN_SOFTHSM(name_check_follows_icsf),
        IN_SOFTHSM(init_completes_a_token_without_a_pin),
        IN_SOFTHSM(find_chooses_by_serial_among_equal_labels),
        IN_SOFTHSM(find_names_the_token_that_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
