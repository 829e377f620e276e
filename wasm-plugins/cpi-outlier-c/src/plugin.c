/* The detector cpi-outlier as a plugin: wasm-plugins/cpi-outlier/README.md tells what it does. */
#include "judge.h"

static const char OPTIONS[] = {
#embed "../../cpi-outlier/options.schema.json"
};

WCA_EXPORT("describe") int32_t describe(void) {
  struct wca_buffer out = {0};
  wca_put(&out, WCA_TEXT("{\"protocol\":1,\"role\":\"detector\",\"version\":\"1.0.0\",\"input\":\"binary\","
                         "\"doc\":\"Finds tasks that are slowed down by others, from their own history (C).\","
                         "\"platformMeasurements\":[],\"measurements\":["));
  for (int i = 0; i < ROLES; i++) {
    if (i > 0) wca_put_byte(&out, ',');
    wca_put_string(&out, MEASUREMENTS[i]);
  }
  wca_put(&out, WCA_TEXT("],\"options\":"));
  wca_put(&out, (struct wca_text){OPTIONS, sizeof OPTIONS});
  wca_put_byte(&out, '}');
  return wca_output(wca_text_of(&out));
}

/* The version of the names that the tasks have now. */
static uint32_t meta_version;

WCA_EXPORT("detect") int32_t detect(void) {
  struct wca_snapshot snapshot;
  read_options();
  if (!wca_read_snapshot(wca_input(), &snapshot))
    return wca_fail(WCA_TEXT("Cannot read the snapshot: not of the binary form, version 1"));
  double secs = snapshot.time_ms / 1000, last = time_now();
  begin_report();
  enum began began = begin_round(secs);
  if (began == STILL) return wca_output(end_report());
  if (began == BACK) forget_tasks();
  if (began == BACK || snapshot.meta_version != meta_version) {
    if (!read_names(&snapshot)) return wca_fail(WCA_TEXT("Cannot read the names in the snapshot: not as specified"));
    meta_version = snapshot.meta_version;
  }
  for (uint32_t i = 0; i < tasks.count; i++)
    read_task(tasks.rows[i], readings_of(snapshot.values + (size_t)i * snapshot.columns), secs - last, slot_now());
  for (uint32_t i = 0; i < tasks.count; i++) {
    enum state state = judge(tasks.rows[i], secs);
    if (state != NO_STATE) put_anomaly(tasks.rows[i], state);
  }
  return wca_output(end_report());
}
