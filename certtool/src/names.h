/** @file Comma-separated lists of names as people write them ("dns:…,ip:…"), and the host names, addresses and URIs in them. */
#ifndef CERTTOOL_NAMES_H
#define CERTTOOL_NAMES_H

#include <base/own-openssl.h>

#include <safring/cert.h>

enum { NAME_URI_MAX = 2048 };

/** What the entries of a list are called in messages: "an alternative name", "alternative names". */
typedef struct name_noun {
    const char *one, *many;
} name_noun;

/** One entry: as written, for messages, and its value, for reading and folding. */
typedef struct name_entry {
    const name_noun *noun;
    const char *text;
    char *value;
} name_entry;

/** Called for each entry; entry->value is writable and begins with the entry's prefix. */
typedef saf_status (*name_reader)(void *context, name_entry *entry, saf_error *err);

/** Read a list; NULL and "" have no entries. SAF_E_USAGE (an entry is empty), or what @p read answers. */
saf_status name_list_read(const char *text, const name_noun *noun, name_reader read, void *context, saf_error *err);

/** One kind of entry, by its prefix. */
typedef struct name_kind {
    const char *prefix;
    saf_status (*read)(GENERAL_NAME *name, const name_entry *entry, saf_error *err);
} name_kind;

/** Move entry->value behind the prefix of its kind; NULL: it has none of them. */
const name_kind *name_kind_of(name_entry *entry, const name_kind *kinds, size_t count);

/** SAF_E_USAGE: "an alternative name …: "as written"". */
saf_status name_refuse(saf_error *err, const name_entry *entry, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** To lower case, ASCII only. */
void name_fold(char *text);

/** A host name of ASCII letters, digits and hyphens with dots between its labels. SAF_E_USAGE. */
saf_status name_check_host(const char *host, const name_entry *entry, saf_error *err);

bool name_is_ip(const char *text);

/** The part of a mail address before the @. */
bool name_is_local_part(const char *text, size_t len);

/** An absolute URI of at most NAME_URI_MAX characters. */
bool name_is_uri(const char *text);

/** A name of a certificate as lists of names have it, "dns:…"; of kinds that they do not have "other:…", which is foreign text. The caller's, to
 *  free(); NULL: no memory. */
char *name_text(GENERAL_NAME *name);

/** Make @p name one of @p type, with a string of @p string_type. SAF_E_MEMORY. */
saf_status name_set(GENERAL_NAME *name, int type, int string_type, saf_bytes value, saf_error *err);

#endif
