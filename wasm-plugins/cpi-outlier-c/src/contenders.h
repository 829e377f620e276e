/* Who was busy while a task suffered: the antagonist score of CPI2. */
#ifndef CONTENDERS_H
#define CONTENDERS_H

#include "rounds.h"
#include "tasks.h"

#define LEAST_EXTRA_USAGE 0.05

static struct {
  uint32_t slots[REMEMBERED_ROUNDS];
  double weights[REMEMBERED_ROUNDS];
  uint8_t is_bad[REMEMBERED_ROUNDS];
  uint32_t count, bad;
} weighed;

/* How bad each remembered round was for the victim, seen from the threshold of now. */
static void weigh_rounds(const struct task *victim, double threshold) {
  double after = time_now() - options.correlation_window;
  weighed.count = weighed.bad = 0;
  uint64_t first = rounds.count > REMEMBERED_ROUNDS ? rounds.count - REMEMBERED_ROUNDS : 0;
  for (uint64_t round = first; round < rounds.count; round++) {
    uint32_t slot = (uint32_t)(round % REMEMBERED_ROUNDS), at = weighed.count;
    double value = victim->values[slot];
    if (value != value || !(rounds.times[slot] > after)) continue;
    int is_bad = value > threshold;
    weighed.slots[at] = slot;
    weighed.is_bad[at] = (uint8_t)is_bad;
    weighed.weights[at] = is_bad ? 1 - threshold / value : threshold > 0 ? value / threshold - 1 : 0;
    weighed.count++;
    weighed.bad += (uint32_t)is_bad;
  }
}

/* What a task used beyond its own usage in the good rounds: one that is always busy is innocent. */
static int suspect(struct task *task, struct contender *found) {
  double in_good = 0, extra_usage = 0, extra_in_bad = 0, score = 0;
  for (uint32_t i = 0; i < weighed.count; i++)
    if (!weighed.is_bad[i]) in_good += task->usages[weighed.slots[i]];
  double base = in_good / (weighed.count - weighed.bad);
  for (uint32_t i = 0; i < weighed.count; i++) {
    double extra = task->usages[weighed.slots[i]] - base;
    if (!(extra > 0)) continue;
    extra_usage += extra;
    if (weighed.is_bad[i]) extra_in_bad += extra;
  }
  if (extra_usage <= 0 || extra_in_bad / weighed.bad < LEAST_EXTRA_USAGE) return 0;
  for (uint32_t i = 0; i < weighed.count; i++) {
    double extra = task->usages[weighed.slots[i]] - base;
    if (extra > 0) score += (extra / extra_usage) * weighed.weights[i];
  }
  *found = (struct contender){task, score, extra_in_bad};
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
  if (weighed.bad == weighed.count) return 0;
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
