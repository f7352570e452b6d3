#include <support/cm.h>

#include <base/buffer.h>

TEST(an_unused_buffer_is_empty_text)
{
    saf_buffer buffer = { 0 };
    assert_string_equal(saf_buffer_text(&buffer), "");
    assert_int_equal(saf_buffer_bytes(&buffer).len, 0);
    assert_int_equal(saf_buffer_check(&buffer, NULL), SAF_OK);
    saf_buffer_free(&buffer);
    saf_buffer_free(&buffer);
    saf_buffer_free(NULL);
}

TEST(appends_follow_one_another_and_end_in_zero)
{
    OWN(saf_buffer) buffer = { 0 };
    saf_buffer_append_text(&buffer, "IBMUSER");
    saf_buffer_append(&buffer, saf_bytes_of("/", 1));
    saf_buffer_printf(&buffer, "%s-%d", "ring", 7);
    assert_int_equal(saf_buffer_check(&buffer, NULL), SAF_OK);
    assert_string_equal(saf_buffer_text(&buffer), "IBMUSER/ring-7");
    assert_int_equal(buffer.len, 14);
}

TEST(appending_nothing_allocates_nothing)
{
    OWN(saf_buffer) buffer = { 0 };
    saf_buffer_append(&buffer, saf_bytes_of(NULL, 0));
    assert_null(buffer.data);
    saf_buffer_append_text(&buffer, "");
    assert_null(buffer.data);
}

TEST(zero_bytes_are_content)
{
    OWN(saf_buffer) buffer = { 0 };
    saf_buffer_append(&buffer, saf_bytes_of("a\0b", 3));
    assert_int_equal(buffer.len, 3);
    assert_memory_equal(buffer.data, "a\0b", 4);
}

TEST(growing_keeps_the_content)
{
    OWN(saf_buffer) buffer = { 0 };
    for (unsigned i = 0; i < 10000; i++)
        saf_buffer_printf(&buffer, "%04u", i);
    assert_int_equal(saf_buffer_check(&buffer, NULL), SAF_OK);
    assert_int_equal(buffer.len, 40000);
    assert_memory_equal(buffer.data, "0000000100020003", 16);
    assert_string_equal(saf_buffer_text(&buffer) + 39992, "99989999");
}

TEST(a_long_printf_is_not_cut)
{
    OWN(saf_buffer) buffer = { 0 };
    saf_buffer_printf(&buffer, "%5000d", 1);
    assert_int_equal(buffer.len, 5000);
    assert_string_equal(saf_buffer_text(&buffer) + 4997, "  1");
}

TEST(extend_returns_the_room_at_the_end)
{
    OWN(saf_buffer) buffer = { 0 };
    saf_buffer_append_text(&buffer, "head");
    unsigned char *room = saf_buffer_extend(&buffer, 4);
    assert_ptr_equal(room, buffer.data + 4);
    memcpy(room, "tail", 4);
    assert_string_equal(saf_buffer_text(&buffer), "headtail");
    assert_non_null(saf_buffer_extend(&buffer, 0));
}

TEST(a_failed_append_is_remembered_and_changes_nothing)
{
    OWN(saf_buffer) buffer = { 0 };
    saf_error err = { 0 };
    saf_buffer_append_text(&buffer, "before");
    assert_null(saf_buffer_extend(&buffer, SIZE_MAX - 3));
    saf_buffer_append_text(&buffer, "after");
    assert_string_equal(saf_buffer_text(&buffer), "before");
    assert_int_equal(saf_buffer_check(&buffer, &err), SAF_E_MEMORY);
    assert_string_equal(err.text, "out of memory");
}

TEST(a_freed_buffer_can_be_used_again)
{
    OWN(saf_buffer) buffer = { 0 };
    assert_null(saf_buffer_extend(&buffer, SIZE_MAX));
    saf_buffer_free(&buffer);
    saf_buffer_append_text(&buffer, "again");
    assert_int_equal(saf_buffer_check(&buffer, NULL), SAF_OK);
    assert_string_equal(saf_buffer_text(&buffer), "again");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unused_buffer_is_empty_text),
        cmocka_unit_test(appends_follow_one_another_and_end_in_zero),
        cmocka_unit_test(appending_nothing_allocates_nothing),
        cmocka_unit_test(zero_bytes_are_content),
        cmocka_unit_test(growing_keeps_the_content),
        cmocka_unit_test(a_long_printf_is_not_cut),
        cmocka_unit_test(extend_returns_the_room_at_the_end),
        cmocka_unit_test(a_failed_append_is_remembered_and_changes_nothing),
        cmocka_unit_test(a_freed_buffer_can_be_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
