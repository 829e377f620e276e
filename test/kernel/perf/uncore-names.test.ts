import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { UNCORE_EVENTS } from "../../../src/kernel/perf/uncore-events.ts";
import {
  checkUncoreName,
  parseUncoreName,
  rowsOfUncoreNames,
} from "../../../src/kernel/perf/uncore-names.ts";

/** What stands between the slashes, as `key=value` in hexadecimal. */
function termsOf(text: string): readonly string[] {
  const name = parseUncoreName(text);
  if (name.kind === "predefined") return [];
  return name.terms.map(({ name: key, value }) =>
    value === undefined ? key : `${key}=0x${value.toString(16)}`,
  );
}

describe("parseUncoreName()", () => {
  test.each([
    ["n/uncore_imc/event=0x80,umask=3/", "uncore_imc", ["event=0x80", "umask=0x3"]],
    ["n/uncore_cha/event=0x80,umask=3,config1=0x1", "uncore_cha", ["event=0x80", "umask=0x3", "config1=0x1"]],
    ["n/uncore_upi/event=0x0/", "uncore_upi", ["event=0x0"]],
    ["n/uncore_upi/config=0x80", "uncore_upi", ["config=0x80"]],
    // Hexadecimal without 0x, as in the original.
    ["n/uncore_imc/event=80,umask=ff/", "uncore_imc", ["event=0x80", "umask=0xff"]],
    ["n/uncore_imc/config=E3,config1=10/", "uncore_imc", ["config=0xe3", "config1=0x10"]],
    // Other terms as perf(1) has them: decimal, or hexadecimal with 0x.
    ["n/uncore_imc_0/event=4,thresh=10,edge/", "uncore_imc_0", ["event=0x4", "thresh=0xa", "edge"]],
    ["n/amd_umc/event=0x0a,rdwrmask=0x2/", "amd_umc", ["event=0xa", "rdwrmask=0x2"]],
    ["n/uncore_imc_free_running/data_read/", "uncore_imc_free_running", ["data_read"]],
    ["n/uncore_imc/cas_count_read,thresh=2/", "uncore_imc", ["cas_count_read", "thresh=0x2"]],
  ])("reads %s", (text, pmu, terms) => {
    expect(parseUncoreName(text)).toMatchObject({ kind: "pmu", metric: "n", pmu, written: text });
    expect(termsOf(text)).toEqual(terms);
  });

  test("takes a known metric for that, whatever follows", () => {
    const predefined = {
      kind: "predefined",
      metric: "platform_cas_count_reads",
      written: "platform_cas_count_reads",
    };
    expect(parseUncoreName("platform_cas_count_reads")).toEqual(predefined as never);
    expect(parseUncoreName("platform_cas_count_reads/uncore_imc/event=0x1/")).toEqual(predefined as never);
    expect(parseUncoreName("platform_cas_count_reads/nonsense")).toEqual(predefined as never);
  });

  test("throws what checkUncoreName() wants", () => {
    expect(() => parseUncoreName("n/uncore_imc/umask=1/")).toThrow(
      new SyntaxError(
        'Cannot use uncore event "n/uncore_imc/umask=1/": wanted event=, config= or the name of an event of the PMU',
      ),
    );
  });
});

describe("checkUncoreName() wants", () => {
  const form = `<name>/<pmu>/<event or terms>/, such as reads/uncore_imc/event=0x04,umask=0x03/, or one of ${Object.keys(UNCORE_EVENTS).join(", ")}`;
  const quotes =
    "<name>/<pmu>/<event or terms>/, such as reads/uncore_imc/event=0x04,umask=0x03/; between brackets it needs quotes, because a comma ends a text there";
  const metric = "a metric name before the PMU: letters, digits and _, no digit first, not __ first, not ";
  const pmu = (seen: string) =>
    `a PMU of the host such as uncore_imc, uncore_cha, uncore_upi, amd_df or amd_umc, or one unit such as uncore_imc_0, not "${seen}"`;
  const selection = "event=, config= or the name of an event of the PMU";

  test.each([
    ["some_event", form],
    ["", form],
    ["/", form],
    ["a/uncore_imc", form],
    ["a/uncore_imc/event=1/more/", quotes],
    // What is left of [a/uncore_imc/event=1,umask=1/] without quotes.
    ["umask=1/", quotes],
    ["/uncore_imc/event=1/", `${metric}""`],
    ["9a/uncore_imc/event=1/", `${metric}"9a"`],
    ["__a/uncore_imc/event=1/", `${metric}"__a"`],
    [
      "platform_cpu_usage/uncore_imc/event=1/",
      'a metric name that is free, "platform_cpu_usage" has another source',
    ],
    ["a//event=1/", pmu("")],
    ["a/cpu/event=1/", pmu("cpu")],
    ["a/../event=1/", pmu("..")],
    ["a/uncore imc/event=1/", pmu("uncore imc")],
    ["a/uncore_imc/umask=1/", selection],
    ["a/uncore_imc/thresh=1/", selection],
    ["a/uncore_imc/config1=1/", selection],
    [
      "a/uncore_imc/event=1,config5=1/",
      'one of the keys event, umask, config, config1, config2 or a term of the PMU\'s format, not "config5"',
    ],
    ["a/uncore_imc/config=1,event=1/", "config= or event= and umask=, not both"],
    ["a/uncore_imc/config=1,umask=1/", "config= or event= and umask=, not both"],
    ["a/uncore_imc/event=xyz/", 'a hexadecimal number behind "event=", not "xyz"'],
    ["a/uncore_imc/event=/", 'a hexadecimal number behind "event=", not ""'],
    [
      "a/uncore_imc/event=11111111111111111/",
      'a hexadecimal number behind "event=", not "11111111111111111"',
    ],
    ["a/uncore_imc/event=1,event=2/", '"event" once'],
    ["a/uncore_imc/event=1,,umask=1/", 'a name or name=number between commas, not ""'],
    ["a/uncore_imc/event=1,thresh=ff/", 'a number behind "thresh=", decimal or 0x and hexadecimal, not "ff"'],
  ])("for %s: %s", (text, wanted) => expect(checkUncoreName(text)).toBe(wanted));

  test("nothing of a right name, and parseUncoreName() takes just those", () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .array(
          fc.constantFrom(
            "a",
            "uncore_imc",
            "event",
            "umask",
            "config",
            "=",
            "=",
            ",",
            "/",
            "/",
            "0x1",
            "ff",
          ),
        )
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (name) => {
        if (checkUncoreName(name) === undefined) expect(parseUncoreName(name).metric).toMatch(/^[a-z_]\w*$/i);
        else expect(() => parseUncoreName(name)).toThrow(SyntaxError);
      }),
    );
  });
});

test("rowsOfUncoreNames() describes the user's own metrics as counters by socket and unit", () => {
  expect(rowsOfUncoreNames(["platform_cas_count_reads", "acts/uncore_imc/event=0x01,umask=0x0b"])).toEqual([
    [
      "acts",
      {
        help: "Event uncore_imc/event=0x01,umask=0x0b/ by socket and unit, as uncore_event_names asks for it; in bytes where the kernel gives a scale in MiB.",
        type: "counter",
        unit: "none",
        scope: "platform",
        labels: ["socket", "pmu_type"],
        merge: "none",
        source: "perf event uncore_imc/event=0x01,umask=0x0b/",
        option: "uncore_event_names",
      },
    ],
  ]);
});
