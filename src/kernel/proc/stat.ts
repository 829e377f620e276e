import { DecimalReader } from "../decimal.ts";

const NEWLINE = 10;
const SPACE = 32;
const [C, P, U] = [99, 112, 117];

/** Which columns behind `cpuN` are time in use: user, nice, system, not idle and iowait, then irq, softirq, steal. */
const IN_USE = [true, true, true, false, false, true, true, true] as const;

/**
 * CPU → clock ticks it was in use since boot. `/proc/stat`, docs.kernel.org/filesystems/proc.html; lists
 * online CPUs only. Guest time is a part of user, so it is not added.
 */
export function parseStat(bytes: Uint8Array, length: number): Record<string, number> {
  const inUse: Record<string, number> = {};
  const number = new DecimalReader();
  let found = false;
  for (let at = 0; at < length && bytes[at] === C && bytes[at + 1] === P && bytes[at + 2] === U; at++) {
    const cpu = number.read(bytes, at + 3, length);
    at = number.end;
    if (!Number.isNaN(cpu)) {
      inUse[cpu] = sumInUse(bytes, at, length, number);
      at = number.end;
      found = true;
    }
    while (at < length && bytes[at] !== NEWLINE) at++;
  }
  if (!found) throw new SyntaxError("Cannot find a line of a CPU such as cpu0 in /proc/stat");
  return inUse;
}

function sumInUse(bytes: Uint8Array, start: number, length: number, number: DecimalReader): number {
  let sum = 0;
  let at = start;
  for (const counts of IN_USE) {
    while (at < length && bytes[at] === SPACE) at++;
    const ticks = number.read(bytes, at, length);
    if (Number.isNaN(ticks)) break; // old kernels have fewer columns
    if (counts) sum += ticks;
    at = number.end;
  }
  return sum;
}
