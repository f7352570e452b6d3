#include <support/cm.h>

#include <base/buffer.h>

#include <setup/yaml-tree.h>

static saf_yaml_tree *parse(const char *text)
{
    saf_yaml_tree *tree = NULL;
    saf_error err = { 0 };
    if (saf_yaml_parse(&tree, saf_bytes_of_text(text), "z.yaml", &err) != SAF_OK)
        fail_msg("%s", err.text);
    return tree;
}

static void assert_refused(saf_bytes text, const char *why)
{
    saf_yaml_tree *tree = NULL;
    saf_error err = { 0 };
    assert_int_equal(saf_yaml_parse(&tree, text, "z.yaml", &err), SAF_E_MALFORMED);
    assert_string_equal(err.text, why);
    assert_null(tree);
}

/* The bytes of the value at a path are exactly these. */
static void assert_bytes(const char *text, const char *path, const char *bytes)
{
    OWN(saf_yaml_tree) *tree = parse(text);
    const saf_yaml_node *node = NULL;
    assert_int_equal(saf_yaml_get(&node, tree, path, NULL), SAF_OK);
    assert_non_null(node);
    assert_int_equal(node->end - node->start, strlen(bytes));
    assert_memory_equal(text + node->start, bytes, strlen(bytes));
}

TEST(marks_are_bytes_behind_characters_of_several_bytes)
{
    assert_bytes("# \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\na: \"\xC3\xA9\"\nb: x\n", "b", "x");
    assert_bytes("# \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\na: \"\xC3\xA9\"\nb: x\n", "a", "\"\xC3\xA9\"");
}

TEST(marks_are_right_behind_a_byte_order_mark)
{
    assert_bytes("\xEF\xBB\xBF" "a: 1\nb:\n  c: two\n", "b.c", "two");
}

TEST(marks_are_right_with_cr_lf)
{
    assert_bytes("# one\r\na:\r\n  b: 'x y' # z\r\n", "a.b", "'x y'");
}

TEST(block_mapping_ends_with_its_last_value)
{
    assert_bytes("a:\n  b: 1\n  c: 2 # two\n\n# more\nd: 3\n", "a", "b: 1\n  c: 2");
}

TEST(flow_mapping_ends_with_its_brace)
{
    assert_bytes("a: { b: 1 } # c\nd: 3\n", "a", "{ b: 1 }");
}

TEST(nodes_know_line_and_column)
{
    OWN(saf_yaml_tree) *tree = parse("a:\n  b: 1\n");
    const saf_yaml_node *node = NULL;
    assert_int_equal(saf_yaml_get(&node, tree, "a.b", NULL), SAF_OK);
    assert_int_equal(node->line, 2);
    assert_int_equal(node->column, 6);
}

TEST(parse_takes_an_empty_document)
{
    OWN(saf_yaml_tree) *tree = parse("# nothing\n");
    assert_null(saf_yaml_root(tree));
    const saf_yaml_node *node = NULL;
    assert_int_equal(saf_yaml_get(&node, tree, "a.b", NULL), SAF_OK);
    assert_null(node);
}

TEST(parse_refuses_a_key_given_twice)
{
    assert_refused(saf_bytes_of_text("a: 1\nb: 2\na: 3\n"), "z.yaml:3:1: the key \"a\" is there twice");
}

TEST(parse_refuses_a_key_given_twice_in_braces)
{
    assert_refused(saf_bytes_of_text("a: {x: 1, y: 2, x: 1}\n"), "z.yaml:1:17: the key \"x\" is there twice");
}

TEST(parse_refuses_a_second_document)
{
    assert_refused(saf_bytes_of_text("a: 1\n---\nb: 2\n"), "z.yaml:2:1: a second document");
}

TEST(parse_refuses_what_is_not_yaml)
{
    assert_refused(saf_bytes_of_text("a: [1, 2\nb: 3\n"), "z.yaml:2:2: did not find expected ',' or ']'");
}

TEST(parse_refuses_utf_16)
{
    assert_refused(saf_bytes_of("\xFF\xFE" "a\0:\0", 6), "z.yaml is not UTF-8");
}

TEST(parse_refuses_bytes_that_are_no_characters)
{
    assert_refused(saf_bytes_of_text("a: \xFF\n"), "z.yaml: byte 3: invalid leading UTF-8 octet");
}

TEST(parse_refuses_an_alias_without_an_anchor)
{
    assert_refused(saf_bytes_of_text("a: *b\n"), "z.yaml:1:4: an alias without an anchor");
}

static void nest(saf_buffer *text, int depth)
{
    for (int i = 0; i < depth; i++)
        saf_buffer_append_text(text, "[");
    for (int i = 0; i < depth; i++)
        saf_buffer_append_text(text, "]");
}

