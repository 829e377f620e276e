/* limit.c - how cheap can a round of WCA be on this kernel?
 *
 * Reads the same files as the agent (MeasurementRunner, StaticNode) in the same order with the same calls,
 * parses them, and replaces a file by the same Prometheus text: same families, series and order. Only the
 * agent's metrics about itself are a constant text here (-s). cgroup v1 with or without a v2 tree beside it.
 *
 *   cc -O2 -o limit limit.c      (needs families.h, which run.ts generates from the agent's catalogue)
 *   limit -t TASKS_FILE -o OUTPUT [-s SELF_TEXT] [-i SECONDS] [-k ROUNDS]
 *     -t  names of cgroups, one a line, sorted
 *     -s  file whose lines stand where the agent's wca_* metrics stand
 *     -i  interval in seconds, 0 for none (default 1)
 *     -k  stop after that many rounds and print what one costs, the first left out
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "families.h" /* struct { const char *name, *header; } FAMILIES[]: HELP and TYPE lines */

#define ABSENT UINT64_MAX
#define NODES "/sys/devices/system/node"
/* Same rule as the agent's: descriptors left for everything but kernel files. */
#define RESERVED_DESCRIPTORS 512
#define BUFFER_BYTES 65536

static void die(const char *what) { perror(what); exit(1); }

/* ---------------------------------------------------------------- reading */

struct file { int fd, there, pieces; char *path; };

static char buf[BUFFER_BYTES + 1];
static long kept, kept_limit, preads;

static struct file open_file(const char *path, int pieces)
{
	struct file f = {-1, 0, pieces, strdup(path)};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return f;
	f.there = 1;
	if (kept < kept_limit) { f.fd = fd; kept++; } else close(fd);
	return f;
}

/* Whole content, 0-terminated, in buf; 0 when there is no such file. */
static char *slurp(struct file *f, size_t *length)
{
	if (!f->there) return 0;
	int fd = f->fd >= 0 ? f->fd : open(f->path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	for (;;) {
		ssize_t n = fd < 0 ? -1 : pread(fd, buf + len, BUFFER_BYTES - len, len);
		preads++;
		if (n < 0 && len == 0 && errno == EOPNOTSUPP) { f->there = 0; break; }
		if (n < 0) die(f->path);
		len += n;
		/* kernfs and single-record seq files come whole; others until nothing more comes */
		if (!f->pieces || n == 0) break;
	}
	if (f->fd < 0) close(fd);
	buf[len] = 0;
	if (length) *length = len;
	return f->there ? buf : 0;
}

/* ---------------------------------------------------------------- parsing */

static inline uint64_t num(const char *s) { uint64_t v = 0; while (*s >= '0' && *s <= '9') v = v * 10 + (*s++ - '0'); return v; }
static inline int digit(char c) { return c >= '0' && c <= '9'; }
static inline char *next_line(char *s, char *end) { char *nl = memchr(s, '\n', end - s); return nl ? nl + 1 : end; }

struct key { const char *name; int length; uint64_t *value; };
#define KEY(name, value) {name, sizeof name - 1, value}

/* Values of lines "key value"; keys stand in the order of the kernel's file, so one pass finds them all. */
static void keyed(char *s, size_t length, const struct key *keys, int count)
{
	char *end = s + length;
	for (int i = 0; i < count; i++) *keys[i].value = ABSENT;
	for (int i = 0; s < end && i < count; s = next_line(s, end))
		for (int k = i; k < count && k <= i + 1; k++)	/* one key may be missing on this kernel */
			if (!memcmp(s, keys[k].name, keys[k].length)) { *keys[k].value = num(s + keys[k].length); i = k + 1; break; }
}

static void pressure(char *s, uint64_t *some, uint64_t *full)
{
	*some = *full = ABSENT;
	for (; s && *s; s = strchr(s, '\n'), s = s ? s + 1 : 0) {
		char *total = strstr(s, "total=");
		if (!total) break;
		if (*s == 's') *some = num(total + 6);
		if (*s == 'f') *full = num(total + 6);
		s = total;
	}
}

static uint64_t kibibytes(char *text, const char *key)
{
	char *p = strstr(text, key);
	if (!p) return ABSENT;
	p += strlen(key);
	while (*p == ' ') p++;
	return num(p) << 10;
}

/* ---------------------------------------------------------------- text */

static char host[256], *out;
static size_t outcap, outlen;

static inline void put(const char *s, size_t n)
{
	if (outlen + n + 64 > outcap) { outcap = (outlen + n + 64) * 2; if (!(out = realloc(out, outcap))) die("realloc"); }
	memcpy(out + outlen, s, n);
	outlen += n;
}
static inline void putu(uint64_t v) { char t[24]; int i = 24; do { t[--i] = '0' + v % 10; v /= 10; } while (v); put(t + i, 24 - i); }

/* v / 10^places as JavaScript writes the double: no zeros at the end, an exponent below 1e-6 */
static void put_scaled(uint64_t v, int places)
{
	uint64_t power = 1;
	for (int i = 0; i < places; i++) power *= 10;
	if (v && places > 6 && v < power / 1000000) {
		char t[32];
		int n = snprintf(t, sizeof t, "%.10g", (double)v / power);
		char *e = strstr(t, "e-0");
		if (e) { memmove(e + 2, e + 3, n - (e + 3 - t)); n--; }
		put(t, n);
		return;
	}
	putu(v / power);
	uint64_t rest = v % power;
	if (!rest) return;
	while (rest % 10 == 0) { rest /= 10; places--; }
	char t[24] = ".";
	for (int i = places; i > 0; i--) { t[i] = '0' + rest % 10; rest /= 10; }
	put(t, places + 1);
}

/* A text made once. */
struct text { char *s; size_t n; };
__attribute__((format(printf, 1, 2))) static struct text text(const char *format, ...)
{
	struct text t; va_list a;
	va_start(a, format);
	int n = vasprintf(&t.s, format, a);
	va_end(a);
	if (n < 0) die("vasprintf");
	t.n = n;
	return t;
}
static inline void putt(struct text t) { put(t.s, t.n); }

static struct text header(const char *name)
{
	for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; i++)
		if (!strcmp(FAMILIES[i].name, name)) return text("%s", FAMILIES[i].header);
	fprintf(stderr, "limit: families.h has no %s\n", name);
	exit(1);
}

