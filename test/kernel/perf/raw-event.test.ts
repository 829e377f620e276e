import { expect, test } from "bun:test";
import fc from "fast-check";
import { checkRawEvent, parseRawEvent } from "../../../src/kernel/perf/raw-event.ts";

test.each([
  ["x__r000000", 0n, 0n],
  ["x__r000001", 0x01000000n, 0n],
  ["x__r0000ff", 0xff000000n, 0n],
  ["x__r0302", 0x203n, 0n],
  ["x__r0302ff", 0xff000203n, 0n],
  ["x__rc000", 0xc0n, 0n],
  ["x__rC0Ff", 0xffc0n, 0n],
  ["stalled__rA31414", 0x140014a3n, 0n],
  ["ocr__rb701003fbfc00001", 0x1b7n, 0x3fbfc00001n],
  ["ocr__rb70100ffffffffff", 0x1b7n, 0xffffffffffn],
])("parseRawEvent() reads %s", (text, config, config1) => {
  const { metric, ...raw } = parseRawEvent(text);
  expect(metric).toBe(text);
  expect([raw.config, raw.config1]).toEqual([config, config1]);
});

test("parseRawEvent() gives the parts", () => {
  expect(parseRawEvent("read__rate__rd180051234567890")).toEqual({
    metric: "read__rate__rd180051234567890",
    event: 0xd1,
    umask: 0x80,
    cmask: 0x05,
    config: 0x050080d1n,
    config1: 0x1234567890n,
  });
});

test.each([
  ["som", 'a name, "__r" and hexadecimal digits, such as my_event__r03c0'],
  ["r0302", 'a name, "__r" and hexadecimal digits, such as my_event__r03c0'],
  [
    "x__r00000000",
    '4 (event, umask), 6 (and cmask) or 16 (and config1) hexadecimal digits behind "__r", not 8',
  ],
  ["x__r", '4 (event, umask), 6 (and cmask) or 16 (and config1) hexadecimal digits behind "__r", not 0'],
  ["x__r0000xx", 'only hexadecimal digits behind "__r", not "0000xx"'],
  ["x__rxx02", 'only hexadecimal digits behind "__r", not "xx02"'],
  ["x__r0302_total", 'only hexadecimal digits behind "__r", not "0302_total"'],
  ["x__r+302", 'only hexadecimal digits behind "__r", not "+302"'],
  ["__r0302", 'a name before "__r": letters, digits and _, no digit first, not __ first'],
  ["1x__r0302", 'a name before "__r": letters, digits and _, no digit first, not __ first'],
  ["a-b__r0302", 'a name before "__r": letters, digits and _, no digit first, not __ first'],
])("checkRawEvent() refuses %j", (text, wanted) => {
  expect(checkRawEvent(text)).toBe(wanted);
  expect(() => parseRawEvent(text)).toThrow(new SyntaxError(`Cannot use event "${text}": wanted ${wanted}`));
});

test("parseRawEvent() gives back what its digits say", () => {
  const hex = fc.stringMatching(/^([0-9a-f]{4}|[0-9a-f]{6}|[0-9a-f]{16})$/);
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z][a-zA-Z0-9_]{0,20}$/), hex, (name, digits) => {
      const { event, umask, cmask, config1 } = parseRawEvent(`${name}__r${digits}`);
      const written = [event, umask, cmask].map((part) => part.toString(16).padStart(2, "0")).join("");
      expect((written + config1.toString(16).padStart(10, "0")).slice(0, digits.length)).toBe(digits);
    }),
  );
});

test("parseRawEvent() refuses with a SyntaxError whatever it does not read", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `a__r${text}`),
      ),
      (text) => {
        if (checkRawEvent(text) === undefined) expect(parseRawEvent(text).metric).toBe(text);
        else expect(() => parseRawEvent(text)).toThrow(SyntaxError);
      },
    ),
  );
});
