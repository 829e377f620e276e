/** Where a broker listens. */
export interface Address {
  /** A name, or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
}

const HOST_NAME =
  /^(?=.{1,253}$)[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,62})(?:\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*\.?$/;
const ADDRESS = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/;
const HIGHEST_PORT = 65_535;

/** Reads `host:port`, `192.0.2.1:9092` or `[2001:db8::1]:9092`. Throws TypeError with what is wrong. */
export function parseAddress(text: string): Address {
  const [, bracketed, plain, digits = ""] = ADDRESS.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) {
    throw new TypeError(`Cannot read the broker "${text}": wanted host:port, IPv6 addresses in brackets`);
  }
  const port = Number(digits);
  if (port < 1 || port > HIGHEST_PORT) {
    throw new TypeError(`Cannot read the broker "${text}": port ${digits} is not from 1 to ${HIGHEST_PORT}`);
  }
  if (bracketed !== undefined ? !isIPv6(bracketed) : !isHost(host)) {
    const wanted = bracketed === undefined ? "host name or IPv4 address" : "IPv6 address";
    throw new TypeError(`Cannot read the broker "${text}": "${host}" is no ${wanted}`);
  }
  return { host, port };
}

/** As {@link parseAddress} reads it. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Four numbers with dots are an IPv4 address, or a slip of the pen. */
function isHost(text: string): boolean {
  if (/^[\d.]+$/.test(text)) return isIPv4(text);
  return HOST_NAME.test(text);
}

function isIPv4(text: string): boolean {
  const parts = text.split(".");
  return (
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  );
}

/** By the parser of URLs, which knows all the ways to write one; a zone (`%eth0`) may follow. */
function isIPv6(text: string): boolean {
  const [address = "", zone] = text.split("%", 2);
  return address.includes(":") && zone !== "" && URL.canParse(`http://[${address}]/`);
}
