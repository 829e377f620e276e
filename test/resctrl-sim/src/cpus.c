/* `cpus` and `cpus_list`. Which CPUs a group has is kept, but no counter depends on it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { WORDS = MAX_CPUS / 32 };

static bool has(const struct cpuset *set, int cpu)
{
	return set->words[cpu / 32] >> cpu % 32 & 1;
}

static bool is_empty(const struct cpuset *set)
{
	for (int i = 0; i < WORDS; i++) {
		if (set->words[i]) return false;
	}
	return true;
}

static struct cpuset without(const struct cpuset *a, const struct cpuset *b)
{
	struct cpuset left;
	for (int i = 0; i < WORDS; i++) left.words[i] = a->words[i] & ~b->words[i];
	return left;
}

static void add_all(struct cpuset *to, const struct cpuset *from)
{
	for (int i = 0; i < WORDS; i++) to->words[i] |= from->words[i];
}

void all_cpus(const struct sim *sim, struct cpuset *cpus)
{
	*cpus = (struct cpuset){0};
	for (int cpu = 0; cpu < sim->machine.cpus; cpu++) cpus->words[cpu / 32] |= UINT32_C(1) << cpu % 32;
}

bool has_cpus(const struct group *group)
{
	return !is_empty(&group->cpus);
}

static void show_mask(const struct sim *sim, const struct cpuset *set, struct text *out)
{
	int top = (sim->machine.cpus - 1) / 32;
	text_add(out, "%0*x", (sim->machine.cpus - top * 32 + 3) / 4, set->words[top]);
	for (int i = top - 1; i >= 0; i--) text_add(out, ",%08x", set->words[i]);
	text_add(out, "\n");
}

static void show_list(const struct sim *sim, const struct cpuset *set, struct text *out)
{
	const char *separator = "";
	for (int cpu = 0; cpu < sim->machine.cpus; cpu++) {
		if (!has(set, cpu)) continue;
		int last = cpu;
		while (last + 1 < sim->machine.cpus && has(set, last + 1)) last++;
		text_add(out, last > cpu ? "%s%d-%d" : "%s%d", separator, cpu, last);
		separator = ",";
		cpu = last;
	}
	text_add(out, "\n");
}

int show_cpus(struct sim *sim, struct group *group, bool list, struct text *out)
{
	if (list) show_list(sim, &group->cpus, out);
	else show_mask(sim, &group->cpus, out);
	return 0;
}

/* Hexadecimal, the highest CPU first, a comma after every 32; more commas than needed do no harm. */
static bool parse_mask(const char *text, struct cpuset *set)
{
	int bit = 0, in_chunk = 0;
	for (size_t i = strlen(text); i > 0; i--) {
		char letter[2] = {text[i - 1], '\0'};
		if (strchr(", \n", letter[0])) {
			if (in_chunk > 0) bit += 32 - 4 * in_chunk;
			in_chunk = 0;
			continue;
		}
		char *end;
		uint32_t digit = (uint32_t)strtoul(letter, &end, 16);
		if (*end || ++in_chunk > 8) return false;
		if (digit && bit >= MAX_CPUS) return false;
		if (bit < MAX_CPUS) set->words[bit / 32] |= digit << bit % 32;
		bit += 4;
	}
	return true;
}

static bool parse_list(char *text, struct cpuset *set)
{
	text = trim(text);
	for (char *range; (range = strsep(&text, ","));) {
		if (!*range) continue;
		char *end;
		unsigned long first = strtoul(range, &end, 10), last = first;
		if (end == range) return false;
		if (*end == '-') last = strtoul(end + 1, &end, 10);
		if (*end || last < first || last >= MAX_CPUS) return false;
		for (unsigned long cpu = first; cpu <= last; cpu++) set->words[cpu / 32] |= UINT32_C(1) << cpu % 32;
	}
	return true;
}

static int write_mon_group(struct sim *sim, struct group *group, const struct cpuset *wanted)
{
	struct cpuset foreign = without(wanted, &group->parent->cpus);
	if (!is_empty(&foreign)) {
		return status(sim, EINVAL, "Can only add CPUs to mongroup that belong to parent\n");
	}
	struct cpuset added = without(wanted, &group->cpus);
	for (struct group *other = group->parent->children; other; other = other->next) {
		if (other != group) other->cpus = without(&other->cpus, &added);
	}
	group->cpus = *wanted;
	return 0;
}

static int write_control_group(struct sim *sim, struct group *group, const struct cpuset *wanted)
{
	struct cpuset dropped = without(&group->cpus, wanted), added = without(wanted, &group->cpus);
	if (group == sim->root && !is_empty(&dropped)) {
		return status(sim, EINVAL, "Can't drop CPUs from default group\n");
	}
	add_all(&sim->root->cpus, &dropped);
	for (struct group *other = sim->controls; other; other = other->next) {
		if (other == group) continue;
		other->cpus = without(&other->cpus, &added);
		for (struct group *child = other->children; child; child = child->next) {
			child->cpus = without(&child->cpus, &added);
		}
	}
	group->cpus = *wanted;
	for (struct group *child = group->children; child; child = child->next) child->cpus = (struct cpuset){0};
	return 0;
}

int write_cpus(struct sim *sim, struct group *group, bool list, char *words)
{
	struct cpuset wanted = {0}, online;
	status_clear(sim);
	if (!(list ? parse_list(words, &wanted) : parse_mask(words, &wanted))) {
		return status(sim, EINVAL, "Bad CPU list/mask\n");
	}
	all_cpus(sim, &online);
	struct cpuset absent = without(&wanted, &online);
	if (!is_empty(&absent)) return status(sim, EINVAL, "Can only assign online CPUs\n");
	return group->parent ? write_mon_group(sim, group, &wanted) : write_control_group(sim, group, &wanted);
}

/* Those of a mon group are its parent's all along. */
void give_cpus_back(struct sim *sim, struct group *group)
{
	if (!group->parent) add_all(&sim->root->cpus, &group->cpus);
}
