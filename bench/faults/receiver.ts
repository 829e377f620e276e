import type { Arrivals } from "./account.ts";

/** A server that a storage delivers to, with what can happen to it. Not started yet when it is made. */
export interface Receiver extends AsyncDisposable {
  /** The storage of the configuration: `!HTTPStorage {url: "…"}`. */
  readonly storage: string;
  /** Starts it, or again with the data that it had. */
  start(): Promise<void>;
  /** As a crash does. */
  kill(): Promise<void>;
  /** Takes connections but does nothing; absent where there is no such thing. */
  readonly pause?: () => void;
  readonly resume?: () => void;
  /** Refuses what comes, for good; absent where there is no such thing. */
  readonly reject?: () => Promise<void>;
  readonly accept?: () => Promise<void>;
  arrivals(): Promise<Arrivals>;
}

/** Makes a receiver whose files are in the directory. */
export type ReceiverMaker = (directory: string) => Promise<Receiver>;
