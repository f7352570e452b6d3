#include <support/key-pairs.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static saf_status generate(const pairs *hsm, const saf_p11_pair_spec *spec, pair_uri *uri, saf_error *err)
{
    return saf_p11_generate_pair(uri->text, hsm->session, spec, err);
}

static bool flag_of(const pairs *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    pair_value value = pairs_read(hsm, object, type);
    assert_int_equal(value.len, 1);
    return value.data[0];
}

static void expect_flags(const pairs *hsm, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE_TYPE *types, size_t count, bool expected)
{
    for (size_t i = 0; i < count; i++)
        if (flag_of(hsm, object, types[i]) != expected)
            fail_msg("attribute 0x%lX is not %d", types[i], expected);
}

#define EXPECT(expected, object, ...) \
    do { \
        static const CK_ATTRIBUTE_TYPE types_[] = { __VA_ARGS__ }; \
        expect_flags(&hsm, object, types_, sizeof types_ / sizeof *types_, expected); \
    } while (0)

static void expect_nothing(const pairs *hsm)
{
    assert_int_equal(pairs_count(hsm, CKO_PRIVATE_KEY, NULL), 0);
    assert_int_equal(pairs_count(hsm, CKO_PUBLIC_KEY, NULL), 0);
}

/* ---- what is made ---- */

TEST(the_private_half_signs_and_never_leaves)
{
    OWN(pairs) hsm = pairs_enter();
    pairs_make(&hsm, &pairs_rsa, "rsa");
    pairs_make(&hsm, &pairs_p256, "ec");
    static const char *const labels[] = { "rsa", "ec" };
    for (size_t i = 0; i < 2; i++) {
        CK_OBJECT_HANDLE key = pairs_find(&hsm, CKO_PRIVATE_KEY, labels[i]);
        EXPECT(true, key, CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE, CKA_LOCAL, CKA_SIGN);
        EXPECT(false, key, CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE, CKA_ALWAYS_AUTHENTICATE);
    }
    assert_int_equal(pairs_count(&hsm, CKO_PRIVATE_KEY, NULL), 2); /* nothing stays in the session */
}

TEST(the_public_half_verifies_and_is_seen_without_a_pin)
{
    OWN(pairs) hsm = pairs_enter();
    pairs_make(&hsm, &pairs_rsa, "rsa");
    pairs_make(&hsm, &pairs_p256, "ec");
    static const char *const labels[] = { "rsa", "ec" };
    for (size_t i = 0; i < 2; i++) {
        CK_OBJECT_HANDLE key = pairs_find(&hsm, CKO_PUBLIC_KEY, labels[i]);
        EXPECT(true, key, CKA_TOKEN, CKA_VERIFY, CKA_LOCAL);
        EXPECT(false, key, CKA_PRIVATE, CKA_MODIFIABLE, CKA_ENCRYPT, CKA_WRAP, CKA_DERIVE);
    }
    assert_int_equal(pairs_count(&hsm, CKO_PUBLIC_KEY, NULL), 2);
}

TEST(the_private_half_cannot_be_read_or_changed)
{
    OWN(pairs) hsm = pairs_enter();
    pairs_make(&hsm, &pairs_rsa, "rsa");
    CK_OBJECT_HANDLE key = pairs_find(&hsm, CKO_PRIVATE_KEY, "rsa");
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(hsm.p11);
    CK_SESSION_HANDLE raw = softhsm_raw_session(hsm.p11, "ZWE.KEYS");
    unsigned char value[1024];
    CK_ATTRIBUTE exponent = { CKA_PRIVATE_EXPONENT, value, sizeof value };
    assert_int_equal(cryptoki->C_GetAttributeValue(raw, key, &exponent, 1), CKR_ATTRIBUTE_SENSITIVE);
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE leaves = { CKA_EXTRACTABLE, &yes, sizeof yes };
    assert_int_not_equal(cryptoki->C_SetAttributeValue(raw, key, &leaves, 1), CKR_OK);
    CK_ATTRIBUTE label = { CKA_LABEL, value, 1 };
    assert_int_not_equal(cryptoki->C_SetAttributeValue(raw, key, &label, 1), CKR_OK);
}

