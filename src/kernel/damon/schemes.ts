type Settings = Readonly<Record<string, string | number>>;

/** The kernel's unsigned int and unsigned long at their highest: no bound. */
const ANY_COUNT = 0xffff_ffff;
const ANY_SIZE = "18446744073709551615";
/** One page. */
const SMALLEST_QUOTA = 4096;

/** Counts and never acts. */
const STAT: Settings = {
  action: "stat",
  "access_pattern/sz/min": 0,
  "access_pattern/sz/max": ANY_SIZE,
  "access_pattern/nr_accesses/max": ANY_COUNT,
  "access_pattern/age/min": 0,
  "access_pattern/age/max": ANY_COUNT,
};

/**
 * Counts windows: it tries anything, is allowed one page, and its quota starts anew each time, so that
 * `qt_exceeds` grows by one in every window but the first two. Kernels up to 6.18 at least tell the number
 * of windows nowhere else.
 */
export const CLOCK: Settings = {
  ...STAT,
  "access_pattern/nr_accesses/min": 0,
  "quotas/bytes": SMALLEST_QUOTA,
  "quotas/reset_interval_ms": 1,
};

/** Adds what the process with this number of target has accessed to `sz_tried`, in every window. */
export function ofTarget(target: number): Settings {
  return {
    ...STAT,
    "access_pattern/nr_accesses/min": 1,
    "filters/nr_filters": 1,
    "filters/0/type": "target",
    "filters/0/damon_target_idx": target,
    // What does not match is left out.
    "filters/0/matching": "N",
  };
}

/** Settings of the scheme with this number, by file below the context. */
export function settingsOf(index: number, settings: Settings): Settings {
  return Object.fromEntries(
    Object.entries(settings).map(([file, value]) => [`schemes/${index}/${file}`, value]),
  );
}
