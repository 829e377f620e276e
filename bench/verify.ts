/*
 * bun bench/verify.ts [tasks]: shows that agent and limit.c do the same work: same series, same HELP and TYPE
 * lines in the same order, same files held open, and as many read calls in a round. Exit code 1 when not.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { PREFIX } from "./cgroups.ts";
import { Cleanup } from "./cleanup.ts";
import { type Contender, compileAgent, compileLimit } from "./contenders.ts";
import { openFiles, readCalls } from "./process-figures.ts";
import { Rounds } from "./rounds.ts";
import { setStage } from "./stage.ts";

const DEFAULT_TASKS = "20";
const LOOK_MS = 5;
/** Read calls of the agent beyond those of the kernel's files: its event loop. */
const READS_TOLERANCE = 4;

interface Seen {
  readonly lines: readonly string[];
  readonly files: readonly string[];
  readonly reads: number;
}

/** Lets the program make rounds and looks at its third: text, open files, read calls until the fourth. */
async function watch({ command, output }: Contender, cleanup: Cleanup): Promise<Seen> {
  fs.rmSync(output, { force: true });
  const program = Bun.spawn([...command], { stdio: ["ignore", 2, 2] });
  const kill = cleanup.add(() => program.kill("SIGKILL"));
  const rounds = new Rounds(output);
  async function round(count: number): Promise<void> {
    while (rounds.count < count) {
      if (program.exitCode !== null) throw new Error(`${command[0]} ended with ${program.exitCode}`);
      if (!rounds.look()) await Bun.sleep(LOOK_MS);
    }
  }
  await round(3);
  const reads = readCalls(program.pid);
  const files = openFiles(program.pid).filter((file) => /^\/(sys|proc)\//.test(file));
  await round(4);
  const seen = {
    lines: fs.readFileSync(output, "latin1").split("\n").map(withoutValue),
    files: files.map((file) => file.replace(`/proc/${program.pid}/`, "/proc/self/")).sort(),
    reads: readCalls(program.pid) - reads,
  };
  kill();
  await program.exited;
  return seen;
}

function withoutValue(line: string): string {
  return line.startsWith("#") ? line : line.replace(/ \S+$/, "");
}

/** The agent reads these two anew each time; limit.c keeps them. */
function isOwn(file: string): boolean {
  return file === "/proc/self/stat" || file === "/proc/self/statm";
}

function differences(agent: readonly string[], limit: readonly string[]): readonly string[] {
  const length = Math.max(agent.length, limit.length);
  return Array.from({ length }, (_, index) => index)
    .filter((index) => agent[index] !== limit[index])
    .map((index) => `${index + 1}: agent ${agent[index]}, limit ${limit[index]}`);
}

function tell(what: string, wrong: readonly string[]): void {
  console.log(
    wrong.length === 0 ? `same ${what}` : `DIFFERENT ${what}:\n  ${wrong.slice(0, 10).join("\n  ")}`,
  );
  if (wrong.length > 0) process.exitCode = 1;
}

const cleanup = new Cleanup();
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), PREFIX));
cleanup.add(() => fs.rmSync(scratch, { recursive: true, force: true }));
compileAgent();
compileLimit(scratch);
const stage = await setStage({ tasks: Number(process.argv[2] ?? DEFAULT_TASKS), scratch, cleanup });
const seen: Seen[] = [];
for (const contender of stage.contenders) seen.push(await watch(contender, cleanup));
const [agent, limit] = seen as [Seen, Seen];
tell(`text but for values, ${agent.lines.length} lines`, differences(agent.lines, limit.lines));
const limitFiles = limit.files.filter((file) => !isOwn(file));
tell(`open files, ${agent.files.length}`, differences(agent.files, limitFiles));
const unlike = Math.abs(agent.reads - limit.reads) > READS_TOLERANCE;
tell(
  `number of read calls in a round, ${agent.reads} and ${limit.reads}`,
  unlike ? [`${agent.reads}, ${limit.reads}`] : [],
);
process.exit();