/* A family with its HELP and TYPE lines; they are written before its first sample. */
struct family { const char *name; struct text header; int begun; };
static void begin(struct family *f)
{
	if (!f->header.s) f->header = header(f->name);
	if (f->begun) return;
	f->begun = 1;
	if (outlen) put("\n", 1);
	putt(f->header);
}

/* One platform sample: line up to the value, then the value. */
struct sample { struct family *family; struct text start; };
static struct sample platform_sample(struct family *f, const char *labels)
{
	return (struct sample){f, text("%s{%s} ", f->name, labels)};
}
static void put_sample(struct sample *s, uint64_t v, int places)
{
	if (v == ABSENT) return;
	begin(s->family);
	putt(s->start);
	put_scaled(v, places);
	put("\n", 1);
}
static struct sample host_sample(const char *name)
{
	struct family *f = calloc(1, sizeof *f);
	f->name = name;
	char labels[320];
	snprintf(labels, sizeof labels, "host=\"%s\"", host);
	return platform_sample(f, labels);
}

/* ---------------------------------------------------------------- tasks */

enum cell { USAGE, USER, SYSTEM, PERIODS, THROTTLED, THROTTLED_NS, MEM, MAXMEM, LIMIT, SOFT, KERNEL, PGFAULT, CACHE, RSS, RSS_HUGE,
	REFAULT_ANON, REFAULT_FILE, SWAP, INACTIVE_FILE, WORKING_SET, OOM_KILL, PIDS,
	CPU_SOME, CPU_FULL, MEMORY_SOME, MEMORY_FULL, IO_SOME, IO_FULL, LAST_SEEN, ZERO, ONE, CELLS };

enum { F_USAGE, F_STAT, F_CPUSTAT, F_MEM, F_MAXMEM, F_LIMIT, F_SOFT, F_KERNEL, F_MEMSTAT, F_NUMA, F_OOM, F_PIDS,
	F_CPU_PSI, F_MEMORY_PSI, F_IO_PSI, TASK_FILES };
/* In the order in which the agent reads them. */
static const struct { const char *controller, *name; } FILES[TASK_FILES] = {
	{"cpuacct", "cpuacct.usage"}, {"cpuacct", "cpuacct.stat"}, {"cpu", "cpu.stat"},
	{"memory", "memory.usage_in_bytes"}, {"memory", "memory.max_usage_in_bytes"},
	{"memory", "memory.limit_in_bytes"}, {"memory", "memory.soft_limit_in_bytes"},
	{"memory", "memory.kmem.usage_in_bytes"}, {"memory", "memory.stat"}, {"memory", "memory.numa_stat"},
	{"memory", "memory.oom_control"}, {"pids", "pids.current"},
	{"v2", "cpu.pressure"}, {"v2", "memory.pressure"}, {"v2", "io.pressure"},
};

#define MAX_NODES 64
struct task {
	char *name;
	struct text tail;	/* task_id="..",task_name=".."} and a blank */
	struct file pulse, f[TASK_FILES];
	uint64_t v[CELLS], pages[MAX_NODES];
};
static struct task *tasks;
static int ntasks;

