/** The connection is gone, or was never there: what was asked for may have been done or not. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  /** The server was silent for too long. */
  readonly timedOut: boolean;

  constructor(reason: string, { timedOut = false, cause }: { timedOut?: boolean; cause?: unknown } = {}) {
    super(reason, { cause });
    this.timedOut = timedOut;
  }
}
