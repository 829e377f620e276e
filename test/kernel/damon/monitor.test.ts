import { describe, expect, test } from "bun:test";
import { DamonMonitor } from "../../../src/kernel/damon/monitor.ts";
import { Unsupported } from "../../../src/model/errors.ts";
import { FakeDamon } from "./fake-damon.ts";

const CONTEXT = "0/contexts/0";

/** What {@link DamonMonitor.read} says of these processes from the second reading on. */
function started(damon: FakeDamon, pids: readonly number[]): DamonMonitor {
  const monitor = new DamonMonitor(damon);
  expect(monitor.start(pids)).toBe(true);
  damon.pass(5);
  expect(monitor.read()).toBeUndefined();
  return monitor;
}

describe("DamonMonitor", () => {
  test("averages the bytes of each process over the windows since the last reading", () => {
    using damon = new FakeDamon([11, 12]);
    damon.accessed = [4096, 8192];
    const monitor = started(damon, [11, 12]);
    expect(monitor.settled).toBe(false);
    damon.pass(3);
    expect(monitor.read()).toEqual(
      new Map([
        [11, 4096],
        [12, 8192],
      ]),
    );
    expect(monitor.settled).toBe(true);
  });

  test("gives nothing while no window has passed, and loses none of them", () => {
    using damon = new FakeDamon([11]);
    damon.accessed = [4096];
    const monitor = started(damon, [11]);
    expect(monitor.read()).toBeUndefined();
    damon.pass(1);
    expect(monitor.read()).toEqual(new Map([[11, 4096]]));
  });

  test("only ever counts: every scheme has the action stat and the filter of its target", () => {
    using damon = new FakeDamon([11, 12]);
    started(damon, [11, 12]);
    const of = (file: string) => [0, 1, 2].map((index) => damon.get(`${CONTEXT}/schemes/${index}/${file}`));
    expect(of("action")).toEqual(["stat", "stat", "stat"]);
    expect(of("access_pattern/nr_accesses/min")).toEqual(["0", "1", "1"]);
    expect(of("filters/nr_filters")).toEqual(["0", "1", "1"]);
    expect(
      [1, 2].map((index) => damon.get(`${CONTEXT}/schemes/${index}/filters/0/damon_target_idx`)),
    ).toEqual(["0", "1"]);
    expect([0, 1].map((index) => damon.get(`${CONTEXT}/targets/${index}/pid_target`))).toEqual(["11", "12"]);
  });

  test("has less than ten samples in a window, so that only like regions are merged", () => {
    using damon = new FakeDamon([11]);
    started(damon, [11]);
    const [sample, window] = ["sample_us", "aggr_us"].map((file) =>
      Number(damon.get(`${CONTEXT}/monitoring_attrs/intervals/${file}`)),
    ) as [number, number];
    expect(window / sample).toBeLessThan(10);
  });

  test("starts anew with other processes", () => {
    using damon = new FakeDamon([11, 12]);
    damon.accessed = [4096];
    const monitor = started(damon, [11]);
    damon.accessed = [100, 200];
    expect(monitor.start([12, 11])).toBe(true);
    damon.pass(3);
    expect(monitor.read()).toBeUndefined();
    damon.pass(1);
    expect(monitor.read()).toEqual(
      new Map([
        [12, 100],
        [11, 200],
      ]),
    );
  });

  test("start() says false when a process ended meanwhile, and works with the others then", () => {
    using damon = new FakeDamon([11, 12]);
    damon.exit(12);
    const monitor = new DamonMonitor(damon);
    expect(monitor.start([11, 12])).toBe(false);
    expect(monitor.pids).toEqual([]);
    expect(monitor.start([11])).toBe(true);
    expect(damon.get("0/state")).toBe("on");
  });

  test("read() gives nothing once the kdamond has ended with the last process", () => {
    using damon = new FakeDamon([11]);
    const monitor = started(damon, [11]);
    damon.set("0/state", "off");
    damon.pass(1);
    expect(monitor.read()).toBeUndefined();
    expect([monitor.pids, monitor.settled]).toEqual([[], true]);
  });

  test("close() gives DAMON back, unopened and twice", () => {
    using damon = new FakeDamon([11]);
    new DamonMonitor(damon).close();
    const monitor = started(damon, [11]);
    monitor.close();
    monitor.close();
    expect(damon.get("nr_kdamonds")).toBe("0");
  });

  test("leaves alone what somebody else has set up, also afterwards", () => {
    using damon = new FakeDamon([11]);
    damon.write("/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds", "1");
    expect(() => new DamonMonitor(damon).open()).toThrow(/^Cannot use DAMON: something else has set it up/);
    expect(damon.get("nr_kdamonds")).toBe("1");
  });

  test("notices that somebody else has taken it meanwhile, and leaves it alone", () => {
    using damon = new FakeDamon([11]);
    const monitor = started(damon, [11]);
    damon.set(`${CONTEXT}/schemes/0/watermarks/high`, "0");
    damon.set(`${CONTEXT}/schemes/0/action`, "pageout");
    expect(() => monitor.read()).toThrow(Unsupported);
    monitor.close();
    expect([damon.get("nr_kdamonds"), damon.get("0/state")]).toEqual(["1", "on"]);
  });

  test("close() leaves alone what somebody else has taken meanwhile", () => {
    using damon = new FakeDamon([11]);
    const monitor = started(damon, [11]);
    damon.set(`${CONTEXT}/schemes/0/watermarks/low`, "1");
    monitor.close();
    expect([damon.get("nr_kdamonds"), damon.get("0/state")]).toEqual(["1", "on"]);
  });

  test("takes over what an agent that was killed has left", () => {
    using damon = new FakeDamon([11]);
    started(damon, [11]);
    damon.set(`${CONTEXT}/schemes/0/watermarks/mid`, "999");
    const next = started(damon, [11]);
    next.close();
    expect(damon.get("nr_kdamonds")).toBe("0");
  });

  test("a kernel that watches physical memory only: says what is missing, and gives DAMON back", () => {
    using damon = new FakeDamon([11]);
    damon.operations = "paddr\n";
    const monitor = new DamonMonitor(damon);
    expect(() => monitor.start([11])).toThrow(
      new Unsupported("Cannot use DAMON: this kernel watches paddr only, needs vaddr (CONFIG_DAMON_VADDR)"),
    );
    expect(damon.get("nr_kdamonds")).toBe("0");
  });

  test.each([
    ["nr_kdamonds", "EBUSY", "something else uses it"],
    ["nr_kdamonds", "EPERM", "needs root, and a kernel that is not locked down"],
    ["contexts/nr_contexts", "EINVAL", "needs Linux 6.6"],
    ["filters/0/type", "EINVAL", "needs Linux 6.6"],
    ["0/state", "EBUSY", "something else uses it"],
  ])("%s answers %s: %s, and nothing is left behind", (file, code, reason) => {
    using damon = new FakeDamon([11]);
    damon.refuses.set(file, code);
    const monitor = new DamonMonitor(damon);
    expect(() => monitor.start([11])).toThrow(Unsupported);
    expect(() => monitor.start([11])).toThrow(reason);
    expect(damon.get("nr_kdamonds")).toBe("0");
  });
});
