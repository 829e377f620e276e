import { expect, test } from "bun:test";
import fc from "fast-check";
import { KernelHost } from "../../../src/kernel/host.ts";
import {
  type GroupOwner,
  groupName,
  isSameOwner,
  mayLive,
  ownerOf,
  readOwner,
} from "../../../src/kernel/resctrl/group-name.ts";
import { tempTree } from "../../support/tree.ts";

const OWNER: GroupOwner = { pid: 4711, start: 123_456_789, namespace: 4_026_531_836 };

function stat(pid: number, state: string, start: number, name = "wca"): string {
  return `${pid} (${name}) ${state} ${"0 ".repeat(18)}${start} 0 0\n`;
}

test("groupName() keeps a short legal task id and shortens any other from the front", () => {
  expect(groupName(OWNER, "redis-6792_8")).toBe("wca-4711-21i3v9-1ulajuk-redis-6792_8.fe5l6p");
  expect(groupName(OWNER, "redis-6792_8", 2)).toMatch(/^wca-4711-21i3v9-1ulajuk-redis-6792_8~2\.[0-9a-z]+$/);
  expect(groupName(OWNER, `/kubepods/pod${"1".repeat(50)}/c0ffee`)).toMatch(
    /^wca-4711-21i3v9-1ulajuk-1{33}-c0ffee-[0-9a-z]+\.[0-9a-z]+$/,
  );
});

test("groupName() is legal, bounded, ours again, and another one for another task", () => {
  const ids = fc.tuple(fc.string({ maxLength: 300, unit: "binary" }), fc.string({ maxLength: 300 }));
  fc.assert(
    fc.property(ids, ([one, other]) => {
      const name = groupName(OWNER, one);
      expect(name).toMatch(/^[A-Za-z0-9_.~-]{1,110}$/);
      expect(ownerOf(name)).toEqual(OWNER);
      expect(groupName(OWNER, one)).toBe(name);
      expect(groupName(OWNER, other) === name).toBe(one === other);
    }),
  );
});

test.each(["/a/b", "a/b", "a-b", "a.b", "a b", "a\nb", "ä-b", ""])(
  "groupName() of %j is not that of its neighbours",
  (id) => {
    const others = ["/a/b", "a/b", "a-b", "a.b", "a b", "a\nb", "ä-b", ""].filter((other) => other !== id);
    expect(others.map((other) => groupName(OWNER, other))).not.toContain(groupName(OWNER, id));
  },
);

test.each([
  "wca",
  "wca-batch",
  "wca-4711-21i3v9-1ulajuk-redis",
  "wca-4711-21i3v9-1ulajuk-redis.fe5l6p",
  "xwca-4711-21i3v9-1ulajuk-redis-6792_8.fe5l6p",
  "wca-4711-21i3v9-1ulajuk-redis-6792_8.fe5l6p-old",
  "wca-4712-21i3v9-1ulajuk-redis-6792_8.fe5l6p",
  "mon_L3_00",
])("ownerOf() does not take %j for ours", (name) => {
  expect(ownerOf(name)).toBeUndefined();
});

test("readOwner() is this process on the real host", () => {
  const owner = readOwner(new KernelHost());
  expect(owner.pid).toBe(process.pid);
  expect(mayLive(new KernelHost(), owner)).toBe(true);
  expect(isSameOwner(owner, { ...owner })).toBe(true);
});

test("readOwner() finds the start time behind a name with blanks and parentheses", () => {
  using tree = tempTree({ "proc/self/stat": stat(77, "R", 991, "a) b (c") });
  expect(readOwner(tree.host)).toEqual({ pid: 77, start: 991, namespace: 0 });
});

test("mayLive() wants the same start time of a process that has not ended", () => {
  using tree = tempTree({
    "proc/1/stat": stat(1, "S", 100),
    "proc/2/stat": stat(2, "S", 101),
    "proc/3/stat": stat(3, "Z", 100),
    "proc/4/stat": stat(4, "X", 100),
  });
  const owners = [1, 2, 3, 4, 5].map((pid) => ({ pid, start: 100, namespace: 0 }));
  expect(owners.map((owner) => mayLive(tree.host, owner))).toEqual([true, false, false, false, false]);
});

test("mayLive() takes an agent of another PID namespace to live, since it cannot be looked up", () => {
  using tree = tempTree({});
  expect(mayLive(tree.host, { pid: 5, start: 1, namespace: 99 })).toBe(true);
});
