/* How a task fares in a round. */
#ifndef JUDGE_H
#define JUDGE_H

#include "contenders.h"
#include "report.h"

#define LEAST_USAGE_CPI 0.25
#define LEAST_USAGE_PSI 0.02
#define OWN_QUOTA 0.5
#define MOST_UNCOUNTED 10
#define LEAST_RUNNING_USAGE 0.02

/* What to judge the task by. A round without instructions is no reason to give its history up. */
static enum signal choose_signal(struct task *task) {
  if (options.signal != SIGNAL_NONE) return options.signal;
  if (task->rates.cpi == task->rates.cpi) {
    task->uncounted = 0;
    return SIGNAL_CPI;
  }
  if (task->signal == SIGNAL_CPI) {
    if (task->rates.usage >= LEAST_RUNNING_USAGE) task->uncounted++;
    if (task->uncounted < MOST_UNCOUNTED) return SIGNAL_CPI;
  }
  return task->rates.pressure == task->rates.pressure ? SIGNAL_PSI : task->signal;
}

static int find_outlier(struct task *task, double usage, struct outlier *outlier) {
  const struct moments *baseline = baseline_of(task, usage);
  if (baseline == NULL) return 0;
  double mean = baseline->mean;
  double excess = outlier->signal == SIGNAL_CPI ? mean * options.min_excess : options.min_excess;
  double by_deviation = mean + options.sigmas * __builtin_sqrt(baseline->variance);
  double by_excess = mean + excess;
  outlier->mean = mean;
  outlier->threshold = by_deviation > by_excess ? by_deviation : by_excess;
  return outlier->value > outlier->threshold;
}

struct look {
  int is_sample, is_outlier;
  struct outlier outlier;
};

/* Compares this round's sample with the history, and learns from it when all is well. */
static struct look look_at(struct task *task) {
  const struct rates *rates = &task->rates;
  enum signal signal = task->signal;
  struct look look = {0, 0, {signal, UNKNOWN, UNKNOWN, UNKNOWN}};
  if (signal == SIGNAL_NONE) return look;
  double value = signal == SIGNAL_CPI ? rates->cpi : rates->pressure;
  double least = options.min_usage >= 0 ? options.min_usage
                 : signal == SIGNAL_CPI ? LEAST_USAGE_CPI
                                        : LEAST_USAGE_PSI;
  int is_loaded = rates->usage >= least;
  if (value != value || (signal == SIGNAL_CPI && !is_loaded)) return look;
  look.is_sample = 1;
  if (signal == SIGNAL_PSI && rates->throttled > OWN_QUOTA * value) return look;
  task->values[slot_now()] = value;
  look.outlier.value = value;
  double usage = rates->usage == rates->usage ? rates->usage : 0;
  look.is_outlier = find_outlier(task, usage, &look.outlier);
  if (look.is_outlier || !is_loaded || task->is_contended) return look;
  learn(task, usage, value);
  if (rates->mpki == rates->mpki) add_sample(&task->cache_misses, rates->mpki);
  return look;
}

/* Keeps the book of outliers. A row of them ends with a good sample, or without any samples after a while. */
static void count_outlier(struct task *task, const struct look *look, double secs) {
  if (!look->is_outlier) {
    if (look->is_sample || secs - task->last_outlier >= options.clear_after) task->in_row = 0;
    return;
  }
  if (!task->in_row) task->outlier_since = secs;
  task->in_row = 1;
  task->last_outlier = secs;
  if (task->hit_count == options.hits)
    for (uint32_t i = 1; i < task->hit_count; i++) task->hits[i - 1] = task->hits[i];
  else task->hit_count++;
  task->hits[task->hit_count - 1] = secs;
}

/* Misses that grew as well speak for the cache; else counters do not tell what was contended for. */
static int is_cache(const struct task *task) {
  const struct moments *normal = &task->cache_misses;
  double mpki = task->rates.mpki;
  return normal->count >= options.min_samples &&
         mpki > normal->mean + options.sigmas * __builtin_sqrt(normal->variance) &&
         mpki > normal->mean * (1 + options.min_excess);
}

static enum state suffering(struct task *task, const struct outlier *outlier, double secs) {
  struct contender found[MOST_CONTENDERS];
  uint32_t count = find_contenders(task, outlier->threshold, found);
  int was_contended = task->is_contended;
  if (!was_contended) {
    if (task->hit_count < options.hits || task->hits[0] < secs - options.window) return NO_STATE;
    if (count == 0 && !options.report_unattributed) return NO_STATE;
    task->is_cache = is_cache(task);
  }
  task->is_contended = 1;
  task->outlier = *outlier;
  if (count > 0 || !was_contended) {
    memcpy(task->contenders, found, count * sizeof *found);
    task->contender_count = count;
    task->confidence = count > 0 ? clip(found[0].score) : 0;
  }
  return was_contended ? ONGOING : ONSET;
}

static enum state calm(struct task *task, double secs) {
  if (!task->is_contended) return NO_STATE;
  if (secs - task->last_outlier < options.clear_after) return ONGOING;
  task->is_contended = 0;
  task->hit_count = 0;
  return CLEAR;
}

/* One signal says nothing of another: the task is new, but for what suspects used. */
static enum state change_signal(struct task *task) {
  int was_contended = task->is_contended;
  relearn(task);
  forget_values(task);
  task->is_contended = 0;
  return was_contended ? CLEAR : NO_STATE;
}

static enum state judge(struct task *task, double secs) {
  enum signal before = task->signal;
  task->signal = choose_signal(task);
  if (before != SIGNAL_NONE && task->signal != before) return change_signal(task);
  struct look look = look_at(task);
  count_outlier(task, &look, secs);
  enum state state = look.is_outlier ? suffering(task, &look.outlier, secs) : calm(task, secs);
  if (!task->in_row || secs - task->outlier_since < options.relearn_after) return state;
  relearn(task);
  task->is_contended = 0;
  return state == ONSET ? NO_STATE : state == ONGOING ? CLEAR : state;
}

#endif
