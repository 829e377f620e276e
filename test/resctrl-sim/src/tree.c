#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool in_info(const struct node *node)
{
	return node->place >= P_INFO;
}

/* A group that has another's name is another file, and so are its files. */
uint64_t inode_of(const struct node *node)
{
	uint64_t serial = node->group ? node->group->serial : 0;
	uint64_t within = (uint64_t)node->domain + (uint64_t)node->schema + (uint64_t)node->event * MAX_DOMAINS;
	uint64_t file = node->file ? (uint64_t)file_number(node->file) + 1 : 0;
	return serial << 24 | (uint64_t)(node->place + 1) << 18 | within << 10 | file;
}

/* Carries a directory's subdirectories to `add`; `find_node` goes through the same list. */
static void add_directory(list_entry *add, void *list, struct node node, enum place place, const char *name)
{
	node.place = place;
	node.file = NULL;
	add(list, &node, name);
}

static void list_groups(struct node node, struct group *first, enum place place, list_entry *add, void *list)
{
	for (struct group *group = first; group; group = group->next) {
		node.group = group;
		add_directory(add, list, node, place, group->name);
	}
}

static void list_caches(struct sim *sim, struct node node, list_entry *add, void *list)
{
	char name[32];
	for (node.domain = 0; node.domain < sim->machine.caches.count; node.domain++) {
		snprintf(name, sizeof name, "mon_L3_%02d", sim->machine.caches.at[node.domain]);
		add_directory(add, list, node, P_MON_CACHE, name);
	}
}

static void list_nodes(struct sim *sim, struct node node, list_entry *add, void *list)
{
	if (sim->machine.nodes == 1) return;
	char name[32];
	int first = node.domain * sim->machine.nodes;
	for (node.domain = first; node.domain < first + sim->machine.nodes; node.domain++) {
		snprintf(name, sizeof name, "mon_sub_L3_%02d", sim->domains.at[node.domain]);
		add_directory(add, list, node, P_MON_NODE, name);
	}
}

static void list_info(struct sim *sim, struct node node, list_entry *add, void *list)
{
	for (node.schema = 0; node.schema < sim->schema_count; node.schema++) {
		const struct schema *schema = &sim->schemas[node.schema];
		enum place place = schema->resource->bandwidth ? P_INFO_BANDWIDTH : P_INFO_CACHE;
		add_directory(add, list, node, place, schema->name);
	}
	node.schema = 0;
	if (can_monitor(sim)) add_directory(add, list, node, P_INFO_MON, "L3_MON");
}

static void list_event_configs(struct sim *sim, struct node node, list_entry *add, void *list)
{
	for (node.event = MBM_TOTAL_BYTES; node.event < EVENTS; node.event++) {
		if (sim->machine.events[node.event]) {
			add_directory(add, list, node, P_EVENT_CONFIG, EVENT_NAMES[node.event]);
		}
	}
}

static void list_subdirectories(struct sim *sim, const struct node *at, list_entry *add, void *list)
{
	struct node node = *at;
	switch (at->place) {
	case P_CONTROL:
		if (at->group == sim->root) {
			node.group = NULL;
			add_directory(add, list, node, P_INFO, "info");
			list_groups(node, sim->root->next, P_CONTROL, add, list);
			node.group = at->group;
		}
		if (can_monitor(sim)) add_directory(add, list, node, P_MON_GROUPS, "mon_groups");
		/* fall through */
	case P_MON:
		if (can_monitor(sim)) add_directory(add, list, node, P_MON_DATA, "mon_data");
		break;
	case P_MON_GROUPS:
		list_groups(node, at->group->children, P_MON, add, list);
		break;
	case P_MON_DATA:
		list_caches(sim, node, add, list);
		break;
	case P_MON_CACHE:
		list_nodes(sim, node, add, list);
		break;
	case P_INFO:
		list_info(sim, node, add, list);
		break;
	case P_INFO_MON:
		if (sim->machine.counters > 0) add_directory(add, list, node, P_EVENT_CONFIGS, "event_configs");
		break;
	case P_EVENT_CONFIGS:
		list_event_configs(sim, node, add, list);
		break;
	default:
		break;
	}
}

void list_directory(struct sim *sim, const struct node *directory, list_entry *add, void *list)
{
	for (const struct file *file = NULL; (file = next_file(sim, directory, file));) {
		struct node node = *directory;
		node.file = file;
		if (!file->hidden) add(list, &node, file->name);
	}
	list_subdirectories(sim, directory, add, list);
}

struct search {
	const char *name;
	struct node *found;
	bool done;
};

static void compare(void *list, const struct node *node, const char *name)
{
	struct search *search = list;
	if (search->done || strcmp(search->name, name)) return;
	*search->found = *node;
	search->done = true;
}

int find_node(struct sim *sim, const char *path, struct node *node)
{
	char words[4096], *rest = words;
	snprintf(words, sizeof words, "%s", path);
	*node = (struct node){.place = P_CONTROL, .group = sim->root};
	for (char *word; (word = strsep(&rest, "/"));) {
		if (!*word) continue;
		if (node->file) return -ENOTDIR;
		const struct node at = *node;
		node->file = find_file(sim, &at, word);
		if (node->file) continue;
		struct search search = {.name = word, .found = node};
		list_subdirectories(sim, &at, compare, &search);
		if (!search.done) return -ENOENT;
	}
	return 0;
}
