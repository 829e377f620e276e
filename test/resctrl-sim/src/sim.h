/*
 * The simulated machine: what resctrl would know of the hardware, its groups, and what tests have asked
 * for. One `struct sim` is the whole state; nothing is kept outside it.
 */
#ifndef SIM_H
#define SIM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "text.h"

enum { MAX_DOMAINS = 32, MAX_SCHEMAS = 6, MAX_CPUS = 1024, MAX_FAULTS = 32, NAME_BYTES = 256 };

/* ------------------------------------------------------------------ hardware */

/* In the order in which the kernel numbers them. */
enum resource_id { L3, L2, MB, SMBA, RESOURCES };

enum event { LLC_OCCUPANCY, MBM_TOTAL_BYTES, MBM_LOCAL_BYTES, EVENTS };

struct ids {
	int count;
	int at[MAX_DOMAINS];
};

/* A cache whose ways, or a memory bandwidth whose share, can be allotted. */
struct resource {
	bool present;
	bool bandwidth; /* else a cache */
	unsigned closids;
	struct ids domains;

	unsigned bits;
	unsigned min_bits;
	uint32_t shareable;
	bool sparse;
	bool cdp_capable;
	bool cdp;
	uint64_t bytes;

	unsigned min;
	unsigned max;
	unsigned granularity;
	bool linear;
	bool megabytes; /* mount option mba_MBps */
	const char *throttle_mode; /* NULL where the hardware has no such choice */
};

/* A line of `schemata`: a resource, or the half of it that CDP makes. */
struct schema {
	struct resource *resource;
	enum resource_id id;
	char name[8];
	int peer; /* the other half's index, -1 without CDP */
};

struct machine {
	struct resource resources[RESOURCES];
	bool events[EVENTS];
	struct ids caches; /* L3 */
	int nodes; /* of each cache; monitoring domains are nodes if there is more than one */
	unsigned rmids;
	unsigned counters; /* assignable ones of each domain, 0 for none */
	bool bmec;
	bool tabular;
	bool debug;
	int cpus;
	uint64_t limbo_ms;
	unsigned limbo_attempts;
	uint64_t thread_rate;
	uint64_t thread_bytes;
	bool frozen;
};

/* ------------------------------------------------------------------ groups */

struct cpuset {
	uint32_t words[MAX_CPUS / 32];
};

/* What a reading answers in place of a number, as errno: 0, EIO, EINVAL or ENOENT. */
struct reading {
	uint64_t bytes;
	bool fixed; /* occupancy that a test has set */
	bool assigned; /* has one of the assignable counters */
	bool unavailable_once;
	int answer;
};

struct group {
	struct group *next;
	struct group *parent; /* control group of a mon group, NULL of a control group */
	struct group *children; /* mon groups */
	char name[NAME_BYTES];
	unsigned serial;
	unsigned closid;
	unsigned rmid;
	bool exclusive;
	enum event mbps_event;
	struct cpuset cpus;
	uint32_t values[MAX_SCHEMAS][MAX_DOMAINS];
	struct reading readings[MAX_DOMAINS][EVENTS];
	uint64_t threads; /* in it alone, not in its mon groups, at the last look */
	bool removed;
	unsigned handles; /* open files, which outlive it */
};

/* ------------------------------------------------------------------ state */

struct rmid {
	enum { RMID_FREE, RMID_USED, RMID_LIMBO } state;
	uint64_t clean_at_ms;
	unsigned attempts_left;
	uint64_t freed; /* order in which they are used again */
};

struct thread {
	struct group *group; /* NULL: not seen yet */
	unsigned seen; /* number of the look */
};

struct threads {
	struct thread *at; /* by thread id */
	pid_t limit;
	pid_t *alive;
	size_t count;
	size_t capacity;
	unsigned looks;
	uint64_t looked_ns;
};

enum operation {
	OP_MKDIR,
	OP_RMDIR,
	OP_RENAME,
	OP_TASKS, /* writes, and so on below */
	OP_SCHEMATA,
	OP_MODE,
	OP_CPUS,
	OP_OTHER,
	OP_READS,
	OP_MON_READS,
	OPERATIONS,
};

struct fault {
	enum operation operation;
	int error;
	unsigned left;
	char group[2 * NAME_BYTES]; /* empty: any */
};

struct sim {
	struct machine machine;
	struct schema schemas[MAX_SCHEMAS];
	int schema_count;
	int name_width;
	int value_width;
	unsigned closids; /* the fewest of all resources */
	struct ids domains; /* of monitoring */
	unsigned threshold; /* max_threshold_occupancy */

	struct group *controls; /* the root group first */
	struct group *root;
	unsigned serials;
	bool *closids_used;
	struct rmid *rmids;
	uint64_t rmids_freed;
	struct threads threads;

	uint64_t clock_base_ns; /* of the real clock, when it was last thawed */
	uint64_t clock_ns; /* simulated time until then */
	uint64_t counted_ns; /* simulated time up to which counters have grown */
	bool frozen;
	unsigned counter_bits;

