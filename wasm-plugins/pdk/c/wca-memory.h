/* Memory that grows, and buffers in it. Nothing is given back to the agent before the instance ends. */
#ifndef WCA_MEMORY_H
#define WCA_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define WCA_PAGE 65536u

/* The compiler calls these for structures. */
void *memcpy(void *to, const void *from, size_t size) {
  uint8_t *t = to;
  const uint8_t *f = from;
  for (size_t i = 0; i < size; i++) t[i] = f[i];
  return to;
}

void *memset(void *to, int byte, size_t size) {
  uint8_t *t = to;
  for (size_t i = 0; i < size; i++) t[i] = (uint8_t)byte;
  return to;
}

int memcmp(const void *a, const void *b, size_t size) {
  const uint8_t *x = a, *y = b;
  for (size_t i = 0; i < size; i++)
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  return 0;
}

/* Where the linker's data end and free memory begins. */
extern uint8_t __heap_base;
static uint8_t *wca_free;

/* Memory for good, zeroed, aligned to 8. Traps when there is no more. */
static inline void *wca_allocate(size_t size) {
  if (wca_free == NULL) wca_free = &__heap_base;
  uint8_t *start = (uint8_t *)(((uintptr_t)wca_free + 7) & ~(uintptr_t)7);
  uintptr_t end = (uintptr_t)start + size;
  if (end < (uintptr_t)start) __builtin_trap();
  size_t have = __builtin_wasm_memory_size(0) * (size_t)WCA_PAGE;
  if (end > have && __builtin_wasm_memory_grow(0, (end - have + WCA_PAGE - 1) / WCA_PAGE) == (size_t)-1)
    __builtin_trap();
  wca_free = (uint8_t *)end;
  return memset(start, 0, size);
}

/* Bytes that grow by doubling, so that what is left behind is never more than what is used. */
struct wca_buffer {
  uint8_t *data;
  uint32_t length;
  uint32_t capacity;
};

/* Makes room for `more` bytes behind what is there. */
static inline void wca_reserve(struct wca_buffer *buffer, uint32_t more) {
  uint32_t wanted = buffer->length + more;
  if (wanted < more) __builtin_trap();
  if (wanted <= buffer->capacity) return;
  uint32_t capacity = wanted < 512 ? 1024 : wanted * 2;
  uint8_t *data = wca_allocate(capacity);
  memcpy(data, buffer->data, buffer->length);
  buffer->data = data;
  buffer->capacity = capacity;
}

/* A text that belongs to somebody else. */
struct wca_text {
  const char *data;
  uint32_t length;
};

#define WCA_TEXT(literal) ((struct wca_text){(literal), sizeof(literal) - 1})

static inline int wca_same(struct wca_text a, struct wca_text b) {
  return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

#endif
