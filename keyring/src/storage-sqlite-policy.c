#include "storage-sqlite.h"

#include <base/fail.h>

#define SELECT_POLICY "SELECT " POLICY_ROW " FROM policy AS p "

/* 0: a value that only a foreign hand can have written. */
static int copy_column(char *out, size_t out_cap, statement *rows, int column)
{
    const char *text = column_text(rows, column);
    if (!text || strlen(text) >= out_cap)
        return 0;
    memcpy(out, text, strlen(text) + 1);
    return 1;
}

static saf_status read_numbers(saf_policy *out, statement *rows, saf_error *err)
{
    int64_t key_use = column_number(rows, 5), timeout_min = column_number(rows, 6);
    int64_t any_appl = column_number(rows, 7), prot_allowed = column_number(rows, 8);
    if (key_use != SAF_KEY_USE_TOKEN && key_use != SAF_KEY_USE_DERIVED && key_use != SAF_KEY_USE_MEMORY)
        return storage_fail_value(rows->storage, "a policy has an unknown use of its key", err);
    if (timeout_min < 1 || timeout_min > STORAGE_TIMEOUT_MAX_MIN || (any_appl | prot_allowed) & ~INT64_C(1))
        return storage_fail_value(rows->storage, "a policy has an impossible timeout or flag", err);
    out->key_use = (saf_key_use)key_use;
    out->timeout_min = (unsigned)timeout_min;
    out->any_appl = any_appl != 0;
    out->prot_allowed = prot_allowed != 0;
    return SAF_OK;
}

static saf_status read_policy(saf_policy *out, statement *rows, saf_error *err)
{
    if (!copy_column(out->appl, sizeof out->appl, rows, 0) || !copy_column(out->user, sizeof out->user, rows, 1) ||
        !copy_column(out->alg, sizeof out->alg, rows, 2) || !copy_column(out->key, sizeof out->key, rows, 3) ||
        !copy_column(out->kid, sizeof out->kid, rows, 4))
        return storage_fail_value(rows->storage, "a policy has too long values", err);
    SAF_TRY(read_numbers(out, rows, err));
    out->generation = (uint64_t)column_number(rows, 9);
    return SAF_OK;
}

/* @p appl, @p user: which it must be; NULL: any. */
static saf_status visit_policies(statement *rows, const char *appl, const char *user, storage_policy_visitor visit, void *context, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    while (row) {
        saf_policy policy = { .appl = "" };
        SAF_TRY(row_verify(rows, ROW_POLICY, 0, err));
        SAF_TRY(row_expect(rows, !appl || (column_is(rows, 0, appl) && column_is(rows, 1, user)), err));
        SAF_TRY(read_policy(&policy, rows, err));
        SAF_TRY(visit(context, &policy, err));
        SAF_TRY(statement_step(&row, rows, err));
    }
    return SAF_OK;
}

saf_status storage_visit_policies(struct storage *storage, storage_policy_visitor visit, void *context,
                                  saf_error *err)
{
    OWN(statement) rows = statement_of(storage, SELECT_POLICY "ORDER BY appl, user");
    return visit_policies(&rows, NULL, NULL, visit, context, err);
}

saf_status storage_find_policy(struct storage *storage, const char *appl, const char *user,
                               storage_policy_visitor visit, void *context, saf_error *err)
{
    OWN(statement) find = statement_of(storage, SELECT_POLICY "WHERE appl = ? AND user = ?");
    bind_text(&find, appl);
    bind_text(&find, user);
    return visit_policies(&find, appl, user, visit, context, err);
}

saf_status storage_put_policy(struct storage *storage, const saf_policy *policy, saf_error *err)
{
    OWN(statement) put =
        statement_of(storage, "INSERT INTO policy (appl, user, alg, key, kid, key_use, timeout_min, any_appl, prot_allowed, generation)"
                              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (appl, user) DO UPDATE SET alg = excluded.alg, key = excluded.key,"
                              " kid = excluded.kid, key_use = excluded.key_use, timeout_min = excluded.timeout_min, any_appl = excluded.any_appl,"
                              " prot_allowed = excluded.prot_allowed, generation = excluded.generation");
    bind_text(&put, policy->appl);
    bind_text(&put, policy->user);
    bind_text(&put, policy->alg);
    bind_text(&put, policy->key);
    bind_text(&put, policy->kid);
    bind_number(&put, policy->key_use);
    bind_number(&put, policy->timeout_min);
    bind_number(&put, policy->any_appl);
    bind_number(&put, policy->prot_allowed);
    bind_number(&put, (int64_t)policy->generation);
    return statement_run(&put, err);
}
