/* What `wca run --record` writes, and what reads it. */
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { snapshotMessage } from "../../src/protocol/snapshot-message.ts";
import { readTrace } from "../../src/trace/reader.ts";
import { Recorder } from "../../src/trace/recorder.ts";
import { manyTasks, snapshotWith } from "../roles/detector.ts";
import { testContext } from "../support/context.ts";
import { requirement } from "../support/requirement.ts";
import { tempTree } from "../support/tree.ts";

function temporary(): { readonly path: string } & Disposable {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "wca-trace-"));
  return { path: directory, [Symbol.dispose]: () => fs.rmSync(directory, { recursive: true, force: true }) };
}

function recording(file: string, { maxBytes = 1 << 20, keep = 3 } = {}) {
  using tree = tempTree({});
  const { log, logged } = testContext(tree.host);
  const recorder = new Recorder(file, { log, hostname: "host1", agentVersion: "1.2.3", maxBytes, keep });
  return { recorder, texts: () => logged.map(([level, text]) => `${level}: ${text}`) };
}

/** One of about 2 KB. */
function snapshot(round: number) {
  return snapshotWith({ timeMs: round, tasks: manyTasks(12, { task_up: 1 }) });
}

/** All that was handed over was written or dropped. */
async function written(recorder: Recorder, count: number): Promise<void> {
  const sum = () =>
    Object.values(recorder.measurements()).reduce<number>((all, each) => all + Number(each), 0);
  while (sum() < count) await Bun.sleep(2);
}

async function timesIn(file: string): Promise<readonly number[]> {
  const times: number[] = [];
  for await (const { timeMs } of readTrace(file)) times.push(timeMs);
  return times;
}

const HEADER = { wcaTrace: 1, hostname: "host1", agentVersion: "1.2.3", intervalSecs: 1 };

