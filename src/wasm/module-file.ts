import { readTrustedBytes } from "../config/trusted-file.ts";
import { PluginError } from "../model/errors.ts";
import type { PluginOptions } from "./plugin-options.ts";
import { isSigned } from "./signature.ts";

/** How the bytes of a module are known to be the right ones. */
export type ModuleTrust = Pick<PluginOptions, "sha256" | "signature" | "public_key">;

/**
 * The bytes of a module, read once: what is checked is what is run. Without a digest or a signature only the
 * owner may be able to write the file, as with configurations.
 */
export function readModule(path: string, trust: ModuleTrust): Uint8Array {
  const byAnyone = trust.sha256 !== undefined || trust.signature !== undefined;
  const bytes = readTrustedBytes(path, { byAnyone });
  checkModule(bytes, trust);
  return bytes;
}

/** Throws a {@link PluginError} when the bytes are not those of the digest or not signed. */
export function checkModule(
  bytes: Uint8Array,
  { sha256, signature, public_key: publicKey }: ModuleTrust,
): void {
  if (sha256 !== undefined) {
    const digest = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    if (digest !== sha256.toLowerCase()) {
      throw new PluginError(
        "load",
        `Cannot use the module: saw SHA-256 ${digest}, wanted ${sha256.toLowerCase()}`,
      );
    }
  }
  if (signature !== undefined && publicKey !== undefined && !isSigned(bytes, { signature, publicKey })) {
    throw new PluginError(
      "load",
      "Cannot use the module: its signature is not one of these bytes with this key",
    );
  }
}

/** What is missing for a check that the options ask for. */
export function trustFault({ signature, public_key: publicKey }: ModuleTrust): string | undefined {
  if (signature !== undefined && publicKey === undefined) return 'option "signature" needs "public_key"';
  if (signature === undefined && publicKey !== undefined) return 'option "public_key" needs "signature"';
  return undefined;
}