TEST(both_halves_have_one_id_and_label)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri text = pairs_make(&hsm, &pairs_p256, "Prüf;server/1");
    saf_p11_uri uri = softhsm_uri(text.text);
    assert_string_equal(uri.token, "ZWE.KEYS");
    assert_string_equal(uri.object, "Prüf;server/1");
    assert_int_equal(uri.type, SAF_P11_PRIVATE);
    assert_int_equal(uri.id_len, 16);
    static const CK_OBJECT_CLASS classes[] = { CKO_PRIVATE_KEY, CKO_PUBLIC_KEY };
    for (size_t i = 0; i < 2; i++) {
        pair_value id = pairs_read(&hsm, pairs_find(&hsm, classes[i], uri.object), CKA_ID);
        assert_int_equal(id.len, 16);
        assert_memory_equal(id.data, uri.id, 16);
    }
}

TEST(pairs_of_one_label_have_ids_of_their_own)
{
    OWN(pairs) hsm = pairs_enter();
    pair_uri first = pairs_make(&hsm, &pairs_p256, "same");
    pair_uri second = pairs_make(&hsm, &pairs_p256, "same");
    assert_string_not_equal(first.text, second.text);
    OWN(EVP_PKEY) *one = pairs_load(&hsm, first.text);
    OWN(EVP_PKEY) *other = pairs_load(&hsm, second.text);
    assert_int_equal(EVP_PKEY_eq(one, other), 0);
}

TEST(a_pair_is_there_for_the_next_process)
{
    pair_uri rsa, ec;
    {
        OWN(pairs) hsm = pairs_enter();
        rsa = pairs_make(&hsm, &pairs_rsa, "rsa");
        ec = pairs_make(&hsm, &pairs_curves[5], "ec");
    }
    OWN(pairs) hsm = pairs_enter();
    OWN(EVP_PKEY) *first = pairs_load(&hsm, rsa.text);
    OWN(EVP_PKEY) *second = pairs_load(&hsm, ec.text);
    pairs_expect_signature(first);
    pairs_expect_signature(second);
}

/* ---- names ---- */

TEST(the_uri_is_known_before_the_pair_is_made)
{
    OWN(pairs) hsm = pairs_enter();
    saf_p11_pair_spec spec = pairs_p256;
    pair_uri before, again, made;
    spec.label = "server";
    assert_int_equal(saf_p11_pair_uri(before.text, hsm.session, &spec, NULL), SAF_OK);
    assert_int_equal(spec.id_len, 16);
    assert_int_equal(saf_p11_pair_uri(again.text, hsm.session, &spec, NULL), SAF_OK);
    assert_int_equal(generate(&hsm, &spec, &made, NULL), SAF_OK);
    assert_string_equal(before.text, again.text);
    assert_string_equal(before.text, made.text);
}

TEST(the_longest_names_still_name_one_key)
{
    OWN(pairs) hsm = pairs_enter();
    char label[SAF_P11_OBJECT_MAX + 1] = "";
    for (size_t i = 0; i < SAF_P11_OBJECT_MAX; i++)
        label[i] = ';'; /* three characters in a URI */
    saf_p11_pair_spec spec = pairs_p256;
    spec.label = label;
    spec.id_len = sizeof spec.id;
    memset(spec.id, 0xAB, sizeof spec.id);
    pair_uri uri;
    assert_int_equal(generate(&hsm, &spec, &uri, NULL), SAF_OK);
    OWN(EVP_PKEY) *key = pairs_load(&hsm, uri.text);
    pairs_expect_signature(key);
    assert_int_equal(pairs_destroy(&hsm, uri.text, NULL), SAF_OK);
    expect_nothing(&hsm);
}

