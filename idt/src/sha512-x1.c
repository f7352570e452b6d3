/* SHA-512 of one message: rounds in general registers, the schedule beside them in vectors of two words (AVX-512VL's rotations, BMI2). */
#include "sha2.h"
#include "unroll.h"

#include <immintrin.h>

enum { XOR3 = 0x96 }; /* truth table of three inputs */

IDT_INLINE uint64_t rotate(uint64_t x, unsigned n)
{
    return x >> n | x << (64 - n);
}

/* Words i and i + 1 of the sixteen that follow. */
IDT_INLINE __m128i next_words(const __m128i w[8], size_t i)
{
    __m128i one = _mm_alignr_epi8(w[(i + 1) % 8], w[i], 8);
    __m128i nine = _mm_alignr_epi8(w[(i + 5) % 8], w[(i + 4) % 8], 8);
    __m128i fourteen = w[(i + 7) % 8];
    __m128i s0 = _mm_ternarylogic_epi64(_mm_ror_epi64(one, 1), _mm_ror_epi64(one, 8), _mm_srli_epi64(one, 7), XOR3);
    __m128i s1 = _mm_ternarylogic_epi64(_mm_ror_epi64(fourteen, 19), _mm_ror_epi64(fourteen, 61), _mm_srli_epi64(fourteen, 6), XOR3);
    return _mm_add_epi64(_mm_add_epi64(w[i], nine), _mm_add_epi64(s0, s1));
}

IDT_INLINE void put_sum(uint64_t kw[16], size_t i, __m128i words, size_t round)
{
    _mm_store_si128((__m128i *)(kw + 2 * i), _mm_add_epi64(words, _mm_load_si128((const __m128i *)(idt_sha512_k + round + 2 * i))));
}

/* Words of a message, and of a digest, are big-endian. */
IDT_INLINE __m128i swapped(__m128i words)
{
    return _mm_shuffle_epi8(words, _mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
}

IDT_INLINE __m128i load(const void *at)
{
    return _mm_loadu_si128(at);
}

/* Round i of sixteen. What is A in one round is B in the next, and so on: the names move, not the words. The next round waits for E, so what
 * else it needs is summed apart; B xor C was the last round's A xor B, so that majority costs two operations. */
IDT_INLINE void one_round(uint64_t s[8], uint64_t *b_xor_c, uint64_t kw, size_t i)
{
    uint64_t a = s[(16 - i) % 8], b = s[(17 - i) % 8], e = s[(20 - i) % 8], f = s[(21 - i) % 8], g = s[(22 - i) % 8];
    uint64_t *d = &s[(19 - i) % 8], *h = &s[(23 - i) % 8];
    uint64_t a_xor_b = a ^ b;
    uint64_t choose = ((f ^ g) & e) ^ g;
    uint64_t majority = b ^ (*b_xor_c & a_xor_b);
    uint64_t rest = (rotate(a, 28) ^ rotate(a, 34) ^ rotate(a, 39)) + majority - *d;
    *d = *h + kw + *d + choose + (rotate(e, 14) ^ rotate(e, 18) ^ rotate(e, 41));
    *h = *d + rest;
    *b_xor_c = a_xor_b;
}

/* Not inlined: two copies of the eighty rounds slow each other down. */
static __attribute__((noinline)) void compress(uint64_t state[8], const __m128i words[8])
{
    _Alignas(64) uint64_t kw[16];
    __m128i w[8];
    uint64_t s[8];
#define LOAD(i) \
    s[i] = state[i]; \
    w[i] = words[i]; \
    put_sum(kw, i, w[i], 0);
    IDT_EACH_8(LOAD)
    uint64_t b_xor_c = s[1] ^ s[2];
    for (size_t round = 16; round < 80; round += 16) {
#define TWO_ROUNDS(i) \
    one_round(s, &b_xor_c, kw[2 * i], 2 * i); \
    one_round(s, &b_xor_c, kw[2 * i + 1], 2 * i + 1);
#define ROUNDS_AND_WORDS(i) \
    TWO_ROUNDS(i) \
    w[i] = next_words(w, i); \
    put_sum(kw, i, w[i], round);
        IDT_EACH_8(ROUNDS_AND_WORDS)
    }
    IDT_EACH_8(TWO_ROUNDS)
#define ADD_STATE(i) state[i] += s[i];
    IDT_EACH_8(ADD_STATE)
}

void idt_sha512_x1(idt_sha2_state *state, const unsigned char *blocks, size_t count)
{
    for (; count; count--, blocks += IDT_SHA512_BLOCK) {
        __m128i w[8];
#define LOAD_BLOCK(i) w[i] = swapped(load(blocks + 16 * i));
        IDT_EACH_8(LOAD_BLOCK)
        compress(state->w64, w);
    }
}

void idt_sha512_x1_mac(const idt_sha2_state *outer, const idt_sha2_state *inner, size_t digest_len, unsigned char mac[])
{
    idt_sha2_state state = *outer;
    const __m128i bit = _mm_set_epi64x(0, INT64_MIN);
    const __m128i bits = _mm_set_epi64x((long long)(IDT_SHA512_BLOCK + digest_len) * 8, 0);
    const __m128i zeros = _mm_setzero_si128();
    __m128i w[8] = { load(inner->w64), load(inner->w64 + 2), load(inner->w64 + 4), digest_len == 64 ? load(inner->w64 + 6) : bit,
                     digest_len == 64 ? bit : zeros, zeros, zeros, bits };
    compress(state.w64, w);
#define STORE(i) _mm_storeu_si128((__m128i *)(mac + 16 * i), swapped(load(state.w64 + 2 * i)));
    IDT_EACH_4(STORE)
}
