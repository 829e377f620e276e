/*
 * The agent, for real, with a storage that fails beside one that does not: every sample is accounted for, and
 * nobody else notices.
 */
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { sampleKey, samplesOf } from "../../bench/faults/account.ts";
import { logLines } from "../support/logfmt.ts";
import { type Tree, tempTree } from "../support/tree.ts";
import { configFiles, type Finished, startWca, until, type Wca } from "../support/wca.ts";

const TIMEOUT_MS = 60_000;
/** Rounds that have to be made during a fault. */
const ROUNDS = 10;

/** How a receiver treats what it is sent. */
type Mode = "takes" | "hangs" | "rejects" | "is busy";

/** A web server that can go and come back at its port. What it answers with 200 has arrived. */
async function receiver() {
  const arrived: string[] = [];
  const bodies: string[] = [];
  const keys = new Set<string>();
  const state = { mode: "takes" as Mode, connections: 0 };
  let server: Server | undefined;
  let port = 0;

  function take(key: string, body: string): void {
    if (keys.has(key)) return;
    keys.add(key);
    bodies.push(body);
    for (const line of body.split("\n").filter((each) => each !== "")) {
      const { name, labels, timestamp } = JSON.parse(line);
      arrived.push(sampleKey(name, labels, timestamp));
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (state.mode === "hangs") return;
    if (state.mode === "is busy") response.writeHead(503, { "Retry-After": "1" }).end("later");
    else if (state.mode === "rejects") response.writeHead(400).end("no");
    else {
      take(String(request.headers["idempotency-key"]), Buffer.concat(chunks).toString());
      response.end();
    }
  }

  async function listen(): Promise<void> {
    const made = createServer((request, response) => void answer(request, response).catch(() => {}));
    made.on("connection", () => state.connections++);
    await new Promise<void>((resolve) => made.listen(port, "127.0.0.1", resolve));
    ({ port } = made.address() as AddressInfo);
    server = made;
  }

  function kill(): void {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  }

  await listen();
  return {
    state,
    arrived,
    bodies,
    storage: (options = "") =>
      `!HTTPStorage {url: "http://127.0.0.1:${port}/", format: ndjson, timeout: 0.5${options}}`,
    listen,
    kill,
    [Symbol.dispose]: kill,
  };
}

function configOf(storages: string): string {
  return `runner: !MeasurementRunner
  node: !StaticNode {tasks: []}
  interval: 0.05
  vmstat: false
  zoneinfo: false
  rdt_enabled: false
  gather_hw_mm_topology: false
  metrics_storage: !FilterStorage
    storages:
${storages}
      - !LogStorage {output_filename: all.prom}
`;
}

interface Running extends Disposable {
  readonly tree: Tree;
  readonly agent: Wca;
  /** Text of the file that the other storage writes. */
  readonly text: () => string;
  /** Waits for so many more rounds. */
  more(rounds: number): Promise<void>;
  /** Waits until the log has it. */
  said(what: string): Promise<void>;
  /** Ends the agent with SIGTERM. */
  stop(): Promise<Finished>;
}

function running(
  storages: string,
  files: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Running {
  const tree = tempTree({});
  configFiles(tree.root, { "c.yaml": configOf(storages), ...files });
  const file = path.join(tree.root, "all.prom");
  const agent = startWca(["-0c", "c.yaml", ...args], { cwd: tree.root });
  const ended = { already: false };
  void agent.finished.then(() => {
    ended.already = true;
  });
  const text = () => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "");
  const wait = (isSo: () => boolean) =>
    until(() => {
      if (ended.already) throw new Error(`The agent has ended: ${agent.stdout()}${agent.stderr()}`);
      return isSo();
    });
  return {
    tree,
    agent,
    text,
    more: (rounds) => {
      const before = roundsIn(text());
      return wait(() => roundsIn(text()) >= before + rounds);
    },
    said: (what) => wait(() => agent.stdout().includes(what)),
    stop: () => {
      agent.signal("SIGTERM");
      return agent.finished;
    },
    [Symbol.dispose]: () => {
      agent[Symbol.dispose]();
      tree[Symbol.dispose]();
    },
  };
}

function roundsIn(text: string): number {
  return text.match(/^wca_up\{/gm)?.length ?? 0;
}

function sumOf(
  { stdout }: Finished,
  storage: string,
): Readonly<Record<"taken" | "delivered" | "dropped", number>> {
  const found = new RegExp(`${storage}: (\\d+) metrics taken, (\\d+) delivered, (\\d+) dropped`).exec(stdout);
  const [taken = -1, delivered = -1, dropped = -1] = found?.slice(1).map(Number) ?? [];
  return { taken, delivered, dropped };
}

/** The log between the first line and the signal, without debug lines. */
function sayings({ stdout }: Finished): readonly string[] {
  const lines = logLines(stdout).slice(1);
  return lines.slice(
    0,
    lines.findIndex((line) => line.includes("SIGTERM")),
  );
}

/** Every sample measured is in the file once, and arrived once or is counted as dropped. Returns the latter. */
function expectAccounted(
  { finished, text, name }: { readonly finished: Finished; readonly text: string; readonly name: string },
  arrived: readonly string[],
): number {
  expect(finished).toMatchObject({ exitCode: 0, stderr: "" });
  const measured = samplesOf(text);
  expect(new Set(measured).size).toBe(measured.length);
  expect(sumOf(finished, "LogStorage")).toEqual({
    taken: measured.length,
    delivered: measured.length,
    dropped: 0,
  });
  const { taken, delivered, dropped } = sumOf(finished, name);
  expect({ taken, sum: delivered + dropped }).toEqual({ taken: measured.length, sum: measured.length });
  expect({ delivered, once: new Set(arrived).size }).toEqual({
    delivered: arrived.length,
    once: arrived.length,
  });
  expect(new Set(arrived).isSubsetOf(new Set(measured))).toBe(true);
  return dropped;
}

const TRIED_AGAIN = "it is tried again, newer metrics wait; others go on, repetitions are counted";

describe("the agent accounts for every sample, and loses none, while the server of a storage", () => {
  const faults: readonly (readonly [
    what: string,
    reason: RegExp,
    begin: (server: Awaited<ReturnType<typeof receiver>>) => void,
    end: (server: Awaited<ReturnType<typeof receiver>>) => Promise<void> | void,
  ])[] = [
    [
      "is killed mid-run",
      /ConnectionRefused|ECONN|closed/,
      (server) => server.kill(),
      (server) => server.listen(),
    ],
    [
      "never answers",
      /no answer within 0[.]5 s/,
      ({ state }) => {
        state.mode = "hangs";
      },
      ({ state }) => {
        state.mode = "takes";
      },
    ],
    [
      "asks for patience",
      /status 503, later/,
      ({ state }) => {
        state.mode = "is busy";
      },
      ({ state }) => {
        state.mode = "takes";
      },
    ],
  ];
  for (const [what, reason, begin, end] of faults) {
    test.concurrent(
      what,
      async () => {
        using server = await receiver();
        using run = running(`      - ${server.storage()}`);
        await until(() => server.arrived.length > 0);
        begin(server);
        await run.said("HTTPStorage failed");
        await run.more(ROUNDS);
        expect(run.text()).toMatch(/^wca_component_success\{component="HTTPStorage".*\} 0 \d+$/m);
        expect(run.text()).toMatch(/^wca_metrics_queued\{component="HTTPStorage".*\} [1-9]\d* \d+$/m);
        await end(server);
        await run.said("HTTPStorage works again");
        await run.more(1);
        const finished = await run.stop();
        expect(expectAccounted({ finished, text: run.text(), name: "HTTPStorage" }, server.arrived)).toBe(0);
        const lines = sayings(finished);
        expect(lines.at(-1)).toMatch(
          /^INFO \[wca\.HTTPStorage\] HTTPStorage works again after \d+ s, nothing was lost$/,
        );
        // A connection that is cut off, then refused: two reasons at most.
        expect(lines.length).toBeLessThanOrEqual(3);
        expect(lines.some((line) => reason.test(line))).toBe(true);
        for (const line of lines.slice(0, -1)) {
          expect(line).toStartWith(
            "ERROR [wca.HTTPStorage] HTTPStorage failed: Cannot post metrics to http://127.0.0.1:",
          );
          expect(line).toEndWith(TRIED_AGAIN);
        }
      },
      TIMEOUT_MS,
    );
  }

  test.concurrent(
    "is not there at the start",
    async () => {
      using server = await receiver();
      server.kill();
      using run = running(`      - ${server.storage()}`);
      await run.said("HTTPStorage failed");
      await run.more(ROUNDS);
      await server.listen();
      await run.said("HTTPStorage works again");
      const finished = await run.stop();
      expect(expectAccounted({ finished, text: run.text(), name: "HTTPStorage" }, server.arrived)).toBe(0);
    },
    TIMEOUT_MS,
  );
});

describe("the agent counts what is lost, and nobody else loses anything, while the server of a storage", () => {
  test.concurrent(
    "refuses, and says so once",
    async () => {
      using server = await receiver();
      using run = running(`      - ${server.storage()}`);
      await until(() => server.arrived.length > 0);
      server.state.mode = "rejects";
      await run.said("HTTPStorage failed");
      await run.more(ROUNDS);
      server.state.mode = "takes";
      await run.said("HTTPStorage works again");
      const finished = await run.stop();
      expect(
        expectAccounted({ finished, text: run.text(), name: "HTTPStorage" }, server.arrived),
      ).toBeGreaterThan(0);
      expect(sayings(finished)).toEqual([
        expect.stringMatching(
          /^ERROR \[wca\.HTTPStorage\] HTTPStorage failed: Cannot post metrics to .*: status 400, no; these metrics are dropped; others go on, repetitions are counted$/,
        ),
        expect.stringMatching(/HTTPStorage works again after \d+ s, [1-9]\d* metrics were dropped$/),
      ]);
      expect(finished.stdout).toMatch(
        /level=warning logger=wca\.HTTPStorage msg="HTTPStorage: \d+ metrics taken/,
      );
    },
    TIMEOUT_MS,
  );

  test.concurrent(
    "is away for longer than the queue holds, and until the end",
    async () => {
      using server = await receiver();
      using run = running(`      - ${server.storage(", max_queued_batches: 3")}`);
      await until(() => server.arrived.length > 0);
      server.kill();
      await run.said("3 batches wait already");
      await run.more(ROUNDS);
      const finished = await run.stop();
      const dropped = expectAccounted({ finished, text: run.text(), name: "HTTPStorage" }, server.arrived);
      expect(dropped).toBeGreaterThan(0);
      expect(finished.stdout.match(/batches wait already/g)?.length).toBe(1);
      expect(finished.stdout).toMatch(/, of them [1-9]\d* that still waited at the end"/);
    },
    TIMEOUT_MS,
  );
});

test.concurrent(
  "one storage behind two filters gets the batches of both in order, over one connection",
  async () => {
    using server = await receiver();
    using run = running(
      `      - !FilterStorage {storages: [&shared ${server.storage()}], filter: [wca_up]}
      - !FilterStorage {storages: [*shared], patterns: ["wca_tasks.*"]}`,
    );
    await until(() => server.bodies.length >= 10);
    const finished = await run.stop();
    expect(finished.exitCode).toBe(0);
    expect(server.state.connections).toBe(1);
    const batches = server.bodies.map((body) => {
      const samples = body
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
      return samples.map(({ name, timestamp }) => `${name} ${timestamp}`);
    });
    const times = [
      ...new Set(
        run
          .text()
          .match(/^wca_up\{.*$/gm)
          ?.map((line) => line.split(" ").at(-1)),
      ),
    ];
    expect(batches).toEqual(
      times.flatMap((time) => [[`wca_up ${time}`], [`wca_tasks ${time}`, `wca_tasks_dropped_total ${time}`]]),
    );
    expect(sumOf(finished, "HTTPStorage")).toEqual({
      taken: times.length * 3,
      delivered: times.length * 3,
      dropped: 0,
    });
  },
  TIMEOUT_MS,
);

describe("the agent goes on with a storage of the user's that", () => {
  const own = (body: string) => `import { appendFileSync } from "node:fs";
import { FailedDeliveryError, Storage, type Batch, type Metric } from "wca";
export class Own extends Storage {
  #calls = 0;
${body}
}
`;
  const start = (body: string) => running("      - !Own {}", { "own.ts": own(body) }, ["-r", "./own.ts:Own"]);

  test.concurrent(
    "hangs for ever, and stops in spite of it",
    async () => {
      using run = start("  store() { return new Promise<void>(() => {}); }");
      await run.said("Own failed: not done within 5 s; newer metrics wait, others go on");
      await run.more(1);
      const finished = await run.stop();
      const { taken } = sumOf(finished, "Own");
      expect(expectAccounted({ finished, text: run.text(), name: "Own" }, [])).toBe(taken);
    },
    TIMEOUT_MS,
  );

  for (const [what, body] of [
    ["throws", '  store() { throw new Error("odd"); }'],
    ["rejects with something that is no error", '  async store() { throw "odd"; }'],
  ] as const) {
    test.concurrent(
      what,
      async () => {
        using run = start(body);
        await run.said("Own failed");
        await run.more(ROUNDS);
        const finished = await run.stop();
        const { taken } = sumOf(finished, "Own");
        expect(expectAccounted({ finished, text: run.text(), name: "Own" }, [])).toBe(taken);
        expect(sayings(finished)).toEqual([
          "ERROR [wca.Own] Own failed: odd; these metrics are dropped; others go on, repetitions are counted",
        ]);
      },
      TIMEOUT_MS,
    );
  }

  test.concurrent(
    "delivers a part, loses another and wants the rest tried again",
    async () => {
      using run = start(`  async store(metrics: readonly Metric[], { timeMs, attempt }: Batch) {
    const fails = attempt === 1 && this.#calls++ === 3;
    const delivered = fails ? metrics.slice(0, 5) : metrics;
    const lines = delivered.map(({ name, labels }) => JSON.stringify({ name, labels, timeMs }) + "\\n");
    appendFileSync("own.ndjson", lines.join(""));
    if (fails) throw new FailedDeliveryError("half", { undelivered: metrics.slice(7), dropped: 2 });
  }`);
      await run.said("Own works again");
      const finished = await run.stop();
      const lines = fs.readFileSync(path.join(run.tree.root, "own.ndjson"), "utf8").trimEnd().split("\n");
      const arrived = lines.map((line) => {
        const { name, labels, timeMs } = JSON.parse(line);
        return sampleKey(name, labels, timeMs);
      });
      expect(expectAccounted({ finished, text: run.text(), name: "Own" }, arrived)).toBe(2);
    },
    TIMEOUT_MS,
  );
});
