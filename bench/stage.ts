import * as fs from "node:fs";
import * as path from "node:path";
import { TaskCgroups, taskMounts } from "./cgroups.ts";
import type { Cleanup } from "./cleanup.ts";
import { AGENT, agent, type Contender, limit } from "./contenders.ts";

const SOURCE = [process.execPath, path.resolve(import.meta.dir, "../src/main.ts")];

export interface StageOptions {
  readonly tasks: number;
  readonly scratch: string;
  readonly cleanup: Cleanup;
  /** Executable of the agent. Default: the one that was just compiled. */
  readonly agent?: string | undefined;
  /** Run the agent from source instead. */
  readonly source?: boolean;
  /** Limit of open files of both programs. Default: as it is. */
  readonly descriptors?: number | undefined;
}

/** Task cgroups, and the two programs that look at them. */
export interface Stage {
  readonly contenders: readonly Contender[];
  /** Removes the cgroups before the benchmark ends. */
  readonly close: () => void;
}

export async function setStage({
  tasks,
  scratch,
  cleanup,
  agent: executable = AGENT,
  source = false,
  descriptors,
}: StageOptions): Promise<Stage> {
  const cgroups = new TaskCgroups(tasks, taskMounts());
  const close = cleanup.add(() => cgroups.close());
  await cgroups.open();
  const self = path.join(scratch, "self.prom");
  const programs = [
    agent(source ? SOURCE : [executable], scratch, cgroups.names),
    limit(scratch, cgroups.names, self),
  ];
  const contenders =
    descriptors === undefined ? programs : programs.map((one) => withLimit(one, descriptors));
  writeSelf(contenders[0] as Contender, self);
  return { contenders, close };
}

/** What the agent says about itself, for `limit -s`: after two rounds, when all of it is there. */
function writeSelf(contender: Contender, file: string): void {
  const { exitCode } = Bun.spawnSync([...contender.rounds(2)], { stdio: ["ignore", 2, 2] });
  if (exitCode !== 0) throw new Error(`The agent ended with ${exitCode}`);
  const text = fs.readFileSync(contender.output, "latin1");
  fs.writeFileSync(file, text.slice(text.indexOf("# HELP wca_")), "latin1");
}

function withLimit(contender: Contender, descriptors: number): Contender {
  function limited(command: readonly string[]): readonly string[] {
    return ["sh", "-c", 'ulimit -n "$1" && shift && exec "$@"', "sh", `${descriptors}`, ...command];
  }
  return {
    ...contender,
    command: limited(contender.command),
    rounds: (count) => limited(contender.rounds(count)),
  };
}
