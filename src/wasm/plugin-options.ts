import { z } from "zod";
import { DEFAULT_LIMITS, type SandboxLimits } from "./limits.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** A limit as the user writes it. */
interface LimitRow {
  readonly option: string;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
  /** Fractions are allowed. */
  readonly fraction?: true;
  readonly doc: string;
  /** Default in words, where it hangs on something else. */
  readonly standard?: string;
}

/** In the order of {@link SandboxLimits}. */
const LIMIT_ROWS = {
  callSecs: {
    option: "call_seconds",
    min: 0.001,
    max: 60,
    unit: "seconds",
    fraction: true,
    standard: "half of the interval less 20 ms, at most 1",
    doc: "From a call to its answer; no longer than the interval in any case. A runner waits for half of the interval unless it is told otherwise.",
  },
  startSecs: {
    option: "start_seconds",
    min: 0.01,
    max: 60,
    unit: "seconds",
    fraction: true,
    doc: "From starting the process until the module is ready.",
  },
  moduleBytes: { option: "module_bytes", min: 1, max: 64 * MIB, unit: "bytes", doc: "Of the module's file." },
  memoryBytes: {
    option: "memory_bytes",
    min: 64 * 1024,
    max: 4 * GIB,
    unit: "bytes",
    doc: "Linear memory of the module; its Extism blocks may take as much again.",
  },
  inputBytes: { option: "input_bytes", min: 1, max: GIB, unit: "bytes", doc: "Of the input of one call." },
  outputBytes: {
    option: "output_bytes",
    min: 1,
    max: 64 * MIB,
    unit: "bytes",
    doc: "Of the answer of one call.",
  },
  variableBytes: {
    option: "variable_bytes",
    min: 0,
    max: 64 * MIB,
    unit: "bytes",
    doc: "All Extism variables of the module together.",
  },
  logLines: {
    option: "log_lines",
    min: 0,
    max: 10_000,
    unit: "lines",
    doc: "Lines that one call may log; what is more is counted.",
  },
  addressSpaceBytes: {
    option: "address_space_bytes",
    min: 384 * MIB,
    max: 1024 * GIB,
    unit: "bytes",
    doc: "Address space of the process; the engine takes some 500 MB of it.",
  },
  descriptors: {
    option: "descriptors",
    min: 16,
    max: 4096,
    unit: "descriptors",
    doc: "Open files of the process, its pipes included.",
  },
  residentBytes: {
    option: "resident_bytes",
    min: 64 * MIB,
    max: 64 * GIB,
    unit: "bytes",
    doc: "Resident memory of the process after a call; the engine takes some 40 MB of it.",
  },
} as const satisfies Record<keyof SandboxLimits, LimitRow>;

const ROWS = Object.entries(LIMIT_ROWS) as [keyof SandboxLimits, LimitRow][];

/** What every module can be given beside its own options. */
export const PLUGIN_OPTIONS = {
  limits: z
    .strictObject(Object.fromEntries(ROWS.map(([limit, row]) => [row.option, limitSchema(limit, row)])))
    .prefault({})
    .describe(`What the module may take. ${ROWS.map(([limit, row]) => inWords(limit, row)).join(" ")}`),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/)
    .meta({ words: "64 hexadecimal digits" })
    .optional()
    .describe("SHA-256 of the module: no other bytes are run. With it the file may be writable by others."),
  signature: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      "Ed25519 signature of the module's bytes as base64, or the path of a file with it; needs `public_key`. With it the file may be writable by others.",
    ),
  public_key: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe("Ed25519 key of the signature: PEM, base64 of the 32 bytes or of SPKI, or the path of a file."),
  process: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe(
      "Modules with the same name here share one process, and what one of them does to it. Left out: a process of its own.",
    ),
};

export type PluginOptions = z.output<z.ZodObject<typeof PLUGIN_OPTIONS>>;

/** The limits as the sandbox takes them. */
export function limitsOf({ limits }: PluginOptions): SandboxLimits {
  const given = ROWS.map(([limit, { option }]) => [limit, limits[option] ?? DEFAULT_LIMITS[limit]]);
  return Object.fromEntries(given) as unknown as SandboxLimits;
}

function limitSchema(limit: keyof SandboxLimits, { min, max, unit, fraction, doc, standard }: LimitRow) {
  const number = (fraction === true ? z.number() : z.int()).min(min).max(max).meta({ unit });
  const filled = standard === undefined ? number.default(DEFAULT_LIMITS[limit]) : number.optional();
  return filled.describe(doc);
}

function inWords(limit: keyof SandboxLimits, row: LimitRow): string {
  return `\`${row.option}\` (${row.unit}, default ${defaultOf(limit, row)}): ${row.doc}`;
}

function defaultOf(
  limit: keyof SandboxLimits,
  { standard = String(DEFAULT_LIMITS[limit]) }: LimitRow,
): string {
  return standard;
}

/** For documentation: name, unit, default, what it is of. */
export function limitTable(): readonly (readonly [string, string, string, string])[] {
  return ROWS.map(([limit, row]) => [`\`${row.option}\``, row.unit, defaultOf(limit, row), row.doc]);
}
