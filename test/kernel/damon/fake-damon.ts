import * as path from "node:path";
import { KernelHost } from "../../../src/kernel/host.ts";
import { KernelError } from "../../../src/model/errors.ts";
import { type Tree, tempTree } from "../../support/tree.ts";

const KDAMONDS = "/sys/kernel/mm/damon/admin/kdamonds";
const SELF = `1 (wca) ${["S", ...Array.from({ length: 18 }, () => "0"), "4711"].join(" ")}\n`;

/** What the kernel makes when a number is written to `nr_…`: directories with these files. */
const MADE: readonly (readonly [counter: RegExp, files: Readonly<Record<string, string>>])[] = [
  [/^nr_kdamonds$/, { state: "off", pid: "-1", "contexts/nr_contexts": "0" }],
  [
    /contexts\/nr_contexts$/,
    {
      avail_operations: "vaddr\nfvaddr\npaddr",
      operations: "vaddr",
      ...{ "monitoring_attrs/intervals/sample_us": "", "monitoring_attrs/intervals/aggr_us": "" },
      ...{ "monitoring_attrs/intervals/update_us": "", "monitoring_attrs/nr_regions/min": "" },
      ...{ "monitoring_attrs/nr_regions/max": "", "targets/nr_targets": "0", "schemes/nr_schemes": "0" },
    },
  ],
  [/targets\/nr_targets$/, { pid_target: "0" }],
  [
    /schemes\/nr_schemes$/,
    {
      action: "stat",
      ...{ "access_pattern/sz/min": "0", "access_pattern/sz/max": "0" },
      ...{ "access_pattern/nr_accesses/min": "0", "access_pattern/nr_accesses/max": "0" },
      ...{ "access_pattern/age/min": "0", "access_pattern/age/max": "0" },
      ...{ "quotas/bytes": "0", "quotas/reset_interval_ms": "0", "filters/nr_filters": "0" },
      ...{ "stats/qt_exceeds": "0", "stats/sz_tried": "0" },
      ...{
        "watermarks/metric": "none",
        "watermarks/high": "0",
        "watermarks/mid": "0",
        "watermarks/low": "0",
      },
    },
  ],
  [/filters\/nr_filters$/, { type: "anon", matching: "N", damon_target_idx: "0" }],
];

/** DAMON's files with what the kernel does when they are written, as far as the agent uses it. */
export class FakeDamon extends KernelHost implements Disposable {
  readonly #tree: Tree;
  /** What a write to a file answers, by the end of its path; before it has any effect. */
  readonly refuses = new Map<string, string>();
  /** Bytes of each target that are accessed in every window. */
  accessed: readonly number[] = [];
  operations = "vaddr\nfvaddr\npaddr";
  #windows = 0;

  /** Processes that there are, and whatever else the machine has. */
  constructor(pids: readonly number[] = [], files: Readonly<Record<string, string>> = {}) {
    const tree = tempTree({
      ...files,
      [`${KDAMONDS.slice(1)}/nr_kdamonds`]: "0",
      "proc/self/stat": SELF,
      "proc/1/stat": SELF,
    });
    super({ root: tree.root });
    this.#tree = tree;
    for (const pid of pids) tree.write(`proc/${pid}/stat`, "");
  }

  /** The value of one of DAMON's files. */
  get(file: string): string {
    return this.read(`${KDAMONDS}/${file}`);
  }

  /** Sets one of DAMON's files as somebody else would. */
  set(file: string, value: string): void {
    this.#tree.write(`${KDAMONDS}/${file}`.slice(1), value);
  }

  /** Sets any file of the machine. */
  lay(file: string, content: string): void {
    this.#tree.write(file, content);
  }

  exit(pid: number): void {
    this.#tree.remove(`proc/${pid}`);
  }

  /** Time passes: the windows that the clock does not count are over already. */
  pass(windows: number): void {
    this.#windows += windows;
  }

  override write(file: string, text: string): void {
    for (const [end, code] of this.refuses)
      if (file.endsWith(end)) throw new KernelError("write", file, code);
    const relative = path.relative(KDAMONDS, file);
    if (relative === "nr_kdamonds" && this.#running) throw new KernelError("write", file, "EBUSY");
    if (relative === "0/state") {
      this.#command(file, text);
      return;
    }
    if (this.identity(file) === undefined) throw new KernelError("write", file, "ENOENT");
    this.set(relative, text);
    this.#make(relative, Number(text));
  }

  [Symbol.dispose](): void {
    this.#tree[Symbol.dispose]();
  }

  get #running(): boolean {
    return this.get("nr_kdamonds") !== "0" && this.get("0/state") === "on";
  }

  #make(counter: string, count: number): void {
    const files = MADE.find(([pattern]) => pattern.test(counter))?.[1];
    if (files === undefined) return;
    const directory = path.dirname(counter);
    for (const name of this.list(`${KDAMONDS}/${directory}`)) {
      if (/^\d+$/.test(name)) this.#tree.remove(`${KDAMONDS}/${directory}/${name}`.slice(1));
    }
    for (let index = 0; index < count; index++) {
      for (const [file, value] of Object.entries(files)) this.set(`${directory}/${index}/${file}`, value);
    }
    if (counter.endsWith("nr_contexts")) this.set("0/contexts/0/avail_operations", this.operations);
  }

  #command(file: string, command: string): void {
    const context = "0/contexts/0";
    if (command === "on") {
      for (let index = 0; index < Number(this.get(`${context}/targets/nr_targets`)); index++) {
        const pid = this.get(`${context}/targets/${index}/pid_target`);
        if (this.identity(`/proc/${pid}`) === undefined) throw new KernelError("write", file, "EINVAL");
      }
      this.#windows = 0;
    }
    if (command === "update_schemes_stats") {
      if (!this.#running) throw new KernelError("write", file, "EINVAL");
      // The first two windows are not counted by the clock, but are in the bytes.
      this.set(`${context}/schemes/0/stats/qt_exceeds`, `${Math.max(0, this.#windows - 2)}`);
      for (const [index, bytes] of this.accessed.entries())
        this.set(`${context}/schemes/${index + 1}/stats/sz_tried`, `${bytes * this.#windows}`);
      return;
    }
    if (["on", "off"].includes(command)) this.set("0/state", command);
  }
}
