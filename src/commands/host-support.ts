import type { KernelHost } from "../kernel/host.ts";
import { type Capability, readCapabilities } from "../kernel/proc/capabilities.ts";
import type { Support } from "../model/support.ts";

const COMPONENT = "host";

/** What each capability is for; one of a row is enough. */
const USES: readonly (readonly [readonly Capability[], string])[] = [
  [["CAP_PERFMON", "CAP_SYS_ADMIN"], "perf events"],
  [["CAP_SYS_PTRACE"], "working sets of other users' processes"],
  [["CAP_DAC_OVERRIDE"], "writing control files of root"],
];

/** Of the namespace that the kernel starts with: PROC_PID_INIT_INO in linux/proc_ns.h. */
const FIRST_PID_NAMESPACE = "pid:[4026531836]";

/** What the agent's own process may do on this host: rows of `wca doctor`. */
export function hostSupport(host: KernelHost): readonly Support[] {
  const user = process.geteuid?.();
  return [
    {
      component: COMPONENT,
      feature: "identity",
      supported: true,
      detail:
        user === 0
          ? "root: wca run wants --root"
          : `user ${user}: reads what is world-readable, which is enough for cgroups and /proc`,
    },
    capabilities(host),
    pidNamespace(host),
    {
      component: COMPONENT,
      feature: "open files",
      supported: host.keptFilesLimit > 0,
      detail:
        host.keptFilesLimit > 0
          ? `${host.keptFilesLimit} descriptors for kernel files and perf events (RLIMIT_NOFILE less a reserve of 512); a task needs about 15 for its files`
          : "RLIMIT_NOFILE is not above the reserve of 512: files are opened at each read, which takes four times as long, and perf events are off",
    },
    {
      component: COMPONENT,
      feature: "calls of libc",
      supported: host.callsLibc,
      detail: host.callsLibc
        ? "bun:ffi: needed by perf events"
        : "bun:ffi cannot bind libc: it needs glibc or musl and memory that may become executable (MemoryDenyWriteExecute=yes and BUN_JSC_useJIT=0 forbid that); perf events are off",
    },
  ];
}

function capabilities(host: KernelHost): Support {
  const held = readCapabilities(host);
  const lacking = USES.filter(([names]) => !names.some((name) => held?.has(name)));
  const words = lacking.map(([names, use]) => `${names.join(" or ")} for ${use}`).join(", ");
  return {
    component: COMPONENT,
    feature: "capabilities",
    supported: held === undefined ? "unknown" : lacking.length === 0,
    detail: words === "" ? "all that any collector can need" : `without ${words}`,
  };
}

/** Not a lack by itself: tasks may be in the same namespace, as where the whole host is a container. */
function pidNamespace(host: KernelHost): Support {
  const isHosts = host.pidNamespace === FIRST_PID_NAMESPACE;
  return {
    component: COMPONENT,
    feature: "processes",
    supported: isHosts ? true : "unknown",
    detail: isHosts
      ? "the agent is in the PID namespace of the host and sees all processes"
      : "the agent is in a PID namespace of its own: tasks outside of it show no threads, and resctrl, sched, schedstat and working sets measure nothing of them (in a container give it hostPID)",
  };
}
