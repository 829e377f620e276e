import type { HostileModules } from "./hostile-module.ts";
import { concat, I32, leb, moduleOf, SECTION, section, times } from "./module-bytes.ts";
import { pluginText } from "./plugin-text.ts";

const MEBIBYTE = 1 << 20;

/** These say nothing when they are asked what they are: they are for the engine, which compiles and runs them first. */
const mute = { fails: ["output"], says: /describe/ } as const;
const refused = { fails: ["load"], says: /./ } as const;

/** Plugins that want all memory. */
export const MEMORY: HostileModules = {
  "memory bomb": {
    // It gets what it may have and no more, writes to it and goes on without.
    module: () =>
      pluginText({
        detect: `(block $full (loop $more
          (local.set $i (memory.grow (i32.const 16)))
          (br_if $full (i32.eq (local.get $i) (i32.const -1)))
          (memory.fill (i32.shl (local.get $i) (i32.const 16)) (i32.const 170) (i32.const ${MEBIBYTE}))
          (br $more)))
          (i32.const 0)`,
      }),
    // Writing to 64 MB takes its time.
    fails: ["none", "timeout"],
    says: /./,
  },
  "memory bomb that does not give up": {
    module: () =>
      pluginText({
        detect: `(loop $more
          (local.set $i (memory.grow (i32.const 1)))
          (if (i32.ne (local.get $i) (i32.const -1))
            (then (memory.fill (i32.shl (local.get $i) (i32.const 16)) (i32.const 170) (i32.const 65536))))
          (br $more)) (i32.const 0)`,
      }),
    fails: ["timeout", "memory"],
    says: /./,
  },
  "memory that grows in each call": {
    module: () => pluginText({ detect: "(drop (memory.grow (i32.const 64))) (i32.const 0)" }),
    fails: [],
  },
  "table bomb": {
    module: () =>
      pluginText({
        items: "(table $t 1 funcref)",
        detect: `(block $full (loop $more
          (br_if $full (i32.eq (table.grow $t (ref.null func) (i32.const 65536)) (i32.const -1)))
          (br $more))) (i32.const 0)`,
      }),
    fails: [],
  },
  "table of 10 million entries": {
    module: () => pluginText({ items: "(table 10000000 funcref)" }),
    ...refused,
  },
  "100 tables of 60,000 entries": {
    module: () => pluginText({ items: "(table 60000 funcref)".repeat(100) }),
    ...refused,
  },
  "4 GB of initial memory": {
    module: () => pluginText({ memory: '(memory (export "memory") 65536)' }),
    ...refused,
  },
  "64-bit memory": {
    module: () =>
      moduleOf({ code: concat([0, 0x41, 0, 0x0b]) }).map((byte, at, all) =>
        // The flags of the memory: the byte after its count.
        all[at - 3] === SECTION.memory && all[at - 2] === 3 && all[at - 1] === 1 && byte === 0 ? 4 : byte,
      ),
    ...refused,
  },
  "shared memory and a wait for ever": {
    module: () =>
      pluginText({
        memory: '(memory (export "memory") 4 4 shared)',
        detect: "(memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))",
      }),
    ...refused,
  },
  "a wait for ever on memory of its own": {
    module: () =>
      pluginText({ detect: "(memory.atomic.wait32 (i32.const 131072) (i32.const 0) (i64.const -1))" }),
    fails: ["trap", "load", "timeout"],
    says: /./,
  },
  "two memories": { module: () => pluginText({ items: "(memory 1)" }), ...refused },
  "garbage-collected arrays without end": {
    module: collectedArrays,
    fails: ["memory", "trap", "load", "died", "timeout"],
    says: /./,
  },
  "30 MB of data": {
    module: () =>
      concat(
        moduleOf({ code: concat([0, 0x41, 0, 0x0b]) }),
        section(SECTION.data, [1, 1], leb(30 * MEBIBYTE), times(30 * MEBIBYTE, [0])),
      ),
    fails: ["load", "memory", "trap", "output"],
    says: /./,
  },
  "data beyond the memory": {
    module: () => pluginText({ items: '(data (i32.const 0x7fffffff) "x")' }),
    fails: ["trap", "load"],
    says: /./,
  },
  "a million data segments": {
    module: () =>
      concat(
        moduleOf({ code: concat([0, 0x41, 0, 0x0b]) }),
        section(SECTION.data, leb(1_000_000), times(1_000_000, [1, 0])),
      ),
    ...refused,
  },
  "an element segment of a million functions": {
    module: () =>
      moduleOf({
        code: concat([0, 0x41, 0, 0x0b]),
        elements: section(SECTION.element, [1, 1, 0], leb(1_000_000), times(1_000_000, [0])),
      }),
    ...mute,
  },
};

/** An array of arrays of 8 MB each, all kept: they are in the engine's heap, not in a memory with a limit. */
function collectedArrays(): Uint8Array {
  const bytes = [0x5e, 0x78, 1];
  const arrays = [0x5e, 0x63, 1, 1];
  const [arrayNew, arrayNewDefault, arraySet] = [
    [0xfb, 0x06],
    [0xfb, 0x07],
    [0xfb, 0x0e],
  ] as const;
  const code = concat(
    [2, 1, 0x63, 2, 1, I32],
    [0x41, ...leb(10_000), ...arrayNewDefault, 2, 0x21, 0],
    [0x03, 0x40],
    [0x20, 0, 0x20, 1],
    [0x41, 1, 0x41, 0x80, 0x80, 0x80, 0x04, ...arrayNew, 1],
    [...arraySet, 2],
    [0x20, 1, 0x41, 1, 0x6a, 0x21, 1, 0x0c, 0, 0x0b],
    [0x41, 0, 0x0b],
  );
  return moduleOf({ code, types: [bytes, arrays] });
}
