import type { Host } from "../../model/host.ts";

/** One block of `/proc/cpuinfo`. */
export interface Processor {
  readonly cpu: number;
  /** `physical id`; absent on arm64 and in some virtual machines. */
  readonly packageId?: number;
  readonly coreId?: number;
}

/** What is read of `/proc/cpuinfo`; what describes the model is taken from the first CPU. */
export interface Cpuinfo {
  /** `model name`, or what the architecture has in its place; empty when it has nothing. */
  readonly model: string;
  readonly vendor?: string;
  readonly family?: number;
  readonly modelNumber?: number;
  readonly stepping?: number;
  /** Online CPUs in the order of the file. */
  readonly processors: readonly Processor[];
}

/** `/proc/cpuinfo`, proc_cpuinfo(5): what stands there differs between architectures. */
export function readCpuinfo(host: Host): Cpuinfo {
  return parseCpuinfo(host.read("/proc/cpuinfo"));
}

export function parseCpuinfo(text: string): Cpuinfo {
  const blocks = text.split(/\n\s*\n/).map(parseBlock);
  const [first = new Map<string, string>()] = blocks;
  return defined({
    model: modelName(first),
    vendor: first.get("vendor_id"),
    family: integer(first.get("cpu family")),
    modelNumber: integer(first.get("model")),
    stepping: integer(first.get("stepping")),
    processors: blocks.flatMap(processorOf),
  });
}

/** A value may have colons itself: only the first one ends the key. */
function parseBlock(block: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon >= 0) fields.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return fields;
}

function modelName(fields: ReadonlyMap<string, string>): string {
  const [implementer, part] = [fields.get("CPU implementer"), fields.get("CPU part")];
  const arm = implementer === undefined || part === undefined ? "" : `ARM ${implementer} ${part}`;
  return fields.get("model name") ?? fields.get("cpu") ?? arm;
}

function processorOf(fields: ReadonlyMap<string, string>): readonly Processor[] {
  const cpu = integer(fields.get("processor"));
  if (cpu === undefined) return [];
  return [
    defined({ cpu, packageId: integer(fields.get("physical id")), coreId: integer(fields.get("core id")) }),
  ];
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The same without the fields that are undefined. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