TEST(an_id_that_is_taken_is_refused)
{
    OWN(pairs) hsm = pairs_enter();
    saf_p11_pair_spec spec = { .kind = SAF_P11_EC, .curve = "P-256", .label = "first", .id = "\x07", .id_len = 1 };
    pair_uri uri = { "untouched" };
    saf_error err = { 0 };
    assert_int_equal(generate(&hsm, &spec, &(pair_uri) { 0 }, NULL), SAF_OK);
    spec.label = "second";
    assert_int_equal(generate(&hsm, &spec, &uri, &err), SAF_E_EXISTS);
    assert_string_equal(err.text, "token ZWE.KEYS has a key or certificate with the id of key pair \"second\" already");
    assert_string_equal(uri.text, "untouched");
    assert_int_equal(pairs_count(&hsm, CKO_PRIVATE_KEY, NULL), 1);
    assert_int_equal(pairs_count(&hsm, CKO_PUBLIC_KEY, NULL), 1);
}

/* libp11 would take it for the new key's. */
TEST(an_id_that_a_public_half_alone_has_is_refused)
{
    OWN(pairs) hsm = pairs_enter();
    saf_p11_pair_spec spec = { .kind = SAF_P11_EC, .curve = "P-256", .label = "first", .id = "\x07", .id_len = 1 };
    pair_uri uri;
    assert_int_equal(generate(&hsm, &spec, &uri, NULL), SAF_OK);
    CK_SESSION_HANDLE raw = softhsm_raw_session(hsm.p11, "ZWE.KEYS");
    CK_OBJECT_HANDLE key = pairs_find(&hsm, CKO_PRIVATE_KEY, NULL);
    assert_int_equal(softhsm_cryptoki(hsm.p11)->C_DestroyObject(raw, key), CKR_OK);
    assert_int_equal(generate(&hsm, &spec, &uri, NULL), SAF_E_EXISTS);
    assert_int_equal(pairs_destroy(&hsm, uri.text, NULL), SAF_OK);
    assert_int_equal(generate(&hsm, &spec, &uri, NULL), SAF_OK);
}

