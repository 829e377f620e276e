import { expect, test } from "bun:test";
import { LabelSet } from "../../../src/storages/remote-write/label-set.ts";
import { SeriesSet } from "../../../src/storages/remote-write/series-set.ts";
import { Staleness } from "../../../src/storages/remote-write/staleness.ts";
import { metric } from "./storage-of.ts";

/** `a1`: metric `a` with the label `n` of 1. */
function setOf(...names: readonly string[]): SeriesSet {
  const set = new SeriesSet();
  for (const name of names) {
    set.add({ labels: new LabelSet({ n: name.slice(1) }), metric: metric(name.slice(0, 1), 1) });
  }
  return set;
}

function names(series: Iterable<{ labels: LabelSet; metric: { name: string } }>): string[] {
  return [...series].map(({ labels, metric: { name } }) => `${name}${labels.values.join()}`).sort();
}

test("Staleness ends what the next batch of the same source has not", () => {
  const staleness = new Staleness();
  expect(names(staleness.endedBy(setOf("a1")))).toEqual([]);
  staleness.arrived(setOf("a1", "a2", "b1", "c"), 1000);
  expect(names(staleness.endedBy(setOf("a1", "a3")))).toEqual(["a2", "b1", "c"]);
  staleness.arrived(setOf("a1", "a3"), 2000);
  expect(names(staleness.endedBy(setOf("a3")))).toEqual(["a1"]);
});

test("Staleness keeps what is known until the next batch has arrived", () => {
  const staleness = new Staleness();
  staleness.arrived(setOf("a1", "a2"), 1000);
  expect(names(staleness.endedBy(setOf("a1")))).toEqual(["a2"]);
  expect(names(staleness.endedBy(setOf("a1", "a2")))).toEqual([]);
});

test("Staleness tells sources by their series, and forgets one after five minutes", () => {
  const staleness = new Staleness();
  const other = setOf("x", "y");
  staleness.arrived(setOf("a1", "a2"), 0);
  staleness.arrived(other, 1000);
  expect(names(staleness.endedBy(setOf()))).toEqual([]);
  expect(names(staleness.endedBy(setOf("a1")))).toEqual(["a2"]);
  expect(names(staleness.endedBy(setOf("y")))).toEqual(["x"]);
  expect(names(staleness.endedBy(setOf("z")))).toEqual([]);
  staleness.arrived(other, 300_000);
  expect(names(staleness.endedBy(setOf("a1")))).toEqual([]);
  expect(staleness.end()).toMatchObject({ timeMs: 300_000 });
});

test("Staleness joins sources of which a batch has series, and ends all that are left", () => {
  const staleness = new Staleness();
  staleness.arrived(setOf("a1", "a2"), 0);
  staleness.arrived(setOf("x", "y"), 0);
  const both = setOf("a1", "x");
  expect(names(staleness.endedBy(both))).toEqual(["a2", "y"]);
  staleness.arrived(both, 5);
  const left = staleness.end();
  expect([names(left.series), left.timeMs]).toEqual([["a1", "x"], 5]);
  expect(names(staleness.end().series)).toEqual([]);
});

test("SeriesSet takes series with the same labels for one, however these were written", () => {
  const set = new SeriesSet();
  const one = metric("a", 1);
  const add = (labels: Record<string, string>): boolean =>
    set.add({ labels: new LabelSet(labels), metric: one });
  expect(add({ x: "1", y: "2" })).toBe(true);
  expect(add({ y: "2", x: "1", z: "" })).toBe(false);
  // None of these may be mistaken for another.
  expect(add({ x: "1,y=1:2" })).toBe(true);
  expect(add({ x: "1", y: "2,z=0:" })).toBe(true);
  expect(add({ x: "\ud800" })).toBe(true);
  expect(add({ x: "\ufffd" })).toBe(false);
});

test("Staleness does not remember more and more when every batch has other series", () => {
  const staleness = new Staleness();
  const count = 30_000;
  for (let batch = 0; batch < 6; batch++) {
    const set = new SeriesSet();
    for (let i = 0; i < count; i++) {
      set.add({ labels: new LabelSet({ n: `${batch}-${i}` }), metric: metric("a", 1) });
    }
    staleness.arrived(set, batch);
  }
  const { series } = staleness.end();
  expect(new Set(series.map(({ labels }) => labels.values[0]?.split("-")[0]))).toEqual(
    new Set(["2", "3", "4", "5"]),
  );
});
