/* The tests of the plugin; README.md has the command. */
#include "../src/plugin.c"
#include "check.h"

TEST(test_mean_and_variance) {
  struct moments moments = {0};
  add_sample(&moments, 1);
  add_sample(&moments, 3);
  CHECK_NUMBER(moments.mean, 2);
  CHECK_NUMBER(moments.variance, 1);
  /* a = 1/3, d = 4. */
  add_sample(&moments, 6);
  CHECK_NUMBER(moments.count, 3);
  CHECK(__builtin_fabs(moments.mean - 10.0 / 3) < 1e-15);
  CHECK(__builtin_fabs(moments.variance - 38.0 / 9) < 1e-14);
  moments = (struct moments){MOST_SAMPLES, 0, 0};
  add_sample(&moments, 3600);
  CHECK_NUMBER(moments.count, 3600);
  CHECK(__builtin_fabs(moments.mean - 1) < 1e-12);
}

TEST(test_baseline_of_the_nearest_load) {
  read_options();
  options.min_samples = 2;
  struct task *task = new_task(1);
  CHECK_NUMBER(bin_of(0.49), 0);
  CHECK_NUMBER(bin_of(0.5), 1);
  CHECK_NUMBER(bin_of(31.5), 63);
  CHECK_NUMBER(bin_of(1e9), 63);
  learn(task, 0.1, 1);
  CHECK(baseline_of(task, 0.1) == NULL);
  learn(task, 0.1, 1);
  learn(task, 2.2, 5);
  learn(task, 2.2, 5);
  learn(task, 1.2, 9);
  CHECK_NUMBER(baseline_of(task, 0.6)->mean, 1);
  /* As far from one as from the other. */
  CHECK_NUMBER(baseline_of(task, 1.2)->mean, 5);
  CHECK_NUMBER(baseline_of(task, 1e9)->mean, 5);
  relearn(task);
  CHECK(baseline_of(task, 0.1) == NULL);
}

TEST(test_rates_of_a_round) {
  struct task *task = new_task(1);
  read_task(task, (struct readings){10, 300, 100, 7, 1, UNKNOWN}, 4, 0);
  CHECK_NUMBER(task->rates.usage, UNKNOWN);
  read_task(task, (struct readings){14, 600, 200, 6, 2, UNKNOWN}, 4, 1);
  CHECK_NUMBER(task->rates.usage, 1);
  CHECK_NUMBER(task->rates.cpi, 3);
  CHECK_NUMBER(task->rates.mpki, UNKNOWN);
  CHECK_NUMBER(task->rates.pressure, 0.25);
  CHECK_NUMBER(task->rates.throttled, 0);
  CHECK_NUMBER(task->usages[1], 1);
  read_task(task, (struct readings){13, 700, 200, 8, 2, UNKNOWN}, 4, 2);
  CHECK_NUMBER(task->rates.usage, UNKNOWN);
  CHECK_NUMBER(task->rates.cpi, UNKNOWN);
  CHECK_NUMBER(task->usages[2], 0);
}

TEST(test_rounds) {
  CHECK_NUMBER(time_now(), UNKNOWN);
  for (int secs = 0; secs < 602; secs++) CHECK(begin_round(secs) == ROUND);
  CHECK_NUMBER(slot_now(), 1);
  CHECK(begin_round(601) == STILL);
  CHECK(begin_round(541) == STILL);
  CHECK(begin_round(540) == BACK);
  CHECK_NUMBER(time_now(), 540);
}

#define META "{\"tasks\":{\"id\":[\"victim\",\"batch\"],\"identity\":[1,2]}," \
             "\"columns\":[[\"task_cpu_usage_seconds\"],[\"task_pressure_seconds_total\",\"cpu\",\"some\"]]}"

static struct {
  uint32_t magic, meta_length, rows, columns;
  double time_ms, interval_secs;
  uint32_t meta_version, zero;
  double victim_usage, victim_pressure, batch_usage, batch_pressure;
  char meta[sizeof META - 1];
} message = {WCA_MAGIC, sizeof META - 1, 2, 2, 0, 1, 1, 0, 0, 0, 0, __builtin_nan(""), META};

/* Another second, in which the victim waited and the batch job ran for those shares of it. */
static void play(double pressure, double batch) {
  message.time_ms += 1000;
  message.victim_usage += 0.5;
  message.victim_pressure += pressure;
  message.batch_usage += batch;
  wca_test_set_input(&message, (uint32_t)((const uint8_t *)message.meta - (const uint8_t *)&message) + sizeof META - 1);
  CHECK_NUMBER(detect(), 0);
}

#define GAUGE(name, value, label, text) {"name": name, "value": value, "labels": {label: text}, "type": "gauge"}
#define CENSUS(learning, watched, contended) \
  [ GAUGE("cpi_outlier_tasks", learning, "state", "learning"), GAUGE("cpi_outlier_tasks", watched, "state", "watched"), \
    GAUGE("cpi_outlier_tasks", contended, "state", "contended") ]
#define VICTIM(state_is, severity_is, value) \
  {"resource": "cpus", "contendedTaskId": "victim", "contendingTaskIds": ["batch"], "state": state_is, \
   "severity": severity_is, "confidence": 0.5, "metrics": [ \
     GAUGE("cpi_outlier_value", value, "signal", "psi"), GAUGE("cpi_outlier_mean", 0.25, "signal", "psi"), \
     GAUGE("cpi_outlier_threshold", 0.5, "signal", "psi"), \
     GAUGE("cpi_outlier_correlation", 0.5, "contending_task_id", "batch") ]}
/* The macros above are to be replaced before this becomes a text. */
#define ANSWER(...) CHECK_ANSWER(__VA_ARGS__)

/*
 * Mean 0.25 and standard deviation 0.125 after two samples, so the threshold is 0.25 + 2 * 0.125. The batch job uses
 * 0.25 in good rounds; the two bad ones in which it uses 1 more weigh 1 - 0.5 / 1 each.
 */
TEST(test_judges_rounds_worked_out_by_hand) {
  SET_OPTION("signal", "psi");
  SET_OPTION("hits", "2");
  SET_OPTION("min_samples", "2");
  SET_OPTION("clear_after", "2");
  play(0, 0.25);
  play(0.125, 0.25);
  ANSWER({"anomalies": [], "metrics": CENSUS(2, 0, 0)});
  play(0.375, 0.25);
  ANSWER({"anomalies": [], "metrics": CENSUS(1, 1, 0)});
  play(1, 1.25);
  ANSWER({"anomalies": [], "metrics": CENSUS(1, 1, 0)});
  play(1, 1.25);
  ANSWER({"anomalies": [VICTIM("onset", 1, 1)], "metrics": CENSUS(1, 0, 1)});
  play(0.625, 0.25);
  ANSWER({"anomalies": [VICTIM("ongoing", 0.75, 0.625)], "metrics": CENSUS(1, 0, 1)});
  play(0.25, 0.25);
  ANSWER({"anomalies": [VICTIM("ongoing", 0.75, 0.625)], "metrics": CENSUS(1, 0, 1)});
  play(0.5, 0.25);
  ANSWER({"anomalies": [VICTIM("clear", 0, 0.625)], "metrics": CENSUS(1, 1, 0)});
}
