#include <stdio.h>

#include "sim.h"

void status_clear(struct sim *sim)
{
	text_clear(&sim->status);
}

/* Adds to what is there already: an inner function may have complained before its caller. */
int status(struct sim *sim, int error, const char *format, ...)
{
	char line[512];
	va_list words;
	va_start(words, format);
	vsnprintf(line, sizeof line, format, words);
	va_end(words);
	text_add(&sim->status, "%s", line);
	return -error;
}

int show_status(struct sim *sim, struct text *out)
{
	text_add(out, "%s", sim->status.length > 0 ? sim->status.bytes : "ok\n");
	return 0;
}
