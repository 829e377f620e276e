import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { PluginError } from "../../src/model/errors.ts";
import { decodeDecision } from "../../src/protocol/decode-decision.ts";
import { decodeDescription } from "../../src/protocol/decode-description.ts";
import type { Description } from "../../src/protocol/messages.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function refusal(decode: () => unknown): string {
  try {
    return `accepted: ${JSON.stringify(decode())}`;
  } catch (error) {
    if (error instanceof PluginError) return `${error.failure}: ${error.message}`;
    throw error;
  }
}

const anomaly = { resource: "cpus", contendedTaskId: "a", contendingTaskIds: ["b"] };

describe("decodeDecision()", () => {
  test("takes an answer, leaves out what it does not know and gives metrics their labels", () => {
    const answer = {
      anomalies: [{ ...anomaly, severity: 1, state: "onset", mood: 7, metrics: [{ name: "x", value: 1.5 }] }],
      metrics: [{ name: "y", value: 2, labels: { k: "v" }, type: "gauge", extra: [1] }],
      later: {},
    };
    expect(decodeDecision(bytes(JSON.stringify(answer)))).toEqual({
      anomalies: [
        {
          resource: "cpus",
          contendedTaskId: "a",
          contendingTaskIds: ["b"],
          severity: 1,
          state: "onset",
          metrics: [{ name: "x", value: 1.5, labels: {} }],
        },
      ],
      metrics: [{ name: "y", value: 2, labels: { k: "v" }, type: "gauge" }],
    });
  });

  test("takes no output and an empty object for nothing", () => {
    expect(decodeDecision(bytes(""))).toEqual({ anomalies: [] });
    expect(decodeDecision(bytes(" {}"))).toEqual({ anomalies: [] });
  });

  const is = 'output: Cannot use the answer of "detect": ';
  test.each([
    ["nope", `${is}saw "nope", wanted JSON: Unexpected identifier "nope"`],
    ["[]", `${is}saw a list of 0, wanted an object`],
    ["null", `${is}saw null, wanted an object`],
    ['{"anomalies":{}}', `${is}anomalies: saw an object, wanted a list`],
    [
      JSON.stringify({ anomalies: [anomaly, { ...anomaly, resource: "cpu" }] }),
      `${is}anomalies[1].resource: saw text "cpu", wanted one of "memory bandwidth", "cache", "cpus", "thermal design power", "unknown resource"`,
    ],
    [
      JSON.stringify({ anomalies: [{ ...anomaly, severity: 1.5 }] }),
      `${is}anomalies[0].severity: saw number 1.5, wanted at most 1`,
    ],
    [
      '{"anomalies":[{"resource":"cpus"}]}',
      `${is}anomalies[0].contendedTaskId: missing, wanted text, and 1 more faults`,
    ],
    [
      '{"metrics":[{"name":"a","value":1e999}]}',
      `${is}metrics[0].value: saw number Infinity, wanted a finite number`,
    ],
    [
      '{"metrics":[{"name":"a-b","value":1}]}',
      `${is}metrics[0].name: saw text "a-b", wanted a name that matches /^[a-zA-Z_:][a-zA-Z0-9_:]*$/`,
    ],
    [
      '{"metrics":[{"name":"a","value":1,"labels":{"x-y":"1"}}]}',
      `${is}metrics[0].labels.x-y: saw a key that is no name of a label`,
    ],
    [
      JSON.stringify({ anomalies: [{ ...anomaly, contendedTaskId: "x".repeat(5000) }] }),
      `${is}anomalies[0].contendedTaskId: saw text of 5000 characters, wanted at most 4096 characters`,
    ],
    ["[".repeat(1_000_000), `${is}saw more than 32 levels in each other`],
    [`{"x":${'{"a":'.repeat(40)}1${"}".repeat(41)}`, `${is}saw more than 32 levels in each other`],
    [`[${"[],".repeat(300_000)}0]`, `${is}saw more than 10000 objects and lists`],
    [`[${"0,".repeat(30_000)}0]`, `${is}saw more than 20000 items and members`],
    [
      `"${"x".repeat(1_000_000)}`,
      `${is}saw "\\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…", wanted JSON: Unterminated string`,
    ],
  ] as const)("refuses bad answer %#", (text, message) => {
    expect(refusal(() => decodeDecision(bytes(text)))).toBe(message);
  });

  test("refuses bytes that are not UTF-8", () => {
    expect(refusal(() => decodeDecision(Uint8Array.of(0x22, 0xff, 0x22)))).toBe(
      `${is}saw bytes that are not UTF-8, wanted JSON`,
    );
  });

  test("does not count brackets in texts", () => {
    const text = JSON.stringify({ anomalies: [{ ...anomaly, contendedTaskId: `\\"${"[".repeat(100)}` }] });
    expect(decodeDecision(bytes(text)).anomalies[0]?.contendedTaskId).toBe(`\\"${"[".repeat(100)}`);
  });

  test("throws nothing but PluginError, whatever it is given", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (answer) => {
        expect(refusal(() => decodeDecision(answer))).toMatch(/^(accepted|output): /);
      }),
    );
  });
});

describe("decodeDescription()", () => {
  const description: Description = { protocol: 1, role: "detector", doc: "Finds it." };

  test("takes a description with and without all the rest", () => {
    const whole = {
      ...description,
      version: "1.2.3",
      options: { type: "object", properties: { a: { type: "number" } } },
      input: "binary",
      measurements: ["x"],
      platformMeasurements: [],
    } as const;
    expect(decodeDescription(bytes(JSON.stringify(description)))).toEqual(description);
    expect(decodeDescription(bytes(JSON.stringify({ ...whole, icon: "x" })))).toEqual(whole);
  });

  const is = 'output: Cannot use the answer of "describe": ';
  test.each([
    ["", `${is}saw "", wanted JSON: Unexpected EOF`],
    ['{"protocol":2,"form":1}', "load: Cannot use the module: saw version 2 of the protocol, wanted 1"],
    ['{"role":"detector","doc":""}', `${is}protocol: missing, wanted 1`],
    ['{"protocol":"1","role":"detector","doc":""}', `${is}protocol: saw text "1", wanted 1`],
    [
      '{"protocol":1,"role":"runner","doc":""}',
      `${is}role: saw text "runner", wanted one of "detector", "allocator"`,
    ],
    ['{"protocol":1,"role":"detector","doc":7}', `${is}doc: saw number 7, wanted text`],
    [
      '{"protocol":1,"role":"detector","doc":"","options":[]}',
      `${is}options: saw a list of 0, wanted an object`,
    ],
    [
      '{"protocol":1,"role":"detector","doc":"","input":"xml"}',
      `${is}input: saw text "xml", wanted one of "json", "columnar", "binary"`,
    ],
  ] as const)("refuses bad answer %#", (text, message) => {
    expect(refusal(() => decodeDescription(bytes(text)))).toBe(message);
  });
});
