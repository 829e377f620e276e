import { expect, test } from "bun:test";
import fc from "fast-check";
import { InvalidKey } from "../../src/databases/errors.ts";
import type { Database, Lifecycle } from "../../src/model/roles.ts";

/** An empty database, not used yet. */
export interface DatabaseCase extends AsyncDisposable {
  readonly database: Database & Lifecycle;
  /** Another client of the same data, which the end of the case closes. */
  another(): Database & Lifecycle;
}

const BAD_KEYS: readonly (string | Uint8Array)[] = [
  "",
  ".",
  "..",
  "a".repeat(256),
  "a/b",
  "../a",
  "/etc/passwd",
  "a\0",
  "a\n",
  "a b",
  "~a",
  "ä",
  "a\u0142",
  new Uint8Array(),
  Uint8Array.of(0),
  Uint8Array.of(46),
  Uint8Array.of(46, 46),
  Uint8Array.of(97, 0xff),
  new Uint8Array(256).fill(97),
];
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

const key = fc
  .string({ unit: fc.constantFrom(...ALPHABET), minLength: 1, maxLength: 20 })
  .filter((text) => text !== "." && text !== "..");
const step = fc.record({
  key: fc.oneof(fc.constantFrom("a", "A", "...", "-", "zookeeper"), key),
  value: fc.option(fc.uint8Array({ maxLength: 300 }), { freq: 4 }),
});

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The contract of every database; `start` makes an empty one for each test. */
export function databaseConformance(name: string, start: () => DatabaseCase | Promise<DatabaseCase>): void {
  test(`${name} get() gives null for what was never set`, async () => {
    await using given = await start();
    expect(await given.database.get("missing")).toBeNull();
  });

  test.each([
    ["no bytes", new Uint8Array()],
    ["every byte", Uint8Array.from({ length: 256 }, (_, index) => index)],
    ["500 KB", Uint8Array.from({ length: 500_000 }, (_, index) => (index * 7919) >> 4)],
  ])(`${name} get() gives what was set: %s`, async (_, value) => {
    await using given = await start();
    await given.database.set("key", value);
    expect(await given.database.get("key")).toEqual(Uint8Array.from(value));
  });

  test(`${name} takes keys of all characters and 255 of them, as text and as bytes`, async () => {
    await using given = await start();
    const keys = [ALPHABET, "k".repeat(255), "...", "-", "_", "a", "A", ".hidden", "a.tmp"];
    for (const each of keys) await given.database.set(each, bytes(`value of ${each}`));
    for (const each of keys) expect(await given.database.get(bytes(each))).toEqual(bytes(`value of ${each}`));
  });

  test(`${name} set() replaces, delete() takes away what is there and nothing else`, async () => {
    await using given = await start();
    const { database } = given;
    await database.set("a", bytes("a long first value"));
    await database.set("b", bytes("other"));
    await database.set("a", bytes("2"));
    expect(await database.get("a")).toEqual(bytes("2"));
    await database.delete("a");
    await database.delete("a");
    await database.delete("never");
    expect(await database.get("a")).toBeNull();
    expect(await database.get("b")).toEqual(bytes("other"));
  });

  test(`${name} does what a map does`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await using given = await start();
        const model = new Map<string, Uint8Array>();
        for (const { key, value } of steps) {
          if (value === null) {
            await given.database.delete(key);
            model.delete(key);
          } else {
            await given.database.set(key, value);
            model.set(key, Uint8Array.from(value));
          }
        }
        for (const { key } of steps) expect(await given.database.get(key)).toEqual(model.get(key) ?? null);
      }),
      { numRuns: 25 },
    );
  });

  test.each(BAD_KEYS.map((bad) => [bad]))(`${name} throws InvalidKey for %p`, async (bad) => {
    await using given = await start();
    for (const attempt of [
      given.database.set(bad, bytes("x")),
      given.database.get(bad),
      given.database.delete(bad),
    ]) {
      expect(await attempt.catch((error: unknown) => error)).toBeInstanceOf(InvalidKey);
    }
  });

  test.each([[undefined], [null], [1], [{}], [["a"]], [new ArrayBuffer(1)]])(
    `${name} throws TypeError for the key %p`,
    async (bad) => {
      await using given = await start();
      for (const attempt of [
        given.database.set(bad as unknown as string, bytes("x")),
        given.database.get(bad as unknown as string),
        given.database.delete(bad as unknown as string),
      ]) {
        expect(await attempt.catch((error: unknown) => error)).toBeInstanceOf(TypeError);
      }
    },
  );

  test.each([[undefined], [null], ["text"], [1], [{}], [[1]]])(
    `${name} throws TypeError for the value %p, and the old one stays`,
    async (bad) => {
      await using given = await start();
      await given.database.set("a", bytes("old"));
      const error = await given.database
        .set("a", bad as unknown as Uint8Array)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TypeError);
      expect(await given.database.get("a")).toEqual(bytes("old"));
    },
  );

  test(`${name} shares no memory with its caller`, async () => {
    await using given = await start();
    const value = bytes("mine");
    const set = given.database.set("a", value);
    value.fill(0);
    await set;
    const first = await given.database.get("a");
    expect(first).toEqual(bytes("mine"));
    first?.fill(0);
    expect(await given.database.get("a")).toEqual(bytes("mine"));
  });

  test(`${name} set() of one key without waiting keeps the last value`, async () => {
    await using given = await start();
    const values = Array.from({ length: 20 }, (_, index) => bytes(`value ${index}`));
    await Promise.all(values.map((value) => given.database.set("a", value)));
    expect(await given.database.get("a")).toEqual(bytes("value 19"));
  });

  test(`${name} set() is seen by another client`, async () => {
    await using given = await start();
    const other = given.another();
    expect(await other.get("a")).toBeNull();
    await given.database.set("a", bytes("1"));
    expect(await other.get("a")).toEqual(bytes("1"));
    await other.set("a", bytes("2"));
    expect(await given.database.get("a")).toEqual(bytes("2"));
    await given.database.delete("a");
    expect(await other.get("a")).toBeNull();
  });

  test(`${name} set() by four clients at once leaves one whole value, and readers see whole values only`, async () => {
    await using given = await start();
    const clients = [given.database, given.another(), given.another(), given.another()];
    const length = 50_000;
    const seen: (Uint8Array | null)[] = [];
    await Promise.all(
      clients.map(async (client, index) => {
        for (let round = 0; round < 5; round++) {
          await client.set("race", new Uint8Array(length).fill(10 * index + round + 1));
          seen.push(await client.get("race"));
        }
      }),
    );
    seen.push(await given.database.get("race"));
    expect(seen).toHaveLength(21);
    for (const value of seen) expect([value?.length, new Set(value).size]).toEqual([length, 1]);
  });

  test(`${name} close() can be called unopened, twice, and before another use`, async () => {
    await using given = await start();
    await given.database.close?.();
    await given.database.set("a", bytes("1"));
    await given.database.close?.();
    await given.database.close?.();
    expect(await given.database.get("a")).toEqual(bytes("1"));
    await given.database.close?.();
  });
}
