/**
 * @file
 * cmocka, which wants its headers in this order, and how a test is written:
 *
 *     TEST(decode_refuses_padding)
 *     {
 *         assert_int_equal(…);
 *     }
 *
 *     int main(void)
 *     {
 *         const struct CMUnitTest tests[] = { cmocka_unit_test(decode_refuses_padding) };
 *         return cmocka_run_group_tests(tests, NULL, NULL);
 *     }
 */
#ifndef SUPPORT_CM_H
#define SUPPORT_CM_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define TEST(name) static void name(__attribute__((unused)) void **state)

#endif
