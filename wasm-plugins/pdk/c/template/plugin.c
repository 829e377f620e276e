/* Reports tasks with more than `threshold` processes and threads. */
#include "wca.h"

WCA_EXPORT("describe") int32_t describe(void) {
  return wca_output(WCA_TEXT(
      "{\"protocol\":1,\"role\":\"detector\",\"version\":\"0.1.0\",\"input\":\"binary\","
      "\"doc\":\"Reports tasks with many processes and threads.\","
      "\"measurements\":[\"task_pids\"],\"platformMeasurements\":[],"
      "\"options\":{\"type\":\"object\",\"properties\":{\"threshold\":{\"type\":\"number\",\"default\":1000,"
      "\"description\":\"Processes and threads from which a task is reported.\"}}}}"));
}

WCA_EXPORT("detect") int32_t detect(void) {
  static struct wca_names names;
  static struct wca_buffer out;
  static uint32_t meta_version;
  struct wca_snapshot snapshot;
  if (!wca_read_snapshot(wca_input(), &snapshot)) return wca_fail(WCA_TEXT("Cannot read the snapshot"));
  if (snapshot.meta_version != meta_version && !wca_read_names(&snapshot, &names))
    return wca_fail(WCA_TEXT("Cannot read the names in the snapshot"));
  meta_version = snapshot.meta_version;
  double threshold = wca_number_option(WCA_TEXT("threshold"), 1000);
  int32_t column = wca_column(&names, WCA_TEXT("task_pids"));
  uint32_t found = 0;
  out.length = 0;
  wca_put(&out, WCA_TEXT("{\"anomalies\":["));
  for (uint32_t row = 0; row < names.rows && column >= 0; row++) {
    if (!(snapshot.values[row * snapshot.columns + (uint32_t)column] > threshold)) continue;
    if (found++ > 0) wca_put_byte(&out, ',');
    wca_put(&out, WCA_TEXT("{\"resource\":\"unknown resource\",\"contendingTaskIds\":[],\"contendedTaskId\":"));
    wca_put_string(&out, names.ids[row]);
    wca_put_byte(&out, '}');
  }
  wca_put(&out, WCA_TEXT("]}"));
  return wca_output(wca_text_of(&out));
}
