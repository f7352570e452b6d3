#include "storage-sqlite.h"

#include <base/fail.h>

/* A database that is larger is checked table by table, so that no writer waits for all of it at once; what such a check cannot see is pages that
 * belong to nothing. */
enum { PAGES_AT_ONCE = 16384 };

struct finding {
    struct storage *storage;
    storage_fault_visitor visit;
    void *context;
};

/* ---- the schema ---- */

/* Of tables also their columns, so that what is missing is named, not only that the text differs. */
static const char SCHEMA_SQL[] =
    "SELECT 'column ' || m.name || '.' || c.name || ' (' || c.type || CASE c.\"notnull\" WHEN 1 THEN ' NOT NULL' ELSE '' END"
    " || CASE c.pk WHEN 0 THEN '' ELSE ' PRIMARY KEY ' || c.pk END || ')' AS line"
    " FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    " UNION ALL SELECT type || ' ' || name || ': ' || sql FROM sqlite_master"
    " WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    " UNION ALL SELECT 'index of ' || m.name || ' on ' || (SELECT group_concat(coalesce(x.name, '?')) FROM pragma_index_info(i.name) AS x)"
    " || CASE i.\"unique\" WHEN 1 THEN ' (unique)' ELSE '' END || CASE i.partial WHEN 1 THEN ' (of some)' ELSE '' END"
    " FROM sqlite_master AS m, pragma_index_list(m.name) AS i WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    " ORDER BY line";

/* @p here has a line that @p there has not. */
static saf_status report_line(const struct finding *finding, const char *line, const char *what, saf_error *err)
{
    OWN(saf_buffer) text = { 0 };
    saf_buffer_printf(&text, "the schema %s: %.300s", what, line);
    SAF_TRY(saf_buffer_check(&text, err));
    return finding->visit(finding->context, saf_buffer_text(&text), err);
}

static saf_status step_line(const char **line, statement *rows, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    *line = row ? column_text(rows, 0) : NULL;
    return row && !*line ? saf_fail_memory(err) : SAF_OK;
}

static saf_status compare_schemas(const struct finding *finding, statement *ours, statement *theirs, saf_error *err)
{
    const char *here, *there;
    SAF_TRY(step_line(&there, theirs, err));
    SAF_TRY(step_line(&here, ours, err));
    while (here || there) {
        int order = !here ? -1 : !there ? 1 : strcmp(there, here);
        if (order < 0)
            SAF_TRY(report_line(finding, there, "has something that this release does not make", err));
        if (order > 0)
            SAF_TRY(report_line(finding, here, "lacks something", err));
        if (order <= 0)
            SAF_TRY(step_line(&there, theirs, err));
        if (order >= 0)
            SAF_TRY(step_line(&here, ours, err));
    }
    return SAF_OK;
}

typedef struct storage ideal_storage;

static void close_ideal(ideal_storage *ideal)
{
    storage_forget_statements(ideal);
    sqlite3_close(ideal->db);
}

OWN_VALUE(ideal_storage, close_ideal)

