/** The `perf_event_attr` words that fields can lie in. */
export const CONFIG_WORDS = ["config", "config1", "config2"] as const;
export type ConfigWord = (typeof CONFIG_WORDS)[number];
export type ConfigWords = Readonly<Record<ConfigWord, bigint>>;

/** Where a term's value goes: a `format` file of sysfs. */
export interface Field {
  /** One of {@link CONFIG_WORDS}, or a later one such as `config3` that nothing here can set. */
  readonly word: string;
  /** Bits of the word, ascending: the first takes the lowest bit of the value. */
  readonly bits: readonly number[];
}

const FORMAT = /^(config[1-9]?):(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$/;
const LAST_BIT = 63;

/**
 * Reads `config:0-7,32-35`. Throws SyntaxError.
 * Documentation/ABI/testing/sysfs-bus-event_source-devices-format
 */
export function parseField(content: string): Field {
  const [, word, list = ""] = FORMAT.exec(content.trim()) ?? [];
  const ranges = list.split(",").map((range) => range.split("-").map(Number));
  const right = ranges.every(([from = 0, to = from]) => from <= to && to <= LAST_BIT);
  if (word === undefined || !right) {
    throw new SyntaxError(`Cannot read the format "${content.trim()}": wanted config:0-7 or config1:3,8-63`);
  }
  const bits = new Set<number>();
  for (const [from = 0, to = from] of ranges) for (let bit = from; bit <= to; bit++) bits.add(bit);
  return { word, bits: [...bits].sort((a, b) => a - b) };
}

/** The largest value that fits. */
export function largestOf({ bits }: Field): bigint {
  return (1n << BigInt(bits.length)) - 1n;
}

/** The value's bits at the places of the field. */
export function place(value: bigint, { bits }: Field): bigint {
  return bits.reduce((word, bit, index) => word | (((value >> BigInt(index)) & 1n) << BigInt(bit)), 0n);
}

/** The value that {@link place} put into a word. */
export function extract(word: bigint, { bits }: Field): bigint {
  return bits.reduce((value, bit, index) => value | (((word >> BigInt(bit)) & 1n) << BigInt(index)), 0n);
}
