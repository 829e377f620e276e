//! CPI² (Zhang et al., EuroSys 2013) with CPU pressure as a fallback. `../cpi-outlier/README.md` is the
//! specification; the agent's class CpiOutlierDetector is the same in TypeScript, file by file.

mod contenders;
mod contention;
mod detector;
mod judge;
mod load_history;
mod moments;
mod options;
mod readings;
mod rounds;
mod watched_task;

use detector::CpiOutlier;

wca_pdk::detector!(CpiOutlier);
