import { KernelError } from "../../model/errors.ts";
import type { Host } from "../../model/host.ts";
import { LAST_STATUS } from "./paths.ts";

/** What the kernel says of a command that it carried out. */
const OK = "ok";

/** A command that resctrl refused, with what `info/last_cmd_status` said about it at once. */
export class ResctrlError extends KernelError {
  /** `Out of RMIDs`; absent when the kernel gave no reason. */
  readonly status: string | undefined;

  constructor(refusal: KernelError, status: string | undefined, advice?: string) {
    super("change", refusal.path, refusal.code, { cause: refusal });
    this.status = status === "" || status === OK ? undefined : status;
    const said = status === undefined ? "last_cmd_status cannot be read" : status;
    this.message = `${refusal.message}, ${said === OK ? "last_cmd_status gives no reason" : said}`;
    if (advice !== undefined) this.message += `: ${advice}`;
  }
}

/**
 * Carries out one command. A refusal becomes a {@link ResctrlError}; `advice` is asked what it means and what
 * to do.
 */
export function command(
  host: Host,
  act: () => void,
  advice: (refusal: KernelError) => string | undefined = () => undefined,
): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    // The next command, of whoever, overwrites it.
    const status = lastStatus(host);
    throw new ResctrlError(error, status, advice(error));
  }
}

function lastStatus(host: Host): string | undefined {
  try {
    return host.read(LAST_STATUS).trim().replaceAll("\n", "; ");
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}
