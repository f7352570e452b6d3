/** @file Bytes cleared, and those that nobody may learn wiped and compared. */
#ifndef IDT_WIPE_H
#define IDT_WIPE_H

#include <safring/bytes.h>

#include <stdbool.h>

/** Fill with zeros, by the C library: for lengths that it knows, the compiler likes an instruction that takes long to get going. */
static inline void idt_clear(void *bytes, size_t len)
{
    __asm__("" : "+r"(len));
    memset(bytes, 0, len);
}

/** Overwrite with zeros; the compiler has to believe that somebody reads them. */
static inline void idt_wipe(void *bytes, size_t len)
{
    memset(bytes, 0, len);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

/** Whether two byte strings are the same, in a time that depends on their lengths alone. */
static inline bool idt_same_secret(saf_bytes a, saf_bytes b)
{
    uint64_t difference = 0;
    size_t i = 0;
    if (a.len != b.len)
        return false;
    for (; a.len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t x, y;
        memcpy(&x, a.data + i, sizeof x);
        memcpy(&y, b.data + i, sizeof y);
        difference |= x ^ y;
        __asm__("" : "+r"(difference)); /* all of it, whatever is known already */
    }
    for (; i < a.len; i++)
        difference |= (uint64_t)(a.data[i] ^ b.data[i]);
    return difference == 0;
}

#endif
