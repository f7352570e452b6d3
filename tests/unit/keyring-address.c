#include <support/cm.h>

#include <safring/keyring.h>

#include <string.h>

static saf_ring_address parsed(const char *text)
{
    saf_ring_address address;
    saf_error err = { 0 };
    if (saf_ring_address_parse(&address, text, &err) != SAF_OK)
        fail_msg("%s: %s", text, err.text);
    return address;
}

static void assert_address(const char *text, const char *owner, const char *name, const char *label)
{
    saf_ring_address address = parsed(text);
    assert_string_equal(address.owner, owner);
    assert_string_equal(address.name, name);
    assert_string_equal(address.label, label);
}

static void assert_refused(const char *text)
{
    saf_ring_address address;
    saf_error err = { 0 };
    if (saf_ring_address_parse(&address, text, &err) != SAF_E_USAGE)
        fail_msg("%s was taken", text);
    assert_true(*err.text);
}

TEST(parse_reads_owner_and_ring)
{
    assert_address("ZWESVUSR/ZoweKeyring", "ZWESVUSR", "ZoweKeyring", "");
    assert_address("ZWESVUSR/ZoweKeyring&localhost", "ZWESVUSR", "ZoweKeyring", "localhost");
    assert_address("IBMUSER/a ring/with \"quotes\"&a label", "IBMUSER", "a ring/with \"quotes\"", "a label");
}

TEST(parse_reads_every_spelling_of_the_scheme)
{
    assert_address("safkeyring://A/r", "A", "r", "");
    assert_address("safkeyring:///A/r", "A", "r", "");
    assert_address("safkeyring:////A/r&l", "A", "r", "l");
    assert_address("safkeyringjce://A/r", "A", "r", "");
    assert_address("safkeyringjcehybrid:////A/r", "A", "r", "");
    assert_address("SAFKEYRING://A/r", "A", "r", "");
}

TEST(parse_folds_the_owner_but_not_the_ring)
{
    assert_address("zwesvusr/ZoweKeyring", "ZWESVUSR", "ZoweKeyring", "");
}

TEST(parse_reads_virtual_rings)
{
    assert_address("zwesvusr/*", "ZWESVUSR", "*", "");
    assert_address("*AUTH*/*", "*AUTH*", "*", "");
    assert_address("safkeyring://*SITE*/*&root", "*SITE*", "*", "root");
    assert_refused("*AUTH*/ring");
}

TEST(parse_reads_virtual_rings_in_any_case)
{
    assert_address("*auth*/*", "*AUTH*", "*", "");
    assert_address("safkeyring://*Site*/*&root", "*SITE*", "*", "root");
    assert_refused("*auth*/ring");
}

TEST(parse_takes_percent_signs_literally)
{
    assert_address("A/r%20x", "A", "r%20x", "");
}

TEST(parse_refuses_what_is_no_address)
{
    assert_refused("");
    assert_refused("A");
    assert_refused("/ring");
    assert_refused("A/");
    assert_refused("A/r&");
    assert_refused("A/&l");
    assert_refused("TOOLONG99/r");
    assert_refused("A B/r");
    assert_refused("safkeyring:/A/r");
    assert_refused("safkeyring://///A/r");
    assert_refused("safkeyring://A");
    assert_refused("A/ r");
    assert_refused("A/r&a label that is longer than 32 bytes");
    assert_refused("A/r\n");
}

TEST(parse_refuses_a_ring_name_of_238_bytes)
{
    char text[2 + SAF_RING_NAME_MAX + 2] = "A/";
    memset(text + 2, 'r', SAF_RING_NAME_MAX);
    assert_int_equal(strlen(parsed(text).name), SAF_RING_NAME_MAX);
    text[2 + SAF_RING_NAME_MAX] = 'r';
    assert_refused(text);
}

TEST(format_writes_what_parse_reads)
{
    char out[320];
    saf_ring_address address = parsed("zwesvusr/ZoweKeyring&local host");
    assert_int_equal(saf_ring_address_format(out, sizeof out, &address, NULL), SAF_OK);
    assert_string_equal(out, "safkeyring://ZWESVUSR/ZoweKeyring&local host");
}

TEST(format_refuses_a_buffer_without_room_for_the_terminator)
{
    char out[] = "safkeyring://A/r";
    saf_ring_address address = parsed("A/r");
    memset(out, 'x', sizeof out - 1);
    assert_int_equal(saf_ring_address_format(out, sizeof out - 1, &address, NULL), SAF_E_SPACE);
    assert_int_equal(out[0], 'x');
    assert_int_equal(saf_ring_address_format(out, sizeof out, &address, NULL), SAF_OK);
}

/* ---- names ---------------------------------------------------------------------------------------------------- */

TEST(owner_is_folded)
{
    char owner[SAF_OWNER_MAX + 1];
    assert_int_equal(saf_owner_fold(owner, "a1#$@z", NULL), SAF_OK);
    assert_string_equal(owner, "A1#$@Z");
    assert_int_equal(saf_owner_fold(owner, "certauth", NULL), SAF_OK);
    assert_string_equal(owner, SAF_OWNER_CERTAUTH);
}

