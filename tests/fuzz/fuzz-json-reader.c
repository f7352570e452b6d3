/*
 * Our reader against jansson's. What ours accepts, jansson accepts and understands in the same way; what jansson
 * accepts and ours refuses, breaks one of our stated limits. Two differences stay: numbers that neither int64_t nor
 * double can hold are refused by jansson and handed over as text by us; a zero byte behind a number, which is not
 * JSON, is overlooked by jansson 2.14.
 */
#include "fuzz.h"

#include <base/json-reader.h>

#include <jansson.h>

static int is_over_a_limit(const json_t *value, size_t depth);

static int has_object_over_a_limit(const json_t *object, size_t depth)
{
    const char *name;
    json_t *member;
    if (json_object_size(object) > SAF_JSON_MEMBERS_MAX)
        return 1;
    json_object_foreach((json_t *)object, name, member)
        if (is_over_a_limit(member, depth + 1))
            return 1;
    return 0;
}

static int has_array_over_a_limit(const json_t *array, size_t depth)
{
    size_t i;
    json_t *element;
    json_array_foreach(array, i, element)
        if (is_over_a_limit(element, depth + 1))
            return 1;
    return 0;
}

static int is_over_a_limit(const json_t *value, size_t depth)
{
    if (!json_is_object(value) && !json_is_array(value))
        return 0;
    if (depth > SAF_JSON_DEPTH_MAX)
        return 1;
    return json_is_object(value) ? has_object_over_a_limit(value, depth) : has_array_over_a_limit(value, depth);
}

static void same_value(const saf_json_value *ours, const json_t *theirs);

static void same_string(const saf_json_value *ours, const json_t *theirs)
{
    saf_bytes text = saf_bytes_of(json_string_value(theirs), json_string_length(theirs));
    REQUIRE(json_is_string(theirs));
    REQUIRE(saf_json_is_string(ours, text) == !ours->has_escapes);
}

static void same_object(saf_bytes text, const json_t *theirs)
{
    saf_json_object object;
    REQUIRE(json_is_object(theirs));
    REQUIRE(saf_json_read_object(&object, text));
    REQUIRE(object.count == json_object_size(theirs));
    for (size_t i = 0; i < object.count; i++) {
        char *name = strndup((const char *)object.members[i].name.data, object.members[i].name.len);
        REQUIRE(name);
        REQUIRE(saf_json_find(&object, name) == &object.members[i]);
        same_value(&object.members[i].value, json_object_get(theirs, name));
        free(name);
    }
}

static void same_array(const saf_json_value *ours, const json_t *theirs)
{
    saf_json_value element;
    size_t cursor = 0;
    size_t count = 0;
    REQUIRE(json_is_array(theirs));
    for (; saf_json_next_element(&element, ours, &cursor); count++)
        same_value(&element, json_array_get(theirs, count));
    REQUIRE(count == json_array_size(theirs));
}

static void same_value(const saf_json_value *ours, const json_t *theirs)
{
    switch (ours->kind) {
    case SAF_JSON_STRING:
        same_string(ours, theirs);
        break;
    case SAF_JSON_INTEGER:
        REQUIRE(json_is_integer(theirs) && json_integer_value(theirs) == ours->integer);
        break;
    case SAF_JSON_NUMBER:
        REQUIRE(json_is_real(theirs));
        break;
    case SAF_JSON_TRUE:
        REQUIRE(json_is_true(theirs));
        break;
    case SAF_JSON_FALSE:
        REQUIRE(json_is_false(theirs));
        break;
    case SAF_JSON_NULL:
        REQUIRE(json_is_null(theirs));
        break;
    case SAF_JSON_OBJECT:
        same_object(ours->raw, theirs);
        break;
    case SAF_JSON_ARRAY:
        same_array(ours, theirs);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_error_t error;
    saf_json_object object;
    saf_bytes text = saf_bytes_of(data, size);
    json_t *theirs = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    int accepted = saf_json_read_object(&object, text);
    if (accepted && theirs)
        same_object(text, theirs);
    else if (accepted)
        REQUIRE(json_error_code(&error) == json_error_numeric_overflow);
    else if (json_is_object(theirs))
        REQUIRE(is_over_a_limit(theirs, 1) || memchr(data, '\\', size) || memchr(data, '\0', size));
    json_decref(theirs);
    return 0;
}
