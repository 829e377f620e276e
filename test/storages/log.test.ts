import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import type { OptionsOf } from "../../src/config/component.ts";
import { KernelHost } from "../../src/kernel/host.ts";
import { FailedDeliveryError } from "../../src/model/errors.ts";
import type { Metric } from "../../src/model/metric.ts";
import { LogStorage } from "../../src/storages/log.ts";
import { type StorageCase, storageConformance } from "../roles/storage.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { preparePrometheus, textfileCollector } from "../support/prometheus.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";

const TIME = 1531729598000;

function contextAt(timeMs: number): TestContext {
  return testContext(new KernelHost({ now: () => timeMs, hostname: "test-host" }));
}

function storageOf(options: Partial<OptionsOf<typeof LogStorage>>, context = contextAt(TIME)): LogStorage {
  return new LogStorage({ overwrite: false, ...options }, context);
}

function metric(name: string, value: number, rest: Partial<Metric> = {}): Metric {
  return { name, value, labels: {}, ...rest };
}

function lastValues(text: string): Readonly<Record<string, number>> {
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    samples.map((line) => {
      const [, series = "", value] = /^(.*?) (\S+)(?: \d+)?$/.exec(line) ?? [];
      return [series, Number(value)];
    }),
  );
}

function caseOf(overwrite: boolean): StorageCase {
  const tree = tempTree({ "d/": "" });
  const target = path.join(tree.root, "d/wca.prom");
  return {
    storage: storageOf({ output_filename: target, overwrite }),
    received: () => lastValues(fs.readFileSync(target, "utf8")),
    impede: () => tree.remove("d"),
    repair: () => tree.write("d/", ""),
    [Symbol.asyncDispose]: async () => tree[Symbol.dispose](),
  };
}

storageConformance("LogStorage on a file", () => caseOf(false));
storageConformance("LogStorage over a file", () => caseOf(true));

