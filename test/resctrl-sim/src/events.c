/* What the events of bandwidth count: as bits (BMEC), or as words where counters are assignable. */
#include <errno.h>
#include <string.h>

#include "sim.h"

enum { ALL = 0x7f, LOCAL = 0x15 };

/* Bit 0 first. */
static const char *const TRANSACTIONS[] = {
	"local_reads",
	"remote_reads",
	"local_non_temporal_writes",
	"remote_non_temporal_writes",
	"local_reads_slow_memory",
	"remote_reads_slow_memory",
	"dirty_victim_writes_all",
};
enum { TRANSACTION_COUNT = sizeof TRANSACTIONS / sizeof TRANSACTIONS[0] };

void start_event_configs(struct sim *sim)
{
	sim->event_config[MBM_TOTAL_BYTES] = ALL;
	sim->event_config[MBM_LOCAL_BYTES] = LOCAL;
	memset(sim->bmec_config[MBM_TOTAL_BYTES], ALL, MAX_DOMAINS);
	memset(sim->bmec_config[MBM_LOCAL_BYTES], LOCAL, MAX_DOMAINS);
}

static void restart(struct group *group, int domain, enum event event, bool unavailable)
{
	struct reading *reading = &group->readings[domain][event];
	reading->bytes = 0;
	reading->unavailable_once = unavailable;
}

static void restart_all(struct sim *sim, int domain, enum event event, bool unavailable)
{
	count_up_to_now(sim);
	for (struct group *control = sim->controls; control; control = control->next) {
		restart(control, domain, event, unavailable);
		for (struct group *child = control->children; child; child = child->next) {
			restart(child, domain, event, unavailable);
		}
	}
}

static int refuse_without_counters(struct sim *sim)
{
	status_clear(sim);
	if (sim->counters_on) return 0;
	return status(sim, EINVAL, "mbm_event counter assignment mode is not enabled\n");
}

int show_event_filter(struct sim *sim, enum event event, struct text *out)
{
	int error = refuse_without_counters(sim);
	if (error) return error;
	const char *separator = "";
	for (int bit = 0; bit < TRANSACTION_COUNT; bit++) {
		if (!(sim->event_config[event] >> bit & 1)) continue;
		text_add(out, "%s%s", separator, TRANSACTIONS[bit]);
		separator = ",";
	}
	text_add(out, "\n");
	return 0;
}

static int find_transaction(const char *name)
{
	int bit = 0;
	while (bit < TRANSACTION_COUNT && strcmp(TRANSACTIONS[bit], name)) bit++;
	return bit;
}

int write_event_filter(struct sim *sim, enum event event, char *words)
{
	uint8_t config = 0;
	int error = refuse_without_counters(sim);
	if (error) return error;
	while (words && *words) {
		char *word = trim(strsep(&words, ","));
		int bit = find_transaction(word);
		if (bit == TRANSACTION_COUNT) {
			return status(sim, EINVAL, "Invalid memory transaction type %s\n", word);
		}
		config |= (uint8_t)(1 << bit);
	}
	if (config == sim->event_config[event]) return 0;
	sim->event_config[event] = config;
	for (int domain = 0; domain < sim->domains.count; domain++) restart_all(sim, domain, event, false);
	return 0;
}

int show_bmec(struct sim *sim, enum event event, struct text *out)
{
	for (int d = 0; d < sim->domains.count; d++) {
		text_add(out, "%s%d=0x%02x", d > 0 ? ";" : "", sim->domains.at[d], sim->bmec_config[event][d]);
	}
	text_add(out, "\n");
	return 0;
}

/* The hardware clears the counters of the whole domain, and each has nothing to tell at the next reading. */
int write_bmec(struct sim *sim, enum event event, char *words)
{
	status_clear(sim);
	while (words && *words) {
		char *value = trim(strsep(&words, ";"));
		char *id = strsep(&value, "=");
		unsigned long number, config;
		if (!parse_number(id, 10, UINT64_MAX, &number)) {
			return status(sim, EINVAL, "Missing '=' or non-numeric domain id\n");
		}
		if (!value || !parse_number(value, 16, UINT64_MAX, &config)) {
			return status(sim, EINVAL, "Non-numeric event configuration value\n");
		}
		if (config & ~(unsigned long)ALL) {
			return status(sim, EINVAL, "Invalid event configuration: max valid mask is 0x%02x\n", ALL);
		}
		int domain = number > 9999 ? -1 : find_domain(&sim->domains, (int)number);
		if (domain < 0) return -EINVAL;
		if (sim->bmec_config[event][domain] == config) continue;
		sim->bmec_config[event][domain] = (uint8_t)config;
		for (int other = MBM_TOTAL_BYTES; other < EVENTS; other++) restart_all(sim, domain, other, true);
	}
	return 0;
}
