import { describe, expect, test } from "bun:test";
import { requirement } from "../support/requirement.ts";
import { needResctrl, type StartResctrlOptions, startResctrl } from "../support/resctrl-sim.ts";
import { answerTo, mkdir, read, rmdir, write } from "./refusal.ts";

const here = await requirement("a simulated resctrl", needResctrl);

describe.skipIf(!here)("schemata of the simulated resctrl", () => {
  test.each<[StartResctrlOptions, string, string]>([
    [
      { layout: "xeon" },
      "    MB:0=  100;1=  100\n    L3:0=fffff;1=fffff\n",
      "    MB:0=100;1=100\n    L3:0=36700160;1=36700160\n",
    ],
    [
      { layout: "xeon", tabular: false },
      "    MB:0=100;1=100\n    L3:0=fffff;1=fffff\n",
      "    MB:0=100;1=100\n    L3:0=36700160;1=36700160\n",
    ],
    [
      { layout: "xeon", cbmBits: 11, cacheBytes: 11_000_000 },
      "    MB:0=100;1=100\n    L3:0=7ff;1=7ff\n",
      "    MB:0=100;1=100\n    L3:0=11000000;1=11000000\n",
    ],
    [
      { layout: "cdp", domains: [3] },
      "    MB:3=  100\nL3DATA:3=fffff\nL3CODE:3=fffff\n",
      "    MB:3=100\nL3DATA:3=36700160\nL3CODE:3=36700160\n",
    ],
    [
      { layout: "l2", l2Domains: [0, 2] },
      "    MB:0=100;1=100\n    L2:0=0ff;2=0ff\n",
      "    MB:0=100;1=100\n    L2:0=2097152;2=2097152\n",
    ],
    [
      { layout: "l2cdp", l2Domains: [0] },
      "    MB:0=100;1=100\nL2DATA:0=0ff\nL2CODE:0=0ff\n",
      "    MB:0=100;1=100\nL2DATA:0=2097152\nL2CODE:0=2097152\n",
    ],
    [
      { layout: "mbps", domains: [0] },
      "    MB:0=4294967295\n    L3:0=fffff\n",
      "    MB:0=4294967295\n    L3:0=36700160\n",
    ],
    [
      { layout: "snc" },
      "    MB:0=100;1=100\n    L3:0=7fff;1=7fff\n",
      "    MB:0=100;1=100\n    L3:0=62914560;1=62914560\n",
    ],
    [
      { layout: "amd", domains: [0, 12] },
      "  SMBA:0=2048;12=2048\n    MB:0=2048;12=2048\n    L3:0=ffff;12=ffff\n",
      "  SMBA:0=2048;12=2048\n    MB:0=2048;12=2048\n    L3:0=33554432;12=33554432\n",
    ],
    [{ layout: "no-mb" }, "    L3:0=fffff;1=fffff\n", "    L3:0=36700160;1=36700160\n"],
    [{ layout: "monitor-only" }, "", ""],
  ])("%j prints schemata and size as the kernel does", async (options, schemata, size) => {
    using sim = await startResctrl(options);
    expect(read(sim, "schemata")).toBe(schemata);
    expect(read(sim, "size")).toBe(size);
    if (schemata === "") return;
    mkdir(sim, "a");
    expect(read(sim, "a/schemata")).toBe(schemata);
  });

  const XEON = "    MB:0=100;1=100\n    L3:0=fffff;1=fffff\n";
  test.each<[StartResctrlOptions, string, string]>([
    [{}, "L3:0=f\n", "    MB:0=100;1=100\n    L3:0=f;1=fffff\n"],
    [{}, "  L3 :1= 0xF0 ;0=3\n", "    MB:0=100;1=100\n    L3:0=3;1=f0\n"],
    [{}, "L3:0=f;\n", "    MB:0=100;1=100\n    L3:0=f;1=fffff\n"],
    [{}, "MB:1=33\nL3:0=c0000\n", "    MB:0=100;1=40\n    L3:0=c0000;1=fffff\n"],
    [{ mbGran: 5 }, "MB:1=33\n", "    MB:0=100;1=35\n    L3:0=fffff;1=fffff\n"],
    [{ sparse: true }, "L3:0=f0f\n", "    MB:0=100;1=100\n    L3:0=f0f;1=fffff\n"],
    [{ minCbmBits: 0 }, "L3:0=0\n", "    MB:0=100;1=100\n    L3:0=0;1=fffff\n"],
    [
      { layout: "cdp" },
      "L3CODE:0=f\nL3DATA:1=f0\n",
      "    MB:0=100;1=100\nL3DATA:0=fffff;1=f0\nL3CODE:0=f;1=fffff\n",
    ],
    [{ layout: "mbps" }, "MB:0=512;1=33\n", "    MB:0=512;1=33\n    L3:0=fffff;1=fffff\n"],
    [
      { layout: "amd", domains: [4, 8] },
      "MB:8=1\nL3:4=0;8=8001\nSMBA:4=16\n",
      "  SMBA:4=16;8=2048\n    MB:4=2048;8=1\n    L3:4=0;8=8001\n",
    ],
  ])("%j takes %j", async (options, text, schemata) => {
    using sim = await startResctrl({ tabular: false, ...options });
    mkdir(sim, "a");
    expect(answerTo(sim, () => write(sim, "a/schemata", text))).toEqual({ status: "ok" });
    expect(read(sim, "a/schemata")).toBe(schemata);
  });

  test.each<[StartResctrlOptions, string, string]>([
    [{}, "L3:0=f", "ok"],
    [{}, "\n", "Missing ':'"],
    [{}, "L3\n", "Missing ':'"],
    [{}, "L3:\n", "Missing 'L3' value"],
    [{}, "L4:0=f\n", "Unknown or unsupported resource name 'L4'"],
    [{}, "L3CODE:0=f\n", "Unknown or unsupported resource name 'L3CODE'"],
    [{ layout: "cdp" }, "L3:0=f\n", "Unknown or unsupported resource name 'L3'"],
    [{}, "L3:0\n", "Missing '=' or non-numeric domain"],
    [{}, "L3:x=f\n", "Missing '=' or non-numeric domain"],
    [{}, "L3:0=f;;1=f\n", "Missing '=' or non-numeric domain"],
    [{}, "L3:2=f\n", "ok"],
    [{}, "MB:7=10\n", "ok"],
    [{}, "L3:0=f;0=f\n", "Duplicate domain 0"],
    [{}, "L3:0=f\nL3:0=3\n", "Duplicate domain 0"],
    [{}, "L3:0=\n", "Non-hex character in the mask "],
    [{}, "L3:0=fg\n", "Non-hex character in the mask fg"],
    [{}, "L3:0=-1\n", "Non-hex character in the mask -1"],
    [{}, "L3:0=0\n", "Mask out of range"],
    [{}, "L3:0=100000\n", "Mask out of range"],
    [{}, "L3:0=f0f\n", "The mask f0f has non-consecutive 1-bits"],
    [{ minCbmBits: 2 }, "L3:0=10\n", "Need at least 2 bits in the mask"],
    [{}, "MB:0=ten\n", "Invalid MB value ten"],
    [{}, "MB:0=-1\n", "Invalid MB value -1"],
    [{}, "MB:0=9\n", "MB value 9 out of range [10,100]"],
    [{}, "MB:0=101\n", "MB value 101 out of range [10,100]"],
    [{ layout: "amd", domains: [0, 1] }, "MB:0=2049\n", "MB value 2049 out of range [0,2048]"],
    [{ layout: "mbps" }, "MB:0=4294967296\n", "Invalid MB value 4294967296"],
  ])("%j refuses %j", async (options, text, status) => {
    using sim = await startResctrl(options);
    const before = read(sim, "schemata");
    expect(answerTo(sim, () => write(sim, "schemata", text))).toEqual({ code: "EINVAL", status });
    expect(read(sim, "schemata")).toBe(before);
  });

  test("nothing of a write holds if one line of it is refused", async () => {
    using sim = await startResctrl({ tabular: false });
    expect(answerTo(sim, () => write(sim, "schemata", "MB:0=50\nL3:0=f;1=f0f\n")).code).toBe("EINVAL");
    expect(read(sim, "schemata")).toBe(XEON);
  });

  test("MB/s hold though a later line is refused, as they bypass the stage", async () => {
    using sim = await startResctrl({ layout: "mbps", domains: [0] });
    expect(answerTo(sim, () => write(sim, "schemata", "MB:0=50\nL3:0=0\n")).code).toBe("EINVAL");
    expect(read(sim, "schemata")).toBe("    MB:0=   50\n    L3:0=fffff\n");
  });

  test("a new group gets all bits that no exclusive group has", async () => {
    using sim = await startResctrl({ tabular: false, shareableBits: 0, domains: [0] });
    mkdir(sim, "a");
    write(sim, "a/schemata", "L3:0=f0\n");
    expect(answerTo(sim, () => write(sim, "a/mode", "exclusive\n"))).toEqual({
      code: "EINVAL",
      status: "Schemata overlaps",
    });
    write(sim, "schemata", "L3:0=fff00\n");
    write(sim, "a/mode", "exclusive\n");
    expect(read(sim, "a/mode")).toBe("exclusive\n");
    expect(read(sim, "info/L3/bit_usage")).toBe("0=SSSSSSSSSSSSEEEE0000\n");
    mkdir(sim, "b");
    // The lowest run of what is free: the four bits below those of the exclusive group.
    expect(read(sim, "b/schemata")).toBe("    MB:0=100\n    L3:0=f\n");
    expect(answerTo(sim, () => write(sim, "b/schemata", "L3:0=1f\n"))).toEqual({
      code: "EINVAL",
      status: "Overlaps with exclusive group",
    });
    expect(answerTo(sim, () => write(sim, "a/schemata", "L3:0=e0\n"))).toEqual({ status: "ok" });
    expect(answerTo(sim, () => write(sim, "a/schemata", "L3:0=1e0\n"))).toEqual({
      code: "EINVAL",
      status: "Overlaps with other group",
    });
    write(sim, "a/mode", "shareable\n");
    expect(answerTo(sim, () => write(sim, "a/schemata", "L3:0=1e0\n"))).toEqual({ status: "ok" });
  });

  test("mkdir finds no space if an exclusive group has every bit", async () => {
    using sim = await startResctrl({ layout: "no-mb", shareableBits: 0, domains: [0], cbmBits: 4 });
    write(sim, "mode", "exclusive\n");
    expect(answerTo(sim, () => mkdir(sim, "a"))).toEqual({ code: "ENOSPC", status: "No space on L3:0" });
    write(sim, "mode", "shareable\n");
    mkdir(sim, "a");
    expect(read(sim, "a/schemata")).toBe("    L3:0=f\n");
  });

  test.each<[string, string]>([
    ["exclusive", "ok"],
    ["pseudo-locksetup\n", "Unknown or unsupported mode"],
    ["private\n", "Unknown or unsupported mode"],
    ["exclusive\n", "Schemata overlaps"],
  ])("mode refuses %j", async (text, status) => {
    using sim = await startResctrl();
    mkdir(sim, "a");
    expect(answerTo(sim, () => write(sim, "a/mode", text))).toEqual({ code: "EINVAL", status });
    rmdir(sim, "a");
  });

  test("no group can be exclusive without masks", async () => {
    using sim = await startResctrl({ layout: "monitor-only" });
    expect(answerTo(sim, () => write(sim, "mode", "exclusive\n"))).toEqual({
      code: "EINVAL",
      status: "Cannot be exclusive without CAT/CDP",
    });
  });

  test("the root group's mask and the hardware's bits show in bit_usage", async () => {
    using sim = await startResctrl();
    write(sim, "schemata", "L3:0=ff;1=80000\n");
    expect(read(sim, "info/L3/bit_usage")).toBe("0=HH0000000000SSSSSSSS;1=XH000000000000000000\n");
  });
});
