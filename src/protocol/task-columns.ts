import type { TaskMessage } from "./messages.ts";

/** What tasks are, a list for each field. */
export function taskColumns(tasks: readonly TaskMessage[]) {
  return {
    id: tasks.map(({ id }) => id),
    name: tasks.map(({ name }) => name),
    cgroupPath: tasks.map(({ cgroupPath }) => cgroupPath),
    subcgroupPaths: tasks.map(({ subcgroupPaths }) => subcgroupPaths),
    identity: tasks.map(({ identity }) => identity),
    labels: tasks.map(({ labels }) => labels),
    resources: tasks.map(({ resources }) => resources),
  };
}
