/* All files, as a table: where one is, when it is there, how it is read and written. */
#include <errno.h>
#include <string.h>

#include "tree.h"

#define IN(place) (1u << (place))

enum {
	GROUP = IN(P_CONTROL) | IN(P_MON),
	READINGS = IN(P_MON_CACHE) | IN(P_MON_NODE),
	INFO_SCHEMA = IN(P_INFO_CACHE) | IN(P_INFO_BANDWIDTH),
};

#define SHOW(name) static int name(struct sim *sim, const struct node *node, struct text *out)
#define WRITE(name) static int name(struct sim *sim, const struct node *node, char *words, pid_t writer)

static const struct resource *resource_of(const struct sim *sim, const struct node *node)
{
	return sim->schemas[node->schema].resource;
}

/* ------------------------------------------------------------------ groups */

SHOW(tasks) { return show_tasks(sim, node->group, out); }
SHOW(cpus) { return show_cpus(sim, node->group, false, out); }
SHOW(cpus_list) { return show_cpus(sim, node->group, true, out); }
SHOW(schemata) { return show_schemata(sim, node->group, out); }
SHOW(size) { return show_size(sim, node->group, out); }
SHOW(mode) { return show_mode(sim, node->group, out); }
SHOW(assignments) { return show_assignments(sim, node->group, out); }

SHOW(closid)
{
	(void)sim;
	text_add(out, "%u\n", node->group->closid);
	return 0;
}

SHOW(rmid)
{
	(void)sim;
	text_add(out, "%u\n", node->group->rmid);
	return 0;
}

SHOW(mbps_event)
{
	(void)sim;
	text_add(out, "%s\n", EVENT_NAMES[node->group->mbps_event]);
	return 0;
}

WRITE(set_tasks) { return write_tasks(sim, node->group, words, writer); }
WRITE(set_cpus) { (void)writer; return write_cpus(sim, node->group, false, words); }
WRITE(set_cpus_list) { (void)writer; return write_cpus(sim, node->group, true, words); }
WRITE(set_schemata) { (void)writer; return write_schemata(sim, node->group, words); }
WRITE(set_mode) { (void)writer; return write_mode(sim, node->group, words); }
WRITE(set_assignments) { (void)writer; return write_assignments(sim, node->group, words); }

WRITE(set_mbps_event)
{
	(void)writer;
	status_clear(sim);
	for (int event = MBM_TOTAL_BYTES; event < EVENTS; event++) {
		if (strcmp(EVENT_NAMES[event], words) || !sim->machine.events[event]) continue;
		node->group->mbps_event = event;
		return 0;
	}
	return status(sim, EINVAL, "Unsupported event id '%s'\n", words);
}

/* ------------------------------------------------------------------ mon_data */

static int show_event(struct sim *sim, const struct node *node, enum event event, struct text *out)
{
	bool sum = node->place == P_MON_CACHE && sim->machine.nodes > 1;
	return show_reading(sim, node->group, node->domain, sum, event, out);
}

SHOW(llc_occupancy) { return show_event(sim, node, LLC_OCCUPANCY, out); }
SHOW(mbm_total) { return show_event(sim, node, MBM_TOTAL_BYTES, out); }
SHOW(mbm_local) { return show_event(sim, node, MBM_LOCAL_BYTES, out); }

/* ------------------------------------------------------------------ info */

#define SHOW_NUMBER(name, format, value)                     \
	SHOW(name)                                           \
	{                                                    \
		const struct resource *r = resource_of(sim, node); \
		text_add(out, format "\n", value);           \
		return 0;                                    \
	}

SHOW_NUMBER(num_closids, "%u", r->cdp ? r->closids / 2 : r->closids)
SHOW_NUMBER(cbm_mask, "%x", full_mask(r))
SHOW_NUMBER(min_cbm_bits, "%u", r->min_bits)
SHOW_NUMBER(shareable_bits, "%x", r->shareable)
SHOW_NUMBER(sparse_masks, "%u", r->sparse)
SHOW_NUMBER(min_bandwidth, "%u", r->min)
SHOW_NUMBER(bandwidth_gran, "%u", r->granularity)
SHOW_NUMBER(delay_linear, "%u", r->linear)
SHOW_NUMBER(throttle_mode, "%s", r->throttle_mode)

