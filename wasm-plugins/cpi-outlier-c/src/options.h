/* The options, as wasm-plugins/cpi-outlier/README.md tells. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "wca.h"

enum signal { SIGNAL_NONE, SIGNAL_CPI, SIGNAL_PSI };

static struct {
  int are_read;
  /* SIGNAL_NONE: by task. */
  enum signal signal;
  double sigmas, min_excess, window, load_step, correlation, correlation_window, clear_after, relearn_after;
  uint32_t hits, min_samples, max_contenders;
  int report_unattributed;
  /* Below 0: by signal. */
  double min_usage;
} options;

static double number_option(struct wca_text name, double otherwise) {
  struct wca_json json = wca_json(wca_option(name));
  double value = wca_number(&json);
  return json.failed ? otherwise : value;
}

static void read_options(void) {
  if (options.are_read) return;
  options.are_read = 1;
  struct wca_text signal = wca_option(WCA_TEXT("signal"));
  if (wca_same(signal, WCA_TEXT("cpi"))) options.signal = SIGNAL_CPI;
  if (wca_same(signal, WCA_TEXT("psi"))) options.signal = SIGNAL_PSI;
  options.sigmas = number_option(WCA_TEXT("sigmas"), 2);
  options.min_excess = number_option(WCA_TEXT("min_excess"), 0.1);
  options.hits = (uint32_t)number_option(WCA_TEXT("hits"), 3);
  options.window = number_option(WCA_TEXT("window"), 300);
  options.min_usage = number_option(WCA_TEXT("min_usage"), -1);
  options.load_step = number_option(WCA_TEXT("load_step"), 0.5);
  options.min_samples = (uint32_t)number_option(WCA_TEXT("min_samples"), 20);
  options.correlation = number_option(WCA_TEXT("correlation"), 0.35);
  options.correlation_window = number_option(WCA_TEXT("correlation_window"), 600);
  options.max_contenders = (uint32_t)number_option(WCA_TEXT("max_contenders"), 3);
  options.clear_after = number_option(WCA_TEXT("clear_after"), 10);
  options.relearn_after = number_option(WCA_TEXT("relearn_after"), 3600);
  options.report_unattributed = wca_same(wca_option(WCA_TEXT("report_unattributed")), WCA_TEXT("true"));
}

#endif