/* In the order of the text: families by name, series by their labels. */
static struct { struct family family; const char *more; enum cell cell; int places; struct text start; } TASK_SERIES[] = {
	{{"task_cpu_periods_total"}, "", PERIODS, 0},
	{{"task_cpu_system_seconds_total"}, "", SYSTEM, 2},
	{{"task_cpu_throttled_periods_total"}, "", THROTTLED, 0},
	{{"task_cpu_throttled_seconds_total"}, "", THROTTLED_NS, 9},
	{{"task_cpu_usage_seconds"}, "", USAGE, 9},
	{{"task_cpu_user_seconds_total"}, "", USER, 2},
	{{"task_last_seen"}, "", LAST_SEEN, 3},
	{{"task_mem_anon_bytes"}, "", RSS, 0},
	{{"task_mem_anon_thp_bytes"}, "", RSS_HUGE, 0},
	{{"task_mem_file_bytes"}, "", CACHE, 0},
	{{"task_mem_kernel_bytes"}, "", KERNEL, 0},
	{{"task_mem_limit_bytes"}, "", LIMIT, 0},
	{{"task_mem_max_usage_bytes"}, "", MAXMEM, 0},
	{{"task_mem_numa_pages"}, "", CELLS, 0},	/* by node, see put_tasks */
	{{"task_mem_oom_kills_total"}, "", OOM_KILL, 0},
	{{"task_mem_page_faults"}, "", PGFAULT, 0},
	{{"task_mem_soft_limit_bytes"}, "", SOFT, 0},
	{{"task_mem_swap_bytes"}, "", SWAP, 0},
	{{"task_mem_usage_bytes"}, "", MEM, 0},
	{{"task_mem_working_set_bytes"}, "", WORKING_SET, 0},
	{{"task_mem_workingset_refaults_total"}, "kind=\"anon\",", REFAULT_ANON, 0},
	{{"task_mem_workingset_refaults_total"}, "kind=\"file\",", REFAULT_FILE, 0},
	{{"task_pids"}, "", PIDS, 0},
	{{"task_pressure_seconds_total"}, "kind=\"full\",resource=\"cpu\",", CPU_FULL, 6},
	{{"task_pressure_seconds_total"}, "kind=\"full\",resource=\"io\",", IO_FULL, 6},
	{{"task_pressure_seconds_total"}, "kind=\"full\",resource=\"memory\",", MEMORY_FULL, 6},
	{{"task_pressure_seconds_total"}, "kind=\"some\",resource=\"cpu\",", CPU_SOME, 6},
	{{"task_pressure_seconds_total"}, "kind=\"some\",resource=\"io\",", IO_SOME, 6},
	{{"task_pressure_seconds_total"}, "kind=\"some\",resource=\"memory\",", MEMORY_SOME, 6},
	{{"task_subcontainers"}, "", ZERO, 0},
	{{"task_up"}, "", ONE, 0},
};
#define NTASK_SERIES (sizeof TASK_SERIES / sizeof *TASK_SERIES)

static char *mounts[8]; static const char *controllers[8] = {"cpu", "cpuacct", "memory", "cpuset", "pids", "perf_event", "v2"};

/* The first mount of each hierarchy; cpu and cpuacct may share one. */
static void find_mounts(void)
{
	FILE *fp = fopen("/proc/self/mounts", "r");
	if (!fp) die("/proc/self/mounts");
	char line[4096], target[1024], type[64], options[2048];
	while (fgets(line, sizeof line, fp)) {
		if (sscanf(line, "%*s %1023s %63s %2047s", target, type, options) != 3) continue;
		if (!strcmp(type, "cgroup2") && !mounts[6]) mounts[6] = strdup(target);
		if (strcmp(type, "cgroup")) continue;
		for (char *o = strtok(options, ","); o; o = strtok(0, ","))
			for (int i = 0; i < 6; i++) if (!strcmp(o, controllers[i]) && !mounts[i]) mounts[i] = strdup(target);
	}
	fclose(fp);
}
static const char *mount_of(const char *controller)
{
	for (int i = 0; i < 7; i++) if (!strcmp(controllers[i], controller)) return mounts[i];
	return 0;
}

static void open_task(struct task *t, const char *name)
{
	char path[1024];
	memset(t, 0, sizeof *t);
	t->name = strdup(name);
	t->tail = text("task_id=\"%s\",task_name=\"%s\"} ", name, name);
	for (int i = 0; i < 7 && !t->pulse.there; i++) {
		if (!mounts[i]) continue;
		snprintf(path, sizeof path, "%s/%s/%s", mounts[i], name, i == 6 ? "cgroup.max.depth" : "notify_on_release");
		t->pulse = open_file(path, 0);
	}
}
static void open_task_files(struct task *t)
{
	char path[1024];
	for (int i = 0; i < TASK_FILES; i++) {
		const char *mount = mount_of(FILES[i].controller);
		if (!mount) continue;
		snprintf(path, sizeof path, "%s/%s/%s", mount, t->name, FILES[i].name);
		t->f[i] = open_file(path, 0);
	}
}

static inline uint64_t number_in(struct file *f) { char *s = slurp(f, 0); return s && digit(*s) ? num(s) : ABSENT; }

