/* The tasks of the present, in the order of the snapshot, and which column holds what of them. */
#ifndef TASKS_H
#define TASKS_H

#include "task.h"

enum role { USAGE, CYCLES, INSTRUCTIONS, CACHE_MISSES, PRESSURE, THROTTLED, ROLES, NO_ROLE };

static const struct wca_text MEASUREMENTS[ROLES] = {
    [USAGE] = {"task_cpu_usage_seconds", 22},
    [CYCLES] = {"task_cycles", 11},
    [INSTRUCTIONS] = {"task_instructions", 17},
    [CACHE_MISSES] = {"task_cache_misses", 17},
    [PRESSURE] = {"task_pressure_seconds_total", 27},
    [THROTTLED] = {"task_cpu_throttled_seconds_total", 32},
};

static struct {
  struct task **rows;
  uint32_t count, capacity;
  /* The role of each column. */
  uint8_t *roles;
  uint32_t columns, column_capacity;
  struct task *unused;
  /* The names of now, and room for the next ones. */
  struct wca_names names, next_names;
} tasks;

static struct task *new_task(double identity) {
  struct task *task = tasks.unused;
  if (task == NULL) {
    task = wca_allocate(sizeof *task);
  } else {
    tasks.unused = task->next_free;
    memset(task, 0, sizeof *task);
  }
  task->identity = identity;
  task->last_outlier = -__builtin_inf();
  forget_values(task);
  return task;
}

static void free_task(struct task *task) {
  task->next_free = tasks.unused;
  tasks.unused = task;
}

static void forget_tasks(void) {
  for (uint32_t i = 0; i < tasks.count; i++) free_task(tasks.rows[i]);
  tasks.count = 0;
}

/* Names come back in much the same order, so the search begins behind the last one found. */
static struct task *find_task(struct wca_text id, uint32_t *from) {
  for (uint32_t i = 0; i < tasks.count; i++) {
    uint32_t at = (*from + i) % tasks.count;
    if (!wca_same(tasks.rows[at]->id, id)) continue;
    *from = at + 1;
    return tasks.rows[at];
  }
  return NULL;
}

/* By the first level. Of pressure only that of some of the task on the CPU is wanted. */
static enum role role_of(struct wca_text path) {
  if (wca_same(path, WCA_TEXT("task_pressure_seconds_total/cpu/some"))) return PRESSURE;
  uint32_t length = 0;
  while (length < path.length && path.data[length] != '/') length++;
  for (int i = 0; i < ROLES; i++)
    if (i != PRESSURE && wca_same((struct wca_text){path.data, length}, MEASUREMENTS[i])) return (enum role)i;
  return NO_ROLE;
}

static void set_columns(const struct wca_names *names) {
  if (names->columns > tasks.column_capacity) {
    tasks.column_capacity = names->columns * 2;
    tasks.roles = wca_allocate(tasks.column_capacity);
  }
  tasks.columns = names->columns;
  for (uint32_t i = 0; i < names->columns; i++) tasks.roles[i] = (uint8_t)role_of(names->paths[i]);
}

/* Whoever is gone is no contender any more; one with a new cgroup is still the same name. */
static void follow_contenders(struct task *task) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < task->contender_count; i++) {
    struct contender contender = task->contenders[i];
    contender.task = contender.task->successor;
    if (contender.task != NULL) task->contenders[kept++] = contender;
  }
  task->contender_count = kept;
}

/* Tasks that are still there keep all that is remembered of them. */
static void set_tasks(const struct wca_names *names) {
  static struct task **spare;
  static uint32_t spare_capacity;
  if (names->rows > spare_capacity) {
    spare_capacity = names->rows * 2;
    spare = wca_allocate(spare_capacity * sizeof *spare);
  }
  struct task **rows = spare;
  for (uint32_t i = 0; i < tasks.count; i++) tasks.rows[i]->successor = NULL;
  for (uint32_t i = 0, from = 0; i < names->rows; i++) {
    struct task *known = find_task(names->ids[i], &from);
    int is_same = known != NULL && known->identity == names->identities[i];
    rows[i] = is_same ? known : new_task(names->identities[i]);
    if (known != NULL) known->successor = rows[i];
  }
  for (uint32_t i = 0; i < names->rows; i++) {
    if (rows[i]->is_contended) follow_contenders(rows[i]);
    rows[i]->id = names->ids[i];
  }
  for (uint32_t i = 0; i < tasks.count; i++)
    if (tasks.rows[i]->successor != tasks.rows[i]) free_task(tasks.rows[i]);
  uint32_t capacity = tasks.capacity;
  spare = tasks.rows;
  tasks.rows = rows;
  tasks.count = names->rows;
  tasks.capacity = spare_capacity;
  spare_capacity = capacity;
}

/* Who the rows are and what the columns hold. Returns 0 when that is not as specified. */
static int read_names(const struct wca_snapshot *snapshot) {
  if (!wca_read_names(snapshot, &tasks.next_names)) return 0;
  set_columns(&tasks.next_names);
  set_tasks(&tasks.next_names);
  /* The texts of before were needed until here. */
  struct wca_names before = tasks.names;
  tasks.names = tasks.next_names;
  tasks.next_names = before;
  return 1;
}

/* Counters by CPU are as good as their sum. */
static struct readings readings_of(const double *row) {
  double sums[ROLES];
  for (int i = 0; i < ROLES; i++) sums[i] = UNKNOWN;
  for (uint32_t i = 0; i < tasks.columns; i++) {
    uint8_t role = tasks.roles[i];
    double value = row[i];
    if (role >= ROLES || value != value) continue;
    sums[role] = sums[role] == sums[role] ? sums[role] + value : value;
  }
  return (struct readings){sums[USAGE],        sums[CYCLES],   sums[INSTRUCTIONS],
                           sums[CACHE_MISSES], sums[PRESSURE], sums[THROTTLED]};
}

#endif
