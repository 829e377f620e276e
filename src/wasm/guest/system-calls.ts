/** linux/audit.h */
export const AUDIT_ARCH: Readonly<Record<string, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };

export interface CallNumbers {
  /** Whatever their arguments. */
  readonly allowed: readonly number[];
  /** Depending on their arguments. */
  readonly clone: number;
  readonly clone3: number;
  readonly tgkill: number;
  readonly prctl: number;
}

/** What the engine calls while modules run: name → number on x86-64 (absent: -1) and arm64. */
const ALLOWED = {
  read: [0, 63],
  write: [1, 64],
  readv: [19, 65],
  writev: [20, 66],
  close: [3, 57],
  // Descriptors that are open already: the two pipes and those of the engine.
  fcntl: [72, 25],
  fstat: [5, 80],
  poll: [7, -1],
  ppoll: [271, 73],
  epoll_ctl: [233, 21],
  epoll_wait: [232, -1],
  epoll_pwait: [281, 22],
  epoll_pwait2: [441, 441],
  timerfd_settime: [286, 86],
  mmap: [9, 222],
  mprotect: [10, 226],
  munmap: [11, 215],
  mremap: [25, 216],
  madvise: [28, 233],
  brk: [12, 214],
  futex: [202, 98],
  futex_wake: [454, 454],
  futex_wait: [455, 455],
  set_robust_list: [273, 99],
  rseq: [334, 293],
  membarrier: [324, 283],
  sched_yield: [24, 124],
  sched_getaffinity: [204, 123],
  getcpu: [309, 168],
  clock_gettime: [228, 113],
  clock_getres: [229, 114],
  clock_nanosleep: [230, 115],
  nanosleep: [35, 101],
  gettimeofday: [96, 169],
  getpid: [39, 172],
  gettid: [186, 178],
  getrusage: [98, 165],
  sysinfo: [99, 179],
  getrandom: [318, 278],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  rt_sigreturn: [15, 139],
  sigaltstack: [131, 132],
  restart_syscall: [219, 128],
  exit: [60, 93],
  exit_group: [231, 94],
} as const satisfies Record<string, readonly [number, number]>;

export const SYSTEM_CALLS: Readonly<Record<string, CallNumbers>> = {
  x64: { allowed: column(0), clone: 56, clone3: 435, tgkill: 234, prctl: 157 },
  arm64: { allowed: column(1), clone: 220, clone3: 435, tgkill: 131, prctl: 167 },
};

function column(index: 0 | 1): readonly number[] {
  return Object.values(ALLOWED)
    .map((numbers) => numbers[index])
    .filter((number) => number >= 0);
}
