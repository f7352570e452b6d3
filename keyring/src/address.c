#include <base/fail.h>

#include <safring/keyring.h>

#include <stdio.h>
#include <strings.h>

#define SCHEME "safkeyring"

enum { SLASHES_MIN = 2, SLASHES_MAX = 4 };

static saf_status refuse(const char *text, const char *fault, saf_error *err)
{
    saf_status status = saf_fail(err, SAF_E_USAGE, "\"%.80s\" is not a ring address: %s", text, fault);
    saf_hint(err, "write OWNER/RING or safkeyring://OWNER/RING, and &LABEL for one certificate in it");
    saf_fail_codes(err, 8, 8, 28);
    return status;
}

/* The scheme and its colon, or 0. Java's providers add letters to it: safkeyringjce, safkeyringjcecca, … */
static size_t scheme_len(const char *text)
{
    if (strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
        return 0;
    size_t len = strlen(SCHEME);
    while ((text[len] >= 'a' && text[len] <= 'z') || (text[len] >= 'A' && text[len] <= 'Z'))
        len++;
    return text[len] == ':' ? len + 1 : 0;
}

static saf_status skip_scheme(const char **rest, const char *text, saf_error *err)
{
    size_t len = scheme_len(text);
    size_t slashes = strspn(text + len, "/");
    if (len && (slashes < SLASHES_MIN || slashes > SLASHES_MAX))
        return refuse(text, "two to four slashes stand after the colon", err);
    *rest = text + len + (len ? slashes : 0);
    return SAF_OK;
}

/* 1 when the part fits. */
static int copy_part(char *out, size_t out_cap, const char *from, size_t len)
{
    if (len >= out_cap)
        return 0;
    memcpy(out, from, len);
    out[len] = '\0';
    return 1;
}

/* As it is to be shown, or NULL. */
static const char *virtual_owner(const char *owner)
{
    if (!strcasecmp(owner, "*AUTH*"))
        return "*AUTH*";
    return !strcasecmp(owner, "*SITE*") ? "*SITE*" : NULL;
}

static saf_status check_owner(saf_ring_address *address, saf_error *err)
{
    const char *virtual = !strcmp(address->name, "*") ? virtual_owner(address->owner) : NULL;
    if (!virtual)
        return saf_owner_fold(address->owner, address->owner, err);
    memcpy(address->owner, virtual, strlen(virtual) + 1);
    return SAF_OK;
}

static saf_status check(saf_ring_address *address, saf_error *err)
{
    SAF_TRY(check_owner(address, err));
    if (strcmp(address->name, "*") != 0)
        SAF_TRY(saf_ring_name_check(address->name, err));
    return SAF_OK;
}

saf_status saf_ring_address_parse(saf_ring_address *out, const char *text, saf_error *err)
{
    saf_ring_address address = { .label = "" };
    const char *owner = text;
    SAF_TRY(skip_scheme(&owner, text, err));
    const char *slash = strchr(owner, '/');
    if (!slash)
        return refuse(text, "there is no slash between owner and ring", err);
    const char *name = slash + 1;
    const char *ampersand = strchr(name, '&');
    size_t name_len = ampersand ? (size_t)(ampersand - name) : strlen(name);
    if (!copy_part(address.owner, sizeof address.owner, owner, (size_t)(slash - owner)))
        return refuse(text, "the owner is too long", err);
    if (!copy_part(address.name, sizeof address.name, name, name_len))
        return refuse(text, "the ring's name is too long", err);
    SAF_TRY(check(&address, err));
    if (ampersand) {
        SAF_TRY(saf_label_check(ampersand + 1, err));
        memcpy(address.label, ampersand + 1, strlen(ampersand + 1) + 1);
    }
    *out = address;
    return SAF_OK;
}

saf_status saf_ring_address_format(char *out, size_t out_cap, const saf_ring_address *address, saf_error *err)
{
    /* An ampersand ends the name, so a ring that has one cannot be named by URI. */
    if (strchr(address->name, '&'))
        return saf_fail(err, SAF_E_USAGE, "the ring %s/%s cannot be written as a URI: its name has an ampersand",
                        address->owner, address->name);
    char text[sizeof SCHEME "://" + sizeof *address];
    int len = snprintf(text, sizeof text, SCHEME "://%s/%s%s%s", address->owner, address->name,
                       *address->label ? "&" : "", address->label);
    if ((size_t)len >= out_cap)
        return saf_fail(err, SAF_E_SPACE, "the address %.80s needs %d bytes", text, len + 1);
    memcpy(out, text, (size_t)len + 1);
    return SAF_OK;
}
