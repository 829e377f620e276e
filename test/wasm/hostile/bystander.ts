import * as fs from "node:fs";
import * as path from "node:path";
import { TrialAgent } from "./agent.ts";
import { answering } from "./plugin-text.ts";
import { moduleFile } from "./trial.ts";

/** What the plugin of a bystander says in each call. */
export const FINDING = "cpus";

const ANSWER = {
  anomalies: [{ resource: FINDING, contendedTaskId: "a", contendingTaskIds: ["b"] }],
};

/** An agent with a plugin that means no harm, running until `stop`. */
export async function bystander(): Promise<TrialAgent> {
  const file = moduleFile({ module: () => answering(JSON.stringify(ANSWER)), fails: [] });
  const agent = new TrialAgent(file, { call_seconds: 1, start_seconds: 10 });
  await agent.open();
  fs.rmSync(path.dirname(file), { recursive: true });
  agent.start();
  return agent;
}
