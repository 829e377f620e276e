import * as fs from "node:fs";
import * as path from "node:path";
import { type Tree, tempTree } from "./tree.ts";

/** A root directory with an executable, the libraries that `ldd` names for it, and nothing else. */
export function emptyRoot(executable: string): Tree {
  const tree = tempTree({ "proc/": "" });
  fs.copyFileSync(executable, path.join(tree.root, "wca"));
  const { stdout } = Bun.spawnSync(["ldd", executable]);
  for (const [library] of stdout.toString().matchAll(/\/\S+/g)) {
    fs.mkdirSync(path.join(tree.root, path.dirname(library)), { recursive: true });
    fs.copyFileSync(fs.realpathSync(library), path.join(tree.root, library));
  }
  return tree;
}

/**
 * The start of a command that runs in there with /proc and nothing else mounted: glibc reads the bounds of
 * the stack in /proc/self/maps, and the JavaScript engine does not start without them. The mount ends with
 * the command.
 */
export function inEmptyRoot(root: string): readonly string[] {
  const script = 'mount -t proc proc "$0/proc" && exec chroot "$0" /wca "$@"';
  return ["unshare", "--mount", "sh", "-c", script, root];
}

/** Throws where that cannot be done here. */
export function needEmptyRoot(): void {
  if (process.geteuid?.() !== 0) throw new Error("only root may change the root directory");
  using tree = tempTree({ "proc/": "" });
  const script = 'mount -t proc proc "$0/proc"';
  const { exitCode, stderr } = Bun.spawnSync(["unshare", "--mount", "sh", "-c", script, tree.root]);
  if (exitCode !== 0) throw new Error(`no right to mount /proc: ${stderr}`);
}
