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
}
