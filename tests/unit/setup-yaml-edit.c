#include <support/cm.h>

#include <base/buffer.h>
#include <base/file.h>

#include <setup/yaml-edit.h>
#include <setup/yaml-tree.h>

#define CERTIFICATE(section, key, value, secret) { { "zowe", "certificate", section, key }, value, secret }

static const saf_yaml_wish list[] = {
    CERTIFICATE("keystore", "type", "PKCS12", false),
    CERTIFICATE("keystore", "file", "/k/l.p12", false),
    CERTIFICATE("keystore", "password", "s3 \"cret", true),
    CERTIFICATE("keystore", "alias", "localhost", false),
    CERTIFICATE("pem", "key", "", false),
    CERTIFICATE("pem", "certificateAuthorities", "/k/a.cer,/k/b.cer", false),
};

static const saf_yaml_wishes wishes = { list, sizeof list / sizeof *list };

#define WHOLE \
    "zowe:\n" \
    "  certificate:\n" \
    "    keystore:\n" \
    "      type: PKCS12\n" \
    "      file: /k/l.p12\n" \
    "      password: \"s3 \\\"cret\"\n" \
    "      alias: localhost\n" \
    "    pem:\n" \
    "      key: \"\"\n" \
    "      certificateAuthorities: \"/k/a.cer,/k/b.cer\"\n"

static void assert_becomes(const char *before, const char *after)
{
    OWN(saf_buffer) out = { 0 };
    saf_error err = { 0 };
    if (saf_yaml_edit(&out, saf_bytes_of_text(before), "z.yaml", &wishes, &err) != SAF_OK)
        fail_msg("%s", err.text);
    assert_string_equal(saf_buffer_text(&out), after);
}

static void assert_refused(const char *before, saf_status status, const char *why)
{
    OWN(saf_buffer) out = { 0 };
    saf_error err = { 0 };
    assert_int_equal(saf_yaml_edit(&out, saf_bytes_of_text(before), "z.yaml", &wishes, &err), status);
    assert_string_equal(err.text, why);
    assert_int_equal(out.len, 0);
}

TEST(a_finished_block_stays_byte_for_byte)
{
    assert_becomes(WHOLE, WHOLE);
}

TEST(an_empty_file_gets_the_whole_block)
{
    assert_becomes("", WHOLE);
    assert_becomes("# only this\n", "# only this\n" WHOLE);
    assert_becomes("# only this", "# only this\n" WHOLE);
}

TEST(a_file_without_zowe_gets_a_section_at_its_end)
{
    assert_becomes("java:\n  home: /j # here\n# end\n", "java:\n  home: /j # here\n" WHOLE "# end\n");
}

TEST(values_are_replaced_and_comments_stay)
{
    assert_becomes("# top\n"
                   "zowe: # z\n"
                   "    certificate:   # c\n"
                   "        # before\n"
                   "        keystore:\n"
                   "            type:   'PKCS12'   # t\n"
                   "            extra: kept\n"
                   "            file: \"/old\"   # f\n"
                   "            password: password\t# p\n"
                   "            alias: >-\n"
                   "                old\n"
                   "                alias\n"
                   "        pem:\n"
                   "            certificateAuthorities: [/k/a.cer, /k/b.cer]\n"
                   "            key: ~ # none\n"
                   "# bottom\n",
                   "# top\n"
                   "zowe: # z\n"
                   "    certificate:   # c\n"
                   "        # before\n"
                   "        keystore:\n"
                   "            type:   'PKCS12'   # t\n"
                   "            extra: kept\n"
                   "            file: /k/l.p12   # f\n"
                   "            password: \"s3 \\\"cret\"\t# p\n"
                   "            alias: localhost\n"
                   "        pem:\n"
                   "            certificateAuthorities: [/k/a.cer, /k/b.cer]\n"
                   "            key: ~ # none\n"
                   "# bottom\n");
}

TEST(missing_keys_go_to_the_end_of_their_section)
{
    assert_becomes("zowe:\n"
                   "   certificate:\n"
                   "     keystore:\n"
                   "         type: PKCS12 # t\n"
                   "         password: # none yet\n"
                   "\n"
                   "     # about pem\n"
                   "   other: 1",
                   "zowe:\n"
                   "   certificate:\n"
                   "     keystore:\n"
                   "         type: PKCS12 # t\n"
                   "         password: \"s3 \\\"cret\" # none yet\n"
                   "         file: /k/l.p12\n"
                   "         alias: localhost\n"
                   "     pem:\n"
                   "       key: \"\"\n"
                   "       certificateAuthorities: \"/k/a.cer,/k/b.cer\"\n"
                   "\n"
                   "     # about pem\n"
                   "   other: 1");
}

