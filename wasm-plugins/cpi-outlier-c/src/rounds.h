/* The times of the last rounds. Tasks keep their samples in the same slots. */
#ifndef ROUNDS_H
#define ROUNDS_H

#include "task.h"

#define MOST_STEP_BACK_SECS 60

enum began { ROUND, STILL, BACK };

static struct {
  double times[REMEMBERED_ROUNDS];
  uint64_t count;
} rounds;

static uint32_t slot_now(void) { return (uint32_t)((rounds.count - 1) % REMEMBERED_ROUNDS); }

/* NaN before the first. */
static double time_now(void) { return rounds.count == 0 ? UNKNOWN : rounds.times[slot_now()]; }

static enum began begin_round(double secs) {
  int is_back = secs < time_now() - MOST_STEP_BACK_SECS;
  if (is_back) rounds.count = 0;
  else if (secs <= time_now()) return STILL;
  rounds.count++;
  rounds.times[slot_now()] = secs;
  return is_back ? BACK : ROUND;
}

#endif
