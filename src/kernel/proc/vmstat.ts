import { DecimalReader } from "../decimal.ts";
import { Names } from "../names.ts";

const NEWLINE = 10;
const SPACE = 32;

/**
 * Key → value of the lines `key value`; other lines are skipped. `/proc/vmstat`,
 * docs.kernel.org/filesystems/proc.html, and `vmstat` of a NUMA node in sysfs, which has the same form.
 * Pass the same `names` each time the same file is read.
 */
export function parseVmstat(bytes: Uint8Array, length: number, names = new Names()): Record<string, number> {
  const values: Record<string, number> = {};
  const number = new DecimalReader();
  let line = 0;
  for (let at = 0; at < length; at++) {
    const start = at;
    while (at < length && bytes[at] !== SPACE && bytes[at] !== NEWLINE) at++;
    const end = at;
    if (bytes[at] === SPACE && end > start) {
      const value = number.read(bytes, at + 1, length);
      at = number.end;
      const whole = at === length || bytes[at] === NEWLINE;
      if (whole && !Number.isNaN(value)) values[names.at(line++, bytes, start, end)] = value;
    }
    while (at < length && bytes[at] !== NEWLINE) at++;
  }
  return values;
}