TEST(owner_is_refused_when_it_is_none)
{
    char owner[SAF_OWNER_MAX + 1] = "same";
    saf_error err = { 0 };
    const char *const wrong[] = { "", "NINECHARS", "A B", "A-B", "\xC3\x84", "*AUTH*", NULL };
    for (size_t i = 0; wrong[i]; i++)
        assert_int_equal(saf_owner_fold(owner, wrong[i], &err), SAF_E_USAGE);
    assert_int_equal(saf_owner_fold(owner, NULL, &err), SAF_E_USAGE);
    assert_string_equal(owner, "same");
}

TEST(label_may_hold_blanks_quotes_and_other_alphabets)
{
    assert_int_equal(saf_label_check("it's \"my\" label", NULL), SAF_OK);
    assert_int_equal(saf_label_check("Schl\xC3\xBCssel \xE9\x8D\xB5", NULL), SAF_OK);
    assert_int_equal(saf_label_check("12345678901234567890123456789012", NULL), SAF_OK);
}

TEST(label_is_refused_when_it_cannot_be_shown)
{
    const char *const wrong[] = { "", " a", "a ", "a\tb", "a\x7F", "\xC2\x9B" "31m", "\xFF", "\xC3",
                                  "123456789012345678901234567890123", NULL };
    for (size_t i = 0; wrong[i]; i++)
        if (saf_label_check(wrong[i], NULL) != SAF_E_USAGE)
            fail_msg("label %zu was taken", i);
}

/* Texts that look like others: a right-to-left override, a zero-width space, a byte order mark, an isolate, a line's end. */
TEST(names_are_refused_when_they_only_look_like_others)
{
    const char *const wrong[] = { "a\xC2\x80z", "a\xC2\x9Fz", "a\xE2\x80\x8Bz", "a\xE2\x80\x8Fz", "a\xE2\x80\xAEz",
                                  "a\xE2\x80\xA8z", "a\xE2\x81\xA6z", "a\xE2\x81\xA9z", "a\xEF\xBB\xBFz", "a\xD8\x9Cz",
                                  NULL };
    for (size_t i = 0; wrong[i]; i++) {
        if (saf_label_check(wrong[i], NULL) != SAF_E_USAGE || saf_ring_name_check(wrong[i], NULL) != SAF_E_USAGE)
            fail_msg("name %zu was taken", i);
    }
    assert_int_equal(saf_label_check("a\xC2\xA0\xE2\x80\x93\xE2\x82\xAC", NULL), SAF_OK);
}

TEST(the_reason_follows_a_name_of_any_length)
{
    char name[2000] = "";
    saf_error err = { 0 };
    char owner[SAF_OWNER_MAX + 1];
    memset(name, 'x', sizeof name - 1);
    assert_int_equal(saf_label_check(name, &err), SAF_E_USAGE);
    assert_non_null(strstr(err.text, "is too long"));
    assert_int_equal(saf_ring_name_check(name, &err), SAF_E_USAGE);
    assert_non_null(strstr(err.text, "is too long"));
    assert_int_equal(saf_owner_fold(owner, name, &err), SAF_E_USAGE);
    assert_non_null(strstr(err.text, "is not an owner"));
}

TEST(ring_name_must_not_hold_what_ends_it_in_an_address)
{
    saf_error err = { 0 };
    assert_int_equal(saf_ring_name_check("a&b", &err), SAF_E_USAGE);
    assert_non_null(strstr(err.text, "ampersand"));
    assert_int_equal(err.codes.reason, 28);
}

TEST(ring_name_must_not_be_the_virtual_one)
{
    saf_error err = { 0 };
    assert_int_equal(saf_ring_name_check("*", &err), SAF_E_USAGE);
    assert_int_equal(err.codes.reason, 28);
    assert_int_equal(saf_ring_name_check("a*", &err), SAF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_reads_owner_and_ring),
        cmocka_unit_test(parse_reads_every_spelling_of_the_scheme),
        cmocka_unit_test(parse_folds_the_owner_but_not_the_ring),
        cmocka_unit_test(parse_reads_virtual_rings),
        cmocka_unit_test(parse_reads_virtual_rings_in_any_case),
        cmocka_unit_test(parse_takes_percent_signs_literally),
        cmocka_unit_test(parse_refuses_what_is_no_address),
        cmocka_unit_test(parse_refuses_a_ring_name_of_238_bytes),
        cmocka_unit_test(format_writes_what_parse_reads),
        cmocka_unit_test(format_refuses_a_buffer_without_room_for_the_terminator),
        cmocka_unit_test(owner_is_folded),
        cmocka_unit_test(owner_is_refused_when_it_is_none),
        cmocka_unit_test(label_may_hold_blanks_quotes_and_other_alphabets),
        cmocka_unit_test(label_is_refused_when_it_cannot_be_shown),
        cmocka_unit_test(names_are_refused_when_they_only_look_like_others),
        cmocka_unit_test(the_reason_follows_a_name_of_any_length),
        cmocka_unit_test(ring_name_must_not_hold_what_ends_it_in_an_address),
        cmocka_unit_test(ring_name_must_not_be_the_virtual_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
