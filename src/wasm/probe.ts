import type { Support } from "../model/support.ts";
import { GuestEnd, GuestProcess } from "./guest-process.ts";
import { DEFAULT_LIMITS } from "./limits.ts";

const COMPONENT = "host";
const FEATURE = "Wasm sandbox";

/** Rows of `wca doctor`: starts the process of a sandbox and asks what it could take from itself. */
export async function sandboxSupport(command?: readonly string[]): Promise<readonly Support[]> {
  const { addressSpaceBytes, descriptors, residentBytes, startSecs } = DEFAULT_LIMITS;
  let guest: GuestProcess | undefined;
  try {
    guest = new GuestProcess({
      addressSpaceBytes,
      descriptors,
      residentBytes,
      ...(command === undefined ? {} : { command }),
      onUnasked: () => undefined,
    });
    const { measures } = await guest.ready(startSecs);
    const lacking = measures.filter((measure) => measure.lacking !== undefined);
    const inForce = measures.filter((measure) => measure.lacking === undefined).map(({ name }) => name);
    const without = lacking.map((measure) => `${measure.name} (${measure.lacking})`).join(", ");
    return [
      {
        component: COMPONENT,
        feature: FEATURE,
        supported: without === "" ? true : "unknown",
        detail: `modules run in a process with ${inForce.join(", ")}${without === "" ? "" : `; without ${without}`}`,
      },
    ];
  } catch (error) {
    if (!(error instanceof GuestEnd)) throw error;
    const detail = `modules cannot run: ${error.message}`;
    return [{ component: COMPONENT, feature: FEATURE, supported: false, detail }];
  } finally {
    await guest?.close();
  }
}
