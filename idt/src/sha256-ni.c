/* SHA-256 by the CPU's own instructions (Intel SHA extensions): one stream of blocks. */
#include "sha2.h"

#include <immintrin.h>

/* The instructions hold the eight words as two vectors: A, B, E, F and C, D, G, H, each from its highest word down. */
typedef struct halves {
    __m128i abef, cdgh;
} halves;

static inline halves load_state(const uint32_t words[8])
{
    __m128i dcba = _mm_loadu_si128((const __m128i *)words);
    __m128i hgfe = _mm_loadu_si128((const __m128i *)(words + 4));
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1);
    __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1B);
    return (halves) { .abef = _mm_alignr_epi8(cdab, efgh, 8), .cdgh = _mm_blend_epi16(efgh, cdab, 0xF0) };
}

static inline void store_state(uint32_t words[8], halves state)
{
    __m128i feba = _mm_shuffle_epi32(state.abef, 0x1B);
    __m128i dchg = _mm_shuffle_epi32(state.cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)words, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(words + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Words of a message, and of a digest, are big-endian. */
static inline __m128i swapped(__m128i words)
{
    return _mm_shuffle_epi8(words, _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
}

static inline __m128i load(const void *at)
{
    return _mm_loadu_si128(at);
}

/* The four words of the schedule that come sixteen after w[0]. */
static inline __m128i next_words(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

static inline halves four_rounds(halves s, __m128i words, size_t round)
{
    __m128i sum = _mm_add_epi32(words, _mm_load_si128((const __m128i *)(idt_sha256_k + round)));
    s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, sum);
    s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, _mm_shuffle_epi32(sum, 0x0E));
    return s;
}

static inline halves compress(halves state, __m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    halves s = state;
    for (size_t round = 0;; round += 16) {
        s = four_rounds(s, w0, round);
        s = four_rounds(s, w1, round + 4);
        s = four_rounds(s, w2, round + 8);
        s = four_rounds(s, w3, round + 12);
        if (round == 48)
            break;
        w0 = next_words(w0, w1, w2, w3);
        w1 = next_words(w1, w2, w3, w0);
        w2 = next_words(w2, w3, w0, w1);
        w3 = next_words(w3, w0, w1, w2);
    }
    return (halves) { _mm_add_epi32(s.abef, state.abef), _mm_add_epi32(s.cdgh, state.cdgh) };
}

void idt_sha256_ni(idt_sha2_state *state, const unsigned char *blocks, size_t count)
{
    halves s = load_state(state->w32);
    for (; count; count--, blocks += IDT_SHA256_BLOCK)
        s = compress(s, swapped(load(blocks)), swapped(load(blocks + 16)), swapped(load(blocks + 32)), swapped(load(blocks + 48)));
    store_state(state->w32, s);
}

void idt_sha256_ni_mac(const idt_sha2_state *outer, const idt_sha2_state *inner, size_t digest_len, unsigned char mac[])
{
    uint32_t words[8];
    const __m128i bit = _mm_set_epi32(0, 0, 0, INT32_MIN);
    const __m128i bits = _mm_set_epi32((int)(IDT_SHA256_BLOCK + digest_len) * 8, 0, 0, 0);
    store_state(words, compress(load_state(outer->w32), load(inner->w32), load(inner->w32 + 4), bit, bits));
    _mm_storeu_si128((__m128i *)mac, swapped(load(words)));
    _mm_storeu_si128((__m128i *)(mac + 16), swapped(load(words + 4)));
}
