import { PluginError } from "../model/errors.ts";
import { decodeJson } from "./decode-json.ts";
import { DESCRIPTION } from "./description-schema.ts";
import { faultOf } from "./fault.ts";
import { type Description, PROTOCOL_VERSION } from "./messages.ts";
import { withoutControls } from "./quoted.ts";

const WHAT = 'the answer of "describe"';

/** What a plugin says of itself, fit for a terminal. Throws a {@link PluginError}: a version that is not ours is `load`, the rest `output`. */
export function decodeDescription(bytes: Uint8Array): Description {
  const value = decodeJson(bytes, WHAT);
  const version = versionIn(value);
  if (typeof version === "number" && version !== PROTOCOL_VERSION) {
    throw new PluginError(
      "load",
      `Cannot use the module: saw version ${version} of the protocol, wanted ${PROTOCOL_VERSION}`,
    );
  }
  const result = DESCRIPTION.safeParse(value);
  if (result.success) return withoutControls(result.data);
  throw new PluginError("output", `Cannot use ${WHAT}: ${faultOf(result.error, value)}`);
}

/** Whatever else another version has changed: this field is where it was. */
function versionIn(value: unknown): unknown {
  return typeof value === "object" && value !== null && "protocol" in value ? value.protocol : undefined;
}
