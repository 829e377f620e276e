import { SandboxGroup } from "./sandbox-group.ts";

/** Shared by all components of one agent, and by nothing else. */
type Agent = object;

const GROUPS = new WeakMap<Agent, Map<string, SandboxGroup>>();

/** The process of this name in one agent; the same for all that ask for it. */
export function sandboxGroup(agent: Agent, name: string): SandboxGroup {
  const known = GROUPS.get(agent) ?? new Map<string, SandboxGroup>();
  GROUPS.set(agent, known);
  const group = known.get(name) ?? new SandboxGroup();
  known.set(name, group);
  return group;
}
