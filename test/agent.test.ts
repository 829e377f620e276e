import { describe, expect, test } from "bun:test";
import { type AgentParts, contextMaker, reopenAll, runAgent } from "../src/agent.ts";
import { COMPONENTS } from "../src/components.ts";
import type { HostContext } from "../src/config/component.ts";
import { parseYaml } from "../src/config/document.ts";
import { buildConfig, type Configuration } from "../src/config/load.ts";
import { createRegistry } from "../src/config/registry.ts";
import { Logging } from "../src/log.ts";
import { Runner } from "../src/model/roles.ts";
import { VERSION } from "../src/version.ts";
import { testContext } from "./support/context.ts";
import { fakeClock } from "./support/fake-clock.ts";
import { tempTree } from "./support/tree.ts";

type Step = (() => void | Promise<void>) | undefined;

/** A component that writes down what is done with it. */
function part(name: string, events: string[], { open, close, reopen }: Readonly<Record<string, Step>> = {}) {
  const instance = {
    open: async () => {
      events.push(`open ${name}`);
      await open?.();
    },
    close: async () => {
      events.push(`close ${name}`);
      await close?.();
    },
    reopen: async () => {
      events.push(`reopen ${name}`);
      await reopen?.();
    },
  };
  return { instance, tag: name, path: `path.${name}` };
}

class Running extends Runner {
  readonly #events: string[];
  readonly #answer: (signal: AbortSignal) => Promise<number | undefined>;
  constructor(events: string[], answer: (signal: AbortSignal) => Promise<number | undefined>) {
    super();
    this.#events = events;
    this.#answer = answer;
  }
  async run(signal: AbortSignal): Promise<number | undefined> {
    this.#events.push("run");
    return await this.#answer(signal);
  }
}

interface Setup {
  readonly a?: Readonly<Record<string, Step>>;
  readonly b?: Readonly<Record<string, Step>>;
  readonly run?: (signal: AbortSignal) => Promise<number | undefined>;
}

/** Parts a and b, then one without open and close, and a runner. */
function agentOf({ a, b, run = async () => 0 }: Setup) {
  using tree = tempTree({});
  const events: string[] = [];
  const { log, logged, deliveries } = testContext(tree.host);
  const plain = { instance: {}, tag: "plain", path: "path.plain" };
  const configuration: Configuration = {
    runner: new Running(events, run),
    loggers: {},
    components: [part("a", events, a), part("b", events, b), plain],
  };
  const stop = new AbortController();
  return {
    events,
    stop,
    deliveries,
    logged: () => logged.filter(([level]) => level !== "debug"),
    run: () => runAgent(configuration, { log, deliveries, signal: stop.signal }),
    reopen: () => reopenAll(configuration, log),
  };
}

function fail(message: string): () => never {
  return () => {
    throw new Error(message);
  };
}

const ALL = ["open a", "open b", "run", "close b", "close a"];

