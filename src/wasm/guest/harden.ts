import * as fs from "node:fs";
import { bindLibc } from "../../../native/libc.ts";
import { ProcessRights } from "../../../native/process.ts";
import type { Measure } from "../frames.ts";
import { callFilter } from "./seccomp.ts";

export interface HardenOptions {
  readonly parentPid: number;
  readonly addressSpaceBytes: number;
  readonly descriptors: number;
}

/** bits/resource.h, the same on x86-64 and arm64. */
const RLIMIT = { fileSize: 1, core: 4, descriptors: 7, addressSpace: 9, messageQueues: 12 } as const;
/** linux/sched.h */
const CLONE_NEWUTS = 0x0400_0000;
const CLONE_NEWIPC = 0x0800_0000;
const CLONE_NEWNET = 0x4000_0000;
/** A directory that has no file of its own and that nobody can make one in. */
const EMPTY = "/proc/self/fdinfo";
/**
 * The engine reserves this much address space for a memory, so that it can grow where it is; where that is
 * refused it copies the memory each time. A module has two, and those of the instance before may not be gone.
 */
const RESERVED_BYTES = 4_307_615_744;
const RESERVED_MEMORIES = 4;
const NOBODY = 65_534;
const SIGKILL = 9;

/**
 * Takes from this process all that running a module does not need. What cannot be taken is told and does not
 * matter by itself: each measure stands alone. No limit of processes, as it would count those of the user
 * elsewhere; the filter of system calls allows threads only.
 */
export function harden({ parentPid, addressSpaceBytes, descriptors }: HardenOptions): readonly Measure[] {
  const measures: Measure[] = [];
  measure("first to go when memory is short", () => {
    fs.writeFileSync("/proc/self/oom_score_adj", "1000");
    return 0;
  });
  const libc = bindLibc();
  const rights = libc === undefined ? undefined : new ProcessRights(libc);
  if (rights === undefined) {
    return [...measures, { name: "limits, user and system calls", lacking: "bun:ffi cannot bind libc" }];
  }
  measure("no new privileges", () => rights.noNewPrivileges());
  measure("limit of address space", () =>
    rights.limit(RLIMIT.addressSpace, mappedBytes() + RESERVED_MEMORIES * RESERVED_BYTES + addressSpaceBytes),
  );
  measure("limit of descriptors", () => rights.limit(RLIMIT.descriptors, descriptors));
  measure("no files, core dumps or message queues", () =>
    [RLIMIT.fileSize, RLIMIT.core, RLIMIT.messageQueues]
      .map((resource) => rights.limit(resource, 0))
      .reduce((first, errno) => first || errno),
  );
  if (process.geteuid?.() === 0) {
    // Of this thread; those that the engine has started before stay, but the filter keeps sockets from all.
    measure("own network, IPC and host name", () =>
      rights.unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS),
    );
    measure("empty root directory", () => rights.chroot(EMPTY));
    measure(`user and group ${NOBODY}`, () => rights.becomeUser(NOBODY));
  } else {
    const lacking = `the agent is not root: it has the rights of user ${process.geteuid?.()}`;
    measures.push({ name: "user, root directory and network of its own", lacking });
  }
  measure("ends with the agent", () => rights.signalOfParentsDeath(SIGKILL));
  // It may have ended before the signal was asked for.
  if (process.ppid !== parentPid) process.exit(1);
  const filter = callFilter(process.pid);
  if (filter === undefined) {
    measures.push({ name: "few system calls", lacking: `the numbers of ${process.arch} are not known` });
  } else measure("few system calls", () => rights.filterCalls(filter));
  return measures;

  function measure(name: string, take: () => number): void {
    try {
      const errno = take();
      measures.push(errno === 0 ? { name } : { name, lacking: `errno ${errno}` });
    } catch (error) {
      const lacking = error instanceof Error && "code" in error ? String(error.code) : String(error);
      measures.push({ name, lacking });
    }
  }
}

/** What is mapped so far: the engine reserves gigabytes at its start that it never touches. */
function mappedBytes(): number {
  const [pages = "0"] = fs.readFileSync("/proc/self/statm", "latin1").split(" ");
  return Number(pages) * 4096;
}
