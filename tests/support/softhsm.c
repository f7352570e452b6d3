#include <support/softhsm.h>

#include <support/scratch.h>

#include <dlfcn.h>
#include <glob.h>

int softhsm_enter(void **state)
{
    if (scratch_enter(state) != 0 || mkdir("tokens", 0700) != 0)
        return -1;
    char path[4096], text[8192];
    if (!getcwd(path, sizeof path))
        return -1;
    snprintf(text, sizeof text, "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", path);
    if (scratch_write("softhsm2.conf", text, 0600) != 0)
        return -1;
    strncat(path, "/softhsm2.conf", sizeof path - strlen(path) - 1);
    return setenv("SOFTHSM2_CONF", path, 1);
}

/* A test that fails leaves its module open, and must not make those after it fail too. */
static void finalise(void)
{
    OWN(saf_p11) *p11 = NULL;
    if (saf_p11_open(&p11, NULL, NULL) == SAF_OK)
        softhsm_cryptoki(p11)->C_Finalize(NULL);
}

int softhsm_leave(void **state)
{
    finalise();
    unsetenv("SOFTHSM2_CONF");
    return scratch_leave(state);
}

saf_secret softhsm_secret(const char *text)
{
    saf_secret secret = { 0 };
    assert_int_equal(saf_secret_set(&secret, saf_bytes_of_text(text), NULL), SAF_OK);
    return secret;
}

saf_p11 *softhsm_open(void)
{
    saf_error err = { 0 };
    saf_p11 *p11 = NULL;
    if (saf_p11_open(&p11, NULL, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return p11;
}

void softhsm_init_token(saf_p11 *p11, const char *name)
{
    OWN(saf_secret) so_pin = softhsm_secret(SOFTHSM_SO_PIN);
    OWN(saf_secret) pin = softhsm_secret(SOFTHSM_PIN);
    saf_error err = { 0 };
    saf_p11_token token;
    if (saf_p11_init_token(&token, p11, name, &so_pin, &pin, &err) != SAF_OK)
        fail_msg("%s", err.text);
    assert_string_equal(token.label, name);
}

saf_p11_session *softhsm_login(saf_p11 *p11, const char *token)
{
    OWN(saf_secret) pin = softhsm_secret(SOFTHSM_PIN);
    saf_error err = { 0 };
    saf_p11_uri uri = { 0 };
    saf_p11_session *session = NULL;
    snprintf(uri.token, sizeof uri.token, "%s", token);
    if (saf_p11_login(&session, p11, &uri, &pin, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return session;
}

void softhsm_log_in_and_out(saf_p11 *p11, const char *token)
{
    saf_p11_session *session = softhsm_login(p11, token);
    saf_p11_logout(&session);
}

saf_p11_uri softhsm_uri(const char *text)
{
    saf_error err = { 0 };
    saf_p11_uri uri;
    if (saf_p11_uri_parse(&uri, text, &err) != SAF_OK)
        fail_msg("%s", err.text);
    return uri;
}

CK_FUNCTION_LIST *softhsm_cryptoki(const saf_p11 *p11)
{
    void *library = dlopen(saf_p11_module_path(p11), RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
    CK_RV (*get_list)(CK_FUNCTION_LIST **list);
    CK_FUNCTION_LIST *cryptoki = NULL;
    assert_non_null(symbol);
    memcpy(&get_list, &symbol, sizeof symbol);
    assert_int_equal(get_list(&cryptoki), CKR_OK);
    dlclose(library);
    return cryptoki;
}

CK_SESSION_HANDLE softhsm_raw_session(saf_p11 *p11, const char *token)
{
    saf_p11_token found;
    saf_p11_uri uri = { 0 };
    CK_SESSION_HANDLE session;
    snprintf(uri.token, sizeof uri.token, "%s", token);
    assert_int_equal(saf_p11_find_token(&found, p11, &uri, NULL), SAF_OK);
    assert_int_equal(softhsm_cryptoki(p11)->C_OpenSession(found.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                                          &session),
                     CKR_OK);
    return session;
}

char *softhsm_token_file(const char *name)
{
    glob_t found;
    char *path = NULL;
    assert_int_equal(glob("tokens/*", 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    assert_true(asprintf(&path, "%s/%s", found.gl_pathv[0], name) > 0);
    globfree(&found);
    return path;
}
