import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Metric } from "../../../src/model/metric.ts";
import { Exposition, type ExpositionOptions } from "../../../src/storages/exposition/exposition.ts";
import {
  anyLabelValue,
  anyValue,
  type MutableMetric,
  metric,
  parse,
  seriesKey,
  unchecked,
} from "./samples.ts";

const TIME = 1531729598000;
const PLAIN: ExpositionOptions = { timestamps: false };

function textOf(exposition: Exposition, metrics: readonly Metric[], timeMs = TIME): string {
  return new TextDecoder().decode(exposition.render(metrics, timeMs));
}

function render(metrics: readonly Metric[], options: ExpositionOptions = PLAIN, timeMs = TIME): string {
  return textOf(new Exposition(options), metrics, timeMs);
}

describe("render() lays out", () => {
  test("the example of the specification", () => {
    const metrics = [
      metric("foo", 1, { labels: { a: "20" }, type: "counter", help: "foo-help" }),
      metric("bar2", 89),
      metric("foo", 1, { labels: { a: "3" }, type: "counter", help: "foo-help" }),
      metric("bar", 89, { help: "bar-help" }),
      metric("foo", 1, { labels: { a: "1" }, type: "counter", help: "foo-help" }),
    ];
    expect(render(metrics, { timestamps: true })).toBe(
      `# HELP bar bar-help
bar 89 1531729598000
bar2 89 1531729598000

# HELP foo foo-help
# TYPE foo counter
foo{a="1"} 1 1531729598000
foo{a="3"} 1 1531729598000
foo{a="20"} 1 1531729598000
`,
    );
  });

  test("two counters with help: a blank line between, the time cut to milliseconds", () => {
    const metrics = [
      metric("a", 1, { type: "counter", help: "A." }),
      metric("b", 2, { type: "counter", help: "B." }),
    ];
    expect(render(metrics, { timestamps: true }, 1531729598001.9)).toBe(
      "# HELP a A.\n# TYPE a counter\na 1 1531729598001\n\n# HELP b B.\n# TYPE b counter\nb 2 1531729598001\n",
    );
  });

  test("families with a type only: no blank line before them", () => {
    const metrics = [
      metric("a", 1, { help: "A." }),
      metric("b", 2, { type: "gauge" }),
      metric("c", 3, { help: "" }),
    ];
    expect(render(metrics)).toBe("# HELP a A.\na 1\n# TYPE b gauge\nb 2\n\n# HELP c \nc 3\n");
  });

  test("digits and text under one label, the help with its escapes (quirk D2)", () => {
    const help = 'h\\ \n "q"';
    const metrics = ["b", "2", 'say "x"', "1"].map((v) => metric("a", 1, { help, labels: { v } }));
    expect(render(metrics)).toBe(
      '# HELP a h\\\\ \\n "q"\na{v="1"} 1\na{v="2"} 1\na{v="b"} 1\na{v="say \\"x\\""} 1\n',
    );
  });

  test("values of every kind", () => {
    const values = [
      8.223,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      -0,
      2 ** 63 - 4096,
      1e21,
      5e-324,
    ];
    const metrics = values.map((value, v) => metric("a", value, { labels: { v: String(v) } }));
    const texts = ["8.223", "NaN", "+Inf", "-Inf", "0", "9223372036854771712", "1e+21", "5e-324"];
    expect(render(metrics)).toBe(texts.map((text, v) => `a{v="${v}"} ${text}\n`).join(""));
  });

  test("an empty batch as an empty text", () => {
    expect(render([])).toBe("");
    expect(render([], { timestamps: true })).toBe("");
  });

  test("only the labels of filterLabels, dropping what becomes the same series (quirk D9)", () => {
    const exposition = new Exposition({ timestamps: false, filterLabels: ["y"] });
    const metrics = [
      metric("a", 1, { labels: { x: "2", y: "k" } }),
      metric("a", 2, { labels: { x: "1", y: "k" } }),
      metric("a", 3, { labels: { x: "1", y: "l" } }),
      metric("b", 4, { labels: { x: "1" } }),
    ];
    expect(textOf(exposition, metrics)).toBe('a{y="k"} 2\na{y="l"} 3\nb 4\n');
    expect(exposition.refusals).toEqual([
      { metric: metrics[0] as Metric, reason: 'series a{y="k"} is there already' },
    ]);
  });

  test("no label at all when filterLabels is empty", () => {
    expect(render([metric("a", 1, { labels: { x: "2" } })], { timestamps: false, filterLabels: [] })).toBe(
      "a 1\n",
    );
  });
});

