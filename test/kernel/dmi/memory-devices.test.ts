import { expect, test } from "bun:test";
import { readMemoryDevices } from "../../../src/kernel/dmi/memory-devices.ts";
import { KernelError } from "../../../src/model/errors.ts";
import { tempTree } from "../../support/tree.ts";
import {
  bytesOf,
  DDR4_32GIB,
  dmiFiles,
  EMPTY,
  END_OF_TABLE,
  entryPoint2,
  entryPoint3,
  FIRMWARE,
  memoryDevice,
} from "./table.ts";

const TABLE = "sys/firmware/dmi/tables/DMI";
const ENTRY_POINT = "sys/firmware/dmi/tables/smbios_entry_point";
const ENTRIES = "sys/firmware/dmi/entries";

function read(files: Readonly<Record<string, string | Uint8Array>>) {
  const bytes = Object.entries(files).map(([file, content]) => [
    file,
    typeof content === "string" ? bytesOf(content) : content,
  ]);
  using tree = tempTree(Object.fromEntries(bytes));
  const { devices, ...rest } = readMemoryDevices(tree.host);
  return { ...rest, handles: devices.map(({ handle }) => handle) };
}

test("readMemoryDevices() gives the slots of the table in its order, empty ones too", () => {
  expect(read(dmiFiles([DDR4_32GIB, EMPTY, DDR4_32GIB]))).toEqual({
    path: "/sys/firmware/dmi/tables/DMI",
    version: "3.3",
    handles: [0x1100, 0x1101, 0x1102],
  });
});

test("readMemoryDevices() leaves out what is behind the announced number of structures", () => {
  const table = `${FIRMWARE}${memoryDevice({ handle: 1 })}\xde\xad\xbe\xef`;
  expect(read({ [TABLE]: table, [ENTRY_POINT]: entryPoint2(2, 8, 2) })).toEqual({
    path: "/sys/firmware/dmi/tables/DMI",
    version: "2.8",
    handles: [1],
  });
});

test.each([
  ["missing", {}],
  ["broken", { [ENTRY_POINT]: "_SM" }],
])("readMemoryDevices() can do with an entry point that is %s", (_, files) => {
  const table = { [TABLE]: memoryDevice({ handle: 1 }) + END_OF_TABLE };
  expect(read({ ...table, ...files })).toEqual({ path: "/sys/firmware/dmi/tables/DMI", handles: [1] });
});

test("readMemoryDevices() takes the entries of dmi-sysfs where there is no table", () => {
  const files = Object.fromEntries(
    [0, 1, 2, 10].map((index) => [`${ENTRIES}/17-${index}/raw`, memoryDevice({ handle: index })]),
  );
  const others = { [`${ENTRIES}/0-0/raw`]: FIRMWARE, [`${ENTRIES}/170-0/raw`]: "broken" };
  expect(read({ ...files, ...others, [ENTRY_POINT]: entryPoint3(3, 0) })).toEqual({
    path: "/sys/firmware/dmi/entries",
    handles: [0, 1, 2, 10],
  });
});

test.each([
  ["there is nothing", {}, "/sys/firmware/dmi/tables/DMI", "ENOENT"],
  [
    "the entries tell of no memory",
    { [`${ENTRIES}/0-0/raw`]: FIRMWARE },
    "/sys/firmware/dmi/tables/DMI",
    "ENOENT",
  ],
  ["the table is broken", { [TABLE]: "\x11\0\0\0" }, "/sys/firmware/dmi/tables/DMI", "EBADMSG"],
  [
    "an entry is broken",
    { [`${ENTRIES}/17-3/raw`]: "\x11" },
    "/sys/firmware/dmi/entries/17-3/raw",
    "EBADMSG",
  ],
])("readMemoryDevices() throws KernelError when %s", (_, files: Record<string, string>, path, code) => {
  try {
    read(files);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(KernelError);
    expect({ path: (error as KernelError).path, code: (error as KernelError).code }).toEqual({ path, code });
  }
});