TEST(bad_specs_are_refused)
{
    OWN(pairs) hsm = pairs_enter();
    char label[SAF_P11_OBJECT_MAX + 2] = "";
    memset(label, 'x', sizeof label - 1);
    const saf_p11_pair_spec bad[] = {
        { .kind = SAF_P11_RSA, .rsa_bits = 2048 },
        { .kind = SAF_P11_RSA, .rsa_bits = 2048, .label = "" },
        { .kind = SAF_P11_RSA, .rsa_bits = 2048, .label = label },
        { .kind = SAF_P11_RSA, .rsa_bits = 2048, .label = "\xFC" },
        { .kind = SAF_P11_RSA, .rsa_bits = 2048, .label = "x", .id_len = SAF_P11_ID_MAX + 1 },
        { .kind = SAF_P11_RSA, .rsa_bits = 1024, .label = "x" },
        { .kind = SAF_P11_RSA, .label = "x" },
        { .kind = SAF_P11_EC, .label = "x" },
        { .kind = SAF_P11_EC, .label = "x", .curve = "secp256k1" },
        { .kind = SAF_P11_EC, .label = "x", .curve = "" },
        { .kind = (saf_p11_pair_kind)7, .label = "x", .curve = "P-256", .rsa_bits = 2048 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pair_uri uri;
        saf_p11_pair_spec spec = bad[i];
        assert_int_equal(generate(&hsm, &bad[i], &uri, NULL), SAF_E_USAGE);
        assert_int_equal(saf_p11_pair_uri(uri.text, hsm.session, &spec, NULL), SAF_E_USAGE);
    }
    expect_nothing(&hsm);
}

/* ---- a token that refuses or forgets ---- */

typedef struct fault {
    CK_FUNCTION_LIST *cryptoki; /* whose functions are replaced */
    CK_FUNCTION_LIST genuine;
} fault;

static fault now;

static void fault_end(fault *f)
{
    *f->cryptoki = f->genuine;
}

OWN_VALUE(fault, fault_end)

static fault fault_begin(const pairs *hsm)
{
    CK_FUNCTION_LIST *cryptoki = softhsm_cryptoki(hsm->p11);
    now = (fault) { cryptoki, *cryptoki };
    return now;
}

static CK_RV refuse_to_generate(CK_SESSION_HANDLE session, CK_MECHANISM *how, CK_ATTRIBUTE *public, CK_ULONG public_count,
                                CK_ATTRIBUTE *private, CK_ULONG private_count, CK_OBJECT_HANDLE *public_key,
                                CK_OBJECT_HANDLE *private_key)
{
    (void)session, (void)how, (void)public, (void)public_count, (void)private, (void)private_count;
    (void)public_key, (void)private_key;
    return CKR_CURVE_NOT_SUPPORTED;
}

TEST(a_refusal_to_generate_names_token_label_and_answer)
{
    OWN(pairs) hsm = pairs_enter();
    saf_p11_pair_spec spec = { .kind = SAF_P11_EC, .curve = "P-256", .label = "server" };
    pair_uri uri;
    saf_error err = { 0 };
    {
        OWN(fault) f = fault_begin(&hsm);
        f.cryptoki->C_GenerateKeyPair = refuse_to_generate;
        assert_int_equal(generate(&hsm, &spec, &uri, &err), SAF_E_UNSUPPORTED);
    }
    assert_string_equal(err.text, "token ZWE.KEYS cannot make key pair \"server\": CKR_CURVE_NOT_SUPPORTED");
    expect_nothing(&hsm);
    assert_int_equal(generate(&hsm, &spec, &uri, NULL), SAF_OK); /* and nothing is left locked */
}

static CK_RV refuse_to_copy_private_keys(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *changes,
                                         CK_ULONG count, CK_OBJECT_HANDLE *out)
{
    CK_OBJECT_CLASS class;
    CK_ATTRIBUTE attribute = { CKA_CLASS, &class, sizeof class };
    CK_RV answer = now.genuine.C_GetAttributeValue(session, object, &attribute, 1);
    if (answer == CKR_OK && class == CKO_PRIVATE_KEY)
        return CKR_DEVICE_MEMORY;
    return now.genuine.C_CopyObject(session, object, changes, count, out);
}

TEST(a_token_that_is_full_after_the_first_half_keeps_nothing)
{
    OWN(pairs) hsm = pairs_enter();
    saf_p11_pair_spec spec = { .kind = SAF_P11_EC, .curve = "P-256", .label = "server" };
    pair_uri uri;
    saf_error err = { 0 };
    {
        OWN(fault) f = fault_begin(&hsm);
        f.cryptoki->C_CopyObject = refuse_to_copy_private_keys;
        assert_int_equal(generate(&hsm, &spec, &uri, &err), SAF_E_FAILED);
    }
    assert_string_equal(err.text, "token ZWE.KEYS cannot keep key pair \"server\": CKR_DEVICE_MEMORY");
    expect_nothing(&hsm);
}

static CK_ATTRIBUTE_TYPE forgotten;

/* Reads as false, or as something else. */
static CK_RV forget(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count)
{
    CK_RV answer = now.genuine.C_GetAttributeValue(session, object, list, count);
    for (CK_ULONG i = 0; i < count && answer == CKR_OK; i++)
        if (list[i].type == forgotten && list[i].pValue)
            *(unsigned char *)list[i].pValue ^= 1;
    return answer;
}

TEST(a_pair_that_is_not_kept_as_asked_for_is_destroyed)
{
    OWN(pairs) hsm = pairs_enter();
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        const saf_p11_pair_spec *kind;
        const char *text;
    } cases[] = {
        { CKA_SENSITIVE, &pairs_p256, "token ZWE.KEYS did not keep CKA_SENSITIVE of private key \"server\"" },
        { CKA_EXTRACTABLE, &pairs_p256, "token ZWE.KEYS did not keep CKA_EXTRACTABLE of private key \"server\"" },
        { CKA_SIGN, &pairs_rsa, "token ZWE.KEYS did not keep CKA_SIGN of private key \"server\"" },
        { CKA_LABEL, &pairs_p256, "token ZWE.KEYS did not keep CKA_LABEL of private key \"server\"" },
        { CKA_ID, &pairs_p256, "token ZWE.KEYS did not keep CKA_ID of private key \"server\"" },
        { CKA_TOKEN, &pairs_p256, "token ZWE.KEYS did not keep CKA_TOKEN of private key \"server\"" },
        { CKA_VERIFY, &pairs_p256, "token ZWE.KEYS did not keep CKA_VERIFY of public key \"server\"" },
        { CKA_EC_PARAMS, &pairs_p256, "token ZWE.KEYS did not keep CKA_EC_PARAMS of public key \"server\"" },
        { CKA_MODULUS_BITS, &pairs_rsa, "token ZWE.KEYS did not keep CKA_MODULUS_BITS of public key \"server\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        saf_p11_pair_spec spec = *cases[i].kind;
        spec.label = "server";
        pair_uri uri;
        saf_error err = { 0 };
        {
            OWN(fault) f = fault_begin(&hsm);
            forgotten = cases[i].type;
            f.cryptoki->C_GetAttributeValue = forget;
            assert_int_equal(generate(&hsm, &spec, &uri, &err), SAF_E_UNSUPPORTED);
        }
        assert_string_equal(err.text, cases[i].text);
        expect_nothing(&hsm);
    }
}

/* Files may not grow: what SoftHSM sees of a full disk. In a child, which ends with what it was told. */
static saf_status generate_on_a_full_disk(rlim_t bytes)
{
    pid_t child = fork();
    if (child == 0) {
        pairs hsm = pairs_enter();
        saf_p11_pair_spec spec = { .kind = SAF_P11_RSA, .rsa_bits = 2048, .label = "server" };
        pair_uri uri;
        signal(SIGXFSZ, SIG_IGN);
        struct rlimit limit = { bytes, RLIM_INFINITY };
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(255);
        _exit((int)generate(&hsm, &spec, &uri, NULL));
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    return (saf_status)WEXITSTATUS(how);
}

static void make_token_in_a_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        pairs hsm = pairs_enter();
        pairs_free(&hsm);
        _exit(0);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
}

TEST(on_a_full_disk_nothing_is_kept)
{
    make_token_in_a_child();
    assert_int_equal(generate_on_a_full_disk(0), SAF_E_IO);    /* no file at all */
    assert_int_equal(generate_on_a_full_disk(500), SAF_E_IO);  /* the public half has some 800 bytes, */
    assert_int_equal(generate_on_a_full_disk(1500), SAF_E_IO); /* the private half some 2200 */
    OWN(pairs) hsm = pairs_enter();
    expect_nothing(&hsm);
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
    OWN(EVP_PKEY) *key = pairs_load(&hsm, uri.text);
    pairs_expect_signature(key);
}

/* ---- kills ---- */

static saf_p11_pair_spec numbered(int number)
{
    saf_p11_pair_spec spec = { .kind = SAF_P11_EC, .curve = "P-256", .label = "killed", .id_len = 4 };
    snprintf((char *)spec.id, sizeof spec.id, "%04d", number);
    return spec;
}

static void generate_until_killed(int round)
{
    pairs hsm = pairs_enter();
    for (int i = 0; i < 10; i++) {
        saf_p11_pair_spec spec = numbered(round * 10 + i);
        pair_uri uri;
        if (generate(&hsm, &spec, &uri, NULL) != SAF_OK)
            _exit(1);
    }
    _exit(0);
}

TEST(what_a_kill_leaves_can_be_destroyed_by_its_uri)
{
    enum { KILLS = 30 };
    make_token_in_a_child();
    for (int round = 0; round < KILLS; round++) {
        pid_t child = fork();
        if (child == 0)
            generate_until_killed(round);
        usleep((useconds_t)(8000 + round * 1777 % 40000));
        kill(child, SIGKILL);
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how) || WEXITSTATUS(how) == 0);
    }
    OWN(pairs) hsm = pairs_enter();
    assert_true(pairs_count(&hsm, CKO_PRIVATE_KEY, "killed") > 0);
    for (int i = 0; i < KILLS * 10; i++) {
        saf_p11_pair_spec spec = numbered(i);
        pair_uri uri;
        assert_int_equal(saf_p11_pair_uri(uri.text, hsm.session, &spec, NULL), SAF_OK);
        assert_int_equal(pairs_destroy(&hsm, uri.text, NULL), SAF_OK);
    }
    assert_int_equal(pairs_count(&hsm, CKO_PRIVATE_KEY, "killed"), 0);
    assert_int_equal(pairs_count(&hsm, CKO_PUBLIC_KEY, "killed"), 0);
    pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
    OWN(EVP_PKEY) *key = pairs_load(&hsm, uri.text);
    pairs_expect_signature(key);
}

