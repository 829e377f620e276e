#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_add(struct text *text, const char *format, ...)
{
	va_list words, again;
	va_start(words, format);
	va_copy(again, words);
	size_t length = (size_t)vsnprintf(NULL, 0, format, words);
	va_end(words);
	if (text->length + length >= text->capacity) {
		text->capacity = 2 * (text->length + length) + 64;
		text->bytes = realloc(text->bytes, text->capacity);
		if (!text->bytes) abort();
	}
	vsnprintf(text->bytes + text->length, length + 1, format, again);
	va_end(again);
	text->length += length;
}

void text_clear(struct text *text)
{
	text->length = 0;
	if (text->bytes) text->bytes[0] = '\0';
}

void text_free(struct text *text)
{
	free(text->bytes);
	*text = (struct text){0};
}

bool parse_number(const char *word, int base, unsigned long max, unsigned long *number)
{
	char *end;
	if (*word == '+') word++;
	if (!isxdigit((unsigned char)*word)) return false; /* strtoul() would take blanks and a minus */
	errno = 0;
	*number = strtoul(word, &end, base);
	if (*end == '\n') end++;
	return *end == '\0' && errno == 0 && *number <= max;
}

bool parse_bool(const char *word, bool *value)
{
	bool on = strchr("yYtT1", word[0]) || !strncasecmp(word, "on", 2);
	bool off = strchr("nNfF0", word[0]) || !strncasecmp(word, "of", 2);
	*value = on;
	return word[0] != '\0' && on != off;
}

char *trim(char *word)
{
	while (isspace((unsigned char)*word)) word++;
	size_t length = strlen(word);
	while (length > 0 && isspace((unsigned char)word[length - 1])) length--;
	word[length] = '\0';
	return word;
}
