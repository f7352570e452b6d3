/*
 * A PKCS#11 module that hands everything on to SoftHSM, but lies as $HOSTILE says: "LIE" or "LIE:N", N being the call of that kind from which on, counted
 * from 1, it lies (1 unless given). Built as a shared library beside the tests.
 */
#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static CK_FUNCTION_LIST honest, lying;

/* ---- which lie ---- */

static bool is_lie(const char *name)
{
    const char *told = getenv("HOSTILE");
    size_t len = strlen(name);
    return told && !strncmp(told, name, len) && (told[len] == '\0' || told[len] == ':');
}

/* Counts the calls that ask. */
static bool lies_now(const char *name, unsigned *count)
{
    if (!is_lie(name))
        return false;
    const char *from = strchr(getenv("HOSTILE"), ':');
    return ++*count >= (from ? strtoul(from + 1, NULL, 10) : 1);
}

/* ---- lies ---- */

static CK_RV hostile_initialize(void *arguments)
{
    if (is_lie("crash-in-initialize"))
        raise(SIGSEGV);
    if (is_lie("abort-in-initialize"))
        abort();
    if (is_lie("exit-in-initialize"))
        exit(0);
    if (is_lie("hang-in-initialize"))
        pause();
    if (is_lie("fail-in-initialize"))
        return CKR_DEVICE_ERROR;
    return honest.C_Initialize(arguments);
}

static CK_RV hostile_finalize(void *reserved)
{
    if (is_lie("crash-in-finalize"))
        raise(SIGSEGV);
    return honest.C_Finalize(reserved);
}

static CK_RV hostile_get_slot_list(unsigned char present, CK_SLOT_ID *slots, unsigned long *count)
{
    static unsigned sizes, fills;
    unsigned long room = *count;
    CK_RV answer = honest.C_GetSlotList(present, slots, count);
    if (!slots && lies_now("slots-size-huge", &sizes))
        *count = (unsigned long)-1 / 4;
    if (!slots && lies_now("slots-size-zero", &sizes))
        *count = 0;
    if (slots && lies_now("slots-more-than-room", &fills))
        *count = room + 1000;
    if (slots && lies_now("slots-never-enough", &fills))
        return CKR_BUFFER_TOO_SMALL;
    return answer;
}

static CK_RV hostile_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, unsigned long cap, unsigned long *count)
{
    static unsigned calls;
    CK_RV answer = honest.C_FindObjects(session, objects, cap, count);
    if (lies_now("find-more-than-room", &calls))
        *count = cap + 100000;
    if (lies_now("find-for-ever", &calls)) {
        for (unsigned long i = 0; i < cap; i++)
            objects[i] = 1;
        *count = cap;
    }
    return answer;
}

static CK_RV hostile_get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, unsigned long count)
{
    static unsigned calls;
    CK_RV answer = honest.C_GetAttributeValue(session, object, attributes, count);
    for (unsigned long i = 0; i < count; i++) {
        if (lies_now("attribute-longer-than-room", &calls))
            attributes[i].ulValueLen += 100000;
        if (lies_now("attribute-unavailable-but-ok", &calls))
            attributes[i].ulValueLen = (unsigned long)-1;
        if (lies_now("attribute-empty", &calls))
            attributes[i].ulValueLen = 0;
    }
    return answer;
}

static CK_RV hostile_sign(CK_SESSION_HANDLE session, unsigned char *data, unsigned long len, unsigned char *out, unsigned long *out_len)
{
    static unsigned calls;
    if (lies_now("sign-nothing", &calls)) {
        *out_len = 32;
        return CKR_OK;
    }
    if (lies_now("sign-fails", &calls))
        return CKR_FUNCTION_FAILED;
    if (is_lie("sign-fails-once") && ++calls == 5)
        return CKR_FUNCTION_FAILED;
    if (is_lie("sign-slowly"))
        usleep(20000);
    CK_RV answer = honest.C_Sign(session, data, len, out, out_len);
    if (lies_now("sign-longer-than-room", &calls))
        *out_len += 100000;
    if (lies_now("sign-short", &calls))
        *out_len = 8;
    if (lies_now("sign-length-zero", &calls))
        *out_len = 0;
    return answer;
}

static CK_RV hostile_copy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, unsigned long count,
                                 CK_OBJECT_HANDLE *copy)
{
    if (is_lie("copy-into-token")) {
        CK_BBOOL yes = CK_TRUE;
        for (unsigned long i = 0; i < count; i++)
            if (attributes[i].type == CKA_TOKEN)
                attributes[i].pValue = &yes;
        return honest.C_CopyObject(session, object, attributes, count, copy);
    }
    if (is_lie("copy-is-original")) {
        *copy = object;
        return CKR_OK;
    }
    if (is_lie("copy-is-nothing")) {
        *copy = 424242;
        return CKR_OK;
    }
    return honest.C_CopyObject(session, object, attributes, count, copy);
}

static CK_RV hostile_open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
    static unsigned calls;
    if (lies_now("sessions-run-out", &calls))
        return CKR_SESSION_COUNT;
    return honest.C_OpenSession(slot, flags, application, notify, session);
}

static CK_RV hostile_get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_MECHANISM_INFO *info)
{
    return is_lie("no-mechanisms") ? CKR_MECHANISM_INVALID : honest.C_GetMechanismInfo(slot, mechanism, info);
}

/* ---- the list ---- */

static __attribute__((constructor)) void begin(void)
{
    if (is_lie("crash-when-loaded"))
        raise(SIGSEGV);
    if (is_lie("exit-when-loaded"))
        exit(0);
}

static CK_FUNCTION_LIST *find_honest(void)
{
    CK_RV (*get_list)(CK_FUNCTION_LIST **list) = NULL;
    CK_FUNCTION_LIST *list = NULL;
    void *library = dlopen(HONEST_MODULE, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
    memcpy(&get_list, &symbol, sizeof symbol);
    return get_list && get_list(&list) == CKR_OK ? list : NULL;
}

static void make_list(void)
{
    lying = honest;
    lying.C_Initialize = hostile_initialize;
    lying.C_Finalize = hostile_finalize;
    lying.C_GetSlotList = hostile_get_slot_list;
    lying.C_FindObjects = hostile_find_objects;
    lying.C_GetAttributeValue = hostile_get_attribute_value;
    lying.C_Sign = hostile_sign;
    lying.C_CopyObject = hostile_copy_object;
    lying.C_OpenSession = hostile_open_session;
    lying.C_GetMechanismInfo = hostile_get_mechanism_info;
    if (is_lie("no-sign"))
        lying.C_Sign = NULL;
    if (is_lie("version-7"))
        lying.version.major = 7;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    const CK_FUNCTION_LIST *found = find_honest();
    if (!found || is_lie("no-list"))
        return CKR_GENERAL_ERROR;
    honest = *found;
    make_list();
    *list = is_lie("null-list") ? NULL : &lying;
    return CKR_OK;
}