static void read_task(struct task *t)
{
	uint64_t *v = t->v;
	size_t n;
	char *s;
	v[USAGE] = number_in(&t->f[F_USAGE]);
	if ((s = slurp(&t->f[F_STAT], &n))) keyed(s, n, (struct key[]){KEY("user ", &v[USER]), KEY("system ", &v[SYSTEM])}, 2);
	else v[USER] = v[SYSTEM] = ABSENT;
	if ((s = slurp(&t->f[F_CPUSTAT], &n)))
		keyed(s, n, (struct key[]){KEY("nr_periods ", &v[PERIODS]), KEY("nr_throttled ", &v[THROTTLED]),
			KEY("throttled_time ", &v[THROTTLED_NS])}, 3);
	else v[PERIODS] = v[THROTTLED] = v[THROTTLED_NS] = ABSENT;
	v[MEM] = number_in(&t->f[F_MEM]);
	v[MAXMEM] = number_in(&t->f[F_MAXMEM]);
	v[LIMIT] = number_in(&t->f[F_LIMIT]);
	v[SOFT] = number_in(&t->f[F_SOFT]);
	v[KERNEL] = number_in(&t->f[F_KERNEL]);
	if ((s = slurp(&t->f[F_MEMSTAT], &n)))
		keyed(s, n, (struct key[]){KEY("pgfault ", &v[PGFAULT]), KEY("total_cache ", &v[CACHE]), KEY("total_rss ", &v[RSS]),
			KEY("total_rss_huge ", &v[RSS_HUGE]), KEY("total_workingset_refault_anon ", &v[REFAULT_ANON]),
			KEY("total_workingset_refault_file ", &v[REFAULT_FILE]), KEY("total_swap ", &v[SWAP]),
			KEY("total_inactive_file ", &v[INACTIVE_FILE])}, 8);
	else v[PGFAULT] = v[CACHE] = v[RSS] = v[RSS_HUGE] = v[REFAULT_ANON] = v[REFAULT_FILE] = v[SWAP] = v[INACTIVE_FILE] = ABSENT;
	v[WORKING_SET] = v[MEM] == ABSENT || v[INACTIVE_FILE] == ABSENT ? ABSENT : v[MEM] < v[INACTIVE_FILE] ? 0 : v[MEM] - v[INACTIVE_FILE];
	for (int i = 0; i < MAX_NODES; i++) t->pages[i] = ABSENT;
	if ((s = slurp(&t->f[F_NUMA], &n)))
		for (char *p = s; *p && *p != '\n'; p++)
			if (*p == ' ' && p[1] == 'N') {
				int node = num(p + 2);
				if ((p = strchr(p, '=')) && node < MAX_NODES) t->pages[node] = num(p + 1);
			}
	v[OOM_KILL] = ABSENT;
	if ((s = slurp(&t->f[F_OOM], &n))) {
		uint64_t ignored;
		keyed(s, n, (struct key[]){KEY("under_oom ", &ignored), KEY("oom_kill ", &v[OOM_KILL])}, 2);
	}
	v[PIDS] = number_in(&t->f[F_PIDS]);
	for (int i = 0; i < 3; i++) pressure(slurp(&t->f[F_CPU_PSI + i], 0), &v[CPU_SOME + 2 * i], &v[CPU_FULL + 2 * i]);
	v[ONE] = 1;
	v[ZERO] = 0;
}

static void put_tasks(void)
{
	struct family *current = 0;
	for (size_t i = 0; i < NTASK_SERIES; i++) {
		const char *name = TASK_SERIES[i].family.name;
		int by_node = TASK_SERIES[i].cell == CELLS;
		/* several series of one family share the first one's header */
		if (!current || strcmp(current->name, name)) { current = &TASK_SERIES[i].family; current->begun = 0; }
		if (!by_node && !TASK_SERIES[i].start.s) TASK_SERIES[i].start = text("%s{host=\"%s\",%s", name, host, TASK_SERIES[i].more);
		for (int node = 0; node < (by_node ? MAX_NODES : 1); node++) {
			static struct text node_start[MAX_NODES];
			struct text start = by_node ? node_start[node] : TASK_SERIES[i].start;
			for (int k = 0; k < ntasks; k++) {
				struct task *t = &tasks[k];
				uint64_t v = by_node ? t->pages[node] : t->v[TASK_SERIES[i].cell];
				if (v == ABSENT) continue;
				if (!start.s) start = node_start[node] = text("%s{host=\"%s\",numa_node=\"%d\",", name, host, node);
				begin(current);
				putt(start);
				putt(t->tail);
				if (TASK_SERIES[i].places) put_scaled(v, TASK_SERIES[i].places); else putu(v);
				put("\n", 1);
			}
		}
	}
}

/* ---------------------------------------------------------------- platform */

/* The lines of a file of keys and numbers, learned once: the order of text is that of labels, not of the file. */
struct line { char *key; int length, rank; uint64_t v; struct sample sample; };
struct table { struct family family; struct line *lines; int count, cap, *order; };

static int by_sample(const void *a, const void *b) { return strcmp((*(struct line *const *)a)->sample.start.s, (*(struct line *const *)b)->sample.start.s); }

static void sort_table(struct table *t)
{
	struct line **p = malloc(t->count * sizeof *p);
	for (int i = 0; i < t->count; i++) p[i] = &t->lines[i];
	qsort(p, t->count, sizeof *p, by_sample);
	t->order = malloc(t->count * sizeof *t->order);
	for (int i = 0; i < t->count; i++) t->order[i] = p[i] - t->lines;
	free(p);
}
static struct line *line_at(struct table *t, int index, const char *key, int length)
{
	if (index < t->count) {
		struct line *l = &t->lines[index];
		if (l->length != length || memcmp(l->key, key, length)) { fprintf(stderr, "limit: lines of %s changed\n", t->family.name); exit(1); }
		return l;
	}
	if (t->count == t->cap) t->lines = realloc(t->lines, (t->cap = t->cap ? t->cap * 2 : 64) * sizeof *t->lines);
	struct line *l = &t->lines[t->count++];
	*l = (struct line){strndup(key, length), length};
	return l;
}
static void put_table(struct table *t)
{
	if (!t->order) sort_table(t);
	for (int i = 0; i < t->count; i++) put_sample(&t->lines[t->order[i]].sample, t->lines[t->order[i]].v, 0);
}

