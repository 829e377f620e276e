/* Writes JSON. Commas are the plugin's own business: `wca_put(out, WCA_TEXT(",\"severity\":"))`. */
#ifndef WCA_WRITE_H
#define WCA_WRITE_H

#include "wca-json.h"
#include "wca-memory.h"

static inline struct wca_text wca_text_of(const struct wca_buffer *buffer) {
  return (struct wca_text){(const char *)buffer->data, buffer->length};
}

static inline void wca_put(struct wca_buffer *out, struct wca_text text) {
  wca_reserve(out, text.length);
  memcpy(out->data + out->length, text.data, text.length);
  out->length += text.length;
}

static inline void wca_put_byte(struct wca_buffer *out, char byte) {
  wca_reserve(out, 1);
  out->data[out->length++] = (uint8_t)byte;
}

/* With quotes, escaped. */
static inline void wca_put_string(struct wca_buffer *out, struct wca_text text) {
  static const char hex[] = "0123456789abcdef";
  wca_put_byte(out, '"');
  for (uint32_t i = 0; i < text.length; i++) {
    uint8_t c = (uint8_t)text.data[i];
    if (c < 0x20) {
      wca_put(out, WCA_TEXT("\\u00"));
      wca_put_byte(out, hex[c >> 4]);
      wca_put_byte(out, hex[c & 15]);
      continue;
    }
    if (c == '"' || c == '\\') wca_put_byte(out, '\\');
    wca_put_byte(out, (char)c);
  }
  wca_put_byte(out, '"');
}

static inline void wca_put_integer(struct wca_buffer *out, uint64_t value) {
  char digits[20];
  uint32_t count = 0;
  do digits[count++] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  while (count > 0) wca_put_byte(out, digits[--count]);
}

/* 16 digits, of which 15 are right; whole numbers exactly. JSON has no NaN and no infinity: null. */
static inline void wca_put_number(struct wca_buffer *out, double value) {
  if (value != value || value - value != 0) {
    wca_put(out, WCA_TEXT("null"));
    return;
  }
  if (value < 0) {
    wca_put_byte(out, '-');
    value = -value;
  }
  if (value < 9007199254740992.0 && value == __builtin_floor(value)) {
    wca_put_integer(out, (uint64_t)value);
    return;
  }
  int exponent = 0;
  for (; value >= 1e16; exponent++) value /= 10;
  for (; value < 1e15; exponent--) value *= 10;
  wca_put_integer(out, (uint64_t)(value + 0.5));
  wca_put_byte(out, 'e');
  if (exponent < 0) wca_put_byte(out, '-');
  wca_put_integer(out, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

#endif
