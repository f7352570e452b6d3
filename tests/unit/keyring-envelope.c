#include <support/cm.h>

#include <envelope.h>

static saf_secret key_of(unsigned char filler)
{
    unsigned char bytes[SAF_ENVELOPE_KEY_LEN];
    saf_secret key = { 0 };
    memset(bytes, filler, sizeof bytes);
    assert_int_equal(saf_secret_set(&key, saf_bytes_of(bytes, sizeof bytes), NULL), SAF_OK);
    return key;
}

static saf_bytes text(const char *characters)
{
    return saf_bytes_of_text(characters);
}

static void seal(saf_buffer *out, const char *context, const char *plain)
{
    OWN(saf_secret) key = key_of(1);
    assert_int_equal(saf_envelope_seal(out, &key, text(context), text(plain), NULL), SAF_OK);
}

static saf_status try_open(saf_secret *out, unsigned char key_filler, const char *context, saf_bytes sealed)
{
    OWN(saf_secret) key = key_of(key_filler);
    return saf_envelope_open(out, &key, text(context), sealed, NULL);
}

TEST(open_gives_back_what_was_sealed)
{
    OWN(saf_buffer) sealed = { 0 };
    OWN(saf_secret) opened = { 0 };
    seal(&sealed, "record 1", "a private key");
    assert_int_equal(try_open(&opened, 1, "record 1", saf_buffer_bytes(&sealed)), SAF_OK);
    assert_string_equal((const char *)opened.data, "a private key");
}

TEST(seal_hides_the_content_and_never_repeats_itself)
{
    OWN(saf_buffer) one = { 0 };
    OWN(saf_buffer) two = { 0 };
    seal(&one, "record", "a private key");
    seal(&two, "record", "a private key");
    assert_int_equal(one.len, two.len);
    assert_null(memmem(one.data, one.len, "private", 7));
    assert_memory_not_equal(one.data + 2, two.data + 2, one.len - 2);
}

TEST(open_refuses_another_context)
{
    OWN(saf_buffer) sealed = { 0 };
    OWN(saf_secret) opened = { 0 };
    seal(&sealed, "record 1", "a private key");
    assert_int_equal(try_open(&opened, 1, "record 2", saf_buffer_bytes(&sealed)), SAF_E_DENIED);
    assert_int_equal(try_open(&opened, 1, "", saf_buffer_bytes(&sealed)), SAF_E_DENIED);
    assert_null(opened.data);
}

TEST(open_refuses_another_key)
{
    OWN(saf_buffer) sealed = { 0 };
    OWN(saf_secret) opened = { 0 };
    seal(&sealed, "record", "a private key");
    assert_int_equal(try_open(&opened, 2, "record", saf_buffer_bytes(&sealed)), SAF_E_DENIED);
}

TEST(open_refuses_every_altered_byte)
{
    OWN(saf_buffer) sealed = { 0 };
    seal(&sealed, "record", "a private key");
    for (size_t i = 0; i < sealed.len; i++) {
        OWN(saf_secret) opened = { 0 };
        sealed.data[i] ^= 1;
        assert_int_not_equal(try_open(&opened, 1, "record", saf_buffer_bytes(&sealed)), SAF_OK);
        assert_null(opened.data);
        sealed.data[i] ^= 1;
    }
}

TEST(open_refuses_every_truncation)
{
    OWN(saf_buffer) sealed = { 0 };
    seal(&sealed, "record", "a private key");
    for (size_t len = 0; len < sealed.len; len++) {
        OWN(saf_secret) opened = { 0 };
        assert_int_not_equal(try_open(&opened, 1, "record", saf_bytes_of(sealed.data, len)), SAF_OK);
    }
}

TEST(open_refuses_a_data_key_of_another_record)
{
    enum { HEAD = 2 + 2 + 12 + 32 + 16 }; /* the outer header and the wrapped data key */
    OWN(saf_buffer) one = { 0 };
    OWN(saf_buffer) two = { 0 };
    OWN(saf_secret) opened = { 0 };
    seal(&one, "record", "a private key");
    seal(&two, "record", "another keyyy");
    memcpy(two.data, one.data, HEAD);
    assert_int_equal(try_open(&opened, 1, "record", saf_buffer_bytes(&two)), SAF_E_DENIED);
}

TEST(open_names_a_newer_format)
{
    OWN(saf_buffer) sealed = { 0 };
    OWN(saf_secret) opened = { 0 };
    seal(&sealed, "record", "a private key");
    sealed.data[0] = 2;
    assert_int_equal(try_open(&opened, 1, "record", saf_buffer_bytes(&sealed)), SAF_E_UNSUPPORTED);
}

TEST(unwrap_refuses_what_was_sealed)
{
    OWN(saf_buffer) sealed = { 0 };
    OWN(saf_secret) opened = { 0 };
    OWN(saf_secret) key = key_of(1);
    seal(&sealed, "record", "a private key");
    assert_int_equal(saf_envelope_unwrap(&opened, &key, text("record"), saf_buffer_bytes(&sealed), NULL), SAF_E_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_gives_back_what_was_sealed),
        cmocka_unit_test(seal_hides_the_content_and_never_repeats_itself),
        cmocka_unit_test(open_refuses_another_context),
        cmocka_unit_test(open_refuses_another_key),
        cmocka_unit_test(open_refuses_every_altered_byte),
        cmocka_unit_test(open_refuses_every_truncation),
        cmocka_unit_test(open_refuses_a_data_key_of_another_record),
        cmocka_unit_test(open_names_a_newer_format),
        cmocka_unit_test(unwrap_refuses_what_was_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