static void read_vmstat(struct file *f, struct table *t, int node)
{
	size_t n;
	char *s = slurp(f, &n), *end = s + n;
	int index = 0;
	for (; s && s < end; s = next_line(s, end)) {
		char *blank = memchr(s, ' ', end - s);
		if (!blank || !digit(blank[1])) break;
		struct line *l = line_at(t, index++, s, blank - s);
		if (!l->sample.start.s) {
			char labels[512];
			int k = snprintf(labels, sizeof labels, "host=\"%s\",key=\"%s\"", host, l->key);
			if (node >= 0) snprintf(labels + k, sizeof labels - k, ",numa_node=\"%d\"", node);
			l->sample = platform_sample(&t->family, labels);
		}
		l->v = num(blank + 1);
		s = blank;
	}
}

static void read_zoneinfo(struct file *f, struct table *t)
{
	size_t n;
	char *s = slurp(f, &n), *end = s + n, zone[32] = "";
	int node = 0, whole = 0, index = 0;
	for (; s && s < end; s = next_line(s, end)) {
		if (*s == 'N') {
			node = num(s + 5);
			char *z = strstr(s, "zone");
			for (z += 4; *z == ' '; z++) ;
			int k = 0;
			for (; z[k] != '\n' && z[k] && k < 31; k++) zone[k] = z[k];
			zone[k] = whole = 0;
			continue;
		}
		if (!memcmp(s, "  per-node stats", 16)) { whole = 1; continue; }
		char *p = s;
		if (!memcmp(s, "  pages", 7)) { whole = 0; p += 7; }
		char *key = p;
		while (*key == ' ' || *key == '\t') key++;
		if (key == p) continue;
		char *e = key;
		while ((*e >= 'a' && *e <= 'z') || *e == '_') e++;
		char *d = e;
		while (*d == ' ' || *d == '\t') d++;
		if (e == key || d == e || !digit(*d)) continue;
		struct line *l = line_at(t, index++, key, e - key);
		if (!l->sample.start.s) {
			char labels[512];
			snprintf(labels, sizeof labels, "host=\"%s\",key=\"%s\",numa_node=\"%d\",zone=\"%s\"", host, l->key, node, whole ? "per-node-stats" : zone);
			l->sample = platform_sample(&t->family, labels);
		}
		l->v = num(d);
	}
}

#define MAX_CPUS 4096
static struct file online_cpus, online_nodes[3], procstat, meminfo, psi[4], vmstat, zoneinfo, nodemem[MAX_NODES], nodevm[MAX_NODES], self[2];
/* Pools of huge pages: an empty one costs one file. */
#define HUGEPAGES "/sys/kernel/mm/hugepages"
#define MAX_SIZES 4
enum { POOL_TOTAL, POOL_FREE, POOL_SURPLUS, POOL_FILES };
static struct { char *name; struct file reserved, pool[MAX_NODES][POOL_FILES]; uint64_t v_reserved, v[MAX_NODES][POOL_FILES]; } sizes[MAX_SIZES];
static int nsizes;
static struct table vm = {{"platform_vmstat"}}, zones = {{"platform_zoneinfo"}}, nodevms = {{"platform_node_vmstat"}}, nodevm_of[MAX_NODES];
static uint64_t cpu[MAX_CPUS], memused, swap_total, swap_free, anon_thp, nodefree[MAX_NODES], nodeused[MAX_NODES], some[4], full[4], topology[5];
static int distance[MAX_NODES][MAX_NODES], nnodes, rss_pages;
static const char *RESOURCES[4] = {"cpu", "memory", "io", "irq"};

/* Topology is read at start and whenever the lists of what is online change, which here never happens. */
static void read_topology(void)
{
	char path[256];
	int packages[256] = {0}, cores = 0, seen[4096][2], online = 0;
	for (int c = 0; c < MAX_CPUS; c++) {
		snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/physical_package_id", c);
		struct file p = open_file(path, 0);
		if (!p.there) break;
		int package = number_in(&p);
		snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/core_id", c);
		struct file q = open_file(path, 0);
		int core = number_in(&q), known = 0;
		for (int i = 0; i < cores; i++) known |= seen[i][0] == package && seen[i][1] == core;
		if (!known) { seen[cores][0] = package; seen[cores++][1] = core; }
		if (!packages[package & 255]++) topology[4]++;
		online++;
		close(p.fd); close(q.fd); kept -= 2;
	}
	topology[0] = cores; topology[1] = topology[3] = online; topology[2] = nnodes;
	for (int n = 0; n < nnodes; n++) {
		snprintf(path, sizeof path, NODES "/node%d/distance", n);
		struct file f = open_file(path, 0);
		char *s = slurp(&f, 0);
		for (int m = 0; s && m < nnodes; m++) { distance[n][m] = num(s); while (digit(*s)) s++; while (*s == ' ') s++; }
		close(f.fd); kept--;
	}
}