describe("render() refuses", () => {
  test("one bad metric of a batch and writes the others", () => {
    const exposition = new Exposition(PLAIN);
    const bad = [
      unchecked({ name: "a-b" }),
      unchecked({ value: true }),
      unchecked({ labels: { __a: "x" } }),
      unchecked({ labels: null }),
      unchecked({ type: "summary" }),
      unchecked({ help: 7 }),
    ];
    expect(textOf(exposition, [bad[0], metric("a", 1), ...bad.slice(1), metric("z", 2)] as Metric[])).toBe(
      "a 1\nz 2\n",
    );
    expect(exposition.refusals.map((refusal) => refusal.metric)).toEqual(bad);
  });

  test("types that clash within a family, and says what the family is", () => {
    const exposition = new Exposition(PLAIN);
    const metrics = [
      metric("a", 1, { labels: { v: "1" }, type: "gauge" }),
      metric("a", 2, { labels: { v: "2" }, type: "counter" }),
      metric("a", 3, { labels: { v: "3" } }),
      metric("b", 4, { labels: { v: "1" }, help: "B." }),
      metric("b", 5, { labels: { v: "2" }, type: "counter" }),
    ];
    expect(textOf(exposition, metrics)).toBe('# TYPE a gauge\na{v="1"} 1\n\n# HELP b B.\nb{v="1"} 4\n');
    expect(exposition.refusals.map(({ reason }) => reason)).toEqual([
      'type of metric "a" is counter, its family has the type gauge',
      'type of metric "a" is missing, its family has the type gauge',
      'type of metric "b" is counter, its family has no type',
    ]);
  });

  test("a series that is there twice, each time the batch comes", () => {
    const exposition = new Exposition(PLAIN);
    const metrics = [metric("a", 1), metric("a", 2)];
    expect([textOf(exposition, metrics), exposition.refusals.length]).toEqual(["a 1\n", 1]);
    expect([textOf(exposition, metrics), exposition.refusals.length]).toEqual(["a 1\n", 1]);
    expect([textOf(exposition, []), exposition.refusals.length]).toEqual(["", 0]);
  });

  test("label values that differ only in halves of surrogate pairs: their bytes are the same", () => {
    const metrics = ["\ud800", "\ud801"].map((v, value) => metric("a", value, { labels: { v } }));
    expect(render(metrics)).toBe('a{v="\ufffd"} 0\n');
  });

  test("a value that is no number any more, and takes it back when it is one again", () => {
    const exposition = new Exposition(PLAIN);
    const changing = metric("a", 1);
    const batch = [changing, metric("b", 2)];
    expect(textOf(exposition, batch)).toBe("a 1\nb 2\n");
    Object.assign(changing, { value: undefined });
    expect([textOf(exposition, batch), exposition.refusals.length]).toEqual(["b 2\n", 1]);
    changing.value = 12;
    expect([textOf(exposition, batch), exposition.refusals.length]).toEqual(["a 12\nb 2\n", 0]);
  });
});

