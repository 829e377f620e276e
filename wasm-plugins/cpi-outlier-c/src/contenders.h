/* Who was busy while a task suffered: the antagonist score of CPI2. */
#ifndef CONTENDERS_H
#define CONTENDERS_H

#include "rounds.h"
#include "tasks.h"

#define LEAST_EXTRA_USAGE 0.05

struct slots {
  uint32_t at[REMEMBERED_ROUNDS], count;
};

static struct {
  struct slots all, good, bad;
  double weights[REMEMBERED_ROUNDS];
} weighed;

static void add_slot(struct slots *slots, uint32_t slot) { slots->at[slots->count++] = slot; }

/* How bad each remembered round was for the victim, seen from the threshold of now. */
static void weigh_rounds(const struct task *victim, double threshold) {
  double after = time_now() - options.correlation_window;
  weighed.all.count = weighed.good.count = weighed.bad.count = 0;
  uint64_t first = rounds.count > REMEMBERED_ROUNDS ? rounds.count - REMEMBERED_ROUNDS : 0;
  for (uint64_t round = first; round < rounds.count; round++) {
    uint32_t slot = (uint32_t)(round % REMEMBERED_ROUNDS);
    double value = victim->values[slot];
    if (value != value || !(rounds.times[slot] > after)) continue;
    int is_bad = value > threshold;
    weighed.weights[weighed.all.count] = is_bad          ? 1 - threshold / value
                                         : threshold > 0 ? value / threshold - 1
                                                         : 0;
    add_slot(&weighed.all, slot);
    add_slot(is_bad ? &weighed.bad : &weighed.good, slot);
  }
}

/* The sum of what a task used beyond the base. */
static double usage_above(double base, const struct task *task, const struct slots *slots) {
  double sum = 0;
  for (uint32_t i = 0; i < slots->count; i++) {
    double extra = task->usages[slots->at[i]] - base;
    if (extra > 0) sum += extra;
  }
  return sum;
}

/*
 * What a task used beyond its own usage in the good rounds: one that is always busy is innocent. Most tasks are,
 * and are left out before all rounds have been looked at.
 */
static int suspect(struct task *task, struct contender *found) {
  if (usage_above(0, task, &weighed.bad) / weighed.bad.count < LEAST_EXTRA_USAGE) return 0;
  double base = usage_above(0, task, &weighed.good) / weighed.good.count;
  double extra_usage = usage_above(base, task, &weighed.bad);
  if (extra_usage / weighed.bad.count < LEAST_EXTRA_USAGE) return 0;
  double all = usage_above(base, task, &weighed.all), score = 0;
  for (uint32_t i = 0; i < weighed.all.count; i++) {
    double extra = task->usages[weighed.all.at[i]] - base;
    if (extra > 0) score += (extra / all) * weighed.weights[i];
  }
  *found = (struct contender){task, score, extra_usage};
  return score >= options.correlation;
}

/* By score, then by what was used, then by the bytes of the name. */
static int is_before(const struct contender *a, const struct contender *b) {
  if (a->score != b->score) return a->score > b->score;
  if (a->extra_usage != b->extra_usage) return a->extra_usage > b->extra_usage;
  struct wca_text x = a->task->id, y = b->task->id;
  int order = memcmp(x.data, y.data, x.length < y.length ? x.length : y.length);
  return order != 0 ? order < 0 : x.length < y.length;
}

/* The most suspicious first. None also when the task has had no good round to compare with. */
static uint32_t find_contenders(const struct task *victim, double threshold, struct contender *list) {
  uint32_t count = 0;
  weigh_rounds(victim, threshold);
  if (weighed.good.count == 0) return 0;
  for (uint32_t i = 0; i < tasks.count; i++) {
    struct contender found;
    if (tasks.rows[i] == victim || !suspect(tasks.rows[i], &found)) continue;
    uint32_t at = count;
    while (at > 0 && is_before(&found, &list[at - 1])) at--;
    if (at >= options.max_contenders) continue;
    if (count < options.max_contenders) count++;
    for (uint32_t j = count - 1; j > at; j--) list[j] = list[j - 1];
    list[at] = found;
  }
  return count;
}

#endif
