/*
 * What the databases throw beside `TypeError` for values of a wrong type and `RangeError` for values that
 * are too long.
 */

/** A name that no database takes. */
export class InvalidKey extends Error {
  override readonly name = "InvalidKey";
}

/** Options of a {@link DatabaseError}. */
export interface DatabaseErrorOptions extends ErrorOptions {
  readonly code?: string | number;
}

/** The database, or the way to it, failed. What was to be set may be there all the same. */
export class DatabaseError extends Error {
  override readonly name: string = "DatabaseError";
  /** Name of the errno (`ENOSPC`), HTTP status (403) or name of ZooKeeper's error (`NOAUTH`), where there is one. */
  readonly code: string | number | undefined;

  constructor(message: string, { code, ...options }: DatabaseErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Every host was tried in vain: not reached, late, or not able to serve. The message has the reason of each. */
export class NoHostAvailable extends DatabaseError {
  override readonly name: string = "NoHostAvailable";
}

/** Every host was tried and none answered in time. */
export class TimeoutOnAllHosts extends NoHostAvailable {
  override readonly name = "TimeoutOnAllHosts";
}
