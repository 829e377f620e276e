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

static void read_options(void) {
  if (options.are_read) return;
  options.are_read = 1;
  if (wca_option_is(WCA_TEXT("signal"), WCA_TEXT("cpi"))) options.signal = SIGNAL_CPI;
  if (wca_option_is(WCA_TEXT("signal"), WCA_TEXT("psi"))) options.signal = SIGNAL_PSI;
  options.sigmas = wca_number_option(WCA_TEXT("sigmas"), 2);
  options.min_excess = wca_number_option(WCA_TEXT("min_excess"), 0.1);
  options.hits = (uint32_t)wca_number_option(WCA_TEXT("hits"), 3);
  options.window = wca_number_option(WCA_TEXT("window"), 300);
  options.min_usage = wca_number_option(WCA_TEXT("min_usage"), -1);
  options.load_step = wca_number_option(WCA_TEXT("load_step"), 0.5);
  options.min_samples = (uint32_t)wca_number_option(WCA_TEXT("min_samples"), 20);
  options.correlation = wca_number_option(WCA_TEXT("correlation"), 0.35);
  options.correlation_window = wca_number_option(WCA_TEXT("correlation_window"), 600);
  options.max_contenders = (uint32_t)wca_number_option(WCA_TEXT("max_contenders"), 3);
  options.clear_after = wca_number_option(WCA_TEXT("clear_after"), 10);
  options.relearn_after = wca_number_option(WCA_TEXT("relearn_after"), 3600);
  options.report_unattributed = wca_option_is(WCA_TEXT("report_unattributed"), WCA_TEXT("true"));
}

#endif
