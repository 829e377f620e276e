/* Which bits of a cache are whose: what a new group gets, `mode`, `bit_usage`. */
#include <errno.h>
#include <string.h>

#include "sim.h"

/* Bits of a group in a domain; those of the other half too where CDP splits the resource. */
static uint32_t used_by(const struct sim *sim, const struct group *group, int schema, int domain)
{
	int peer = sim->schemas[schema].peer;
	uint32_t other = peer >= 0 ? group->values[peer][domain] : 0;
	return group->values[schema][domain] | other;
}

bool overlaps(struct sim *sim, const struct group *group, int schema, int domain, uint32_t mask, bool exclusive)
{
	if (!exclusive && mask & sim->schemas[schema].resource->shareable) return true;
	for (struct group *other = sim->controls; other; other = other->next) {
		if (other == group || (exclusive && !other->exclusive)) continue;
		if (mask & used_by(sim, other, schema, domain)) return true;
	}
	return false;
}

static uint32_t first_run(uint32_t mask)
{
	if (!mask) return 0;
	uint32_t lowest = mask & -mask;
	return mask & ~(mask + lowest);
}

/* All bits that no exclusive group has, of which the kernel takes the lowest run. */
static uint32_t new_mask(const struct sim *sim, const struct group *group, int schema, int domain)
{
	const struct resource *resource = sim->schemas[schema].resource;
	uint32_t used = resource->shareable, shared = resource->shareable;
	for (const struct group *other = sim->controls; other; other = other->next) {
		if (other == group) continue;
		uint32_t bits = used_by(sim, other, schema, domain);
		used |= bits;
		if (!other->exclusive) shared |= bits;
	}
	return first_run(shared | (~used & full_mask(resource)));
}

int init_allocation(struct sim *sim, struct group *group)
{
	for (int s = 0; s < sim->schema_count; s++) {
		const struct resource *resource = sim->schemas[s].resource;
		for (int d = 0; d < resource->domains.count; d++) {
			uint32_t value = resource->bandwidth ? default_value(resource) : new_mask(sim, group, s, d);
			if (!resource->bandwidth && (unsigned)__builtin_popcount(value) < resource->min_bits) {
				return status(sim, ENOSPC, "No space on %s:%d\n", sim->schemas[s].name, resource->domains.at[d]);
			}
			group->values[s][d] = value;
		}
	}
	return 0;
}

int show_mode(struct sim *sim, struct group *group, struct text *out)
{
	(void)sim;
	text_add(out, "%s\n", group->exclusive ? "exclusive" : "shareable");
	return 0;
}

static int make_exclusive(struct sim *sim, struct group *group)
{
	bool has_cache = false;
	for (int s = 0; s < sim->schema_count; s++) {
		const struct resource *resource = sim->schemas[s].resource;
		if (resource->bandwidth) continue;
		has_cache = true;
		for (int d = 0; d < resource->domains.count; d++) {
			if (overlaps(sim, group, s, d, group->values[s][d], false)) {
				return status(sim, EINVAL, "Schemata overlaps\n");
			}
		}
	}
	if (!has_cache) return status(sim, EINVAL, "Cannot be exclusive without CAT/CDP\n");
	group->exclusive = true;
	return 0;
}

/* Pseudo-locking is left out, as in kernels that are built without it. */
int write_mode(struct sim *sim, struct group *group, char *word)
{
	status_clear(sim);
	if (!strcmp(word, "shareable")) {
		group->exclusive = false;
		return 0;
	}
	if (!strcmp(word, "exclusive")) return group->exclusive ? 0 : make_exclusive(sim, group);
	return status(sim, EINVAL, "Unknown or unsupported mode\n");
}

static char usage_of(const struct sim *sim, int schema, int domain, uint32_t bit)
{
	bool hardware = sim->schemas[schema].resource->shareable & bit;
	bool shared = false, exclusive = false;
	for (const struct group *group = sim->controls; group; group = group->next) {
		if (!(group->values[schema][domain] & bit)) continue;
		if (group->exclusive) exclusive = true;
		else shared = true;
	}
	if (hardware) return shared ? 'X' : 'H';
	if (shared) return 'S';
	return exclusive ? 'E' : '0';
}

int show_bit_usage(struct sim *sim, int schema, struct text *out)
{
	const struct resource *resource = sim->schemas[schema].resource;
	for (int d = 0; d < resource->domains.count; d++) {
		text_add(out, "%s%d=", d > 0 ? ";" : "", resource->domains.at[d]);
		for (unsigned bit = resource->bits; bit > 0; bit--) {
			text_add(out, "%c", usage_of(sim, schema, d, UINT32_C(1) << (bit - 1)));
		}
	}
	text_add(out, "\n");
	return 0;
}
