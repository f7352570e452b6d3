#include "check.h"

#include "key.h"
#include "master-key.h"
#include "publication.h"

#include <base/fail.h>
#include <base/grow.h>

#include <stdarg.h>

void saf_store_problems_free(saf_store_problems *problems)
{
    if (!problems)
        return;
    for (size_t i = 0; i < problems->count; i++)
        free(problems->texts[i]);
    free(problems->texts);
    *problems = (saf_store_problems) { 0 };
}

static void release(check *check)
{
    saf_store_problems_free(&check->found);
    if (check->store->storage)
        storage_read_unverified(check->store->storage, false);
}

OWN_VALUE(check, release)

static saf_status take_problem(saf_store_problems *problems, char *text, saf_error *err)
{
    OWN(own_text) taken = text;
    char **texts = saf_grow(problems->texts, problems->count, sizeof *texts);
    if (!texts)
        return saf_fail_memory(err);
    problems->texts = texts;
    problems->texts[problems->count++] = GIVE(&taken);
    return SAF_OK;
}

saf_status check_report(check *check, saf_error *err, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    if (check->found.count >= CHECK_PROBLEMS_MAX)
        return SAF_OK;
    va_start(arguments, format);
    int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    return len < 0 ? saf_fail_memory(err) : take_problem(&check->found, text, err);
}

void check_advance(check *check)
{
    check->done++;
    if (check->progress)
        check->progress(check->context, check->done, check->total);
}

/* ---- the database ---- */

static saf_status take_fault(void *context, const char *fault, saf_error *err)
{
    return check_report(context, err, "%s", fault);
}

static saf_status check_database(check *check, saf_error *err)
{
    SAF_TRY(storage_check(check->store->storage, take_fault, check, err));
    storage_read_unverified(check->store->storage, true); /* what was altered is named by now: the rest goes on about what it says */
    return SAF_OK;
}

/* ---- settings ---- */

struct settings {
    check *check;
    unsigned seen; /* bits of NAMES */
    int kind;      /* of the master key; -1: unknown */
};

enum { ID, CREATED, MASTER, SCRYPT, MASTER_URI, STORE_KEY, SUM, OLD_KEY_FILE, MODULE };
static const char *const NAMES[] = { SETTING_ID, SETTING_CREATED, SETTING_MASTER, SETTING_SCRYPT, SETTING_MASTER_URI, SETTING_STORE_KEY,
                                     SETTING_SUM, SETTING_OLD_KEY_FILE, SETTING_MODULE };
enum { NAME_COUNT = sizeof NAMES / sizeof *NAMES };

static bool is_number(saf_bytes value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < '0' || value.data[i] > '9')
            return false;
    return value.len > 0 && value.len < 19;
}

static int kind_of(saf_bytes value)
{
    char name[16];
    if (value.len >= sizeof name)
        return -1;
    snprintf(name, sizeof name, "%.*s", (int)value.len, value.data ? (const char *)value.data : "");
    return master_kind_of(name);
}

static bool is_sane(struct settings *settings, int which, saf_bytes value)
{
    switch (which) {
    case ID:
        return value.len == STORE_ID_SIZE - 1;
    case CREATED:
        return is_number(value);
    case MASTER:
        settings->kind = kind_of(value);
        return settings->kind >= 0;
    case SCRYPT:
        return value.len == MASTER_SCRYPT_LEN;
    case OLD_KEY_FILE:
        return value.len == SAF_FINGERPRINT_LEN;
    default:
        return value.len > 0;
    }
}

static saf_status check_setting(void *context, const char *name, saf_bytes value, saf_error *err)
{
    struct settings *settings = context;
    int which = 0;
    while (which < NAME_COUNT && strcmp(NAMES[which], name) != 0)
        which++;
    if (which == NAME_COUNT)
        return check_report(settings->check, err, "the setting %.80s is none of this release", name);
    settings->seen |= 1u << which;
    return is_sane(settings, which, value) ? SAF_OK : check_report(settings->check, err, "the setting %s is damaged", name);
}

static unsigned wanted_settings(int kind)
{
    unsigned always = 1u << ID | 1u << CREATED | 1u << MASTER | 1u << STORE_KEY | 1u << SUM;
    return always | (kind == SAF_MASTER_PASSPHRASE ? 1u << SCRYPT : 0) | (kind == SAF_MASTER_TOKEN ? 1u << MASTER_URI : 0);
}

static saf_status check_settings(check *check, saf_error *err)
{
    struct settings settings = { .check = check, .kind = -1 };
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, check->store, err));
    SAF_TRY(storage_visit_settings(check->store->storage, check_setting, &settings, err));
    unsigned wanted = wanted_settings(settings.kind), optional = 1u << OLD_KEY_FILE | 1u << MODULE;
    for (int i = 0; i < NAME_COUNT; i++) {
        if (wanted & ~settings.seen & 1u << i)
            SAF_TRY(check_report(check, err, "the setting %s is missing", NAMES[i]));
        if (settings.kind >= 0 && settings.seen & ~wanted & ~optional & 1u << i)
            SAF_TRY(check_report(check, err, "the setting %s does not belong to a master key of this kind", NAMES[i]));
    }
    return SAF_OK;
}

/* ---- rings, policies, intents ---- */

/* Generations are microseconds since 1970, or a little more: this is in the year 148108. */
#define GENERATION_MAX (1ull << 62)

