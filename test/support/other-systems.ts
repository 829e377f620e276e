import { tempTree } from "./tree.ts";

/** Throws where Bun for another system is neither kept nor to be had from the npm registry. */
export function needOtherSystems(): void {
  using tree = tempTree({ "empty.ts": "" });
  for (const target of ["bun-linux-arm64", "bun-linux-x64-musl", "bun-linux-arm64-musl"]) {
    const args = ["build", "--compile", `--target=${target}`, "--outfile=out", "empty.ts"];
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, ...args], { cwd: tree.root });
    if (exitCode !== 0) throw new Error(`cannot fetch ${target}: ${stderr}`);
  }
}

/** Throws where a program cannot be given a network of its own, in which there is nothing. */
export function needOwnNetwork(): void {
  const { exitCode, stderr } = Bun.spawnSync(["unshare", "--net", "true"]);
  if (exitCode !== 0) throw new Error(`no right to have one: ${stderr}`);
}
