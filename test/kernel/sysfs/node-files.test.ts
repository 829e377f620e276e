import { expect, test } from "bun:test";
import { NodeFiles } from "../../../src/kernel/sysfs/node-files.ts";
import { tempTree } from "../../support/tree.ts";

const NODE = "sys/devices/system/node";

function texts(files: NodeFiles): readonly (readonly [string, string | undefined])[] {
  return files.current().map(([node, file]) => [node, file.text()]);
}

test("NodeFiles keeps the files and lists the nodes anew when one comes or goes", () => {
  using tree = tempTree({ [`${NODE}/online`]: "0\n", [`${NODE}/node0/meminfo`]: "a" });
  const files = new NodeFiles(tree.host, "meminfo");
  expect(texts(files)).toEqual([["0", "a"]]);
  expect(files.current()).toBe(files.current());
  tree.write(`${NODE}/node2/meminfo`, "b");
  expect(texts(files)).toEqual([["0", "a"]]);
  tree.write(`${NODE}/online`, "0,2\n");
  expect(texts(files)).toEqual([
    ["0", "a"],
    ["2", "b"],
  ]);
  expect(tree.host.keptFiles).toBe(3);
  files.close();
  files.close();
  expect(tree.host.keptFiles).toBe(0);
});

test("NodeFiles counts the nodes that lack the file", () => {
  using tree = tempTree({ [`${NODE}/node0/meminfo`]: "a", [`${NODE}/node1/`]: "", [`${NODE}/node2/`]: "" });
  const files = new NodeFiles(tree.host, "meminfo");
  expect(files.missing).toEqual(new Map());
  expect(texts(files)).toEqual([
    ["0", "a"],
    ["1", undefined],
    ["2", undefined],
  ]);
  expect(files.missing).toEqual(new Map([["/sys/devices/system/node/node*/meminfo", 2]]));
});

test("NodeFiles names the directory where the kernel has no NUMA", () => {
  using tree = tempTree({});
  const files = new NodeFiles(tree.host, "meminfo");
  expect(texts(files)).toEqual([]);
  expect(files.missing).toEqual(new Map([["/sys/devices/system/node", 1]]));
});
