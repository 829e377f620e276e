import { expect, test } from "bun:test";
import {
  parseDistances,
  parseNodeMeminfo,
  readNodeCpus,
  readNodeDistances,
  readNodes,
} from "../../../src/kernel/sysfs/numa.ts";
import { tempTree } from "../../support/tree.ts";
import { expectOnlySyntaxErrors, parseText } from "../proc/text.ts";

const NODE = "sys/devices/system/node";

test("readNodes() orders nodes by number and ignores other entries", () => {
  using tree = tempTree({
    [`${NODE}/node10/`]: "",
    [`${NODE}/node2/`]: "",
    [`${NODE}/node/`]: "",
    [`${NODE}/online`]: "",
  });
  expect(readNodes(tree.host)).toEqual([2, 10]);
});

test("readNodes() gives nothing where the kernel has no NUMA", () => {
  using tree = tempTree({});
  expect(readNodes(tree.host)).toBeUndefined();
});

test("readNodeCpus() reads the list of each node; a node without CPUs has none", () => {
  using tree = tempTree({
    [`${NODE}/node0/cpulist`]: "1-2,6-8\n",
    [`${NODE}/node1/cpulist`]: "3,4,5-6\n",
    [`${NODE}/node4/cpulist`]: "\n",
  });
  expect(readNodeCpus(tree.host, [0, 1, 4])).toEqual(
    new Map([
      [0, [1, 2, 6, 7, 8]],
      [1, [3, 4, 5, 6]],
      [4, []],
    ]),
  );
});

test("readNodeDistances() gives a column to each node that exists", () => {
  using tree = tempTree({ [`${NODE}/node0/distance`]: "10 21\n", [`${NODE}/node4/distance`]: "21 10\n" });
  expect(readNodeDistances(tree.host, [0, 4])).toEqual(
    new Map([
      [
        0,
        new Map([
          [0, 10],
          [4, 21],
        ]),
      ],
      [
        4,
        new Map([
          [0, 21],
          [4, 10],
        ]),
      ],
    ]),
  );
});

test.each(["10", "10 21 31", "10 x", ""])("parseDistances() refuses %j for two nodes", (text) => {
  expect(() => parseDistances(text, [0, 1])).toThrow(SyntaxError);
});

const MEMINFO = `Node 3 MemTotal:       519689980 kB
Node 3 MemFree:        443814568 kB
Node 3 MemUsed:        75875412 kB
Node 3 SwapCached:            0 kB
`;

test("parseNodeMeminfo() gives bytes", () => {
  expect(parseText(parseNodeMeminfo, MEMINFO)).toEqual({ free: 454_466_117_632, used: 77_696_421_888 });
});

test("parseNodeMeminfo() refuses text without MemUsed", () => {
  expect(() => parseText(parseNodeMeminfo, MEMINFO.replace("MemUsed", "MemX"))).toThrow(
    "Cannot find MemUsed:",
  );
});

test("parseNodeMeminfo() throws nothing but SyntaxError", () => {
  expectOnlySyntaxErrors(parseNodeMeminfo, ["Node 0", " MemFree: ", " MemUsed: ", "1 kB\n"]);
});
