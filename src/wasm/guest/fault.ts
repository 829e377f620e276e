import type { Outcome } from "../frames.ts";

/** Ends the call of a module. Unless it was the module's own decision a fresh instance takes its place. */
export class GuestFault extends Error {
  override readonly name = "GuestFault";
  readonly outcome: Outcome;
  readonly keepsInstance: boolean;

  constructor(
    outcome: Outcome,
    message: string,
    { keepsInstance = false }: { readonly keepsInstance?: boolean } = {},
  ) {
    super(message);
    this.outcome = outcome;
    this.keepsInstance = keepsInstance;
  }
}

/** In the engine's words, without our own source text that it adds. */
export function messageOf(error: unknown): string {
  // Its class is in no declaration of types.
  if (Object.prototype.toString.call(error) === "[object WebAssembly.Exception]")
    return "it threw an exception and did not catch it";
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/ \(evaluating .*\)$/s, "");
}

/** What an exception of a module means. */
export function faultOf(error: unknown): GuestFault {
  if (error instanceof GuestFault) return error;
  const message = messageOf(error);
  // The engine has no other sign.
  if (error instanceof RangeError && /memory/i.test(message)) return new GuestFault("memory", message);
  if (error instanceof WebAssembly.LinkError) return new GuestFault("load", message);
  return new GuestFault("trap", message);
}
