/* Options, as the agent has checked them against the schema in `describe`. */
#ifndef WCA_OPTIONS_H
#define WCA_OPTIONS_H

#include "wca-host.h"
#include "wca-json.h"

/* An option as text, JSON unless it is a text itself, in a buffer of yours; empty when it is left out. */
static inline struct wca_text wca_option(struct wca_text name, struct wca_buffer *into) {
  uint64_t key = wca_block(name);
  uint64_t block = wca_host_config_get(key);
  wca_host_free(key);
  into->length = 0;
  if (block == 0) return WCA_TEXT("");
  uint32_t length = (uint32_t)wca_host_length(block);
  wca_reserve(into, length);
  for (; into->length < length; into->length++)
    into->data[into->length] = (uint8_t)wca_host_load_u8(block + into->length);
  wca_host_free(block);
  return (struct wca_text){(const char *)into->data, length};
}

static inline double wca_number_option(struct wca_text name, double otherwise) {
  static struct wca_buffer text;
  struct wca_json json = wca_json(wca_option(name, &text));
  double value = wca_number(&json);
  return json.failed ? otherwise : value;
}

/* Whether the option is this text, or this JSON: `true`. */
static inline int wca_option_is(struct wca_text name, struct wca_text value) {
  static struct wca_buffer text;
  return wca_same(wca_option(name, &text), value);
}

#endif
