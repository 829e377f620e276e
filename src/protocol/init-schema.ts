import { z } from "zod";
import { shortText } from "./kinds.ts";
import { type InitMessage, PROTOCOL_VERSION } from "./messages.ts";

/** Input of `init`. */
export const INIT = z
  .object({
    protocol: z.literal(PROTOCOL_VERSION),
    options: z.record(z.string(), z.unknown()).describe("As configured, defaults filled in."),
    hostname: shortText(),
    agentVersion: shortText(),
  })
  .describe("Input of the export init.") satisfies z.ZodType<InitMessage>;
