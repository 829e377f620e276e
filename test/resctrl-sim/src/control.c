/* Commands of tests, one a line. README.md lists them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

const char *const OPERATION_NAMES[OPERATIONS] = {
	"mkdir", "rmdir", "rename", "tasks", "schemata", "mode", "cpus", "other", "reads", "monReads",
};

static const struct {
	const char *name;
	int error;
} ERRORS[] = {
	{"EACCES", EACCES}, {"EAGAIN", EAGAIN}, {"EBUSY", EBUSY}, {"EINTR", EINTR}, {"EINVAL", EINVAL},
	{"EIO", EIO}, {"ENODEV", ENODEV}, {"ENOENT", ENOENT}, {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC},
	{"EPERM", EPERM}, {"EROFS", EROFS}, {"ESRCH", ESRCH},
};
enum { ERROR_COUNT = sizeof ERRORS / sizeof ERRORS[0] };

/* What a reading answers in place of a number. */
static const struct {
	const char *name;
	int answer;
} ANSWERS[] = {{"Unavailable", EINVAL}, {"Error", EIO}, {"Unassigned", ENOENT}, {"number", 0}};
enum { ANSWER_COUNT = sizeof ANSWERS / sizeof ANSWERS[0] };

enum { MAX_WORDS = 6 };

int show_operations(struct sim *sim, struct text *out)
{
	for (int i = 0; i < OPERATIONS; i++) {
		text_add(out, "%s %llu\n", OPERATION_NAMES[i], (unsigned long long)sim->operations[i]);
	}
	text_add(out, "refused %llu\n", (unsigned long long)sim->refused);
	return 0;
}

static int complain(struct sim *sim, const char *what, const char *word)
{
	text_add(&sim->complaint, "%s \"%s\"\n", what, word);
	return -EINVAL;
}

/* ------------------------------------------------------------------ faults */

int ordered_fault(struct sim *sim, enum operation operation, const struct group *group)
{
	for (int i = 0; i < sim->fault_count; i++) {
		struct fault *fault = &sim->faults[i];
		if (fault->operation != operation) continue;
		if (*fault->group && find_group(sim, fault->group) != group) continue;
		int error = fault->error;
		if (fault->left != UINT32_MAX && --fault->left == 0) {
			memmove(fault, fault + 1, (size_t)(--sim->fault_count - i) * sizeof *fault);
		}
		return error;
	}
	return 0;
}

/* fail OPERATION ERRNO [COUNT | always] [GROUP] */
static int order_fault(struct sim *sim, char **words)
{
	struct fault fault = {.left = 1};
	int operation = 0, error = 0;
	while (operation < OPERATIONS && strcmp(OPERATION_NAMES[operation], words[1])) operation++;
	if (operation == OPERATIONS) return complain(sim, "no operation", words[1]);
	while (error < ERROR_COUNT && strcmp(ERRORS[error].name, words[2])) error++;
	if (error == ERROR_COUNT) return complain(sim, "no errno", words[2]);
	if (*words[3]) {
		unsigned long count = UINT32_MAX;
		bool always = !strcmp(words[3], "always");
		if (!always && (!parse_number(words[3], 10, UINT32_MAX, &count) || count == 0)) {
			return complain(sim, "no count", words[3]);
		}
		fault.left = (unsigned)count;
	}
	if (sim->fault_count == MAX_FAULTS) return complain(sim, "too many faults at", words[1]);
	fault.operation = operation;
	fault.error = ERRORS[error].error;
	snprintf(fault.group, sizeof fault.group, "%s", words[4]);
	sim->faults[sim->fault_count++] = fault;
	return 0;
}

static int forget_faults(struct sim *sim, char **words)
{
	(void)words;
	sim->fault_count = 0;
	return 0;
}

/* ------------------------------------------------------------------ readings */

/* Group, domain and event of a command's first words; `*` is every domain, every event. */
struct target {
	struct group *group;
	int first_domain, last_domain;
	int first_event, last_event;
};

static int find_target(struct sim *sim, char **words, struct target *target)
{
	*target = (struct target){
		.group = find_group(sim, words[1]),
		.last_domain = sim->domains.count - 1,
		.last_event = EVENTS - 1,
	};
	if (!target->group) return complain(sim, "no group", words[1]);
	if (strcmp(words[2], "*")) {
		unsigned long id;
		int domain = parse_number(words[2], 10, 9999, &id) ? find_domain(&sim->domains, (int)id) : -1;
		if (domain < 0) return complain(sim, "no domain", words[2]);
		target->first_domain = target->last_domain = domain;
	}
	if (strcmp(words[3], "*")) {
		int event = 0;
		while (event < EVENTS && strcmp(EVENT_NAMES[event], words[3])) event++;
		if (event == EVENTS) return complain(sim, "no event", words[3]);
		target->first_event = target->last_event = event;
	}
	return 0;
}

