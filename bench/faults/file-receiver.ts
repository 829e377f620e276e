import * as fs from "node:fs";
import * as path from "node:path";
import { counted, samplesOf } from "./account.ts";
import type { Receiver } from "./receiver.ts";

const DISK_BYTES = 64 << 20;

/** A file on a small disk of its own, which is full when the receiver is down. Wants root. */
export async function fileReceiver(directory: string): Promise<Receiver> {
  const disk = path.join(directory, "disk");
  const ballast = path.join(disk, "ballast");
  const log = path.join(disk, "wca.prom");
  fs.mkdirSync(disk);
  run(["mount", "-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", disk]);

  async function fill(): Promise<void> {
    const descriptor = fs.openSync(ballast, "w");
    try {
      for (;;) fs.writeSync(descriptor, new Uint8Array(4096));
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ENOSPC") throw error;
    } finally {
      fs.closeSync(descriptor);
    }
  }

  await fill();
  return {
    storage: `!LogStorage {output_filename: ${log}}`,
    start: async () => fs.rmSync(ballast, { force: true }),
    kill: fill,
    arrivals: async () => counted(samplesOf(fs.readFileSync(log, "utf8"))),
    [Symbol.asyncDispose]: async () => run(["umount", "-l", disk]),
  };
}

function run(command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`Cannot run "${command.join(" ")}": ${stderr}`);
}
