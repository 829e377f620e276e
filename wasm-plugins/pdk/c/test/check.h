/* Checks for tests that ../../run-tests.mjs runs. */
#ifndef WCA_CHECK_H
#define WCA_CHECK_H

#include "wca.h"

#define WCA_TEST_IMPORT(name) __attribute__((import_module("wca:test"), import_name(name)))

WCA_TEST_IMPORT("failed") void wca_test_failed(const char *text, uint32_t length);
WCA_TEST_IMPORT("differ") void wca_test_differ(const char *text, uint32_t length, double got, double wanted);
WCA_TEST_IMPORT("set_input") void wca_test_set_input(const void *data, uint32_t length);
WCA_TEST_IMPORT("set_option")
void wca_test_set_option(const char *name, uint32_t length, const char *value, uint32_t value_length);
WCA_TEST_IMPORT("answers") void wca_test_answers(const char *json, uint32_t length);

#define TEST(name) WCA_EXPORT(#name) void name(void)

#define WCA_TEXT_OF(line) #line
#define WCA_AT(line) __FILE_NAME__ ":" WCA_TEXT_OF(line) ": "
#define WCA_WHAT(what) WCA_AT(__LINE__) what, sizeof(WCA_AT(__LINE__) what) - 1

#define CHECK(truth) ((truth) ? (void)0 : wca_test_failed(WCA_WHAT(#truth)))
/* The very same number; NaN is the same as NaN. */
#define CHECK_NUMBER(got, wanted) check_number(WCA_WHAT(#got), got, wanted)
#define CHECK_TEXT(got, wanted) check_text(WCA_WHAT(#got), got, WCA_TEXT(wanted))
/* The answer of the call before is this JSON, in whatever order the keys are. */
#define CHECK_ANSWER(...) wca_test_answers(#__VA_ARGS__, sizeof #__VA_ARGS__ - 1)
#define SET_OPTION(name, value) wca_test_set_option(name, sizeof name - 1, value, sizeof value - 1)

static inline void check_number(const char *what, uint32_t length, double got, double wanted) {
  if (got != wanted && (got == got || wanted == wanted)) wca_test_differ(what, length, got, wanted);
}

static inline void check_text(const char *what, uint32_t length, struct wca_text got, struct wca_text wanted) {
  if (wca_same(got, wanted)) return;
  struct wca_buffer words = {0};
  wca_put(&words, (struct wca_text){what, length});
  wca_put(&words, WCA_TEXT(": got "));
  wca_put(&words, got);
  wca_put(&words, WCA_TEXT(", wanted "));
  wca_put(&words, wanted);
  wca_test_failed((const char *)words.data, words.length);
}

#endif