SHOW(last_cmd_status) { (void)node; return show_status(sim, out); }
SHOW(bit_usage) { return show_bit_usage(sim, node->schema, out); }
SHOW(assign_mode) { (void)node; return show_assign_mode(sim, out); }
SHOW(num_counters) { (void)node; return show_counters(sim, false, out); }
SHOW(available_counters) { (void)node; return show_counters(sim, true, out); }
SHOW(assign_on_mkdir) { (void)node; return show_assign_on_mkdir(sim, out); }
SHOW(event_filter) { return show_event_filter(sim, node->event, out); }
SHOW(total_config) { (void)node; return show_bmec(sim, MBM_TOTAL_BYTES, out); }
SHOW(local_config) { (void)node; return show_bmec(sim, MBM_LOCAL_BYTES, out); }

SHOW(num_rmids)
{
	(void)node;
	text_add(out, "%u\n", sim->machine.rmids);
	return 0;
}

SHOW(threshold)
{
	(void)node;
	text_add(out, "%u\n", sim->threshold);
	return 0;
}

SHOW(mon_features)
{
	(void)node;
	for (int event = 0; event < EVENTS; event++) {
		if (!sim->machine.events[event]) continue;
		text_add(out, "%s\n", EVENT_NAMES[event]);
		if (event != LLC_OCCUPANCY && sim->machine.bmec && !sim->counters_on) {
			text_add(out, "%s_config\n", EVENT_NAMES[event]);
		}
	}
	return 0;
}

WRITE(set_threshold)
{
	(void)node, (void)writer;
	unsigned long bytes;
	if (!parse_number(words, 0, UINT32_MAX, &bytes)) return -EINVAL;
	if (bytes > sim->machine.resources[L3].bytes) return -EINVAL;
	sim->threshold = (unsigned)bytes;
	return 0;
}

WRITE(set_assign_mode) { (void)node, (void)writer; return write_assign_mode(sim, words); }
WRITE(set_assign_on_mkdir) { (void)node, (void)writer; return write_assign_on_mkdir(sim, words); }
WRITE(set_event_filter) { (void)writer; return write_event_filter(sim, node->event, words); }
WRITE(set_total_config) { (void)node, (void)writer; return write_bmec(sim, MBM_TOTAL_BYTES, words); }
WRITE(set_local_config) { (void)node, (void)writer; return write_bmec(sim, MBM_LOCAL_BYTES, words); }

/* ------------------------------------------------------------------ for tests */

SHOW(operations) { (void)node; return show_operations(sim, out); }
WRITE(commands) { (void)node, (void)writer; return run_commands(sim, words); }

SHOW(complaint)
{
	(void)node;
	text_add(out, "%s", sim->complaint.length ? sim->complaint.bytes : "");
	return 0;
}

/* ------------------------------------------------------------------ when a file is there */

static bool counts(const struct sim *sim) { return sim->machine.counters > 0; }
static bool debugs(const struct sim *sim) { return sim->machine.debug; }
static bool debugs_monitoring(const struct sim *sim) { return sim->machine.debug && can_monitor(sim); }
static bool is_megabytes(const struct sim *sim) { return sim->machine.resources[MB].megabytes; }
static bool is_recent(const struct sim *sim) { return !sim->machine.tabular; }
static bool throttles(const struct sim *sim) { return sim->machine.resources[MB].throttle_mode != NULL; }
static bool has_occupancy(const struct sim *sim) { return sim->machine.events[LLC_OCCUPANCY]; }
static bool has_total(const struct sim *sim) { return sim->machine.events[MBM_TOTAL_BYTES]; }
static bool has_local(const struct sim *sim) { return sim->machine.events[MBM_LOCAL_BYTES]; }

/* Either the events of the whole domain are configured, or those of each counter. */
static bool configures_total(const struct sim *sim)
{
	return sim->machine.bmec && !sim->counters_on && has_total(sim);
}

static bool configures_local(const struct sim *sim)
{
	return sim->machine.bmec && !sim->counters_on && has_local(sim);
}

