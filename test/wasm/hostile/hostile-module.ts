import type { PluginFailure } from "../../../src/model/errors.ts";

/** A module that means harm, and what is to become of it. */
export interface HostileModule {
  /** Text form or bytes; made when it is needed, as some are large. */
  readonly module: () => string | Uint8Array;
  /** How its calls may fail; none: they do not, and others are not harmed either. */
  readonly fails: readonly (PluginFailure | "none")[];
  /** What the log says, in words; absent when nothing fails. */
  readonly says?: RegExp;
}

export type HostileModules = Readonly<Record<string, HostileModule>>;
