/* Making, removing and renaming groups. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

struct group *find_child(struct group *first, const char *name)
{
	while (first && strcmp(first->name, name)) first = first->next;
	return first;
}

/* By path below the mount point: "" or "/" for the root group, "a", "mon_groups/m", "a/mon_groups/m". */
struct group *find_group(const struct sim *sim, const char *path)
{
	char words[4 * NAME_BYTES], *rest = words;
	snprintf(words, sizeof words, "%s", *path == '/' ? path + 1 : path);
	if (!*rest) return sim->root;
	struct group *group = sim->root;
	char *word = strsep(&rest, "/");
	if (strcmp(word, "mon_groups")) {
		group = find_child(sim->root->next, word);
		word = strsep(&rest, "/");
	}
	if (!group || !word) return group;
	if (strcmp(word, "mon_groups") || !rest) return NULL;
	return find_child(group->children, rest);
}

static void append(struct group **list, struct group *group)
{
	while (*list) list = &(*list)->next;
	group->next = NULL;
	*list = group;
}

static void take_out(struct group **list, struct group *group)
{
	while (*list != group) list = &(*list)->next;
	*list = group->next;
	group->next = NULL;
}

static int take_closid(struct sim *sim)
{
	for (unsigned closid = 0; closid < sim->closids; closid++) {
		if (sim->closids_used[closid]) continue;
		sim->closids_used[closid] = true;
		return (int)closid;
	}
	return -ENOSPC;
}

static int take_ids(struct sim *sim, struct group *group)
{
	if (!group->parent) {
		int closid = take_closid(sim);
		if (closid < 0) return status(sim, -closid, "Out of CLOSIDs\n");
		group->closid = (unsigned)closid;
	}
	if (can_monitor(sim)) {
		int rmid = take_rmid(sim);
		if (rmid < 0) {
			if (!group->parent) sim->closids_used[group->closid] = false;
			return status(sim, -rmid, "Out of RMIDs\n");
		}
		group->rmid = (unsigned)rmid;
	}
	return 0;
}

static void give_ids_back(struct sim *sim, struct group *group)
{
	if (can_monitor(sim)) give_rmid_back(sim, group->rmid);
	if (!group->parent) sim->closids_used[group->closid] = false;
}

int make_group(struct sim *sim, struct group *parent, bool control, const char *name)
{
	struct group *group = calloc(1, sizeof *group);
	if (!group) return status(sim, ENOSPC, "Kernel out of memory\n");
	snprintf(group->name, sizeof group->name, "%s", name);
	group->parent = control ? NULL : parent;
	group->closid = parent->closid;
	group->mbps_event = sim->root->mbps_event;
	int error = take_ids(sim, group);
	if (!error && control) {
		error = init_allocation(sim, group);
		if (error) give_ids_back(sim, group);
	}
	if (error) {
		free(group);
		return error;
	}
	count_up_to_now(sim);
	group->serial = ++sim->serials;
	append(control ? &sim->controls : &parent->children, group);
	if (sim->assign_on_mkdir) assign_new_group(sim, group);
	return 0;
}

/* Its open files keep it in memory and answer ENODEV. */
static void drop(struct sim *sim, struct group *group)
{
	give_ids_back(sim, group);
	group->removed = true;
	if (group->handles == 0) free(group);
}

int remove_group(struct sim *sim, struct group *group)
{
	look_at_threads(sim);
	give_cpus_back(sim, group);
	while (group->children) {
		struct group *child = group->children;
		hand_threads_over(sim, child, sim->root);
		take_out(&group->children, child);
		drop(sim, child);
	}
	hand_threads_over(sim, group, group->parent ? group->parent : sim->root);
	take_out(group->parent ? &group->parent->children : &sim->controls, group);
	drop(sim, group);
	return 0;
}

/* Its threads come along, so they get the other control group's allocation at once; its RMID stays. */
int move_group(struct sim *sim, struct group *group, struct group *parent, const char *name)
{
	if (has_cpus(group) && parent != group->parent) {
		return status(sim, EPERM, "Cannot move a MON group that monitors CPUs\n");
	}
	if (find_child(parent->children, name)) return -EEXIST;
	count_up_to_now(sim);
	snprintf(group->name, sizeof group->name, "%s", name);
	if (parent == group->parent) return 0;
	take_out(&group->parent->children, group);
	group->parent = parent;
	group->closid = parent->closid;
	append(&parent->children, group);
	return 0;
}

/* An open file of it was closed. */
void release_group(struct group *group)
{
	if (--group->handles == 0 && group->removed) free(group);
}
