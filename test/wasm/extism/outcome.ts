import createPlugin, { type Plugin } from "@extism/extism";
import type { LogLevel } from "../../../src/model/log.ts";
import { Sandbox } from "../../../src/wasm/sandbox.ts";
import { testLog } from "../../support/test-log.ts";
import type { Benign, Call } from "./benign.ts";

/** What came of the calls of a plugin, the same for every host. */
export interface Outcome {
  /** Each the output, or the text of the error; traps have no text that two engines would share. */
  readonly answers: readonly (Uint8Array | string)[];
  readonly said: readonly (readonly [LogLevel, string])[];
}

type Subject = Pick<Benign, "config" | "calls">;

const NO_BYTES = new Uint8Array(0);
const TRAP = "trapped";

function inputOf([, input = NO_BYTES]: Call): Uint8Array {
  return typeof input === "string" ? new TextEncoder().encode(input) : input;
}

/** In the sandbox, a process of its own. */
export async function inSandbox(bytes: Uint8Array, { config = {}, calls }: Subject): Promise<Outcome> {
  const { log, logged } = testLog();
  // Whoever fails is called again: the clock is always later than any pause.
  let now = 0;
  const sandbox = new Sandbox({
    name: "benign",
    bytes,
    config,
    log,
    now: () => {
      now += 1e6;
      return now;
    },
  });
  const answers: (Uint8Array | string)[] = [];
  try {
    for (const call of calls) {
      const [name] = call;
      try {
        answers.push(await sandbox.call(name, inputOf(call)));
      } catch (error) {
        const { message, failure } = error as Error & { readonly failure: string };
        const text = message.replace(/^Cannot call "[^"]*" of "benign": /, "");
        answers.push(failure === "trap" || text.startsWith("it has no function") ? TRAP : text);
      }
    }
  } finally {
    await sandbox.close();
  }
  const said = logged.filter(([, text]) => !text.startsWith("Started a sandbox"));
  return { answers, said: said.map(([level, text]) => [level, text]) };
}

/** In Extism's own SDK, in this process. */
export async function inSdk(bytes: Uint8Array, { config = {}, calls }: Subject): Promise<Outcome> {
  const said: (readonly [LogLevel, string])[] = [];
  const say = (level: LogLevel) => (text: string) => void said.push([level, text]);
  const plugin: Plugin = await createPlugin(
    // A copy: it hashes the whole buffer behind a part of it.
    { wasm: [{ data: bytes.slice() }] },
    {
      config: { ...config },
      logLevel: "trace",
      logger: {
        ...console,
        trace: say("trace"),
        debug: say("debug"),
        info: say("info"),
        log: say("info"),
        warn: say("warning"),
        error: say("error"),
      },
    },
  );
  const answers: (Uint8Array | string)[] = [];
  try {
    for (const call of calls) {
      try {
        const output = await plugin.call(call[0], inputOf(call));
        answers.push(output?.bytes().slice() ?? NO_BYTES);
      } catch (error) {
        const { message } = error as Error;
        const own = /^Plugin-originated error: (.*)$/s.exec(message)?.[1];
        answers.push(own ?? TRAP);
      }
    }
  } finally {
    await plugin.close();
  }
  return { answers, said };
}
