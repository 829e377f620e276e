import { suggestion } from "../config/nearest.ts";
import { lineStartsOf, Problems } from "../config/problems.ts";
import { reasonOf } from "../config/reason.ts";
import type { ConfigProblem } from "../model/errors.ts";
import { WCA_EXPORTS, WCA_MODULE } from "./wca-module.ts";

/** What {@link importProblems} needs beside the error. */
export interface Imported {
  /** The file that was to be loaded. */
  readonly entry: string;
  /** Texts of it and of what it imports, by path. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Why a user's file could not be imported, with the place in the file where it can be told. */
export function importProblems(error: unknown, imported: Imported): readonly ConfigProblem[] {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.flatMap((each) => importProblems(each, imported));
  }
  if (error instanceof BuildMessage) return [parseProblem(error, imported)];
  if (error instanceof ResolveMessage) return [resolveProblem(error, imported)];
  const [, name, module] = /^Export named '(.+)' not found in module '(.+)'\.$/.exec(reasonOf(error)) ?? [];
  if (error instanceof SyntaxError && name !== undefined && module !== undefined) {
    return [exportProblem({ name, module }, imported)];
  }
  return [thrownProblem(error, imported)];
}

function parseProblem({ message, position }: BuildMessage, { entry }: Imported): ConfigProblem {
  const at = position === null ? entry : `${position.file}:${position.line}:${position.column}`;
  return { at, path: "", message: `Cannot parse the file: ${message}` };
}

function resolveProblem({ specifier, referrer }: ResolveMessage, { texts, entry }: Imported): ConfigProblem {
  const text = texts.get(referrer) ?? "";
  const isPackage = !/^[./]/.test(specifier);
  const advice = isPackage ? `: ${packageAdvice(specifier)}` : "";
  const what = isPackage ? "package" : "file";
  return {
    at: place(referrer || entry, text, text.search(new RegExp(`["'\`]${RegExp.escape(specifier)}["'\`]`))),
    path: "",
    message: `Cannot find the ${what} "${specifier}" that is imported here${advice}`,
  };
}

function packageAdvice(specifier: string): string {
  return specifier.startsWith(`${WCA_MODULE}/`)
    ? `all that there is comes from "${WCA_MODULE}" itself`
    : "install it in a node_modules folder beside the file or above it";
}

function exportProblem(
  { name, module }: { readonly name: string; readonly module: string },
  { entry, texts }: Imported,
): ConfigProblem {
  const word = new RegExp(`(?<![\\w$])${RegExp.escape(name)}(?![\\w$])`);
  const [file, text] = [...texts].find(
    ([candidate, content]) => candidate !== module && word.test(content),
  ) ?? [entry, ""];
  const near = module === WCA_MODULE ? suggestion(name, WCA_EXPORTS) : "";
  const hint = near === "" ? ' (types need "import type")' : near;
  return {
    at: place(file, text, text.search(word)),
    path: "",
    message: `"${module}" exports no value "${name}"${hint}`,
  };
}

function thrownProblem(error: unknown, { entry, texts }: Imported): ConfigProblem {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frames = stack.matchAll(/^ +at (?:.*\()?(\/.+:\d+:\d+)\)?$/gm);
  const known = [...frames].map(([, at = ""]) => at).find((at) => texts.has(at.replace(/:\d+:\d+$/, "")));
  const what = error instanceof Error ? `${error.name}: ${reasonOf(error)}` : reasonOf(error);
  return { at: known ?? entry, path: "", message: `The file failed while it was loaded: ${what}` };
}

function place(file: string, text: string, offset: number): string {
  return offset < 0 ? file : new Problems(file, lineStartsOf(text)).place(offset);
}
