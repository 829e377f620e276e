/* What follows from the hardware: lines of schemata, widths of columns, domains of monitoring. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

const char *const EVENT_NAMES[EVENTS] = {"llc_occupancy", "mbm_total_bytes", "mbm_local_bytes"};

static const char *const RESOURCE_NAMES[RESOURCES] = {"L3", "L2", "MB", "SMBA"};

static void add_schema(struct sim *sim, enum resource_id id, const char *suffix)
{
	struct resource *resource = &sim->machine.resources[id];
	/* The kernel puts each at the head of its list, so the last one is printed first. */
	memmove(sim->schemas + 1, sim->schemas, (size_t)sim->schema_count * sizeof sim->schemas[0]);
	sim->schema_count++;
	struct schema *schema = &sim->schemas[0];
	*schema = (struct schema){.resource = resource, .id = id, .peer = -1};
	snprintf(schema->name, sizeof schema->name, "%s%s", RESOURCE_NAMES[id], suffix);
	/* The width does not depend on whether CDP is on. */
	int width = (int)strlen(schema->name) + (resource->cdp_capable && !resource->cdp ? 4 : 0);
	if (width > sim->name_width) sim->name_width = width;
	unsigned closids = resource->cdp ? resource->closids / 2 : resource->closids;
	if (sim->closids == 0 || closids < sim->closids) sim->closids = closids;
}

static int digits(const struct resource *resource)
{
	if (!resource->bandwidth) return ((int)resource->bits + 3) / 4;
	return resource->max > 999 ? 4 : 3;
}

static void find_schemas(struct sim *sim)
{
	for (int id = 0; id < RESOURCES; id++) {
		struct resource *resource = &sim->machine.resources[id];
		if (!resource->present) continue;
		if (resource->cdp) {
			add_schema(sim, id, "CODE");
			add_schema(sim, id, "DATA");
		} else {
			add_schema(sim, id, "");
		}
		if (digits(resource) > sim->value_width) sim->value_width = digits(resource);
	}
	for (int i = 0; i < sim->schema_count; i++) {
		for (int k = 0; k < sim->schema_count; k++) {
			if (i != k && sim->schemas[i].id == sim->schemas[k].id) sim->schemas[i].peer = k;
		}
	}
}

/* With sub-NUMA clusters monitoring goes by node, and nodes are numbered through. */
static void find_domains(struct sim *sim)
{
	const struct machine *m = &sim->machine;
	sim->domains = m->caches;
	if (m->nodes == 1) return;
	sim->domains.count = m->caches.count * m->nodes;
	for (int i = 0; i < sim->domains.count; i++) sim->domains.at[i] = i;
}

static void make_root(struct sim *sim)
{
	struct group *root = calloc(1, sizeof *root);
	if (!root) abort();
	root->serial = ++sim->serials;
	sim->root = sim->controls = root;
	all_cpus(sim, &root->cpus);
	root->mbps_event = sim->machine.events[MBM_LOCAL_BYTES] ? MBM_LOCAL_BYTES : MBM_TOTAL_BYTES;
	for (int s = 0; s < sim->schema_count; s++) {
		for (int d = 0; d < MAX_DOMAINS; d++) root->values[s][d] = default_value(sim->schemas[s].resource);
	}
	sim->closids_used = calloc(sim->closids + 1, sizeof *sim->closids_used);
	sim->rmids = calloc(sim->machine.rmids, sizeof *sim->rmids);
	if (!sim->closids_used || !sim->rmids) abort();
	sim->closids_used[0] = true;
	sim->rmids[0].state = RMID_USED;
}

void start_sim(struct sim *sim)
{
	find_schemas(sim);
	find_domains(sim);
	sim->threshold = 65536;
	sim->counter_bits = 64;
	make_root(sim);
	freeze_clock(sim, sim->machine.frozen);
	start_threads(sim);
	start_event_configs(sim);
	sim->counters_on = sim->assign_on_mkdir = sim->machine.counters > 0;
	assign_new_group(sim, sim->root);
	status_clear(sim);
}

bool can_allocate(const struct sim *sim)
{
	return sim->schema_count > 0;
}

bool has_bandwidth_events(const struct sim *sim)
{
	return sim->machine.events[MBM_TOTAL_BYTES] || sim->machine.events[MBM_LOCAL_BYTES];
}

bool can_monitor(const struct sim *sim)
{
	return sim->machine.events[LLC_OCCUPANCY] || has_bandwidth_events(sim);
}

int find_domain(const struct ids *ids, int id)
{
	for (int i = 0; i < ids->count; i++) {
		if (ids->at[i] == id) return i;
	}
	return -1;
}

int cache_of(const struct sim *sim, int domain)
{
	return domain / sim->machine.nodes;
}

uint32_t full_mask(const struct resource *resource)
{
	return (uint32_t)((UINT64_C(1) << resource->bits) - 1);
}

uint32_t default_value(const struct resource *resource)
{
	if (!resource->bandwidth) return full_mask(resource);
	return resource->megabytes ? UINT32_MAX : resource->max;
}
