import type { PluginFailure } from "../../../src/model/errors.ts";

/** How calls fail when the process of a sandbox behaves as `child.ts` says; with what the log says. */
export interface HostileChild {
  readonly fails: readonly PluginFailure[];
  readonly says: RegExp;
}

const strange = { fails: ["output"], says: /its process sent .*, and was killed/ } as const;
const late = { fails: ["timeout"], says: /no answer within .*, its process was killed/ } as const;
const gone = { fails: ["died"], says: /its process ended by itself/ } as const;

export const HOSTILE_CHILDREN: Readonly<Record<string, HostileChild>> = {
  "exits at once": gone,
  "never gets ready": late,
  "spins before it is ready": late,
  "closes its output and spins": late,
  "is ready with garbage": strange,
  "is ready with another form": strange,
  "is ready twice": strange,
  "sends garbage": strange,
  "sends zeros without end": strange,
  "sends the head of 4 GB": strange,
  "sends logs before it is asked": strange,
  "ends itself by a signal": gone,
  "answers twice": strange,
  "answers the next call too": strange,
  "answers and goes on with logs": strange,
  "answers another call": strange,
  "answers with an unknown outcome": strange,
  "answers with variables that are not there": strange,
  "answers with variables that are cut off": { fails: ["output"], says: /a variable is cut off/ },
  "answers 64 MB": strange,
  "answers a head of 4 GB": strange,
  "answers nothing but a head": strange,
  "answers a frame of no bytes": strange,
  "answers a message of an unknown kind": strange,
  "answers half and goes silent": late,
  "answers byte by byte": late,
  "sends log lines without end": strange,
  "sends 64 MB of a log line": strange,
  "does not read": late,
  "closes its output and spins in a call": late,
  "stops itself": late,
  "exits in the call": gone,
  "leaves a process that holds the pipes": { fails: ["died", "timeout"], says: /./ },
};
