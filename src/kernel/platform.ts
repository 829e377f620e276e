import type { Host } from "../model/host.ts";
import type { Platform } from "../model/platform.ts";
import { type Cpuinfo, readCpuinfo } from "./proc/cpuinfo.ts";
import { readNodeCpus, readNodeDistances, readNodes } from "./sysfs/numa.ts";
import { cpuPlacesOf, groupCpus, readCpuPlaces, readOnlineCpus } from "./sysfs/topology.ts";

/**
 * The machine: models from `/proc/cpuinfo`, places of CPUs and NUMA nodes from sysfs. Where sysfs does not
 * tell places (containers that hide it), `/proc/cpuinfo` does.
 */
export function readPlatform(host: Host): Platform {
  const cpuinfo = readCpuinfo(host);
  const told = readCpuPlaces(host);
  const places = told.length > 0 ? told : cpuPlacesOf(cpuinfo);
  if (places.length === 0) {
    throw new SyntaxError("Cannot find the CPUs of this host: neither sysfs nor /proc/cpuinfo names one");
  }
  const topology = groupCpus(places);
  const nodes = readNodes(host) ?? [];
  return {
    ...modelOf(cpuinfo),
    sockets: topology.size,
    cores: [...topology.values()].reduce((sum, cores) => sum + cores.size, 0),
    cpus: places.length,
    onlineCpus: readOnlineCpus(host) ?? places.map(({ cpu }) => cpu).sort((a, b) => a - b),
    topology,
    nodeCpus: readNodeCpus(host, nodes),
    nodeDistances: readNodeDistances(host, nodes),
  };
}

function modelOf({ model, vendor, family, modelNumber, stepping }: Cpuinfo) {
  return {
    cpuModel: model,
    ...(vendor === undefined ? {} : { cpuVendor: vendor }),
    ...(family === undefined ? {} : { cpuFamily: family }),
    ...(modelNumber === undefined ? {} : { cpuModelNumber: modelNumber }),
    ...(stepping === undefined ? {} : { cpuStepping: stepping }),
  };
}
