import { AUDIT_ARCH, SYSTEM_CALLS } from "./system-calls.ts";

/** linux/bpf_common.h, linux/seccomp.h */
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_SET = 0x45;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const ERRNO = 0x0005_0000;
const EPERM = 1;
const ENOSYS = 38;

/** Offsets in struct seccomp_data; the lower half of an argument comes first on both architectures. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

const CLONE_THREAD = 0x0001_0000;
const PR_SET_NAME = 15;
const PR_SET_VMA = 0x5356_4d41;

interface Instruction {
  readonly code: number;
  readonly value: number;
  /** Instructions to skip. */
  readonly yes?: number;
  readonly no?: number;
}

/**
 * A program for seccomp(2), Documentation/userspace-api/seccomp_filter.rst: only what the engine needs while a
 * module runs. Signals go to this process only, a clone must be a thread, prctl gives names; all else is EPERM.
 * Nothing on an architecture whose numbers are not known.
 */
export function callFilter(pid: number, architecture: string = process.arch): Uint8Array | undefined {
  const calls = SYSTEM_CALLS[architecture];
  const audit = AUDIT_ARCH[architecture];
  if (calls === undefined || audit === undefined) return undefined;
  const { allowed, clone, clone3, tgkill, prctl } = calls;
  return encoded([
    { code: LOAD_WORD, value: ARCHITECTURE },
    { code: JUMP_IF_EQUAL, value: audit, yes: 1 },
    { code: RETURN, value: KILL_PROCESS },
    { code: LOAD_WORD, value: NUMBER },
    ...allowed.flatMap((number) => [
      { code: JUMP_IF_EQUAL, value: number, no: 1 },
      { code: RETURN, value: ALLOW },
    ]),
    // The C library falls back to clone, whose flags can be seen.
    { code: JUMP_IF_EQUAL, value: clone3, no: 1 },
    { code: RETURN, value: ERRNO + ENOSYS },
    ...whereFirstArgument(clone, { code: JUMP_IF_SET, value: CLONE_THREAD, no: 1 }),
    ...whereFirstArgument(tgkill, { code: JUMP_IF_EQUAL, value: pid, no: 1 }),
    ...whereFirstArgument(
      prctl,
      { code: JUMP_IF_EQUAL, value: PR_SET_NAME, yes: 1 },
      { code: JUMP_IF_EQUAL, value: PR_SET_VMA, no: 1 },
    ),
    { code: RETURN, value: ERRNO + EPERM },
  ]);
}

/** Allowed where the test of the argument goes on to the next instruction, otherwise EPERM. */
function whereFirstArgument(number: number, ...tests: readonly Instruction[]): readonly Instruction[] {
  return [
    { code: JUMP_IF_EQUAL, value: number, no: tests.length + 3 },
    { code: LOAD_WORD, value: FIRST_ARGUMENT },
    ...tests,
    { code: RETURN, value: ALLOW },
    { code: RETURN, value: ERRNO + EPERM },
  ];
}

function encoded(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * 8);
  const view = new DataView(bytes.buffer);
  instructions.forEach(({ code, value, yes = 0, no = 0 }, index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, yes);
    view.setUint8(index * 8 + 3, no);
    view.setUint32(index * 8 + 4, value >>> 0, true);
  });
  return bytes;
}