/* Against an empty database that is made now. */
static saf_status check_schema(const struct finding *finding, saf_error *err)
{
    OWN(ideal_storage) ideal = { .path = finding->storage->path };
    int code = sqlite3_open_v2(":memory:", &ideal.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return storage_fail(&ideal, code, err);
    SAF_TRY(storage_make_schema(&ideal, err));
    OWN(statement) ours = statement_of(&ideal, SCHEMA_SQL);
    OWN(statement) theirs = statement_of(finding->storage, SCHEMA_SQL);
    return compare_schemas(finding, &ours, &theirs, err);
}

/* ---- what statements answer ---- */

/* Each row is one sentence. */
static saf_status visit_sentences(const struct finding *finding, statement *rows, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    while (row) {
        const char *text = column_text(rows, 0);
        SAF_TRY(text ? finding->visit(finding->context, text, err) : saf_fail_memory(err));
        SAF_TRY(statement_step(&row, rows, err));
    }
    return SAF_OK;
}

#define OF_CHANGE " > (SELECT coalesce(max(value), 0) FROM counter WHERE name = 'change')"
#define ABOVE " is above the counter of changes: a reader would overlook the next"

static const char *const SENTENCES_SQL[] = {
    "SELECT 'table ' || \"table\" || ' refers to a row of ' || parent || ' that is not there' FROM pragma_foreign_key_check LIMIT 200",
    "SELECT 'ring ' || owner || '/' || name || ': its generation ' || generation || '" ABOVE "' FROM ring WHERE generation" OF_CHANGE,
    "SELECT 'ring ' || r.owner || '/' || r.name || ': a connection has changed at ' || max(n.changed) || ', after its generation: a reader would overlook"
    " it' FROM ring AS r JOIN connection AS n ON n.ring = r.id WHERE n.changed > r.generation OR n.changed < 0 GROUP BY r.id",
    "SELECT 'ring ' || owner || '/' || name || ': it has lost a connection at ' || shrunk || ', after its generation' FROM ring"
    " WHERE shrunk > generation OR shrunk < 0",
    "SELECT 'owner ' || name || ': the generation ' || generation || '" ABOVE "' FROM owner WHERE generation" OF_CHANGE,
    "SELECT 'policy JWT.' || appl || '.' || user || '.SAF: its generation ' || generation || '" ABOVE "' FROM policy WHERE generation" OF_CHANGE,
    "SELECT 'publication ' || dir || ': its generation ' || generation || '" ABOVE "' FROM publication WHERE generation < 0 OR generation" OF_CHANGE,
    "SELECT 'publication ' || dir || ': its directory is not absolute' FROM publication WHERE substr(dir, 1, 1) <> '/'",
    "SELECT 'publication ' || p.dir || ' is of the ring ' || p.owner || '/' || p.name || ', which is not there' FROM publication AS p"
    " WHERE p.is_ended = 0 AND p.name <> '*' AND NOT EXISTS (SELECT 1 FROM ring AS r WHERE r.owner = p.owner AND r.name = p.name)",
    "SELECT 'the counter of policies ' || value || '" ABOVE "' FROM counter WHERE name = 'policies' AND value" OF_CHANGE,
    "SELECT 'the counter ' || name || ' is none of this release' FROM counter WHERE name NOT IN ('change', 'policies')",
    "SELECT 'certificates of ' || owner || ' have no generation for their virtual ring' FROM certificate"
    " WHERE owner NOT IN (SELECT name FROM owner) GROUP BY owner",
    "SELECT 'ring ' || r.owner || '/' || r.name || ' has ' || count(*) || ' default certificates' FROM connection AS n"
    " JOIN ring AS r ON r.id = n.ring WHERE n.is_default <> 0 GROUP BY n.ring HAVING count(*) > 1",
    "SELECT 'ring ' || r.owner || '/' || r.name || ' has a connection of an unknown usage or default' FROM connection AS n"
    " JOIN ring AS r ON r.id = n.ring WHERE n.usage NOT IN (0, 2, 8) OR n.is_default NOT IN (0, 1) GROUP BY n.ring",
    "SELECT 'certificate ' || owner || '/' || label || ' has an unknown status' FROM certificate"
    " WHERE trust NOT IN (0x80000000, 0x40000000, 0x20000000)",
    "SELECT 'certificate ' || owner || '/' || label || ' has the private key of another public key' FROM certificate WHERE key <> key_id",
    "SELECT 'issued certificate ' || serial || ' is revoked for an unknown reason, or has a reason and is not' FROM issued"
    " WHERE (revoked_at IS NULL) <> (revocation_reason IS NULL) OR revocation_reason NOT IN (0, 1, 2, 3, 4, 5, 6, 9, 10)",
    "SELECT 'certificate ' || c.owner || '/' || c.label || ' is not revoked as what was issued says' FROM certificate AS c WHERE c.revoked_at IS NOT"
    " (SELECT min(i.revoked_at) FROM issued AS i WHERE i.fingerprint = c.fingerprint)",
    "SELECT 'intent ' || i.id || ' concerns a key that certificate ' || c.owner || '/' || c.label || ' has: ' || i.uri FROM intent AS i"
    " JOIN key AS k ON k.uri = i.uri JOIN certificate AS c ON c.key = k.id",
    "SELECT 'intent ' || id || ' is of an unknown kind' FROM intent WHERE kind NOT IN (0, 1)",
    "SELECT 'numbers of table ' || m.name || ' would be used twice' FROM sqlite_sequence AS s JOIN sqlite_master AS m ON m.name = s.name"
    " WHERE s.seq < CASE m.name WHEN 'certificate' THEN (SELECT coalesce(max(id), 0) FROM certificate)"
    " WHEN 'issued' THEN (SELECT coalesce(max(id), 0) FROM issued) WHEN 'ring' THEN (SELECT coalesce(max(id), 0) FROM ring)"
    " WHEN 'connection' THEN (SELECT coalesce(max(id), 0) FROM connection) ELSE 0 END",
};

static saf_status check_sentences(const struct finding *finding, saf_error *err)
{
    for (size_t i = 0; i < sizeof SENTENCES_SQL / sizeof *SENTENCES_SQL; i++) {
        OWN(statement) rows = statement_of(finding->storage, SENTENCES_SQL[i]);
        SAF_TRY(visit_sentences(finding, &rows, err));
    }
    return SAF_OK;
}

/* ---- pages ---- */

static saf_status visit_integrity(const struct finding *finding, statement *rows, saf_error *err)
{
    bool row;
    SAF_TRY(statement_step(&row, rows, err));
    while (row) {
        const char *text = column_text(rows, 0);
        OWN(saf_buffer) fault = { 0 };
        saf_buffer_printf(&fault, "the database's structure: %s", text ? text : "");
        SAF_TRY(saf_buffer_check(&fault, err));
        if (!text || strcmp(text, "ok") != 0)
            SAF_TRY(finding->visit(finding->context, saf_buffer_text(&fault), err));
        SAF_TRY(statement_step(&row, rows, err));
    }
    return SAF_OK;
}

static saf_status check_tables(const struct finding *finding, saf_error *err)
{
    bool row;
    OWN(statement) tables = statement_of(finding->storage, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
    SAF_TRY(statement_step(&row, &tables, err));
    while (row) {
        OWN(statement) rows = statement_of(finding->storage, "SELECT integrity_check FROM pragma_integrity_check(?)");
        bind_text(&rows, column_text(&tables, 0));
        SAF_TRY(visit_integrity(finding, &rows, err));
        SAF_TRY(statement_step(&row, &tables, err));
    }
    return SAF_OK;
}

static saf_status check_pages(const struct finding *finding, saf_error *err)
{
    int64_t pages;
    OWN(statement) count = statement_of(finding->storage, "PRAGMA page_count");
    SAF_TRY(statement_number(&pages, &count, err));
    statement_free(&count);
    if (pages > PAGES_AT_ONCE)
        return check_tables(finding, err);
    OWN(statement) rows = statement_of(finding->storage, "PRAGMA integrity_check(200)");
    return visit_integrity(finding, &rows, err);
}

static saf_status check_rows(const struct finding *finding, saf_error *err)
{
    return sum_check(finding->storage, finding->visit, finding->context, err);
}

/* ---- all ---- */

/* What cannot be read is a fault, too. */
static saf_status note_failure(const struct finding *finding, saf_status status, const saf_error *failure, saf_error *err)
{
    if (status == SAF_E_FAILED)
        return finding->visit(finding->context, failure->text, err);
    if (status != SAF_OK && err)
        *err = *failure;
    return status;
}

saf_status storage_check(struct storage *storage, storage_fault_visitor visit, void *context, saf_error *err)
{
    saf_status (*const parts[])(const struct finding *, saf_error *) = { check_pages, check_schema, check_rows, check_sentences };
    const struct finding finding = { storage, visit, context };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        saf_error failure = { .text = "" };
        saf_status status = parts[i](&finding, &failure);
        SAF_TRY(note_failure(&finding, status, &failure, err));
    }
    return SAF_OK;
}
