#include <support/cm.h>

#include <safring/pkcs11.h>

#include <string.h>

static void expect_refusal(const char *text, const char *why)
{
    saf_error err = { 0 };
    saf_p11_uri uri = { .id_len = 42 };
    assert_int_equal(saf_p11_uri_parse(&uri, text, &err), SAF_E_USAGE);
    assert_int_equal(uri.id_len, 42);
    if (!strstr(err.text, why))
        fail_msg("\"%s\" is not in: %s", why, err.text);
}

static saf_p11_uri parse(const char *text)
{
    saf_error err = { 0 };
    saf_p11_uri uri;
    if (saf_p11_uri_parse(&uri, text, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return uri;
}

static void expect_round_trip(const char *text, const char *written)
{
    char out[SAF_P11_URI_MAX + 1];
    saf_p11_uri uri = parse(text);
    assert_int_equal(saf_p11_uri_format(out, sizeof out, &uri, NULL), SAF_OK);
    assert_string_equal(out, written);
}

/* ---- RFC 7512, 3: the examples that use only what we take ---- */

TEST(parse_takes_an_empty_path)
{
    saf_p11_uri uri = parse("pkcs11:");
    assert_string_equal(uri.token, "");
    assert_int_equal(uri.type, SAF_P11_ANY);
}

TEST(parse_takes_object_type_and_pin_source)
{
    saf_p11_uri uri = parse("pkcs11:object=my-pubkey;type=public");
    assert_string_equal(uri.object, "my-pubkey");
    assert_int_equal(uri.type, SAF_P11_PUBLIC);
    uri = parse("pkcs11:object=my-key;type=private?pin-source=file:/etc/token");
    assert_int_equal(uri.type, SAF_P11_PRIVATE);
    assert_string_equal(uri.pin_source, "file:/etc/token");
}

TEST(parse_decodes_values)
{
    saf_p11_uri uri = parse("pkcs11:token=The%20Software%20PKCS%2311;manufacturer=Snake%20Oil,%20Inc.;model=1.0;serial=4a;"
                            "object=my-certificate;type=cert;id=%69%95%3e%5C%F4%BD%EC%91%00");
    assert_string_equal(uri.token, "The Software PKCS#11");
    assert_string_equal(uri.manufacturer, "Snake Oil, Inc.");
    assert_string_equal(uri.model, "1.0");
    assert_string_equal(uri.serial, "4a");
    assert_int_equal(uri.type, SAF_P11_CERT);
    assert_int_equal(uri.id_len, 9);
    assert_memory_equal(uri.id, "\x69\x95\x3E\x5C\xF4\xBD\xEC\x91\x00", 9);
}

TEST(parse_takes_utf8_and_reserved_characters)
{
    assert_string_equal(parse("pkcs11:object=Schl%C3%BCssel").object, "Schl\xC3\xBCssel");
    assert_string_equal(parse("pkcs11:object=a:[]@!$'()*+,=&").object, "a:[]@!$'()*+,=&");
    assert_string_equal(parse("PKCS11:object=x").object, "x");
}

TEST(parse_takes_the_longest_values)
{
    char text[SAF_P11_URI_MAX + 1] = "pkcs11:object=";
    memset(text + strlen(text), 'x', SAF_P11_OBJECT_MAX);
    assert_int_equal(strlen(parse(text).object), SAF_P11_OBJECT_MAX);
    strcat(text, "x");
    expect_refusal(text, "too long");
    expect_refusal("pkcs11:token=123456789012345678901234567890123", "too long");
    expect_refusal("pkcs11:serial=12345678901234567", "too long");
}

/* ---- refusals ---- */

TEST(parse_refuses_other_schemes)
{
    expect_refusal("", "pkcs11:");
    expect_refusal("pkcs12:token=a", "pkcs11:");
    expect_refusal("token=a", "pkcs11:");
}

TEST(parse_refuses_unknown_attributes)
{
    expect_refusal("pkcs11:slot-id=1", "other than token");
    expect_refusal("pkcs11:x-vendor=1", "other than token");
    expect_refusal("pkcs11:Token=a", "other than token");
    expect_refusal("pkcs11:token=a?x-vendor=1", "other than pin-source");
}

TEST(parse_refuses_repeated_attributes)
{
    expect_refusal("pkcs11:token=a;token=a", "twice");
    expect_refusal("pkcs11:id=%01;id=%01", "twice");
    expect_refusal("pkcs11:type=cert;type=cert", "twice");
    expect_refusal("pkcs11:?pin-source=file:a&pin-source=file:a", "twice");
}

TEST(parse_refuses_bad_encoding)
{
    expect_refusal("pkcs11:object=%", "well encoded");
    expect_refusal("pkcs11:object=%2", "well encoded");
    expect_refusal("pkcs11:object=%G0", "well encoded");
    expect_refusal("pkcs11:object=a b", "well encoded");
    expect_refusal("pkcs11:object=a/b", "well encoded");
    expect_refusal("pkcs11:object=\xC3\xBC", "well encoded");
    expect_refusal("pkcs11:id=%0", "well encoded");
    expect_refusal("pkcs11:?pin-source=file:%zz", "well encoded");
}

TEST(parse_refuses_text_that_is_not_utf8)
{
    expect_refusal("pkcs11:object=a%00b", "well encoded");
    expect_refusal("pkcs11:object=%FF", "well encoded");
    expect_refusal("pkcs11:object=%C0%80", "well encoded");
    expect_refusal("pkcs11:object=%ED%A0%80", "well encoded");
}

TEST(parse_refuses_empty_values_and_attributes)
{
    expect_refusal("pkcs11:token=", "empty");
    expect_refusal("pkcs11:id=", "empty");
    expect_refusal("pkcs11:token", "no value");
    expect_refusal("pkcs11:token=a;", "no value");
    expect_refusal("pkcs11:;token=a", "no value");
    expect_refusal("pkcs11:token=a?", "no value");
    expect_refusal("pkcs11:type=key", "type is none of");
}

TEST(parse_refuses_module_names)
{
    expect_refusal("pkcs11:token=a?module-path=/tmp/evil.so", "--module");
    expect_refusal("pkcs11:token=a?module-name=evil", "--module");
}

TEST(parse_refuses_commands_as_pin_source)
{
    expect_refusal("pkcs11:token=a?pin-source=|/bin/sh", "well encoded");
}

TEST(parse_refuses_a_pin_and_does_not_repeat_it)
{
    static const char *const texts[] = { "pkcs11:token=a?pin-value=s3cret", "pkcs11:token=a;pin-value=s3cret",
                                         "pkcs11:PIN-VALUE=s3cret", "pkcs12:pin-value=s3cret",
                                         "pkcs11:token=a?x=1&pin-value=s3cret" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        saf_error err = { 0 };
        saf_p11_uri uri;
        assert_int_equal(saf_p11_uri_parse(&uri, texts[i], &err), SAF_E_USAGE);
        assert_null(strstr(err.text, "s3cret"));
    }
}

/* ---- writing ---- */

TEST(format_writes_in_one_order_and_escapes)
{
    expect_round_trip("pkcs11:type=secret-key;id=%00%00%00%01;object=jwt%20secret;serial=4a;token=ZWE.IDT?pin-source=env:PIN",
                      "pkcs11:token=ZWE.IDT;serial=4a;object=jwt%20secret;id=%00%00%00%01;type=secret-key");
    expect_round_trip("pkcs11:object=%23%24@%C3%BC", "pkcs11:object=%23%24%40%C3%BC");
    expect_round_trip("pkcs11:", "pkcs11:");
}

TEST(format_says_when_there_is_no_room)
{
    char out[16] = "untouched";
    saf_p11_uri uri = parse("pkcs11:token=ABCDEFGHI");
    assert_int_equal(saf_p11_uri_format(out, sizeof out, &uri, NULL), SAF_E_SPACE);
    assert_string_equal(out, "untouched");
    uri = parse("pkcs11:token=AB");
    assert_int_equal(saf_p11_uri_format(out, sizeof out, &uri, NULL), SAF_OK);
    assert_string_equal(out, "pkcs11:token=AB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_takes_an_empty_path),
        cmocka_unit_test(parse_takes_object_type_and_pin_source),
        cmocka_unit_test(parse_decodes_values),
        cmocka_unit_test(parse_takes_utf8_and_reserved_characters),
        cmocka_unit_test(parse_takes_the_longest_values),
        cmocka_unit_test(parse_refuses_other_schemes),
        cmocka_unit_test(parse_refuses_unknown_attributes),
        cmocka_unit_test(parse_refuses_repeated_attributes),
        cmocka_unit_test(parse_refuses_bad_encoding),
        cmocka_unit_test(parse_refuses_text_that_is_not_utf8),
        cmocka_unit_test(parse_refuses_empty_values_and_attributes),
        cmocka_unit_test(parse_refuses_module_names),
        cmocka_unit_test(parse_refuses_commands_as_pin_source),
        cmocka_unit_test(parse_refuses_a_pin_and_does_not_repeat_it),
        cmocka_unit_test(format_writes_in_one_order_and_escapes),
        cmocka_unit_test(format_says_when_there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
