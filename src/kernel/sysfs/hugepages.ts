import type { Host } from "../../model/host.ts";
import { DecimalReader } from "../decimal.ts";
import { isAbsence, OptionalFile } from "../optional-file.ts";
import { NODES } from "./numa.ts";

/** docs.kernel.org/admin-guide/mm/hugetlbpage.html */
export const HUGEPAGES = "/sys/kernel/mm/hugepages";

/** Where a kernel without NUMA has all its pages. */
const ONLY_NODE = "0";

/** Pages of one size on one NUMA node. */
export interface HugepagePool {
  readonly node: string;
  /** As the kernel writes it: `2048kB`. */
  readonly pageSize: string;
  readonly total: number;
  readonly free: number;
  readonly surplus: number;
}

export interface HugepageCounts {
  readonly pools: readonly HugepagePool[];
  /** Page size → pages; reservations belong to no node. */
  readonly reserved: Readonly<Record<string, number>>;
}

/** Page sizes that the kernel has pools for: `["1048576kB", "2048kB"]`; nothing without CONFIG_HUGETLBFS. */
export function readHugepageSizes(host: Host): readonly string[] | undefined {
  try {
    return host.list(HUGEPAGES).flatMap((name) => /^hugepages-(\d+kB)$/.exec(name)?.[1] ?? []);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** The pools of huge pages, read from round to round. An empty pool costs one file, not three. */
export class HugepagePools {
  readonly #number = new DecimalReader();
  readonly #pools: readonly (readonly [node: string, pageSize: string, files: PoolFiles])[];
  readonly #reserved: readonly (readonly [pageSize: string, file: OptionalFile])[];

  /** `nodes`: those that have memory; none where the kernel has no NUMA. */
  constructor(host: Host, pageSizes: readonly string[], nodes: readonly number[]) {
    const places =
      nodes.length === 0
        ? [[ONLY_NODE, HUGEPAGES] as const]
        : nodes.map((node) => [`${node}`, `${NODES}/node${node}/hugepages`] as const);
    this.#pools = places.flatMap(([node, parent]) =>
      pageSizes.map((size) => [node, size, new PoolFiles(host, `${parent}/hugepages-${size}`)] as const),
    );
    this.#reserved = pageSizes.map(
      (size) => [size, new OptionalFile(host, `${HUGEPAGES}/hugepages-${size}/resv_hugepages`)] as const,
    );
  }

  /** A node that has no files (memory came just now) has no pools. */
  read(): HugepageCounts {
    const pools: HugepagePool[] = [];
    const inUse = new Set<string>();
    for (const [node, pageSize, files] of this.#pools) {
      const total = this.#pages(files.total);
      if (total === undefined) continue;
      if (total > 0) inUse.add(pageSize);
      const free = total === 0 ? 0 : this.#pages(files.free);
      const surplus = total === 0 ? 0 : this.#pages(files.surplus);
      if (free === undefined || surplus === undefined) continue;
      pools.push({ node, pageSize, total, free, surplus });
    }
    return { pools, reserved: this.#readReserved(inUse) };
  }

  /** Nothing can be reserved of an empty pool. */
  #readReserved(inUse: ReadonlySet<string>): Readonly<Record<string, number>> {
    const reserved: Record<string, number> = {};
    for (const [pageSize, file] of this.#reserved) {
      const pages = inUse.has(pageSize) ? this.#pages(file) : 0;
      if (pages !== undefined) reserved[pageSize] = pages;
    }
    return reserved;
  }

  #pages(file: OptionalFile): number | undefined {
    return file.parse((bytes, length) => {
      const pages = this.#number.read(bytes, 0, length);
      if (Number.isNaN(pages)) throw new SyntaxError(`Cannot read a number of pages in ${file.path}`);
      return pages;
    });
  }

  close(): void {
    for (const [, , files] of this.#pools) files.close();
    for (const [, file] of this.#reserved) file.close();
  }
}

class PoolFiles {
  readonly total: OptionalFile;
  readonly free: OptionalFile;
  readonly surplus: OptionalFile;

  constructor(host: Host, directory: string) {
    this.total = new OptionalFile(host, `${directory}/nr_hugepages`);
    this.free = new OptionalFile(host, `${directory}/free_hugepages`);
    this.surplus = new OptionalFile(host, `${directory}/surplus_hugepages`);
  }

  close(): void {
    this.total.close();
    this.free.close();
    this.surplus.close();
  }
}
