/*
 * Reads JSON from front to back without building anything:
 *
 *     struct wca_json json = wca_json(text);
 *     struct wca_text key;
 *     for (wca_enter(&json, '{'); wca_key(&json, &key, &scratch);) {
 *       if (wca_same(key, WCA_TEXT("threshold"))) threshold = wca_number(&json);
 *       else wca_skip(&json);
 *     }
 *     if (json.failed) …
 *
 * After a fault every function gives nothing, so one look at `failed` in the end is enough.
 */
#ifndef WCA_JSON_H
#define WCA_JSON_H

#include "wca-memory.h"

struct wca_json {
  const char *at;
  const char *end;
  int failed;
};

static inline struct wca_json wca_json(struct wca_text text) {
  return (struct wca_json){text.data, text.data + text.length, 0};
}

/* The next character that is no space; 0 at the end. */
static inline char wca_peek(struct wca_json *json) {
  while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' || *json->at == '\n' || *json->at == '\r'))
    json->at++;
  return json->at < json->end && !json->failed ? *json->at : 0;
}

static inline int wca_take(struct wca_json *json, char wanted) {
  if (wca_peek(json) != wanted) return 0;
  json->at++;
  return 1;
}

/* Enters a list or an object, given its bracket. */
static inline void wca_enter(struct wca_json *json, char bracket) {
  if (!wca_take(json, bracket)) json->failed = 1;
}

/* Whether there is another item of a list; behind the last one the list is left. */
static inline int wca_item(struct wca_json *json) {
  if (json->failed || wca_take(json, ']')) return 0;
  wca_take(json, ',');
  if (wca_peek(json) == 0) json->failed = 1;
  return !json->failed;
}

static inline uint32_t wca_hex4(struct wca_json *json) {
  uint32_t code = 0;
  for (int i = 0; i < 4; i++) {
    char c = json->at < json->end ? *json->at++ : 0;
    uint32_t digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : 16;
    if (digit == 16) json->failed = 1;
    code = code * 16 + digit;
  }
  return code;
}

static inline void wca_put_code(struct wca_buffer *into, uint32_t code) {
  wca_reserve(into, 4);
  uint8_t *to = into->data + into->length;
  if (code < 0x80) {
    to[0] = (uint8_t)code;
    into->length += 1;
  } else if (code < 0x800) {
    to[0] = (uint8_t)(0xc0 | code >> 6);
    to[1] = (uint8_t)(0x80 | (code & 63));
    into->length += 2;
  } else if (code < 0x10000) {
    to[0] = (uint8_t)(0xe0 | code >> 12);
    to[1] = (uint8_t)(0x80 | (code >> 6 & 63));
    to[2] = (uint8_t)(0x80 | (code & 63));
    into->length += 3;
  } else {
    to[0] = (uint8_t)(0xf0 | code >> 18);
    to[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    to[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    to[3] = (uint8_t)(0x80 | (code & 63));
    into->length += 4;
  }
}

static inline void wca_put_escape(struct wca_json *json, struct wca_buffer *into) {
  char c = json->at < json->end ? *json->at++ : 0;
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  for (uint32_t i = 0; i < sizeof from - 1; i++)
    if (c == from[i]) {
      wca_put_code(into, (uint8_t)to[i]);
      return;
    }
  if (c != 'u') {
    json->failed = 1;
    return;
  }
  uint32_t code = wca_hex4(json);
  if (code >= 0xd800 && code < 0xdc00 && json->end - json->at >= 6 && json->at[0] == '\\' && json->at[1] == 'u') {
    struct wca_json ahead = {json->at + 2, json->end, 0};
    uint32_t low = wca_hex4(&ahead);
    if (low >= 0xdc00 && low < 0xe000) {
      json->at = ahead.at;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
  }
  wca_put_code(into, code);
}

/* A string, unescaped behind what is in `into`. The text is an offset until the buffer does not grow any more. */
static inline void wca_string_into(struct wca_json *json, struct wca_buffer *into) {
  if (!wca_take(json, '"')) {
    json->failed = 1;
    return;
  }
  while (json->at < json->end && *json->at != '"' && !json->failed) {
    char c = *json->at++;
    if (c == '\\') {
      wca_put_escape(json, into);
    } else {
      wca_reserve(into, 1);
      into->data[into->length++] = (uint8_t)c;
    }
  }
  if (json->at < json->end) json->at++;
  else json->failed = 1;
}

/* A string that is gone when `scratch` is used again. */
static inline struct wca_text wca_string(struct wca_json *json, struct wca_buffer *scratch) {
  scratch->length = 0;
  wca_string_into(json, scratch);
  return (struct wca_text){(const char *)scratch->data, scratch->length};
}

/* Whether there is another key of an object; behind the last one the object is left. */
static inline int wca_key(struct wca_json *json, struct wca_text *key, struct wca_buffer *scratch) {
  if (json->failed || wca_take(json, '}')) return 0;
  wca_take(json, ',');
  *key = wca_string(json, scratch);
  if (!wca_take(json, ':')) json->failed = 1;
  return !json->failed;
}

/* Tiny numbers in steps: the power that they are divided by can be larger than any number. */
static inline double wca_scale(double value, int exponent) {
  double power = 1;
  if (value == 0) return 0;
  for (; exponent < -300; exponent += 300) value /= 1e300;
  for (int i = exponent < 0 ? -exponent : exponent; i > 0; i--) power *= 10;
  return exponent < 0 ? value / power : value * power;
}

/* Exact for up to 15 digits and exponents up to 22, and close to it beyond. */
static inline double wca_number(struct wca_json *json) {
  int negative = wca_take(json, '-'), exponent = 0, digits = 0;
  double value = 0;
  wca_peek(json);
  for (int behind = 0; json->at < json->end; json->at++) {
    char c = *json->at;
    if (c == '.' && !behind) behind = 1;
    else if (c >= '0' && c <= '9') value = value * 10 + (c - '0'), exponent -= behind, digits++;
    else break;
  }
  if (digits == 0) json->failed = 1;
  if (json->at < json->end && (*json->at | 32) == 'e') {
    json->at++;
    int sign = json->at < json->end && *json->at == '-' ? -1 : 1, more = 0;
    if (json->at < json->end && (*json->at == '-' || *json->at == '+')) json->at++;
    for (; json->at < json->end && *json->at >= '0' && *json->at <= '9' && more < 400; json->at++)
      more = more * 10 + (*json->at - '0');
    exponent += sign * more;
  }
  value = wca_scale(value, exponent);
  return negative ? -value : value;
}

/* Leaves out whatever comes. */
static inline void wca_skip(struct wca_json *json) {
  int depth = 0;
  do {
    char c = wca_peek(json);
    if (c == '"') {
      for (json->at++; json->at < json->end && *json->at != '"'; json->at++)
        if (*json->at == '\\') json->at++;
      json->at++;
    } else if (c == '{' || c == '[') {
      depth++;
      json->at++;
    } else if (depth == 0 && (c == '}' || c == ']' || c == ',' || c == ':')) {
      json->failed = 1;
    } else if (c == '}' || c == ']') {
      depth--;
      json->at++;
    } else if (c == ',' || c == ':') {
      json->at++;
    } else {
      const char *start = json->at;
      while (json->at < json->end && *json->at > ' ' && *json->at != ',' && *json->at != '}' && *json->at != ']' &&
             *json->at != ':')
        json->at++;
      if (json->at == start) json->failed = 1;
    }
  } while (depth > 0 && !json->failed);
  if (json->at > json->end) json->failed = 1;
}

#endif