TEST(a_section_without_content_is_filled)
{
    const char *const after = "zowe:\n"
                              "  certificate: # c\n"
                              "    keystore:\n"
                              "      type: PKCS12\n"
                              "      file: /k/l.p12\n"
                              "      password: \"s3 \\\"cret\"\n"
                              "      alias: localhost\n"
                              "    pem:\n"
                              "      key: \"\"\n"
                              "      certificateAuthorities: \"/k/a.cer,/k/b.cer\"\n"
                              "  other: 1\n";
    assert_becomes("zowe:\n  certificate: # c\n  other: 1\n", after);
    assert_becomes("zowe:\n", WHOLE);
    assert_becomes("zowe: {}\n", "zowe: \n" "  certificate:\n" "    keystore:\n" "      type: PKCS12\n"
                                 "      file: /k/l.p12\n" "      password: \"s3 \\\"cret\"\n" "      alias: localhost\n"
                                 "    pem:\n" "      key: \"\"\n"
                                 "      certificateAuthorities: \"/k/a.cer,/k/b.cer\"\n");
}

TEST(cr_lf_and_the_byte_order_mark_stay)
{
    assert_becomes("\xEF\xBB\xBF" "zowe:\r\n  certificate:\r\n    keystore:\r\n      type: X # \xC3\xA9\r\n      alias: localhost\r\n      file: /k/l.p12\r\n      password: \"s3 \\\"cret\"\r\n  x: 1\r\n",
                   "\xEF\xBB\xBF" "zowe:\r\n  certificate:\r\n    keystore:\r\n      type: PKCS12 # \xC3\xA9\r\n      alias: localhost\r\n      file: /k/l.p12\r\n      password: \"s3 \\\"cret\"\r\n    pem:\r\n      key: \"\"\r\n      certificateAuthorities: \"/k/a.cer,/k/b.cer\"\r\n  x: 1\r\n");
}

TEST(a_block_list_becomes_one_text)
{
    const char *const head = "zowe:\n  certificate:\n    keystore: {type: PKCS12, file: /k/l.p12, password: 's3 \"cret', alias: localhost}\n"
                             "    pem:\n      key:\n      certificateAuthorities:";
    OWN(saf_buffer) before = { 0 }, after = { 0 };
    saf_buffer_printf(&before, "%s\n      - /old # gone\n      - /older\n  x: 1\n", head);
    assert_refused(saf_buffer_text(&before), SAF_E_UNSUPPORTED,
                   "z.yaml:7:7: cannot be edited: the list has comments; write it as one text");
    before.len = 0;
    saf_buffer_printf(&before, "%s\n      - /old\n      - /older # stays\n  x: 1\n", head);
    saf_buffer_printf(&after, "%s \"/k/a.cer,/k/b.cer\" # stays\n  x: 1\n", head);
    assert_becomes(saf_buffer_text(&before), saf_buffer_text(&after));
}

TEST(a_block_list_that_says_the_same_stays)
{
    const char *const text = "zowe:\n  certificate:\n    keystore: {type: PKCS12, file: /k/l.p12, password: 's3 \"cret', alias: localhost}\n"
                             "    pem:\n      key:\n      certificateAuthorities:\n      - /k/a.cer # a\n      - /k/b.cer\n";
    assert_becomes(text, text);
}

TEST(values_in_braces_are_replaced)
{
    assert_becomes("zowe: {certificate: {keystore: {type: A, file: b, password: c, alias: }, pem: {key: x, certificateAuthorities: [y]}}, o: 1}\n",
                   "zowe: {certificate: {keystore: {type: PKCS12, file: /k/l.p12, password: \"s3 \\\"cret\", alias: localhost}, pem: {key: \"\", certificateAuthorities: \"/k/a.cer,/k/b.cer\"}}, o: 1}\n");
}

TEST(missing_keys_in_braces_are_refused)
{
    assert_refused("zowe: {certificate: {keystore: {type: A}}}\n", SAF_E_UNSUPPORTED,
                   "z.yaml:1:32: cannot be edited: a key is missing, and the section is written in braces");
    assert_refused("zowe: {certificate: }\n", SAF_E_UNSUPPORTED,
                   "z.yaml:1:21: cannot be edited: the section is written in braces");
}

TEST(shared_sections_are_refused)
{
    assert_refused("zowe:\n  certificate: &c\n    keystore:\n", SAF_E_UNSUPPORTED,
                   "z.yaml:2:16: cannot be edited: other places share this section (an anchor or alias)");
    assert_refused("x: &c {}\nzowe:\n  certificate: *c\n", SAF_E_UNSUPPORTED,
                   "z.yaml:3:16: cannot be edited: other places share this section (an anchor or alias)");
    assert_refused("zowe:\n  certificate:\n    keystore:\n      type: &t X\n", SAF_E_UNSUPPORTED,
                   "z.yaml:4:13: cannot be edited: other places refer to this value (an anchor)");
}

