import type { SnapshotMessage } from "./messages.ts";
import { TextBytes } from "./text-bytes.ts";

/** The form `json`: an object for each task. */
export class JsonEncoder {
  readonly #bytes = new TextBytes();

  encode(message: SnapshotMessage): Uint8Array {
    return this.#bytes.encode(JSON.stringify(message));
  }
}
