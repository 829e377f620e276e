import type { PluginFailure } from "../../../src/model/errors.ts";

/** How calls fail when the process of a sandbox behaves as `child.ts` says; with what the log says. */
export interface HostileChild {
  readonly fails: readonly PluginFailure[];
  readonly says: RegExp;
}

const strange = { fails: ["output"], says: /its process sent .*, and was killed/ } as const;
/** The answer counts; the process is ended for what comes after it, before or in the next call. */
const more = {
  fails: ["output"],
  says: /its process sent a message of kind . that was not asked for, and was killed/,
} as const;
const late = { fails: ["timeout"], says: /no answer within .*, its process was killed/ } as const;
const gone = { fails: ["died"], says: /its process ended by itself/ } as const;

export const HOSTILE_CHILDREN: Readonly<Record<string, HostileChild>> = {
  "exits at once": gone,
  "never gets ready": late,
  "spins before it is ready": late,
  "closes its output and spins": { fails: ["timeout", "died"], says: /was killed/ },
  "is ready with garbage": strange,
  "is ready with another form": strange,
  "is ready twice": strange,
  "sends garbage": strange,
  "sends zeros without end": strange,
  "sends the head of 4 GB": strange,
  "sends logs before it is asked": strange,
  "ends itself by a signal": gone,
  "answers twice": more,
  "answers the next call too": more,
  "answers and goes on with logs": more,
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
  "answers byte by byte": { fails: ["output", "timeout"], says: /tiny pieces|no answer within/ },
  "sends log lines without end": strange,
  "sends 64 MB of a log line": strange,
  "does not read": late,
  "closes its output and spins in a call": { fails: ["timeout", "died"], says: /was killed/ },
  "stops itself": late,
  "exits in the call": gone,
  "leaves a process that holds the pipes": { fails: ["died", "timeout"], says: /./ },
};
