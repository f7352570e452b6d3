/**
 * @file
 * Arrays that grow at each power of two, so that whoever fills one needs no capacity beside its count.
 *
 *     saf_ring_entry *rings = saf_grow(page->rings, page->count, sizeof *rings);
 *     if (!rings)
 *         return saf_fail_memory(err);
 *     page->rings = rings;
 *     page->rings[page->count++] = entry;
 *
 * The array must have grown in no other way from its first item on. Not for secrets: what moves leaves an unwiped copy behind.
 */
#ifndef BASE_GROW_H
#define BASE_GROW_H

#include <stdlib.h>

/** Room for one more after @p count items of @p size bytes: @p items themselves, or where they are now. NULL: no memory, and they are where they were. */
static inline void *saf_grow(void *items, size_t count, size_t size)
{
    if (count & (count - 1))
        return items;
    return reallocarray(items, count ? 2 * count : 1, size);
}

#endif