static saf_status check_ring(void *context, const struct storage_ring *ring, saf_error *err)
{
    check *check = context;
    saf_error fault = { .text = "" };
    char owner[SAF_OWNER_MAX + 1];
    if (saf_owner_fold(owner, ring->owner, &fault) != SAF_OK || saf_ring_name_check(ring->name, &fault) != SAF_OK)
        return check_report(check, err, "ring %s/%s: %s", ring->owner, ring->name, fault.text);
    if (strcmp(owner, ring->owner) != 0 || !strcmp(owner, SAF_OWNER_CERTAUTH) || !strcmp(owner, SAF_OWNER_SITE))
        return check_report(check, err, "ring %s/%s: its owner owns no rings", ring->owner, ring->name);
    if (ring->generation == 0 || ring->generation > GENERATION_MAX)
        return check_report(check, err, "ring %s/%s: its generation %lld is none that a change gives", ring->owner, ring->name, (long long)ring->generation);
    return SAF_OK;
}

struct ring_page {
    check *check;
    size_t seen;
    char owner[SAF_OWNER_MAX + 1], name[SAF_RING_NAME_MAX + 1]; /* the last */
};

static saf_status take_ring(void *context, const struct storage_ring *ring, saf_error *err)
{
    struct ring_page *page = context;
    page->seen++;
    snprintf(page->owner, sizeof page->owner, "%s", ring->owner);
    snprintf(page->name, sizeof page->name, "%s", ring->name);
    check_advance(page->check);
    return check_ring(page->check, ring, err);
}

static saf_status check_ring_page(struct ring_page *page, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, page->check->store, err));
    struct ring_page next = { .check = page->check };
    const saf_ring_query query = { .after_owner = page->owner, .after_name = page->name, .limit = CHECK_PAGE };
    SAF_TRY(storage_visit_rings(page->check->store->storage, &query, take_ring, &next, err));
    *page = next;
    return SAF_OK;
}

static saf_status check_rings(check *check, saf_error *err)
{
    struct ring_page page = { .check = check };
    do
        SAF_TRY(check_ring_page(&page, err));
    while (page.seen == CHECK_PAGE);
    return SAF_OK;
}

/* A number near the end of its range would soon end all changes. */
static saf_status check_counters(check *check, saf_error *err)
{
    static const char *const names[] = { STORE_CHANGES, "policies" };
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, check->store, err));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint64_t value;
        SAF_TRY(storage_get_counter(&value, check->store->storage, names[i], err));
        if (value > GENERATION_MAX)
            SAF_TRY(check_report(check, err, "the counter %s is %lld, which no changes have come to: restore a backup", names[i], (long long)value));
    }
    return SAF_OK;
}

static saf_status check_policy(void *context, const saf_policy *policy, saf_error *err)
{
    check *check = context;
    saf_error fault = { .text = "" };
    saf_policy folded = *policy;
    check_advance(check);
    if (saf_policy_check(&folded, &fault) != SAF_OK)
        return check_report(check, err, "policy JWT.%s.%s.SAF: %s", policy->appl, policy->user, fault.text);
    if (strcmp(folded.appl, policy->appl) != 0 || strcmp(folded.user, policy->user) != 0)
        return check_report(check, err, "policy JWT.%s.%s.SAF: its names are not in upper case", policy->appl, policy->user);
    return SAF_OK;
}

static saf_status check_policies(check *check, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, check->store, err));
    return storage_visit_policies(check->store->storage, check_policy, check, err);
}

static saf_status check_intent(void *context, const saf_intent *intent, saf_error *err)
{
    saf_error fault = { .text = "" };
    if (key_check_uri(intent->uri, &fault) == SAF_OK)
        return SAF_OK;
    return check_report(context, err, "intent %llu: %s", (unsigned long long)intent->number, fault.text);
}

static saf_status check_intents(check *check, saf_error *err)
{
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, check->store, err));
    return storage_visit_intents(check->store->storage, INT32_MAX, check_intent, check, err);
}

/* ---- the audit trail ---- */

static saf_status check_trail(check *check, saf_error *err)
{
    saf_audit_check trail;
    SAF_TRY(saf_store_check_audit(&trail, check->store, check->who, NULL, err));
    if (!trail.first_bad)
        return SAF_OK;
    return check_report(check, err, "the audit trail is broken at record %llu: it was altered, or one is missing", (unsigned long long)trail.first_bad);
}

/* ---- all ---- */

static saf_status count(check *check, saf_error *err)
{
    saf_store_info info = { .schema = 0 };
    OWN(reading) read = { 0 };
    SAF_TRY(reading_begin(&read, check->store, err));
    SAF_TRY(storage_count(&info, check->store->storage, err));
    check->total = info.certificates + info.rings + info.policies;
    return SAF_OK;
}

/* A row that cannot be read ends its part, not the check. */
static saf_status run_part(check *check, saf_status (*part)(struct check *, saf_error *), saf_error *err)
{
    saf_error failure = { .text = "" };
    saf_status status = part(check, &failure);
    if (status == SAF_E_FAILED)
        return check_report(check, err, "%s", failure.text);
    if (status != SAF_OK && err)
        *err = failure;
    return status;
}

saf_status saf_store_check(saf_store_problems *out, saf_store *store, const saf_principal *who, saf_store_progress_fn progress, void *context,
                           saf_error *err)
{
    static saf_status (*const parts[])(check *, saf_error *) = { check_files,   check_database, count,        check_settings,
                                                                  check_certificates, check_keys,     check_issued, check_counters, check_rings,
                                                                  check_policies,     check_intents,  check_publications, check_trail };
    OWN(check) check = { .store = store, .who = who, .progress = progress, .context = context };
    SAF_TRY(publication_refuse(store, err));
    SAF_TRY(saf_store_ask(store, who, SAF_FN_STORE_READ, "", "", err));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        SAF_TRY(run_part(&check, parts[i], err));
    *out = check.found;
    check.found = (saf_store_problems) { 0 };
    return SAF_OK;
}
