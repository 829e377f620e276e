import { BinaryEncoder } from "./encode-binary.ts";
import { ColumnarEncoder } from "./encode-columnar.ts";
import { JsonEncoder } from "./encode-json.ts";
import type { InputForm, SnapshotMessage } from "./messages.ts";

/** Writes snapshots down for one sandbox. The bytes are valid until the next call. */
export interface SnapshotEncoder {
  encode(message: SnapshotMessage): Uint8Array;
}

const ENCODERS = {
  json: JsonEncoder,
  columnar: ColumnarEncoder,
  binary: BinaryEncoder,
} as const satisfies Record<InputForm, new () => SnapshotEncoder>;

export function encoderOf(form: InputForm): SnapshotEncoder {
  return new ENCODERS[form]();
}
