import type { Host } from "../../model/host.ts";
import { afterLineStart, latin1 } from "../latin1.ts";

const KIB = 1024;

/** Bytes. */
export interface Meminfo {
  readonly total: number;
  readonly free: number;
  readonly buffers: number;
  readonly cached: number;
  /** 0: no swap is switched on. Absent: the kernel has none. */
  readonly swapTotal?: number;
  readonly swapFree?: number;
  /** Anonymous memory in transparent huge pages. Absent: the kernel has none. */
  readonly anonHugePages?: number;
}

/** Memory of the host. `/proc/meminfo`, docs.kernel.org/filesystems/proc.html */
export function readMeminfo(host: Host): Meminfo {
  const bytes = Buffer.from(host.read("/proc/meminfo"), "latin1");
  return parseMeminfo(bytes, bytes.length);
}

export function parseMeminfo(bytes: Uint8Array, length: number): Meminfo {
  const text = latin1(bytes, length);
  const swapTotal = amount(text, "SwapTotal:");
  const swapFree = amount(text, "SwapFree:");
  const anonHugePages = amount(text, "AnonHugePages:");
  return {
    total: required(text, "MemTotal:"),
    free: required(text, "MemFree:"),
    buffers: required(text, "Buffers:"),
    cached: required(text, "Cached:"),
    ...(swapTotal === undefined ? {} : { swapTotal }),
    ...(swapFree === undefined ? {} : { swapFree }),
    ...(anonHugePages === undefined ? {} : { anonHugePages }),
  };
}

function required(text: string, key: string): number {
  const value = amount(text, key);
  if (value === undefined) throw new SyntaxError(`Cannot find ${key} in /proc/meminfo`);
  return value;
}

function amount(text: string, key: string): number | undefined {
  const at = afterLineStart(text, key);
  if (at < 0) return undefined;
  const kibibytes = Number.parseInt(text.slice(at, at + 32), 10);
  return kibibytes >= 0 ? kibibytes * KIB : undefined;
}
