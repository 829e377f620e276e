/**
 * All tests but those in a virtual machine: `npm test`. Ends with the line `N passed, N failed, N skipped`.
 * Arguments go to `bun test`.
 */
const SUMMARY = /^\s*(\d+) (pass|fail|skip)$/;

/** Counts by the words of Bun's own summary. */
type Counts = Record<"pass" | "fail" | "skip", number>;

async function main(): Promise<number> {
  const runner = Bun.spawn([process.execPath, "test", ...process.argv.slice(2)], {
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
  });
  const { pass, fail, skip } = await countsOf(runner.stderr);
  const exitCode = await runner.exited;
  console.log(`${pass} passed, ${fail} failed, ${skip} skipped`);
  return exitCode;
}

/** Passes the output on and reads the summary off it. */
async function countsOf(output: ReadableStream<Uint8Array>): Promise<Counts> {
  const counts: Counts = { pass: 0, fail: 0, skip: 0 };
  const decoder = new TextDecoder();
  let unfinished = "";
  for await (const chunk of output) {
    process.stderr.write(chunk);
    const lines = (unfinished + Bun.stripANSI(decoder.decode(chunk, { stream: true }))).split("\n");
    unfinished = lines.pop() ?? "";
    for (const line of lines) {
      const [, count, kind] = SUMMARY.exec(line) ?? [];
      if (count !== undefined) counts[kind as keyof Counts] = Number(count);
    }
  }
  return counts;
}

process.exit(await main());
