import * as fs from "node:fs";

/** Descriptors of this process, each with what it is of. */
export function openDescriptors(): ReadonlyMap<string, string> {
  const found = fs.readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      return [[name, fs.readlinkSync(`/proc/self/fd/${name}`)] as const];
    } catch {
      // That of the directory itself.
      return [];
    }
  });
  return new Map(found);
}

/** Targets of those that were not there before. */
export function descriptorsLeft(before: ReadonlyMap<string, string>): readonly string[] {
  return [...openDescriptors()].flatMap(([name, target]) =>
    before.get(name) === target || target.startsWith("anon_inode") ? [] : [target],
  );
}

/** Processes that this one has started and that are still there, zombies too. */
export function children(): ReadonlySet<number> {
  const threads = fs.readdirSync("/proc/self/task");
  const lists = threads.map((thread) => {
    try {
      return fs.readFileSync(`/proc/self/task/${thread}/children`, "latin1");
    } catch {
      return "";
    }
  });
  return new Set(lists.flatMap((list) => list.split(" ").filter(Boolean).map(Number)));
}

/** Bytes of resident memory after garbage has been collected, once they do not fall any more. */
export async function residentAtRest(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 4; attempt++) {
    Bun.gc(true);
    await Bun.sleep(20);
    least = Math.min(least, resident());
  }
  return least;
}

/** `/proc/self/statm`, proc_pid_statm(5). */
export function resident(): number {
  const [, pages = "0"] = fs.readFileSync("/proc/self/statm", "latin1").split(" ");
  return Number(pages) * 4096;
}

/** Waits until it is true, at most that long; says whether it is. */
export async function within(milliseconds: number, isTrue: () => boolean): Promise<boolean> {
  for (const end = performance.now() + milliseconds; performance.now() < end; await Bun.sleep(5)) {
    if (isTrue()) return true;
  }
  return isTrue();
}
