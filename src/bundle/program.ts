import * as path from "node:path";
import { readTemplates, type Templates } from "./templates.ts";

/**
 * Names of classes are tags and metric labels at run time, so identifiers stay as they are (`keepNames` of
 * Bun 1.4.5 does not bring the names of classes back).
 */
export const MINIFY = { whitespace: true, syntax: true, identifiers: false };

/** Name of the file in every executable that has the text of the agent, compressed by gzip. */
export const ARCHIVE = "wca-program";

/** The modules that executables are made of, each bundled to one file of JavaScript. */
export interface Program {
  /** Exports `tune`. */
  readonly tuned: string;
  /** Exports `start`. */
  readonly start: string;
  /** Serves Wasm modules when it is evaluated: the process of a sandbox loads nothing else. */
  readonly guest: string;
  /** Of `wca plugin new`. */
  readonly templates: Templates;
}

/**
 * The agent: an executable carries it, otherwise it is made from the sources. Without code splitting, which
 * renames classes.
 */
export async function loadProgram(): Promise<Program> {
  const archive = Bun.embeddedFiles.find((file) => nameOf(file).startsWith(ARCHIVE));
  if (archive !== undefined) {
    return JSON.parse(new TextDecoder().decode(Bun.gunzipSync(await archive.bytes())));
  }
  return {
    tuned: await bundled("tuned.ts"),
    start: await bundled("start.ts"),
    guest: await bundled("wasm/guest/main.ts"),
    templates: readTemplates(),
  };
}

/** Without bundling anything. */
export async function loadTemplates(): Promise<Templates> {
  return isCompiled() ? (await loadProgram()).templates : readTemplates();
}

function isCompiled(): boolean {
  return Bun.embeddedFiles.some((file) => nameOf(file).startsWith(ARCHIVE));
}

async function bundled(file: string): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [path.join(import.meta.dir, "..", file)],
    target: "bun",
    format: "esm",
    minify: MINIFY,
    env: "disable",
  });
  const [output] = outputs;
  if (output === undefined) throw new Error(`Cannot bundle src/${file}: Bun made no file`);
  return await output.text();
}

function nameOf(file: Blob): string {
  return "name" in file && typeof file.name === "string" ? file.name : "";
}
