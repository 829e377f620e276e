import type { Host } from "../../model/host.ts";
import { parseCpuList } from "../cpu-list.ts";
import { latin1 } from "../latin1.ts";
import { isAbsence } from "../optional-file.ts";

/** docs.kernel.org/admin-guide/mm/numaperf.html, Documentation/ABI/stable/sysfs-devices-node */
export const NODES = "/sys/devices/system/node";
export const ONLINE_NODES = `${NODES}/online`;

const KIB = 1024;

/** Numbers of the NUMA nodes, ascending, with gaps where nodes are missing; nothing when the kernel has no NUMA. */
export function readNodes(host: Host): readonly number[] | undefined {
  try {
    return host
      .list(NODES)
      .flatMap((name) => /^node(\d+)$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Node → its online CPUs; none for a node that is only memory, such as CXL. */
export function readNodeCpus(host: Host, nodes: readonly number[]): ReadonlyMap<number, readonly number[]> {
  return new Map(nodes.map((node) => [node, parseCpuList(host.read(`${NODES}/node${node}/cpulist`))]));
}

/** Node → node → distance. */
export function readNodeDistances(
  host: Host,
  nodes: readonly number[],
): ReadonlyMap<number, ReadonlyMap<number, number>> {
  return new Map(
    nodes.map((node) => [node, parseDistances(host.read(`${NODES}/node${node}/distance`), nodes)]),
  );
}

/** The line has a column for each node that exists, in ascending order, not for each number. */
export function parseDistances(text: string, nodes: readonly number[]): ReadonlyMap<number, number> {
  const columns = text.trim().split(/\s+/);
  if (columns.length !== nodes.length || !columns.every((column) => /^\d+$/.test(column))) {
    throw new SyntaxError(`Cannot read the distances "${text.trim()}": there are ${nodes.length} nodes`);
  }
  return new Map(nodes.map((node, column) => [node, Number(columns[column])]));
}

/** Bytes. */
export interface NodeMeminfo {
  readonly free: number;
  readonly used: number;
}

/** `meminfo` of a node: `Node 0 MemFree:  24327800 kB`. */
export function parseNodeMeminfo(bytes: Uint8Array, length: number): NodeMeminfo {
  const text = latin1(bytes, length);
  return { free: amount(text, " MemFree:"), used: amount(text, " MemUsed:") };
}

function amount(text: string, key: string): number {
  const at = text.indexOf(key);
  const kibibytes =
    at < 0 ? Number.NaN : Number.parseInt(text.slice(at + key.length, at + key.length + 32), 10);
  if (!(kibibytes >= 0)) throw new SyntaxError(`Cannot find${key} in meminfo of a NUMA node`);
  return kibibytes * KIB;
}
