/* Every path through the hot path gives what libcrypto and the portable path give. */
#include <support/cm.h>

#include "hmac-lanes.h"

#include <base/base64url.h>

#include <openssl/evp.h>

#include <string.h>

enum { LENGTH_MAX = 600 };

static const char *const names[] = { "avx512", "sha-ni", "portable" };

static const struct {
    const idt_sha2 *hash;
    const char *name;
} hashes[] = { { &idt_sha256, "SHA256" }, { &idt_sha384, "SHA384" }, { &idt_sha512, "SHA512" } };

static unsigned char text[LENGTH_MAX + IDT_HMAC_LANES_MAX];

static int fill_text(void **state)
{
    (void)state;
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (unsigned char)((x = x * 1664525 + 1013904223) >> 24);
    return 0;
}

#define FOR_EACH_PATH(path) \
    for (size_t p_ = 0; p_ < sizeof names / sizeof names[0]; p_++) \
        for (const idt_path *path = idt_path_of(names[p_]); path; path = NULL)

#define FOR_EACH_HASH(path, i) \
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) \
        if (idt_hmac_way(path, hashes[i].hash))

static void assert_is_mac(const char *digest, saf_bytes key, saf_bytes message, const unsigned char *mac, size_t mac_len)
{
    unsigned char expected[EVP_MAX_MD_SIZE];
    size_t len = 0;
    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, key.data, key.len, message.data, message.len, expected, sizeof expected, &len));
    assert_int_equal(len, mac_len);
    assert_memory_equal(mac, expected, len);
}

TEST(there_is_always_a_path)
{
    assert_non_null(idt_path_best());
    assert_non_null(idt_path_of("portable"));
    assert_null(idt_path_of("nonsense"));
    assert_ptr_equal(idt_path_of(idt_path_best()->name), idt_path_best());
    print_message("this CPU's path is %s\n", idt_path_best()->name);
}

TEST(hashes_are_libcryptos_at_every_length)
{
    unsigned char digest[IDT_HMAC_MAX], expected[EVP_MAX_MD_SIZE];
    FOR_EACH_PATH(path)
        FOR_EACH_HASH(path, i)
            for (size_t len = 0; len <= LENGTH_MAX; len++) {
                idt_hash(path, hashes[i].hash, saf_bytes_of(text, len), digest);
                assert_true(EVP_Q_digest(NULL, hashes[i].name, NULL, text, len, expected, NULL));
                assert_memory_equal(digest, expected, hashes[i].hash->digest_len);
            }
}

TEST(macs_are_libcryptos_at_every_length_of_message_and_key)
{
    unsigned char mac[IDT_HMAC_MAX];
    FOR_EACH_PATH(path)
        FOR_EACH_HASH(path, i)
            for (size_t len = 0; len <= LENGTH_MAX; len += 7) {
                idt_hmac_key *key = NULL;
                saf_bytes secret = saf_bytes_of(text + 1, 32 + len / 3);
                assert_int_equal(idt_hmac_key_new(&key, path, hashes[i].hash, secret), SAF_OK);
                idt_hmac_sign(path, key, saf_bytes_of(text, len), mac);
                assert_is_mac(hashes[i].name, secret, saf_bytes_of(text, len), mac, hashes[i].hash->digest_len);
                assert_true(idt_hmac_verify(path, key, saf_bytes_of(text, len), saf_bytes_of(mac, hashes[i].hash->digest_len)));
                mac[len % hashes[i].hash->digest_len] ^= 0x10;
                assert_false(idt_hmac_verify(path, key, saf_bytes_of(text, len), saf_bytes_of(mac, hashes[i].hash->digest_len)));
                idt_hmac_key_free(&key);
            }
}

/* RFC 4231 4.2 to 4.8, test cases 1, 2, 3, 6 and 7: the first bytes of each MAC. */
static const struct {
    unsigned char key_byte;
    size_t key_len;
    const char *key_text;
    const char *message;
    unsigned char mac256[8], mac512[8];
} rfc4231[] = {
    { 0x0b, 20, NULL, "Hi There", { 0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53 }, { 0x87, 0xaa, 0x7c, 0xde, 0xa5, 0xef, 0x61, 0x9d } },
    { 0, 4, "Jefe", "what do ya want for nothing?", { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e },
      { 0x16, 0x4b, 0x7a, 0x7b, 0xfc, 0xf8, 0x19, 0xe2 } },
    { 0xaa, 131, NULL, "Test Using Larger Than Block-Size Key - Hash Key First", { 0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f },
      { 0x80, 0xb2, 0x42, 0x63, 0xc7, 0xc1, 0xa3, 0xeb } },
    { 0xaa, 131, NULL,
      "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being "
      "used by the HMAC algorithm.",
      { 0x9b, 0x09, 0xff, 0xa7, 0x1b, 0x94, 0x2f, 0xcb }, { 0xe3, 0x7b, 0x6a, 0x77, 0x5d, 0xc8, 0x7d, 0xba } },
};

