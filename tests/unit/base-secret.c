#include <support/cm.h>
#include <support/scratch.h>

#include <base/own.h>
#include <base/random.h>

#include <safring/secret.h>

#include <openssl/crypto.h>

#include <fcntl.h>

static void assert_secret(const saf_secret *secret, const char *text)
{
    assert_int_equal(secret->len, strlen(text));
    assert_memory_equal(secret->data, text, secret->len + 1);
}

static void assert_source_gives(const char *source, const char *text)
{
    OWN(saf_secret) secret = { 0 };
    saf_error err = { 0 };
    if (saf_secret_from_source(&secret, source, &err) != SAF_OK)
        fail_msg("%s: %s", source, err.text);
    assert_secret(&secret, text);
}

/* Also: the secret that was there before stays. */
static void assert_source_fails(const char *source, saf_status status, const char *text)
{
    OWN(saf_secret) secret = { 0 };
    saf_error err = { 0 };
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of_text("old"), NULL), SAF_OK);
    assert_int_equal(saf_secret_from_source(&secret, source, &err), status);
    assert_string_equal(err.text, text);
    assert_secret(&secret, "old");
}

static void assert_file_fails(const char *content, size_t len, const char *text)
{
    OWN(FILE) *file = fopen("pin", "we");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_int_equal(fwrite(content, 1, len, file), len);
    assert_int_equal(fflush(file), 0);
    assert_source_fails("file:pin", SAF_E_MALFORMED, text);
}

TEST(set_copies_and_ends_in_zero)
{
    OWN(saf_secret) secret = { 0 };
    char text[] = "1234";
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of_text(text), NULL), SAF_OK);
    text[0] = 'x';
    assert_secret(&secret, "1234");
}

TEST(set_replaces_what_was_there)
{
    OWN(saf_secret) secret = { 0 };
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of_text("first"), NULL), SAF_OK);
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of_text("second"), NULL), SAF_OK);
    assert_secret(&secret, "second");
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of(secret.data, 3), NULL), SAF_OK);
    assert_secret(&secret, "sec");
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of(NULL, 0), NULL), SAF_OK);
    assert_null(secret.data);
    assert_int_equal(secret.len, 0);
}

TEST(a_length_beyond_memory_is_refused)
{
    saf_secret secret = { 0 };
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of("x", SIZE_MAX), NULL), SAF_E_MEMORY);
    assert_null(secret.data);
}

TEST(free_leaves_an_empty_secret)
{
    saf_secret secret = { 0 };
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of_text("1234"), NULL), SAF_OK);
    saf_secret_free(&secret);
    assert_null(secret.data);
    assert_int_equal(secret.len, 0);
    saf_secret_free(&secret);
    saf_secret_free(NULL);
}

TEST(equal_compares_the_whole_of_both)
{
    OWN(saf_secret) a = { 0 };
    OWN(saf_secret) b = { 0 };
    assert_true(saf_secret_equal(&a, &b));
    assert_int_equal(saf_secret_set(&a, saf_bytes_of_text("1234"), NULL), SAF_OK);
    assert_false(saf_secret_equal(&a, &b));
    assert_int_equal(saf_secret_set(&b, saf_bytes_of_text("12345"), NULL), SAF_OK);
    assert_false(saf_secret_equal(&a, &b));
    assert_int_equal(saf_secret_set(&b, saf_bytes_of_text("1235"), NULL), SAF_OK);
    assert_false(saf_secret_equal(&a, &b));
    assert_int_equal(saf_secret_set(&b, saf_bytes_of_text("1234"), NULL), SAF_OK);
    assert_true(saf_secret_equal(&a, &b));
}

TEST(secrets_live_in_the_secure_heap_when_there_is_one)
{
    OWN(saf_secret) secret = { 0 };
    if (CRYPTO_secure_malloc_init(65536, 32) == 0)
        skip();
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of_text("1234"), NULL), SAF_OK);
    assert_true(CRYPTO_secure_allocated(secret.data));
    saf_secret_free(&secret);
    assert_int_equal(CRYPTO_secure_used(), 0);
    assert_true(CRYPTO_secure_malloc_done());
}