describe("runAgent()", () => {
  const codes: readonly (readonly [what: string, answer: number | undefined, code: number])[] = [
    ["0", 0, 0],
    ["3", 3, 3],
    ["nothing", undefined, 0],
  ];
  for (const [what, answer, code] of codes) {
    test(`opens in order, runs, closes in reverse, and gives the code of a runner that gives ${what}`, async () => {
      const { run, events, logged } = agentOf({ run: async () => answer });
      expect(await run()).toBe(code);
      expect({ events, logged: logged() }).toEqual({ events: ALL, logged: [] });
    });
  }

  for (const answer of ["x", Number.NaN, 1.5, -1, 256, true, {}]) {
    test(`fails when the runner of a user gives ${JSON.stringify(answer)} for its exit code`, async () => {
      const { run, events, logged } = agentOf({ run: async () => answer as unknown as number });
      expect(await run()).toBe(1);
      const message = `The runner failed: its exit code is ${Bun.inspect(answer)}, wanted an integer from 0 to 255`;
      expect({ events, logged: logged() }).toEqual({ events: ALL, logged: [["critical", message]] });
    });
  }

  test("closes all when the runner throws", async () => {
    const { run, events, logged } = agentOf({ run: async () => fail("broken")() });
    expect(await run()).toBe(1);
    expect({ events, logged: logged() }).toEqual({
      events: ALL,
      logged: [["critical", "The runner failed: broken"]],
    });
  });

  test("does not run, and closes what it tried to open, when one cannot be opened", async () => {
    const { run, events, logged } = agentOf({ a: { open: fail("no space") } });
    expect(await run()).toBe(1);
    expect({ events, logged: logged() }).toEqual({
      events: ["open a", "close a"],
      logged: [["critical", "Cannot open path.a: no space"]],
    });
  });

  test("closes the others when one cannot be closed", async () => {
    const { run, events, logged } = agentOf({ b: { close: fail("still busy") } });
    expect(await run()).toBe(0);
    expect({ events, logged: logged() }).toEqual({
      events: ALL,
      logged: [["critical", "Cannot close path.b: still busy"]],
    });
  });

  test("closes the others when one hangs while it is closed", async () => {
    using clock = fakeClock();
    const { run, events, logged } = agentOf({ b: { close: () => new Promise(() => {}) } });
    const running = run();
    await clock.pass(10_000);
    expect(await running).toBe(0);
    expect({ events, logged: logged() }).toEqual({
      events: ALL,
      logged: [["critical", "Cannot close path.b: not done within 10 s"]],
    });
  });

  test("gives those that hang while they are closed ten seconds together, and each of them one", async () => {
    using clock = fakeClock();
    const hang = { close: () => new Promise<void>(() => {}) };
    const { run, events, logged } = agentOf({ a: hang, b: hang });
    const running = run();
    await clock.pass(11_000);
    expect(await running).toBe(0);
    expect({ events, logged: logged() }).toEqual({
      events: ALL,
      logged: [
        ["critical", "Cannot close path.b: not done within 10 s"],
        ["critical", "Cannot close path.a: not done within 1 s"],
      ],
    });
  });

  test("says that a component hangs while it is opened, and stops in spite of it", async () => {
    using clock = fakeClock();
    const { run, events, logged, stop } = agentOf({ b: { open: () => new Promise(() => {}) } });
    const running = run();
    await clock.pass(10_000);
    expect(logged()).toEqual([["warning", "Cannot start yet: path.b is not open after 10 s"]]);
    stop.abort();
    expect(await running).toBe(0);
    expect(events).toEqual(["open a", "open b", "close b", "close a"]);
  });

  test("lets a storage finish what it holds before it closes all", async () => {
    const { run, events, deliveries } = agentOf({
      run: async () => {
        deliveries.to(slow).offer([{ name: "a", value: 1, labels: {} }], 0);
        return 0;
      },
    });
    const slow = {
      async store(): Promise<void> {
        await Bun.sleep(1);
        events.push("stored");
      },
    };
    expect(await run()).toBe(0);
    expect(events).toEqual(["open a", "open b", "run", "stored", "close b", "close a"]);
  });

  test("does not wait for ever for a storage that is never done, and says what is lost", async () => {
    using clock = fakeClock();
    const { run, events, logged, deliveries } = agentOf({
      run: async () => {
        deliveries.to(hanging).offer([{ name: "a", value: 1, labels: {} }], 0);
        return 0;
      },
    });
    const hanging = { store: () => new Promise<void>(() => {}) };
    const running = run();
    await clock.pass(5_000);
    expect(await running).toBe(0);
    expect(events).toEqual(ALL);
    expect(logged()).toEqual([
      ["warning", "Object: 1 metrics taken, 0 delivered, 1 dropped, of them 1 that still waited at the end"],
    ]);
  });

  test("gives the signal to the runner", async () => {
    const { run, events, stop } = agentOf({
      run: async (signal) => {
        stop.abort();
        return signal.aborted ? 5 : 6;
      },
    });
    expect(await run()).toBe(5);
    expect(events).toEqual(ALL);
  });
});

describe("reopenAll()", () => {
  test("reopens what can be, and goes on when one fails", async () => {
    const { reopen, events, logged } = agentOf({ a: { reopen: fail("rotated away") } });
    await reopen();
    expect({ events, logged: logged() }).toEqual({
      events: ["reopen a", "reopen b"],
      logged: [["critical", "Cannot reopen path.a: rotated away"]],
    });
  });
});

describe("contextMaker()", () => {
  /** Contexts of two components of one agent. */
  function contextsOf(parts: Partial<AgentParts>): readonly [HostContext, HostContext, string[]] {
    using tree = tempTree({}, { hostname: "h", now: () => 7 });
    const lines: string[] = [];
    const logging = new Logging({ write: (line) => void lines.push(line), now: () => 0 });
    const make = contextMaker({ host: tree.host, logging, ...parts });
    return [make("A"), make("B"), lines];
  }

  test("gives each component its own logger and the rest in common", () => {
    const [a, b, lines] = contextsOf({ iterations: 3 });
    a.log.info("hello");
    b.log.warning("world");
    expect(lines).toEqual([
      "time=1970-01-01T00:00:00.000Z level=info logger=wca.A msg=hello\n",
      "time=1970-01-01T00:00:00.000Z level=warning logger=wca.B msg=world\n",
    ]);
    expect([a.now(), a.hostname, a.version, a.iterations, a.catalogue === b.catalogue]).toEqual([
      7,
      "h",
      VERSION,
      3,
      true,
    ]);
    expect(Object.fromEntries(a.logCounts("warning"))).toEqual({ "wca.A": 0, "wca.B": 1 });
  });

  test("shares nothing between agents, and sets no iterations that were not asked for", () => {
    const [[one], [other]] = [contextsOf({}), contextsOf({})];
    expect(one.catalogue === other.catalogue).toBe(false);
    expect("iterations" in one).toBe(false);
  });
});

test("COMPONENTS can all be registered, and build a configuration that names each", () => {
  using tree = tempTree({});
  const text = `
runner: !MeasurementRunner
  node: !StaticNode {tasks: []}
  metrics_storage: !LogStorage
  task_label_generators:
    a: !TaskLabelRegexGenerator {pattern: "(.*)", repl: \\1}
    b: !TaskLabelResourceGenerator {resource_name: cpus}
x-other: &other !CgroupNode {}
`;
  const { components } = buildConfig(parseYaml(text, "c.yaml"), {
    registry: createRegistry(COMPONENTS),
    contextFor: contextMaker({ host: tree.host, logging: new Logging() }),
    env: {},
    hostname: "h",
  });
  expect(components.map(({ tag }) => tag)).toEqual([
    "StaticNode",
    "LogStorage",
    "TaskLabelRegexGenerator",
    "TaskLabelResourceGenerator",
    "MeasurementRunner",
  ]);
});