describe("Recorder", () => {
  test("writes a header and a line for each snapshot, for its owner only, and the reader gives them back", async () => {
    using directory = temporary();
    const file = path.join(directory.path, "t.jsonl");
    const { recorder, texts } = recording(file);
    expect(await recorder.tryOut()).toBeUndefined();
    const given = [1, 2, 3].map(snapshot);
    for (const each of given) recorder.record(each);
    await recorder.close();
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    const [header = "", ...lines] = fs.readFileSync(file, "utf8").trimEnd().split("\n");
    expect(JSON.parse(header)).toEqual(HEADER);
    expect(lines.length).toBe(3);
    const messages = [];
    for await (const message of readTrace(file)) messages.push(message);
    expect(messages).toEqual(given.map(snapshotMessage));
    expect(recorder.measurements()).toEqual({
      wca_snapshots_recorded_total: 3,
      wca_snapshots_dropped_total: 0,
    });
    expect(texts()).toEqual([`info: 3 snapshots recorded to "${file}", 0 dropped`]);
  });

  test("copies a snapshot at once, which lives on in the next round", async () => {
    using directory = temporary();
    const file = path.join(directory.path, "t.jsonl");
    const { recorder } = recording(file);
    const measurements = { task_up: 1 };
    recorder.record(snapshotWith({ tasks: manyTasks(1, measurements) }));
    measurements.task_up = 7;
    await recorder.close();
    for await (const { tasks } of readTrace(file)) expect(tasks[0]?.measurements).toEqual({ task_up: 1 });
  });

  test("renames a full file and keeps as many old ones as asked for", async () => {
    using directory = temporary();
    const file = path.join(directory.path, "t.jsonl");
    const { recorder } = recording(file, { maxBytes: 10_000, keep: 2 });
    for (let round = 1; round <= 20; round++) recorder.record(snapshot(round));
    await recorder.close();
    expect(fs.readdirSync(directory.path).sort()).toEqual(["t.jsonl", "t.jsonl.1", "t.jsonl.2"]);
    const times = await Promise.all(["", ".1", ".2"].map((suffix) => timesIn(file + suffix)));
    const size = times[1]?.length ?? 0;
    expect(size).toBeGreaterThan(1);
    expect([...(times[2] ?? []), ...(times[1] ?? []), ...(times[0] ?? [])]).toEqual(
      Array.from({ length: times.flat().length }, (_, index) => 20 - times.flat().length + 1 + index),
    );
    for (const name of fs.readdirSync(directory.path)) {
      expect(fs.statSync(path.join(directory.path, name)).size).toBeLessThanOrEqual(10_000);
    }
  });

  test("keeps no old file when none is wanted", async () => {
    using directory = temporary();
    const file = path.join(directory.path, "t.jsonl");
    const { recorder } = recording(file, { maxBytes: 10_000, keep: 0 });
    for (let round = 1; round <= 10; round++) recorder.record(snapshot(round));
    await recorder.close();
    expect(fs.readdirSync(directory.path)).toEqual(["t.jsonl"]);
    expect((await timesIn(file)).at(-1)).toBe(10);
  });

  test("goes on with the file of an earlier agent, and puts one aside that was cut off", async () => {
    using directory = temporary();
    const file = path.join(directory.path, "t.jsonl");
    for (const round of [1, 2]) {
      const { recorder } = recording(file);
      recorder.record(snapshot(round));
      await recorder.close();
    }
    expect(await timesIn(file)).toEqual([1, 2]);
    fs.appendFileSync(file, '{"timeMs":3,"inter');
    const { recorder } = recording(file);
    recorder.record(snapshot(4));
    await recorder.close();
    expect([await timesIn(`${file}.1`), await timesIn(file)]).toEqual([[1, 2], [4]]);
  });

  const FOREIGN: readonly (readonly [string, (file: string) => void, string])[] = [
    ["a symbolic link", (file) => fs.symlinkSync(`${file}.target`, file), "it is a symbolic link"],
    ["a directory", (file) => fs.mkdirSync(file), "EISDIR"],
    ["a named pipe", (file) => void Bun.spawnSync(["mkfifo", file]), "it is no regular file"],
    [
      "a file with two names",
      (file) => {
        fs.writeFileSync(`${file}.other`, "");
        fs.linkSync(`${file}.other`, file);
      },
      "it has several names (hard links)",
    ],
    ["a file in no directory", (file) => fs.rmdirSync(path.dirname(file)), "ENOENT"],
  ];
  for (const [what, prepare, reason] of FOREIGN) {
    test(`refuses ${what}, and writes nowhere`, async () => {
      using directory = temporary();
      const file = path.join(directory.path, "t.jsonl");
      prepare(file);
      const { recorder } = recording(file);
      expect(await recorder.tryOut()).toBe(reason);
      recorder.record(snapshot(1));
      await written(recorder, 1);
      expect(recorder.measurements()).toEqual({
        wca_snapshots_recorded_total: 0,
        wca_snapshots_dropped_total: 1,
      });
      expect(fs.existsSync(`${file}.target`)).toBe(false);
    });
  }

  test("narrows the mode of a file that was there", async () => {
    using directory = temporary();
    const file = path.join(directory.path, "t.jsonl");
    fs.writeFileSync(file, "", { mode: 0o644 });
    const { recorder } = recording(file);
    await recorder.tryOut();
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  });

  test("follows its name when the file was renamed or removed", async () => {
    using directory = temporary();
    const file = path.join(directory.path, "t.jsonl");
    const { recorder } = recording(file);
    recorder.record(snapshot(1));
    await written(recorder, 1);
    fs.renameSync(file, `${file}.old`);
    recorder.record(snapshot(2));
    await written(recorder, 2);
    fs.rmSync(file);
    recorder.record(snapshot(3));
    await recorder.close();
    expect([await timesIn(`${file}.old`), await timesIn(file)]).toEqual([[1], [3]]);
  });

  test("loses snapshots with their directory, says so once, and works again", async () => {
    using directory = temporary();
    const inner = path.join(directory.path, "inner");
    const file = path.join(inner, "t.jsonl");
    fs.mkdirSync(inner);
    const { recorder, texts } = recording(file);
    recorder.record(snapshot(1));
    await written(recorder, 1);
    fs.rmSync(inner, { recursive: true });
    for (const round of [2, 3]) recorder.record(snapshot(round));
    await written(recorder, 3);
    fs.mkdirSync(inner);
    recorder.record(snapshot(4));
    await recorder.close();
    expect(await timesIn(file)).toEqual([4]);
    expect(texts()).toEqual([
      `error: Cannot record to "${file}": ENOENT; snapshots are dropped and counted in wca_snapshots_dropped_total`,
      "info: Recording works again, 2 snapshots were dropped",
      `warning: 2 snapshots recorded to "${file}", 2 dropped`,
    ]);
  });

  test("drops a snapshot that does not fit in half a file", async () => {
    using directory = temporary();
    const file = path.join(directory.path, "t.jsonl");
    const { recorder, texts } = recording(file, { maxBytes: 2000 });
    recorder.record(snapshot(1));
    await recorder.close();
    expect(recorder.measurements()).toEqual({
      wca_snapshots_recorded_total: 0,
      wca_snapshots_dropped_total: 1,
    });
    expect(texts()[0]).toMatch(/: a snapshot has \d+ bytes, wanted at most half of a file;/);
  });

  test("drops snapshots when too many wait for the disk", async () => {
    using directory = temporary();
    const file = path.join(directory.path, "t.jsonl");
    const { recorder, texts } = recording(file, { maxBytes: 1 << 30 });
    const large = snapshotWith({ tasks: manyTasks(12_000, { task_up: 1 }) });
    const bytes = JSON.stringify(snapshotMessage(large)).length;
    const fit = Math.floor((32 << 20) / (bytes + 1));
    for (let round = 0; round < fit + 3; round++) recorder.record(large);
    expect(recorder.measurements()).toEqual({
      wca_snapshots_recorded_total: 0,
      wca_snapshots_dropped_total: 3,
    });
    expect(texts().length).toBe(1);
    await recorder.close();
    expect(recorder.measurements()).toEqual({
      wca_snapshots_recorded_total: fit,
      wca_snapshots_dropped_total: 3,
    });
  });
});

