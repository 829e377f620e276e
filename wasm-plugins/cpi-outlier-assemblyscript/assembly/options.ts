import { numberOption, option } from "../../pdk/assemblyscript/host";

export enum Signal {
  None,
  Cpi,
  Psi,
}

/** The options, as ../../cpi-outlier/README.md tells. */
export class Options {
  /** None: by task. */
  signal: Signal = signalOption();
  sigmas: f64 = numberOption("sigmas", 2);
  minExcess: f64 = numberOption("min_excess", 0.1);
  hits: i32 = <i32>numberOption("hits", 3);
  window: f64 = numberOption("window", 300);
  /** NaN: by signal. */
  minUsage: f64 = numberOption("min_usage", NaN);
  loadStep: f64 = numberOption("load_step", 0.5);
  minSamples: i32 = <i32>numberOption("min_samples", 20);
  correlation: f64 = numberOption("correlation", 0.35);
  correlationWindow: f64 = numberOption("correlation_window", 600);
  maxContenders: i32 = <i32>numberOption("max_contenders", 3);
  clearAfter: f64 = numberOption("clear_after", 10);
  relearnAfter: f64 = numberOption("relearn_after", 3600);
  reportUnattributed: bool = option("report_unattributed") == "true";
}

function signalOption(): Signal {
  const signal = option("signal");
  return signal == "cpi" ? Signal.Cpi : signal == "psi" ? Signal.Psi : Signal.None;
}
