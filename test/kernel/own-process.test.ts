import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { bindLibc } from "../../native/libc.ts";
import { cleanMappings, OwnProcess } from "../../src/kernel/own-process.ts";

/** As the kernel writes it, without the lines that nobody reads. */
const SMAPS = `00200000-01a39000 r--p 00000000 fe:00 5309335                            /usr/bin/wca
Rss:                5508 kB
Private_Dirty:         0 kB
Anonymous:             0 kB
VmFlags: rd mr mw me sd
01a40000-0684a000 r-xp 01838000 fe:00 5309335                            /usr/bin/wca
Anonymous:             0 kB
0685f000-06867000 r--p 06656000 fe:00 5309335                            /usr/bin/wca
Anonymous:            12 kB
06867000-06d3d000 rw-p 0665e000 fe:00 5309335                            /usr/bin/wca
Anonymous:             0 kB
5959fa00000-595dfa00000 rw-p 00000000 00:00 0 
Anonymous:             0 kB
7f850896c000-7f8508ac2000 r-xp 00026000 fe:00 326269                     /usr/lib/libc.so.6
Anonymous:             0 kB
`;

test("cleanMappings() takes what is the same as the file, and nothing relocated, writable or of others", () => {
  expect(cleanMappings(SMAPS, "/usr/bin/wca")).toEqual([
    { start: 0x200000, end: 0x1a39000 },
    { start: 0x1a40000, end: 0x684a000 },
  ]);
  expect(cleanMappings(SMAPS, "/usr/bin/other")).toEqual([]);
  expect(cleanMappings("", "/usr/bin/wca")).toEqual([]);
});

/** Resident pages of the program's file, in kB. */
function residentKb(): number {
  let ofProgram = false;
  let sum = 0;
  for (const line of fs.readFileSync("/proc/self/smaps", "latin1").split("\n")) {
    if (/^[0-9a-f]+-/.test(line)) ofProgram = line.endsWith(` ${process.execPath}`);
    else if (ofProgram && line.startsWith("Rss:")) sum += Number.parseInt(line.slice(4), 10);
  }
  return sum;
}

test("settle() gives pages of the program back", () => {
  const own = new OwnProcess();
  const before = residentKb();
  own.settle();
  // Running brings some pages in again, but not all that were given back.
  expect(residentKb()).toBeLessThan(before);
});

test("reserveDescriptors() leaves no descriptor behind", () => {
  const open = () => fs.readdirSync("/proc/self/fd").length;
  const own = new OwnProcess();
  const before = open();
  own.reserveDescriptors(3000);
  expect(open()).toBe(before);
});

test("bindLibc() calls the C library, which answers -1 to a wrong call", () => {
  const libc = bindLibc();
  expect(libc?.close(-1)).toBe(-1);
  expect(libc?.fcntl(2, 1030, -1)).toBe(-1);
});
