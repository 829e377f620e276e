import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { NumaStatParser } from "../../../src/kernel/cgroup/numa-stat.ts";

const parser = new NumaStatParser();
const buffer = new Uint8Array(8192);

function parse(version: "parseV1" | "parseV2", text: string): Record<number, number> {
  const { written } = new TextEncoder().encodeInto(text, buffer);
  parser[version](buffer, written);
  return Object.fromEntries(parser.nodes.map((node, index) => [node, parser.amounts[index] as number]));
}

describe("parseV1()", () => {
  const cases: readonly (readonly [string, string, Record<number, number>])[] = [
    [
      "total before hierarchical_total",
      "total=300 N0=100 N1=200\nfile=1 N0=1 N1=0\nhierarchical_total=700 N0=300 N1=400\n",
      { 0: 100, 1: 200 },
    ],
    [
      "total wherever it stands",
      "hierarchical_total=700 N0=300 N1=400\ntotal=300 N0=100 N1=200\n",
      { 0: 100, 1: 200 },
    ],
    ["hierarchical_total alone", "hierarchical_total=1 N0=123 N1=234\n", { 0: 123, 1: 234 }],
    ["nodes out of order and with gaps", "total=6 N10=1 N2=2 N0=3", { 0: 3, 2: 2, 10: 1 }],
    ["no nodes", "total=0\n", {}],
    ["nothing of the kind", "file=1 N0=1\n", {}],
    ["an empty file", "", {}],
  ];
  test.each(cases)("gives pages by node: %s", (_, text, pages) => {
    expect(parse("parseV1", text)).toEqual(pages);
  });

  test("reads nothing that an earlier file left behind the end", () => {
    parse("parseV1", "total=300 N0=100 N1=200\n");
    expect(parse("parseV1", "total=300 ")).toEqual({});
    expect(parse("parseV1", "tot")).toEqual({});
    expect(parse("parseV1", "")).toEqual({});
  });
});

describe("parseV2()", () => {
  const lists = ["inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable"];

  test("sums the LRU lists and leaves what is part of them", () => {
    const text = `anon N0=1 N1=1
file N0=1 N1=1
kernel_stack N0=1 N1=1
anon_thp N0=1 N1=1
inactive_anon N0=4096 N1=8192
active_anon N0=0 N1=4096
inactive_file N0=4096 N1=0
active_file N0=12288 N1=0
unevictable N0=0 N1=4096
slab_reclaimable N0=1 N1=1
workingset_refault_anon N0=1 N1=1
`;
    expect(parse("parseV2", text)).toEqual({ 0: 20480, 1: 16384 });
  });

  test("gives nothing for a file without the lists", () => {
    expect(parse("parseV2", "anon N0=1\ninactive_anonx N0=1\n")).toEqual({});
  });

  test("is a sum by node for any number of nodes and order of lines", () => {
    const nodes = fc.uniqueArray(fc.nat({ max: 1023 }), { minLength: 1, maxLength: 8 });
    const amount = fc.nat({ max: 2 ** 31 - 1 });
    const names = fc.shuffledSubarray([...lists, "anon", "file", "shmem"]);
    fc.assert(
      fc.property(nodes, names, fc.infiniteStream(amount), (numbers, order, amounts) => {
        const wanted: Record<number, number> = {};
        const text = order
          .map((name) => {
            const parts = numbers.map((node) => {
              const value = Number(amounts.next().value);
              if (lists.includes(name)) wanted[node] = (wanted[node] ?? 0) + value;
              return `N${node}=${value}`;
            });
            return `${name} ${parts.join(" ")}\n`;
          })
          .join("");
        expect(parse("parseV2", text)).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });
});