static void assert_vector(const idt_path *path, size_t n, const idt_sha2 *hash, const unsigned char expected[8])
{
    unsigned char secret[131], mac[IDT_HMAC_MAX];
    idt_hmac_key *key = NULL;
    memset(secret, rfc4231[n].key_byte, sizeof secret);
    if (rfc4231[n].key_text)
        memcpy(secret, rfc4231[n].key_text, rfc4231[n].key_len);
    assert_int_equal(idt_hmac_key_new(&key, path, hash, saf_bytes_of(secret, rfc4231[n].key_len)), SAF_OK);
    idt_hmac_sign(path, key, saf_bytes_of_text(rfc4231[n].message), mac);
    assert_memory_equal(mac, expected, 8);
    idt_hmac_key_free(&key);
}

TEST(macs_are_those_of_RFC_4231)
{
    FOR_EACH_PATH(path)
        for (size_t n = 0; n < sizeof rfc4231 / sizeof rfc4231[0]; n++) {
            if (path->sha256)
                assert_vector(path, n, &idt_sha256, rfc4231[n].mac256);
            if (path->sha512)
                assert_vector(path, n, &idt_sha512, rfc4231[n].mac512);
        }
}

/* Lanes have messages of different lengths, so that they end at different blocks. */
static void assert_lanes(const idt_path *path, size_t i, const idt_hmac_key *key, saf_bytes secret, size_t count, size_t len)
{
    idt_hmac_lanes lanes;
    unsigned char macs[IDT_HMAC_LANES_MAX][IDT_HMAC_MAX];
    saf_bytes messages[IDT_HMAC_LANES_MAX];
    idt_hmac_lanes_begin(&lanes, path, key);
    for (size_t lane = 0; lane < count; lane++) {
        messages[lane] = saf_bytes_of(text + lane, (len + lane * lane * 5) % LENGTH_MAX);
        idt_hmac_lanes_add(&lanes, &key->inner, 0, messages[lane]);
    }
    idt_hmac_lanes_end(&lanes, macs);
    for (size_t lane = 0; lane < count; lane++)
        assert_is_mac(hashes[i].name, secret, messages[lane], macs[lane], hashes[i].hash->digest_len);
}

TEST(lanes_hash_what_one_stream_hashes)
{
    const saf_bytes secret = saf_bytes_of(text, 64);
    FOR_EACH_PATH(path)
        FOR_EACH_HASH(path, i) {
            idt_hmac_key *key = NULL;
            assert_int_equal(idt_hmac_key_new(&key, path, hashes[i].hash, secret), SAF_OK);
            size_t width = idt_hmac_lanes_width(path, key);
            assert_true(width <= IDT_HMAC_LANES_MAX);
            for (size_t len = 0; width && len < LENGTH_MAX; len++)
                assert_lanes(path, i, key, secret, 1 + len % width, len);
            idt_hmac_key_free(&key);
        }
}

TEST(base64url_is_written_as_the_portable_path_writes_it)
{
    char out[LENGTH_MAX * 2], expected[LENGTH_MAX * 2];
    FOR_EACH_PATH(path)
        for (size_t len = 0; len <= LENGTH_MAX; len++) {
            memset(out, '!', sizeof out);
            size_t out_len = path->encode(out, saf_bytes_of(text, len));
            assert_int_equal(out_len, saf_base64url_encode(expected, saf_bytes_of(text, len)));
            assert_memory_equal(out, expected, out_len);
            assert_int_equal(out[out_len], '!');
        }
}

static void assert_decoded_alike(const idt_path *path, const char *in, size_t len)
{
    unsigned char out[LENGTH_MAX], expected[LENGTH_MAX];
    size_t out_len = 0, expected_len = 0;
    memset(out, '!', sizeof out);
    int is_good = saf_base64url_decode(expected, &expected_len, saf_bytes_of(in, len));
    assert_int_equal(path->decode(out, &out_len, saf_bytes_of(in, len)), is_good);
    if (is_good) {
        assert_int_equal(out_len, expected_len);
        assert_memory_equal(out, expected, out_len);
        assert_int_equal(out[out_len], '!');
    }
}

/* Any byte at any place, in texts that fill vectors, do not, and are a little longer. */
TEST(base64url_is_accepted_and_refused_as_by_the_portable_path)
{
    char in[256];
    FOR_EACH_PATH(path)
        for (size_t len = 0; len < 140; len++) {
            (void)saf_base64url_encode(in, saf_bytes_of(text, 120));
            assert_decoded_alike(path, in, len);
            for (size_t at = 0; at < len; at++) {
                char original = in[at];
                for (unsigned byte = 0; byte < 256; byte += len % 16 < 4 ? 1 : 37) {
                    in[at] = (char)byte;
                    assert_decoded_alike(path, in, len);
                }
                in[at] = original;
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_always_a_path),
        cmocka_unit_test(hashes_are_libcryptos_at_every_length),
        cmocka_unit_test(macs_are_libcryptos_at_every_length_of_message_and_key),
        cmocka_unit_test(macs_are_those_of_RFC_4231),
        cmocka_unit_test(lanes_hash_what_one_stream_hashes),
        cmocka_unit_test(base64url_is_written_as_the_portable_path_writes_it),
        cmocka_unit_test(base64url_is_accepted_and_refused_as_by_the_portable_path),
    };
    return cmocka_run_group_tests(tests, fill_text, NULL);
}