	bool counters_on; /* mbm_assign_mode is mbm_event */
	bool assign_on_mkdir;
	uint8_t event_config[EVENTS];
	uint8_t bmec_config[EVENTS][MAX_DOMAINS];

	struct text status; /* last_cmd_status, empty for "ok" */
	struct text complaint; /* why the last command was refused */
	struct fault faults[MAX_FAULTS];
	int fault_count;
	uint64_t operations[OPERATIONS];
	uint64_t refused; /* of all but readings */
};

extern const char *const EVENT_NAMES[EVENTS];
extern const char *const OPERATION_NAMES[OPERATIONS];

/* options.c: fills the machine from a layout and what overrides it; the reason on stderr if it cannot. */
bool read_options(struct machine *machine, int count, char **words);

/* machine.c */
void start_sim(struct sim *sim);
bool can_allocate(const struct sim *sim);
bool can_monitor(const struct sim *sim);
bool has_bandwidth_events(const struct sim *sim);
int find_domain(const struct ids *ids, int id);
/* Index of the cache that monitoring domain `domain` belongs to. */
int cache_of(const struct sim *sim, int domain);
uint32_t full_mask(const struct resource *resource);
uint32_t default_value(const struct resource *resource);

/* status.c: info/last_cmd_status */
void status_clear(struct sim *sim);
int status(struct sim *sim, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
int show_status(struct sim *sim, struct text *out);

/* groups.c: negative errno or 0 */
int make_group(struct sim *sim, struct group *parent, bool control, const char *name);
int remove_group(struct sim *sim, struct group *group);
int move_group(struct sim *sim, struct group *group, struct group *parent, const char *name);
struct group *find_child(struct group *first, const char *name);
struct group *find_group(const struct sim *sim, const char *path);
void release_group(struct group *group);
static inline struct group *control_of(struct group *group) { return group->parent ? group->parent : group; }

/* rmids.c */
int take_rmid(struct sim *sim);
void give_rmid_back(struct sim *sim, unsigned rmid);

/* tasks.c */
void start_threads(struct sim *sim);
void look_at_threads(struct sim *sim);
void look_at_threads_if_older(struct sim *sim, unsigned ms);
void hand_threads_over(struct sim *sim, const struct group *from, struct group *to);
int show_tasks(struct sim *sim, struct group *group, struct text *out);
int write_tasks(struct sim *sim, struct group *group, char *words, pid_t writer);

/* cpus.c */
int show_cpus(struct sim *sim, struct group *group, bool list, struct text *out);
int write_cpus(struct sim *sim, struct group *group, bool list, char *words);
void give_cpus_back(struct sim *sim, struct group *group);
bool has_cpus(const struct group *group);
void all_cpus(const struct sim *sim, struct cpuset *cpus);

/* schemata.c */
int show_schemata(struct sim *sim, struct group *group, struct text *out);
int show_size(struct sim *sim, struct group *group, struct text *out);
int write_schemata(struct sim *sim, struct group *group, char *lines);

/* allocation.c: which bits of a cache are whose */
int init_allocation(struct sim *sim, struct group *group);
bool overlaps(struct sim *sim, const struct group *group, int schema, int domain, uint32_t mask, bool exclusive);
int show_mode(struct sim *sim, struct group *group, struct text *out);
int write_mode(struct sim *sim, struct group *group, char *word);
int show_bit_usage(struct sim *sim, int schema, struct text *out);

/* monitor.c */
uint64_t simulated_ns(const struct sim *sim);
void advance_clock(struct sim *sim, uint64_t ms);
void freeze_clock(struct sim *sim, bool frozen);
/* To be called before anything that the speed of counters depends on changes. */
void count_up_to_now(struct sim *sim);
/* `domain` is that of monitoring, or with `sum` the cache whose nodes are added up. */
int show_reading(struct sim *sim, struct group *group, int domain, bool sum, enum event event, struct text *out);

/* counters.c: assignable counters (ABMC) */
void assign_new_group(struct sim *sim, struct group *group);
int show_assign_mode(struct sim *sim, struct text *out);
int write_assign_mode(struct sim *sim, char *word);
int show_counters(struct sim *sim, bool available, struct text *out);
int show_assign_on_mkdir(struct sim *sim, struct text *out);
int write_assign_on_mkdir(struct sim *sim, char *word);
int show_assignments(struct sim *sim, struct group *group, struct text *out);
int write_assignments(struct sim *sim, struct group *group, char *lines);

/* events.c: what the events of bandwidth count (BMEC, event_filter) */
void start_event_configs(struct sim *sim);
int show_event_filter(struct sim *sim, enum event event, struct text *out);
int write_event_filter(struct sim *sim, enum event event, char *words);
int show_bmec(struct sim *sim, enum event event, struct text *out);
int write_bmec(struct sim *sim, enum event event, char *words);

/* control.c: the hidden file by which tests rule the simulator */
int show_operations(struct sim *sim, struct text *out);
int run_commands(struct sim *sim, char *lines);
/* The error that a test has ordered for this operation, 0 if none. */
int ordered_fault(struct sim *sim, enum operation operation, const struct group *group);

#endif
