/* What counters count. A thread is taken to run all the time, in every domain alike. */
#include <errno.h>

#include "sim.h"

enum { LOOK_MS = 20, CACHE_LINE = 64 };

/* Of what mbm_total_bytes counts, this is local: three quarters. */
static uint64_t local_part(uint64_t bytes)
{
	return bytes / 4 * 3;
}

/* ------------------------------------------------------------------ clock */

static uint64_t real_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t simulated_ns(const struct sim *sim)
{
	return sim->clock_ns + (sim->frozen ? 0 : real_ns() - sim->clock_base_ns);
}

void freeze_clock(struct sim *sim, bool frozen)
{
	if (sim->clock_base_ns) sim->clock_ns = simulated_ns(sim);
	sim->clock_base_ns = real_ns();
	sim->frozen = frozen;
}

void advance_clock(struct sim *sim, uint64_t ms)
{
	look_at_threads(sim);
	sim->clock_ns += ms * 1000000;
	count_up_to_now(sim);
}

/* ------------------------------------------------------------------ bandwidth */

static uint64_t threads_of_control(const struct group *control)
{
	uint64_t threads = control->threads;
	for (const struct group *child = control->children; child; child = child->next) threads += child->threads;
	return threads;
}

/* Bytes a second that a control group's threads move in a domain, at most what MB leaves them. */
static uint64_t rate_of_control(const struct sim *sim, const struct group *control, int domain)
{
	uint64_t wanted = threads_of_control(control) * sim->machine.thread_rate;
	for (int s = 0; s < sim->schema_count; s++) {
		const struct resource *mb = sim->schemas[s].resource;
		int cache = cache_of(sim, domain);
		if (sim->schemas[s].id != MB || cache >= mb->domains.count) continue;
		uint64_t value = control->values[s][cache];
		if (mb->max == 100 && !mb->megabytes) return wanted * value / 100;
		if (value == default_value(mb)) return wanted;
		uint64_t limit = value * (mb->megabytes ? 1048576 : 125000000);
		return wanted < limit ? wanted : limit;
	}
	return wanted;
}

static void grow(struct group *group, int domain, uint64_t bytes)
{
	group->readings[domain][MBM_TOTAL_BYTES].bytes += bytes;
	group->readings[domain][MBM_LOCAL_BYTES].bytes += local_part(bytes);
}

static void grow_control(struct sim *sim, struct group *control, int domain, uint64_t us)
{
	uint64_t threads = threads_of_control(control);
	if (threads == 0) return;
	uint64_t rate = rate_of_control(sim, control, domain);
	uint64_t bytes = rate * (us / 1000000) + rate * (us % 1000000) / 1000000;
	grow(control, domain, bytes * control->threads / threads);
	for (struct group *child = control->children; child; child = child->next) {
		grow(child, domain, bytes * child->threads / threads);
	}
}

void count_up_to_now(struct sim *sim)
{
	uint64_t us = (simulated_ns(sim) - sim->counted_ns) / 1000;
	sim->counted_ns += us * 1000;
	if (us == 0) return;
	for (struct group *control = sim->controls; control; control = control->next) {
		for (int domain = 0; domain < sim->domains.count; domain++) grow_control(sim, control, domain, us);
	}
}

/* ------------------------------------------------------------------ occupancy */

/* Bytes of the ways a control group may fill; of all of them where L3 cannot be allotted. */
static uint64_t ways_of_control(const struct sim *sim, const struct group *control, int cache)
{
	const struct resource *l3 = &sim->machine.resources[L3];
	uint32_t mask = 0;
	for (int s = 0; s < sim->schema_count; s++) {
		if (sim->schemas[s].id == L3) mask |= control->values[s][cache];
	}
	if (!l3->present || l3->bits == 0) return 36700160;
	return l3->bytes / l3->bits * (unsigned)__builtin_popcount(mask);
}

static uint64_t occupancy(const struct sim *sim, struct group *group, int domain)
{
	struct group *control = control_of(group);
	uint64_t threads = threads_of_control(control);
	if (threads == 0) return 0;
	uint64_t room = ways_of_control(sim, control, cache_of(sim, domain)) / (unsigned)sim->machine.nodes;
	uint64_t filled = threads * sim->machine.thread_bytes;
	if (filled > room) filled = room;
	return filled * group->threads / threads / CACHE_LINE * CACHE_LINE;
}

/* ------------------------------------------------------------------ reading */

/* That of one RMID in one domain: 0 and the number, or a negative errno. */
static int read_one(struct sim *sim, struct group *group, int domain, enum event event, uint64_t *bytes)
{
	struct reading *reading = &group->readings[domain][event];
	if (reading->answer) return -reading->answer;
	if (event != LLC_OCCUPANCY && sim->counters_on && !reading->assigned) return -ENOENT;
	if (reading->unavailable_once) {
		reading->unavailable_once = false;
		return -EINVAL;
	}
	bool computed = event == LLC_OCCUPANCY && !reading->fixed;
	*bytes = computed ? occupancy(sim, group, domain) : reading->bytes;
	return 0;
}

/* Nodes of one cache: good if one of them is, and the errors of the others are not told apart. */
static int read_cache(struct sim *sim, struct group *group, int cache, enum event event, uint64_t *bytes)
{
	int result = -EINVAL;
	for (int node = 0; node < sim->machine.nodes; node++) {
		uint64_t part;
		if (read_one(sim, group, cache * sim->machine.nodes + node, event, &part)) continue;
		*bytes += part;
		result = 0;
	}
	return result;
}

static int read_rmid(struct sim *sim, struct group *group, int domain, bool sum, enum event event, uint64_t *bytes)
{
	uint64_t own = 0;
	int error = sum ? read_cache(sim, group, domain, event, &own) : read_one(sim, group, domain, event, &own);
	if (!error) *bytes += own;
	return error;
}

int show_reading(struct sim *sim, struct group *group, int domain, bool sum, enum event event, struct text *out)
{
	look_at_threads_if_older(sim, LOOK_MS);
	count_up_to_now(sim);
	uint64_t bytes = 0;
	int error = read_rmid(sim, group, domain, sum, event, &bytes);
	bool good = error == 0;
	for (struct group *child = group->children; child; child = child->next) {
		error = read_rmid(sim, child, domain, sum, event, &bytes);
		if (!error) good = true;
	}
	if (good) {
		if (sim->counter_bits < 64 && event != LLC_OCCUPANCY) bytes &= (UINT64_C(1) << sim->counter_bits) - 1;
		text_add(out, "%llu\n", (unsigned long long)bytes);
		return 0;
	}
	text_add(out, "%s\n", error == -EIO ? "Error" : error == -ENOENT ? "Unassigned" : "Unavailable");
	return 0;
}
