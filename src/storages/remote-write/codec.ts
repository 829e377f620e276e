import type { BinaryWriter } from "@bufbuild/protobuf/wire";

/** The two libraries, loaded when a storage is opened: the agent starts without them. */
export interface Codec {
  readonly newWriter: () => BinaryWriter;
  /** Snappy's block format. */
  readonly compress: (bytes: Uint8Array) => Uint8Array<ArrayBuffer>;
}

/** Wire types of protobuf, protobuf.dev/programming-guides/encoding. */
export const VARINT = 0;
export const LENGTH_DELIMITED = 2;

export async function loadCodec(): Promise<Codec> {
  const [{ BinaryWriter }, { compress }] = await Promise.all([
    import("@bufbuild/protobuf/wire"),
    import("snappyjs"),
  ]);
  return {
    newWriter: () => new BinaryWriter(),
    // It allocates what it returns.
    compress: (bytes) => compress(bytes) as Uint8Array<ArrayBuffer>,
  };
}

/** A time in milliseconds as protobuf writes an int64. */
export function encodeTime({ newWriter }: Codec, timeMs: number): Uint8Array {
  return newWriter().int64(timeMs).finish();
}

/** How many bytes a field with its tag, its length and so many bytes takes; tags up to field 15 take one. */
export function fieldLength(length: number): number {
  let prefix = 2;
  for (let rest = length; rest > 0x7f; rest = Math.floor(rest / 128)) prefix++;
  return prefix + length;
}
