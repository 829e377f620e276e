import { PluginError } from "../model/errors.ts";
import type { Log } from "../model/log.ts";
import { decodeDescription } from "../protocol/decode-description.ts";
import type { Description } from "../protocol/messages.ts";
import type { SandboxLimits } from "./limits.ts";
import { Sandbox } from "./sandbox.ts";

/** What is described, and how. */
export interface DescribeOptions {
  /** For messages. */
  readonly name: string;
  readonly limits: SandboxLimits;
  readonly log: Log;
}

/**
 * What a module says of itself, asked in a sandbox of its own that ends with the answer: until its options
 * are known there is nothing to configure it with. Throws a {@link PluginError}.
 */
export async function describeModule(
  bytes: Uint8Array,
  { name, limits, log }: DescribeOptions,
): Promise<Description> {
  const sandbox = new Sandbox({ name, bytes, log, limits: { ...limits, callSecs: limits.startSecs } });
  try {
    await sandbox.start();
    requireExport("describe", sandbox.exports);
    const description = decodeDescription(await sandbox.call("describe", new Uint8Array(0)));
    requireExport(description.role === "detector" ? "detect" : "allocate", sandbox.exports);
    return description;
  } finally {
    await sandbox.close();
  }
}

function requireExport(wanted: string, exports: ReadonlySet<string>): void {
  if (exports.has(wanted)) return;
  const names = [...exports].slice(0, 20).join(", ");
  const list = names === "" ? "it exports no functions" : `it exports ${names}`;
  throw new PluginError("load", `Cannot use the module: there is no export "${wanted}", ${list}`);
}
