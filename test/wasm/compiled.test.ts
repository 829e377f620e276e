import { expect, test } from "bun:test";
import { GUEST_ARGUMENT } from "../../src/wasm/guest-command.ts";
import { Sandbox } from "../../src/wasm/sandbox.ts";
import { SandboxGroup } from "../../src/wasm/sandbox-group.ts";
import { compiledWca } from "../support/compiled.ts";
import { testLog } from "../support/test-log.ts";
import { tempTree } from "../support/tree.ts";
import { EMIT, EXTISM, wat } from "../support/wat.ts";

const TIMEOUT_MS = 120_000;
const ECHO = wat(`(module ${EXTISM} (memory (export "memory") 2) ${EMIT}
  (func (export "echo") (result i32) (call $emit (i32.const 0) (call $read (i32.const 0))) (i32.const 0))
  (func (export "loop") (result i32) (loop $l (br $l)) (i32.const 0)))`);

test(
  "the compiled program serves a module",
  async () => {
    const { log, logged } = testLog();
    const group = new SandboxGroup({ command: [await compiledWca(), GUEST_ARGUMENT] });
    const sandbox = new Sandbox({
      name: "echo",
      bytes: ECHO,
      log,
      group,
      limits: { callSecs: 0.3 },
      now: () => 0,
    });
    const started = performance.now();
    expect(await sandbox.call("echo", new TextEncoder().encode("hello"))).toEqual(
      new TextEncoder().encode("hello"),
    );
    expect(performance.now() - started).toBeLessThan(1000);
    expect(await sandbox.call("loop", new Uint8Array(0)).catch(({ failure }) => failure)).toBe("timeout");
    await sandbox.close();
    expect(logged.map(([level]) => level)).toEqual(["debug"]);
  },
  TIMEOUT_MS,
);

test(
  "the compiled program starts itself as the process of a sandbox, and doctor tells",
  async () => {
    // None of these may be looked at by it, nor by the process of a sandbox.
    using tree = tempTree({
      ".env": "WCA_TEST=1",
      "bunfig.toml": 'preload = ["./gone.ts"]',
      "package.json": "no json",
    });
    const doctor = Bun.spawnSync([await compiledWca(), "doctor"], { cwd: tree.root, env: {} });
    expect(doctor.stdout.toString()).toMatch(
      /^(yes|\?) +host +Wasm sandbox +modules run in a process with .*few system calls/m,
    );
  },
  TIMEOUT_MS,
);
