import type { Host } from "../../model/host.ts";
import { hasMountOption, isMountable, type ResctrlInfo, readInfo } from "./info.ts";
import { RESCTRL } from "./paths.ts";

export interface Availability {
  readonly info: ResctrlInfo | undefined;
  /** Why tasks cannot be monitored here, and what to do; nothing when they can. */
  readonly obstacle: string | undefined;
}

/** Whether tasks can be monitored with resctrl. Only reads. */
export function readAvailability(host: Host): Availability {
  const info = readInfo(host);
  return { info, obstacle: info === undefined ? whyNotMounted(host) : whyUnusable(host, info) };
}

function whyNotMounted(host: Host): string {
  return isMountable(host)
    ? `resctrl is not mounted: mount -t resctrl resctrl ${RESCTRL}`
    : "there is no resctrl: /proc/filesystems does not list it, so the CPU has neither Intel RDT, AMD QoS nor Arm MPAM, or the kernel has no support for it";
}

function whyUnusable(host: Host, { monitoring }: ResctrlInfo): string | undefined {
  if (!monitoring.some(({ features }) => features.length > 0)) {
    return `resctrl has no monitoring: ${RESCTRL}/info/L3_MON is missing, so the CPU cannot do it, or rdt= on the kernel's command line says so`;
  }
  if (hasMountOption(host, "ro")) return `${RESCTRL} is mounted read-only, and groups have to be made in it`;
  if (process.geteuid?.() !== 0) {
    return `user ${process.geteuid?.()} cannot make groups in ${RESCTRL}: needs root, to whom alone the kernel gives other people's threads`;
  }
  return undefined;
}
