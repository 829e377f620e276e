import { NoHostAvailable, TimeoutOnAllHosts } from "./errors.ts";

/** What became of asking one host. */
export interface HostFailure {
  readonly host: string;
  readonly reason: string;
  readonly timedOut: boolean;
}

/** The error of an attempt that failed at every host: {@link TimeoutOnAllHosts} if all of them were late. */
export function noHostAvailable(action: string, failures: readonly HostFailure[]): NoHostAvailable {
  const reasons = failures.map(({ host, reason }) => `${host}: ${reason}`).join("; ");
  const message = `Cannot ${action}: no host available, ${reasons}`;
  const late = failures.every(({ timedOut }) => timedOut);
  return late ? new TimeoutOnAllHosts(message) : new NoHostAvailable(message);
}
