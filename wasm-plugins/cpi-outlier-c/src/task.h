/* All that is remembered of a task. */
#ifndef TASK_H
#define TASK_H

#include "options.h"

#define REMEMBERED_ROUNDS 600
#define BINS 64
#define MOST_SAMPLES 3600
#define MOST_HITS 100
#define MOST_CONTENDERS 10

/* Not known: every comparison with it is false. */
#define UNKNOWN __builtin_nan("")

struct moments {
  uint32_t count;
  double mean, variance;
};

struct readings {
  double usage, cycles, instructions, cache_misses, pressure, throttled;
};

struct rates {
  double usage, cpi, mpki, pressure, throttled;
};

struct outlier {
  enum signal signal;
  double value, mean, threshold;
};

struct contender {
  struct task *task;
  double score, extra_usage;
};

struct task {
  struct wca_text id;
  double identity;
  /* The next one that is not in use. */
  struct task *next_free;
  /* After the tasks of a snapshot were named anew: who has its name now. */
  struct task *successor;
  int was_read;
  struct readings readings;
  struct rates rates;
  enum signal signal;
  uint32_t uncounted;
  struct moments bins[BINS], cache_misses;
  int is_ready;
  double hits[MOST_HITS];
  uint32_t hit_count;
  int in_row;
  double outlier_since, last_outlier;
  /* The anomaly that lasts. */
  int is_contended, is_cache;
  struct outlier outlier;
  struct contender contenders[MOST_CONTENDERS];
  uint32_t contender_count;
  double confidence;
  double usages[REMEMBERED_ROUNDS], values[REMEMBERED_ROUNDS];
};

static void add_sample(struct moments *moments, double sample) {
  if (moments->count < MOST_SAMPLES) moments->count++;
  double weight = 1.0 / moments->count;
  double difference = sample - moments->mean;
  moments->mean = moments->mean + weight * difference;
  moments->variance = (1 - weight) * (moments->variance + weight * difference * difference);
}

static int bin_of(double usage) {
  double bin = __builtin_floor(usage / options.load_step);
  return bin < BINS - 1 ? (int)bin : BINS - 1;
}

/* The history of that load, or of the nearest one known; of two equally near the busier one. */
static struct moments *baseline_of(struct task *task, double usage) {
  int bin = bin_of(usage);
  for (int distance = 0; task->is_ready && distance < BINS; distance++) {
    for (int at = bin + distance; at >= bin - distance; at -= distance > 0 ? 2 * distance : 1)
      if (at >= 0 && at < BINS && task->bins[at].count >= options.min_samples) return &task->bins[at];
  }
  return NULL;
}

static void learn(struct task *task, double usage, double sample) {
  struct moments *bin = &task->bins[bin_of(usage)];
  add_sample(bin, sample);
  if (bin->count >= options.min_samples) task->is_ready = 1;
}

/* Forgets what is normal for the task. */
static void relearn(struct task *task) {
  memset(task->bins, 0, sizeof task->bins);
  memset(&task->cache_misses, 0, sizeof task->cache_misses);
  task->is_ready = 0;
  task->hit_count = 0;
  task->in_row = 0;
}

static void forget_values(struct task *task) {
  for (int i = 0; i < REMEMBERED_ROUNDS; i++) task->values[i] = UNKNOWN;
}

/* Takes the readings of a round, `secs` after the one before. */
static void read_task(struct task *task, struct readings now, double secs, uint32_t slot) {
  struct readings before = task->readings;
  struct rates rates = {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 0};
  if (task->was_read) {
    double instructions = now.instructions - before.instructions;
    int counted = instructions > 0;
    if (now.usage >= before.usage) rates.usage = (now.usage - before.usage) / secs;
    if (counted && now.cycles >= before.cycles) rates.cpi = (now.cycles - before.cycles) / instructions;
    if (counted && now.cache_misses >= before.cache_misses)
      rates.mpki = (1000 * (now.cache_misses - before.cache_misses)) / instructions;
    if (now.pressure >= before.pressure) rates.pressure = (now.pressure - before.pressure) / secs;
    if (now.throttled >= before.throttled) rates.throttled = (now.throttled - before.throttled) / secs;
  }
  task->was_read = 1;
  task->readings = now;
  task->rates = rates;
  task->usages[slot] = rates.usage == rates.usage ? rates.usage : 0;
  task->values[slot] = UNKNOWN;
}

#endif
