/* Layouts: machines by name, and the command line that changes single numbers of one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim.h"

static const struct ids TWO = {2, {0, 1}};
static const struct ids FOUR = {4, {0, 1, 2, 3}};
static const struct ids SPREAD = {4, {0, 4, 8, 12}};

static struct resource cache(unsigned closids, unsigned bits, unsigned long bytes, struct ids domains)
{
	return (struct resource){
		.present = true, .closids = closids, .bits = bits, .min_bits = 1, .bytes = bytes, .domains = domains,
	};
}

/* Intel's bandwidth is a percentage. */
static struct resource percent(unsigned closids, struct ids domains)
{
	return (struct resource){
		.present = true, .bandwidth = true, .closids = closids, .domains = domains,
		.min = 10, .max = 100, .granularity = 10, .linear = true, .throttle_mode = "max",
	};
}

/* AMD's is in eighths of a GB/s, and 2048 is no limit. */
static struct resource eighths(unsigned closids, struct ids domains)
{
	return (struct resource){
		.present = true, .bandwidth = true, .closids = closids, .domains = domains,
		.min = 0, .max = 2048, .granularity = 1,
	};
}

static void layout_xeon(struct machine *m)
{
	m->caches = TWO;
	m->resources[L3] = cache(16, 20, 36700160, TWO);
	m->resources[L3].shareable = 0xc0000;
	m->resources[L3].cdp_capable = true;
	m->resources[MB] = percent(8, TWO);
	m->rmids = 192;
	m->tabular = true;
	for (int event = 0; event < EVENTS; event++) m->events[event] = true;
}

static void layout_cdp(struct machine *m)
{
	layout_xeon(m);
	m->resources[L3].cdp = true;
}

static void layout_l2(struct machine *m)
{
	layout_xeon(m);
	m->resources[L3].present = false;
	m->resources[L2] = cache(8, 8, 2097152, FOUR);
	m->resources[L2].cdp_capable = true;
}

static void layout_l2cdp(struct machine *m)
{
	layout_l2(m);
	m->resources[L2].cdp = true;
}

static void layout_mbps(struct machine *m)
{
	layout_xeon(m);
	m->resources[MB].megabytes = true;
}

static void layout_snc(struct machine *m)
{
	layout_xeon(m);
	m->resources[L3] = cache(15, 15, 62914560, TWO);
	m->resources[L3].cdp_capable = true;
	m->resources[MB] = percent(15, TWO);
	m->resources[MB].throttle_mode = "per-thread";
	m->nodes = 2;
	m->tabular = false;
}

static void layout_amd(struct machine *m)
{
	layout_xeon(m);
	m->caches = SPREAD;
	m->resources[L3] = cache(16, 16, 33554432, SPREAD);
	m->resources[L3].min_bits = 0;
	m->resources[L3].sparse = true;
	m->resources[L3].cdp_capable = true;
	m->resources[MB] = eighths(16, SPREAD);
	m->resources[SMBA] = eighths(16, SPREAD);
	m->rmids = 256;
	m->bmec = true;
	m->tabular = false;
}

static void layout_abmc(struct machine *m)
{
	layout_amd(m);
	m->counters = 32;
}

static void layout_monitor_only(struct machine *m)
{
	layout_xeon(m);
	m->resources[L3].present = m->resources[MB].present = false;
}

static void layout_no_monitoring(struct machine *m)
{
	layout_xeon(m);
	memset(m->events, 0, sizeof m->events);
}

static void layout_no_mb(struct machine *m)
{
	layout_xeon(m);
	m->resources[MB].present = false;
}

static const struct {
	const char *name;
	void (*fill)(struct machine *machine);
} LAYOUTS[] = {
	{"xeon", layout_xeon},
	{"cdp", layout_cdp},
	{"l2", layout_l2},
	{"l2cdp", layout_l2cdp},
	{"mbps", layout_mbps},
	{"snc", layout_snc},
	{"amd", layout_amd},
	{"abmc", layout_abmc},
	{"monitor-only", layout_monitor_only},
	{"no-monitoring", layout_no_monitoring},
	{"no-mb", layout_no_mb},
};

static bool set_layout(struct machine *m, const char *name)
{
	for (size_t i = 0; i < sizeof LAYOUTS / sizeof LAYOUTS[0]; i++) {
		if (strcmp(LAYOUTS[i].name, name)) continue;
		*m = (struct machine){
			.nodes = 1,
			.cpus = (int)sysconf(_SC_NPROCESSORS_ONLN),
			.thread_rate = 64000000,
			.thread_bytes = 2097152,
		};
		LAYOUTS[i].fill(m);
		return true;
	}
	return false;
}

static bool read_ids(const char *text, struct ids *ids)
{
	*ids = (struct ids){0};
	for (;;) {
		char *end;
		long id = strtol(text, &end, 10);
		if (end == text || id < 0 || id > 9999 || ids->count == MAX_DOMAINS) return false;
		ids->at[ids->count++] = (int)id;
		if (*end == '\0') return true;
		if (*end != ',') return false;
		text = end + 1;
	}
}

static bool read_events(const char *text, bool *events)
{
	memset(events, 0, EVENTS * sizeof *events);
	while (*text) {
		size_t length = strcspn(text, ",");
		int event = 0;
		while (event < EVENTS && (strlen(EVENT_NAMES[event]) != length || strncmp(EVENT_NAMES[event], text, length))) {
			event++;
		}
		if (event == EVENTS) return false;
		events[event] = true;
		text += length + (text[length] == ',');
	}
	return true;
}

