import { expect, test } from "bun:test";
import { KernelHost } from "../../../src/kernel/host.ts";
import { parseLife, readLife } from "../../../src/kernel/resctrl/process-life.ts";
import { until } from "../../support/wca.ts";

const ZEROES = "0 ".repeat(18);

test("parseLife() reads behind a name with blanks and parentheses", () => {
  expect(parseLife(`77 (a) Z 1 (b) S ${ZEROES}991 0 0\n`)).toEqual({ pid: 77, start: 991, hasEnded: false });
  expect(parseLife(`78 (sh) Z ${ZEROES}5 0\n`)).toEqual({ pid: 78, start: 5, hasEnded: true });
});

test("readLife() knows a living process, a zombie and none", async () => {
  const host = new KernelHost();
  expect(readLife(host, "self")).toMatchObject({ pid: process.pid, hasEnded: false });
  // The shell becomes a program that never asks for the child that has ended.
  const parent = Bun.spawn(["sh", "-c", "sleep 0.01 & echo $!; exec sleep 100"], { stdout: "pipe" });
  using _parent = { [Symbol.dispose]: () => parent.kill("SIGKILL") };
  const { value } = await parent.stdout.getReader().read();
  const pid = Number.parseInt(new TextDecoder().decode(value), 10);
  await until(() => readLife(host, pid)?.hasEnded === true);
  expect(readLife(host, pid)).toMatchObject({ pid, hasEnded: true });
  expect(readLife(host, 2 ** 30)).toBeUndefined();
});
