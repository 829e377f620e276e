import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as fc from "fast-check";
import { SchedSums } from "../../../src/kernel/proc/sched.ts";

const buffer = new Uint8Array(64 * 1024);

/** The sums of some threads: by key, by node and type, and NaN nowhere. */
function sumsIn(sums: SchedSums, texts: readonly string[]): Record<string, number> {
  sums.clear();
  for (const text of texts) {
    const { written } = new TextEncoder().encodeInto(text, buffer);
    // What longer files left in the buffer must not be read.
    sums.add(buffer, written);
  }
  return Object.fromEntries(
    sums.cells
      .map(({ levels }, index) => [levels.join(" "), sums.values[index] as number] as const)
      .filter(([, value]) => !Number.isNaN(value)),
  );
}

function sumsOf(texts: readonly string[], wants: (key: string) => boolean = () => true) {
  return sumsIn(new SchedSums(wants), texts);
}

/** As the kernel prints it. */
function fileOf(name: string, lines: Readonly<Record<string, number | string>>, ...more: string[]): string {
  const stats = Object.entries(lines).map(([key, value]) => `${key.padEnd(45)}:${`${value}`.padStart(21)}`);
  return [`${name} (1, #threads: 1)`, "-".repeat(67), ...stats, ...more, ""].join("\n");
}

function faults(node: number, [a, b, c, d]: readonly [number, number, number, number]): string {
  return `numa_faults node=${node} task_private=${a} task_shared=${b} group_private=${c} group_shared=${d}`;
}

/** The same sums made the plain way, for files without a name that looks like a line. */
function naive(texts: readonly string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const line of texts.join("\n").split("\n")) {
    const tokens = line.split(" ");
    if (tokens[0] === "numa_faults" && tokens.length === 6) {
      const [node, ...fields] = tokens.slice(1).map((token) => token.split("="));
      for (const [type, value] of fields) {
        const cell = `${node?.[1]} ${type}`;
        sums[cell] = (sums[cell] ?? 0) + Number(value);
      }
    } else if (!line.includes("#threads")) {
      const [key = "", value = "", ...more] = line.split(":");
      if (key.trim() === "" || more.length > 0 || !/^\s*-?\d+(\.\d+)?\s*$/.test(value)) continue;
      sums[key.trim()] = (sums[key.trim()] ?? 0) + Number(value);
    }
  }
  return sums;
}

