/** First argument of the compiled program that makes it the process of a sandbox. */
export const GUEST_ARGUMENT = "wasm-guest";

/** Where the files of a compiled program seem to be. */
const COMPILED = "/$bunfs/";
/** The running program, even where the file of its name has been replaced meanwhile. */
const THIS_PROGRAM = "/proc/self/exe";

/**
 * The whole environment of the process: little room for machine code, one thread for garbage, an end when the
 * agent ends.
 */
export const GUEST_ENVIRONMENT: Readonly<Record<string, string>> = {
  BUN_JSC_jitMemoryReservationSize: "67108864",
  BUN_JSC_numberOfGCMarkers: "1",
  BUN_FEATURE_FLAG_NO_ORPHANS: "1",
};

/** This program, asked to serve modules. Reads nothing of the working directory. */
export function guestCommand(): readonly string[] {
  return import.meta.path.startsWith(COMPILED)
    ? [THIS_PROGRAM, GUEST_ARGUMENT]
    : [process.execPath, "--no-env-file", "--no-install", `${import.meta.dir}/guest/main.ts`];
}
