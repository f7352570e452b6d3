#include "idt-peers.h"
#include "idt-world.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <time.h>

#ifdef HAVE_LIBJWT
#include <jwt.h>
#endif
#ifdef HAVE_LIBJOSE
#include <jose/b64.h>
#include <jose/jwk.h>
#include <jose/jws.h>
#endif

enum { ALGORITHMS = 5 }; /* HS256, HS512, RS256, ES256, EdDSA: the columns of the table */

typedef struct rates {
    double sign, verify; /* 0: it does not do that */
} rates;

static void print_rates(const char *name, const rates r[ALGORITHMS])
{
    printf("| %s |", name);
    for (size_t i = 0; i < ALGORITHMS; i++) {
        if (r[i].sign > 0)
            printf(" %.1f k / %.1f k |", r[i].sign / 1000, r[i].verify / 1000);
        else
            printf(" – |");
    }
    printf("\n");
    fflush(stdout);
}

static void __attribute__((unused)) print_absent(const char *name)
{
    printf("| %s | not available here | | | | |\n", name);
}

static double __attribute__((unused)) cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Calls per second of statements that deal with one token. */
#define RATE(seconds, statements) \
    __extension__({ \
        size_t calls_ = 0; \
        double start_ = cpu_seconds(), end_; \
        do { \
            statements; \
            calls_++; \
        } while ((end_ = cpu_seconds()) - start_ < (seconds)); \
        (double)calls_ / (end_ - start_); \
    })

/* ---- libjwt ---- */

#ifdef HAVE_LIBJWT

static char *pem_of(EVP_PKEY *key, int is_private)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *text = NULL;
    MUST(is_private ? PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) : PEM_write_bio_PUBKEY(out, key));
    long len = BIO_get_mem_data(out, &text);
    text = strndup(text, (size_t)len);
    BIO_free(out);
    return text;
}

static char *libjwt_sign(jwt_alg_t alg, const char *key)
{
    jwt_t *jwt = NULL;
    time_t now = time(NULL);
    MUST(jwt_new(&jwt) == 0);
    MUST(jwt_add_grant(jwt, "jti", "00E04D2A63558772960000000B500001") == 0 && jwt_add_grant(jwt, "iss", "saf") == 0 &&
         jwt_add_grant(jwt, "sub", "IBMUSER") == 0 && jwt_add_grant(jwt, "aud", "ZOWEAPPL") == 0 && jwt_add_grant_int(jwt, "iat", now) == 0 &&
         jwt_add_grant_int(jwt, "exp", now + 300) == 0 && jwt_add_grants_json(jwt, "{\"amr\":[\"saf-pwd\"]}") == 0);
    MUST(jwt_set_alg(jwt, alg, (const unsigned char *)key, (int)strlen(key)) == 0);
    char *token = jwt_encode_str(jwt);
    MUST(token);
    jwt_free(jwt);
    return token;
}

static void libjwt_verify(const char *token, const char *key)
{
    jwt_t *jwt = NULL;
    MUST(jwt_decode(&jwt, token, (const unsigned char *)key, (int)strlen(key)) == 0);
    MUST(strcmp(jwt_get_grant(jwt, "sub"), "IBMUSER") == 0 && jwt_get_grant_int(jwt, "exp") > time(NULL));
    jwt_free(jwt);
}

static rates libjwt_rates(jwt_alg_t alg, const char *private_key, const char *public_key, double seconds)
{
    char *token = libjwt_sign(alg, private_key);
    rates r = { .sign = RATE(seconds, free(libjwt_sign(alg, private_key))), .verify = RATE(seconds, libjwt_verify(token, public_key)) };
    free(token);
    return r;
}

static rates libjwt_pkey_rates(jwt_alg_t alg, EVP_PKEY *key, double seconds)
{
    char *private_key = pem_of(key, 1);
    char *public_key = pem_of(key, 0);
    rates r = libjwt_rates(alg, private_key, public_key, seconds);
    free(private_key);
    free(public_key);
    EVP_PKEY_free(key);
    return r;
}

static void print_libjwt(double seconds)
{
    static const char secret[] = "0123456789abcdef0123456789ABCDEF-and-as-many-more-for-HS512.....";
    const rates r[ALGORITHMS] = {
        libjwt_rates(JWT_ALG_HS256, secret, secret, seconds),
        libjwt_rates(JWT_ALG_HS512, secret, secret, seconds),
        libjwt_pkey_rates(JWT_ALG_RS256, EVP_RSA_gen(2048), seconds),
        libjwt_pkey_rates(JWT_ALG_ES256, EVP_EC_gen("P-256"), seconds),
    };
    print_rates("libjwt " LIBJWT_VERSION, r);
}

#else

static void print_libjwt(double seconds)
{
    (void)seconds;
    print_absent("libjwt");
}

#endif

/* ---- libjose ---- */

#ifdef HAVE_LIBJOSE

static json_t *libjose_sign(const char *alg, const json_t *jwk)
{
    json_int_t now = time(NULL);
    json_t *claims = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:[s]}", "jti", "00E04D2A63558772960000000B500001", "iss", "saf", "sub", "IBMUSER", "aud",
                               "ZOWEAPPL", "iat", now, "exp", now + 300, "amr", "saf-pwd");
    char *text = json_dumps(claims, JSON_COMPACT);
    json_t *jws = json_pack("{s:o}", "payload", jose_b64_enc(text, strlen(text)));
    json_t *options = json_pack("{s:{s:s}}", "protected", "alg", alg);
    MUST(jose_jws_sig(NULL, jws, options, jwk));
    free(text);
    json_decref(claims);
    json_decref(options);
    return jws;
}

static void libjose_verify(json_t *jws, const json_t *jwk)
{
    MUST(jose_jws_ver(NULL, jws, NULL, jwk, false));
    json_t *claims = jose_b64_dec_load(json_object_get(jws, "payload"));
    MUST(strcmp(json_string_value(json_object_get(claims, "sub")), "IBMUSER") == 0);
    json_decref(claims);
}

static rates libjose_rates(const char *alg, double seconds)
{
    json_t *jwk = json_pack("{s:s}", "alg", alg);
    MUST(jose_jwk_gen(NULL, jwk));
    json_t *jws = libjose_sign(alg, jwk);
    rates r = { .sign = RATE(seconds, json_decref(libjose_sign(alg, jwk))), .verify = RATE(seconds, libjose_verify(jws, jwk)) };
    json_decref(jws);
    json_decref(jwk);
    return r;
}

static void print_libjose(double seconds)
{
    const rates r[ALGORITHMS] = { libjose_rates("HS256", seconds), libjose_rates("HS512", seconds), libjose_rates("RS256", seconds),
                                  libjose_rates("ES256", seconds) };
    print_rates("libjose " LIBJOSE_VERSION, r);
}

#else

static void print_libjose(double seconds)
{
    (void)seconds;
    print_absent("libjose");
}

#endif

/* ---- Node ---- */

/* The script prints rows of the same table; what it cannot load it names. */
static void print_node(double seconds)
{
    char command[1024];
    snprintf(command, sizeof command, "node '%s/idt-peers.mjs' %g 2>/dev/null", BENCH_DIR, seconds);
    fflush(stdout);
    if (system(command) != 0)
        print_absent("Node: fast-jwt, jose, jsonwebtoken");
}

void peers_print(double seconds)
{
    printf("\n| library, sign / verify per second | HS256 | HS512 | RS256 | ES256 | EdDSA |\n|---|---|---|---|---|---|\n");
    print_libjwt(seconds);
    print_libjose(seconds);
    print_node(seconds);
}