static void open_platform(void)
{
	char path[256];
	online_cpus = open_file("/sys/devices/system/cpu/online", 0);
	for (int i = 0; i < 3; i++) online_nodes[i] = open_file(NODES "/online", 0);
	procstat = open_file("/proc/stat", 0);
	meminfo = open_file("/proc/meminfo", 0);
	for (int i = 0; i < 4; i++) { snprintf(path, sizeof path, "/proc/pressure/%s", RESOURCES[i]); psi[i] = open_file(path, 0); }
	vmstat = open_file("/proc/vmstat", 1);
	zoneinfo = open_file("/proc/zoneinfo", 1);
	for (nnodes = 0; nnodes < MAX_NODES; nnodes++) {
		snprintf(path, sizeof path, NODES "/node%d/meminfo", nnodes);
		if (access(path, R_OK)) break;
		nodemem[nnodes] = open_file(path, 0);
		snprintf(path, sizeof path, NODES "/node%d/vmstat", nnodes);
		nodevm[nnodes] = open_file(path, 0);
		nodevm_of[nnodes].family = nodevms.family;
	}
	struct dirent **entries;
	int n = scandir(HUGEPAGES, &entries, 0, alphasort);
	for (int i = 0; i < n; i++)
		if (!strncmp(entries[i]->d_name, "hugepages-", 10) && nsizes < MAX_SIZES) sizes[nsizes++].name = strdup(entries[i]->d_name + 10);
	self[0] = open_file("/proc/self/stat", 0);
	self[1] = open_file("/proc/self/statm", 0);
	read_topology();
}

static uint64_t pages_in(struct file *f, const char *directory, const char *size, const char *name)
{
	char path[256];
	snprintf(path, sizeof path, "%s/hugepages-%s/%s", directory, size, name);
	if (!f->path) *f = open_file(path, 0);
	return number_in(f);
}

static void read_hugepages(void)
{
	static const char *NAMES[POOL_FILES] = {"nr_hugepages", "free_hugepages", "surplus_hugepages"};
	char directory[128];
	for (int s = 0; s < nsizes; s++) sizes[s].v_reserved = 0;
	for (int node = 0; node < nnodes; node++) {
		snprintf(directory, sizeof directory, NODES "/node%d/hugepages", node);
		for (int s = 0; s < nsizes; s++) {
			uint64_t *v = sizes[s].v[node];
			v[POOL_TOTAL] = pages_in(&sizes[s].pool[node][POOL_TOTAL], directory, sizes[s].name, NAMES[POOL_TOTAL]);
			for (int i = POOL_FREE; i < POOL_FILES; i++)
				v[i] = v[POOL_TOTAL] ? pages_in(&sizes[s].pool[node][i], directory, sizes[s].name, NAMES[i]) : 0;
			if (v[POOL_TOTAL]) sizes[s].v_reserved = 1;
		}
	}
	for (int s = 0; s < nsizes; s++)
		if (sizes[s].v_reserved) sizes[s].v_reserved = pages_in(&sizes[s].reserved, HUGEPAGES, sizes[s].name, "resv_hugepages");
}

static void read_platform(void)
{
	char *s = slurp(&procstat, 0);
	for (int i = 0; i < MAX_CPUS && cpu[i] != ABSENT; i++) cpu[i] = ABSENT;
	for (; s && *s == 'c' && s[1] == 'p'; s = strchr(s, '\n'), s = s ? s + 1 : 0) {
		if (!digit(s[3])) continue;
		uint64_t f[8] = {0};
		int c = num(s + 3), n = 0;
		for (char *p = strchr(s, ' '); p && n < 8; p = strchr(p + 1, ' ')) f[n++] = num(p + 1);
		if (c < MAX_CPUS) cpu[c] = f[0] + f[1] + f[2] + f[5] + f[6] + f[7];
	}
	if ((s = slurp(&meminfo, 0))) {
		memused = kibibytes(s, "MemTotal:") - kibibytes(s, "MemFree:") - kibibytes(s, "Buffers:") - kibibytes(s, "\nCached:");
		swap_total = kibibytes(s, "SwapTotal:"); swap_free = kibibytes(s, "SwapFree:"); anon_thp = kibibytes(s, "AnonHugePages:");
	}
	slurp(&online_nodes[1], 0);
	for (int i = 0; i < nnodes; i++) {
		s = slurp(&nodemem[i], 0);
		nodefree[i] = kibibytes(s, " MemFree:");
		nodeused[i] = kibibytes(s, " MemUsed:");
	}
	for (int i = 0; i < 4; i++) pressure(slurp(&psi[i], 0), &some[i], &full[i]);
	read_vmstat(&vmstat, &vm, -1);
	slurp(&online_nodes[2], 0);
	for (int i = 0; i < nnodes; i++) read_vmstat(&nodevm[i], &nodevm_of[i], i);
	read_zoneinfo(&zoneinfo, &zones);
	read_hugepages();
}

/* A family of several platform samples that are made once; begin again each round. */
#define ONCE(variable, make) do { if (!(variable).start.s) (variable) = make; } while (0)
static struct sample labelled(struct family *f, const char *format, int a, int b)
{
	char labels[512];
	int n = snprintf(labels, sizeof labels, "host=\"%s\"", host);
	snprintf(labels + n, sizeof labels - n, format, a, b);
	return platform_sample(f, labels);
}

static void put_host(const char *name, struct sample *s, uint64_t v, int places)
{
	if (!s->start.s) *s = host_sample(name);
	s->family->begun = 0;
	put_sample(s, v, places);
}

