import type { Host } from "../../model/host.ts";
import { OptionalFile } from "../optional-file.ts";
import { NODES, ONLINE_NODES, readNodes } from "./numa.ts";

/** The same file of every NUMA node, kept open; nodes are listed anew when memory or CPUs are plugged. */
export class NodeFiles {
  readonly #host: Host;
  readonly #name: string;
  readonly #online: OptionalFile;
  #listedFor: string | undefined;
  #missingDirectory = false;
  #files: readonly (readonly [node: string, file: OptionalFile])[] = [];

  /** `name` is the file below the node's directory: `meminfo`. */
  constructor(host: Host, name: string) {
    this.#host = host;
    this.#name = name;
    this.#online = new OptionalFile(host, ONLINE_NODES);
  }

  /** Node number and file of each node that exists now. */
  current(): readonly (readonly [node: string, file: OptionalFile])[] {
    const online = this.#online.text() ?? "";
    if (online === this.#listedFor) return this.#files;
    this.#closeFiles();
    const nodes = readNodes(this.#host);
    this.#missingDirectory = nodes === undefined;
    this.#files = (nodes ?? []).map((node) => [
      `${node}`,
      new OptionalFile(this.#host, `${NODES}/node${node}/${this.#name}`),
    ]);
    this.#listedFor = online;
    return this.#files;
  }

  /** The directory when the kernel has no NUMA, otherwise the file with the number of nodes that lack it. */
  get missing(): ReadonlyMap<string, number> {
    if (this.#missingDirectory) return new Map([[NODES, 1]]);
    const count = this.#files.filter(([, file]) => file.missing).length;
    return new Map(count === 0 ? [] : [[`${NODES}/node*/${this.#name}`, count]]);
  }

  close(): void {
    this.#online.close();
    this.#closeFiles();
    this.#listedFor = undefined;
  }

  #closeFiles(): void {
    for (const [, file] of this.#files) file.close();
    this.#files = [];
  }
}
