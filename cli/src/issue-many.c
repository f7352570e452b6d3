#include <cli/issue-many.h>

#include <base/fail.h>
#include <cli/issue-list.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

OWN_HANDLE(saf_signer, saf_signer_close)
OWN_HANDLE(saf_change_step, saf_change_step_undo)

/* One line on its way to a certificate. */
typedef enum task_state { TASK_TO_DO, TASK_ISSUED, TASK_WAS_THERE, TASK_FAILED } task_state;

typedef struct task {
    const issue_line *line;
    saf_issue_request request;
    saf_key_spec spec;
    EVP_PKEY *key;
    saf_cert *cert;
    saf_error why;
    task_state state;
} task;

typedef struct job {
    cli *cli;
    const cli_issue_many *many;
    const saf_issue_request *defaults;
    saf_store *store;
    EVP_PKEY *signer_key; /* of a token; NULL: in the store */
    json_t *list;
    size_t done, total, issued, there, failed;
} job;

/* ---- one line ---- */

static saf_status parse_days(unsigned *out, const char *text, saf_error *err)
{
    char *end = NULL;
    errno = 0;
    unsigned long days = strtoul(text, &end, 10);
    if (errno || *end || text[0] < '0' || text[0] > '9' || days < 1 || days > 36500)
        return saf_fail(err, SAF_E_USAGE, "valid_days is a whole number from 1 to 36500");
    *out = (unsigned)days;
    return SAF_OK;
}

static saf_status parse_key(saf_key_spec *out, const char *text, saf_error *err)
{
    if (!strncmp(text, "token:", strlen("token:")))
        return saf_fail(err, SAF_E_USAGE, "keys in tokens are made one by one, not from a list");
    return saf_key_spec_parse(out, text, err);
}

static saf_status check_names(const char *owner, const char *label, saf_error *err)
{
    char folded[SAF_OWNER_MAX + 1];
    SAF_TRY(saf_owner_fold(folded, owner, err));
    SAF_TRY(cli_leaf_owner_check(folded, err));
    return saf_label_check(label, err);
}

static saf_status fill(task *task, const job *job, saf_error *err)
{
    const char *const *values = task->line->values;
    saf_issue_request *request = &task->request;
    *request = *job->defaults;
    if (task->line->wrong)
        return saf_fail(err, SAF_E_MALFORMED, "%s", task->line->wrong);
    SAF_TRY(check_names(values[ISSUE_OWNER], values[ISSUE_LABEL], err));
    request->owner = values[ISSUE_OWNER];
    request->label = values[ISSUE_LABEL];
    request->profile = job->many->profile;
    request->subject = values[ISSUE_SUBJECT];
    request->san = values[ISSUE_SAN];
    if (values[ISSUE_PROFILE])
        SAF_TRY(saf_profile_parse(&request->profile, values[ISSUE_PROFILE], err));
    if (values[ISSUE_VALID_DAYS])
        SAF_TRY(parse_days(&request->valid_days, values[ISSUE_VALID_DAYS], err));
    const char *key = values[ISSUE_KEY] ? values[ISSUE_KEY] : job->many->key ? job->many->key : cli_default_key(request->profile);
    return parse_key(&task->spec, key, err);
}

static void fail_task(task *task)
{
    if (task->state == TASK_TO_DO)
        task->state = TASK_FAILED;
}

/* What is there already is done: that is how an interrupted run goes on. */
static saf_status look_for(task *task, const job *job, saf_error *err)
{
    saf_status status = saf_store_find_cert(&task->cert, job->store, &job->cli->who, task->request.owner, task->request.label, err);
    if (status == SAF_OK)
        task->state = TASK_WAS_THERE;
    return status == SAF_E_NOT_FOUND ? SAF_OK : status;
}

static void prepare(task *task, const job *job)
{
    if (fill(task, job, &task->why) != SAF_OK || look_for(task, job, &task->why) != SAF_OK)
        fail_task(task);
}

/* ---- keys, by all processors: an RSA key takes longer than everything else ---- */

typedef struct key_makers {
    task *tasks;
    size_t count, next;
    pthread_mutex_t lock;
} key_makers;

static task *take_task(key_makers *makers)
{
    task *taken = NULL;
    pthread_mutex_lock(&makers->lock);
    while (!taken && makers->next < makers->count) {
        task *candidate = &makers->tasks[makers->next++];
        taken = candidate->state == TASK_TO_DO ? candidate : NULL;
    }
    pthread_mutex_unlock(&makers->lock);
    return taken;
}