describe("LogStorage store()", () => {
  async function written(options: Partial<OptionsOf<typeof LogStorage>>): Promise<string> {
    using tree = tempTree({});
    const output_filename = path.join(tree.root, "out");
    const storage = storageOf({ output_filename, ...options });
    storage.open();
    await storage.store([metric("foo", 8, { labels: { x: "1", y: "2" } })]);
    await storage.store([]);
    storage.close();
    return fs.readFileSync(output_filename, "utf8");
  }

  const cases: readonly (readonly [Partial<OptionsOf<typeof LogStorage>>, string])[] = [
    [{}, `foo{x="1",y="2"} 8 ${TIME}\n\n\n`],
    [{ include_timestamp: false }, 'foo{x="1",y="2"} 8\n\n\n'],
    [{ include_timestamp: null, filter_labels: null }, `foo{x="1",y="2"} 8 ${TIME}\n\n\n`],
    [{ filter_labels: ["y"] }, `foo{y="2"} 8 ${TIME}\n\n\n`],
    [{ filter_labels: [] }, `foo 8 ${TIME}\n\n\n`],
    [{ overwrite: true }, ""],
  ];
  test.each(cases)("writes a batch and an empty one with %j", async (options, text) => {
    expect(await written(options)).toBe(text);
  });

  test.each([
    [undefined, "foo 8\n"],
    [true, "foo 8 1\n"],
    [false, "foo 8\n"],
  ])("overwrites with include_timestamp: %p", async (include_timestamp, text) => {
    using tree = tempTree({});
    const output_filename = path.join(tree.root, "out.prom");
    const storage = storageOf(
      { output_filename, overwrite: true, ...(include_timestamp === undefined ? {} : { include_timestamp }) },
      contextAt(1),
    );
    await storage.store([metric("foo", 8)]);
    expect(fs.readFileSync(output_filename, "utf8")).toBe(text);
  });

  test("counts metrics that it drops and logs the reason when it changes", async () => {
    using tree = tempTree({});
    const context = contextAt(1);
    const storage = storageOf({ output_filename: path.join(tree.root, "log") }, context);
    const bad = metric("a-b", 1);
    await storage.store([bad, metric("a", 1), metric("c-d", 1)]);
    await storage.store([bad, metric("a", 1), metric("c-d", 1)]);
    await storage.store([metric("a", 1)]);
    await storage.store([bad]);
    expect(storage.droppedMetrics).toBe(5);
    const reason =
      'Dropped a metric that cannot be written: metric name "a-b" does not match ^[a-zA-Z_:][a-zA-Z0-9_:]*$';
    expect(context.logged).toEqual([
      ["warning", `${reason} (and 1 more)`],
      ["warning", reason],
    ]);
  });

  test("goes to the file that has the name after reopen()", async () => {
    using tree = tempTree({});
    const output_filename = path.join(tree.root, "log");
    const storage = storageOf({ output_filename, include_timestamp: false });
    storage.open();
    await storage.store([metric("a", 1)]);
    fs.renameSync(output_filename, `${output_filename}.1`);
    storage.reopen();
    await storage.store([metric("a", 2)]);
    storage.close();
    expect([
      fs.readFileSync(`${output_filename}.1`, "utf8"),
      fs.readFileSync(output_filename, "utf8"),
    ]).toEqual(["a 1\n\n", "a 2\n\n"]);
  });

  test.each([false, true])(
    "takes a name relative to the working directory of its start (overwrite: %p)",
    async (overwrite) => {
      using tree = tempTree({ "elsewhere/": "" });
      const before = process.cwd();
      try {
        process.chdir(tree.root);
        const storage = storageOf({ output_filename: "wca.prom", overwrite, include_timestamp: false });
        process.chdir(path.join(tree.root, "elsewhere"));
        storage.open();
        await storage.store([metric("a", 1)]);
        storage.close();
      } finally {
        process.chdir(before);
      }
      expect(fs.readFileSync(path.join(tree.root, "wca.prom"), "utf8")).toBe(overwrite ? "a 1\n" : "a 1\n\n");
      expect(fs.readdirSync(path.join(tree.root, "elsewhere"))).toEqual([]);
    },
  );

  test("throws FailedDeliveryError that names the file when the disk is full", async () => {
    const storage = storageOf({ output_filename: "/dev/full" });
    storage.open();
    const failed = await storage.store([metric("a", 1)]).catch((error: unknown) => error);
    storage.close();
    expect(failed).toBeInstanceOf(FailedDeliveryError);
    expect((failed as Error).message).toStartWith('Cannot write metrics to "/dev/full": ENOSPC');
    expect((failed as Error).cause).toMatchObject({ code: "ENOSPC" });
  });
});

test("LogStorage refuses to overwrite standard error", () => {
  expect(() => storageOf({ overwrite: true })).toThrow(
    new TypeError('"overwrite: true" needs "output_filename": standard error cannot be overwritten'),
  );
});

test.each([false, true])(
  "LogStorage open() fails in a directory that is not there (overwrite: %p)",
  (overwrite) => {
    using tree = tempTree({});
    const output_filename = path.join(tree.root, "missing/wca.prom");
    expect(() => storageOf({ output_filename, overwrite }).open()).toThrow(
      expect.objectContaining({
        code: "ENOENT",
        message: expect.stringContaining(path.join(tree.root, "missing")),
      }),
    );
  },
);

