/* SHA-256 of sixteen messages at a time: each vector holds the same word of all of them (AVX-512). */
#include "sha2.h"
#include "unroll.h"

#include <immintrin.h>

typedef __m512i v;

enum { XOR3 = 0x96, CHOOSE = 0xCA, MAJORITY = 0xE8 }; /* truth tables of three inputs */

IDT_INLINE v add(v a, v b)
{
    return _mm512_add_epi32(a, b);
}

IDT_INLINE v big_sigma0(v a)
{
    return _mm512_ternarylogic_epi32(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22), XOR3);
}

IDT_INLINE v big_sigma1(v e)
{
    return _mm512_ternarylogic_epi32(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25), XOR3);
}

IDT_INLINE v small_sigma0(v w)
{
    return _mm512_ternarylogic_epi32(_mm512_ror_epi32(w, 7), _mm512_ror_epi32(w, 18), _mm512_srli_epi32(w, 3), XOR3);
}

IDT_INLINE v small_sigma1(v w)
{
    return _mm512_ternarylogic_epi32(_mm512_ror_epi32(w, 17), _mm512_ror_epi32(w, 19), _mm512_srli_epi32(w, 10), XOR3);
}

IDT_INLINE v k_word(size_t round)
{
    return _mm512_set1_epi32((int)idt_sha256_k[round]);
}

/* The word that comes sixteen after w[i], in its place. */
IDT_INLINE void next_word(v w[16], size_t i)
{
    v sum = add(w[i], w[(i + 9) % 16]);
    w[i] = add(add(sum, small_sigma0(w[(i + 1) % 16])), small_sigma1(w[(i + 14) % 16]));
}

/* Round `round` + i of those that find their words in w. What is A in one round is B in the next, and so on: the names move, not the words.
 * The next round waits for E, so what else that needs is summed before. */
IDT_INLINE void one_round(v s[8], const v w[16], size_t round, size_t i)
{
    v a = s[(16 - i) % 8], b = s[(17 - i) % 8], c = s[(18 - i) % 8];
    v e = s[(20 - i) % 8], f = s[(21 - i) % 8], g = s[(22 - i) % 8];
    v *d = &s[(19 - i) % 8], *h = &s[(23 - i) % 8];
    v kw = add(w[i], k_word(round + i));
    v sum = add(add(add(*h, kw), _mm512_ternarylogic_epi32(e, f, g, CHOOSE)), big_sigma1(e));
    *d = add(*d, sum);
    *h = add(add(_mm512_ternarylogic_epi32(a, b, c, MAJORITY), big_sigma0(a)), sum);
}

/* A round waits for the one before; the schedule's words between them fill the time. */
IDT_INLINE void sixteen_rounds_and_words(v s[8], v w[16], size_t round)
{
#define ROUND_AND_WORD(i) one_round(s, w, round, i); next_word(w, i);
    IDT_EACH_16(ROUND_AND_WORD)
}

IDT_INLINE void sixteen_rounds(v s[8], const v w[16], size_t round)
{
#define ROUND(i) one_round(s, w, round, i);
    IDT_EACH_16(ROUND)
}

/* Rows of sixteen words each become columns: pairs of words, then of pairs, then of quarters, then of halves change places. */
IDT_INLINE void transpose(v r[16])
{
    v t[16];
#define PAIRS(i) \
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]); \
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    IDT_EACH_8(PAIRS)
#define FOURS(i) \
    r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]); \
    r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]); \
    r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]); \
    r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    IDT_EACH_4(FOURS)
#define QUARTERS(i) \
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88); \
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xDD); \
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88); \
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xDD);
    IDT_EACH_4(QUARTERS)
#define HALVES(i) \
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88); \
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88); \
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xDD); \
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xDD);
    IDT_EACH_4(HALVES)
}

/* Words of a message, and of a digest, are big-endian. */
IDT_INLINE v swapped(v words)
{
    return _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3)));
}

IDT_INLINE v load_words(const unsigned char *at)
{
    return swapped(_mm512_loadu_si512(at));
}

IDT_INLINE void add_active(uint32_t words[IDT_SHA256_LANES], __mmask16 active, v sum)
{
    v before = _mm512_loadu_si512(words);
    _mm512_storeu_si512(words, _mm512_mask_add_epi32(before, active, before, sum));
}

/* With the words of the blocks in w, which are used up. */
IDT_INLINE void compress(idt_sha2_lanes *state, v w[16], __mmask16 active)
{
    v s[8];
#define LOAD_STATE(i) s[i] = _mm512_loadu_si512(state->w32[i]);
    IDT_EACH_8(LOAD_STATE)
    for (size_t round = 0; round < 48; round += 16)
        sixteen_rounds_and_words(s, w, round);
    sixteen_rounds(s, w, 48);
#define ADD_STATE(i) add_active(state->w32[i], active, s[i]);
    IDT_EACH_8(ADD_STATE)
}

void idt_sha256_x16(idt_sha2_lanes *state, const unsigned char *const blocks[], unsigned active)
{
    v w[16];
#define LOAD_BLOCK(i) w[i] = load_words(blocks[i]);
    IDT_EACH_16(LOAD_BLOCK)
    transpose(w);
    compress(state, w, (__mmask16)active);
}

void idt_sha256_x16_mac(const idt_sha2_state *outer, idt_sha2_lanes *inner, size_t digest_len, unsigned char macs[][IDT_SHA2_DIGEST_MAX])
{
    v w[16] = { [8] = _mm512_set1_epi32(INT32_MIN), [15] = _mm512_set1_epi32((int)(IDT_SHA256_BLOCK + digest_len) * 8) };
#define LOAD_WORD(i) w[i] = _mm512_loadu_si512(inner->w32[i]);
    IDT_EACH_8(LOAD_WORD)
#define SET_STATE(i) _mm512_storeu_si512(inner->w32[i], _mm512_set1_epi32((int)outer->w32[i]));
    IDT_EACH_8(SET_STATE)
    compress(inner, w, (__mmask16)~0);
#define LOAD_SUM(i) \
    w[i] = _mm512_loadu_si512(inner->w32[i]); \
    w[i + 8] = _mm512_setzero_si512();
    IDT_EACH_8(LOAD_SUM)
    transpose(w);
#define STORE_MAC(i) _mm512_storeu_si512(macs[i], swapped(w[i]));
    IDT_EACH_16(STORE_MAC)
}
