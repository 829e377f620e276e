import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { readTrustedBytes } from "../config/trusted-file.ts";

const SIGNATURE_BYTES = 64;
const RAW_KEY_BYTES = 32;
/** SPKI of an Ed25519 key is this and the 32 bytes: RFC 8410. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** Whether the Ed25519 signature is of these bytes. Both are texts or paths of files; a bad one throws. */
export function isSigned(
  bytes: Uint8Array,
  { signature, publicKey }: { readonly signature: string; readonly publicKey: string },
): boolean {
  return verify(null, bytes, keyOf(publicKey), signatureOf(signature));
}

/** Anybody may have written the file: the key decides. */
function signatureOf(given: string): Uint8Array {
  const direct = fromBase64(given);
  if (direct?.length === SIGNATURE_BYTES) return direct;
  const content = readTrustedBytes(given, { byAnyone: true });
  if (content.length === SIGNATURE_BYTES) return content;
  const decoded = fromBase64(new TextDecoder().decode(content).trim());
  if (decoded?.length === SIGNATURE_BYTES) return decoded;
  throw new RangeError(
    `Cannot use the signature "${given}": wanted ${SIGNATURE_BYTES} bytes or their base64, in the option or in the file`,
  );
}

function keyOf(given: string): KeyObject {
  const direct = keyIn(given);
  if (direct !== undefined) return direct;
  const content = readTrustedBytes(given);
  const key = content.length === RAW_KEY_BYTES ? rawKey(content) : keyIn(new TextDecoder().decode(content));
  if (key !== undefined) return key;
  throw new RangeError(
    `Cannot use the public key "${given}": wanted an Ed25519 key as PEM, or base64 of its ${RAW_KEY_BYTES} bytes or of SPKI`,
  );
}

/** Nothing when the text is no key. */
function keyIn(text: string): KeyObject | undefined {
  const trimmed = text.trim();
  const bytes = fromBase64(trimmed);
  if (bytes?.length === RAW_KEY_BYTES) return rawKey(bytes);
  const isPem = trimmed.startsWith("-----BEGIN ");
  if (!isPem && bytes?.length !== SPKI_PREFIX.length + RAW_KEY_BYTES) return undefined;
  try {
    const key = isPem
      ? createPublicKey(trimmed)
      : createPublicKey({ key: Buffer.from(bytes ?? []), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined;
  }
}

function rawKey(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: "der", type: "spki" });
}

function fromBase64(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0
    ? Buffer.from(text, "base64")
    : undefined;
}
