/* Files of SoftHSM as bytes: what is whole, and each way not to be. */
#include <support/cm.h>

#include "object-file.h"

/* A file under construction. */
typedef struct draft {
    unsigned char bytes[1024];
    size_t len;
} draft;

static void add_word(draft *draft, uint64_t word)
{
    for (int i = 7; i >= 0; i--)
        draft->bytes[draft->len++] = (unsigned char)(word >> 8 * i);
}

static void add_number(draft *draft, uint64_t type, uint64_t number)
{
    add_word(draft, type);
    add_word(draft, 2);
    add_word(draft, number);
}

static void add_bytes(draft *draft, uint64_t type, const char *text)
{
    add_word(draft, type);
    add_word(draft, 3);
    add_word(draft, strlen(text));
    memcpy(draft->bytes + draft->len, text, strlen(text));
    draft->len += strlen(text);
}

static object_file_state judge(const draft *draft)
{
    return object_file_judge(saf_bytes_of(draft->bytes, draft->len));
}

static draft secret_key(void)
{
    draft made = { .len = 0 };
    add_word(&made, 1);
    add_number(&made, CKA_CLASS, CKO_SECRET_KEY);
    add_bytes(&made, CKA_VALUE, "encrypted");
    return made;
}

static draft token(void)
{
    draft made = { .len = 0 };
    add_word(&made, 1);
    add_bytes(&made, 0x80005349, "ZWE.IDT                         ");
    add_bytes(&made, 0x8000534A, "0123456789abcdef");
    add_number(&made, 0x8000534B, CKF_USER_PIN_INITIALIZED);
    add_bytes(&made, 0x8000534C, "SO PIN");
    add_bytes(&made, 0x8000534D, "PIN");
    return made;
}

static object_file_state judge_token(const draft *draft)
{
    return object_file_judge_token(saf_bytes_of(draft->bytes, draft->len), NULL, NULL, NULL);
}

static void a_secret_key_is_whole(void **state)
{
    (void)state;
    draft whole = secret_key();
    assert_int_equal(judge(&whole), OBJECT_FILE_WHOLE);
}

static void nothing_is_empty(void **state)
{
    (void)state;
    draft empty = { .len = 0 };
    assert_int_equal(judge(&empty), OBJECT_FILE_EMPTY);
    assert_int_equal(judge_token(&empty), OBJECT_FILE_EMPTY);
}

static void every_cut_is_seen(void **state)
{
    (void)state;
    draft whole = secret_key();
    for (size_t len = whole.len - 1; len > 0; len--) {
        draft cut = whole;
        cut.len = len;
        assert_int_not_equal(judge(&cut), OBJECT_FILE_WHOLE);
    }
}

static void every_cut_of_a_token_is_seen(void **state)
{
    (void)state;
    draft whole = token();
    size_t without_pin = whole.len - 8 - 8 - 8 - strlen("PIN"); /* which is a token without a PIN */
    for (size_t len = whole.len - 1; len > 0; len--) {
        draft cut = whole;
        cut.len = len;
        if (len != without_pin)
            assert_int_not_equal(judge_token(&cut), OBJECT_FILE_WHOLE);
    }
}

static void a_length_beyond_the_end_is_damage(void **state)
{
    (void)state;
    draft bad = { .len = 0 };
    add_word(&bad, 1);
    add_word(&bad, CKA_VALUE);
    add_word(&bad, 3);
    add_word(&bad, UINT64_MAX);
    assert_int_equal(judge(&bad), OBJECT_FILE_DAMAGED);
    bad.bytes[8 + 8 + 7] = 5; /* mechanisms: eight bytes each */
    assert_int_equal(judge(&bad), OBJECT_FILE_DAMAGED);
}

static void an_unknown_kind_is_damage(void **state)
{
    (void)state;
    draft bad = secret_key();
    bad.bytes[8 + 8 + 7] = 9;
    assert_int_equal(judge(&bad), OBJECT_FILE_DAMAGED);
}

static void a_key_without_value_is_unfinished(void **state)
{
    (void)state;
    draft bad = { .len = 0 };
    add_word(&bad, 1);
    add_number(&bad, CKA_CLASS, CKO_SECRET_KEY);
    assert_int_equal(judge(&bad), OBJECT_FILE_UNFINISHED);
    add_bytes(&bad, CKA_VALUE, "");
    assert_int_equal(judge(&bad), OBJECT_FILE_UNFINISHED);
}

static void a_private_key_needs_its_parts(void **state)
{
    (void)state;
    draft half = { .len = 0 };
    add_word(&half, 1);
    add_number(&half, CKA_CLASS, CKO_PRIVATE_KEY);
    add_number(&half, CKA_KEY_TYPE, CKK_EC);
    add_bytes(&half, CKA_EC_PARAMS, "curve");
    assert_int_equal(judge(&half), OBJECT_FILE_UNFINISHED);
    add_bytes(&half, CKA_VALUE, "key");
    assert_int_equal(judge(&half), OBJECT_FILE_WHOLE);
}

static void an_empty_data_object_is_whole(void **state)
{
    (void)state;
    draft data = { .len = 0 };
    add_word(&data, 1);
    add_number(&data, CKA_CLASS, CKO_DATA);
    assert_int_equal(judge(&data), OBJECT_FILE_WHOLE);
}

static void a_token_says_who_it_is(void **state)
{
    (void)state;
    draft whole = token();
    char label[33], serial[17];
    CK_FLAGS flags;
    assert_int_equal(object_file_judge_token(saf_bytes_of(whole.bytes, whole.len), label, serial, &flags), OBJECT_FILE_WHOLE);
    assert_string_equal(label, "ZWE.IDT");
    assert_string_equal(serial, "0123456789abcdef");
    assert_true(flags & CKF_USER_PIN_INITIALIZED);
}

static void a_label_that_is_too_long_is_none(void **state)
{
    (void)state;
    draft bad = { .len = 0 };
    add_word(&bad, 1);
    add_bytes(&bad, 0x80005349, "ZWE.IDT                          ");
    assert_int_equal(judge_token(&bad), OBJECT_FILE_UNFINISHED);
}

static void flags_do_not_make_another_token(void **state)
{
    (void)state;
    draft one = token(), other = token();
    other.bytes[8 + 16 + 8 + 32 + 16 + 8 + 16 + 16 + 7] ^= 0xFF; /* the lowest byte of the flags */
    assert_true(object_file_is_same_token(saf_bytes_of(one.bytes, one.len), saf_bytes_of(other.bytes, other.len)));
    other.bytes[other.len - 1] ^= 0xFF; /* the PIN */
    assert_false(object_file_is_same_token(saf_bytes_of(one.bytes, one.len), saf_bytes_of(other.bytes, other.len)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_key_is_whole),
        cmocka_unit_test(nothing_is_empty),
        cmocka_unit_test(every_cut_is_seen),
        cmocka_unit_test(every_cut_of_a_token_is_seen),
        cmocka_unit_test(a_length_beyond_the_end_is_damage),
        cmocka_unit_test(an_unknown_kind_is_damage),
        cmocka_unit_test(a_key_without_value_is_unfinished),
        cmocka_unit_test(a_private_key_needs_its_parts),
        cmocka_unit_test(an_empty_data_object_is_whole),
        cmocka_unit_test(a_token_says_who_it_is),
        cmocka_unit_test(a_label_that_is_too_long_is_none),
        cmocka_unit_test(flags_do_not_make_another_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
