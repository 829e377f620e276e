import { describe, expect, test } from "bun:test";
import {
  moduleBandwidth,
  socketBandwidths,
} from "../../../src/collectors/memory-modules/nvdimm-bandwidth.ts";
import type { MemoryDevice } from "../../../src/kernel/dmi/memory-device.ts";
import type { Nvdimm } from "../../../src/kernel/sysfs/nvdimm.ts";

const GB = 1e9;

describe("moduleBandwidth()", () => {
  test.each([
    [128, [undefined, [2.4, 0.88], [4.3, 1.48], [6.8, 1.85], [6.8, 1.85]]],
    [199.9, [undefined, [2.4, 0.88], [4.3, 1.48], [6.8, 1.85], [6.8, 1.85]]],
    [200, [undefined, undefined, [4.1, 1.45], [6.8, 2.3], [8.3, 3]]],
    [499.9, [undefined, undefined, [4.1, 1.45], [6.8, 2.3], [8.3, 3]]],
    [500, [undefined, undefined, [2.65, 1.02], [5.3, 1.89], [7.8, 2.68]]],
  ])("of %d GB at 9, 10, 12, 15 and 18 W", (capacity, wanted) => {
    const figures = [9, 10, 12, 15, 18].map((watts) => {
      const bandwidth = moduleBandwidth(capacity * GB, watts);
      return bandwidth && [bandwidth.read / GB, bandwidth.write / GB];
    });
    expect(figures).toEqual(wanted as typeof figures);
  });

  test.each([
    [11.9, 2400],
    [14, 4300],
    [17.5, 6800],
    [25, 6800],
  ])("takes at %d W the largest budget below it", (watts, read) => {
    expect(moduleBandwidth(128 * GB, watts)?.read).toBe(read * 1e6);
  });
});

function device(handle: number, gigabytes: number): MemoryDevice {
  return { handle, kind: "nvm", optane: true, sizeBytes: gigabytes * GB };
}

function nvdimm(socket: number, dmiHandle: number, more: Partial<Nvdimm> = {}): Nvdimm {
  return { name: `nmem${dmiHandle}`, socket, dmiHandle, vendor: 0x8089, inRegion: false, ...more };
}

describe("socketBandwidths()", () => {
  const devices = [device(1, 100), device(2, 100), device(3, 201), device(4, 500)];

  function bandwidths(nvdimms: readonly Nvdimm[], watts = 15) {
    return Object.fromEntries(socketBandwidths({ devices, nvdimms, watts }));
  }

  test("sums the modules of each socket", () => {
    expect(bandwidths([nvdimm(0, 1), nvdimm(0, 2), nvdimm(1, 3), nvdimm(1, 4)])).toEqual({
      0: { read: 13.6e9, write: 3.7e9 },
      1: { read: 12.1e9, write: 4.19e9 },
    });
  });

  test("takes the modules in regions alone on a socket that has regions", () => {
    const nvdimms = [nvdimm(0, 1), nvdimm(0, 2, { inRegion: true }), nvdimm(1, 1), nvdimm(1, 2)];
    expect(bandwidths(nvdimms)).toEqual({
      0: { read: 6.8e9, write: 1.85e9 },
      1: { read: 13.6e9, write: 3.7e9 },
    });
  });

  test("takes the mean size of all for a module that SMBIOS does not know", () => {
    expect(bandwidths([nvdimm(3, 0xffff)])).toEqual({ 3: { read: 6.8e9, write: 2.3e9 } });
  });

  test("leaves out modules of others, and sockets with a module that has no figures", () => {
    expect(bandwidths([nvdimm(0, 1, { vendor: 0x2c80 })])).toEqual({});
    expect(bandwidths([nvdimm(0, 3), nvdimm(0, 1), nvdimm(1, 1)], 10)).toEqual({
      1: { read: 2.4e9, write: 0.88e9 },
    });
  });
});
