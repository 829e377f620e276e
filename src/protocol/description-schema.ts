import { z } from "zod";
import { longText, shortText } from "./kinds.ts";
import { LIMITS } from "./limits.ts";
import { type Description, INPUT_FORMS, PROTOCOL_VERSION } from "./messages.ts";

/** Output of `describe`. */
export const DESCRIPTION = z
  .object({
    protocol: z
      .literal(PROTOCOL_VERSION)
      .describe("Version of the protocol that the plugin was written for."),
    role: z.enum(["detector", "allocator"]),
    doc: longText().describe("What the plugin does, in a sentence or two."),
    version: shortText().exactOptional().describe("Version of the plugin."),
    options: z
      .record(z.string(), z.unknown())
      .exactOptional()
      .describe("JSON Schema of its options: an object with properties. Absent: it has none."),
    input: z.enum(INPUT_FORMS).exactOptional().describe("Form of the input of detect. Default: json."),
    measurements: names().describe("Measurements of tasks that it looks at. Absent: all."),
    platformMeasurements: names().describe("The same for measurements of the platform."),
  })
  .describe("Output of the export describe.") satisfies z.ZodType<Description>;

function names() {
  return z.array(shortText()).max(LIMITS.names).exactOptional();
}