/* ---- several at once ---- */

TEST(of_processes_that_make_one_id_one_succeeds)
{
    enum { PROCESSES = 5 };
    make_token_in_a_child();
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            pairs hsm = pairs_enter();
            saf_p11_pair_spec spec = numbered(1);
            pair_uri uri;
            _exit((int)generate(&hsm, &spec, &uri, NULL));
        }
    int made = 0, refused = 0;
    for (int i = 0; i < PROCESSES; i++) {
        int how;
        assert_true(wait(&how) > 0);
        assert_true(WIFEXITED(how));
        made += WEXITSTATUS(how) == SAF_OK;
        refused += WEXITSTATUS(how) == SAF_E_EXISTS;
    }
    assert_int_equal(made, 1);
    assert_int_equal(refused, PROCESSES - 1);
    OWN(pairs) hsm = pairs_enter();
    assert_int_equal(pairs_count(&hsm, CKO_PRIVATE_KEY, NULL), 1);
    assert_int_equal(pairs_count(&hsm, CKO_PUBLIC_KEY, NULL), 1);
}

static void log_in_and_out_until_killed(void)
{
    for (;;) {
        pairs hsm = pairs_enter();
        pairs_free(&hsm);
    }
}

TEST(logins_of_other_processes_do_not_disturb_the_making)
{
    enum { PROCESSES = 3 };
    pid_t others[PROCESSES];
    make_token_in_a_child();
    for (int i = 0; i < PROCESSES; i++) {
        others[i] = fork();
        if (others[i] == 0)
            log_in_and_out_until_killed();
    }
    OWN(pairs) hsm = pairs_enter();
    for (int i = 0; i < 40; i++) {
        OWN(EVP_PKEY) *key = pairs_load(&hsm, pairs_make(&hsm, &pairs_p256, "server").text);
        pairs_expect_signature(key);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int how;
        kill(others[i], SIGKILL);
        assert_int_equal(waitpid(others[i], &how, 0), others[i]);
        assert_true(WIFSIGNALED(how));
    }
}