function tinyDisk(): { readonly path: string } & Disposable {
  const disk = fs.mkdtempSync(path.join(os.tmpdir(), "wca-disk-"));
  const { exitCode, stderr } = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", disk]);
  if (exitCode !== 0) {
    fs.rmdirSync(disk);
    throw new Error(String(stderr).trim());
  }
  return {
    path: disk,
    [Symbol.dispose]: () => {
      Bun.spawnSync(["umount", disk]);
      fs.rmdirSync(disk);
    },
  };
}

const mounts = await requirement("mounting a tmpfs", () => tinyDisk()[Symbol.dispose]());

test.skipIf(!mounts)(
  "Recorder takes back what a full disk left of a snapshot, and goes on when there is room",
  async () => {
    using disk = tinyDisk();
    const file = path.join(disk.path, "t.jsonl");
    const ballast = path.join(disk.path, "ballast");
    fs.writeFileSync(ballast, Buffer.alloc(24 << 10));
    const { recorder, texts } = recording(file);
    for (const round of [1, 2, 3, 4, 5]) recorder.record(snapshot(round));
    await written(recorder, 5);
    const { wca_snapshots_recorded_total: recorded } = recorder.measurements();
    expect(Number(recorded)).toBeGreaterThan(0);
    expect(Number(recorded)).toBeLessThan(5);
    fs.rmSync(ballast);
    recorder.record(snapshot(6));
    await recorder.close();
    expect(fs.readFileSync(file, "utf8")).toEndWith("\n");
    expect(await timesIn(file)).toEqual([1, 2, 3, 4, 5].slice(0, Number(recorded)).concat(6));
    expect(texts()[0]).toBe(
      `error: Cannot record to "${file}": ENOSPC; snapshots are dropped and counted in wca_snapshots_dropped_total`,
    );
  },
);

describe("readTrace()", () => {
  const LINE = JSON.stringify(snapshotMessage(snapshotWith({ timeMs: 5 })));
  const HEAD = JSON.stringify(HEADER);
  const GOOD: readonly (readonly [string, string, readonly number[]])[] = [
    ["nothing but the header", `${HEAD}\n`, []],
    ["a header in the middle", `${HEAD}\n${LINE}\n${HEAD}\n${LINE}\n`, [5, 5]],
    ["a last line without its end that is whole", `${HEAD}\n${LINE}`, [5]],
    ["a last line that was cut off", `${HEAD}\n${LINE}\n${LINE.slice(0, 30)}`, [5]],
  ];
  for (const [what, text, times] of GOOD) {
    test(`takes ${what}`, async () => {
      using tree = tempTree({ "t.jsonl": text });
      expect(await timesIn(path.join(tree.root, "t.jsonl"))).toEqual([...times]);
    });
  }

  const WRONG: readonly (readonly [string, string, RegExp])[] = [
    ["an empty file", "", /t\.jsonl:1: saw nothing, wanted \{"wcaTrace":1,…\}$/],
    ["a file without header", `${LINE}\n`, /t\.jsonl:1: saw no header, wanted \{"wcaTrace":1,…\}$/],
    ["another version", '{"wcaTrace":2}\n', /t\.jsonl:1: saw version 2 of traces, wanted 1$/],
    ["what is no JSON", `${HEAD}\n{"a":\n${LINE}\n`, /t\.jsonl:2: saw no JSON: /],
    ["bytes that are no UTF-8", `${HEAD}\n${LINE}\n\udc00\n`, /t\.jsonl:3: saw no/],
    ["a number", `${HEAD}\n7\n`, /t\.jsonl:2: saw no snapshot, wanted an object$/],
    ["a snapshot without time", `${HEAD}\n{}\n`, /t\.jsonl:2: wanted numbers timeMs and intervalSecs$/],
    [
      "a task without measurements",
      `${HEAD}\n{"timeMs":1,"intervalSecs":1,"platformMeasurements":{},"tasks":[{"id":"a","measurements":{}},{"id":"b"}]}\n`,
      /t\.jsonl:2: wanted id and measurements of tasks\[1\]$/,
    ],
  ];
  for (const [what, text, message] of WRONG) {
    test(`refuses ${what} with file and line`, async () => {
      using tree = tempTree({ "t.jsonl": text });
      await expect(timesIn(path.join(tree.root, "t.jsonl"))).rejects.toThrow(message);
    });
  }

  test("says that there is no file", async () => {
    await expect(timesIn("/nowhere/t.jsonl")).rejects.toThrow("ENOENT");
  });
});
