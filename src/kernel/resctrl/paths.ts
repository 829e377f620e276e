/** Where the kernel's resctrl is mounted by convention; its root is the default control group. */
export const RESCTRL = "/sys/fs/resctrl";

/** What the kernel has to say about the last command that failed. */
export const LAST_STATUS = `${RESCTRL}/info/last_cmd_status`;

/** The directory with the monitoring groups of a control group. */
export function monitoringGroups(control: string): string {
  return `${control}/mon_groups`;
}

/** The last part of a path: the name of a group. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The control group of a monitoring group. */
export function controlOf(monitoringGroup: string): string {
  return monitoringGroup.slice(0, monitoringGroup.lastIndexOf("/mon_groups/"));
}