/* Found, listed and used by a server while another process makes keys. */
static void look_until_told(int told)
{
    pairs hsm = pairs_enter();
    char byte;
    saf_p11_uri uri = { .token = "ZWE.KEYS" };
    while (recv(told, &byte, 1, MSG_DONTWAIT) < 0) {
        saf_p11_secret_list list = { 0 };
        saf_p11_signer *signer = NULL;
        if (saf_p11_list_secrets(&list, hsm.session, NULL, NULL) != SAF_OK || list.count != 1 ||
            saf_p11_signer_open(&signer, hsm.p11, &uri, SAF_P11_HMAC_SHA256, NULL) != SAF_OK)
            _exit(1);
        saf_p11_secret_list_free(&list);
        saf_p11_signer_close(&signer);
    }
    _exit(0);
}

TEST(processes_that_look_and_one_that_makes_do_not_disturb_each_other)
{
    enum { PROCESSES = 2 };
    int ends[2];
    pid_t others[PROCESSES];
    pid_t maker = fork();
    if (maker == 0) {
        pairs hsm = pairs_enter();
        saf_p11_secret secret;
        _exit(saf_p11_generate_secret(&secret, hsm.session, &(saf_p11_secret_spec) { .label = "x", .len = 32 }, NULL) != SAF_OK);
    }
    int how;
    assert_int_equal(waitpid(maker, &how, 0), maker);
    assert_int_equal(how, 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    for (int i = 0; i < PROCESSES; i++) {
        others[i] = fork();
        if (others[i] == 0)
            look_until_told(ends[1]);
    }
    OWN(pairs) hsm = pairs_enter();
    for (int i = 0; i < 40; i++) {
        pair_uri uri = pairs_make(&hsm, &pairs_p256, "server");
        OWN(EVP_PKEY) *key = pairs_load(&hsm, uri.text);
        OWN(X509) *x509 = pairs_certificate(key, 1);
        assert_int_equal(pairs_put(&hsm, uri.text, x509, NULL), SAF_OK);
        if (i % 2)
            assert_int_equal(pairs_destroy(&hsm, uri.text, NULL), SAF_OK);
    }
    assert_int_equal(write(ends[0], "xx", PROCESSES), PROCESSES);
    for (int i = 0; i < PROCESSES; i++) {
        assert_int_equal(waitpid(others[i], &how, 0), others[i]);
        assert_int_equal(how, 0);
    }
    close(ends[0]);
    close(ends[1]);
}

/* ---- other modules ---- */

/* By its name nobody would think it SoftHSM: it is treated as a module that may not be able to copy. */
TEST(a_module_that_is_not_softhsm_makes_pairs_in_the_token)
{
    OWN(own_text) command = NULL;
    {
        OWN(pairs) hsm = pairs_enter();
        assert_true(asprintf(&command, "cp %s other.so", saf_p11_module_path(hsm.p11)) > 0);
    }
    assert_int_equal(system(command), 0);
    assert_int_equal(setenv("SAFRING_PKCS11_MODULE", "./other.so", 1), 0);
    {
        OWN(pairs) hsm = pairs_enter();
        OWN(EVP_PKEY) *key = pairs_load(&hsm, pairs_make(&hsm, &pairs_rsa, "server").text);
        pairs_expect_signature(key);
        CK_OBJECT_HANDLE private = pairs_find(&hsm, CKO_PRIVATE_KEY, "server");
        EXPECT(true, private, CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, CKA_SIGN);
        EXPECT(false, private, CKA_EXTRACTABLE, CKA_MODIFIABLE, CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE);
        assert_int_equal(pairs_count(&hsm, CKO_PUBLIC_KEY, NULL), 1);
    }
    unsetenv("SAFRING_PKCS11_MODULE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SOFTHSM(on_a_full_disk_nothing_is_kept), /* first those that fork: SoftHSM does not survive it */
        IN_SOFTHSM(what_a_kill_leaves_can_be_destroyed_by_its_uri),
        IN_SOFTHSM(of_processes_that_make_one_id_one_succeeds),
        IN_SOFTHSM(logins_of_other_processes_do_not_disturb_the_making),
        IN_SOFTHSM(processes_that_look_and_one_that_makes_do_not_disturb_each_other),
        IN_SOFTHSM(the_private_half_signs_and_never_leaves),
        IN_SOFTHSM(the_public_half_verifies_and_is_seen_without_a_pin),
        IN_SOFTHSM(the_private_half_cannot_be_read_or_changed),
        IN_SOFTHSM(both_halves_have_one_id_and_label),
        IN_SOFTHSM(pairs_of_one_label_have_ids_of_their_own),
        IN_SOFTHSM(a_pair_is_there_for_the_next_process),
        IN_SOFTHSM(the_uri_is_known_before_the_pair_is_made),
        IN_SOFTHSM(the_longest_names_still_name_one_key),
        IN_SOFTHSM(an_id_that_is_taken_is_refused),
        IN_SOFTHSM(an_id_that_a_public_half_alone_has_is_refused),
        IN_SOFTHSM(bad_specs_are_refused),
        IN_SOFTHSM(a_refusal_to_generate_names_token_label_and_answer),
        IN_SOFTHSM(a_token_that_is_full_after_the_first_half_keeps_nothing),
        IN_SOFTHSM(a_pair_that_is_not_kept_as_asked_for_is_destroyed),
        IN_SOFTHSM(a_module_that_is_not_softhsm_makes_pairs_in_the_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