TEST(values_in_the_place_of_sections_are_refused)
{
    assert_refused("zowe: 12\n", SAF_E_UNSUPPORTED,
                   "z.yaml:1:7: cannot be edited: a value stands where a section is expected");
    assert_refused("- 1\n", SAF_E_UNSUPPORTED, "z.yaml:1:1: cannot be edited: the file is not a section with keys");
    assert_refused("zowe:\n  certificate:\n    keystore:\n      type: {a: 1}\n", SAF_E_UNSUPPORTED,
                   "z.yaml:4:13: cannot be edited: a section stands where one value is expected");
}

/* To a YAML 1.1 reader, U+0085 ends the line and the comment; to an editor it does not. */
TEST(what_would_change_something_else_is_refused)
{
    assert_refused("zowe:\n  x: 1 # c\xC2\x85java: 2\n", SAF_E_FAILED, "z.yaml cannot be edited without changing what else it says");
}

TEST(yaml_that_is_broken_is_refused)
{
    assert_refused("a: [\n", SAF_E_MALFORMED, "z.yaml:2:1: did not find expected node content");
}

static void assert_quoted(const char *text, const char *yaml)
{
    OWN(saf_buffer) out = { 0 };
    saf_yaml_quote(&out, text);
    assert_string_equal(saf_buffer_text(&out), yaml);
}

TEST(texts_are_quoted_when_they_could_be_something_else)
{
    assert_quoted("localhost", "localhost");
    assert_quoted("/var/zowe/a-b_c.p12", "/var/zowe/a-b_c.p12");
    assert_quoted("", "\"\"");
    assert_quoted("true", "\"true\"");
    assert_quoted("No", "\"No\"");
    assert_quoted("12e34567", "\"12e34567\"");
    assert_quoted("-x", "\"-x\"");
    assert_quoted("a b", "\"a b\"");
    assert_quoted("safkeyring://U/R&a", "\"safkeyring://U/R&a\"");
    assert_quoted("a\\b\"c\td", "\"a\\\\b\\\"c\\x09d\"");
    assert_quoted("\xC3\xA9\xE2\x80\xA8", "\"\xC3\xA9\\u2028\"");
}

TEST(rendered_secrets_can_be_masked)
{
    OWN(saf_buffer) all = { 0 }, masked = { 0 };
    saf_yaml_render(&all, &wishes, SAF_YAML_SHOW_ALL);
    saf_yaml_render(&masked, &wishes, SAF_YAML_MASK_SECRETS);
    assert_string_equal(saf_buffer_text(&all), WHOLE);
    assert_null(strstr(saf_buffer_text(&masked), "cret"));
    assert_non_null(strstr(saf_buffer_text(&masked), "      password: ********\n"));
}

/* Zowe's own example, where a copy lies beside the sources: the lines that differ are those of the wishes. */
TEST(zowe_example_keeps_every_other_line)
{
    OWN(saf_buffer) before = { 0 }, after = { 0 };
    if (saf_file_read(&before, EXAMPLE_ZOWE_YAML, 1 << 20, NULL) != SAF_OK)
        skip();
    assert_int_equal(saf_yaml_edit(&after, saf_buffer_bytes(&before), "z.yaml", &wishes, NULL), SAF_OK);
    unsigned changed = 0;
    const char *left = saf_buffer_text(&before);
    const char *right = saf_buffer_text(&after);
    while (*left && *right) {
        size_t left_len = strcspn(left, "\n") + 1;
        size_t right_len = strcspn(right, "\n") + 1;
        changed += left_len != right_len || memcmp(left, right, left_len) != 0;
        left += left_len;
        right += right_len;
    }
    assert_true(!*left && !*right);
    assert_int_equal(changed, 4); /* file, password, key, certificateAuthorities */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finished_block_stays_byte_for_byte),
        cmocka_unit_test(an_empty_file_gets_the_whole_block),
        cmocka_unit_test(a_file_without_zowe_gets_a_section_at_its_end),
        cmocka_unit_test(values_are_replaced_and_comments_stay),
        cmocka_unit_test(missing_keys_go_to_the_end_of_their_section),
        cmocka_unit_test(a_section_without_content_is_filled),
        cmocka_unit_test(cr_lf_and_the_byte_order_mark_stay),
        cmocka_unit_test(a_block_list_becomes_one_text),
        cmocka_unit_test(a_block_list_that_says_the_same_stays),
        cmocka_unit_test(values_in_braces_are_replaced),
        cmocka_unit_test(missing_keys_in_braces_are_refused),
        cmocka_unit_test(shared_sections_are_refused),
        cmocka_unit_test(values_in_the_place_of_sections_are_refused),
        cmocka_unit_test(what_would_change_something_else_is_refused),
        cmocka_unit_test(yaml_that_is_broken_is_refused),
        cmocka_unit_test(texts_are_quoted_when_they_could_be_something_else),
        cmocka_unit_test(rendered_secrets_can_be_masked),
        cmocka_unit_test(zowe_example_keeps_every_other_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
