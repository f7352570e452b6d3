/*
 * Any bytes as a snapshot, well MACed so that they reach the reader's parser: they are a ring that can be walked, or refused with a reason. The input is
 * what follows the magic and the version; the file's length is made right unless the input's first bit says otherwise.
 */
#include "fuzz.h"

#include <safring/keyring.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_LEN = 32, MAC_LEN = 32, START_LEN = 12, LEN_AT = 12, CONTENT_MAX = 1 << 16 };

static char dir[] = "/tmp/fuzz-publication-XXXXXX";
static const unsigned char start[START_LEN] = { 'S', 'A', 'F', 'P', 'U', 'B', '\r', '\n', 0, 0, 0, 1 };
static const unsigned char ring_key[KEY_LEN] = { 1 };
static unsigned char mac_key[MAC_LEN];

static int remove_entry(const char *path, __attribute__((unused)) const struct stat *status, __attribute__((unused)) int kind,
                        __attribute__((unused)) struct FTW *walk)
{
    return remove(path);
}

static void close_world(void)
{
    nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *name, const void *bytes, size_t len)
{
    char path[sizeof dir + 16];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    REQUIRE(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0);
}

static void open_world(void)
{
    static const char purpose[] = "safring publication mac";
    REQUIRE(mkdtemp(dir) && atexit(close_world) == 0);
    REQUIRE(HMAC(EVP_sha256(), ring_key, KEY_LEN, (const unsigned char *)purpose, strlen(purpose), mac_key, NULL));
    write_file("ring.key", ring_key, KEY_LEN);
}

static void write_snapshot(const uint8_t *data, size_t size)
{
    static unsigned char file[START_LEN + CONTENT_MAX + MAC_LEN];
    size_t len = START_LEN + size;
    memcpy(file, start, START_LEN);
    memcpy(file + START_LEN, data, size);
    if (size >= 4 && !(data[0] & 0x80))
        for (size_t i = 0; i < 4; i++)
            file[LEN_AT + i] = (unsigned char)((len + MAC_LEN) >> (24 - 8 * i));
    REQUIRE(HMAC(EVP_sha256(), mac_key, MAC_LEN, file, len, file + len, NULL));
    write_file("ring.saf", file, len + MAC_LEN);
}

static void check_ring(const saf_ring *ring, saf_store *store)
{
    size_t defaults = 0;
    for (size_t i = 0; i < saf_ring_size(ring); i++) {
        const saf_connection *connection = saf_ring_at(ring, i);
        EVP_PKEY *key = NULL;
        defaults += connection->is_default == SAF_DEFAULT;
        REQUIRE(saf_ring_find_label(ring, connection->cert->owner, connection->cert->label));
        REQUIRE(saf_ring_load_key(&key, ring, connection, store, NULL, NULL) != SAF_OK || key);
        EVP_PKEY_free(key);
    }
    REQUIRE(defaults <= 1 && (defaults == 1) == (saf_ring_default(ring) != NULL));
}

/* Which ring it says to be: what a reader who was told would ask for. */
static void read_ring(saf_store *store, const uint8_t *data, size_t size)
{
    char owner[SAF_OWNER_MAX + 1] = "", name[SAF_RING_NAME_MAX + 1] = "";
    saf_error err = { 0 };
    saf_ring *ring = NULL;
    uint64_t generation = 0;
    /* A head that reaches into the MAC may be taken alone: the whole is not. */
    size_t owner_len = size > 32 ? data[32] : SAF_OWNER_MAX + 1;
    size_t name_len = owner_len <= SAF_OWNER_MAX && 34 + owner_len <= size ? data[33 + owner_len] : SAF_RING_NAME_MAX + 1;
    if (name_len > SAF_RING_NAME_MAX || 34 + owner_len + name_len > size)
        return;
    memcpy(owner, data + 33, owner_len);
    memcpy(name, data + 34 + owner_len, name_len);
    REQUIRE(saf_ring_poll(&generation, store, NULL, owner, name, &err) == SAF_OK);
    saf_status status = saf_ring_open(&ring, store, NULL, owner, name, &err);
    REQUIRE(status == SAF_OK || status == SAF_E_FAILED);
    REQUIRE((status == SAF_OK) == (ring != NULL));
    if (ring)
        check_ring(ring, store);
    saf_ring_close(&ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    saf_store *store = NULL;
    saf_error err = { 0 };
    if (!mac_key[0] && !mac_key[1])
        open_world();
    if (size > CONTENT_MAX)
        return 0;
    write_snapshot(data, size);
    saf_status status = saf_store_open(&store, dir, NULL, &err);
    REQUIRE(status == SAF_OK || status == SAF_E_FAILED);
    if (store)
        read_ring(store, data, size);
    saf_store_close(&store);
    return 0;
}
