import { createSecureContext } from "node:tls";
import { readPem } from "../../net/files.ts";

export interface ServerTlsOptions {
  readonly cert_path?: string | undefined;
  readonly key_path?: string | undefined;
  readonly client_ca_path?: string | undefined;
}

/** TLS 1.2; its number in the protocol, which the server wants. */
const OLDEST_VERSION = 0x03_03;

/** TLS of a server as `Bun.serve` takes it. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: number;
  readonly ca?: string;
  readonly requestCert?: true;
  readonly rejectUnauthorized?: true;
}

/** Throws TypeError when options contradict each other. */
export function checkServerTls({ cert_path, key_path, client_ca_path }: ServerTlsOptions): void {
  if (cert_path !== undefined) return;
  if (key_path !== undefined) throw new TypeError('"key_path" needs "cert_path"');
  if (client_ca_path !== undefined) throw new TypeError('"client_ca_path" needs "cert_path"');
}

/** Reads the files anew. Throws when one cannot be used; nothing when there is to be no TLS. */
export function readServerTls(options: ServerTlsOptions): ServerTls | undefined {
  const { cert_path, key_path, client_ca_path } = options;
  if (cert_path === undefined) return undefined;
  const cert = readPem("cert_path", cert_path);
  const key = key_path === undefined ? cert : readPem("key_path", key_path);
  const ca = client_ca_path === undefined ? undefined : readPem("client_ca_path", client_ca_path);
  try {
    // A server that cannot start with these must not have stopped for them.
    createSecureContext({ cert, key, ca });
  } catch (cause) {
    const keyPath = key_path ?? cert_path;
    throw new Error(
      `Cannot use certificate "${cert_path}" with key "${keyPath}": ${(cause as Error).message}`,
      { cause },
    );
  }
  const clients = ca === undefined ? {} : ({ ca, requestCert: true, rejectUnauthorized: true } as const);
  return { cert, key, minVersion: OLDEST_VERSION, ...clients };
}
