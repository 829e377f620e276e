/** The machine as the kernel describes it; re-read when CPUs come or go. */
export interface Platform {
  readonly cpuModel: string;
  /** `cpu family` and `model` of the first CPU of `/proc/cpuinfo`; absent where the kernel has none (arm64). */
  readonly cpuVendor?: string;
  readonly cpuFamily?: number;
  readonly cpuModelNumber?: number;
  readonly cpuStepping?: number;
  readonly sockets: number;
  readonly cores: number;
  readonly cpus: number;
  /** CPUs that can run tasks now, ascending. */
  readonly onlineCpus: readonly number[];
  /** socket → core → CPUs. */
  readonly topology: ReadonlyMap<number, ReadonlyMap<number, readonly number[]>>;
  /** NUMA node → its CPUs; a node without CPUs (CXL memory) has an empty list. */
  readonly nodeCpus: ReadonlyMap<number, readonly number[]>;
  /** NUMA node → node → distance as in the ACPI SLIT table (10 is local). */
  readonly nodeDistances: ReadonlyMap<number, ReadonlyMap<number, number>>;
}
