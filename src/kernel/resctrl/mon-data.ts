import { KernelError } from "../../model/errors.ts";
import type { Host, KernelFile } from "../../model/host.ts";
import { LOCAL, MONITORING_EVENTS, TOTAL } from "./mon-events.ts";
import type { MonSums } from "./mon-sums.ts";
import { isUnassigned, MonValue } from "./mon-value.ts";

/** One event in one domain. */
interface EventFile {
  readonly event: number;
  file: KernelFile;
  /** Of a counter, when it last gave a value. */
  high: number;
  low: number;
  /** It has given a value at some time. */
  gave: boolean;
  /** It gives one in this round. */
  gives: boolean;
  /** Increases of a counter so far. */
  total: number;
}

interface Domain {
  readonly files: readonly EventFile[];
  /** Total less local so far. */
  remote: number;
}

/**
 * The `mon_data` of one monitoring group, filesystems/resctrl.rst. The domains are those that are listed; with
 * sub-NUMA clusters each has directories `mon_sub_L3_*` below it, of whose values its own are the sums.
 */
export class MonData {
  readonly #host: Host;
  #path: string;
  readonly #domains = new Map<string, Domain>();
  readonly #value = new MonValue();

  constructor(host: Host, group: string) {
    this.#host = host;
    this.#path = `${group}/mon_data`;
    this.relist();
  }

  /** The group has another place now, and its counters count on. */
  moved(group: string): void {
    this.#path = `${group}/mon_data`;
    // A file that is not kept open would be looked for in the old place.
    for (const [name, domain] of this.#domains) this.#reopen(name, domain);
  }

  /** Looks for domains that came or went with their CPUs. False when the group is gone. */
  relist(): boolean {
    try {
      const names = this.#host.list(this.#path);
      for (const name of [...this.#domains.keys()]) if (!names.includes(name)) this.#forget(name);
      for (const name of names) if (!this.#domains.has(name)) this.#open(name);
      return true;
    } catch (error) {
      if (error instanceof KernelError) return false;
      throw error;
    }
  }

  /** Adds what the domains say. False when the group is gone. */
  read(sums: MonSums): boolean {
    let failed: Map<string, Domain> | undefined;
    for (const [name, domain] of this.#domains) {
      if (!this.#readDomain(domain, sums)) failed = (failed ?? new Map<string, Domain>()).set(name, domain);
    }
    if (failed === undefined) return true;
    if (!this.relist()) return false;
    for (const [name, domain] of failed) if (this.#domains.has(name)) this.#retry(name, domain, sums);
    return true;
  }

  close(): void {
    for (const name of [...this.#domains.keys()]) this.#forget(name);
  }

  #open(name: string): void {
    const files: EventFile[] = [];
    for (const event of MONITORING_EVENTS.keys()) {
      const opened = this.#openFile(this.#fileOf(name, event));
      if (opened === undefined) continue;
      files.push({ event, file: opened, high: 0, low: 0, gave: false, gives: false, total: 0 });
    }
    this.#domains.set(name, { files, remote: 0 });
  }

  /** A domain that is listed though it cannot be read: made again since, or refused. The next round tells. */
  #retry(name: string, domain: Domain, sums: MonSums): void {
    for (const { event, gave } of domain.files) if (gave) sums.miss(event);
    this.#reopen(name, domain);
  }

  /** Opens the files again. What their counters were stays known: one made anew is one that fell. */
  #reopen(name: string, { files }: Domain): void {
    for (const event of files) {
      const opened = this.#openFile(this.#fileOf(name, event.event));
      if (opened === undefined) continue;
      event.file.close();
      event.file = opened;
    }
  }

  #fileOf(name: string, event: number): string {
    return `${this.#path}/${name}/${MONITORING_EVENTS[event]?.file}`;
  }

  #openFile(path: string): KernelFile | undefined {
    try {
      return this.#host.open(path);
    } catch (error) {
      if (error instanceof KernelError) return undefined;
      throw error;
    }
  }

  #forget(name: string): void {
    for (const { file } of this.#domains.get(name)?.files ?? []) file.close();
    this.#domains.delete(name);
  }

  /** False when the domain is gone. */
  #readDomain(domain: Domain, sums: MonSums): boolean {
    let total: EventFile | undefined;
    let local: EventFile | undefined;
    for (const file of domain.files) {
      if (!this.#readFile(file, sums)) return false;
      if (file.event === TOTAL) total = file;
      else if (file.event === LOCAL) local = file;
    }
    if (total?.gives === true && local?.gives === true)
      this.#addRemote(domain, total.total - local.total, sums);
    return true;
  }

  /** The two counters are not read at the same instant: what is less than before is no fall, but nothing yet. */
  #addRemote(domain: Domain, remote: number, sums: MonSums): void {
    const increase = Math.max(0, remote - domain.remote);
    domain.remote += increase;
    sums.addRemote(increase);
  }

  #readFile(file: EventFile, sums: MonSums): boolean {
    file.gives = false;
    try {
      const length = file.file.read();
      const { buffer } = this.#host;
      if (this.#value.parse(buffer, length)) this.#take(file, sums);
      else if (isUnassigned(buffer, length)) sums.unassigned = true;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (error.code === "ENODEV" || error.code === "ENOENT") return false;
    }
    if (!file.gives && file.gave) sums.miss(file.event);
    return true;
  }

  #take(file: EventFile, sums: MonSums): void {
    const value = this.#value;
    if (MONITORING_EVENTS[file.event]?.kind === "gauge") {
      sums.addGauge(file.event, value.value);
    } else {
      const increase = value.since(file.high, file.low);
      file.high = value.high;
      file.low = value.low;
      file.total += increase;
      sums.addIncrease(file.event, increase);
    }
    file.gave = true;
    file.gives = true;
  }
}
