import type { HostileModules } from "./hostile-module.ts";
import {
  concat,
  END,
  EXPORTS,
  HEADER,
  I32,
  leb,
  moduleOf,
  name,
  SECTION,
  section,
  sized,
  times,
} from "./module-bytes.ts";
import { pluginText } from "./plugin-text.ts";

const overflow = { fails: ["trap"], says: /./ } as const;
/** Either it is refused, or it takes what time it takes within the deadline of the start. */
const heavy = { fails: ["load", "timeout", "memory", "died", "output"], says: /./ } as const;

/** These say nothing when they are asked what they are: they are for the engine, which compiles and runs them first. */
const mute = { fails: ["output"], says: /describe/ } as const;

const ZERO = [0x41, 0, END];

/** Plugins that aim at the engine: its stack and its compiler. */
export const ENGINE: HostileModules = {
  "recursion without end": {
    module: () =>
      pluginText({
        items: "(func $deeper (result i32) (i32.add (call $deeper) (i32.const 1)))",
        detect: "(call $deeper)",
      }),
    ...overflow,
  },
  "recursion with many locals": {
    module: () =>
      pluginText({
        items: `(func $deeper (param i64) (result i64) (local ${"i64 ".repeat(1000)})
          (i64.add (call $deeper (i64.add (local.get 0) (i64.const 1))) (local.get 999)))`,
        detect: "(i32.wrap_i64 (call $deeper (i64.const 0)))",
      }),
    ...overflow,
  },
  "two functions that call each other through a table": {
    module: () =>
      pluginText({
        items: `(type $f (func (param i32) (result i32)))
          (table 2 2 funcref) (elem (i32.const 0) $even $odd)
          (func $even (type $f) (i32.add (call_indirect (type $f) (local.get 0) (i32.const 1)) (i32.const 1)))
          (func $odd (type $f) (i32.add (call_indirect (type $f) (local.get 0) (i32.const 0)) (i32.const 1)))`,
        detect: "(call $even (i32.const 0))",
      }),
    ...overflow,
  },
  "a function of 7.5 MB with 40,000 locals": { module: largeFunction, ...mute },
  "a function with 4 billion locals": {
    module: () => moduleOf({ code: concat([1], leb(0xffff_ffff), [I32], ZERO) }),
    ...heavy,
  },
  "50,000 functions": { module: () => manyFunctions(50_000), ...mute },
  "a million functions": { module: () => manyFunctions(1_000_000), ...heavy },
  "a branch table of a million targets": {
    module: () => moduleOf({ code: branchTable(1_000_000) }),
    ...heavy,
  },
  "100,000 blocks within each other": {
    module: () => moduleOf({ code: concat([0], times(100_000, [0x02, 0x40]), times(100_000, [END]), ZERO) }),
    fails: ["load", "timeout", "died", "trap", "output"],
    says: /./,
  },
  "more functions declared than there are": {
    module: () =>
      concat(
        HEADER,
        section(SECTION.type, [1, 0x60, 0, 1, I32]),
        section(SECTION.function, leb(0xffff_ffff)),
      ),
    fails: ["load"],
    says: /./,
  },
  "a million exports": {
    module: () =>
      concat(
        HEADER,
        section(SECTION.type, [1, 0x60, 0, 1, I32]),
        section(SECTION.function, [1, 0]),
        section(SECTION.export, leb(1_000_000), manyExports(1_000_000)),
        section(SECTION.code, [1], sized([0], ZERO)),
      ),
    ...heavy,
  },
  "500,000 types": {
    module: () =>
      moduleOf({ code: concat([0], ZERO), types: Array.from({ length: 500_000 }, () => [0x60, 0, 0]) }),
    ...mute,
  },
  "names of 8 MB": { module: () => concat(plain(), nameSection(8 << 20)), ...mute },
  "a section of names that lies about its length": {
    module: () => concat(plain(), [SECTION.custom], leb(100), name("name"), [0], leb(0xffff_ffff)),
    fails: ["load"],
    says: /./,
  },
  "a million empty custom sections": {
    module: () => concat(plain(), times(1_000_000, [SECTION.custom, 1, 0])),
    // The engine by itself takes minutes.
    ...mute,
  },
};

function plain(): Uint8Array {
  return moduleOf({ code: concat([0], ZERO) });
}

function largeFunction(): Uint8Array {
  const moves = new Uint8Array(1_500_000 * 5);
  for (let at = 0, move = 0; at < moves.length; at += 5, move++) {
    moves.set([0x20, move % 100, 0x21, (move * 7) % 100, 0x01], at);
  }
  return moduleOf({ code: concat([1], leb(40_000), [I32], moves, ZERO) });
}

function manyFunctions(count: number): Uint8Array {
  return concat(
    HEADER,
    section(SECTION.type, [1, 0x60, 0, 1, I32]),
    section(SECTION.function, leb(count), times(count, [0])),
    section(SECTION.memory, [1, 0, 1]),
    EXPORTS,
    section(SECTION.code, leb(count), times(count, [4, 0, ...ZERO])),
  );
}

function branchTable(targets: number): Uint8Array {
  return concat([0, 0x02, 0x40, 0x41, 0, 0x0e], leb(targets), times(targets, [0]), [0, END], ZERO);
}

function manyExports(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => [...name(index.toString(36)), 0, 0]).flat();
}

function nameSection(bytes: number): Uint8Array {
  // Subsection 1, names of functions: one, for function 0.
  const names = concat([1, 0], leb(bytes), times(bytes, [0x61]));
  return section(SECTION.custom, name("name"), [1], sized(names));
}