static void put_hugepages(void)
{
	static struct family families[4] = {{"platform_mem_hugepages"}, {"platform_mem_hugepages_free"}, {"platform_mem_hugepages_reserved"},
		{"platform_mem_hugepages_surplus"}};
	static struct sample samples[3][MAX_NODES][MAX_SIZES], reserved[MAX_SIZES];
	static const int order[4] = {POOL_TOTAL, POOL_FREE, -1, POOL_SURPLUS};
	char labels[320];
	for (int f = 0; f < 4; f++) {
		families[f].begun = 0;
		for (int node = 0; node < (order[f] < 0 ? 1 : nnodes); node++)
			for (int s = 0; s < nsizes; s++) {
				struct sample *sample = order[f] < 0 ? &reserved[s] : &samples[order[f]][node][s];
				if (!sample->start.s) {
					if (order[f] < 0) snprintf(labels, sizeof labels, "host=\"%s\",page_size=\"%s\"", host, sizes[s].name);
					else snprintf(labels, sizeof labels, "host=\"%s\",numa_node=\"%d\",page_size=\"%s\"", host, node, sizes[s].name);
					*sample = platform_sample(&families[f], labels);
				}
				put_sample(sample, order[f] < 0 ? sizes[s].v_reserved : sizes[s].v[node][order[f]], 0);
			}
	}
}

static void put_platform(uint64_t now_ms)
{
	static struct family f_cpu = {"platform_cpu_usage"}, f_free = {"platform_mem_numa_free_bytes"}, f_used = {"platform_mem_numa_used_bytes"},
		f_distance = {"platform_numa_distance"}, f_pressure = {"platform_pressure_seconds_total"};
	static struct sample s_cpu[MAX_CPUS], s_free[MAX_NODES], s_used[MAX_NODES], s_distance[MAX_NODES][MAX_NODES], s_pressure[2][4],
		s_seen, s_mem, s_swap[2], s_thp, s_topology[5], s_fixed[6];
	f_cpu.begun = f_free.begun = f_used.begun = f_distance.begun = f_pressure.begun = vm.family.begun = zones.family.begun = 0;
	for (int i = 0; i < MAX_CPUS && cpu[i] != ABSENT; i++) {
		if (!s_cpu[i].start.s) {
			char labels[320];
			snprintf(labels, sizeof labels, "cpu=\"%d\",host=\"%s\"", i, host);
			s_cpu[i] = platform_sample(&f_cpu, labels);
		}
		put_sample(&s_cpu[i], cpu[i], 0);
	}
	put_host("platform_last_seen", &s_seen, now_ms, 3);
	put_host("platform_mem_anon_thp_bytes", &s_thp, anon_thp, 0);
	put_hugepages();
	for (int i = 0; i < nnodes; i++) { ONCE(s_free[i], labelled(&f_free, ",numa_node=\"%d\"", i, 0)); put_sample(&s_free[i], nodefree[i], 0); }
	for (int i = 0; i < nnodes; i++) { ONCE(s_used[i], labelled(&f_used, ",numa_node=\"%d\"", i, 0)); put_sample(&s_used[i], nodeused[i], 0); }
	put_host("platform_mem_swap_free_bytes", &s_swap[0], swap_free, 0);
	put_host("platform_mem_swap_total_bytes", &s_swap[1], swap_total, 0);
	put_host("platform_mem_usage_bytes", &s_mem, memused, 0);
	if (nnodes == 1) { nodevm_of[0].family.begun = 0; put_table(&nodevm_of[0]); }
	else {	/* sorted by key, then by node: the nodes have the same keys */
		for (int n = 0; n < nnodes; n++) if (!nodevm_of[n].order) sort_table(&nodevm_of[n]);
		nodevm_of[0].family.begun = 0;
		for (int i = 0; nnodes && i < nodevm_of[0].count; i++)
			for (int n = 0; n < nnodes; n++) {
				struct line *l = &nodevm_of[n].lines[nodevm_of[n].order[i]];
				l->sample.family = &nodevm_of[0].family;
				put_sample(&l->sample, l->v, 0);
			}
	}
	for (int a = 0; a < nnodes; a++)
		for (int b = 0; b < nnodes; b++) {
			ONCE(s_distance[a][b], labelled(&f_distance, ",numa_node=\"%d\",to_numa_node=\"%d\"", a, b));
			put_sample(&s_distance[a][b], distance[a][b], 0);
		}
	static const int order[4] = {0, 2, 3, 1};	/* by name: cpu, io, irq, memory */
	for (int kind = 0; kind < 2; kind++)
		for (int i = 0; i < 4; i++) {
			struct sample *s = &s_pressure[kind][order[i]];
			if (!s->start.s) {
				char labels[320];
				snprintf(labels, sizeof labels, "host=\"%s\",kind=\"%s\",resource=\"%s\"", host, kind ? "some" : "full", RESOURCES[order[i]]);
				*s = platform_sample(&f_pressure, labels);
			}
			put_sample(s, kind ? some[order[i]] : full[order[i]], 6);
		}
	static const char *TOPOLOGY[5] = {"platform_topology_cores", "platform_topology_cpus", "platform_topology_numa_nodes",
		"platform_topology_online_cpus", "platform_topology_sockets"};
	for (int i = 0; i < 5; i++) put_host(TOPOLOGY[i], &s_topology[i], topology[i], 0);
	put_table(&vm);
	static const struct { const char *name, *key; } FIXED[6] = {
		{"platform_vmstat_numa_hint_faults", "numa_hint_faults"}, {"platform_vmstat_numa_hint_faults_local", "numa_hint_faults_local"},
		{"platform_vmstat_numa_pages_migrated", "numa_pages_migrated"}, {"platform_vmstat_pgfaults", "pgfault"},
		{"platform_vmstat_pgmigrate_fail", "pgmigrate_fail"}, {"platform_vmstat_pgmigrate_success", "pgmigrate_success"}};
	static int fixed_line[6];	/* 1 + index in vm, learned once */
	for (int i = 0; i < 6; i++) {
		for (int l = 0; !fixed_line[i] && l < vm.count; l++) if (!strcmp(vm.lines[l].key, FIXED[i].key)) fixed_line[i] = l + 1;
		put_host(FIXED[i].name, &s_fixed[i], fixed_line[i] ? vm.lines[fixed_line[i] - 1].v : ABSENT, 0);
	}
	put_table(&zones);
}

