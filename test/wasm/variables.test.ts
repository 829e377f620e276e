import { expect, test } from "bun:test";
import fc from "fast-check";
import { Variables } from "../../src/wasm/variables.ts";

test("merge() takes over what encode() wrote: values, empty ones, and what was deleted", () => {
  const entries = fc.array(
    fc.tuple(fc.string({ maxLength: 5, unit: "binary" }), fc.option(fc.uint8Array({ maxLength: 20 }))),
  );
  fc.assert(
    fc.property(entries, (list) => {
      const [guest, agent] = [new Variables(100_000), new Variables(100_000)];
      for (const [name, value] of list) {
        guest.set(name, value ?? undefined);
        agent.merge(guest.encode([name]));
      }
      expect(agent.encode()).toEqual(guest.encode());
      expect(agent.bytes).toBe(guest.bytes);
    }),
  );
});

test("set() refuses what does not fit and changes nothing; names count, and entries by themselves", () => {
  const variables = new Variables(300);
  expect(variables.set("a", new Uint8Array(100))).toBe(true);
  expect([variables.bytes, variables.set("b", new Uint8Array(100))]).toEqual([166, false]);
  expect(variables.get("b")).toBeUndefined();
  expect([variables.set("a", new Uint8Array(234)), variables.bytes]).toEqual([true, 300]);
  expect([variables.set("a", undefined), variables.bytes]).toEqual([true, 0]);
  let count = 0;
  while (variables.set(String(count), new Uint8Array(0))) count++;
  expect(count).toBe(4);
});

test.each([
  [[1, 0, 0, 0], "a variable is cut off"],
  [[9, 0, 0, 0, 0, 0, 0, 0, 97], "a variable is cut off"],
  [[1, 0, 0, 0, 5, 0, 0, 0, 97], "a variable is cut off"],
  [[1, 0, 0, 0, 40, 0, 0, 0, 97, ...new Array(40).fill(0)], "variables have more than 100 bytes"],
])("merge() refuses %j", (bytes, message) => {
  expect(() => new Variables(100).merge(Uint8Array.from(bytes))).toThrow(new RangeError(message));
});
