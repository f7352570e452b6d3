#include <base/fail.h>
#include <base/random.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <limits.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

enum { LETTERS = 52, LETTERS_AND_DIGITS = 62, PASSWORD_LEN = 24 };

saf_status saf_random_bytes(unsigned char *out, size_t len, saf_error *err)
{
    while (len > 0) {
        int chunk = len > INT_MAX ? INT_MAX : (int)len;
        if (RAND_priv_bytes(out, chunk) != 1)
            return saf_fail_openssl(err, "cannot get random bytes");
        out += chunk;
        len -= (size_t)chunk;
    }
    return SAF_OK;
}

/* Bytes above the largest multiple of the choices are drawn again, else the first letters would be likelier. */
static saf_status draw(char *out, unsigned choices, saf_error *err)
{
    unsigned char byte = 0;
    unsigned fair = 256 - 256 % choices;
    do
        SAF_TRY(saf_random_bytes(&byte, 1, err));
    while (byte >= fair);
    *out = alphabet[byte % choices];
    OPENSSL_cleanse(&byte, sizeof byte);
    return SAF_OK;
}

/* A letter first: YAML reads 12e34567 as a number. */
static saf_status draw_password(char *out, saf_error *err)
{
    for (size_t i = 0; i < PASSWORD_LEN; i++)
        SAF_TRY(draw(&out[i], i == 0 ? LETTERS : LETTERS_AND_DIGITS, err));
    return SAF_OK;
}

saf_status saf_random_password(saf_secret *out, saf_error *err)
{
    char password[PASSWORD_LEN];
    saf_status status = draw_password(password, err);
    if (status == SAF_OK)
        status = saf_secret_set(out, saf_bytes_of(password, sizeof password), err);
    OPENSSL_cleanse(password, sizeof password);
    return status;
}
