/* `schemata` and `size`. */
#include <errno.h>
#include <string.h>

#include "sim.h"

/* What a write asks for. Nothing of it holds until all of it has been found good. */
struct staged {
	uint32_t value[MAX_SCHEMAS][MAX_DOMAINS];
	bool there[MAX_SCHEMAS][MAX_DOMAINS];
};

static void show_value(const struct sim *sim, const struct resource *resource, uint32_t value, struct text *out)
{
	int width = sim->machine.tabular ? sim->value_width : 1;
	if (resource->bandwidth) text_add(out, "%*u", width, value);
	else text_add(out, "%0*x", width, value);
}

int show_schemata(struct sim *sim, struct group *group, struct text *out)
{
	for (int s = 0; s < sim->schema_count; s++) {
		const struct resource *resource = sim->schemas[s].resource;
		text_add(out, "%*s:", sim->name_width, sim->schemas[s].name);
		for (int d = 0; d < resource->domains.count; d++) {
			text_add(out, "%s%d=", d > 0 ? ";" : "", resource->domains.at[d]);
			show_value(sim, resource, group->values[s][d], out);
		}
		text_add(out, "\n");
	}
	return 0;
}

/* Bytes in place of masks; bandwidths as they are, without padding. */
int show_size(struct sim *sim, struct group *group, struct text *out)
{
	for (int s = 0; s < sim->schema_count; s++) {
		const struct resource *resource = sim->schemas[s].resource;
		text_add(out, "%*s:", sim->name_width, sim->schemas[s].name);
		for (int d = 0; d < resource->domains.count; d++) {
			uint32_t size = group->values[s][d];
			if (!resource->bandwidth) {
				size = (uint32_t)(resource->bytes / resource->bits) * (uint32_t)__builtin_popcount(size);
			}
			text_add(out, "%s%d=%u", d > 0 ? ";" : "", resource->domains.at[d], size);
		}
		text_add(out, "\n");
	}
	return 0;
}

static int parse_bandwidth(struct sim *sim, const struct resource *resource, const char *word, uint32_t *value)
{
	unsigned long number;
	if (!parse_number(word, 10, UINT32_MAX, &number)) {
		return status(sim, EINVAL, "Invalid MB value %s\n", word);
	}
	*value = (uint32_t)number;
	if (resource->megabytes) return 0;
	if (number < resource->min || number > resource->max) {
		return status(sim, EINVAL, "MB value %lu out of range [%u,%u]\n", number, resource->min, resource->max);
	}
	unsigned step = resource->granularity;
	*value = (*value + step - 1) / step * step;
	return 0;
}

static int parse_mask(struct sim *sim, const struct resource *resource, const char *word, uint32_t *value)
{
	unsigned long mask;
	if (!parse_number(word, 16, UINT64_MAX, &mask)) {
		return status(sim, EINVAL, "Non-hex character in the mask %s\n", word);
	}
	if ((resource->min_bits > 0 && mask == 0) || mask > full_mask(resource)) {
		return status(sim, EINVAL, "Mask out of range\n");
	}
	unsigned long lowest = mask & -mask;
	unsigned long run = mask & ~(mask + lowest);
	if (run != mask && !resource->sparse) {
		return status(sim, EINVAL, "The mask %lx has non-consecutive 1-bits\n", mask);
	}
	if ((unsigned)__builtin_popcountl(run) < resource->min_bits) {
		return status(sim, EINVAL, "Need at least %u bits in the mask\n", resource->min_bits);
	}
	*value = (uint32_t)mask;
	return 0;
}

static int check_overlap(struct sim *sim, struct group *group, int schema, int domain, uint32_t mask)
{
	if (overlaps(sim, group, schema, domain, mask, true)) {
		return status(sim, EINVAL, "Overlaps with exclusive group\n");
	}
	if (group->exclusive && overlaps(sim, group, schema, domain, mask, false)) {
		return status(sim, EINVAL, "Overlaps with other group\n");
	}
	return 0;
}

static int parse_value(struct sim *sim, struct group *group, int schema, int domain, const char *word,
	struct staged *staged)
{
	const struct resource *resource = sim->schemas[schema].resource;
	uint32_t *value = &staged->value[schema][domain];
	if (staged->there[schema][domain]) {
		return status(sim, EINVAL, "Duplicate domain %d\n", resource->domains.at[domain]);
	}
	int error = resource->bandwidth ? parse_bandwidth(sim, resource, word, value)
	                                : parse_mask(sim, resource, word, value);
	if (!error && !resource->bandwidth) error = check_overlap(sim, group, schema, domain, *value);
	if (error) return error;
	if (resource->megabytes) {
		/* Goes to the software controller, which has no stage: it holds though a later line be refused. */
		group->values[schema][domain] = *value;
		return 0;
	}
	staged->there[schema][domain] = true;
	return 0;
}

static int parse_line(struct sim *sim, struct group *group, int schema, char *values, struct staged *staged)
{
	while (values && *values) {
		char *value = strsep(&values, ";");
		char *id = strsep(&value, "=");
		unsigned long number;
		if (!value || !parse_number(id, 10, UINT64_MAX, &number)) {
			return status(sim, EINVAL, "Missing '=' or non-numeric domain\n");
		}
		int domain = number > 9999 ? -1 : find_domain(&sim->schemas[schema].resource->domains, (int)number);
		/* The kernel says nothing of it: last_cmd_status stays "ok". */
		if (domain < 0) return -EINVAL;
		int error = parse_value(sim, group, schema, domain, trim(value), staged);
		if (error) return error;
	}
	return 0;
}

static int find_schema(const struct sim *sim, const char *name)
{
	int s = 0;
	while (s < sim->schema_count && strcmp(sim->schemas[s].name, name)) s++;
	return s;
}

static int parse_lines(struct sim *sim, struct group *group, char *lines, struct staged *staged)
{
	for (char *rest; (rest = strsep(&lines, "\n"));) {
		char *name = trim(strsep(&rest, ":"));
		if (!rest) return status(sim, EINVAL, "Missing ':'\n");
		if (!*rest) return status(sim, EINVAL, "Missing '%s' value\n", name);
		int schema = find_schema(sim, name);
		if (schema == sim->schema_count) {
			return status(sim, EINVAL, "Unknown or unsupported resource name '%s'\n", name);
		}
		int error = parse_line(sim, group, schema, rest, staged);
		if (error) return error;
	}
	return 0;
}

int write_schemata(struct sim *sim, struct group *group, char *lines)
{
	struct staged staged = {0};
	status_clear(sim);
	count_up_to_now(sim);
	int error = parse_lines(sim, group, lines, &staged);
	if (error) return error;
	for (int s = 0; s < sim->schema_count; s++) {
		for (int d = 0; d < MAX_DOMAINS; d++) {
			if (staged.there[s][d]) group->values[s][d] = staged.value[s][d];
		}
	}
	return 0;
}
