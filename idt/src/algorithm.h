/** @file The algorithms: one row each, in one table. */
#ifndef IDT_ALGORITHM_H
#define IDT_ALGORITHM_H

#include "sha2.h"

#include <safring/idt.h>

struct idt_family;

typedef struct idt_algorithm {
    saf_idt_alg alg;
    const char *name;                /**< as it stands in a header */
    const struct idt_family *family; /**< how it signs and verifies (signature.h) */
    const EVP_MD *(*digest)(void);   /**< NULL: it hashes by itself */
    size_t signature_len;            /**< bytes; 0: the key decides */
    const idt_sha2 *hash;            /**< the same digest, for paths that hash themselves (path.h) */
    const char *curves[2];           /**< the names that libcrypto has for its curve; NULL: any key of the family */
} idt_algorithm;

/** The algorithm's row; NULL when @p alg is not a value of the enumeration. */
const idt_algorithm *idt_algorithm_of(saf_idt_alg alg);

#endif