TEST(parse_takes_the_deepest_nesting_and_refuses_one_more)
{
    OWN(saf_buffer) most = { 0 }, more = { 0 };
    OWN(saf_yaml_tree) *tree = NULL;
    nest(&most, SAF_YAML_DEPTH_MAX);
    nest(&more, SAF_YAML_DEPTH_MAX + 1);
    assert_int_equal(saf_yaml_parse(&tree, saf_buffer_bytes(&most), "z.yaml", NULL), SAF_OK);
    assert_refused(saf_buffer_bytes(&more), "z.yaml:1:65: nested too deeply");
}

static void list(saf_buffer *text, unsigned items)
{
    for (unsigned i = 0; i < items; i++)
        saf_buffer_append_text(text, "- 1\n");
}

TEST(parse_takes_the_most_values_and_refuses_one_more)
{
    OWN(saf_buffer) most = { 0 }, more = { 0 };
    OWN(saf_yaml_tree) *tree = NULL;
    list(&most, SAF_YAML_NODES_MAX - 1);
    list(&more, SAF_YAML_NODES_MAX);
    assert_int_equal(saf_yaml_parse(&tree, saf_buffer_bytes(&most), "z.yaml", NULL), SAF_OK);
    assert_refused(saf_buffer_bytes(&more), "z.yaml:200000:3: too many values");
}

/* Nine levels of nine aliases each: expanded, 387 million values. */
TEST(aliases_of_aliases_do_not_explode)
{
    OWN(saf_buffer) text = { 0 };
    saf_buffer_append_text(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 9; i++) {
        saf_buffer_printf(&text, "a%d: &a%d [*a%d", i, i, i - 1);
        for (int j = 1; j < 9; j++)
            saf_buffer_printf(&text, ",*a%d", i - 1);
        saf_buffer_append_text(&text, "]\n");
    }
    saf_buffer_append_text(&text, "zowe: {name: last}\n");
    OWN(saf_yaml_tree) *tree = parse(saf_buffer_text(&text));
    const char *name = NULL;
    assert_int_equal(saf_yaml_get_text(&name, tree, "zowe.name", NULL), SAF_OK);
    assert_string_equal(name, "last");
}

TEST(parse_refuses_too_many_anchors)
{
    OWN(saf_buffer) text = { 0 };
    for (int i = 0; i <= SAF_YAML_ANCHORS_MAX; i++)
        saf_buffer_printf(&text, "- &a%d 1\n", i);
    assert_refused(saf_buffer_bytes(&text), "z.yaml:257:3: too many anchors");
}

TEST(values_are_found_through_an_alias)
{
    OWN(saf_yaml_tree) *tree = parse("base: &b {name: x}\nzowe: *b\n");
    const char *name = NULL;
    assert_int_equal(saf_yaml_get_text(&name, tree, "zowe.name", NULL), SAF_OK);
    assert_string_equal(name, "x");
}

static void assert_text_refused(const char *text, const char *path, const char *why, const char *hint)
{
    OWN(saf_yaml_tree) *tree = parse(text);
    const char *value = NULL;
    saf_error err = { 0 };
    assert_int_equal(saf_yaml_get_text(&value, tree, path, &err), SAF_E_USAGE);
    assert_string_equal(err.text, why);
    assert_string_equal(err.hint, hint);
    assert_null(value);
}

TEST(a_merge_key_on_the_way_is_refused)
{
    assert_text_refused("b: &b {name: x}\nzowe:\n  <<: *b\n", "zowe.name",
                        "z.yaml:3:3: zowe.name may come from a merge key (<<), which is not followed", "");
}

TEST(a_template_is_refused)
{
    assert_text_refused("zowe:\n  name: ${{ zowe.x }}\n", "zowe.name",
                        "z.yaml:2:9: zowe.name is a template, which only Zowe's configuration manager can work out",
                        "give the value itself");
}

TEST(a_list_is_no_text)
{
    assert_text_refused("zowe:\n  name: [x]\n", "zowe.name",
                        "z.yaml:2:9: zowe.name must be one value, not a list or section", "");
}

TEST(a_text_of_two_lines_is_refused)
{
    assert_text_refused("zowe:\n  name: |\n    x\n    y\n", "zowe.name",
                        "z.yaml:2:9: zowe.name must be one line without control characters", "");
}

TEST(a_path_through_a_value_is_refused)
{
    assert_text_refused("zowe: 12\n", "zowe.name",
                        "z.yaml:1:7: zowe.name cannot be there: a value stands where a section is expected", "");
}

