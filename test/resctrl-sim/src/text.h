/* Text that grows, and the number formats of the kernel's parsers. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *bytes;
	size_t length;
	size_t capacity;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_clear(struct text *text);
void text_free(struct text *text);

/*
 * As kstrtoul(): the whole word is a number, with a sign `+` and, in base 16 or 0, `0x` if it likes. One
 * newline may follow. False for anything else and above `max`.
 */
bool parse_number(const char *word, int base, unsigned long max, unsigned long *number);

/* As kstrtobool(): y, Y, t, T, 1, on against n, N, f, F, 0, off. */
bool parse_bool(const char *word, bool *value);

/* As strim(): without blanks at both ends; cuts in place. */
char *trim(char *word);

#endif
