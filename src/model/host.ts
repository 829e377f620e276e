/**
 * A kernel file that is read again and again. `read()` leaves the whole content at the start of the
 * host's `buffer` and returns its length in bytes; the bytes are valid until the next read of any file.
 * Throws {@link KernelError}; ENODEV means that the cgroup behind a kept descriptor was removed.
 */
export interface KernelFile {
  read(): number;
  close(): void;
}

export interface OpenOptions {
  /**
   * The kernel hands the file out in pieces of a page (`/proc/vmstat`, `cgroup.procs`): read until nothing
   * more comes. Default: false, one read call gives all.
   */
  readonly pieces?: boolean;
}

/** Where perf_event_open(2) opens an event. */
export interface PerfTarget {
  /** A process, -1 for all, or with PERF_FLAG_PID_CGROUP the descriptor of a cgroup's directory. */
  readonly pid: number;
  /** -1 for any; must be a CPU when `pid` is a cgroup. */
  readonly cpu: number;
  /** Descriptor of the group's leader, -1 for a new group. */
  readonly group: number;
  readonly flags: number;
}

/** The system calls of perf events, which tests replace. All throw {@link KernelError} with the errno's name. */
export interface PerfSyscalls {
  /** Descriptor of the new event; `attr` is struct perf_event_attr. {@link Unsupported} where libc cannot be called. */
  open(attr: Uint8Array, target: PerfTarget): number;
  /** Number of bytes read. One call reads a whole group. */
  read(descriptor: number, into: Uint8Array): number;
  /** Descriptor of a cgroup's directory. */
  openDirectory(path: string): number;
  close(descriptor: number): void;
}

/**
 * The only door to the kernel. Callers write real kernel paths (`/proc/stat`); the host puts its root
 * before them, which is how tests run on recorded machines.
 */
export interface Host {
  /** Where `KernelFile.read` leaves what it read; may be replaced by a larger one after a read. */
  readonly buffer: Uint8Array;
  readonly hostname: string;
  /** The running kernel, not a recorded machine: a kept descriptor of something removed fails with ENODEV. */
  readonly live: boolean;
  /** Bytes of a page. */
  readonly pageSize: number;
  /** Clock ticks of a second in `/proc/stat` and `cpuacct.stat` (USER_HZ). */
  readonly ticksPerSecond: number;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** The whole file as text. Throws {@link KernelError}. */
  read(path: string): string;
  /** Names in a directory, sorted. Throws {@link KernelError}. */
  list(path: string): readonly string[];
  /** Writes a control file with one call. Never creates a file. Throws {@link KernelError}. */
  write(path: string, text: string): void;
  /** Makes one directory, never its parents. Throws {@link KernelError}. */
  mkdir(path: string): void;
  /** Throws {@link KernelError}. */
  rmdir(path: string): void;
  /** Gives a file or directory another place. Throws {@link KernelError}. */
  rename(from: string, to: string): void;
  /** Inode of a file or directory, nothing when it is not there. */
  identity(path: string): number | undefined;
  /** Number of sub-directories of a directory (link count less two), without listing it. */
  subdirectories(path: string): number;
  /**
   * Opens for repeated reading; the descriptor is kept as long as the limit of descriptors allows.
   * Throws {@link KernelError}.
   */
  open(path: string, options?: OpenOptions): KernelFile;
  /** Tells how many files will be opened for repeated reading, which makes opening them quicker. */
  expect(files: number): void;
  /** Tells that start-up is over: what only that needed can be given back. */
  settle(): void;
  /** Files kept open now, and how many may be. Beyond the limit files are opened at each read. */
  readonly keptFiles: number;
  readonly keptFilesLimit: number;
  /**
   * Takes descriptors for something else than kept files out of the same limit, all or none; false when
   * there are not so many left. Give them back with {@link releaseDescriptors}.
   */
  claimDescriptors(count: number): boolean;
  releaseDescriptors(count: number): void;
  /** Descriptors that are neither kept files nor claimed, less the reserve. */
  readonly freeDescriptors: number;
  readonly perf: PerfSyscalls;
}
