#include "hmac-lanes.h"
#include "wipe.h"

static bool is_short(const idt_sha2 *hash)
{
    return hash->word_len == sizeof(uint32_t);
}

size_t idt_hmac_lanes_width(const idt_path *path, const idt_hmac_key *key)
{
    return idt_hmac_way(path, key->hash)->lanes;
}

void idt_hmac_lanes_begin(idt_hmac_lanes *lanes, const idt_path *path, const idt_hmac_key *key)
{
    lanes->way = idt_hmac_way(path, key->hash);
    lanes->key = key;
    lanes->count = 0;
    idt_clear(&lanes->state, sizeof lanes->state); /* lanes that are not taken go along */
}

static void set_state(idt_hmac_lanes *lanes, size_t lane, const idt_sha2_state *state)
{
    for (size_t i = 0; i < 8; i++) {
        if (is_short(lanes->key->hash))
            lanes->state.w32[i][lane] = state->w32[i];
        else
            lanes->state.w64[i][lane] = state->w64[i];
    }
}

void idt_hmac_lanes_add(idt_hmac_lanes *lanes, const idt_sha2_state *from, size_t done, saf_bytes rest)
{
    const idt_sha2 *hash = lanes->key->hash;
    size_t lane = lanes->count++;
    size_t whole = rest.len / hash->block_len;
    saf_bytes tail = saf_bytes_of(rest.data + whole * hash->block_len, rest.len - whole * hash->block_len);
    set_state(lanes, lane, from);
    lanes->whole[lane] = rest.data;
    lanes->whole_blocks[lane] = whole;
    lanes->blocks[lane] = whole + idt_hmac_put_last(lanes->last[lane], hash, tail, hash->block_len + done + rest.len);
}

/* A lane without a block keeps its state and gets one that it may read. */
static const unsigned char *block_of(const idt_hmac_lanes *lanes, size_t lane, size_t number)
{
    size_t len = lanes->key->hash->block_len;
    if (number < lanes->whole_blocks[lane])
        return lanes->whole[lane] + number * len;
    return lanes->last[lane] + (number < lanes->blocks[lane] ? number - lanes->whole_blocks[lane] : 0) * len;
}

static void hash_block(idt_hmac_lanes *lanes, size_t number)
{
    const unsigned char *blocks[IDT_HMAC_LANES_MAX];
    unsigned active = 0;
    for (size_t lane = 0; lane < lanes->way->lanes; lane++) {
        size_t read = lane < lanes->count ? lane : 0;
        blocks[lane] = block_of(lanes, read, number);
        active |= (unsigned)(read == lane && number < lanes->blocks[lane]) << lane;
    }
    lanes->way->lanes_block(&lanes->state, blocks, active);
}

static void hash_all(idt_hmac_lanes *lanes)
{
    size_t most = 0;
    for (size_t lane = 0; lane < lanes->count; lane++)
        most = lanes->blocks[lane] > most ? lanes->blocks[lane] : most;
    for (size_t number = 0; number < most; number++)
        hash_block(lanes, number);
}

void idt_hmac_lanes_end(idt_hmac_lanes *lanes, unsigned char macs[IDT_HMAC_LANES_MAX][IDT_HMAC_MAX])
{
    if (lanes->count == 0)
        return;
    hash_all(lanes);
    lanes->way->lanes_mac(&lanes->key->outer, &lanes->state, lanes->key->hash->digest_len, macs);
}