TEST(file_gives_its_content_without_one_newline)
{
    assert_int_equal(scratch_write("pin", "1234", 0600), 0);
    assert_source_gives("file:pin", "1234");
    assert_int_equal(scratch_write("pin", "1234\n", 0600), 0);
    assert_source_gives("file:pin", "1234");
    assert_int_equal(scratch_write("pin", "1234\n\n", 0600), 0);
    assert_source_gives("file:pin", "1234\n");
    assert_int_equal(scratch_write("pin", " 12 34 ", 0600), 0);
    assert_source_gives("file:pin", " 12 34 ");
}

TEST(file_may_be_a_link)
{
    assert_int_equal(scratch_write("pin", "1234", 0600), 0);
    assert_int_equal(symlink("pin", "link"), 0);
    assert_source_gives("file:link", "1234");
}

TEST(file_may_be_readable_by_its_group)
{
    assert_int_equal(scratch_write("pin", "1234", 0440), 0);
    assert_source_gives("file:pin", "1234");
}

TEST(source_is_exposed_when_more_than_owner_and_group_can_get_at_its_file)
{
    static const struct {
        mode_t mode;
        int exposed;
    } cases[] = { { 0400, 0 }, { 0600, 0 }, { 0640, 0 }, { 0604, 1 }, { 0644, 1 }, { 0620, 1 }, { 0666, 1 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)remove("pin"); /* one that may not be written */
        assert_int_equal(scratch_write("pin", "1234", cases[i].mode), 0);
        assert_int_equal(!!saf_secret_source_is_exposed("file:pin"), cases[i].exposed);
    }
    assert_false(saf_secret_source_is_exposed("file:none"));
    assert_false(saf_secret_source_is_exposed("env:PATH"));
}

TEST(file_that_others_can_read_is_accepted)
{
    assert_int_equal(scratch_write("pin", "1234", 0644), 0);
    assert_source_gives("file:pin", "1234");
}

TEST(file_is_refused_when_anybody_can_write_it)
{
    static const mode_t modes[] = { 0602, 0666, 0777 };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        OWN(saf_secret) secret = { 0 };
        saf_error err = { 0 };
        char text[80];
        snprintf(text, sizeof text, "pin holds a secret, but its mode %04o lets anybody write it", (unsigned)modes[i]);
        assert_int_equal(scratch_write("pin", "1234", modes[i]), 0);
        assert_int_equal(saf_secret_from_source(&secret, "file:pin", &err), SAF_E_DENIED);
        assert_string_equal(err.text, text);
        assert_string_equal(err.hint, "chmod 0600 pin");
        assert_null(secret.data);
    }
}

TEST(file_that_is_not_there_is_not_found)
{
    assert_source_fails("file:pin", SAF_E_NOT_FOUND, "cannot open pin: No such file or directory");
}

TEST(file_that_may_not_be_read_is_denied)
{
    if (geteuid() == 0)
        skip();
    assert_int_equal(scratch_write("pin", "1234", 0200), 0);
    assert_source_fails("file:pin", SAF_E_DENIED, "cannot open pin: Permission denied");
}

TEST(file_must_be_a_regular_one)
{
    assert_source_fails("file:.", SAF_E_MALFORMED, ". is not a regular file");
    assert_source_fails("file:/dev/null", SAF_E_MALFORMED, "/dev/null is not a regular file");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_source_fails("file:pipe", SAF_E_MALFORMED, "pipe is not a regular file");
}

TEST(an_empty_secret_is_refused)
{
    assert_file_fails("", 0, "the secret in pin is empty");
    assert_file_fails("\n", 1, "the secret in pin is empty");
}

TEST(a_zero_byte_is_refused)
{
    assert_file_fails("12\0" "34", 5, "the secret in pin holds a zero byte");
}

