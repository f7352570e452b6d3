#include <support/cm.h>

#include <base/buffer.h>
#include <base/json-reader.h>

#include <stdlib.h>

/* From a copy that ends where the text ends, so that a sanitizer sees a read behind it. */
static int reads(const char *text, size_t len)
{
    saf_json_object object;
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    int answer = saf_json_read_object(&object, saf_bytes_of(copy, len));
    if (!answer)
        assert_int_equal(object.count, 0);
    free(copy);
    return answer;
}

static void assert_reads(const char *text)
{
    if (!reads(text, strlen(text)))
        fail_msg("refused %s", text);
}

static void assert_refuses(const char *text)
{
    if (reads(text, strlen(text)))
        fail_msg("accepted %s", text);
}

/* The one value of {"v":…}. */
static saf_json_value value_of(const char *text)
{
    saf_json_object object;
    if (!saf_json_read_object(&object, saf_bytes_of_text(text)))
        fail_msg("refused %s", text);
    const saf_json_member *member = saf_json_find(&object, "v");
    assert_non_null(member);
    return member->value;
}

static void assert_bytes(saf_bytes bytes, const char *text)
{
    assert_int_equal(bytes.len, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.len);
}

TEST(read_gives_the_members_in_their_order)
{
    saf_json_object object;
    assert_true(saf_json_read_object(&object, saf_bytes_of_text("{\"alg\":\"HS256\", \"typ\" : \"JWT\"}")));
    assert_int_equal(object.count, 2);
    assert_bytes(object.members[0].name, "alg");
    assert_bytes(object.members[0].value.raw, "HS256");
    assert_bytes(object.members[1].name, "typ");
    assert_bytes(object.members[1].value.raw, "JWT");
}

TEST(find_compares_whole_names)
{
    saf_json_object object;
    assert_true(saf_json_read_object(&object, saf_bytes_of_text("{\"exp\":1,\"e\":2,\"\":3}")));
    assert_int_equal(saf_json_find(&object, "exp")->value.integer, 1);
    assert_int_equal(saf_json_find(&object, "e")->value.integer, 2);
    assert_int_equal(saf_json_find(&object, "")->value.integer, 3);
    assert_null(saf_json_find(&object, "ex"));
    assert_null(saf_json_find(&object, "expo"));
}

TEST(white_space_is_that_of_json)
{
    assert_reads(" \t\r\n{ \t\r\n\"a\"\n:\r1\t,\"b\": [ 1 , 2 ] } \t\r\n");
    assert_reads("{}");
    assert_reads("{ }");
    assert_refuses("{\"a\":\v1}");
    assert_refuses("{\"a\":\f1}");
    assert_refuses("{\"a\":\xc2\xa0" "1}");
    assert_refuses("\xef\xbb\xbf{}");
}

TEST(the_outermost_value_is_an_object)
{
    assert_refuses("");
    assert_refuses(" ");
    assert_refuses("[]");
    assert_refuses("1");
    assert_refuses("\"a\"");
    assert_refuses("null");
    assert_false(saf_json_read_object(&(saf_json_object) { 0 }, saf_bytes_of(NULL, 0)));
}

TEST(nothing_follows_the_object)
{
    assert_refuses("{}x");
    assert_refuses("{}{}");
    assert_refuses("{},");
    assert_refuses("{}}");
    assert_false(reads("{}", 3));
}

TEST(commas_stand_between_members_only)
{
    assert_refuses("{,}");
    assert_refuses("{\"a\":1,}");
    assert_refuses("{,\"a\":1}");
    assert_refuses("{\"a\":1,,\"b\":2}");
    assert_refuses("{\"a\":1 \"b\":2}");
    assert_refuses("{\"a\":[1,]}");
    assert_refuses("{\"a\":[,1]}");
    assert_refuses("{\"a\":[1 2]}");
    assert_refuses("{\"a\":[,]}");
}

