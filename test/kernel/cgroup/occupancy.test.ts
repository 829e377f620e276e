import { describe, expect, test } from "bun:test";
import { readLayout } from "../../../src/kernel/cgroup/layout.ts";
import { Occupancy } from "../../../src/kernel/cgroup/occupancy.ts";
import { KernelHost } from "../../../src/kernel/host.ts";
import { needRealCgroups, realCgroup } from "../../support/cgroups.ts";
import { requirement } from "../../support/requirement.ts";
import { tempTree } from "../../support/tree.ts";

describe("Occupancy", () => {
  test("holdsProcesses() is true when any of the mounts has a process", () => {
    using tree = tempTree({ "v1/t/cgroup.procs": "", "v2/t/cgroup.procs": "7\n", "none/": "" });
    const occupancy = new Occupancy(tree.host, { v2: "/v2" }, "/t");
    const seen = [["/v1"], ["/v1", "/v2"], ["/v2"], ["/none"], []].map((mounts) =>
      occupancy.holdsProcesses(mounts),
    );
    expect(seen).toEqual([false, true, true, false, false]);
    occupancy.close();
    expect(tree.host.keptFiles).toBe(0);
  });
});

describe.skipIf(!(await requirement("real cgroups", needRealCgroups)))("Occupancy on this host", () => {
  test("holdsProcesses() sees changes within a second, in every hierarchy", () => {
    using group = realCgroup("occupancy");
    const host = new KernelHost();
    const layout = readLayout(host);
    for (const mount of group.mounts) {
      const occupancy = new Occupancy(host, layout, group.path);
      const seen = [occupancy.holdsProcesses([mount])];
      group.sleep();
      seen.push(occupancy.holdsProcesses([mount]));
      group.kill();
      seen.push(occupancy.holdsProcesses([mount]));
      group.remove();
      seen.push(occupancy.holdsProcesses([mount]));
      group.create();
      group.sleep();
      seen.push(occupancy.holdsProcesses([mount]));
      group.kill();
      occupancy.close();
      expect([mount, ...seen]).toEqual([mount, false, true, false, false, true]);
    }
    expect(host.keptFiles).toBe(0);
  });
});
