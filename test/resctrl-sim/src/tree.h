/* The tree: which directories there are, and which files are in one. */
#ifndef TREE_H
#define TREE_H

#include "sim.h"

enum place {
	P_CONTROL, /* a control group; the root of the mount is one */
	P_MON,
	P_MON_GROUPS,
	P_MON_DATA,
	P_MON_CACHE,
	P_MON_NODE,
	P_INFO,
	P_INFO_CACHE,
	P_INFO_BANDWIDTH,
	P_INFO_MON,
	P_EVENT_CONFIGS,
	P_EVENT_CONFIG,
	PLACES,
};

struct node;

struct file {
	const char *name;
	unsigned places; /* bits by place */
	bool (*is_there)(const struct sim *sim); /* NULL: always */
	int (*show)(struct sim *sim, const struct node *node, struct text *out);
	int (*write)(struct sim *sim, const struct node *node, char *words, pid_t writer);
	enum operation operation; /* as what a write is counted */
	bool needs_newline; /* at the end of what is written; it is cut off */
	bool hidden; /* not listed, and not counted */
};

/* A directory, or with `file` one of its files. */
struct node {
	enum place place;
	struct group *group; /* NULL below info */
	int schema;
	int domain; /* of monitoring; in P_MON_CACHE with several nodes the cache */
	enum event event;
	const struct file *file;
};

/* 0 and the node, or -ENOENT. */
int find_node(struct sim *sim, const char *path, struct node *node);
uint64_t inode_of(const struct node *node);
bool in_info(const struct node *node);

typedef void list_entry(void *list, const struct node *node, const char *name);
void list_directory(struct sim *sim, const struct node *directory, list_entry *add, void *list);

/* files.c */
const struct file *find_file(const struct sim *sim, const struct node *directory, const char *name);
/* Files of a directory in order: give NULL for the first one, NULL after the last one. */
const struct file *next_file(const struct sim *sim, const struct node *directory, const struct file *before);
int file_number(const struct file *file);

#endif
