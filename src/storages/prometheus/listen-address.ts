import { isIPv4, isIPv6 } from "node:net";

/** Where a server listens. */
export interface ListenAddress {
  /** Name or IP address; IPv6 without brackets. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

const ADDRESS = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[a-zA-Z0-9.-]+)):(?<port>\d{1,5})$/;

/** `127.0.0.1:17922`, `[::1]:17922`, `localhost:17922`; nothing when it is none. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const { v6, name, port: digits } = ADDRESS.exec(text)?.groups ?? {};
  const port = Number(digits);
  const host = v6 ?? name;
  if (host === undefined || !(port <= 65_535)) return undefined;
  if (v6 !== undefined && !isIPv6(v6)) return undefined;
  // What looks like an IPv4 address has to be one.
  if (name !== undefined && /^[\d.]+$/.test(name) && !isIPv4(name)) return undefined;
  return { host, port };
}

export function formatListenAddress({ host, port }: ListenAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only programs of this host reach it. Of names only `localhost` is known to be so. */
export function isLoopback({ host }: ListenAddress): boolean {
  if (isIPv4(host)) return host.startsWith("127.");
  if (!isIPv6(host)) return host.toLowerCase() === "localhost";
  const canonical = new URL(`http://[${host}]`).hostname;
  // IPv4 addresses in IPv6: ::ffff:127.0.0.1 is written [::ffff:7f00:1].
  return canonical === "[::1]" || /^\[::ffff:7f[0-9a-f]{2}:/.test(canonical);
}
