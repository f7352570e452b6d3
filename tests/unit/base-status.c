#include <support/cm.h>

#include <base/fail.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include <errno.h>
#include <string.h>

static const struct {
    saf_status status;
    const char *name;
    int exit_code;
} statuses[] = {
    { SAF_OK, "ok", 0 },
    { SAF_E_FAILED, "failed", 1 },
    { SAF_E_IO, "io", 1 },
    { SAF_E_MEMORY, "memory", 1 },
    { SAF_E_MALFORMED, "malformed", 1 },
    { SAF_E_UNSUPPORTED, "unsupported", 1 },
    { SAF_E_SPACE, "space", 1 },
    { SAF_E_USAGE, "usage", 2 },
    { SAF_E_NOT_FOUND, "not-found", 4 },
    { SAF_E_EXISTS, "exists", 5 },
    { SAF_E_CONFLICT, "conflict", 5 },
    { SAF_E_DENIED, "denied", 6 },
    { SAF_E_BUSY, "busy", 7 },
    { SAF_E_TOKEN_GONE, "token-gone", 7 },
};

TEST(every_status_has_its_name_and_exit_code)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        assert_string_equal(saf_status_name(statuses[i].status), statuses[i].name);
        assert_int_equal(saf_status_exit_code(statuses[i].status), statuses[i].exit_code);
    }
}

TEST(a_status_from_the_future_is_a_failure)
{
    assert_string_equal(saf_status_name((saf_status)(SAF_E_TOKEN_GONE + 1)), "failed");
    assert_int_equal(saf_status_exit_code((saf_status)99), 1);
}

TEST(fail_records_status_and_text)
{
    saf_error err = { 0 };
    assert_int_equal(saf_fail(&err, SAF_E_NOT_FOUND, "no ring %s/%s", "IBMUSER", "MyRing"), SAF_E_NOT_FOUND);
    assert_int_equal(err.status, SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "no ring IBMUSER/MyRing");
    assert_string_equal(err.hint, "");
}

TEST(nobody_needs_to_listen)
{
    assert_int_equal(saf_fail(NULL, SAF_E_BUSY, "%d", 1), SAF_E_BUSY);
    errno = EACCES;
    assert_int_equal(saf_fail_errno(NULL, "x"), SAF_E_DENIED);
    assert_int_equal(saf_fail_openssl(NULL, "x"), SAF_E_FAILED);
    assert_int_equal(saf_fail_memory(NULL), SAF_E_MEMORY);
    saf_hint(NULL, "%d", 1);
    saf_fail_codes(NULL, 8, 8, 84);
}

TEST(a_new_failure_forgets_hint_and_codes_of_the_old)
{
    saf_error err = { 0 };
    assert_int_equal(saf_fail(&err, SAF_E_NOT_FOUND, "first"), SAF_E_NOT_FOUND);
    saf_hint(&err, "look at %s", "the list");
    saf_fail_codes(&err, 8, 8, 84);
    assert_string_equal(err.hint, "look at the list");
    assert_int_equal(err.codes.saf, 8);
    assert_int_equal(err.codes.racf, 8);
    assert_int_equal(err.codes.reason, 84);
    assert_int_equal(saf_fail(&err, SAF_E_IO, "second"), SAF_E_IO);
    assert_string_equal(err.hint, "");
    assert_int_equal(err.codes.reason, 0);
}

TEST(a_text_may_quote_the_one_it_replaces)
{
    saf_error err = { 0 };
    assert_int_equal(saf_fail(&err, SAF_E_IO, "cannot read x"), SAF_E_IO);
    assert_int_equal(saf_fail(&err, SAF_E_IO, "setup: %s", err.text), SAF_E_IO);
    assert_string_equal(err.text, "setup: cannot read x");
}

TEST(long_texts_are_cut)
{
    char path[2000] = { 0 };
    memset(path, 'p', sizeof path - 1);
    saf_error err = { 0 };
    assert_int_equal(saf_fail(&err, SAF_E_IO, "%s", path), SAF_E_IO);
    assert_int_equal(strlen(err.text), SAF_ERROR_TEXT_SIZE - 1);
    saf_hint(&err, "%s", path);
    assert_int_equal(strlen(err.hint), SAF_ERROR_HINT_SIZE - 1);
    errno = ENOSPC;
    assert_int_equal(saf_fail_errno(&err, "%s", path), SAF_E_IO);
    assert_int_equal(strlen(err.text), SAF_ERROR_TEXT_SIZE - 1);
}

