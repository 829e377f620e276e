/* Persistent memory as the driver nfit shows it, for literal machines. */

const ND = "sys/bus/nd/devices";

/** A module by number: the handle is its place (0x1011: socket 1, controller 0, channel 1, slot 1). */
export function nvdimmFiles(
  number: number,
  { handle, dmiHandle, vendor = 0x8089 }: { handle: number; dmiHandle: number; vendor?: number },
): Readonly<Record<string, string>> {
  const directory = `${ND}/nmem${number}/nfit`;
  return {
    [`${directory}/handle`]: `0x${handle.toString(16)}\n`,
    [`${directory}/phys_id`]: `0x${dmiHandle.toString(16)}\n`,
    [`${directory}/vendor`]: `0x${vendor.toString(16).padStart(4, "0")}\n`,
  };
}

/** A region that is interleaved over modules, given by their numbers. */
export function regionFiles(number: number, modules: readonly number[]): Readonly<Record<string, string>> {
  const directory = `${ND}/region${number}`;
  return {
    [`${directory}/mappings`]: `${modules.length}\n`,
    [`${directory}/size`]: `${modules.length * 126 * 2 ** 30}\n`,
    ...Object.fromEntries(
      modules.map((module, index) => [
        `${directory}/mapping${index}`,
        `nmem${module},268435456,135291469824,${index}\n`,
      ]),
    ),
  };
}
