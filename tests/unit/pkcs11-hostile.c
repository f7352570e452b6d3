/* A module that lies (support/hostile-module.c): each lie ends in an error that says what is the matter, or in a right signature; never in a wrong one, and
 * never in bytes beyond a buffer, which the sanitizers' run of this program watches. */
#include <support/scratch.h>
#include <support/signers.h>

#include <sched.h>
#include <sys/wait.h>

/* ---- modules that must not be loaded -------------------------------------------------------------------------- */

static void expect_refusal(const char *lie, saf_status expected, const char *text)
{
    saf_error err = { 0 };
    saf_p11 *p11 = NULL;
    saf_p11_options options = { .module = HOSTILE_MODULE, .probe_ms = 1500 };
    setenv("HOSTILE", lie, 1);
    saf_status status = saf_p11_open(&p11, &options, &err);
    unsetenv("HOSTILE");
    if (!strstr(err.text, text))
        fail_msg("%s: \"%s\"", lie, err.text);
    assert_int_equal(status, expected);
    assert_null(p11);
}

TEST(a_module_that_crashes_is_an_error)
{
    expect_refusal("crash-when-loaded", SAF_E_UNSUPPORTED, "crashes (Segmentation fault), in being loaded");
    expect_refusal("crash-in-initialize", SAF_E_UNSUPPORTED, "crashes (Segmentation fault), in C_Initialize");
    expect_refusal("abort-in-initialize", SAF_E_UNSUPPORTED, "crashes (Aborted), in C_Initialize");
    expect_refusal("crash-in-finalize", SAF_E_UNSUPPORTED, "crashes (Segmentation fault), in C_Finalize");
}

TEST(a_module_that_ends_the_process_is_an_error)
{
    expect_refusal("exit-when-loaded", SAF_E_UNSUPPORTED, "ends the process, in being loaded");
    expect_refusal("exit-in-initialize", SAF_E_UNSUPPORTED, "ends the process, in C_Initialize");
}

TEST(a_module_that_hangs_is_an_error_in_time)
{
    expect_refusal("hang-in-initialize", SAF_E_UNSUPPORTED, "does not answer within 1500 ms, in C_Initialize");
}

TEST(a_module_that_fails_is_an_error_with_its_answer)
{
    expect_refusal("fail-in-initialize", SAF_E_TOKEN_GONE, "cannot initialise " HOSTILE_MODULE ": CKR_DEVICE_ERROR");
}

TEST(a_library_that_is_no_module_is_an_error)
{
    expect_refusal("no-list", SAF_E_UNSUPPORTED, "is not a PKCS#11 module");
    expect_refusal("null-list", SAF_E_UNSUPPORTED, "is not a PKCS#11 module");
    expect_refusal("no-sign", SAF_E_UNSUPPORTED, "functions are missing in its list");
    expect_refusal("version-7", SAF_E_UNSUPPORTED, "speaks PKCS#11 version 7.");
}

TEST(a_file_that_is_no_library_is_an_error)
{
    saf_error err = { 0 };
    saf_p11 *p11 = NULL;
    assert_int_equal(scratch_write("module.so", "#!/bin/sh\n", 0700), 0);
    saf_p11_options options = { .module = "./module.so", .probe_ms = 5000 };
    assert_int_equal(saf_p11_open(&p11, &options, &err), SAF_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "./module.so cannot be loaded"));
    options.module = "./nowhere.so?parameters";
    assert_int_equal(saf_p11_open(&p11, &options, &err), SAF_E_NOT_FOUND);
    assert_string_equal(err.text, "no PKCS#11 module ./nowhere.so");
}

TEST(a_good_module_is_tried_once_per_process)
{
    for (int i = 0; i < 2; i++) {
        saf_p11_options options = { .module = HOSTILE_MODULE, .probe_ms = 5000 };
        OWN(saf_p11) *p11 = NULL;
        if (i)
            setenv("HOSTILE", "crash-in-finalize", 1); /* would be noticed by a trial */
        assert_int_equal(saf_p11_open(&p11, &options, NULL), SAF_OK);
        unsetenv("HOSTILE");
    }
}

