import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { newPlugin } from "../../src/commands/plugin-new.ts";
import { decodeDecision } from "../../src/protocol/decode-decision.ts";
import { decodeDescription } from "../../src/protocol/decode-description.ts";
import { encoderOf } from "../../src/protocol/encoder.ts";
import type { SnapshotMessage, TaskMessage } from "../../src/protocol/messages.ts";
import { pluginToolchain } from "../../tools/plugin-toolchain.ts";
import { testContext } from "../support/context.ts";
import { PLUGIN_HOSTS } from "../support/plugin-host.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";

const TIMEOUT_MS = 300_000;
/** An id that has to be escaped, and read again. */
const ODD_ID = 'a "b" \\ \u0007 é 😀';

type Environment = Readonly<Record<string, string>>;

/** How the files it comes with say that it is built, and the module that this writes. */
interface Language {
  readonly command: (folder: string) => string;
  readonly module?: (env: Environment) => string;
}

const LANGUAGES: Readonly<Record<string, Language>> = {
  // As the README says of Debian.
  c: { command: (folder) => readmeCommand(folder).replace(/^clang /, "clang-19 ") },
  assemblyscript: { command: packageCommand },
  go: { command: readmeCommand },
  rust: {
    command: readmeCommand,
    module: ({ CARGO_TARGET_DIR }) => `${CARGO_TARGET_DIR}/wasm32-unknown-unknown/release/detector.wasm`,
  },
};

function readmeCommand(folder: string): string {
  const readme = fs.readFileSync(path.join(folder, "README.md"), "utf8");
  return /```sh\n(.*?)\n```/s.exec(readme)?.[1] ?? "";
}

function packageCommand(folder: string): string {
  return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")).scripts.build;
}

function task(id: string, pids: number | undefined): TaskMessage {
  const measurements = pids === undefined ? {} : { task_pids: pids };
  const nothing = { subcgroupPaths: [], labels: {}, resources: {} };
  return { ...nothing, id, name: id, cgroupPath: `/${id}`, identity: 1, measurements };
}

function snapshot(...tasks: TaskMessage[]): SnapshotMessage {
  return { timeMs: 1000, intervalSecs: 1, platformMeasurements: {}, tasks };
}

for (const [lang, { command, module = () => "many-pids.wasm" }] of Object.entries(LANGUAGES)) {
  const canBuild = await requirement(`a compiler of ${lang} for WebAssembly`, () => pluginToolchain(lang));

  describe.skipIf(!canBuild)(`a plugin that is begun in ${lang}`, () => {
    test(
      "builds with the command it comes with, and detects",
      async () => {
        using tree = tempTree({});
        const folder = path.join(tree.root, "many-pids");
        expect(await newPlugin(folder, { lang } as Parameters<typeof newPlugin>[1])).toBe(0);
        // Cargo tells how far it is, but for this: then only warnings are left.
        const env = { ...(await pluginToolchain(lang)), CARGO_TERM_QUIET: "true" };
        const { exitCode, stderr } = Bun.spawnSync(["sh", "-ec", command(folder)], { cwd: folder, env });
        expect([exitCode, stderr.toString()]).toEqual([0, ""]);
        const bytes = Uint8Array.from(fs.readFileSync(path.resolve(folder, module(env))));
        const { log } = testContext(tree.host);
        for (const open of Object.values(PLUGIN_HOSTS)) {
          await using host = await open({ bytes, config: { threshold: "2.5e1" }, log });
          const {
            input = "json",
            doc,
            options,
          } = decodeDescription(await host.call("describe", new Uint8Array(0)));
          expect(doc).toBe("Reports tasks with many processes and threads.");
          expect(Object.keys(options?.["properties"] ?? {})).toEqual(["threshold"]);
          const encoder = encoderOf(input);
          const detect = async (message: SnapshotMessage) => {
            const { anomalies } = decodeDecision(await host.call("detect", encoder.encode(message)));
            return anomalies.map(({ contendedTaskId }) => contendedTaskId);
          };
          expect(await detect(snapshot(task("few", 25), task(ODD_ID, 26)))).toEqual([ODD_ID]);
          expect(await detect(snapshot(task(ODD_ID, 25), task("unknown", undefined), task("x", 30)))).toEqual(
            ["x"],
          );
          expect(await detect(snapshot())).toEqual([]);
        }
      },
      TIMEOUT_MS,
    );
  });
}
