/* Pools of huge pages, for literal machines. */

/** What the kernel calls the numbers of pages. */
const NAMES = {
  total: "nr_hugepages",
  free: "free_hugepages",
  surplus: "surplus_hugepages",
  reserved: "resv_hugepages",
} as const;

type Pages = Readonly<Partial<Record<keyof typeof NAMES, number>>>;

export function nodeHugepages(
  node: number,
  pageSize: string,
  pages: Pages,
): Readonly<Record<string, string>> {
  return filesIn(`sys/devices/system/node/node${node}/hugepages/hugepages-${pageSize}`, pages);
}

export function hostHugepages(pageSize: string, pages: Pages): Readonly<Record<string, string>> {
  return filesIn(`sys/kernel/mm/hugepages/hugepages-${pageSize}`, pages);
}

function filesIn(directory: string, pages: Pages): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(pages).map(([key, count]) => [
      `${directory}/${NAMES[key as keyof typeof NAMES]}`,
      `${count}\n`,
    ]),
  );
}
