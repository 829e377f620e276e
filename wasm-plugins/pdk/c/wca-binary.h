/* The binary form of a snapshot: numbers in place, names only read when they changed. */
#ifndef WCA_BINARY_H
#define WCA_BINARY_H

#include "wca-memory.h"

#define WCA_MAGIC 0x31414357u
#define WCA_HEADER 40u

struct wca_snapshot {
  double time_ms;
  double interval_secs;
  uint32_t rows;
  uint32_t columns;
  /* Another number than before: the tasks or columns are others, read `meta` anew. */
  uint32_t meta_version;
  /* Row by row; NaN: not known. */
  const double *values;
  /* JSON: {"tasks":{"id":[…],…},"columns":[["task_cpu_usage_seconds"],…]}. */
  struct wca_text meta;
};

/* Whether `input` is a snapshot in the binary form. */
static inline int wca_read_snapshot(struct wca_text input, struct wca_snapshot *snapshot) {
  uint32_t words[4];
  if (input.length < WCA_HEADER) return 0;
  __builtin_memcpy(words, input.data, sizeof words);
  uint64_t cells = (uint64_t)words[2] * words[3], numbers = cells * 8;
  if (words[0] != WCA_MAGIC || cells > input.length || input.length != WCA_HEADER + numbers + words[1]) return 0;
  snapshot->rows = words[2];
  snapshot->columns = words[3];
  __builtin_memcpy(&snapshot->time_ms, input.data + 16, 8);
  __builtin_memcpy(&snapshot->interval_secs, input.data + 24, 8);
  __builtin_memcpy(&snapshot->meta_version, input.data + 32, 4);
  snapshot->values = (const double *)(const void *)(input.data + WCA_HEADER);
  snapshot->meta = (struct wca_text){input.data + WCA_HEADER + numbers, words[1]};
  return 1;
}

#endif
