import { expect, test } from "bun:test";
import { levelTree } from "../../src/collectors/level-tree.ts";

test("levelTree() groups leaves by their keys, in the order in which keys appear", () => {
  const leaves = [
    { path: ["b"], index: 0 },
    { path: ["a", "x", "1"], index: 1 },
    { path: ["c"], index: 2 },
    { path: ["a", "y"], index: 3 },
    { path: ["a", "x", "2"], index: 4 },
  ];
  expect(levelTree(leaves)).toEqual([
    { key: "b", index: 0 },
    {
      key: "a",
      children: [
        {
          key: "x",
          children: [
            { key: "1", index: 1 },
            { key: "2", index: 4 },
          ],
        },
        { key: "y", index: 3 },
      ],
    },
    { key: "c", index: 2 },
  ]);
});

test("levelTree() of nothing is empty", () => {
  expect(levelTree([])).toEqual([]);
});
