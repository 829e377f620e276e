import { NODES, readNodes } from "../kernel/sysfs/numa.ts";
import { KernelError } from "../model/errors.ts";
import type { Host } from "../model/host.ts";
import type { Support } from "../model/support.ts";

/** One kernel file that a collector reads, as `wca doctor` shows it. */
export interface FileNeed {
  readonly component: string;
  readonly feature: string;
  readonly path: string;
  /** What brings the file when it is missing: `CONFIG_PSI and the boot option psi=1`. */
  readonly needs: string;
}

/** Tells whether the file can be read now, by reading it once. */
export function fileSupport(host: Host, { component, feature, path, needs }: FileNeed): Support {
  try {
    host.read(path);
    return { component, feature, supported: true, detail: path };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { component, feature, supported: false, detail: `${path}: ${error.code}, needs ${needs}` };
  }
}

/** The same for a file that every NUMA node has: the first node stands for all. */
export function nodeSupport(
  host: Host,
  {
    component,
    feature,
    file,
  }: { readonly component: string; readonly feature: string; readonly file: string },
): Support {
  const needs = "CONFIG_NUMA and /sys mounted";
  const node = readNodes(host)?.[0];
  const path = node === undefined ? NODES : `${NODES}/node${node}/${file}`;
  return fileSupport(host, { component, feature, path, needs });
}
