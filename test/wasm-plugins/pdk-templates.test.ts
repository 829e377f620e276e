import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { newPlugin } from "../../src/commands/plugin-new.ts";
import { decodeDecision } from "../../src/protocol/decode-decision.ts";
import { decodeDescription } from "../../src/protocol/decode-description.ts";
import { encoderOf } from "../../src/protocol/encoder.ts";
import type { SnapshotMessage, TaskMessage } from "../../src/protocol/messages.ts";
import { testContext } from "../support/context.ts";
import { PLUGIN_HOSTS } from "../support/plugin-host.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";

const BIN = path.resolve(import.meta.dir, "../../node_modules/.bin");
const TIMEOUT_MS = 60_000;
/** An id that has to be escaped, and read again. */
const ODD_ID = 'a "b" \\ \u0007 é 😀';

/** Programs that the build command of the template's README starts with. */
const LANGUAGES = {
  c: { program: "clang-19", command: readmeCommand(/^clang (.*)$/m, "clang-19 ") },
  assemblyscript: { program: "asc", command: packageCommand },
} as const;

function readmeCommand(pattern: RegExp, program: string) {
  return (folder: string) => {
    const [, args] = pattern.exec(fs.readFileSync(path.join(folder, "README.md"), "utf8")) ?? [];
    return `${program}${args}`;
  };
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

for (const [lang, { program, command }] of Object.entries(LANGUAGES)) {
  const PATH = `${BIN}:${process.env["PATH"]}`;
  const canBuild = await requirement(`the compiler of ${lang}`, () => {
    if (Bun.which(program, { PATH }) === null) throw new Error(`there is no ${program} on PATH`);
  });

  describe.skipIf(!canBuild)(`a plugin that is begun in ${lang}`, () => {
    test(
      "builds with the command it comes with, and detects",
      async () => {
        using tree = tempTree({});
        const folder = path.join(tree.root, "many-pids");
        expect(await newPlugin(folder, { lang } as Parameters<typeof newPlugin>[1])).toBe(0);
        const { exitCode, stderr } = Bun.spawnSync(["sh", "-c", command(folder)], {
          cwd: folder,
          env: { ...process.env, PATH },
        });
        expect([exitCode, stderr.toString()]).toEqual([0, ""]);
        const bytes = Uint8Array.from(fs.readFileSync(path.join(folder, "many-pids.wasm")));
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
