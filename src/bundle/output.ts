import * as fs from "node:fs";
import * as path from "node:path";
import { reasonOf } from "../config/reason.ts";
import { type ComponentSource, type ExecutableOptions, type Target, writeExecutable } from "./executable.ts";

/** An executable that is complete. */
export interface Written {
  readonly outfile: string;
  readonly target: Target;
  readonly bytes: number;
  /** SHA-256, in hexadecimal digits. */
  readonly digest: string;
  /** Whether it was started and knew its components. One for another system cannot be. */
  readonly tried: boolean;
}

/** How long a new executable may take to describe a component. */
const TRIAL_MS = 60_000;

/** Variables that say where Bun keeps what it downloads. Without any, or with an empty one, it would leave it in the working directory. */
const CACHES = ["HOME", "XDG_CACHE_HOME", "BUN_INSTALL", "BUN_INSTALL_CACHE_DIR"];

/** Why a file cannot be written there; nothing when it can. */
export function outfileFault(outfile: string): string | undefined {
  for (const place of [outfile, `${outfile}.sha256`].map((name) => path.resolve(name))) {
    const there = fs.statSync(place, { throwIfNoEntry: false });
    if (there?.isDirectory() === true) return `"${place}" is a directory`;
    // It would be replaced, and be it /dev/null.
    if (there?.isFile() === false) return `"${place}" is not a regular file`;
  }
  const folder = path.dirname(path.resolve(outfile));
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    return `there is no directory "${folder}"`;
  try {
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
    return undefined;
  } catch (error) {
    return `no right to write in "${folder}" (${(error as NodeJS.ErrnoException).code})`;
  }
}

/**
 * Writes an executable and its checksum, as `sha256sum --check` reads it. Both appear under their names only
 * when they are complete and the executable has shown that it knows its components.
 */
export async function writeTried(options: ExecutableOptions): Promise<Written> {
  const { outfile, components = [], target = nativeTarget() } = options;
  const folder = path.dirname(path.resolve(outfile));
  const work = fs.mkdtempSync(path.join(folder, ".wca-bundle-"));
  const forget = removeOnSignal(work);
  try {
    // Always of this name, which gets into the executable: the same sources make the same bytes.
    const draft = path.join(work, "wca");
    // Bun would look for a base of its own system elsewhere: left out, it takes the running program.
    const foreign = target !== nativeTarget();
    await buildFor({ ...options, outfile: draft }, foreign ? target : undefined, outfile);
    fs.chmodSync(draft, 0o755);
    if (!foreign) await tryOut(draft, components);
    const content = fs.readFileSync(draft);
    const digest = new Bun.CryptoHasher("sha256").update(content).digest("hex");
    fs.writeFileSync(`${draft}.sha256`, `${digest}  ${path.basename(outfile)}\n`);
    for (const suffix of ["", ".sha256"]) {
      sync(`${draft}${suffix}`);
      fs.renameSync(`${draft}${suffix}`, `${path.resolve(outfile)}${suffix}`);
    }
    return { outfile, target, bytes: content.length, digest, tried: !foreign };
  } finally {
    forget();
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** The system of this program. Where the loader of musl is what started it, it is one for musl. */
export function nativeTarget(): Target {
  const cpu = process.arch === "arm64" ? "arm64" : "x64";
  const header = Buffer.alloc(4096);
  const descriptor = fs.openSync(process.execPath, "r");
  try {
    fs.readSync(descriptor, header, 0, header.length, 0);
  } finally {
    fs.closeSync(descriptor);
  }
  return header.includes("/ld-musl-") ? `bun-linux-${cpu}-musl` : `bun-linux-${cpu}`;
}

async function buildFor(
  options: ExecutableOptions,
  target: Target | undefined,
  outfile: string,
): Promise<void> {
  const { target: _, ...rest } = options;
  if (target === undefined) {
    try {
      return await writeExecutable(rest);
    } catch (error) {
      if (!isOfTheSystem(error)) throw error;
      throw new Error(`Cannot make the executable "${outfile}": ${reasonsOf(error)}`, { cause: error });
    }
  }
  const given = CACHES.filter((name) => process.env[name] !== undefined);
  const empty = given.find((name) => process.env[name] === "");
  if (given.length === 0 || empty !== undefined) {
    const advice = empty === undefined ? "set HOME" : `${empty} is empty`;
    throw new Error(
      `Cannot make an executable for ${target}: Bun for that system is downloaded, and there is no folder to keep it in; ${advice}`,
    );
  }
  try {
    await writeExecutable({ ...rest, target });
  } catch (error) {
    if (!isOfTheSystem(error)) throw error;
    throw new Error(
      `Cannot make an executable for ${target}: ${reasonsOf(error)}. Bun ${Bun.version} for that system comes from the npm registry and is then kept in ~/.bun/install/cache: make the registry reachable once, or bundle on such a system, which needs none`,
      { cause: error },
    );
  }
}

/** What is wrong with the user's files has a place in them. */
function isOfTheSystem(error: unknown): boolean {
  return !(error instanceof AggregateError && error.errors.some(hasPlace));
}

function reasonsOf(error: unknown): string {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return errors.map((each) => reasonOf(each)).join("; ");
}

function hasPlace(error: unknown): boolean {
  return (error instanceof BuildMessage || error instanceof ResolveMessage) && error.position !== null;
}

/** Evaluates the classes and checks them in the new program: what fails there would fail on every host. */
async function tryOut(executable: string, components: readonly ComponentSource[]): Promise<void> {
  const { BUN_BE_BUN: _, ...env } = process.env;
  const questions =
    components.length === 0 ? [["--version"]] : components.map(({ className }) => ["describe", className]);
  for (const question of questions) {
    const trial = Bun.spawn([executable, ...question], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TRIAL_MS,
      killSignal: "SIGKILL",
    });
    const [answer, errors, exitCode] = await Promise.all([
      new Response(trial.stdout).text(),
      new Response(trial.stderr).text(),
      trial.exited,
    ]);
    if (exitCode === 0 && answer.trim() !== "") continue;
    const ending = trial.signalCode === null ? `exit code ${exitCode}` : `signal ${trial.signalCode}`;
    throw new Error(
      `The new executable does not work, nothing was written: "${question.join(" ")}" ended with ${ending}: ${errors.trim()}`,
    );
  }
}

function sync(file: string): void {
  const descriptor = fs.openSync(file, "r");
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Returns the function that ends it. */
function removeOnSignal(folder: string): () => void {
  function onSignal(signal: NodeJS.Signals): void {
    fs.rmSync(folder, { recursive: true, force: true });
    forget();
    process.kill(process.pid, signal);
  }
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  function forget(): void {
    for (const signal of signals) process.off(signal, onSignal);
  }
  for (const signal of signals) process.on(signal, onSignal);
  return forget;
}