TEST(a_member_is_a_name_a_colon_and_a_value)
{
    assert_refuses("{\"a\"}");
    assert_refuses("{\"a\":}");
    assert_refuses("{\"a\" 1}");
    assert_refuses("{\"a\"::1}");
    assert_refuses("{a:1}");
    assert_refuses("{'a':1}");
    assert_refuses("{1:1}");
    assert_refuses("{null:1}");
}

TEST(brackets_match)
{
    assert_refuses("{");
    assert_refuses("{\"a\":[1}");
    assert_refuses("{\"a\":{]}");
    assert_refuses("{\"a\":[}]");
    assert_refuses("{\"a\":{\"b\":1}");
    assert_refuses("]");
    assert_refuses("{\"a\":1]");
}

/* RFC 8259 4 leaves them to the reader; two readers that choose differently see two tokens. */
TEST(a_name_given_twice_is_refused_wherever_it_stands)
{
    assert_refuses("{\"a\":1,\"a\":1}");
    assert_refuses("{\"a\":1,\"b\":2,\"a\":3}");
    assert_refuses("{\"\":1,\"\":2}");
    assert_refuses("{\"o\":{\"a\":1,\"a\":2}}");
    assert_refuses("{\"o\":[{\"p\":{\"a\":1,\"b\":{\"a\":1},\"a\":2}}]}");
    assert_reads("{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":2}]}");
    assert_reads("{\"a\":1,\"A\":2,\"aa\":3}");
}

TEST(a_name_with_an_escape_is_refused_wherever_it_stands)
{
    assert_refuses("{\"\\u0061\":1}");
    assert_refuses("{\"a\":{\"b\\n\":1}}");
}

TEST(the_words_of_json_are_three)
{
    assert_int_equal(value_of("{\"v\":true}").kind, SAF_JSON_TRUE);
    assert_int_equal(value_of("{\"v\":false}").kind, SAF_JSON_FALSE);
    assert_int_equal(value_of("{\"v\":null}").kind, SAF_JSON_NULL);
    assert_bytes(value_of("{\"v\":null }").raw, "null");
    assert_refuses("{\"v\":True}");
    assert_refuses("{\"v\":tru}");
    assert_refuses("{\"v\":truee}");
    assert_refuses("{\"v\":nul");
    assert_refuses("{\"v\":NaN}");
    assert_refuses("{\"v\":Infinity}");
    assert_refuses("{\"v\":undefined}");
}

TEST(integers_are_those_of_64_bits)
{
    assert_int_equal(value_of("{\"v\":0}").integer, 0);
    assert_int_equal(value_of("{\"v\":-0}").integer, 0);
    assert_int_equal(value_of("{\"v\":1796083200}").integer, 1796083200);
    assert_true(value_of("{\"v\":9223372036854775807}").integer == INT64_MAX);
    assert_true(value_of("{\"v\":-9223372036854775808}").integer == INT64_MIN);
    assert_int_equal(value_of("{\"v\":-9223372036854775808}").kind, SAF_JSON_INTEGER);
    assert_bytes(value_of("{\"v\": -17 }").raw, "-17");
}

TEST(other_numbers_are_not_integers)
{
    static const char *const texts[] = {
        "{\"v\":9223372036854775808}", "{\"v\":-9223372036854775809}", "{\"v\":18446744073709551617}",
        "{\"v\":1.0}", "{\"v\":1e0}", "{\"v\":1E+2}", "{\"v\":-0.5e-10}", "{\"v\":1e999}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(value_of(texts[i]).kind, SAF_JSON_NUMBER);
        assert_int_equal(value_of(texts[i]).integer, 0);
    }
}

