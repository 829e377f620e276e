/* The tests of the headers; README.md has the command. */
#include "test-read.h"

static struct wca_buffer out;

static struct wca_text numeral_of(double value) {
  out.length = 0;
  wca_put_number(&out, value);
  return wca_text_of(&out);
}

static double read_back(double value) { return number_of(numeral_of(value)); }

TEST(test_writes_numbers) {
  CHECK_TEXT(numeral_of(0), "0");
  CHECK_TEXT(numeral_of(-42), "-42");
  CHECK_TEXT(numeral_of(9007199254740991.0), "9007199254740991");
  CHECK_TEXT(numeral_of(0.5), "5000000000000000e-16");
  CHECK_TEXT(numeral_of(-1.25), "-1250000000000000e-15");
  CHECK_TEXT(numeral_of(__builtin_nan("")), "null");
  CHECK_TEXT(numeral_of(-__builtin_inf()), "null");
}

TEST(test_numbers_survive_writing_and_reading) {
  CHECK_NUMBER(read_back(0.1), 0.1);
  CHECK_NUMBER(read_back(1e-7), 1e-7);
  CHECK_NUMBER(read_back(-12345.678), -12345.678);
  CHECK_NUMBER(read_back(4503599627370497.0), 4503599627370497.0);
  static const double many[] = {3.141592653589793, 1.0 / 3, 2e-9 / 7, 1e22, 1.2345678901234567e-300, 1.7e308};
  for (uint32_t i = 0; i < sizeof many / sizeof *many; i++)
    CHECK(__builtin_fabs(read_back(many[i]) / many[i] - 1) < 1e-13);
}

static struct wca_text quoted(struct wca_text text) {
  out.length = 0;
  wca_put_string(&out, text);
  return wca_text_of(&out);
}

TEST(test_writes_strings) {
  CHECK_TEXT(quoted(WCA_TEXT("")), "\"\"");
  CHECK_TEXT(quoted(WCA_TEXT("say \"no\" \\ /")), "\"say \\\"no\\\" \\\\ /\"");
  CHECK_TEXT(quoted(WCA_TEXT("\0\n\x1f\x7f")), "\"\\u0000\\u000a\\u001f\x7f\"");
  CHECK_TEXT(quoted(WCA_TEXT("\u00e9\u20ac\U0001f600")), "\"\u00e9\u20ac\U0001f600\"");
}

TEST(test_speaks_with_the_agent) {
  static const char input[] = "{\"n\":[[1,2],[3]]}";
  wca_test_set_input(input, sizeof input - 1);
  CHECK_NUMBER(sum_of(wca_input()), 6);
  CHECK_NUMBER(wca_output(WCA_TEXT("{\"anomalies\":[]}")), 0);
  CHECK_ANSWER({"anomalies": []});
  SET_OPTION("share", "2.5");
  SET_OPTION("on", "true");
  CHECK_NUMBER(wca_number_option(WCA_TEXT("share"), 1), 2.5);
  CHECK_NUMBER(wca_number_option(WCA_TEXT("other"), 1), 1);
  CHECK(wca_option_is(WCA_TEXT("on"), WCA_TEXT("true")));
  CHECK(!wca_option_is(WCA_TEXT("off"), WCA_TEXT("true")));
}
