#include "config-check.h"

#include <safring/cert.h>
#include <safring/keyring.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

enum { NAME_PART_MAX = 64 }; /* X.520: upper bounds of commonName, organizationName, … */

static bool refuse(char *why, size_t why_size, const char *text)
{
    snprintf(why, why_size, "%s", text);
    return false;
}

/* The store's own words, put behind the key's name. */
static bool take_over(saf_status status, const saf_error *err, char *why, size_t why_size)
{
    if (status == SAF_OK)
        return true;
    snprintf(why, why_size, "is not valid: %s", err->text);
    return false;
}

bool config_check_owner(const char *text, char *why, size_t why_size)
{
    char folded[SAF_OWNER_MAX + 1];
    saf_error err = { 0 };
    return take_over(saf_owner_fold(folded, text, &err), &err, why, why_size);
}

bool config_check_label(const char *text, char *why, size_t why_size)
{
    saf_error err = { 0 };
    return take_over(saf_label_check(text, &err), &err, why, why_size);
}

bool config_check_ring(const char *text, char *why, size_t why_size)
{
    saf_error err = { 0 };
    return take_over(saf_ring_name_check(text, &err), &err, why, why_size);
}

bool config_check_file_label(const char *text, char *why, size_t why_size)
{
    if (strchr(text, '/') || !strcmp(text, ".") || !strcmp(text, ".."))
        return refuse(why, why_size, "names a directory and files: it cannot be . or .. or have a slash");
    return config_check_label(text, why, why_size);
}

static bool climbs(const char *path)
{
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (!strncmp(part, "..", 2) && (part[2] == '/' || !part[2]))
            return true;
    }
    return false;
}

bool config_check_directory(const char *text, char *why, size_t why_size)
{
    if (*text != '/' || climbs(text))
        return refuse(why, why_size, "must be an absolute path without \"..\"");
    return true;
}

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

bool config_check_name_part(const char *text, char *why, size_t why_size)
{
    if (count_characters(text) > NAME_PART_MAX)
        return refuse(why, why_size, "is longer than 64 characters");
    return true;
}

bool config_check_country(const char *text, char *why, size_t why_size)
{
    if (strlen(text) != 2 || !isalpha((unsigned char)text[0]) || !isalpha((unsigned char)text[1]))
        return refuse(why, why_size, "must be the two letters of a country");
    return true;
}

static bool is_address(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

bool config_check_domain(const char *text, char *why, size_t why_size)
{
    char san[512];
    saf_error err = { 0 };
    if (is_address(text))
        return true;
    if (strchr(text, ',') || (size_t)snprintf(san, sizeof san, "dns:%s", text) >= sizeof san)
        return refuse(why, why_size, "must be host names or addresses, one to an entry");
    return take_over(saf_san_check(san, &err), &err, why, why_size);
}
