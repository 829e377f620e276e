// Checks for tests that ../../run-tests.mjs runs.
import { Input } from "../host";

@external("wca:test", "failed")
declare function hostFailed(text: usize, length: i32): void;
@external("wca:test", "set_input")
declare function hostSetInput(text: usize, length: i32): void;
@external("wca:test", "set_option")
declare function hostSetOption(name: usize, length: i32, value: usize, valueLength: i32): void;
@external("wca:test", "answers")
declare function hostAnswers(json: usize, length: i32): void;
@external("wca:test", "refuses")
declare function hostRefuses(index: i32, reason: usize, length: i32): void;

/** What inputs lie in; it has to outlive them. */
let bytes: ArrayBuffer = new ArrayBuffer(0);

/** The same value; NaN is the same as NaN. */
export function same<T>(what: string, got: T, wanted: T): void {
  if (got == wanted) return;
  if (isFloat<T>() && got != got && wanted != wanted) return;
  fault(what + ": got " + got.toString() + ", wanted " + wanted.toString());
}

/** To 1e-15 of the value, which is some of the last bits. */
export function near(what: string, got: f64, wanted: f64, share: f64 = 1e-15): void {
  if (!(Math.abs(got / wanted - 1.0) <= share)) fault(what + ": got " + got.toString() + ", wanted " + wanted.toString());
}

export function check(what: string, truth: bool): void {
  if (!truth) fault(what);
}

/** Takes a function without anything of the outside, which has to end with a reason that begins so. */
export function refuses(attempt: () => void, reason: string): void {
  const text = String.UTF8.encode(reason);
  hostRefuses(attempt.index, changetype<usize>(text), text.byteLength);
}

/** The answer of the call before is this JSON, in whatever order the keys are. */
export function answers(json: string): void {
  const text = String.UTF8.encode(json);
  hostAnswers(changetype<usize>(text), text.byteLength);
}

/** As input of a reader. */
export function inputOf(text: string): Input {
  bytes = String.UTF8.encode(text);
  return new Input(changetype<usize>(bytes), bytes.byteLength);
}

/** As input of the next call. */
export function setInput(text: string): void {
  const utf8 = String.UTF8.encode(text);
  hostSetInput(changetype<usize>(utf8), utf8.byteLength);
}

export function setOption(name: string, value: string): void {
  const key = String.UTF8.encode(name);
  const text = String.UTF8.encode(value);
  hostSetOption(changetype<usize>(key), key.byteLength, changetype<usize>(text), text.byteLength);
}

function fault(what: string): void {
  const text = String.UTF8.encode(what);
  hostFailed(changetype<usize>(text), text.byteLength);
}
