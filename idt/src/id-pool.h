/** @file Random ids for tokens, drawn from a buffer, so that a token costs no call of the generator. */
#ifndef IDT_ID_POOL_H
#define IDT_ID_POOL_H

#include <safring/idt.h>

typedef struct idt_id_pool idt_id_pool;

saf_status idt_id_pool_open(idt_id_pool **out, saf_error *err);

/** NULL allowed; sets *pool to NULL. */
void idt_id_pool_close(idt_id_pool **pool);

/** 128 random bits as hex digits. Not twice the same, not even in a child process. */
saf_status idt_id_pool_next(idt_id_pool *pool, char out[SAF_IDT_ID_LEN]);

#endif
