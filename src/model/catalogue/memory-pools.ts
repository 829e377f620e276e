import type { MetricRow } from "../catalogue.ts";

const LABELS = ["numa_node", "page_size"] as const;
const NODE = "/sys/devices/system/node/node*/hugepages/hugepages-*";

/** Swap and huge pages of the host. */
export const MEMORY_POOL_ROWS = {
  platform_mem_swap_total_bytes: {
    help: "Swap space of the host; 0 when no swap is switched on.",
    type: "gauge",
    unit: "bytes",
    scope: "platform",
    labels: [],
    merge: "none",
    source: "/proc/meminfo SwapTotal",
  },
  platform_mem_swap_free_bytes: {
    help: "Swap space that is not used.",
    type: "gauge",
    unit: "bytes",
    scope: "platform",
    labels: [],
    merge: "none",
    source: "/proc/meminfo SwapFree",
  },
  platform_mem_anon_thp_bytes: {
    help: "Anonymous memory of the host in transparent huge pages.",
    type: "gauge",
    unit: "bytes",
    scope: "platform",
    labels: [],
    merge: "none",
    source: "/proc/meminfo AnonHugePages",
  },
  platform_mem_hugepages: {
    help: "Huge pages in the pool by NUMA node and page size (2048kB), surplus pages included.",
    type: "gauge",
    unit: "pages",
    scope: "platform",
    labels: LABELS,
    merge: "none",
    source: `${NODE}/nr_hugepages`,
  },
  platform_mem_hugepages_free: {
    help: "Huge pages of the pool that nobody uses; some of them may be reserved.",
    type: "gauge",
    unit: "pages",
    scope: "platform",
    labels: LABELS,
    merge: "none",
    source: `${NODE}/free_hugepages`,
  },
  platform_mem_hugepages_surplus: {
    help: "Huge pages beyond the configured size of the pool, given back to the system once they are free.",
    type: "gauge",
    unit: "pages",
    scope: "platform",
    labels: LABELS,
    merge: "none",
    source: `${NODE}/surplus_hugepages`,
  },
  platform_mem_hugepages_reserved: {
    help: "Free huge pages that are promised to mappings which have not touched them yet, by page size.",
    type: "gauge",
    unit: "pages",
    scope: "platform",
    labels: ["page_size"],
    merge: "none",
    source: "/sys/kernel/mm/hugepages/hugepages-*/resv_hugepages",
  },
} as const satisfies Record<string, MetricRow>;