TEST(absent_null_and_empty_texts_leave_the_default)
{
    OWN(saf_yaml_tree) *tree = parse("a:\nb: ~\nc: null\nd: \"\"\ne: 'null'\n");
    const char *const absent[] = { "a", "b", "c", "d", "x", "a.b" };
    const char *value = "default";
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_int_equal(saf_yaml_get_text(&value, tree, absent[i], NULL), SAF_OK);
    assert_string_equal(value, "default");
    assert_int_equal(saf_yaml_get_text(&value, tree, "e", NULL), SAF_OK);
    assert_string_equal(value, "null");
}

TEST(truth_has_six_words)
{
    OWN(saf_yaml_tree) *tree = parse("a: true\nb: No\nc: \"yes\"\nd: maybe\n");
    saf_error err = { 0 };
    bool truth = false;
    assert_int_equal(saf_yaml_get_bool(&truth, tree, "a", NULL), SAF_OK);
    assert_true(truth);
    assert_int_equal(saf_yaml_get_bool(&truth, tree, "b", NULL), SAF_OK);
    assert_false(truth);
    assert_int_equal(saf_yaml_get_bool(&truth, tree, "c", NULL), SAF_OK);
    assert_true(truth);
    assert_int_equal(saf_yaml_get_bool(&truth, tree, "d", &err), SAF_E_USAGE);
    assert_string_equal(err.text, "z.yaml:4:4: d must be true or false");
}

TEST(numbers_are_whole_and_within_their_limits)
{
    OWN(saf_yaml_tree) *tree = parse("a: 365\nb: 0\nc: 36501\nd: 1.5\ne: -1\nf: 99999999999999999999\ng: 0x10\n");
    const char *const bad[] = { "b", "c", "d", "e", "f", "g" };
    unsigned number = 7;
    assert_int_equal(saf_yaml_get_number(&number, tree, "a", 1, 36500, NULL), SAF_OK);
    assert_int_equal(number, 365);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(saf_yaml_get_number(&number, tree, bad[i], 1, 36500, NULL), SAF_E_USAGE);
    assert_int_equal(number, 365);
}

TEST(lists_pass_over_what_is_empty_and_take_one_text_as_a_list)
{
    OWN(saf_yaml_tree) *tree = parse("a: [x, '', ~, y]\nb: z\n");
    const saf_yaml_node *item = NULL;
    const char *text = NULL;
    assert_int_equal(saf_yaml_next_text(&item, &text, tree, "a", NULL), SAF_OK);
    assert_string_equal(text, "x");
    assert_int_equal(saf_yaml_next_text(&item, &text, tree, "a", NULL), SAF_OK);
    assert_string_equal(text, "y");
    assert_int_equal(saf_yaml_next_text(&item, &text, tree, "a", NULL), SAF_OK);
    assert_null(item);
    assert_int_equal(saf_yaml_next_text(&item, &text, tree, "b", NULL), SAF_OK);
    assert_string_equal(text, "z");
    assert_int_equal(saf_yaml_next_text(&item, &text, tree, "b", NULL), SAF_OK);
    assert_null(item);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_are_bytes_behind_characters_of_several_bytes),
        cmocka_unit_test(marks_are_right_behind_a_byte_order_mark),
        cmocka_unit_test(marks_are_right_with_cr_lf),
        cmocka_unit_test(block_mapping_ends_with_its_last_value),
        cmocka_unit_test(flow_mapping_ends_with_its_brace),
        cmocka_unit_test(nodes_know_line_and_column),
        cmocka_unit_test(parse_takes_an_empty_document),
        cmocka_unit_test(parse_refuses_a_key_given_twice),
        cmocka_unit_test(parse_refuses_a_key_given_twice_in_braces),
        cmocka_unit_test(parse_refuses_a_second_document),
        cmocka_unit_test(parse_refuses_what_is_not_yaml),
        cmocka_unit_test(parse_refuses_utf_16),
        cmocka_unit_test(parse_refuses_bytes_that_are_no_characters),
        cmocka_unit_test(parse_refuses_an_alias_without_an_anchor),
        cmocka_unit_test(parse_takes_the_deepest_nesting_and_refuses_one_more),
        cmocka_unit_test(parse_takes_the_most_values_and_refuses_one_more),
        cmocka_unit_test(aliases_of_aliases_do_not_explode),
        cmocka_unit_test(parse_refuses_too_many_anchors),
        cmocka_unit_test(values_are_found_through_an_alias),
        cmocka_unit_test(a_merge_key_on_the_way_is_refused),
        cmocka_unit_test(a_template_is_refused),
        cmocka_unit_test(a_list_is_no_text),
        cmocka_unit_test(a_text_of_two_lines_is_refused),
        cmocka_unit_test(a_path_through_a_value_is_refused),
        cmocka_unit_test(absent_null_and_empty_texts_leave_the_default),
        cmocka_unit_test(truth_has_six_words),
        cmocka_unit_test(numbers_are_whole_and_within_their_limits),
        cmocka_unit_test(lists_pass_over_what_is_empty_and_take_one_text_as_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
