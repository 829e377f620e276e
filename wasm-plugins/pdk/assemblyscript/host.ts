// What the agent offers: the Extism plugin interface, https://extism.org/docs/concepts/pdk.

@external("extism:host/env", "alloc")
declare function hostAlloc(size: u64): u64;
@external("extism:host/env", "free")
declare function hostFree(block: u64): void;
@external("extism:host/env", "length")
declare function hostLength(block: u64): u64;
@external("extism:host/env", "load_u8")
declare function hostLoadU8(at: u64): u32;
@external("extism:host/env", "store_u8")
declare function hostStoreU8(at: u64, byte: u32): void;
@external("extism:host/env", "store_u64")
declare function hostStoreU64(at: u64, word: u64): void;
@external("extism:host/env", "input_length")
declare function hostInputLength(): u64;
@external("extism:host/env", "input_load_u8")
declare function hostInputLoadU8(at: u64): u32;
@external("extism:host/env", "input_load_u64")
declare function hostInputLoadU64(at: u64): u64;
@external("extism:host/env", "output_set")
declare function hostOutputSet(block: u64, length: u64): void;
@external("extism:host/env", "error_set")
declare function hostErrorSet(block: u64): void;
@external("extism:host/env", "config_get")
declare function hostConfigGet(key: u64): u64;
@external("extism:host/env", "log_info")
declare function hostLogInfo(message: u64): void;

// The room for inputs, used again and again.
let room = new StaticArray<u8>(0);

/** The input of this call. It is gone with the next one. */
export class Input {
  constructor(
    /** Where it is. */
    public at: usize,
    public length: i32,
  ) {}
}

export function input(): Input {
  const length = <i32>hostInputLength();
  if (room.length < length) room = new StaticArray<u8>(length + (length >> 2));
  const start = changetype<usize>(room);
  let at: i32 = 0;
  for (; at + 8 <= length; at += 8) store<u64>(start + at, hostInputLoadU64(at));
  for (; at < length; at++) store<u8>(start + at, <u8>hostInputLoadU8(at));
  return new Input(start, length);
}

/** Answers the call. Returns 0, for `return output(…)`. */
export function output(text: string): i32 {
  const length = String.UTF8.byteLength(text);
  if (length > 0) hostOutputSet(blockOf(text), length);
  return 0;
}

/** Ends the call with a reason. Returns 1, for `return fail(…)`. */
export function fail(reason: string): i32 {
  hostErrorSet(blockOf(reason));
  return 1;
}

export function info(message: string): void {
  const block = blockOf(message);
  hostLogInfo(block);
  hostFree(block);
}

/** An option as text, JSON unless it is a text itself; empty when it is left out. */
export function option(name: string): string {
  const key = blockOf(name);
  const block = hostConfigGet(key);
  hostFree(key);
  if (block == 0) return "";
  const bytes = new StaticArray<u8>(<i32>hostLength(block));
  for (let i = 0; i < bytes.length; i++) bytes[i] = <u8>hostLoadU8(block + i);
  hostFree(block);
  return String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length);
}

export function numberOption(name: string, otherwise: f64): f64 {
  const text = option(name);
  return text == "" || text == "null" ? otherwise : parseFloat(text);
}

/** For the compiler's `--use abort=…`: an error that is thrown becomes the reason of the failed call. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message == null ? "it failed" : message;
  const where = file == null ? "" : " (" + file + ":" + line.toString() + ":" + column.toString() + ")";
  hostErrorSet(blockOf(what + where));
  unreachable();
}

function blockOf(text: string): u64 {
  const bytes = String.UTF8.encode(text);
  const start = changetype<usize>(bytes);
  const length = bytes.byteLength;
  const block = hostAlloc(length);
  let at: i32 = 0;
  for (; at + 8 <= length; at += 8) hostStoreU64(block + at, load<u64>(start + at));
  for (; at < length; at++) hostStoreU8(block + at, load<u8>(start + at));
  return block;
}
