#include <base/shell.h>

#include <stdio.h>
#include <string.h>

/* What no shell looks at, wherever in a word it stands ("~" is special at the start, "#" too). */
static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@%+,";

static size_t put(saf_shell_word *word, size_t len, const char *text)
{
    int more = snprintf(word->text + len, sizeof word->text - len, "%s", text);
    return len + (size_t)more < sizeof word->text ? len + (size_t)more : sizeof word->text - 1;
}

saf_shell_word saf_shell_quote(const char *text)
{
    saf_shell_word word = { "" };
    if (*text && !text[strspn(text, plain)] && strlen(text) < sizeof word.text) {
        put(&word, 0, text);
        return word;
    }
    size_t len = put(&word, 0, "'");
    for (; *text; text++) {
        const char one[] = { *text, '\0' };
        if (len + sizeof "'\\'''" > sizeof word.text)
            return word;
        len = put(&word, len, *text == '\'' ? "'\\''" : one);
    }
    put(&word, len, "'");
    return word;
}

saf_shell_word saf_shell_quote_name(const char *owner, const char *name)
{
    char text[SAF_SHELL_WORD_SIZE];
    snprintf(text, sizeof text, "%s/%s", owner, name);
    return saf_shell_quote(text);
}
