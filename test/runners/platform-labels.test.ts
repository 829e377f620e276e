import { expect, test } from "bun:test";
import { ROWS } from "../../src/model/catalogue/rows.ts";
import type { Platform } from "../../src/model/platform.ts";
import { informationLabels } from "../../src/runners/platform-labels.ts";

const PLATFORM: Platform = {
  cpuModel: "Model, 3 GHz",
  cpuModelNumber: 85,
  sockets: 2,
  cores: 20,
  cpus: 40,
  onlineCpus: [0],
  topology: new Map(),
  nodeCpus: new Map(),
  nodeDistances: new Map(),
};

test("informationLabels() gives the labels of wca_information as text, in the catalogue's order", () => {
  const labels = informationLabels(PLATFORM, "1.2.3");
  expect(labels).toEqual({
    sockets: "2",
    cores: "20",
    cpus: "40",
    cpu_model: "Model, 3 GHz",
    cpu_model_number: "85",
    wca_version: "1.2.3",
  });
  expect(Object.keys(labels)).toEqual([...ROWS.wca_information.labels]);
});

test("informationLabels() leaves the model number empty where the kernel has none", () => {
  const { cpuModelNumber: _, ...platform } = PLATFORM;
  expect(informationLabels(platform, "1")["cpu_model_number"]).toBe("");
});
