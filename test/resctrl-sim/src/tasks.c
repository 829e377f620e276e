/*
 * Which thread is in which group. The kernel keeps this in the thread; here /proc is looked at when it
 * matters, and a thread seen for the first time is where the one that made it was: the main thread of its
 * process, or its parent process.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

void start_threads(struct sim *sim)
{
	struct threads *threads = &sim->threads;
	threads->limit = 4194304;
	FILE *file = fopen("/proc/sys/kernel/pid_max", "r");
	if (file) {
		if (fscanf(file, "%d", &threads->limit) != 1) threads->limit = 4194304;
		fclose(file);
	}
	/* Sparse: only the pages of ids that occur are ever touched. */
	threads->at = calloc((size_t)threads->limit + 1, sizeof *threads->at);
	if (!threads->at) abort();
	look_at_threads(sim);
}

static pid_t parent_process(pid_t pid)
{
	char path[64], line[512];
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *file = fopen(path, "r");
	if (!file) return 0;
	char *got = fgets(line, sizeof line, file);
	fclose(file);
	/* The name before it is in parentheses and may hold some itself. */
	char *after = got ? strrchr(line, ')') : NULL;
	pid_t parent = 0;
	if (!after || sscanf(after + 1, " %*c %d", &parent) != 1) return 0;
	return parent;
}

static struct group *group_of_process(struct sim *sim, pid_t pid)
{
	if (pid <= 0 || pid > sim->threads.limit) return sim->root;
	struct thread *thread = &sim->threads.at[pid];
	if (!thread->group) thread->group = group_of_process(sim, parent_process(pid));
	return thread->group;
}

static void note(struct sim *sim, pid_t process, pid_t tid)
{
	struct threads *threads = &sim->threads;
	if (tid > threads->limit) return;
	struct thread *thread = &threads->at[tid];
	if (!thread->group) thread->group = group_of_process(sim, process);
	thread->seen = threads->looks;
	thread->group->threads++;
	if (threads->count == threads->capacity) {
		threads->capacity = 2 * threads->capacity + 256;
		threads->alive = realloc(threads->alive, threads->capacity * sizeof *threads->alive);
		if (!threads->alive) abort();
	}
	threads->alive[threads->count++] = tid;
}

static pid_t next_id(DIR *directory)
{
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (isdigit((unsigned char)entry->d_name[0])) return atoi(entry->d_name);
	}
	return 0;
}

static void note_process(struct sim *sim, pid_t process)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/task", process);
	DIR *directory = opendir(path);
	if (!directory) return;
	for (pid_t tid; (tid = next_id(directory));) note(sim, process, tid);
	closedir(directory);
}

static void forget_counts(struct sim *sim)
{
	for (struct group *group = sim->controls; group; group = group->next) {
		group->threads = 0;
		for (struct group *child = group->children; child; child = child->next) child->threads = 0;
	}
}

void look_at_threads(struct sim *sim)
{
	struct threads *threads = &sim->threads;
	count_up_to_now(sim);
	forget_counts(sim);
	pid_t *before = threads->alive;
	size_t count = threads->count;
	threads->alive = NULL;
	threads->count = threads->capacity = 0;
	threads->looks++;
	DIR *directory = opendir("/proc");
	if (!directory) abort();
	for (pid_t process; (process = next_id(directory));) note_process(sim, process);
	closedir(directory);
	for (size_t i = 0; i < count; i++) {
		struct thread *thread = &threads->at[before[i]];
		if (thread->seen != threads->looks) thread->group = NULL;
	}
	free(before);
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	threads->looked_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* For readings of counters, of which there may be thousands in a row. */
void look_at_threads_if_older(struct sim *sim, unsigned ms)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (ns - sim->threads.looked_ns > ms * UINT64_C(1000000)) look_at_threads(sim);
}

void hand_threads_over(struct sim *sim, const struct group *from, struct group *to)
{
	struct threads *threads = &sim->threads;
	for (size_t i = 0; i < threads->count; i++) {
		struct thread *thread = &threads->at[threads->alive[i]];
		if (thread->group != from) continue;
		thread->group = to;
		to->threads++;
	}
}

int show_tasks(struct sim *sim, struct group *group, struct text *out)
{
	look_at_threads(sim);
	/* The kernel asks this even of the root group: where nothing can be allocated it shows no thread. */
	if (!group->parent && !can_allocate(sim)) return 0;
	for (size_t i = 0; i < sim->threads.count; i++) {
		struct group *own = sim->threads.at[sim->threads.alive[i]].group;
		/* A control group has the threads of its mon groups too. */
		if (own == group || (!group->parent && own->parent == group)) {
			text_add(out, "%d\n", sim->threads.alive[i]);
		}
	}
	return 0;
}

static int move_thread(struct sim *sim, struct group *group, pid_t tid)
{
	struct thread *thread = tid <= sim->threads.limit ? &sim->threads.at[tid] : NULL;
	if (!thread || !thread->group) return status(sim, ESRCH, "No task %d\n", tid);
	if (group->parent && control_of(thread->group) != group->parent) {
		return status(sim, EINVAL, "Can't move task to different control group\n");
	}
	thread->group->threads--;
	thread->group = group;
	group->threads++;
	return 0;
}

/* As kstrtoint(). */
static bool parse_tid(const char *word, int *tid)
{
	bool negative = *word == '-';
	unsigned long number;
	if (!parse_number(negative ? word + 1 : word, 0, negative ? 1UL + INT_MAX : INT_MAX, &number)) return false;
	*tid = (int)(negative ? -(long)number : (long)number);
	return true;
}

/* Those before the one that is refused stay moved. */
int write_tasks(struct sim *sim, struct group *group, char *words, pid_t writer)
{
	status_clear(sim);
	/* Children made so far belong where their parent was until now. */
	look_at_threads(sim);
	while (words && *words && *words != '\n') {
		char *word = trim(strsep(&words, ","));
		int tid;
		if (!parse_tid(word, &tid)) {
			return status(sim, EINVAL, "Task list parsing error pid %s\n", word);
		}
		if (tid < 0) return status(sim, EINVAL, "Invalid pid %d\n", tid);
		int error = move_thread(sim, group, tid ? tid : writer);
		if (error) return status(sim, -error, "Error while processing task %d\n", tid);
	}
	return 0;
}