TEST(numbers_have_the_form_of_json)
{
    static const char *const texts[] = {
        "{\"v\":01}", "{\"v\":-01}", "{\"v\":00}", "{\"v\":+1}", "{\"v\":-}", "{\"v\":.5}", "{\"v\":1.}", "{\"v\":1.e1}",
        "{\"v\":1e}", "{\"v\":1e+}", "{\"v\":1e+-1}", "{\"v\":0x10}", "{\"v\":1_0}", "{\"v\":- 1}", "{\"v\":--1}",
        "{\"v\":1a}", "{\"v\":1", "{\"v\":-", "{\"v\":1.", "{\"v\":1e",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_refuses(texts[i]);
}

TEST(a_string_gives_what_stands_between_its_quotes)
{
    saf_json_value value = value_of("{\"v\":\"IBMUSER\"}");
    assert_int_equal(value.kind, SAF_JSON_STRING);
    assert_bytes(value.raw, "IBMUSER");
    assert_int_equal(value.has_escapes, 0);
    assert_bytes(value_of("{\"v\":\"\"}").raw, "");
}

TEST(a_string_with_escapes_says_so)
{
    saf_json_value value = value_of("{\"v\":\"a\\u0062\\\"\\\\\\/\\b\\f\\n\\r\\t\"}");
    assert_int_equal(value.has_escapes, 1);
    assert_bytes(value.raw, "a\\u0062\\\"\\\\\\/\\b\\f\\n\\r\\t");
}

TEST(a_string_with_escapes_is_never_equal)
{
    saf_json_value plain = value_of("{\"v\":\"ab\"}");
    saf_json_value escaped = value_of("{\"v\":\"a\\u0062\"}");
    saf_json_value number = value_of("{\"v\":12}");
    assert_true(saf_json_is_string(&plain, saf_bytes_of_text("ab")));
    assert_false(saf_json_is_string(&plain, saf_bytes_of_text("a")));
    assert_false(saf_json_is_string(&plain, saf_bytes_of_text("abc")));
    assert_false(saf_json_is_string(&plain, saf_bytes_of(NULL, 0)));
    assert_false(saf_json_is_string(&escaped, saf_bytes_of_text("ab")));
    assert_false(saf_json_is_string(&escaped, saf_bytes_of_text("a\\u0062")));
    assert_false(saf_json_is_string(&number, saf_bytes_of_text("12")));
}

TEST(escapes_are_those_of_json)
{
    assert_refuses("{\"v\":\"\\x41\"}");
    assert_refuses("{\"v\":\"\\'\"}");
    assert_refuses("{\"v\":\"\\0\"}");
    assert_refuses("{\"v\":\"\\u12\"}");
    assert_refuses("{\"v\":\"\\u12g4\"}");
    assert_refuses("{\"v\":\"\\U0041\"}");
    assert_refuses("{\"v\":\"\\u004");
    assert_refuses("{\"v\":\"\\");
}

TEST(surrogates_come_in_pairs)
{
    assert_reads("{\"v\":\"\\ud83d\\udd11\"}");
    assert_reads("{\"v\":\"\\uD7FF\\uE000\\uffff\"}");
    assert_refuses("{\"v\":\"\\ud83d\"}");
    assert_refuses("{\"v\":\"\\ud83dx\"}");
    assert_refuses("{\"v\":\"\\ud83d\\n\"}");
    assert_refuses("{\"v\":\"\\ud83d\\ud83d\"}");
    assert_refuses("{\"v\":\"\\udd11\\ud83d\"}");
    assert_refuses("{\"v\":\"\\udfff\"}");
}

TEST(control_characters_are_refused_in_strings)
{
    for (char c = 1; c < 0x20; c++) {
        const char text[] = { '{', '"', 'v', '"', ':', '"', c, '"', '}', '\0' };
        assert_refuses(text);
    }
    assert_false(reads("{\"v\":\"\0\"}", 9));
    assert_reads("{\"v\":\"\x7f\"}");
}

TEST(strings_are_utf8)
{
    assert_reads("{\"v\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91 \xf4\x8f\xbf\xbf \xee\x80\x80\"}");
    assert_reads("{\"\xc3\xa9\":1}");
    assert_refuses("{\"v\":\"\xe9\"}");
    assert_refuses("{\"v\":\"\x80\"}");
    assert_refuses("{\"v\":\"\xc0\xaf\"}");
    assert_refuses("{\"v\":\"\xc1\xbf\"}");
    assert_refuses("{\"v\":\"\xe0\x9f\xbf\"}");
    assert_refuses("{\"v\":\"\xed\xa0\x80\"}");
    assert_refuses("{\"v\":\"\xf0\x8f\xbf\xbf\"}");
    assert_refuses("{\"v\":\"\xf4\x90\x80\x80\"}");
    assert_refuses("{\"v\":\"\xf5\x80\x80\x80\"}");
    assert_refuses("{\"v\":\"\xc3\"}");
    assert_refuses("{\"v\":\"\xe2\x82\"}");
    assert_refuses("{\"v\":\"\xe2\x82");
    assert_refuses("{\"\xff\":1}");
}

TEST(every_beginning_of_a_text_is_refused)
{
    static const char text[] = "{\"a\":[1,-2.5e3,{\"b\":\"x\\ud83d\\udd11\xe2\x82\xac\"},[]],\"c\":{\"d\":true},\"e\":null}";
    assert_reads(text);
    for (size_t len = 0; len < sizeof text - 1; len++)
        assert_false(reads(text, len));
}

/* {"d":[[…]]}, the object included. */
static int reads_depth(int depth)
{
    OWN(saf_buffer) text = { 0 };
    saf_buffer_append_text(&text, "{\"d\":");
    for (int i = 1; i < depth; i++)
        saf_buffer_append_text(&text, "[");
    for (int i = 1; i < depth; i++)
        saf_buffer_append_text(&text, "]");
    saf_buffer_append_text(&text, "}");
    return reads(saf_buffer_text(&text), text.len);
}

TEST(depth_has_a_limit)
{
    assert_true(reads_depth(SAF_JSON_DEPTH_MAX));
    assert_false(reads_depth(SAF_JSON_DEPTH_MAX + 1));
    assert_false(reads_depth(100000));
}

static void append_members(saf_buffer *text, int count)
{
    for (int i = 0; i < count; i++)
        saf_buffer_printf(text, "%s\"m%d\":%d", i ? "," : "", i, i);
}

static int reads_members(const char *before, int count, const char *after)
{
    OWN(saf_buffer) text = { 0 };
    saf_buffer_append_text(&text, before);
    append_members(&text, count);
    saf_buffer_append_text(&text, after);
    return reads(saf_buffer_text(&text), text.len);
}

TEST(members_have_a_limit_in_every_object)
{
    assert_true(reads_members("{", SAF_JSON_MEMBERS_MAX, "}"));
    assert_false(reads_members("{", SAF_JSON_MEMBERS_MAX + 1, "}"));
    assert_true(reads_members("{\"o\":{", SAF_JSON_MEMBERS_MAX, "}}"));
    assert_false(reads_members("{\"o\":{", SAF_JSON_MEMBERS_MAX + 1, "}}"));
}

TEST(elements_of_arrays_have_none)
{
    OWN(saf_buffer) text = { 0 };
    saf_buffer_append_text(&text, "{\"a\":[0");
    for (int i = 1; i < 1000; i++)
        saf_buffer_printf(&text, ",%d", i);
    saf_buffer_append_text(&text, "]}");
    assert_reads(saf_buffer_text(&text));
}

TEST(nested_values_are_handed_over_as_text)
{
    saf_json_value object = value_of("{\"v\": {\"a\" : [1, {}]} }");
    assert_int_equal(object.kind, SAF_JSON_OBJECT);
    assert_bytes(object.raw, "{\"a\" : [1, {}]}");
    saf_json_value array = value_of("{\"v\":[ ] ,\"w\":1}");
    assert_int_equal(array.kind, SAF_JSON_ARRAY);
    assert_bytes(array.raw, "[ ]");
}

TEST(a_nested_object_can_be_read_in_its_turn)
{
    saf_json_value value = value_of("{\"v\":{\"kty\":\"oct\"}}");
    saf_json_object inner;
    assert_true(saf_json_read_object(&inner, value.raw));
    assert_bytes(saf_json_find(&inner, "kty")->value.raw, "oct");
}

TEST(an_array_can_be_walked)
{
    saf_json_value array = value_of("{\"v\":[ \"a,]\" , 7 ,[1,[2]],{\"k\":[]}\n, null]}");
    static const struct {
        saf_json_kind kind;
        const char *raw;
    } wanted[] = {
        { SAF_JSON_STRING, "a,]" }, { SAF_JSON_INTEGER, "7" },         { SAF_JSON_ARRAY, "[1,[2]]" },
        { SAF_JSON_OBJECT, "{\"k\":[]}" }, { SAF_JSON_NULL, "null" },
    };
    saf_json_value element;
    size_t cursor = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_true(saf_json_next_element(&element, &array, &cursor));
        assert_int_equal(element.kind, wanted[i].kind);
        assert_bytes(element.raw, wanted[i].raw);
    }
    assert_false(saf_json_next_element(&element, &array, &cursor));
    assert_false(saf_json_next_element(&element, &array, &cursor));
}

