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
  struct wca_buffer names, spare_names;
  struct task *unused;
  struct wca_buffer scratch;
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

static enum role role_of(struct wca_json *json) {
  enum role role = NO_ROLE;
  int is_some_cpu = 0, levels = 0;
  for (wca_enter(json, '['); wca_item(json); levels++) {
    struct wca_text name = wca_string(json, &tasks.scratch);
    if (levels == 0)
      for (int i = 0; i < ROLES; i++)
        if (wca_same(name, MEASUREMENTS[i])) role = (enum role)i;
    if (levels == 1) is_some_cpu = wca_same(name, WCA_TEXT("cpu"));
    if (levels == 2) is_some_cpu = is_some_cpu && wca_same(name, WCA_TEXT("some"));
  }
  return role == PRESSURE && !(is_some_cpu && levels == 3) ? NO_ROLE : role;
}

static void read_columns(struct wca_json *json, uint32_t columns) {
  if (columns > tasks.column_capacity) {
    tasks.column_capacity = columns * 2;
    tasks.roles = wca_allocate(tasks.column_capacity);
  }
  tasks.columns = 0;
  for (wca_enter(json, '['); wca_item(json);) {
    enum role role = role_of(json);
    if (tasks.columns >= columns) json->failed = 1;
    else tasks.roles[tasks.columns++] = (uint8_t)role;
  }
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

struct named {
  uint32_t start, length;
  double identity;
};

static void rename_tasks(const struct named *named, uint32_t count) {
  static struct task **spare;
  static uint32_t spare_capacity;
  if (count > spare_capacity) {
    spare_capacity = count * 2;
    spare = wca_allocate(spare_capacity * sizeof *spare);
  }
  struct task **rows = spare;
  for (uint32_t i = 0; i < tasks.count; i++) tasks.rows[i]->successor = NULL;
  uint32_t from = 0;
  for (uint32_t i = 0; i < count; i++) {
    struct wca_text id = {(const char *)tasks.spare_names.data + named[i].start, named[i].length};
    struct task *known = find_task(id, &from);
    int is_same = known != NULL && known->identity == named[i].identity;
    rows[i] = is_same ? known : new_task(named[i].identity);
    if (known != NULL) known->successor = rows[i];
  }
  for (uint32_t i = 0; i < count; i++) {
    if (rows[i]->is_contended) follow_contenders(rows[i]);
    rows[i]->id = (struct wca_text){(const char *)tasks.spare_names.data + named[i].start, named[i].length};
  }
  for (uint32_t i = 0; i < tasks.count; i++)
    if (tasks.rows[i]->successor != tasks.rows[i]) free_task(tasks.rows[i]);
  spare = tasks.rows;
  uint32_t capacity = tasks.capacity;
  tasks.rows = rows;
  tasks.count = count;
  tasks.capacity = spare_capacity;
  spare_capacity = capacity;
  struct wca_buffer names = tasks.names;
  tasks.names = tasks.spare_names;
  tasks.spare_names = names;
}

static void read_names(struct wca_json *json, struct named *named, uint32_t rows, uint32_t *ids) {
  struct wca_text key;
  uint32_t identities = 0;
  for (wca_enter(json, '{'); wca_key(json, &key, &tasks.scratch);) {
    int is_id = wca_same(key, WCA_TEXT("id"));
    if (!is_id && !wca_same(key, WCA_TEXT("identity"))) {
      wca_skip(json);
      continue;
    }
    for (wca_enter(json, '['); wca_item(json);) {
      uint32_t *count = is_id ? ids : &identities;
      if (*count >= rows) {
        json->failed = 1;
      } else if (is_id) {
        named[*count].start = tasks.spare_names.length;
        wca_string_into(json, &tasks.spare_names);
        named[*count].length = tasks.spare_names.length - named[*count].start;
      } else {
        named[*count].identity = wca_number(json);
      }
      ++*count;
    }
  }
  if (*ids != rows || identities != rows) json->failed = 1;
}

/* Who the rows are and what the columns hold. Returns 0 when the text is not as it should be. */
static int read_meta(const struct wca_snapshot *snapshot) {
  static struct wca_buffer table;
  table.length = 0;
  wca_reserve(&table, snapshot->rows * (uint32_t)sizeof(struct named));
  tasks.spare_names.length = 0;
  struct wca_json json = wca_json(snapshot->meta);
  struct named *named = (struct named *)(void *)table.data;
  struct wca_text key;
  uint32_t ids = 0;
  tasks.columns = 0;
  for (wca_enter(&json, '{'); wca_key(&json, &key, &tasks.scratch);) {
    if (wca_same(key, WCA_TEXT("tasks"))) read_names(&json, named, snapshot->rows, &ids);
    else if (wca_same(key, WCA_TEXT("columns"))) read_columns(&json, snapshot->columns);
    else wca_skip(&json);
  }
  if (json.failed || ids != snapshot->rows || tasks.columns != snapshot->columns) return 0;
  rename_tasks(named, ids);
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
