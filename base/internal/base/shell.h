/**
 * @file
 * Words for commands that messages propose: what a person copies into a shell is one word there and nothing else, whatever name somebody else has chosen
 * (the common name of a certificate that came in a file becomes its label).
 */
#ifndef BASE_SHELL_H
#define BASE_SHELL_H

enum { SAF_SHELL_WORD_SIZE = 1024 };

/** Lives to the end of the expression that it is made in. */
typedef struct saf_shell_word {
    char text[SAF_SHELL_WORD_SIZE];
} saf_shell_word;

/** @p text as one word of a POSIX shell: as it is when nothing in it is special there, else in single quotes. One that is too long is cut, and its quotation
 *  stays open: no shell runs that. */
saf_shell_word saf_shell_quote(const char *text);

/** "OWNER/NAME" likewise. */
saf_shell_word saf_shell_quote_name(const char *owner, const char *name);

#endif