/* ---------------------------------------------------------------- rounds */

static void discover(void)
{
	for (int i = 0; i < ntasks; i++) slurp(&tasks[i].pulse, 0);
}

static uint64_t now_ms(void) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); return t.tv_sec * 1000ull + t.tv_nsec / 1000000; }
static double cpu_now(void) { struct timespec t; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); return t.tv_sec + t.tv_nsec / 1e9; }

static void replace(const char *output)
{
	static struct text temporary;
	if (!temporary.s) temporary = text("%s.%d.tmp", output, getpid());
	int fd = open(temporary.s, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) die(temporary.s);
	for (size_t done = 0; done < outlen; ) {
		ssize_t n = write(fd, out + done, outlen - done);
		if (n < 0) die(temporary.s);
		done += n;
	}
	close(fd);
	if (rename(temporary.s, output)) die(output);
}

int main(int argc, char **argv)
{
	const char *tasksfile = 0, *output = 0, *selffile = 0;
	double interval = 1, read_s = 0, format_s = 0, write_s = 0;
	long rounds = 0, preads0 = 0;
	for (int c; (c = getopt(argc, argv, "t:o:s:i:k:")) != -1; ) switch (c) {
		case 't': tasksfile = optarg; break;
		case 'o': output = optarg; break;
		case 's': selffile = optarg; break;
		case 'i': interval = atof(optarg); break;
		case 'k': rounds = atol(optarg); break;
		default: return 2;
	}
	if (!tasksfile || !output) { fprintf(stderr, "limit: need -t and -o\n"); return 2; }
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	kept_limit = limit.rlim_cur > RESERVED_DESCRIPTORS ? limit.rlim_cur - RESERVED_DESCRIPTORS : 0;
	gethostname(host, sizeof host);
	find_mounts();
	long hertz = sysconf(_SC_CLK_TCK);
	if (hertz != 100) { fprintf(stderr, "limit: USER_HZ is %ld, wanted 100\n", hertz); return 1; }
	struct text own = {"", 0};
	if (selffile) {
		struct file f = open_file(selffile, 1);
		size_t n;
		char *s = slurp(&f, &n);
		if (!s) die(selffile);
		own = text("%s", s);
		close(f.fd); kept--;
	}
	char name[512];
	int cap = 0;
	FILE *fp = fopen(tasksfile, "r");
	if (!fp) die(tasksfile);
	while (fgets(name, sizeof name, fp)) {
		name[strcspn(name, "\n")] = 0;
		if (!*name) continue;
		if (ntasks == cap && !(tasks = realloc(tasks, (cap = cap ? cap * 2 : 64) * sizeof *tasks))) die("realloc");
		open_task(&tasks[ntasks++], name);
	}
	fclose(fp);
	struct timespec next;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (long round = 0; ; round++) {
		if (round == 1) { read_s = format_s = write_s = 0; preads0 = preads; }	/* the first one is not counted */
		double a = cpu_now();
		discover();
		slurp(&online_cpus, 0);
		slurp(&online_nodes[0], 0);
		if (round == 0) for (int i = 0; i < ntasks; i++) open_task_files(&tasks[i]);
		for (int i = 0; i < ntasks; i++) read_task(&tasks[i]);
		if (round == 0) { open_platform(); slurp(&online_cpus, 0); slurp(&online_nodes[0], 0); }
		read_platform();
		uint64_t seen = now_ms();
		for (int i = 0; i < ntasks; i++) tasks[i].v[LAST_SEEN] = seen;
		slurp(&self[0], 0);
		char *blank = strchr(slurp(&self[1], 0), ' ');
		rss_pages = blank ? num(blank + 1) : 0;
		double b = cpu_now();
		outlen = 0;
		put_platform(seen);
		put_tasks();
		put("\n", 1);
		putt(own);
		double c = cpu_now();
		replace(output);
		double d = cpu_now();
		read_s += b - a; format_s += c - b; write_s += d - c;
		if (rounds && round + 1 == rounds) {
			if (--rounds) fprintf(stderr, "{\"tasks\":%d,\"rounds\":%ld,\"cpu_ms\":%.4f,\"read_parse_ms\":%.4f,\"format_ms\":%.4f,\"write_ms\":%.4f,\"bytes\":%zu,\"preads\":%ld,\"kept\":%ld}\n",
				ntasks, rounds, (read_s + format_s + write_s) / rounds * 1e3, read_s / rounds * 1e3, format_s / rounds * 1e3,
				write_s / rounds * 1e3, outlen, (preads - preads0) / rounds, kept);
			return 0;
		}
		if (interval > 0) {
			next.tv_nsec += (long)((interval - (long)interval) * 1e9);
			next.tv_sec += (long)interval + next.tv_nsec / 1000000000;
			next.tv_nsec %= 1000000000;
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, 0);
		}
	}
	return 0;
}