static void *make_keys_of(void *context)
{
    key_makers *makers = context;
    for (task *task; (task = take_task(makers));)
        if (saf_key_generate(&task->key, &task->spec, NULL, NULL, &task->why) != SAF_OK)
            fail_task(task);
    return NULL;
}

static void make_keys(task *tasks, size_t count)
{
    enum { HELPERS_MAX = 63 };
    key_makers makers = { .tasks = tasks, .count = count, .lock = PTHREAD_MUTEX_INITIALIZER };
    pthread_t helpers[HELPERS_MAX];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = processors > 1 ? (size_t)processors - 1 : 0, started = 0;
    while (started < wanted && started < HELPERS_MAX && started + 1 < count && !pthread_create(&helpers[started], NULL, make_keys_of, &makers))
        started++;
    make_keys_of(&makers);
    for (size_t i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
}

/* ---- one batch ---- */

static saf_status issue_in_step(task *task, saf_change *change, saf_error *err)
{
    OWN(saf_change_step) *step = NULL;
    SAF_TRY(saf_change_step_begin(&step, change, err));
    SAF_TRY(saf_cert_issue(&task->cert, change, &task->request, err));
    return saf_change_step_keep(&step, err);
}

/* A line's own faults are the line's; a full disk or a lost database is everybody's. */
static bool stops_all(saf_status status)
{
    return status == SAF_E_IO || status == SAF_E_BUSY || status == SAF_E_MEMORY || status == SAF_E_TOKEN_GONE;
}

/* Another command may have been faster since prepare() looked. */
static saf_status issue_or_find(task *task, const job *job, saf_change *change)
{
    saf_status status = issue_in_step(task, change, &task->why);
    if (status == SAF_OK)
        task->state = TASK_ISSUED;
    else if (status == SAF_E_EXISTS) {
        saf_error ignored;
        saf_cert_free(&task->cert);
        status = look_for(task, job, &ignored) == SAF_OK ? SAF_OK : status;
    }
    return status;
}

static saf_status issue_all(task *tasks, size_t count, const job *job, const saf_signer *signer, saf_change *change, saf_error *err)
{
    for (size_t i = 0; i < count; i++) {
        task *task = &tasks[i];
        if (task->state != TASK_TO_DO)
            continue;
        task->request.key = task->key;
        task->request.signer = signer;
        saf_status status = issue_or_find(task, job, change);
        if (stops_all(status)) {
            *err = task->why;
            return status;
        }
        fail_task(task);
    }
    return SAF_OK;
}

static saf_status run_batch(job *job, task *tasks, size_t count, saf_error *err)
{
    OWN(saf_change) *change = NULL;
    OWN(saf_signer) *signer = NULL;
    const saf_issue_request *defaults = job->defaults;
    for (size_t i = 0; i < count; i++)
        prepare(&tasks[i], job);
    make_keys(tasks, count);
    SAF_TRY(saf_change_begin(&change, job->store, &job->cli->who, err));
    SAF_TRY(saf_signer_open(&signer, job->store, &job->cli->who, defaults->signer_owner, defaults->signer_label, job->signer_key, err));
    SAF_TRY(issue_all(tasks, count, job, signer, change, err));
    return job->cli->common.dry_run ? SAF_OK : cli_commit(job->cli, &change, err);
}

/* ---- answers ---- */

static const char *done_text(const job *job, const task *task)
{
    return task->state == TASK_WAS_THERE ? "there already" : job->cli->common.dry_run ? "would issue" : "issued";
}

static void note_failure(const job *job, const task *task)
{
    const char *owner = task->line->values[ISSUE_OWNER], *label = task->line->values[ISSUE_LABEL];
    if (owner && label)
        cli_note(job->cli, "line %u: %.20s/%.80s failed: %s", task->line->number, owner, label, task->why.text);
    else
        cli_note(job->cli, "line %u failed: %s", task->line->number, task->why.text);
}

static void say_text(const job *job, const task *task)
{
    if (task->state == TASK_FAILED)
        note_failure(job, task);
    else
        cli_say(job->cli, "line %u: %s %s/%s, serial %s\n", task->line->number, done_text(job, task), task->cert->owner, task->cert->label,
                task->cert->serial);
}

static void say_json(const job *job, const task *task)
{
    static const char *const names[] = { [TASK_ISSUED] = "issued", [TASK_WAS_THERE] = "was-there", [TASK_FAILED] = "failed" };
    const char *owner = task->line->values[ISSUE_OWNER], *label = task->line->values[ISSUE_LABEL];
    json_t *shape = json_pack("{s:i,s:s,s:o,s:o}", "line", (int)task->line->number, "result", names[task->state], "owner",
                              owner ? cli_text(owner) : json_null(), "label", label ? cli_text(label) : json_null());
    if (task->state == TASK_FAILED)
        json_object_set_new(shape, "message", cli_text(task->why.text));
    else
        json_object_set_new(shape, "serial", json_string(task->cert->serial));
    json_array_append_new(job->list, shape);
}

/* A million lines of an answer that nobody asked for would need a gigabyte. */
static void say_task(job *job, const task *task)
{
    (job->cli->common.json ? say_json : say_text)(job, task);
    job->issued += task->state == TASK_ISSUED;
    job->there += task->state == TASK_WAS_THERE;
    job->failed += task->state == TASK_FAILED;
}

static void free_tasks(task *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        EVP_PKEY_free(tasks[i].key);
        saf_cert_free(&tasks[i].cert);
    }
    free(tasks);
}

