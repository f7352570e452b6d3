#include "id-pool.h"

#include <base/fail.h>
#include <base/random.h>

#include <openssl/crypto.h>

#include <sys/mman.h>

/* The pool has pages to itself that the kernel empties in a child (MADV_WIPEONFORK, Linux 4.14): after a fork both processes
 * would otherwise hand out the same ids. Zeros in `left` mean "nothing here, fill", in a new pool as in a child's. Asking
 * getpid() for each token would be a system call, and a pthread_atfork() handler would outlive the library's unloading. */
struct idt_id_pool {
    size_t left;     /* bytes not handed out yet, at the end of `bytes` */
    size_t fill_len; /* how many to draw at a time; 0 in a child, see pool_fill() */
    unsigned char bytes[8176]; /* two pages with what stands before: the generator costs more by the call than by the byte */
};

enum { ID_BYTES = SAF_IDT_ID_LEN / 2 };

_Static_assert(sizeof((idt_id_pool *)0)->bytes % ID_BYTES == 0, "a pool holds whole ids");

/* Where the kernel cannot wipe, nothing is kept back: each id is drawn when it is needed. */
static bool pool_wipes_on_fork(idt_id_pool *pool)
{
    return madvise(pool, sizeof *pool, MADV_WIPEONFORK) == 0;
}

saf_status idt_id_pool_open(idt_id_pool **out, saf_error *err)
{
    idt_id_pool *pool = mmap(NULL, sizeof *pool, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pool == MAP_FAILED)
        return saf_fail_memory(err);
    pool->fill_len = pool_wipes_on_fork(pool) ? sizeof pool->bytes : ID_BYTES;
    *out = pool;
    return SAF_OK;
}

void idt_id_pool_close(idt_id_pool **pool)
{
    if (!*pool)
        return;
    OPENSSL_cleanse(*pool, sizeof **pool);
    munmap(*pool, sizeof **pool);
    *pool = NULL;
}

static saf_status pool_fill(idt_id_pool *pool)
{
    if (pool->fill_len == 0) /* wiped, so wiping works: the child's own children will be served likewise */
        pool->fill_len = sizeof pool->bytes;
    SAF_TRY(saf_random_bytes(pool->bytes + sizeof pool->bytes - pool->fill_len, pool->fill_len, NULL));
    pool->left = pool->fill_len;
    return SAF_OK;
}

/* Four bytes as eight digits, in the number's order: the nibbles are spread over the bytes of one number, and each becomes '0' + n, or for
 * 10 and more 'A' + n - 10, without a branch. Upper case, as RACF's. */
static uint64_t hex_of(uint32_t bytes)
{
    uint64_t n = bytes;
    n = (n << 16 | n) & 0x0000FFFF0000FFFF;
    n = (n << 8 | n) & 0x00FF00FF00FF00FF;
    n = (n << 4 | n) & 0x0F0F0F0F0F0F0F0F;
    uint64_t is_letter = (n + 0x0606060606060606) >> 4 & 0x0101010101010101;
    return n + 0x3030303030303030 + is_letter * ('A' - '0' - 10);
}

saf_status idt_id_pool_next(idt_id_pool *pool, char out[SAF_IDT_ID_LEN])
{
    if (pool->left == 0)
        SAF_TRY(pool_fill(pool));
    const unsigned char *id = pool->bytes + sizeof pool->bytes - pool->left;
    for (size_t i = 0; i < ID_BYTES; i += sizeof(uint32_t)) {
        uint32_t bytes;
        memcpy(&bytes, id + i, sizeof bytes);
        uint64_t digits = hex_of(bytes);
        memcpy(out + 2 * i, &digits, sizeof digits);
    }
    pool->left -= ID_BYTES;
    return SAF_OK;
}