TEST(a_secret_of_the_longest_kind_may_have_its_newline)
{
    char longest[SAF_SECRET_MAX + 2] = { 0 };
    memset(longest, 'p', SAF_SECRET_MAX);
    assert_int_equal(scratch_write("pin", longest, 0600), 0);
    assert_source_gives("file:pin", longest);
    longest[SAF_SECRET_MAX] = '\n';
    assert_int_equal(scratch_write("pin", longest, 0600), 0);
    longest[SAF_SECRET_MAX] = '\0';
    assert_source_gives("file:pin", longest);
}

TEST(a_longer_secret_is_refused)
{
    char longer[SAF_SECRET_MAX + 200];
    memset(longer, 'p', sizeof longer);
    assert_file_fails(longer, SAF_SECRET_MAX + 1, "the secret in pin is longer than 4096 bytes");
    assert_file_fails(longer, sizeof longer, "the secret in pin is longer than 4096 bytes");
    longer[SAF_SECRET_MAX] = '\n';
    assert_file_fails(longer, SAF_SECRET_MAX + 2, "the secret in pin is longer than 4096 bytes");
}

/* A source "fd:N" whose descriptor holds these pieces, one after the other, then ends. */
static int pipe_source(char *source, size_t size, const char *first, const char *second)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], first, strlen(first)), strlen(first));
    assert_int_equal(write(ends[1], second, strlen(second)), strlen(second));
    close(ends[1]);
    snprintf(source, size, "fd:%d", ends[0]);
    return ends[0];
}

TEST(descriptor_gives_what_comes_until_its_end)
{
    char source[16];
    OWN(own_fd) fd = pipe_source(source, sizeof source, "12", "34\n");
    assert_source_gives(source, "1234");
    assert_int_not_equal(fcntl(fd, F_GETFD), -1);
}

TEST(descriptor_that_ends_at_once_is_empty)
{
    char source[16], text[64];
    OWN(own_fd) fd = pipe_source(source, sizeof source, "", "");
    snprintf(text, sizeof text, "the secret in file descriptor %d is empty", fd);
    assert_source_fails(source, SAF_E_MALFORMED, text);
}

TEST(descriptor_that_is_not_open_is_an_io_failure)
{
    assert_source_fails("fd:9999", SAF_E_IO, "cannot read the secret in file descriptor 9999: Bad file descriptor");
}

TEST(descriptor_must_be_a_number)
{
    static const char *const sources[] = { "fd:", "fd:-1", "fd:1x", "fd: 1", "fd:+1", "fd:99999999999999999999" };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        assert_source_fails(sources[i], SAF_E_USAGE, "the secret source fd: needs the number of an open file descriptor");
}

TEST(environment_gives_the_variable)
{
    setenv("SAFRING_TEST_PIN", "1234", 1);
    assert_source_gives("env:SAFRING_TEST_PIN", "1234");
    setenv("SAFRING_TEST_PIN", "", 1);
    assert_source_fails("env:SAFRING_TEST_PIN", SAF_E_MALFORMED,
                        "the secret in the environment variable SAFRING_TEST_PIN is empty");
    unsetenv("SAFRING_TEST_PIN");
    assert_source_fails("env:SAFRING_TEST_PIN", SAF_E_NOT_FOUND,
                        "the environment variable SAFRING_TEST_PIN is not set");
}

TEST(credential_gives_the_file_in_the_credentials_directory)
{
    assert_int_equal(mkdir("credentials", 0700), 0);
    assert_int_equal(scratch_write("credentials/pin", "1234", 0400), 0);
    setenv("CREDENTIALS_DIRECTORY", "credentials", 1);
    assert_source_gives("cred:pin", "1234");
    assert_source_fails("cred:other", SAF_E_NOT_FOUND, "cannot open credentials/other: No such file or directory");
    unsetenv("CREDENTIALS_DIRECTORY");
}

TEST(credential_without_a_directory_is_not_found)
{
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_source_fails("cred:pin", SAF_E_NOT_FOUND,
                        "there is no credential pin: CREDENTIALS_DIRECTORY is not set");
}

