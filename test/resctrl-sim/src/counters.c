/* Assignable counters (ABMC): fewer than groups, so a group has one of a domain for an event or has not. */
#include <errno.h>
#include <string.h>

#include "sim.h"

static const char NOT_ENABLED[] = "mbm_event counter assignment mode is not enabled\n";

static unsigned counters_left(const struct sim *sim, int domain)
{
	unsigned left = sim->machine.counters;
	for (const struct group *control = sim->controls; control; control = control->next) {
		for (int event = MBM_TOTAL_BYTES; event < EVENTS; event++) {
			left -= control->readings[domain][event].assigned;
			for (const struct group *child = control->children; child; child = child->next) {
				left -= child->readings[domain][event].assigned;
			}
		}
	}
	return left;
}

static int assign(struct sim *sim, struct group *group, int domain, enum event event)
{
	struct reading *reading = &group->readings[domain][event];
	if (reading->assigned) return 0;
	if (counters_left(sim, domain) == 0) {
		return status(sim, ENOSPC, "Failed to allocate counter for %s in domain %d\n", EVENT_NAMES[event],
			sim->domains.at[domain]);
	}
	reading->assigned = true;
	reading->bytes = 0;
	return 0;
}

static int set_state(struct sim *sim, struct group *group, int domain, enum event event, const char *state)
{
	if (!state) return -EINVAL;
	if (!strcmp(state, "e")) return assign(sim, group, domain, event);
	if (strcmp(state, "_")) return -EINVAL;
	group->readings[domain][event].assigned = false;
	return 0;
}

/* Ends at the first domain that has none left; the domains before it keep theirs. */
static int set_state_everywhere(struct sim *sim, struct group *group, enum event event, const char *state)
{
	int error = 0;
	for (int domain = 0; domain < sim->domains.count && !error; domain++) {
		error = set_state(sim, group, domain, event, state);
	}
	return error;
}

/* The group is made even if there are not enough: the complaint in last_cmd_status is all. */
void assign_new_group(struct sim *sim, struct group *group)
{
	if (!sim->counters_on) return;
	for (int event = MBM_TOTAL_BYTES; event < EVENTS; event++) {
		if (sim->machine.events[event]) set_state_everywhere(sim, group, event, "e");
	}
}

int show_assign_mode(struct sim *sim, struct text *out)
{
	text_add(out, sim->counters_on ? "[mbm_event]\n" : "[default]\n");
	if (sim->machine.counters > 0) text_add(out, sim->counters_on ? "default\n" : "mbm_event\n");
	return 0;
}

static void forget_all(struct group *group)
{
	for (int domain = 0; domain < MAX_DOMAINS; domain++) {
		for (int event = MBM_TOTAL_BYTES; event < EVENTS; event++) {
			group->readings[domain][event] = (struct reading){0};
		}
	}
}

int write_assign_mode(struct sim *sim, char *word)
{
	status_clear(sim);
	bool on = !strcmp(word, "mbm_event");
	if (!on && strcmp(word, "default")) return status(sim, EINVAL, "Unsupported assign mode\n");
	if (on && sim->machine.counters == 0) return status(sim, EINVAL, "mbm_event mode is not supported\n");
	if (on == sim->counters_on) return 0;
	sim->counters_on = on;
	if (on) sim->assign_on_mkdir = true;
	start_event_configs(sim);
	for (struct group *control = sim->controls; control; control = control->next) {
		forget_all(control);
		for (struct group *child = control->children; child; child = child->next) forget_all(child);
	}
	return 0;
}

int show_counters(struct sim *sim, bool available, struct text *out)
{
	if (available) {
		status_clear(sim);
		if (!sim->counters_on) return status(sim, EINVAL, "%s", NOT_ENABLED);
	}
	for (int d = 0; d < sim->domains.count; d++) {
		unsigned counters = available ? counters_left(sim, d) : sim->machine.counters;
		text_add(out, "%s%d=%u", d > 0 ? ";" : "", sim->domains.at[d], counters);
	}
	text_add(out, "\n");
	return 0;
}

int show_assign_on_mkdir(struct sim *sim, struct text *out)
{
	status_clear(sim);
	if (!sim->counters_on) return status(sim, EINVAL, "%s", NOT_ENABLED);
	text_add(out, "%d\n", sim->assign_on_mkdir);
	return 0;
}

int write_assign_on_mkdir(struct sim *sim, char *word)
{
	bool on;
	if (!parse_bool(word, &on)) return -EINVAL;
	status_clear(sim);
	if (!sim->counters_on) return status(sim, EINVAL, "%s", NOT_ENABLED);
	sim->assign_on_mkdir = on;
	return 0;
}

int show_assignments(struct sim *sim, struct group *group, struct text *out)
{
	status_clear(sim);
	if (!sim->counters_on) return status(sim, EINVAL, "%s", NOT_ENABLED);
	for (int event = MBM_TOTAL_BYTES; event < EVENTS; event++) {
		if (!sim->machine.events[event]) continue;
		text_add(out, "%s:", EVENT_NAMES[event]);
		for (int d = 0; d < sim->domains.count; d++) {
			char state = group->readings[d][event].assigned ? 'e' : '_';
			text_add(out, "%s%d=%c", d > 0 ? ";" : "", sim->domains.at[d], state);
		}
		text_add(out, "\n");
	}
	return 0;
}

static int find_event(const struct sim *sim, const char *name)
{
	for (int event = MBM_TOTAL_BYTES; event < EVENTS; event++) {
		if (sim->machine.events[event] && !strcmp(EVENT_NAMES[event], name)) return event;
	}
	return -1;
}

static int write_line(struct sim *sim, struct group *group, const char *name, char *domains)
{
	int event = find_event(sim, name);
	if (event < 0) return status(sim, ENOENT, "Invalid event %s\n", name);
	while (domains && *domains) {
		char *state = trim(strsep(&domains, ";"));
		char *id = strsep(&state, "=");
		if (*id == '*') {
			int error = set_state_everywhere(sim, group, event, state);
			if (error) status(sim, 0, "Assign operation '%s:*=%s' failed\n", name, state ? state : "(null)");
			return error;
		}
		unsigned long number;
		if (!parse_number(id, 10, UINT64_MAX, &number)) return status(sim, EINVAL, "Missing domain id\n");
		int domain = number > 9999 ? -1 : find_domain(&sim->domains, (int)number);
		if (domain < 0) return status(sim, EINVAL, "Invalid domain id %lu\n", number);
		int error = set_state(sim, group, domain, event, state);
		if (error) {
			status(sim, 0, "Assign operation '%s:%lu=%s' failed\n", name, number, state ? state : "(null)");
			return error;
		}
	}
	return 0;
}

int write_assignments(struct sim *sim, struct group *group, char *lines)
{
	status_clear(sim);
	count_up_to_now(sim);
	if (!sim->counters_on) return status(sim, EINVAL, "mbm_event mode is not enabled\n");
	for (char *rest; (rest = strsep(&lines, "\n"));) {
		char *name = strsep(&rest, ":");
		int error = write_line(sim, group, name, rest);
		if (error) return error;
	}
	return 0;
}
