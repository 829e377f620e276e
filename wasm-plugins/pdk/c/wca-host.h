/* What the agent offers: the Extism plugin interface, https://extism.org/docs/concepts/pdk. */
#ifndef WCA_HOST_H
#define WCA_HOST_H

#include "wca-memory.h"

#define WCA_IMPORT(name) __attribute__((import_module("extism:host/env"), import_name(name)))
/* Before a function that the agent calls: no parameters, returns 0 when all is well. */
#define WCA_EXPORT(name) __attribute__((export_name(name)))

WCA_IMPORT("alloc") uint64_t wca_host_alloc(uint64_t size);
WCA_IMPORT("free") void wca_host_free(uint64_t block);
WCA_IMPORT("length") uint64_t wca_host_length(uint64_t block);
WCA_IMPORT("load_u8") uint32_t wca_host_load_u8(uint64_t at);
WCA_IMPORT("store_u8") void wca_host_store_u8(uint64_t at, uint32_t byte);
WCA_IMPORT("store_u64") void wca_host_store_u64(uint64_t at, uint64_t word);
WCA_IMPORT("input_length") uint64_t wca_host_input_length(void);
WCA_IMPORT("input_load_u8") uint32_t wca_host_input_load_u8(uint64_t at);
WCA_IMPORT("input_load_u64") uint64_t wca_host_input_load_u64(uint64_t at);
WCA_IMPORT("output_set") void wca_host_output_set(uint64_t block, uint64_t length);
WCA_IMPORT("error_set") void wca_host_error_set(uint64_t block);
WCA_IMPORT("config_get") uint64_t wca_host_config_get(uint64_t key);
WCA_IMPORT("log_info") void wca_host_log_info(uint64_t message);

/* The input of this call, in a buffer that is used again in the next one. */
static inline struct wca_text wca_input(void) {
  static struct wca_buffer buffer;
  uint32_t size = (uint32_t)wca_host_input_length();
  buffer.length = 0;
  wca_reserve(&buffer, size + 8);
  uint32_t at = 0;
  for (; at + 8 <= size; at += 8) *(uint64_t *)(buffer.data + at) = wca_host_input_load_u64(at);
  for (; at < size; at++) buffer.data[at] = (uint8_t)wca_host_input_load_u8(at);
  buffer.length = size;
  return (struct wca_text){(const char *)buffer.data, size};
}

/* A block of the agent's with this text. */
static inline uint64_t wca_block(struct wca_text text) {
  uint64_t block = wca_host_alloc(text.length);
  uint32_t at = 0;
  for (; at + 8 <= text.length; at += 8) {
    uint64_t word;
    __builtin_memcpy(&word, text.data + at, 8);
    wca_host_store_u64(block + at, word);
  }
  for (; at < text.length; at++) wca_host_store_u8(block + at, (uint8_t)text.data[at]);
  return block;
}

/* Answers the call. Returns 0, for `return wca_output(…)`. */
static inline int32_t wca_output(struct wca_text text) {
  if (text.length > 0) wca_host_output_set(wca_block(text), text.length);
  return 0;
}

/* Ends the call with a reason. Returns 1, for `return wca_fail(…)`. */
static inline int32_t wca_fail(struct wca_text reason) {
  wca_host_error_set(wca_block(reason));
  return 1;
}

static inline void wca_info(struct wca_text message) {
  uint64_t block = wca_block(message);
  wca_host_log_info(block);
  wca_host_free(block);
}

#endif