describe("render() keeps its text", () => {
  test("while values grow and shrink", () => {
    const exposition = new Exposition({ timestamps: true });
    const a = metric("a", 1, { help: "A." });
    const b = metric("b", 1, { help: "B." });
    const c = metric("c", 1);
    function next(values: readonly [number, number, number], timeMs: number): string {
      [a.value, b.value, c.value] = values;
      return textOf(exposition, [a, b, c], timeMs);
    }
    expect(next([9, 10, 1], 999)).toBe("# HELP a A.\na 9 999\n\n# HELP b B.\nb 10 999\nc 1 999\n");
    expect(next([10, 9, 1], 999)).toBe("# HELP a A.\na 10 999\n\n# HELP b B.\nb 9 999\nc 1 999\n");
    expect(next([11, 9, 12345], 998)).toBe("# HELP a A.\na 11 998\n\n# HELP b B.\nb 9 998\nc 12345 998\n");
    expect(next([11, 0.125, 2], 1000)).toBe(
      "# HELP a A.\na 11 1000\n\n# HELP b B.\nb 0.125 1000\nc 2 1000\n",
    );
  });

  interface Step {
    /** Positions in the pool; nothing: the batch of the step before. */
    readonly batch: readonly number[] | undefined;
    readonly values: readonly (readonly [position: number, value: unknown])[];
    readonly timeMs: number;
  }

  const POOL_SIZE = 12;
  const labels = fc.dictionary(fc.constantFrom("x", "y"), anyLabelValue(), { maxKeys: 2 });
  const pool = fc
    .tuple(
      fc.array(labels, { minLength: 4, maxLength: 4 }),
      fc.array(
        fc.record({
          name: fc.constantFrom("a", "a_total", "b", "not-a-name"),
          labels: fc.nat({ max: 3 }),
          copied: fc.boolean(),
          type: fc.constantFrom("counter", "counter", "gauge", undefined),
          help: fc.constantFrom("A.", "A.", "Other.", undefined),
        }),
        { minLength: POOL_SIZE, maxLength: POOL_SIZE },
      ),
    )
    .map(([labelSets, parts]) =>
      parts.map(({ name, labels, copied, type, help }): MutableMetric => {
        const shared = labelSets[labels] ?? {};
        return {
          name,
          value: 0,
          labels: copied ? { ...shared } : shared,
          ...(type === undefined ? {} : { type: type as "counter" | "gauge" }),
          ...(help === undefined ? {} : { help }),
        };
      }),
    );
  const position = fc.nat({ max: POOL_SIZE - 1 });
  const value: fc.Arbitrary<unknown> = fc.oneof(
    { weight: 20, arbitrary: anyValue() },
    { weight: 1, arbitrary: fc.constantFrom(true, undefined, "1") },
  );
  const step: fc.Arbitrary<Step> = fc.record({
    batch: fc.option(fc.uniqueArray(position, { maxLength: POOL_SIZE }), { nil: undefined, freq: 3 }),
    values: fc.array(fc.tuple(position, value), { maxLength: 8 }),
    timeMs: fc.constantFrom(0, 9, 10, 998, 999, 1000, TIME, TIME + 1000, TIME + 12_345.6),
  });
  const options: fc.Arbitrary<ExpositionOptions> = fc
    .tuple(fc.boolean(), fc.constantFrom(undefined, ["x"], []))
    .map(([timestamps, filterLabels]) =>
      filterLabels === undefined ? { timestamps } : { timestamps, filterLabels },
    );

  test("and gives byte for byte what a fresh one gives, whatever the batches before", () => {
    fc.assert(
      fc.property(options, pool, fc.array(step, { minLength: 1, maxLength: 12 }), (given, metrics, steps) => {
        const kept = new Exposition(given);
        let batch: readonly Metric[] = [];
        for (const { batch: positions, values, timeMs } of steps) {
          if (positions !== undefined) batch = positions.map((at) => metrics[at] as Metric);
          for (const [at, changed] of values) Object.assign(metrics[at] as Metric, { value: changed });
          const fresh = new Exposition(given);
          expect(textOf(kept, batch, timeMs)).toBe(textOf(fresh, batch, timeMs));
          expect(kept.refusals.length).toBe(fresh.refusals.length);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("over many lines and many changed lengths", () => {
    const kept = new Exposition({ timestamps: true });
    const metrics = Array.from({ length: 3000 }, (_, index) =>
      metric("a", 0, { labels: { i: String(index) } }),
    );
    for (const factor of [1, 1e3, 1 / 3, 7e9, 0]) {
      for (const [index, one] of metrics.entries()) one.value = (index % 7) * factor;
      const fresh = new Exposition({ timestamps: true });
      expect(textOf(kept, metrics, TIME + factor)).toBe(textOf(fresh, metrics, TIME + factor));
    }
  });
});

test("render() can be read back: every series once, with its labels and value", () => {
  const one = fc.record({
    name: fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,4}$/),
    value: anyValue(),
    labels: fc.dictionary(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,4}$/), anyLabelValue(), { maxKeys: 3 }),
    help: fc.string({ unit: "binary", maxLength: 8 }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(one, { selector: seriesKey, maxLength: 12 }), (metrics) => {
      const read = parse(render(metrics)).toSorted((a, b) => (seriesKey(a) < seriesKey(b) ? -1 : 1));
      const wanted = metrics
        .map(({ name, labels, value }) => ({ name, labels: { ...labels }, value: value === 0 ? 0 : value }))
        .sort((a, b) => (seriesKey(a) < seriesKey(b) ? -1 : 1));
      expect(read).toEqual(wanted);
    }),
    { numRuns: 500 },
  );
});
