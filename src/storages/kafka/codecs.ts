import { promisify } from "node:util";
import * as zlib from "node:zlib";
import type { Codec } from "kafkajs/src/protocol/message/compression/index.js";

/** Compressions on offer, with their numbers in the attributes of a record batch. */
export const COMPRESSIONS = { none: 0, gzip: 1, snappy: 2, zstd: 4 } as const;
export type Compression = keyof typeof COMPRESSIONS;

/** kafkajs knows gzip only; these are added to it. The agent never reads records, so none of them is undone here. */
export const CODECS: Readonly<Partial<Record<Compression, () => Codec>>> = {
  snappy: () => ({ compress: ({ buffer }) => snappyBlocks(buffer), decompress: neverRead }),
  zstd: () => ({ compress: ({ buffer }) => zstdCompress(buffer), decompress: neverRead }),
};

/** Off the main thread. */
const zstdCompress = promisify(zlib.zstdCompress);

/** Magic bytes, version 1, oldest compatible version 1: what Java's SnappyOutputStream writes and Kafka's clients expect. */
const SNAPPY_HEADER = Buffer.from("82534e41505059000000000100000001", "hex");
const SNAPPY_BLOCK_BYTES = 32 * 1024;

/** Blocks of 32 kB, each with its compressed length before it. */
async function snappyBlocks(bytes: Buffer): Promise<Buffer> {
  const { compress } = await import("snappyjs");
  const parts: Uint8Array[] = [SNAPPY_HEADER];
  for (let start = 0; start < bytes.length; start += SNAPPY_BLOCK_BYTES) {
    const block = compress(bytes.subarray(start, start + SNAPPY_BLOCK_BYTES));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

function neverRead(): never {
  throw new TypeError("Cannot read compressed records: this program only writes them");
}