/* ------------------------------------------------------------------ single numbers */

enum type { UNSIGNED, INT, BOOL, U64 };

#define L3_FIELD(field) offsetof(struct machine, resources[L3].field)
#define MB_FIELD(field) offsetof(struct machine, resources[MB].field)
#define FIELD(field) offsetof(struct machine, field)

static const struct number {
	const char *name;
	enum type type;
	size_t at; /* in struct machine */
	unsigned long least;
	unsigned long most;
} NUMBERS[] = {
	{"l3-closids", UNSIGNED, L3_FIELD(closids), 1, UINT32_MAX},
	{"l2-closids", UNSIGNED, FIELD(resources[L2].closids), 1, UINT32_MAX},
	{"mb-closids", UNSIGNED, MB_FIELD(closids), 1, UINT32_MAX},
	{"cbm-bits", UNSIGNED, L3_FIELD(bits), 1, 32},
	{"min-cbm-bits", UNSIGNED, L3_FIELD(min_bits), 0, 32},
	{"shareable-bits", UNSIGNED, L3_FIELD(shareable), 0, UINT32_MAX},
	{"sparse", BOOL, L3_FIELD(sparse), 0, 1},
	{"cache-bytes", U64, L3_FIELD(bytes), 1, UINT64_MAX},
	{"mb-min", UNSIGNED, MB_FIELD(min), 0, UINT32_MAX},
	{"mb-gran", UNSIGNED, MB_FIELD(granularity), 1, UINT32_MAX},
	{"rmids", UNSIGNED, FIELD(rmids), 1, UINT32_MAX},
	{"counters", UNSIGNED, FIELD(counters), 0, UINT32_MAX},
	{"bmec", BOOL, FIELD(bmec), 0, 1},
	{"limbo-ms", U64, FIELD(limbo_ms), 0, UINT32_MAX},
	{"limbo-attempts", UNSIGNED, FIELD(limbo_attempts), 0, UINT32_MAX},
	{"cpus", INT, FIELD(cpus), 1, MAX_CPUS},
	{"tabular", BOOL, FIELD(tabular), 0, 1},
	{"debug", BOOL, FIELD(debug), 0, 1},
	{"thread-rate", U64, FIELD(thread_rate), 0, UINT64_MAX},
	{"thread-bytes", U64, FIELD(thread_bytes), 0, UINT64_MAX},
	{"frozen", BOOL, FIELD(frozen), 0, 1},
};

static void store(void *at, enum type type, unsigned long value)
{
	switch (type) {
	case UNSIGNED: *(unsigned *)at = (unsigned)value; break;
	case INT: *(int *)at = (int)value; break;
	case BOOL: *(bool *)at = value; break;
	case U64: *(uint64_t *)at = value; break;
	}
}

/* ------------------------------------------------------------------ all else */

static bool set_closids(struct machine *m, const char *text)
{
	unsigned long closids;
	if (!parse_number(text, 10, UINT32_MAX, &closids) || closids == 0) return false;
	for (int id = 0; id < RESOURCES; id++) m->resources[id].closids = (unsigned)closids;
	return true;
}

static bool set_domains(struct machine *m, const char *text)
{
	struct ids ids;
	if (!read_ids(text, &ids) || ids.count * m->nodes > MAX_DOMAINS) return false;
	m->caches = m->resources[L3].domains = m->resources[MB].domains = m->resources[SMBA].domains = ids;
	return true;
}

static bool set_l2_domains(struct machine *m, const char *text)
{
	return read_ids(text, &m->resources[L2].domains);
}

static bool set_events(struct machine *m, const char *text)
{
	return read_events(text, m->events);
}

static bool set_nodes(struct machine *m, const char *text)
{
	unsigned long nodes;
	if (!parse_number(text, 10, MAX_DOMAINS, &nodes) || nodes == 0) return false;
	m->nodes = (int)nodes;
	return m->caches.count * m->nodes <= MAX_DOMAINS;
}

static const struct {
	const char *name;
	bool (*set)(struct machine *machine, const char *text);
} OTHERS[] = {
	{"layout", set_layout}, {"closids", set_closids}, {"domains", set_domains},
	{"l2-domains", set_l2_domains}, {"features", set_events}, {"nodes", set_nodes},
};

/* False when there is no such option or it cannot have that value. */
static bool set_option(struct machine *m, const char *name, const char *text)
{
	for (size_t i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++) {
		const struct number *number = &NUMBERS[i];
		unsigned long value;
		if (strcmp(number->name, name)) continue;
		if (!parse_number(text, 0, number->most, &value) || value < number->least) return false;
		store((char *)m + number->at, number->type, value);
		return true;
	}
	for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
		if (!strcmp(OTHERS[i].name, name)) return OTHERS[i].set(m, text);
	}
	return false;
}

/* The layout comes first, since it sets everything. */
bool read_options(struct machine *machine, int count, char **words)
{
	set_layout(machine, "xeon");
	for (int i = 0; i < count; i++) {
		char name[64];
		const char *equals = strchr(words[i], '=');
		bool good = !strncmp(words[i], "--", 2) && equals;
		if (good) {
			snprintf(name, sizeof name, "%.*s", (int)(equals - words[i] - 2), words[i] + 2);
			good = set_option(machine, name, equals + 1);
		}
		if (!good) {
			fprintf(stderr, "Cannot use option \"%s\"\n", words[i]);
			return false;
		}
	}
	return true;
}