TEST(an_empty_array_has_no_elements)
{
    saf_json_value empty = value_of("{\"v\":[ ]}");
    saf_json_value text = value_of("{\"v\":\"[1]\"}");
    saf_json_value element;
    size_t cursor = 0;
    assert_false(saf_json_next_element(&element, &empty, &cursor));
    assert_false(saf_json_next_element(&element, &text, &cursor));
}

TEST(an_array_at_the_limit_of_depth_can_be_walked)
{
    saf_json_value array = value_of("{\"v\":[[[[[[[5]]]]]]]}");
    for (int depth = 2; depth < SAF_JSON_DEPTH_MAX; depth++) {
        saf_json_value inner;
        size_t cursor = 0;
        assert_true(saf_json_next_element(&inner, &array, &cursor));
        array = inner;
    }
    assert_bytes(array.raw, "[5]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_gives_the_members_in_their_order),
        cmocka_unit_test(find_compares_whole_names),
        cmocka_unit_test(white_space_is_that_of_json),
        cmocka_unit_test(the_outermost_value_is_an_object),
        cmocka_unit_test(nothing_follows_the_object),
        cmocka_unit_test(commas_stand_between_members_only),
        cmocka_unit_test(a_member_is_a_name_a_colon_and_a_value),
        cmocka_unit_test(brackets_match),
        cmocka_unit_test(a_name_given_twice_is_refused_wherever_it_stands),
        cmocka_unit_test(a_name_with_an_escape_is_refused_wherever_it_stands),
        cmocka_unit_test(the_words_of_json_are_three),
        cmocka_unit_test(integers_are_those_of_64_bits),
        cmocka_unit_test(other_numbers_are_not_integers),
        cmocka_unit_test(numbers_have_the_form_of_json),
        cmocka_unit_test(a_string_gives_what_stands_between_its_quotes),
        cmocka_unit_test(a_string_with_escapes_says_so),
        cmocka_unit_test(a_string_with_escapes_is_never_equal),
        cmocka_unit_test(escapes_are_those_of_json),
        cmocka_unit_test(surrogates_come_in_pairs),
        cmocka_unit_test(control_characters_are_refused_in_strings),
        cmocka_unit_test(strings_are_utf8),
        cmocka_unit_test(every_beginning_of_a_text_is_refused),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(members_have_a_limit_in_every_object),
        cmocka_unit_test(elements_of_arrays_have_none),
        cmocka_unit_test(nested_values_are_handed_over_as_text),
        cmocka_unit_test(a_nested_object_can_be_read_in_its_turn),
        cmocka_unit_test(an_array_can_be_walked),
        cmocka_unit_test(an_empty_array_has_no_elements),
        cmocka_unit_test(an_array_at_the_limit_of_depth_can_be_walked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