describe("SchedSums", () => {
  test("sums keys and NUMA faults over threads", () => {
    const a = fileOf(
      "a",
      { "mm->numa_scan_seq": 10, numa_pages_migrated: 9, numa_preferred_nid: -2, total_numa_faults: 0 },
      "current_node=0, numa_group_id=0",
      faults(0, [100, 200, 300, 400]),
      faults(1, [400, 500, 600, 700]),
    );
    const b = fileOf(
      "b",
      { "mm->numa_scan_seq": 17, numa_pages_migrated: 1.5, numa_preferred_nid: -1, total_numa_faults: 0 },
      "current_node=1, numa_group_id=0",
      faults(0, [10, 20, 30, 40]),
      faults(1, [50, 60, 70, 80]),
    );
    expect(sumsOf([a, b])).toEqual({
      "mm->numa_scan_seq": 27,
      numa_pages_migrated: 10.5,
      numa_preferred_nid: -3,
      total_numa_faults: 0,
      ...{ "0 task_private": 110, "0 task_shared": 220, "0 group_private": 330, "0 group_shared": 440 },
      ...{ "1 task_private": 450, "1 task_shared": 560, "1 group_private": 670, "1 group_shared": 780 },
    });
  });

  test("sums only wanted keys, and faults always", () => {
    const text = fileOf("a", { nr_switches: 3, prio: 120 }, faults(0, [1, 2, 3, 4]));
    expect(Object.keys(sumsOf([text, text], (key) => key === "prio"))).toEqual([
      "prio",
      "0 task_private",
      "0 task_shared",
      "0 group_private",
      "0 group_shared",
    ]);
  });

  test.each([
    ["two colons", "a : 1 : 2"],
    ["two colons at once", "a::1"],
    ["no colon", "a 1"],
    ["no key", "   : 1"],
    ["no number", "a : "],
    ["text", "a : many"],
    ["a number and text", "a : 1 kB"],
    ["two numbers", "a : 1 2"],
    ["the name of the thread", "a (1, #threads: 1)"],
    ["the name of the thread without brackets", "a 1, #threads: 1"],
    ["faults with five words", "numa_faults node=0 a=1 b=2 c=3"],
    ["faults with seven words", "numa_faults node=0 a=1 b=2 c=3 d=4 e=5"],
    ["faults without a number", "numa_faults node=0 a=1 b=2 c= d=4"],
    ["faults of an old kernel", "numa_faults, 0, 1, 0, 1, 10"],
    ["an empty line", ""],
  ])("skips a line with %s, whatever stood there before", (_, line) => {
    const good = "nr : 1\na : 7\nnuma_faults node=0 a=1 b=2 c=3 d=4\n";
    const odd = `nr : 1\n${line}\nlast : 2`;
    expect(sumsOf([odd])).toEqual({ nr: 1, last: 2 });
    expect(sumsOf([good, odd])).toEqual({
      ...{ nr: 2, a: 7, last: 2 },
      ...{ "0 a": 1, "0 b": 2, "0 c": 3, "0 d": 4 },
    });
  });

  test("believes nothing that a thread's name says", () => {
    const name = "x\nprio:99\ny : 3\n";
    expect(sumsOf([fileOf(name, { prio: 120 })])).toEqual({ prio: 120 });
    expect(sumsOf([fileOf("\n-------------", { prio: 120 })])).toEqual({ prio: 120 });
    expect(sumsOf([fileOf("a: 1", {})])).toEqual({});
  });

  test("takes threads that have different lines", () => {
    const normal = fileOf("n", { policy: 0, prio: 120, "se.slice": 3.5, "clock-delta": 90 });
    const deadline = fileOf("d", {
      policy: 6,
      prio: -1,
      "dl.runtime": 1000,
      "dl.deadline": 2000,
      "clock-delta": 80,
    });
    const kernel = fileOf("k", { policy: 0, "clock-delta": 70 });
    expect(sumsOf([normal, deadline, kernel, normal])).toEqual({
      policy: 6,
      prio: 239,
      "se.slice": 7,
      "clock-delta": 330,
      "dl.runtime": 1000,
      "dl.deadline": 2000,
    });
  });

  test("takes a key for the same whatever its padding", () => {
    expect(sumsOf(["prio : 1\n", "prio: 2\n", " prio   :3"])).toEqual({ prio: 6 });
  });

  test("clear() forgets the sums and keeps the cells", () => {
    const sums = new SchedSums(() => true);
    expect(sumsIn(sums, ["a:1\nb:2\n"])).toEqual({ a: 1, b: 2 });
    expect(sumsIn(sums, ["b:5\nc:1"])).toEqual({ b: 5, c: 1 });
    expect(sumsIn(sums, [])).toEqual({});
    expect(sums.cells.map(({ levels }) => levels)).toEqual([["a"], ["b"], ["c"]]);
  });

  test("makes room for more keys than it has", () => {
    const expected = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`key${index}`, index]));
    expect(sumsOf([fileOf("a", expected)])).toEqual(expected);
  });

  test("gives what a plain parser gives for any files", () => {
    const key = fc.constantFrom("prio", "se.vruntime", "mm->numa_scan_seq", "uclamp max", "x", "numa_faults");
    const number = fc.oneof(
      fc.integer().map(String),
      fc.tuple(fc.integer(), fc.stringMatching(/^\d{6}$/)).map((parts) => parts.join(".")),
    );
    const line = fc.oneof(
      fc.tuple(key, number).map(([name, value]) => `${name.padEnd(20)}:${value.padStart(12)}`),
      fc.tuple(key, number).map(([name, value]) => `${name}: ${value}`),
      fc.tuple(fc.nat(3), fc.nat(), fc.nat()).map(([node, a, b]) => faults(node, [a, b, 0, 1])),
      fc.stringMatching(/^[ab:=. 1-]{0,12}$/),
    );
    const files = fc.array(
      fc.array(line, { maxLength: 8 }).map((lines) => `${lines.join("\n")}\n`),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(files, (texts) => {
        const sums = sumsOf(texts);
        const expected = naive(texts);
        expect(Object.keys(sums).sort()).toEqual(Object.keys(expected).sort());
        for (const [cell, value] of Object.entries(expected)) expect(sums[cell]).toBeCloseTo(value, 4);
      }),
    );
  });

  test("reads what this kernel writes", () => {
    const text = fs.readFileSync("/proc/self/sched", "latin1");
    const body = text.slice(text.indexOf("\n---"));
    const sums = sumsOf([text]);
    expect(sums).toEqual(naive([body]));
    expect(sums["policy"]).toBe(0);
    expect(sums["nr_switches"]).toBeGreaterThan(0);
  });
});
