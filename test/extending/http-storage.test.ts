import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { debianProgram } from "../../tools/debian.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";
import { configFiles, until, wca } from "../support/wca.ts";

const TIMEOUT_MS = 120_000;
const ROOT = path.join(import.meta.dirname, "../..");
const CONFIG = "configs/extending/measurement_http_storage.yaml";
const FIRST = [
  "wca_up",
  "wca_tasks",
  "wca_memory_usage_bytes",
  "memory_usage",
  "cpu_usage_per_cpu",
  "wca_duration_seconds",
  "wca_duration_seconds_avg",
];
const socat = { package: "socat", path: "usr/bin/socat", dependencies: "all" } as const;
const hasSocat = await requirement("socat", () => debianProgram(socat));

/** Names of the options for the URL: of the tutorial's class, and of the built-in one. */
const STORAGES = [
  {
    what: "the tutorial's HTTPStorage",
    option: "http_endpoint",
    register: ["-r", "examples/http_storage.ts:HTTPStorage"],
  },
  { what: "the built-in HTTPStorage", option: "url", register: [] },
];

describe.skipIf(!hasSocat)(CONFIG, () => {
  for (const { what, option, register } of STORAGES) {
    test(
      `shows the tutorial's metrics first to a real socat, with ${what}`,
      async () => {
        using tree = tempTree({});
        const log = path.join(tree.root, "socat.log");
        const child = Bun.spawn(
          [...(await debianProgram(socat)), "-d", "-d", "-lf", log, "-", "tcp4-listen:0,bind=127.0.0.1,fork"],
          {
            stdin: "pipe",
            stdout: "pipe",
            stderr: "inherit",
          },
        );
        try {
          let port: string | undefined;
          await until(() => {
            port = /listening on .*:(\d+)/.exec(fs.existsSync(log) ? fs.readFileSync(log, "utf8") : "")?.[1];
            return port !== undefined;
          });
          const text = fs.readFileSync(path.join(ROOT, CONFIG), "utf8");
          configFiles(tree.root, {
            "c.yaml": text.replace(
              "!HTTPStorage\n",
              `!HTTPStorage {${option}: "http://127.0.0.1:${port}"}\n`,
            ),
          });
          expect(fs.readFileSync(path.join(tree.root, "c.yaml"), "utf8")).toContain(String(port));
          const args = [
            "run",
            "-0",
            "-l",
            "error",
            "-n",
            "1",
            "-c",
            path.join(tree.root, "c.yaml"),
            ...register,
          ];
          const { exitCode } = await wca(args, { cwd: ROOT });
          expect(exitCode).toBe(0);
          child.kill();
          const body = (await child.stdout.text()).split("\r\n\r\n")[1] ?? "";
          // Up to the end of the first request.
          const [object = ""] = /^\{[^{}]*\}/.exec(body) ?? [];
          const values = JSON.parse(object) as Record<string, number>;
          expect(Object.keys(values).slice(0, FIRST.length)).toEqual(FIRST);
          for (const name of FIRST) expect(values[name]).toBeNumber();
        } finally {
          child.kill("SIGKILL");
          await child.exited;
        }
      },
      TIMEOUT_MS,
    );
  }
});
