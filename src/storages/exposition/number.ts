const ZERO = 48;
/** Beyond this JavaScript writes an exponent; whole numbers up to here are written with all their digits. */
const EXPONENT_FROM = 1e21;

/**
 * A sample value as the Prometheus text format wants it: the shortest text that reads back as the same
 * double, whole numbers with all digits (a memory limit of 9223372036854771712 stays that), `NaN`,
 * `+Inf`, `-Inf`.
 */
export function formatNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value === 0 ? 0 : value);
  if (Number.isInteger(value) && Math.abs(value) < EXPONENT_FROM) return BigInt(value).toString();
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

/** Most bytes that {@link writeNumber} needs: a 64-bit double has up to 24 characters. */
export const LONGEST_NUMBER = 32;

/** Writes {@link formatNumber} of the value at `start` and returns the position behind it. */
export function writeNumber(value: number, bytes: Uint8Array, start: number): number {
  if (value >= 0 && Number.isSafeInteger(value)) return writeDigits(value, bytes, start);
  const text = formatNumber(value);
  for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
  return start + text.length;
}

function writeDigits(value: number, bytes: Uint8Array, start: number): number {
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  const end = start + digits;
  let rest = value;
  for (let at = end - 1; at >= start; at--) {
    const tenth = Math.floor(rest / 10);
    bytes[at] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  return end;
}
