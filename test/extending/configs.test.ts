import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { wca } from "../support/wca.ts";

const TIMEOUT_MS = 60_000;
const ROOT = path.join(import.meta.dirname, "../..");
const FOLDER = "configs/extending";
/** Components that the configurations name. */
const REGISTER: Readonly<Record<string, readonly string[]>> = {
  "hello_world.yaml": ["-r", "hello_world_runner:HelloWorldRunner"],
  "measurement_http_storage.yaml": ["-r", "examples/http_storage.ts:HTTPStorage"],
};

describe(FOLDER, () => {
  for (const name of fs.readdirSync(path.join(ROOT, FOLDER))) {
    test(
      `${name} is fine with the examples`,
      async () => {
        const args = ["check", "-c", path.join(FOLDER, name), ...(REGISTER[name] ?? [])];
        const { exitCode, stdout, stderr } = await wca(args, { cwd: ROOT, env: { WCA_PATH: "examples" } });
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        expect(stdout).toContain(`${name}: fine, `);
      },
      TIMEOUT_MS,
    );
  }
});