static void set_reading(struct reading *reading, uint64_t bytes)
{
	reading->bytes = bytes;
	reading->fixed = true;
}

/* set GROUP DOMAIN EVENT BYTES: of the group alone, without its mon groups. */
static int set_readings(struct sim *sim, char **words)
{
	struct target target;
	unsigned long bytes;
	int error = find_target(sim, words, &target);
	if (error) return error;
	if (!parse_number(words[4], 10, UINT64_MAX, &bytes)) return complain(sim, "no number", words[4]);
	count_up_to_now(sim);
	for (int d = target.first_domain; d <= target.last_domain; d++) {
		for (int e = target.first_event; e <= target.last_event; e++) {
			set_reading(&target.group->readings[d][e], bytes);
		}
	}
	return 0;
}

/* answer GROUP DOMAIN EVENT WORD, where WORD is what is read; "number" is the usual. */
static int set_answers(struct sim *sim, char **words)
{
	struct target target;
	int answer = 0, error = find_target(sim, words, &target);
	if (error) return error;
	while (answer < ANSWER_COUNT && strcmp(ANSWERS[answer].name, words[4])) answer++;
	if (answer == ANSWER_COUNT) return complain(sim, "no answer", words[4]);
	for (int d = target.first_domain; d <= target.last_domain; d++) {
		for (int e = target.first_event; e <= target.last_event; e++) {
			target.group->readings[d][e].answer = ANSWERS[answer].answer;
		}
	}
	return 0;
}

/* bits N: counters show that many bits and wrap. */
static int set_counter_bits(struct sim *sim, char **words)
{
	unsigned long bits;
	if (!parse_number(words[1], 10, 64, &bits) || bits == 0) return complain(sim, "no number of bits", words[1]);
	sim->counter_bits = (unsigned)bits;
	return 0;
}

/* ------------------------------------------------------------------ clock and limbo */

static int freeze(struct sim *sim, char **words)
{
	(void)words;
	count_up_to_now(sim);
	freeze_clock(sim, true);
	return 0;
}

static int thaw(struct sim *sim, char **words)
{
	(void)words;
	freeze_clock(sim, false);
	return 0;
}

/* advance MILLISECONDS */
static int advance(struct sim *sim, char **words)
{
	unsigned long ms;
	if (!parse_number(words[1], 10, UINT32_MAX, &ms)) return complain(sim, "no number of milliseconds", words[1]);
	advance_clock(sim, ms);
	return 0;
}

/* limbo MILLISECONDS [ATTEMPTS], for groups that are removed from now on */
static int set_limbo(struct sim *sim, char **words)
{
	unsigned long ms, attempts = 0;
	if (!parse_number(words[1], 10, UINT32_MAX, &ms)) return complain(sim, "no number of milliseconds", words[1]);
	if (*words[2] && !parse_number(words[2], 10, UINT32_MAX, &attempts)) {
		return complain(sim, "no number of attempts", words[2]);
	}
	sim->machine.limbo_ms = ms;
	sim->machine.limbo_attempts = (unsigned)attempts;
	return 0;
}

/* clean: nothing is in limbo any more */
static int leave_limbo(struct sim *sim, char **words)
{
	(void)words;
	for (unsigned i = 0; i < sim->machine.rmids; i++) {
		if (sim->rmids[i].state == RMID_LIMBO) sim->rmids[i].state = RMID_FREE;
	}
	return 0;
}

static int forget_operations(struct sim *sim, char **words)
{
	(void)words;
	memset(sim->operations, 0, sizeof sim->operations);
	sim->refused = 0;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct sim *sim, char **words);
} COMMANDS[] = {
	{"fail", order_fault},
	{"heal", forget_faults},
	{"set", set_readings},
	{"answer", set_answers},
	{"bits", set_counter_bits},
	{"freeze", freeze},
	{"thaw", thaw},
	{"advance", advance},
	{"limbo", set_limbo},
	{"clean", leave_limbo},
	{"forget", forget_operations},
};

/* Missing words are empty. */
static void split(char *line, char **words)
{
	for (int i = 0; i < MAX_WORDS; i++) {
		while (*line == ' ') line++;
		words[i] = line;
		line += strcspn(line, " ");
		if (*line) *line++ = '\0';
	}
}

static int run_line(struct sim *sim, char *line)
{
	char *words[MAX_WORDS];
	split(line, words);
	if (!*words[0]) return 0;
	for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
		if (!strcmp(COMMANDS[i].name, words[0])) return COMMANDS[i].run(sim, words);
	}
	return complain(sim, "no command", words[0]);
}

/* Ends at the first that is wrong. */
int run_commands(struct sim *sim, char *lines)
{
	text_clear(&sim->complaint);
	for (char *line; (line = strsep(&lines, "\n"));) {
		int error = run_line(sim, line);
		if (error) return error;
	}
	return 0;
}