TEST(a_text_is_one_line_that_steers_no_terminal)
{
    saf_error err = { 0 };
    assert_int_equal(saf_fail(&err, SAF_E_IO, "label \"%s\"", "a\nb\x1b[2J\x7f\xc2\x9b"), SAF_E_IO);
    assert_string_equal(err.text, "label \"a?b?[2J??\"");
    saf_hint(&err, "%s", "c\rd");
    assert_string_equal(err.hint, "c?d");
}

TEST(a_text_is_always_utf8)
{
    saf_error err = { 0 };
    assert_int_equal(saf_fail(&err, SAF_E_IO, "%s", "K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x94\x91"), SAF_E_IO);
    assert_string_equal(err.text, "K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x94\x91");
    assert_int_equal(saf_fail(&err, SAF_E_IO, "%s", "K\xf6ln \xed\xa0\x80 \xc0\xaf \xe2\x82"), SAF_E_IO);
    assert_string_equal(err.text, "K?ln ??? ?? ??");
}

TEST(errno_chooses_the_status_and_ends_the_text)
{
    static const struct {
        int number;
        saf_status status;
        const char *text;
    } cases[] = {
        { ENOENT, SAF_E_NOT_FOUND, "cannot open x: No such file or directory" },
        { ENOTDIR, SAF_E_NOT_FOUND, "cannot open x: Not a directory" },
        { EACCES, SAF_E_DENIED, "cannot open x: Permission denied" },
        { EPERM, SAF_E_DENIED, "cannot open x: Operation not permitted" },
        { EEXIST, SAF_E_EXISTS, "cannot open x: File exists" },
        { ENOMEM, SAF_E_MEMORY, "cannot open x: Cannot allocate memory" },
        { ENOSPC, SAF_E_IO, "cannot open x: No space left on device" },
        { 99999, SAF_E_IO, "cannot open x: unknown error" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        saf_error err = { 0 };
        errno = cases[i].number;
        assert_int_equal(saf_fail_errno(&err, "cannot open %s", "x"), cases[i].status);
        assert_int_equal(err.status, cases[i].status);
        assert_string_equal(err.text, cases[i].text);
    }
}

TEST(openssl_gives_its_first_reason_and_an_empty_queue)
{
    saf_error err = { 0 };
    ERR_raise(ERR_LIB_EVP, EVP_R_UNSUPPORTED_ALGORITHM);
    ERR_raise(ERR_LIB_EVP, EVP_R_DECODE_ERROR);
    assert_int_equal(saf_fail_openssl(&err, "cannot read the key %s", "x"), SAF_E_FAILED);
    assert_string_equal(err.text, "cannot read the key x: unsupported algorithm");
    assert_int_equal(ERR_peek_error(), 0);
}

TEST(openssl_without_a_reason_adds_none)
{
    saf_error err = { 0 };
    ERR_clear_error();
    assert_int_equal(saf_fail_openssl(&err, "cannot sign"), SAF_E_FAILED);
    assert_string_equal(err.text, "cannot sign");
}

TEST(openssl_may_pass_on_an_errno)
{
    saf_error err = { 0 };
    ERR_raise(ERR_LIB_SYS, ENOENT);
    assert_int_equal(saf_fail_openssl(&err, "cannot load"), SAF_E_FAILED);
    assert_string_equal(err.text, "cannot load: No such file or directory");
}

static saf_status answer(saf_status status)
{
    return status;
}

static saf_status try_and_conflict(saf_status first)
{
    SAF_TRY(answer(first));
    return SAF_E_CONFLICT;
}

TEST(try_leaves_with_the_first_failure_only)
{
    assert_int_equal(try_and_conflict(SAF_OK), SAF_E_CONFLICT);
    assert_int_equal(try_and_conflict(SAF_E_BUSY), SAF_E_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_name_and_exit_code),
        cmocka_unit_test(a_status_from_the_future_is_a_failure),
        cmocka_unit_test(fail_records_status_and_text),
        cmocka_unit_test(nobody_needs_to_listen),
        cmocka_unit_test(a_new_failure_forgets_hint_and_codes_of_the_old),
        cmocka_unit_test(a_text_may_quote_the_one_it_replaces),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(a_text_is_one_line_that_steers_no_terminal),
        cmocka_unit_test(a_text_is_always_utf8),
        cmocka_unit_test(errno_chooses_the_status_and_ends_the_text),
        cmocka_unit_test(openssl_gives_its_first_reason_and_an_empty_queue),
        cmocka_unit_test(openssl_without_a_reason_adds_none),
        cmocka_unit_test(openssl_may_pass_on_an_errno),
        cmocka_unit_test(try_leaves_with_the_first_failure_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
