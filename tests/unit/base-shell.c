#include <support/cm.h>

#include <base/shell.h>

#include <stdio.h>
#include <string.h>

/* What a shell makes of the word, and of another behind it. */
static void assert_one_word(const char *text)
{
    char command[SAF_SHELL_WORD_SIZE + 100], read[SAF_SHELL_WORD_SIZE + 100] = "", expected[SAF_SHELL_WORD_SIZE + 100];
    snprintf(command, sizeof command, "printf '<%%s>' %s end", saf_shell_quote(text).text);
    snprintf(expected, sizeof expected, "<%s><end>", text);
    FILE *shell = popen(command, "r");
    assert_non_null(shell);
    read[fread(read, 1, sizeof read - 1, shell)] = '\0';
    assert_int_equal(pclose(shell), 0);
    assert_string_equal(read, expected);
}

TEST(quote_makes_one_word_of_anything)
{
    static const char *const texts[] = { "", "ALICE/web", "ALICE/my web", "A/$(id)", "A/`id`", "it's", "'", "''", "\\", "a\"b", "*AUTH*/*", "~", "#a",
                                         "a;b", "a&b|c>d<e", "-x", "{a,b}", "[a]", "a=b", "!x", "Größe", "a\nb", " a ", "$HOME" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_one_word(texts[i]);
}

TEST(quote_leaves_plain_words_as_they_are)
{
    assert_string_equal(saf_shell_quote("/srv/safring/store").text, "/srv/safring/store");
    assert_string_equal(saf_shell_quote_name("ALICE", "web-1.example:8443").text, "ALICE/web-1.example:8443");
    assert_string_equal(saf_shell_quote_name("ALICE", "my web").text, "'ALICE/my web'");
    assert_string_equal(saf_shell_quote_name("ALICE", "it's").text, "'ALICE/it'\\''s'");
}

/* The longest name of a ring, each character of it in need of four. */
TEST(quote_has_room_for_the_longest_name)
{
    char name[238];
    memset(name, '\'', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    saf_shell_word word = saf_shell_quote_name("ABCDEFGH", name);
    assert_int_equal(strlen(word.text), 1 + 9 + 4 * 237 + 1);
}

TEST(quote_leaves_open_what_is_too_long)
{
    char text[2 * SAF_SHELL_WORD_SIZE];
    for (int plain = 0; plain < 2; plain++) {
        memset(text, plain ? 'a' : ' ', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        saf_shell_word word = saf_shell_quote(text);
        assert_int_equal(word.text[0], '\'');
        assert_null(strchr(word.text + 1, '\''));
        assert_true(strlen(word.text) < sizeof word.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quote_makes_one_word_of_anything),
        cmocka_unit_test(quote_leaves_plain_words_as_they_are),
        cmocka_unit_test(quote_has_room_for_the_longest_name),
        cmocka_unit_test(quote_leaves_open_what_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
