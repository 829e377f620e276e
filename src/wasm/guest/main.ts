/*
 * The process that runs modules. Its last arguments are the agent's process id and what `harden` wants; what
 * it is to do comes through the pipe.
 */
import { REPLY, type ReadyMessage } from "../frames.ts";
import { harden } from "./harden.ts";
import { AgentGone, writeFrame } from "./pipe.ts";
import { serve } from "./serve.ts";

const [parentPid = 0, addressSpaceBytes = 0, descriptors = 0] = process.argv.slice(-3).map(Number);
try {
  const ready: ReadyMessage = { measures: harden({ parentPid, addressSpaceBytes, descriptors }) };
  writeFrame(REPLY.ready, [new TextEncoder().encode(JSON.stringify(ready))]);
  serve();
} catch (error) {
  // Its output goes nowhere and its end says enough.
  process.exit(error instanceof AgentGone ? 0 : 3);
}
