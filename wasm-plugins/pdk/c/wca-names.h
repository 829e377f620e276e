/* Who the rows of a snapshot are and what its columns hold. */
#ifndef WCA_NAMES_H
#define WCA_NAMES_H

#include "wca-binary.h"
#include "wca-json.h"

struct wca_names {
  uint32_t rows, columns;
  /* Of each row. */
  struct wca_text *ids;
  /* Inodes: another one means that the counters of the task have started anew. */
  double *identities;
  /* Of each column, levels after slashes: `task_pressure_seconds_total/cpu/some`. */
  struct wca_text *paths;
  /* What the texts are in, and what all the above is in. */
  struct wca_buffer texts, lists;
};

/* Texts move while there are more to come, so they begin as offsets. */
static inline struct wca_text wca_names_since(const struct wca_names *names, uint32_t start) {
  return (struct wca_text){(const char *)(uintptr_t)start, names->texts.length - start};
}

static inline void wca_names_tasks(struct wca_json *json, struct wca_names *names, struct wca_buffer *scratch) {
  struct wca_text key;
  uint32_t ids = 0, identities = 0;
  for (wca_enter(json, '{'); wca_key(json, &key, scratch);) {
    int is_id = wca_same(key, WCA_TEXT("id"));
    uint32_t *count = is_id ? &ids : &identities;
    if (!is_id && !wca_same(key, WCA_TEXT("identity"))) {
      wca_skip(json);
      continue;
    }
    for (wca_enter(json, '['); wca_item(json); ++*count) {
      if (*count >= names->rows) {
        json->failed = 1;
      } else if (is_id) {
        uint32_t start = names->texts.length;
        wca_string_into(json, &names->texts);
        names->ids[*count] = wca_names_since(names, start);
      } else {
        names->identities[*count] = wca_number(json);
      }
    }
  }
  if (ids != names->rows || identities != names->rows) json->failed = 1;
}

static inline void wca_names_columns(struct wca_json *json, struct wca_names *names) {
  uint32_t count = 0;
  for (wca_enter(json, '['); wca_item(json); count++) {
    uint32_t start = names->texts.length;
    for (wca_enter(json, '['); wca_item(json);) {
      if (names->texts.length > start) wca_put_code(&names->texts, '/');
      wca_string_into(json, &names->texts);
    }
    if (count >= names->columns) json->failed = 1;
    else names->paths[count] = wca_names_since(names, start);
  }
  if (count != names->columns) json->failed = 1;
}

/*
 * Reads the names of a snapshot; do so when its `meta_version` is another one than before. What was in `names`
 * is gone then. Returns 0 when they are not as specified.
 */
static inline int wca_read_names(const struct wca_snapshot *snapshot, struct wca_names *names) {
  static struct wca_buffer scratch;
  uint32_t rows = snapshot->rows, columns = snapshot->columns;
  uint32_t text_bytes = (uint32_t)sizeof(struct wca_text);
  names->texts.length = names->lists.length = 0;
  wca_reserve(&names->lists, rows * 8 + (rows + columns) * text_bytes);
  names->rows = rows;
  names->columns = columns;
  names->identities = (double *)(void *)names->lists.data;
  names->ids = (struct wca_text *)(void *)(names->lists.data + rows * 8);
  names->paths = names->ids + rows;
  struct wca_json json = wca_json(snapshot->meta);
  struct wca_text key;
  int found = 0;
  for (wca_enter(&json, '{'); wca_key(&json, &key, &scratch);) {
    if (wca_same(key, WCA_TEXT("tasks"))) found |= 1, wca_names_tasks(&json, names, &scratch);
    else if (wca_same(key, WCA_TEXT("columns"))) found |= 2, wca_names_columns(&json, names);
    else wca_skip(&json);
  }
  if (json.failed || found != 3) return 0;
  for (uint32_t i = 0; i < rows + columns; i++)
    names->ids[i].data = (const char *)names->texts.data + (uintptr_t)names->ids[i].data;
  return 1;
}

/* The column with this path, or -1. */
static inline int32_t wca_column(const struct wca_names *names, struct wca_text path) {
  for (uint32_t i = 0; i < names->columns; i++)
    if (wca_same(names->paths[i], path)) return (int32_t)i;
  return -1;
}

#endif
