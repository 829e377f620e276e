const USUAL_WIDTH = 64;
const BITS_OF_BYTE = 8;

/**
 * Bytes per second of 64 bits at the speeds whose names are rounded: "2133" is 2133⅓ million transfers. The
 * other speeds are what they say.
 */
const NAMED: Readonly<Record<number, number>> = {
  1600: 12_800_000_000,
  1866: 14_933_330_000,
  2133: 17_066_670_000,
  2400: 19_200_000_000,
  2666: 21_333_330_000,
  2933: 23_466_670_000,
  3200: 25_600_000_000,
};

/** Bytes per second of a module; `speed` in million transfers per second, `width` in bits (default: 64). */
export function transferRate(speed: number, width = USUAL_WIDTH): number {
  return ((NAMED[speed] ?? speed * 1e6 * (USUAL_WIDTH / BITS_OF_BYTE)) * width) / USUAL_WIDTH;
}
