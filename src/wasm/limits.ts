/** What a module and the process that runs it may take. */
export interface SandboxLimits {
  /** From a call to its answer. */
  readonly callSecs: number;
  /** From starting the process until the module is ready: vetting, compiling, start functions, `init`. */
  readonly startSecs: number;
  /** Of the module itself. */
  readonly moduleBytes: number;
  /** Linear memory of the module. Its Extism blocks are limited to as much again. */
  readonly memoryBytes: number;
  /** Of one call. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** All Extism variables together, names included. */
  readonly variableBytes: number;
  /** Of one call; what is more is counted. */
  readonly logLines: number;
  /** What the process may map beyond what the engine reserves and does not touch: RLIMIT_AS. */
  readonly addressSpaceBytes: number;
  /** Of the process: RLIMIT_NOFILE. */
  readonly descriptors: number;
  /** Resident memory of the process after a call; it is killed above. The engine itself takes some 40 MB. */
  readonly residentBytes: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: SandboxLimits = {
  callSecs: 1,
  startSecs: 5,
  moduleBytes: 32 * MIB,
  memoryBytes: 64 * MIB,
  inputBytes: 16 * MIB,
  outputBytes: MIB,
  variableBytes: MIB,
  logLines: 20,
  addressSpaceBytes: 512 * MIB,
  descriptors: 32,
  residentBytes: 256 * MIB,
};
