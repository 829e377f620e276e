import { formatCpuList } from "../../src/kernel/cpu-list.ts";

/** What is known of one online CPU. */
export interface Cpu {
  readonly cpu: number;
  readonly socket: number;
  readonly core: number;
  readonly node: number;
}

export interface CpuModel {
  readonly vendor: string;
  readonly family: number;
  readonly model: number;
  readonly name: string;
  readonly stepping: number;
}

/** Files: path without the leading slash → content. */
export type Files = Readonly<Record<string, string>>;

/** `/proc/cpuinfo`, `/proc/stat` and the CPUs of sysfs; offline CPUs have no topology. */
export function cpuFiles(model: CpuModel, cpus: readonly Cpu[], present: number): Files {
  const online = formatCpuList(cpus.map(({ cpu }) => cpu));
  return {
    "proc/cpuinfo": cpus.map((cpu) => cpuinfoBlock(model, cpu, cpus)).join(""),
    "proc/stat": statOf(cpus),
    "sys/devices/system/cpu/online": `${online}\n`,
    "sys/devices/system/cpu/present": `0-${present - 1}\n`,
    "sys/devices/system/cpu/possible": `0-${present - 1}\n`,
    ...Object.fromEntries(
      cpus.flatMap(({ cpu, socket, core }) => [
        [`sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`, `${socket}\n`],
        [`sys/devices/system/cpu/cpu${cpu}/topology/core_id`, `${core}\n`],
      ]),
    ),
  };
}

function cpuinfoBlock(model: CpuModel, { cpu, socket, core }: Cpu, cpus: readonly Cpu[]): string {
  const neighbours = cpus.filter((other) => other.socket === socket);
  const fields = [
    ["processor\t", cpu],
    ["vendor_id\t", model.vendor],
    ["cpu family\t", model.family],
    ["model\t\t", model.model],
    ["model name\t", model.name],
    ["stepping\t", model.stepping],
    ["physical id\t", socket],
    ["siblings\t", neighbours.length],
    ["core id\t\t", core],
    ["cpu cores\t", new Set(neighbours.map((other) => other.core)).size],
  ];
  return `${fields.map(([key, value]) => `${key}: ${value}\n`).join("")}\n`;
}

/** user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice. */
function statOf(cpus: readonly Cpu[]): string {
  const rows = cpus.map(({ cpu }) => [
    ...[900_000 + 1013 * cpu, 4_000 + 7 * cpu, 300_000 + 211 * cpu, 9_000_000 - 3001 * cpu, 12_000 + cpu],
    ...[0, 5_000 + 13 * cpu, 17 * cpu, 0, 0],
  ]);
  const total = rows.reduce((sum, row) => sum.map((ticks, column) => ticks + (row[column] ?? 0)));
  const lines = cpus.map(({ cpu }, index) => `cpu${cpu} ${rows[index]?.join(" ")}\n`);
  return `cpu  ${total.join(" ")}\n${lines.join("")}ctxt 998877665\nprocesses 123456\n`;
}
