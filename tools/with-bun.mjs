#!/usr/bin/env node
/*
 * node tools/with-bun.mjs script.ts [arguments]
 *
 * Runs a script with exactly the Bun pinned in package.json, which it looks for and, failing that,
 * installs into .cache/ with npm; installs node_modules when package.json or bun.lock has changed. Plain
 * Node (20 or later) without dependencies, as it runs before anything is installed.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { constants } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PACKAGE = join(ROOT, "package.json");
const LOCK = join(ROOT, "bun.lock");
const MODULES = join(ROOT, "node_modules");

const INSTALL_MS = 180_000;
const INSTALL_ATTEMPTS = 3;

/** Something the user can repair: its message is all that is printed. */
class SetupError extends Error {}

async function main() {
  const [script, ...rest] = process.argv.slice(2);
  if (script === undefined) throw new SetupError("Usage: node tools/with-bun.mjs script.ts [arguments]");
  const version = pinnedVersion();
  const cache = join(ROOT, ".cache", `bun-${version}`);
  const bun = findBun(version, cache) ?? installBun(version, cache);
  const env = { ...process.env, PATH: `${folderOf(bun, cache)}${delimiter}${process.env.PATH ?? ""}` };
  installModules(bun, env);
  await run(bun, [script, ...rest], env);
}

function pinnedVersion() {
  const version = JSON.parse(fs.readFileSync(PACKAGE, "utf8")).devDependencies?.bun;
  if (/^\d+\.\d+\.\d+$/.test(version)) return version;
  throw new SetupError(`Cannot read the version of Bun: devDependencies.bun in "${PACKAGE}" is "${version}"`);
}

function findBun(version, cache) {
  if (process.versions.bun === version) return process.execPath;
  const onPath = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = [
    ...platformBinaries(MODULES),
    join(MODULES, "bun/bin/bun.exe"),
    ...platformBinaries(join(cache, "node_modules")),
    ...onPath.map((folder) => join(folder, "bun")),
  ];
  return candidates.find((file) => runs(file, version));
}

/** Of the packages of Bun by CPU and libc npm may install several. Plain ones sort before `-musl`, `-baseline`. */
function platformBinaries(modules) {
  const folder = join(modules, "@oven");
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder).sort();
  return names.map((name) => join(folder, name, "bin/bun"));
}

/** Evaluates something, as a build for another CPU may well answer `--version`. */
function runs(file, version) {
  if (!fs.existsSync(file)) return false;
  const answer = spawnSync(file, ["--print", "Bun.version"], {
    cwd: ROOT,
    encoding: "utf8",
    timeout: 20_000,
  });
  return answer.status === 0 && answer.stdout.trim() === version;
}

/** Renamed when complete, as two processes may do this at once and either may be interrupted. */
function installBun(version, cache) {
  console.error(`Installing Bun ${version} into ${cache}`);
  fs.mkdirSync(dirname(cache), { recursive: true });
  const work = fs.mkdtempSync(`${cache}.`);
  try {
    npmInstall(`bun@${version}`, work);
    if (!platformBinaries(join(work, "node_modules")).some((file) => runs(file, version))) {
      const tried = platformBinaries(join(work, "node_modules")).map((file) =>
        basename(dirname(dirname(file))),
      );
      throw new SetupError(
        `Cannot run Bun ${version} on this machine (${process.platform} ${process.arch}): ` +
          `none of its packages works, tried ${tried.join(", ") || "none, as npm installed none"}`,
      );
    }
    fs.rmSync(cache, { recursive: true, force: true });
    fs.renameSync(work, cache);
  } catch (error) {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  return platformBinaries(join(cache, "node_modules")).find((file) => runs(file, version));
}

/** Without scripts: what Bun's would do is choose the binary, and npm 11 does not run them anyway. */
/** A registry that does not answer makes an installer wait for ever: it is started again, and given up in the end. */
function spawnPatiently(command, args, options) {
  for (let attempt = 1; ; attempt++) {
    const result = spawnSync(command, args, { ...options, timeout: INSTALL_MS, killSignal: "SIGKILL" });
    if (result.error?.code !== "ETIMEDOUT") return result;
    if (attempt === INSTALL_ATTEMPTS)
      throw new SetupError(
        `Cannot install: ${command} was not done in ${INSTALL_MS / 1000} s, ${attempt} times`,
      );
    console.error(`${command} was not done in ${INSTALL_MS / 1000} s, starting it again`);
  }
}

function npmInstall(what, prefix) {
  const how = ["--no-save", "--ignore-scripts", "--include=optional", "--no-audit", "--no-fund"];
  const command = ["install", "--prefix", prefix, ...how, "--loglevel=error", what];
  const { status, error } = spawnPatiently("npm", command, { cwd: prefix, stdio: ["ignore", 2, 2] });
  const otherwise = `or put Bun ${what.slice("bun@".length)} on PATH: https://bun.com/docs/installation`;
  if (error?.code === "ENOENT")
    throw new SetupError(`Cannot install ${what}: no npm on PATH; install npm, ${otherwise}`);
  if (error !== undefined) throw error;
  if (status === 0) return;
  throw new SetupError(
    `Cannot install ${what}: npm ended with status ${status}; make its registry reachable (npm ping), ${otherwise}`,
  );
}

/** Scripts call `bun` by that name, but npm's `bun` package has it as `bun.exe`: then through a link. */
function folderOf(bun, cache) {
  if (basename(bun) === "bun") return dirname(bun);
  const folder = join(cache, "bin");
  const link = join(folder, "bun");
  if (fs.existsSync(link) && fs.realpathSync(link) === fs.realpathSync(bun)) return folder;
  fs.mkdirSync(folder, { recursive: true });
  fs.symlinkSync(bun, `${link}.${process.pid}`);
  fs.renameSync(`${link}.${process.pid}`, link);
  return folder;
}

/** The stamp is written last, so that an interrupted installation is not taken for a finished one. */
function installModules(bun, env) {
  const stamp = join(MODULES, ".with-bun");
  const wanted = createHash("sha256")
    .update(fs.readFileSync(PACKAGE))
    .update(fs.readFileSync(LOCK))
    .digest("hex");
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === wanted) return;
  console.error("Installing node_modules");
  const { status } = spawnPatiently(bun, ["install", "--frozen-lockfile"], {
    cwd: ROOT,
    env,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) {
    throw new SetupError(
      `Cannot install node_modules: "bun install --frozen-lockfile" ended with status ${status}; ` +
        "make the npm registry reachable, or bring bun.lock up to date with bun install",
    );
  }
  fs.writeFileSync(stamp, wanted);
}

/** Ends as the script ends: with its exit code, or by the signal that ended it. */
async function run(bun, command, env) {
  const child = spawn(bun, command, { env, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // Ctrl-C reaches the child by itself; twice would be a different wish.
    process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY) || child.kill(signal));
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (...ending) => resolve(ending));
  });
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  setTimeout(() => process.exit(128 + constants.signals[signal]), 1000);
}

main().catch((error) => {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
});
