/* What is told of a task and of all. */
#ifndef REPORT_H
#define REPORT_H

#include "tasks.h"

#define WORST_PRESSURE 0.5

enum state { NO_STATE, ONSET, ONGOING, CLEAR };

static struct {
  struct wca_buffer json;
  uint32_t anomalies;
} report;

static double clip(double value) { return value < 0 ? 0 : value > 1 ? 1 : value; }

static double severity_of(const struct outlier *outlier) {
  if (outlier->signal == SIGNAL_PSI) return clip((outlier->value - outlier->mean) / WORST_PRESSURE);
  return outlier->mean <= 0 ? 1 : clip(outlier->value / outlier->mean - 1);
}

static void put_metric(struct wca_text name, double value, struct wca_text label, struct wca_text label_value) {
  struct wca_buffer *out = &report.json;
  wca_put(out, WCA_TEXT("{\"name\":"));
  wca_put_string(out, name);
  wca_put(out, WCA_TEXT(",\"value\":"));
  wca_put_number(out, value);
  wca_put(out, WCA_TEXT(",\"labels\":{"));
  wca_put_string(out, label);
  wca_put_byte(out, ':');
  wca_put_string(out, label_value);
  wca_put(out, WCA_TEXT("},\"type\":\"gauge\"}"));
}

static void put_metrics(const struct task *task) {
  const struct outlier *outlier = &task->outlier;
  struct wca_text label = WCA_TEXT("signal");
  struct wca_text signal = outlier->signal == SIGNAL_CPI ? WCA_TEXT("cpi") : WCA_TEXT("psi");
  wca_put(&report.json, WCA_TEXT(",\"metrics\":["));
  put_metric(WCA_TEXT("cpi_outlier_value"), outlier->value, label, signal);
  wca_put_byte(&report.json, ',');
  put_metric(WCA_TEXT("cpi_outlier_mean"), outlier->mean, label, signal);
  wca_put_byte(&report.json, ',');
  put_metric(WCA_TEXT("cpi_outlier_threshold"), outlier->threshold, label, signal);
  for (uint32_t i = 0; i < task->contender_count; i++) {
    const struct contender *contender = &task->contenders[i];
    wca_put_byte(&report.json, ',');
    put_metric(WCA_TEXT("cpi_outlier_correlation"), contender->score, WCA_TEXT("contending_task_id"),
               contender->task->id);
  }
  wca_put_byte(&report.json, ']');
}

static void put_anomaly(const struct task *task, enum state state) {
  static const struct wca_text states[] = {{"", 0}, {"onset", 5}, {"ongoing", 7}, {"clear", 5}};
  struct wca_buffer *out = &report.json;
  struct wca_text resource = task->outlier.signal == SIGNAL_PSI ? WCA_TEXT("cpus")
                             : task->is_cache                   ? WCA_TEXT("cache")
                                                                : WCA_TEXT("unknown resource");
  if (report.anomalies++ > 0) wca_put_byte(out, ',');
  wca_put(out, WCA_TEXT("{\"resource\":"));
  wca_put_string(out, resource);
  wca_put(out, WCA_TEXT(",\"contendedTaskId\":"));
  wca_put_string(out, task->id);
  wca_put(out, WCA_TEXT(",\"contendingTaskIds\":["));
  for (uint32_t i = 0; i < task->contender_count; i++) {
    if (i > 0) wca_put_byte(out, ',');
    wca_put_string(out, task->contenders[i].task->id);
  }
  wca_put(out, WCA_TEXT("],\"state\":"));
  wca_put_string(out, states[state]);
  wca_put(out, WCA_TEXT(",\"severity\":"));
  wca_put_number(out, state == CLEAR ? 0 : severity_of(&task->outlier));
  wca_put(out, WCA_TEXT(",\"confidence\":"));
  wca_put_number(out, task->confidence);
  put_metrics(task);
  wca_put_byte(out, '}');
}

static void begin_report(void) {
  report.json.length = 0;
  report.anomalies = 0;
  wca_put(&report.json, WCA_TEXT("{\"anomalies\":["));
}

static struct wca_text end_report(void) {
  uint32_t learning = 0, watched = 0, contended = 0;
  for (uint32_t i = 0; i < tasks.count; i++) {
    if (tasks.rows[i]->is_contended) contended++;
    else if (tasks.rows[i]->is_ready) watched++;
    else learning++;
  }
  struct wca_text name = WCA_TEXT("cpi_outlier_tasks"), label = WCA_TEXT("state");
  wca_put(&report.json, WCA_TEXT("],\"metrics\":["));
  put_metric(name, learning, label, WCA_TEXT("learning"));
  wca_put_byte(&report.json, ',');
  put_metric(name, watched, label, WCA_TEXT("watched"));
  wca_put_byte(&report.json, ',');
  put_metric(name, contended, label, WCA_TEXT("contended"));
  wca_put(&report.json, WCA_TEXT("]}"));
  return wca_text_of(&report.json);
}

#endif
