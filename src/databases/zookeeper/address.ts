const DEFAULT_PORT = 2181;
const HIGHEST_PORT = 65_535;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `zk1`, `zk1:2181`, `10.0.0.1:2181`, `[fd00::1]:2181`, `fd00::1`; nothing for what is no address. */
export function parseAddress(text: string): Address | undefined {
  const match =
    /^\[([0-9a-fA-F:.]+)\](?::(\d{1,5}))?$/.exec(text) ??
    /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?)(?::(\d{1,5}))?$/.exec(text) ??
    /^([0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/.exec(text);
  if (match === null) return undefined;
  const [, host = "", portText] = match;
  const port = portText === undefined ? DEFAULT_PORT : Number(portText);
  return port >= 1 && port <= HIGHEST_PORT ? { host, port } : undefined;
}

/**
 * `wca/agents` and `/wca/agents/` as `/wca/agents`; nothing for what ZooKeeper takes for no path (Programmer's
 * Guide, "Data Model").
 */
export function parseNamespace(text: string): string | undefined {
  const parts = text.replace(/^\/|\/$/g, "").split("/");
  const good = parts.every(
    (part) =>
      part !== "" && part !== "." && part !== ".." && /^[^\p{Cc}\p{Cs}\p{Co}\uFFF0-\uFFFF]+$/u.test(part),
  );
  // Below /zookeeper the servers keep their own.
  return good && parts[0] !== "zookeeper" ? `/${parts.join("/")}` : undefined;
}
