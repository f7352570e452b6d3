/**
 * @file
 * Loops that are written out: X(0) X(1) … An array of vectors that a loop walks stays in memory until late in the compiler's work, and its
 * elements never meet in registers; with indices that are numbers from the start they do.
 */
#ifndef IDT_UNROLL_H
#define IDT_UNROLL_H

#define IDT_EACH_4(X) X(0) X(1) X(2) X(3)
#define IDT_EACH_8(X) IDT_EACH_4(X) X(4) X(5) X(6) X(7)
#define IDT_EACH_16(X) IDT_EACH_8(X) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

#define IDT_INLINE static inline __attribute__((always_inline))

#endif
