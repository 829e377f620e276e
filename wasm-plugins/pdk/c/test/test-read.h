/* Reading: JSON, and the binary form. */
#include "check.h"

static struct wca_buffer scratch;

static double number_of(struct wca_text text) {
  struct wca_json json = wca_json(text);
  double value = wca_number(&json);
  return json.failed || json.at != json.end ? __builtin_nan("") : value;
}

#define NUMBER_OF(text) number_of(WCA_TEXT(text))

TEST(test_reads_numbers) {
  CHECK_NUMBER(NUMBER_OF("0"), 0);
  CHECK_NUMBER(NUMBER_OF("0.1"), 0.1);
  CHECK_NUMBER(NUMBER_OF("1e-7"), 1e-7);
  CHECK_NUMBER(NUMBER_OF("-12.5e3"), -12500);
  CHECK_NUMBER(NUMBER_OF("2.5E+2"), 250);
  CHECK_NUMBER(NUMBER_OF("9007199254740991"), 9007199254740991.0);
  CHECK_NUMBER(NUMBER_OF("18446744073709551616"), 18446744073709551616.0);
  CHECK_NUMBER(NUMBER_OF("1700000000000.5"), 1700000000000.5);
  CHECK_NUMBER(NUMBER_OF("0e400"), 0);
  CHECK_NUMBER(NUMBER_OF("1e400"), __builtin_inf());
  CHECK_NUMBER(NUMBER_OF("1e-400"), 0);
}

/* Beyond 15 digits: close. */
TEST(test_reads_long_numbers_closely) {
  double pi = NUMBER_OF("3.141592653589793"), tiny = NUMBER_OF("1.2345678901234567e-300");
  CHECK(__builtin_fabs(pi / 3.141592653589793 - 1) < 1e-15);
  CHECK(__builtin_fabs(tiny / 1.2345678901234567e-300 - 1) < 1e-13);
  CHECK(__builtin_fabs(NUMBER_OF("1.79e308") / 1.79e308 - 1) < 1e-13);
}

static struct wca_text string_of(struct wca_text text) {
  struct wca_json json = wca_json(text);
  struct wca_text read = wca_string(&json, &scratch);
  return json.failed ? WCA_TEXT("(refused)") : read;
}

#define STRING_OF(text) string_of(WCA_TEXT(text))

