/* Files that a component's options name: read when they are needed, as secrets and certificates are renewed. */
import { readFileSync } from "node:fs";

/** A password or token, without the newline that editors put at the end. Throws an error that names option and file. */
export function readSecret(option: string, file: string): string {
  const secret = readText(option, file).trim();
  if (secret === "") throw new TypeError(`Cannot use ${option} "${file}": it is empty`);
  return secret;
}

/** Certificates or a key in PEM. Throws an error that names option and file. */
export function readPem(option: string, file: string): string {
  const text = readText(option, file);
  if (text.includes("-----BEGIN ")) return text;
  throw new TypeError(`Cannot use ${option} "${file}": no PEM block (-----BEGIN …) in it`);
}

function readText(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const reason = (cause as { readonly code?: string }).code ?? String(cause);
    throw new TypeError(`Cannot read ${option} "${file}": ${reason}`, { cause });
  }
}
