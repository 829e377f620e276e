/**
 * Options of the JavaScript engine that fit an agent: a short round each second. Its optimizing compilers
 * are at work for the first minute and bring 10 MB of their own code into memory; with the last one off and
 * the first one later a round takes as long afterwards (bench/README.md). The engine reads them at its start
 * only.
 */
const OPTIONS: Readonly<Record<string, string>> = {
  BUN_JSC_useFTLJIT: "0",
  BUN_JSC_thresholdForOptimizeAfterWarmUp: "20000",
};
/** Where the files of a compiled program seem to be. */
const COMPILED = "/$bunfs/";

/**
 * Starts the compiled program again in the same process with the options, once; returns when they are set
 * already, when the user has set one of them, or when it cannot be done. From source nothing is done: the
 * names of options belong to one version of Bun, which the compiled program brings along.
 */
export function tune(): void {
  const { env } = process;
  if (!import.meta.path.startsWith(COMPILED)) return;
  if (Object.keys(OPTIONS).some((name) => name in env)) {
    // Not for programs that are started from here.
    for (const [name, value] of Object.entries(OPTIONS)) if (env[name] === value) delete env[name];
    return;
  }
  try {
    process.execve?.(process.execPath, [process.argv0, ...process.argv.slice(2)], { ...env, ...OPTIONS });
  } catch {
    // Without them it works as well.
  }
}
