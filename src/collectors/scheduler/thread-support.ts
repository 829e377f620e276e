import type { HostContext } from "../../config/component.ts";
import { readLayout } from "../../kernel/cgroup/layout.ts";
import { CgroupMembers } from "../../kernel/cgroup/members.ts";
import { NEEDED_TO_SEE_THREADS } from "../../kernel/proc/thread-files.ts";
import { KernelError, TaskGone, Unsupported } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import type { Support } from "../../model/support.ts";
import type { Task } from "../../model/task.ts";

/** A file that every thread has in /proc. */
export interface ThreadFileNeed {
  readonly component: string;
  readonly feature: string;
  /** Name below `/proc/TID`. */
  readonly file: string;
  /** What brings the file when the kernel has none. */
  readonly needs: string;
  /** Content that says that the kernel does not count. */
  readonly void?: string;
}

/**
 * Throws {@link Unsupported} when this kernel has no such file. Threads that are hidden look as if they had
 * ended: that is said here, once. Those that are forbidden speak for themselves.
 */
export function requireThreadFile({ host, log }: HostContext, need: ThreadFileNeed): void {
  const missing = missingIn(host, need);
  if (missing !== undefined) throw new Unsupported(`Cannot measure ${need.feature}: ${missing}`);
  const failure = failureOf(host, foreignFile(need));
  if (failure?.code !== "ENOENT") return;
  log.warning(`Cannot see threads of other users, ${need.feature} will lack them: ${NEEDED_TO_SEE_THREADS}`);
}

/** Whether this kernel has the file, whether that of others may be read, and whether tasks show their threads. */
export function threadSupport(host: Host, need: ThreadFileNeed, tasks: readonly Task[]): readonly Support[] {
  const { component, feature, file } = need;
  const missing = missingIn(host, need);
  const supported = missing === undefined;
  const own: Support = { component, feature, supported, detail: missing ?? `/proc/TID/${file}` };
  if (!supported) return [own];
  const rows: Support[] = [own, foreignSupport(host, need)];
  if (tasks.length > 0 && !hasThreads(host, tasks)) {
    rows.push({
      component,
      feature: "threads of tasks",
      supported: "unknown",
      detail: "no task shows a thread; within a container that needs the PID namespace of the host",
    });
  }
  return rows;
}

function foreignSupport(host: Host, need: ThreadFileNeed): Support {
  const path = foreignFile(need);
  const failure = failureOf(host, path);
  return {
    component: need.component,
    feature: "threads of other users",
    supported: failure === undefined,
    detail: failure === undefined ? path : `${path}: ${failure.code}, ${NEEDED_TO_SEE_THREADS}`,
  };
}

/** Of the first process, which is always there and nearly always somebody else's. */
function foreignFile({ file }: ThreadFileNeed): string {
  return `/proc/1/${file}`;
}

/** Why there is nothing to be read; nothing when there is. */
function missingIn(host: Host, { file, needs, ...need }: ThreadFileNeed): string | undefined {
  const path = `/proc/self/${file}`;
  const failure = failureOf(host, path);
  if (failure !== undefined) return `${path}: ${failure.code}, needs ${needs}`;
  return host.read(path) === need.void ? `${path} is all zero, needs ${needs}` : undefined;
}

function failureOf(host: Host, path: string): KernelError | undefined {
  try {
    host.read(path);
    return undefined;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return error;
  }
}

function hasThreads(host: Host, tasks: readonly Task[]): boolean {
  const members = new CgroupMembers(host, readLayout(host));
  return tasks.some(({ cgroupPath }) => {
    try {
      return members.threads(cgroupPath).length > 0;
    } catch (error) {
      if (error instanceof TaskGone) return false;
      throw error;
    }
  });
}