static saf_status do_batch(job *job, const issue_line *lines, size_t count, saf_error *err)
{
    task *tasks = calloc(count, sizeof *tasks);
    if (!tasks)
        return saf_fail_memory(err);
    for (size_t i = 0; i < count; i++)
        tasks[i].line = &lines[i];
    saf_status status = run_batch(job, tasks, count, err);
    for (size_t i = 0; status == SAF_OK && i < count; i++)
        say_task(job, &tasks[i]);
    free_tasks(tasks, count);
    return status;
}

static void say_totals(const job *job)
{
    bool dry_run = job->cli->common.dry_run;
    cli_say(job->cli, "%zu %s, %zu there already, %zu failed\n", job->issued, dry_run ? "would be issued" : "issued", job->there, job->failed);
    if (dry_run)
        cli_say(job->cli, "dry run: nothing was changed\n");
    json_object_update_new(job->cli->result, json_pack("{s:I,s:I,s:I}", "issued", (json_int_t)job->issued, "there", (json_int_t)job->there,
                                                       "failed", (json_int_t)job->failed));
    job->cli->some_failed = job->failed > 0;
}

static saf_status do_all(job *job, const issue_list *list, saf_error *err)
{
    char what[80];
    cli_progress progress = { .what = what };
    job->total = list->count;
    for (size_t count; job->done < job->total; job->done += count) {
        count = job->total - job->done < job->many->batch ? job->total - job->done : job->many->batch;
        snprintf(what, sizeof what, "issuing %zu of %zu", job->done, job->total);
        cli_progress_turn(&progress);
        saf_status status = do_batch(job, list->lines + job->done, count, err);
        if (status != SAF_OK) {
            cli_progress_end(&progress);
            saf_hint(err, "%zu lines are done; the same command goes on with the rest", job->done);
            return status;
        }
        cli_say_now(job->cli);
    }
    cli_progress_end(&progress);
    say_totals(job);
    return SAF_OK;
}

saf_status cli_issue_from_list(cli *cli, const cli_issue_many *many, const saf_issue_request *defaults, saf_error *err)
{
    OWN(saf_buffer) content = { 0 };
    OWN(issue_list) list = { 0 };
    OWN(saf_store) *store = NULL;
    if (many->key)
        SAF_TRY(parse_key(&(saf_key_spec){ 0 }, many->key, err));
    SAF_TRY(saf_file_read(&content, many->file, ISSUE_LIST_FILE_MAX, err));
    SAF_TRY(issue_list_read(&list, saf_buffer_bytes(&content), cli_file_name(many->file), err));
    SAF_TRY(cli_open_store(&store, cli, err));
    OWN(cli_keys) keys = { .cli = cli, .store = store };
    OWN(EVP_PKEY) *signer_key = NULL;
    SAF_TRY(cli_keys_of_signer(&signer_key, &keys, defaults->signer_owner, defaults->signer_label, err));
    job job = { .cli = cli, .many = many, .defaults = defaults, .store = store, .signer_key = signer_key, .list = json_array() };
    json_object_set_new(cli->result, "lines", job.list);
    return do_all(&job, &list, err);
}
