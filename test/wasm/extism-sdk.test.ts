import { describe, expect, test } from "bun:test";
import { assemblyScriptPlugin } from "./extism/assemblyscript-plugin.ts";
import { BENIGN } from "./extism/benign.ts";
import { inSandbox, inSdk, type Outcome } from "./extism/outcome.ts";

const utf8 = new TextEncoder();
const decoder = new TextDecoder();

describe("A plugin has the same answers, errors and lines of the log in the sandbox and in Extism's SDK", () => {
  const same = Object.entries(BENIGN).filter(([, { differs }]) => differs === undefined);
  test.each(same)("%s", async (_, plugin) => {
    const bytes = plugin.module();
    expect(await inSandbox(bytes, plugin)).toEqual(await inSdk(bytes, plugin));
  });

  test("one made with Extism's PDK for AssemblyScript", async () => {
    const bytes = await assemblyScriptPlugin();
    const plugin = {
      config: { thing: "configured" },
      calls: [
        ["count_vowels", "Hello World"],
        ["count_vowels", ""],
        ["remember", "Größe ✓"],
        ["recall", ""],
        ["shout", "loud"],
        ["fail", "because"],
        ["count_vowels", "aeiou".repeat(200)],
      ],
    } as const;
    const ours = await inSandbox(bytes, plugin);
    expect(ours).toEqual(await inSdk(bytes, plugin));
    expect(
      ours.answers.map((answer) => (typeof answer === "string" ? answer : decoder.decode(answer))),
    ).toEqual([
      '{"count":3,"config":"configured"}',
      '{"count":0,"config":"configured"}',
      "",
      "Größe ✓",
      "LOUD",
      "because",
      '{"count":1000,"config":"configured"}',
    ]);
  });
});

/** By plugin: what we answer and say, and what the SDK does. `differs` has the reason. */
const DIFFERENCES: Readonly<Record<string, readonly [ours: Outcome, sdk: Outcome]>> = {
  "an option named constructor, which nobody gave": [answered(new Uint8Array(0)), answered("trapped")],
  "7 returned without a text": [answered('"run" returned 7'), answered(new Uint8Array(0))],
  "the length of the block 0, which is none": [
    answered(new Uint8Array(8)),
    answered(new Uint8Array(8).with(0, 1)),
  ],
  "an output that is a part of a block": [answered(utf8.encode("3456")), answered(utf8.encode("0123456789"))],
  "a block that is logged twice": [
    {
      answers: [new Uint8Array(0)],
      said: [
        ["info", "again"],
        ["info", "again"],
      ],
    },
    {
      answers: [new Uint8Array(0)],
      said: [
        ["info", "again"],
        ["error", expect.stringContaining("bad block reference")],
      ],
    },
  ],
};

function answered(answer: Uint8Array | string): Outcome {
  return { answers: [answer], said: [] };
}

describe("A plugin is answered in its own way, as the SDK is not to be followed", () => {
  test.each(Object.entries(BENIGN).filter(([, { differs }]) => differs !== undefined))(
    "%s",
    async (name, plugin) => {
      const bytes = plugin.module();
      expect([await inSandbox(bytes, plugin), await inSdk(bytes, plugin)]).toEqual([
        ...(DIFFERENCES[name] ?? []),
      ]);
    },
  );
});
