/*
 * A message Sample, the same in both protocols, has a fixed size as long as its time has as many bytes:
 * once a request is laid out, only these bytes are written anew for each batch.
 */

/** Tag of `double value = 1`. */
const VALUE_TAG = 0x09;
/** Tag of `int64 timestamp = 2`. */
const TIME_TAG = 0x10;
const VALUE_BYTES = 8;

/** Prometheus' NaN, and the one by which it knows that a series has ended: model/value in its source. */
const NORMAL_NAN = { high: 0x7ff80000, low: 0x00000001 };
const STALE_NAN = { high: 0x7ff00000, low: 0x00000002 };

/** Where the value is, counted from the start of a sample. */
export const VALUE_OFFSET = 1;

/** A sample without value and time. */
export function emptySample(timeLength: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(VALUE_OFFSET + VALUE_BYTES + 1 + timeLength);
  bytes[0] = VALUE_TAG;
  bytes[VALUE_OFFSET + VALUE_BYTES] = TIME_TAG;
  return bytes;
}

/** Writes the value at its place. NaN has many bit patterns, and one of them would end the series. */
export function writeValue(view: DataView, at: number, value: number): void {
  if (Number.isNaN(value)) writeBits(view, at, NORMAL_NAN);
  else view.setFloat64(at, value, true);
}

/** Writes the marker of a series that has ended instead of a value. */
export function writeStaleMarker(view: DataView, at: number): void {
  writeBits(view, at, STALE_NAN);
}

/** Writes the time behind the value at `at`. */
export function writeTime(bytes: Uint8Array, at: number, time: Uint8Array): void {
  const start = at + VALUE_BYTES + 1;
  for (let i = 0; i < time.length; i++) bytes[start + i] = time[i] as number;
}

function writeBits(view: DataView, at: number, { high, low }: typeof NORMAL_NAN): void {
  view.setUint32(at, low, true);
  view.setUint32(at + 4, high, true);
}