describe("LogStorage on standard error", () => {
  /** Stores batches of the given sizes and says on standard output what came of each. */
  function writer(
    sizes: readonly number[],
    redirection: string,
    prepare = "",
  ): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    const script = `
      const { LogStorage } = await import(${JSON.stringify(`${import.meta.dir}/../../src/storages/log.ts`)});
      const storage = new LogStorage({ overwrite: false, include_timestamp: false }, { now: () => 0, log: { warning() {} } });
      storage.open();
      for (const [batch, size] of ${JSON.stringify(sizes)}.entries()) {
        const metrics = Array.from({ length: size }, (_, i) => ({ name: "batch_" + batch, value: i, labels: { i: "x".repeat(90) + i } }));
        await storage.store(metrics).then(() => console.log("stored"), (error) => console.log(error.name, error.cause?.code));
        await 0;
      }
      storage.close();`;
    return Bun.spawn(
      ["bash", "-c", `${prepare} exec "$0" -e "$1" ${redirection}`, process.execPath, script],
      {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      },
    );
  }

  test("writes batches with a blank line behind each", async () => {
    const child = writer([1, 0, 1], "");
    const line = (batch: number) => `batch_${batch}{i="${"x".repeat(90)}0"} 0\n`;
    expect(await child.stderr.text()).toBe(`${line(0)}\n\n${line(2)}\n`);
    expect(await child.stdout.text()).toBe("stored\nstored\nstored\n");
  });

  test("writes a batch larger than a pipe whole to a reader that reads", async () => {
    const child = writer([20_000], "2> >(wc -l >&2)");
    expect((await child.stderr.text()).trim()).toBe("20001");
    expect(await child.stdout.text()).toBe("stored\n");
  });

  test.each([
    ["is closed", "2>&-"],
    ["has no reader any more", "2> >(exec true)"],
  ])("throws FailedDeliveryError and lives on when it %s", async (_, redirection) => {
    const child = writer([2000, 2000], redirection);
    expect((await child.stdout.text()).split("\n").at(-2)).toMatch(
      /^(stored|FailedDeliveryError (EPIPE|EBADF))$/,
    );
    expect(await child.exited).toBe(0);
  });

  test("throws FailedDeliveryError when nobody reads the pipe, instead of waiting for ever", async () => {
    const child = writer([2000, 1], "2> >(exec sleep 5 >/dev/null 2>&1)");
    expect(await child.stdout.text()).toBe("FailedDeliveryError EAGAIN\nFailedDeliveryError EAGAIN\n");
    expect(await child.exited).toBe(0);
  }, 15_000);

  test("starts a batch on a new line after a full pipe cut the one before", async () => {
    using tree = tempTree({});
    const go = path.join(tree.root, "go");
    // The reader waits until the first batch has failed.
    const child = writer([2000, 1, 1], `2> >(until [ -e ${go} ]; do sleep 0.05; done; exec cat >&2)`);
    const said = child.stdout.getReader();
    const first = new TextDecoder().decode((await said.read()).value);
    fs.writeFileSync(go, "");
    const text = await child.stderr.text();
    expect(first).toStartWith("FailedDeliveryError EAGAIN\n");
    const whole = (batch: number) => `batch_${batch}{i="${"x".repeat(90)}0"} 0\n`;
    expect(text.endsWith(`\n${whole(2)}\n`)).toBe(true);
    expect(
      text
        .split("\n")
        .filter((line) => line.includes("batch_1") || line.includes("batch_2"))
        .map((line) => `${line}\n`),
    ).toEqual([whole(1), whole(2)]);
  }, 15_000);
});

const prometheus = await requirement("promtool and the node exporter", preparePrometheus);

test.skipIf(!prometheus)("LogStorage over a *.prom file feeds the textfile collector", async () => {
  using tree = tempTree({});
  const storage = storageOf({ output_filename: path.join(tree.root, "wca.prom"), overwrite: true });
  storage.open();
  await storage.store([metric("wca_up", 1, { type: "gauge", help: "Up.", labels: { host: "ü" } })]);
  await storage.store([metric("wca_up", 2.5, { type: "gauge", help: "Up.", labels: { host: "ü" } })]);
  storage.close();
  expect(await textfileCollector(tree.root)).toEqual({
    samples: { 'wca_up{host="ü"}': 2.5 },
    scrapeError: 0,
    errors: [],
  });
});