static const struct file FILES[] = {
	{"tasks", GROUP, NULL, tasks, set_tasks, OP_TASKS, false, false},
	{"cpus", GROUP, NULL, cpus, set_cpus, OP_CPUS, false, false},
	{"cpus_list", GROUP, NULL, cpus_list, set_cpus_list, OP_CPUS, false, false},
	{"schemata", IN(P_CONTROL), NULL, schemata, set_schemata, OP_SCHEMATA, true, false},
	{"size", IN(P_CONTROL), NULL, size, NULL, OP_OTHER, false, false},
	{"mode", IN(P_CONTROL), NULL, mode, set_mode, OP_MODE, true, false},
	{"mba_MBps_event", IN(P_CONTROL), is_megabytes, mbps_event, set_mbps_event, OP_OTHER, true, false},
	{"mbm_L3_assignments", GROUP, counts, assignments, set_assignments, OP_OTHER, true, false},
	{"ctrl_hw_id", IN(P_CONTROL), debugs, closid, NULL, OP_OTHER, false, false},
	{"mon_hw_id", GROUP, debugs_monitoring, rmid, NULL, OP_OTHER, false, false},

	{"llc_occupancy", READINGS, has_occupancy, llc_occupancy, NULL, OP_OTHER, false, false},
	{"mbm_total_bytes", READINGS, has_total, mbm_total, NULL, OP_OTHER, false, false},
	{"mbm_local_bytes", READINGS, has_local, mbm_local, NULL, OP_OTHER, false, false},

	{"last_cmd_status", IN(P_INFO), NULL, last_cmd_status, NULL, OP_OTHER, false, false},
	{"num_closids", INFO_SCHEMA, NULL, num_closids, NULL, OP_OTHER, false, false},
	{"cbm_mask", IN(P_INFO_CACHE), NULL, cbm_mask, NULL, OP_OTHER, false, false},
	{"min_cbm_bits", IN(P_INFO_CACHE), NULL, min_cbm_bits, NULL, OP_OTHER, false, false},
	{"shareable_bits", IN(P_INFO_CACHE), NULL, shareable_bits, NULL, OP_OTHER, false, false},
	{"sparse_masks", IN(P_INFO_CACHE), NULL, sparse_masks, NULL, OP_OTHER, false, false},
	{"bit_usage", IN(P_INFO_CACHE), NULL, bit_usage, NULL, OP_OTHER, false, false},
	{"min_bandwidth", IN(P_INFO_BANDWIDTH), NULL, min_bandwidth, NULL, OP_OTHER, false, false},
	{"bandwidth_gran", IN(P_INFO_BANDWIDTH), NULL, bandwidth_gran, NULL, OP_OTHER, false, false},
	{"delay_linear", IN(P_INFO_BANDWIDTH), NULL, delay_linear, NULL, OP_OTHER, false, false},
	{"thread_throttle_mode", IN(P_INFO_BANDWIDTH), throttles, throttle_mode, NULL, OP_OTHER, false, false},

	{"num_rmids", IN(P_INFO_MON), NULL, num_rmids, NULL, OP_OTHER, false, false},
	{"mon_features", IN(P_INFO_MON), NULL, mon_features, NULL, OP_OTHER, false, false},
	{"max_threshold_occupancy", IN(P_INFO_MON), NULL, threshold, set_threshold, OP_OTHER, false, false},
	{"mbm_total_bytes_config", IN(P_INFO_MON), configures_total, total_config, set_total_config, OP_OTHER, true, false},
	{"mbm_local_bytes_config", IN(P_INFO_MON), configures_local, local_config, set_local_config, OP_OTHER, true, false},
	{"mbm_assign_mode", IN(P_INFO_MON), is_recent, assign_mode, set_assign_mode, OP_OTHER, true, false},
	{"num_mbm_cntrs", IN(P_INFO_MON), counts, num_counters, NULL, OP_OTHER, false, false},
	{"available_mbm_cntrs", IN(P_INFO_MON), counts, available_counters, NULL, OP_OTHER, false, false},
	{"mbm_assign_on_mkdir", IN(P_INFO_MON), counts, assign_on_mkdir, set_assign_on_mkdir, OP_OTHER, false, false},
	{"event_filter", IN(P_EVENT_CONFIG), NULL, event_filter, set_event_filter, OP_OTHER, true, false},

	{".sim", IN(P_CONTROL), NULL, operations, commands, OP_OTHER, false, true},
	{".sim.error", IN(P_CONTROL), NULL, complaint, NULL, OP_OTHER, false, true},
};

static const struct file *const END = FILES + sizeof FILES / sizeof FILES[0];

static bool is_in(const struct sim *sim, const struct file *file, const struct node *directory)
{
	if (!(file->places & IN(directory->place))) return false;
	if (file->hidden && directory->group != sim->root) return false;
	return !file->is_there || file->is_there(sim);
}

const struct file *next_file(const struct sim *sim, const struct node *directory, const struct file *before)
{
	const struct file *file = before ? before + 1 : FILES;
	while (file < END && !is_in(sim, file, directory)) file++;
	return file < END ? file : NULL;
}

const struct file *find_file(const struct sim *sim, const struct node *directory, const char *name)
{
	const struct file *file = NULL;
	while ((file = next_file(sim, directory, file)) && strcmp(file->name, name)) continue;
	return file;
}

int file_number(const struct file *file)
{
	return (int)(file - FILES);
}
