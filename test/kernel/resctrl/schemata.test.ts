import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseDomains, parseSchemata } from "../../../src/kernel/resctrl/schemata.ts";

test("parseSchemata() reads padded lines, gaps between domains and lines of every resource", () => {
  const text = "    MB:0=  100;4= 2048\nL3CODE:0=7ff;4=7ff\nL3DATA:0=00f;4=7ff\nSMBA:0=2048\n";
  expect(parseSchemata(text)).toEqual(
    new Map([
      [
        "MB",
        new Map([
          ["0", "100"],
          ["4", "2048"],
        ]),
      ],
      [
        "L3CODE",
        new Map([
          ["0", "7ff"],
          ["4", "7ff"],
        ]),
      ],
      [
        "L3DATA",
        new Map([
          ["0", "00f"],
          ["4", "7ff"],
        ]),
      ],
      ["SMBA", new Map([["0", "2048"]])],
    ]),
  );
});

test("parseSchemata() leaves out what is no line of it, and a domain without a value", () => {
  expect(parseSchemata("")).toEqual(new Map());
  expect(parseSchemata("nonsense\nL2:0=ff;1\n")).toEqual(new Map([["L2", new Map([["0", "ff"]])]]));
});

test("parseDomains() gives back what was written", () => {
  const domains = fc
    .uniqueArray(fc.nat(300), { minLength: 1 })
    .map((ids) => ids.map((id) => [`${id}`, `${id * 7}`] as const));
  fc.assert(
    fc.property(domains, (pairs) => {
      expect([...parseDomains(`${pairs.map(([id, value]) => `${id}=${value}`).join(";")}\n`)]).toEqual(
        pairs.map(([id, value]) => [id, value]),
      );
    }),
  );
});
