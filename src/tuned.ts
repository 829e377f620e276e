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
/** At the end of `BUN_OPTIONS`, which nobody writes with this space by hand. */
const NO_INSTALL = " --no-install";
/** `--register`, however it is written; what else it fits does no harm. */
const REGISTERS = /^-\w*r|^--r/;
/** Where the files of a compiled program seem to be. */
const COMPILED = "/$bunfs/";

/**
 * Starts the compiled program again in the same process with the options, once; returns when they are set
 * already, when the user has set one of them, or when it cannot be done. From source nothing is done: the
 * names of options belong to one version of Bun, which the compiled program brings along.
 */
export function tune(): void {
  const { env } = process;
  if (!import.meta.path.startsWith(COMPILED)) {
    installNothing();
    return;
  }
  if (Object.keys(OPTIONS).some((name) => name in env)) {
    // Not for programs that are started from here.
    for (const [name, value] of Object.entries(OPTIONS)) if (env[name] === value) delete env[name];
    return;
  }
  restart([process.argv0, ...process.argv.slice(2)], { ...env, ...OPTIONS });
}

/**
 * What a user's file imports and nobody has installed is an error: from source, Bun would download it in that
 * moment and run it, with the rights of the agent. A compiled program does not.
 */
function installNothing(): void {
  const { env, argv, argv0, execArgv } = process;
  const { BUN_OPTIONS: options = "" } = env;
  if (options.endsWith(NO_INSTALL)) {
    // Not for programs that are started from here.
    env["BUN_OPTIONS"] = options.slice(0, -NO_INSTALL.length);
    if (env["BUN_OPTIONS"] === "") delete env["BUN_OPTIONS"];
    return;
  }
  if (!argv.slice(2).some((argument) => REGISTERS.test(argument))) return;
  const own = execArgv.filter((argument) => !options.split(" ").includes(argument));
  restart([argv0, ...own, ...argv.slice(1)], { ...env, BUN_OPTIONS: `${options}${NO_INSTALL}` });
}

/** In the same process; returns when that cannot be done: it works as well. */
function restart(args: readonly string[], env: NodeJS.ProcessEnv): void {
  try {
    process.execve?.(process.execPath, args, env);
  } catch {
    // A system call that a sandbox forbids.
  }
}