TEST(credential_names_cannot_leave_the_directory)
{
    static const char *const sources[] = { "cred:", "cred:.", "cred:..", "cred:../pin", "cred:/etc/hostname" };
    setenv("CREDENTIALS_DIRECTORY", ".", 1);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        assert_source_fails(sources[i], SAF_E_USAGE,
                            "the secret source cred: needs the name of a systemd credential");
    unsetenv("CREDENTIALS_DIRECTORY");
}

TEST(a_password_given_as_source_is_not_repeated)
{
    static const char text[] = "a secret comes from file:PATH, fd:N, env:NAME or cred:NAME";
    assert_source_fails("hunter2", SAF_E_USAGE, text);
    assert_source_fails("pass:hunter2", SAF_E_USAGE, text);
    assert_source_fails("FILE:pin", SAF_E_USAGE, text);
    assert_source_fails("", SAF_E_USAGE, text);
}

TEST(sources_that_name_nothing_are_refused)
{
    assert_source_fails("file:", SAF_E_USAGE, "the secret source file: names no file");
    assert_source_fails("env:", SAF_E_USAGE, "the secret source env: names no variable");
}

TEST(a_random_password_is_24_letters_and_digits_and_begins_with_a_letter)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (int i = 0; i < 500; i++) {
        OWN(saf_secret) password = { 0 };
        assert_int_equal(saf_random_password(&password, NULL), SAF_OK);
        assert_int_equal(password.len, 24);
        assert_int_equal(strspn((char *)password.data, alphabet), 24);
        assert_true(password.data[0] >= 'A');
    }
}

TEST(random_bytes_fill_all_and_differ)
{
    unsigned char a[64] = { 0 }, b[64] = { 0 };
    assert_int_equal(saf_random_bytes(a, sizeof a, NULL), SAF_OK);
    assert_int_equal(saf_random_bytes(b, sizeof b, NULL), SAF_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + 48, b + 48, 16);
    assert_int_equal(saf_random_bytes(NULL, 0, NULL), SAF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_copies_and_ends_in_zero),
        cmocka_unit_test(set_replaces_what_was_there),
        cmocka_unit_test(a_length_beyond_memory_is_refused),
        cmocka_unit_test(free_leaves_an_empty_secret),
        cmocka_unit_test(equal_compares_the_whole_of_both),
        cmocka_unit_test(secrets_live_in_the_secure_heap_when_there_is_one),
        IN_SCRATCH(file_gives_its_content_without_one_newline),
        IN_SCRATCH(file_may_be_a_link),
        IN_SCRATCH(file_may_be_readable_by_its_group),
        IN_SCRATCH(source_is_exposed_when_more_than_owner_and_group_can_get_at_its_file),
        IN_SCRATCH(file_that_others_can_read_is_accepted),
        IN_SCRATCH(file_is_refused_when_anybody_can_write_it),
        IN_SCRATCH(file_that_is_not_there_is_not_found),
        IN_SCRATCH(file_that_may_not_be_read_is_denied),
        IN_SCRATCH(file_must_be_a_regular_one),
        IN_SCRATCH(an_empty_secret_is_refused),
        IN_SCRATCH(a_zero_byte_is_refused),
        IN_SCRATCH(a_secret_of_the_longest_kind_may_have_its_newline),
        IN_SCRATCH(a_longer_secret_is_refused),
        cmocka_unit_test(descriptor_gives_what_comes_until_its_end),
        cmocka_unit_test(descriptor_that_ends_at_once_is_empty),
        cmocka_unit_test(descriptor_that_is_not_open_is_an_io_failure),
        cmocka_unit_test(descriptor_must_be_a_number),
        cmocka_unit_test(environment_gives_the_variable),
        IN_SCRATCH(credential_gives_the_file_in_the_credentials_directory),
        IN_SCRATCH(credential_without_a_directory_is_not_found),
        IN_SCRATCH(credential_names_cannot_leave_the_directory),
        cmocka_unit_test(a_password_given_as_source_is_not_repeated),
        cmocka_unit_test(sources_that_name_nothing_are_refused),
        cmocka_unit_test(a_random_password_is_24_letters_and_digits_and_begins_with_a_letter),
        cmocka_unit_test(random_bytes_fill_all_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
