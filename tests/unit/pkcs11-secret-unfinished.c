#include <support/scratch.h>
#include <support/token-session.h>

static saf_p11_secret generate(fixture *f, const char *label)
{
    saf_p11_secret secret;
    if (saf_p11_generate_secret(&secret, f->session, &(saf_p11_secret_spec) { .label = label, .len = 32, .end_date = 4102444800 }, &f->err) != SAF_OK)
        fail_msg("%s", f->err.text);
    return secret;
}

/* As a kill leaves it that comes before the making has ended. */
static void interrupt(const fixture *f, const void *value, size_t len)
{
    CK_SESSION_HANDLE raw = softhsm_raw_session(f->p11, "ZWE.IDT");
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    CK_OBJECT_HANDLE note;
    char label[] = "safring unfinished", application[] = "safring";
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class },  { CKA_TOKEN, &yes, sizeof yes },
                              { CKA_PRIVATE, &yes, sizeof yes },    { CKA_LABEL, label, strlen(label) },
                              { CKA_APPLICATION, application, strlen(application) }, { CKA_VALUE, (void *)(uintptr_t)value, len } };
    assert_int_equal(softhsm_cryptoki(f->p11)->C_CreateObject(raw, wanted, sizeof wanted / sizeof *wanted, &note), CKR_OK);
    softhsm_cryptoki(f->p11)->C_CloseSession(raw);
}

static size_t count(const fixture *f)
{
    OWN(saf_p11_secret_list) list = { 0 };
    assert_int_equal(saf_p11_list_secrets(&list, f->session, NULL, NULL), SAF_OK);
    return list.count;
}

TEST(a_key_that_was_not_finished_is_not_shown_and_goes_with_the_next)
{
    OWN(fixture) f = { 0 };
    saf_p11_secret secret;
    enter(&f);
    generate(&f, "a");
    saf_p11_secret half = generate(&f, "a");
    interrupt(&f, "\0\0\0\2", 4);
    assert_int_equal(count(&f), 1);
    saf_p11_uri a = { .object = "a" }, uri = softhsm_uri(half.uri);
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &a, &f.err), SAF_OK);
    assert_int_equal(secret.sequence, 1);
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &uri, &f.err), SAF_E_NOT_FOUND);
    assert_non_null(strstr(f.err.text, "was interrupted"));
    assert_int_equal(generate(&f, "b").sequence, 3);
    assert_int_equal(count(&f), 2);
    assert_int_equal(saf_p11_find_secret(&secret, f.session, &uri, &f.err), SAF_E_NOT_FOUND);
    assert_string_equal(f.err.text, "token ZWE.IDT has no secret key \"a\" with id 00000002");
}

TEST(a_note_without_its_number_takes_no_key)
{
    OWN(fixture) f = { 0 };
    enter(&f);
    generate(&f, "a");
    interrupt(&f, "", 0);
    interrupt(&f, "\0\0\0\0\0\0\0\1", 8);
    assert_int_equal(count(&f), 1);
    generate(&f, "b");
    assert_int_equal(count(&f), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(a_key_that_was_not_finished_is_not_shown_and_goes_with_the_next),
        IN_SOFTHSM(a_note_without_its_number_takes_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