TEST(test_reads_strings) {
  CHECK_TEXT(STRING_OF("\"\""), "");
  CHECK_TEXT(STRING_OF(" \"a b\""), "a b");
  CHECK_TEXT(STRING_OF("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "\"\\/\b\f\n\r\t");
  CHECK_TEXT(STRING_OF("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\""), "A\u00e9\u20ac\U0001f600");
  CHECK_TEXT(STRING_OF("\"\u00e9\U0001f600\""), "\u00e9\U0001f600");
  CHECK_TEXT(STRING_OF("\"\\u0000x\""), "\0x");
  /* The first half of a pair without the second one is by itself. */
  CHECK_TEXT(STRING_OF("\"\\ud83d\\u0041\""), "\xed\xa0\xbd" "A");
}

TEST(test_refuses_broken_strings) {
  CHECK_TEXT(STRING_OF("\"open"), "(refused)");
  CHECK_TEXT(STRING_OF("\"open\\"), "(refused)");
  CHECK_TEXT(STRING_OF("\"\\q\""), "(refused)");
  CHECK_TEXT(STRING_OF("\"\\u12g4\""), "(refused)");
  CHECK_TEXT(STRING_OF("\"\\u12"), "(refused)");
  CHECK_TEXT(STRING_OF("1"), "(refused)");
}

/* Adds up the numbers of the key "n", whatever else is there. */
static double sum_of(struct wca_text text) {
  struct wca_json json = wca_json(text);
  struct wca_text key;
  double sum = 0;
  for (wca_enter(&json, '{'); wca_key(&json, &key, &scratch);) {
    if (!wca_same(key, WCA_TEXT("n"))) wca_skip(&json);
    else
      for (wca_enter(&json, '['); wca_item(&json);)
        for (wca_enter(&json, '['); wca_item(&json);) sum += wca_number(&json);
  }
  return json.failed ? __builtin_nan("") : sum;
}

#define SUM_OF(text) sum_of(WCA_TEXT(text))

TEST(test_reads_nested_lists_and_leaves_out_the_rest) {
  CHECK_NUMBER(SUM_OF("{}"), 0);
  CHECK_NUMBER(SUM_OF("{\"n\":[]}"), 0);
  CHECK_NUMBER(SUM_OF(" {\"a\":{\"b\":[1,{\"c\":\"]}\\\"\"},null]},\"n\" : [ [1, 2] ,[],[4]\n], \"z\":-1e3}"), 7);
}

TEST(test_refuses_broken_json) {
  double refused = __builtin_nan("");
  CHECK_NUMBER(SUM_OF(""), refused);
  CHECK_NUMBER(SUM_OF("[]"), refused);
  CHECK_NUMBER(SUM_OF("{\"n\":[[1,2]]"), refused);
  CHECK_NUMBER(SUM_OF("{\"n\":[[1,2"), refused);
  CHECK_NUMBER(SUM_OF("{\"n\":[[1,]]}"), refused);
  CHECK_NUMBER(SUM_OF("{\"n\":[[x]]}"), refused);
  CHECK_NUMBER(SUM_OF("{\"n\" [[1]]}"), refused);
  CHECK_NUMBER(SUM_OF("{n:[[1]]}"), refused);
  CHECK_NUMBER(SUM_OF("{\"a\":\"open"), refused);
  CHECK_NUMBER(SUM_OF("{\"a\":[1}"), refused);
  CHECK_NUMBER(SUM_OF("{\"a\":,\"n\":[[1]]}"), refused);
  CHECK_NUMBER(SUM_OF("{\"a\":}}"), refused);
  struct wca_json list = wca_json(WCA_TEXT("[1,2"));
  for (wca_enter(&list, '['); wca_item(&list);) wca_number(&list);
  CHECK(list.failed);
}

/* Two tasks, two columns, and the names behind. */
#define META "{\"tasks\":{\"id\":[\"a/b\",\"\\u00e9\"],\"labels\":[{},{}],\"identity\":[7,8]}," \
             "\"columns\":[[\"task_cycles\"],[\"task_pressure_seconds_total\",\"cpu\",\"some\"]],\"platform\":{}}"

static struct {
  uint32_t magic, meta_length, rows, columns;
  double time_ms, interval_secs;
  uint32_t meta_version, zero;
  double values[4];
  char meta[sizeof META - 1];
} message = {WCA_MAGIC, sizeof META - 1, 2, 2, 1500, 0.5, 3, 0, {1, 2, 3, 0}, META};

#define MESSAGE_BYTES (40 + 32 + sizeof META - 1)

static int read_message(uint32_t length, struct wca_snapshot *snapshot) {
  return wca_read_snapshot((struct wca_text){(const char *)&message, length}, snapshot);
}

TEST(test_reads_the_binary_form) {
  struct wca_snapshot snapshot;
  message.values[3] = __builtin_nan("");
  CHECK(read_message(MESSAGE_BYTES, &snapshot));
  CHECK_NUMBER(snapshot.time_ms, 1500);
  CHECK_NUMBER(snapshot.interval_secs, 0.5);
  CHECK_NUMBER(snapshot.rows, 2);
  CHECK_NUMBER(snapshot.columns, 2);
  CHECK_NUMBER(snapshot.meta_version, 3);
  CHECK_NUMBER(snapshot.values[0], 1);
  CHECK_NUMBER(snapshot.values[2], 3);
  CHECK_NUMBER(snapshot.values[3], __builtin_nan(""));
  CHECK_TEXT(snapshot.meta, META);
}

TEST(test_reads_names) {
  struct wca_snapshot snapshot;
  struct wca_names names = {0};
  CHECK(read_message(MESSAGE_BYTES, &snapshot) && wca_read_names(&snapshot, &names));
  CHECK_TEXT(names.ids[0], "a/b");
  CHECK_TEXT(names.ids[1], "\u00e9");
  CHECK_NUMBER(names.identities[1], 8);
  CHECK_TEXT(names.paths[0], "task_cycles");
  CHECK_NUMBER(wca_column(&names, WCA_TEXT("task_pressure_seconds_total/cpu/some")), 1);
  CHECK_NUMBER(wca_column(&names, WCA_TEXT("task_pressure_seconds_total")), -1);
  snapshot.rows = 3;
  CHECK(!wca_read_names(&snapshot, &names));
  snapshot.rows = 1;
  CHECK(!wca_read_names(&snapshot, &names));
  snapshot.rows = 2;
  snapshot.columns = 1;
  CHECK(!wca_read_names(&snapshot, &names));
}

TEST(test_refuses_other_buffers) {
  struct wca_snapshot snapshot;
  CHECK(!read_message(0, &snapshot));
  CHECK(!read_message(39, &snapshot));
  CHECK(!read_message(40, &snapshot));
  CHECK(!read_message(MESSAGE_BYTES - 1, &snapshot));
  CHECK(!read_message(MESSAGE_BYTES + 1, &snapshot));
  message.magic++;
  CHECK(!read_message(MESSAGE_BYTES, &snapshot));
  /* As many numbers as 2 to the power of 65 bytes hold. */
  message.magic = WCA_MAGIC;
  message.rows = message.columns = 0x80000000u;
  message.meta_length = 0;
  CHECK(!read_message(40, &snapshot));
}
