import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { findSmapsFile, parseReferenced, readReferenced } from "../../../src/kernel/proc/smaps.ts";
import { KernelError } from "../../../src/model/errors.ts";
import { tempTree } from "../../support/tree.ts";

/** Recorded from Linux 6.18. */
const ROLLUP = `5561fe1f7000-7fff03689000 ---p 00000000 00:00 0                          [rollup]
Rss:                1752 kB
Pss:                 276 kB
Pss_Dirty:           116 kB
Pss_Anon:            116 kB
Pss_File:            160 kB
Pss_Shmem:             0 kB
Shared_Clean:       1600 kB
Shared_Dirty:          0 kB
Private_Clean:        36 kB
Private_Dirty:       116 kB
Referenced:         1750 kB
Anonymous:           116 kB
KSM:                   0 kB
LazyFree:              0 kB
AnonHugePages:         0 kB
ShmemPmdMapped:        0 kB
FilePmdMapped:         0 kB
Shared_Hugetlb:        0 kB
Private_Hugetlb:       0 kB
Swap:                  0 kB
SwapPss:               0 kB
Locked:                0 kB
`;

/** One mapping of smaps as Linux 4.9 wrote it. */
function mapping(referencedKb: number): string {
  return `00400000-0048a000 r-xp 00000000 fd:03 960637                            /bin/Referenced: 9 kB
Size:                552 kB
Rss:                 460 kB
Pss:                 100 kB
Shared_Clean:        452 kB
Shared_Dirty:          0 kB
Private_Clean:         8 kB
Private_Dirty:         0 kB
Referenced:     ${String(referencedKb).padStart(8)} kB
Anonymous:             0 kB
AnonHugePages:         0 kB
Swap:                  0 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Locked:                0 kB
VmFlags: rd ex mr mw me dw
`;
}

describe("parseReferenced()", () => {
  test("takes kB as 1024 bytes", () => expect(parseReferenced(ROLLUP)).toBe(1750 * 1024));

  test("adds up all mappings of smaps", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 32 }), { minLength: 1 }), (sizes) => {
        const sum = sizes.reduce((total, size) => total + size, 0);
        expect(parseReferenced(sizes.map(mapping).join(""))).toBe(sum * 1024);
      }),
    );
  });

  test("gives nothing for a process without mappings", () => expect(parseReferenced("")).toBeUndefined());

  test("refuses a line without a number", () => {
    expect(() => parseReferenced("x\nReferenced: kB\n")).toThrow(SyntaxError);
  });
});

describe("findSmapsFile()", () => {
  test.each([
    [{ "proc/self/smaps": "", "proc/self/smaps_rollup": "" }, "smaps_rollup"],
    [{ "proc/self/smaps": "" }, "smaps"],
    [{}, undefined],
  ] as const)("%j", (files, found) => {
    using tree = tempTree(files);
    expect(findSmapsFile(tree.host)).toBe(found);
  });
});

describe("readReferenced()", () => {
  test("reads the file it is told", () => {
    using tree = tempTree({ "proc/7/smaps_rollup": ROLLUP, "proc/7/smaps": mapping(1) + mapping(2) });
    expect(readReferenced(tree.host, 7, "smaps_rollup")).toBe(1750 * 1024);
    expect(readReferenced(tree.host, 7, "smaps")).toBe(3 * 1024);
  });

  test("gives nothing for a process that is gone", () => {
    using tree = tempTree({});
    expect(readReferenced(tree.host, 7, "smaps_rollup")).toBeUndefined();
  });

  test("says what it cannot parse", () => {
    using tree = tempTree({ "proc/7/smaps": "x\nReferenced: kB\n" });
    expect(() => readReferenced(tree.host, 7, "smaps")).toThrow(
      new KernelError("parse", "/proc/7/smaps", "EBADMSG"),
    );
  });
});
