import { describe, expect, test } from "bun:test";
import * as path from "node:path";
import { sandboxSupport } from "../../src/wasm/probe.ts";
import { requirement } from "../support/requirement.ts";

const HARDEN = path.join(import.meta.dir, "../../src/wasm/guest/harden.ts");
const AS_ROOT = await requirement("root", () => {
  if (process.geteuid?.() !== 0) throw new Error("this is not root");
});

/** What a process that has taken its rights from itself may still do: name → outcome. */
const ATTEMPTS = `
  import * as fs from "node:fs";
  import * as net from "node:net";
  import { bindLibc } from ${JSON.stringify(path.join(import.meta.dir, "../../native/libc.ts"))};
  import { harden } from ${JSON.stringify(HARDEN)};
  const libc = bindLibc();
  const numbers = process.arch === "arm64"
    ? { socket: 198, execve: 221, ptrace: 117, kill: 129, openat: 56, fork: 220, bpf: 280, mount: 40, setuid: 146, io_uring_setup: 425, tgkill: 131, memfd_create: 279, process_vm_readv: 270, userfaultfd: 282 }
    : { socket: 41, execve: 59, ptrace: 101, kill: 62, openat: 257, fork: 57, bpf: 321, mount: 165, setuid: 105, io_uring_setup: 425, tgkill: 234, memfd_create: 319, process_vm_readv: 310, userfaultfd: 323 };
  const measures = harden({ parentPid: process.ppid, addressSpaceBytes: 2 ** 30, descriptors: 32 });
  const outcome = (call) => { try { call(); return "done"; } catch (error) { return error.code ?? error.message; } };
  const errno = (number, ...words) => libc.syscall(number, [...words, 0, 0, 0, 0, 0, 0].slice(0, 6)) === -1 ? libc.errno() : 0;
  const answers = {
    read: outcome(() => fs.readFileSync("/etc/passwd")),
    write: outcome(() => fs.writeFileSync("/tmp/wca-harden", "x")),
    spawn: outcome(() => Bun.spawnSync(["/bin/true"])),
    killParent: outcome(() => process.kill(process.ppid, 0)),
    ...Object.fromEntries(Object.entries(numbers).map(([name, number]) =>
      [name, errno(number, ...(name === "tgkill" ? [1, 1, 0] : name === "socket" ? [2, 1] : name === "fork" ? [17] : []))])),
  };
  const still = [crypto.getRandomValues(new Uint8Array(8)).length, new WebAssembly.Memory({ initial: 10 }).grow(5)];
  fs.writeSync(1, JSON.stringify({ measures, answers, still, uid: process.getuid() }));
  process.exit(0);
`;

interface Seen {
  readonly measures: readonly { readonly name: string; readonly lacking?: string }[];
  readonly answers: Readonly<Record<string, string | number>>;
  readonly still: readonly number[];
}

function attemptAs(user: readonly string[]): Seen {
  const child = Bun.spawnSync([...user, process.execPath, "--no-install", "-e", ATTEMPTS], {
    cwd: "/",
    env: { BUN_FEATURE_FLAG_NO_ORPHANS: "1", HOME: "/nonexistent" },
  });
  if (child.exitCode !== 0) throw new Error(`${child.exitCode} ${child.signalCode} ${child.stderr}`);
  return JSON.parse(child.stdout.toString());
}

const EPERM = 1;
const REFUSED = {
  read: "EPERM",
  write: "EPERM",
  spawn: expect.stringMatching(/^E/),
  killParent: "EPERM",
  socket: EPERM,
  execve: EPERM,
  ptrace: EPERM,
  kill: EPERM,
  openat: EPERM,
  fork: EPERM,
  bpf: EPERM,
  mount: EPERM,
  setuid: EPERM,
  io_uring_setup: EPERM,
  tgkill: EPERM,
  memfd_create: EPERM,
  process_vm_readv: EPERM,
  userfaultfd: EPERM,
};

describe("harden()", () => {
  test.skipIf(!AS_ROOT)("as root leaves nothing but what the engine needs", () => {
    const { measures, answers, still } = attemptAs([]);
    expect(measures.filter(({ lacking }) => lacking !== undefined)).toEqual([]);
    expect(answers).toEqual(REFUSED);
    expect(still).toEqual([8, 10]);
  });

  test.skipIf(!AS_ROOT)("as an ordinary user keeps the user and takes the rest", () => {
    const { measures, answers, still } = attemptAs([
      "setpriv",
      "--reuid",
      "65534",
      "--regid",
      "65534",
      "--clear-groups",
    ]);
    expect(measures.filter(({ lacking }) => lacking !== undefined)).toEqual([
      {
        name: "user, root directory and network of its own",
        lacking: "the agent is not root: it has the rights of user 65534",
      },
    ]);
    expect(answers).toEqual(REFUSED);
    expect(still).toEqual([8, 10]);
  });
});

describe("sandboxSupport()", () => {
  test("tells what is in force", async () => {
    const [row, ...more] = await sandboxSupport();
    expect(more).toEqual([]);
    expect(row).toMatchObject({ component: "host", feature: "Wasm sandbox" });
    expect(row?.detail).toStartWith(
      "modules run in a process with first to go when memory is short, no new privileges, ",
    );
    expect(row?.detail).toContain("few system calls");
  });

  test("says why there can be none", async () => {
    expect(await sandboxSupport(["/bin/false"])).toEqual([
      {
        component: "host",
        feature: "Wasm sandbox",
        supported: false,
        detail: "modules cannot run: its process ended by itself: exit code 1",
      },
    ]);
  });
});
