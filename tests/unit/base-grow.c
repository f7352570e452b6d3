#include <support/cm.h>

#include <base/grow.h>

#include <stdint.h>

TEST(grow_has_room_for_each_item)
{
    enum { ITEMS = 1000 };
    unsigned *items = NULL;
    for (unsigned count = 0; count < ITEMS; count++) {
        items = saf_grow(items, count, sizeof *items);
        assert_non_null(items);
        items[count] = count; /* the sanitizer sees one too many */
    }
    for (unsigned i = 0; i < ITEMS; i++)
        assert_int_equal(items[i], i);
    free(items);
}

TEST(grow_asks_for_memory_only_at_powers_of_two)
{
    char *items = saf_grow(NULL, 0, 1);
    assert_non_null(items);
    assert_ptr_equal(saf_grow(items, 3, SIZE_MAX), items);
    assert_ptr_equal(saf_grow(items, 6, SIZE_MAX), items);
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grow_has_room_for_each_item),
        cmocka_unit_test(grow_asks_for_memory_only_at_powers_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