/* ---- modules that lie later ----------------------------------------------------------------------------------- */

/* In a child, because a lie is told per process: what it makes of a token with one key. Its exit code is what @p work returns. */
typedef int lied_to(signers *w);

static int in_child(const char *lie, lied_to *work)
{
    int how;
    pid_t child = fork();
    if (child == 0) {
        signers w = { 0 };
        alarm(60);
        signers_enter_module(&w, HOSTILE_MODULE);
        signers_add_bytes(&w, "x", 1, KEY_COPYABLE);
        setenv("HOSTILE", lie, 1);
        int result = work(&w);
        unsetenv("HOSTILE");
        signers_free(&w);
        _exit(result);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    if (!WIFEXITED(how))
        fail_msg("%s: died of %s", lie, strsignal(WTERMSIG(how)));
    assert_int_equal(WEXITSTATUS(how) == 99, false); /* 99: a wrong signature */
    return WEXITSTATUS(how);
}

/* A new child needs a new directory for its token. */
static int with_lie(const char *lie, lied_to *work)
{
    int result = in_child(lie, work);
    assert_int_equal(system("rm -rf tokens && mkdir tokens"), 0);
    return result;
}

static int open_status(signers *w)
{
    saf_p11_signer *signer = NULL;
    saf_p11_uri uri = softhsm_uri("pkcs11:token=ZWE.IDT;object=x");
    saf_status status = saf_p11_signer_open(&signer, w->p11, &uri, SAF_P11_HMAC_SHA256, NULL);
    int got = status == SAF_OK ? signers_try(signer, 1) : (int)status;
    saf_p11_signer_close(&signer);
    return got < 0 ? 99 : got;
}

TEST(lists_that_are_too_long_are_an_error)
{
    assert_int_equal(with_lie("slots-size-huge", open_status), SAF_E_FAILED);
    assert_int_equal(with_lie("slots-size-zero", open_status), SAF_E_SPACE);
    assert_int_equal(with_lie("slots-more-than-room", open_status), SAF_E_FAILED);
    assert_int_equal(with_lie("slots-never-enough", open_status), SAF_E_SPACE);
    assert_int_equal(with_lie("find-more-than-room", open_status), SAF_E_FAILED);
    assert_int_equal(with_lie("find-for-ever", open_status), SAF_E_FAILED);
}

TEST(attributes_with_wrong_lengths_are_an_error_or_do_no_harm)
{
    static const char *const lies[] = { "attribute-longer-than-room", "attribute-unavailable-but-ok", "attribute-empty" };
    for (size_t i = 0; i < 3; i++)
        for (int from = 1; from < 12; from += 2) {
            char lie[64];
            snprintf(lie, sizeof lie, "%s:%d", lies[i], from);
            (void)with_lie(lie, open_status);
        }
}

TEST(signatures_that_are_none_are_an_error)
{
    assert_int_equal(with_lie("sign-nothing", open_status), SAF_E_TOKEN_GONE);
    assert_int_equal(with_lie("sign-longer-than-room", open_status), SAF_E_TOKEN_GONE);
    assert_int_equal(with_lie("sign-short", open_status), SAF_E_TOKEN_GONE);
    assert_int_equal(with_lie("sign-length-zero", open_status), SAF_E_TOKEN_GONE);
    assert_int_equal(with_lie("sign-fails", open_status), SAF_E_FAILED);
    assert_int_equal(with_lie("no-mechanisms", open_status), SAF_E_UNSUPPORTED);
}

/* Past the opening, which signs once. */
static int sign_ten(signers *w)
{
    saf_p11_signer *signer = signers_open(w, "x", SAF_P11_HMAC_SHA256);
    int result = 0;
    for (int i = 0; i < 10; i++) {
        int got = signers_try(signer, 1);
        result = got < 0 ? 99 : got ? got : result;
    }
    saf_p11_signer_close(&signer);
    return result;
}

TEST(a_token_that_begins_to_lie_is_noticed)
{
    assert_int_equal(with_lie("sign-nothing:4", sign_ten), SAF_E_TOKEN_GONE);
    assert_int_equal(with_lie("sign-longer-than-room:4", sign_ten), SAF_E_TOKEN_GONE);
    assert_int_equal(with_lie("sign-short:4", sign_ten), SAF_E_TOKEN_GONE);
    assert_int_equal(with_lie("sign-fails:4", sign_ten), SAF_E_FAILED);
}

TEST(a_failure_that_passes_is_not_seen)
{
    assert_int_equal(with_lie("sign-fails-once", sign_ten), SAF_OK);
}

TEST(a_slow_token_is_waited_for)
{
    assert_int_equal(with_lie("sign-slowly", sign_ten), SAF_OK);
}

static int count_keys(signers *w)
{
    int result = open_status(w);
    unsetenv("HOSTILE");
    saf_p11_session *session = softhsm_login(w->p11, "ZWE.IDT");
    saf_p11_secret_list list = { 0 };
    if (saf_p11_list_secrets(&list, session, NULL, NULL) != SAF_OK || list.count != 1)
        result = 98;
    saf_p11_secret_list_free(&list);
    saf_p11_logout(&session);
    return result;
}

TEST(a_copy_that_is_none_is_not_used_and_not_left)
{
    assert_int_equal(with_lie("copy-into-token", count_keys), SAF_OK);
    assert_int_equal(with_lie("copy-is-original", count_keys), SAF_OK);
    assert_int_equal(with_lie("copy-is-nothing", count_keys), SAF_OK);
}

static int sign_with_few_sessions(signers *w)
{
    unsetenv("HOSTILE");
    saf_p11_signer *signer = signers_open(w, "x", SAF_P11_HMAC_SHA256);
    int result = signers_try(signer, 1);
    setenv("HOSTILE", "sessions-run-out", 1);
    cpu_set_t one;
    for (int processor = 0; processor < CPU_SETSIZE && !result; processor++) { /* each has another lane */
        CPU_ZERO(&one);
        CPU_SET(processor, &one);
        if (sched_setaffinity(0, sizeof one, &one) == 0)
            result = signers_try(signer, 1);
    }
    saf_p11_signer_close(&signer);
    return result;
}

TEST(a_token_with_few_sessions_signs_with_those_it_has)
{
    assert_int_equal(with_lie("sessions-run-out", sign_with_few_sessions), SAF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(a_module_that_crashes_is_an_error),
        IN_SOFTHSM(a_module_that_ends_the_process_is_an_error),
        IN_SOFTHSM(a_module_that_hangs_is_an_error_in_time),
        IN_SOFTHSM(a_module_that_fails_is_an_error_with_its_answer),
        IN_SOFTHSM(a_library_that_is_no_module_is_an_error),
        IN_SOFTHSM(a_file_that_is_no_library_is_an_error),
        IN_SOFTHSM(lists_that_are_too_long_are_an_error),
        IN_SOFTHSM(attributes_with_wrong_lengths_are_an_error_or_do_no_harm),
        IN_SOFTHSM(signatures_that_are_none_are_an_error),
        IN_SOFTHSM(a_token_that_begins_to_lie_is_noticed),
        IN_SOFTHSM(a_failure_that_passes_is_not_seen),
        IN_SOFTHSM(a_slow_token_is_waited_for),
        IN_SOFTHSM(a_copy_that_is_none_is_not_used_and_not_left),
        IN_SOFTHSM(a_token_with_few_sessions_signs_with_those_it_has),
        IN_SOFTHSM(a_good_module_is_tried_once_per_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
