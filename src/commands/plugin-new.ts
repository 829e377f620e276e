import * as fs from "node:fs";
import * as path from "node:path";
import { loadTemplates } from "../bundle/program.ts";
import type { Templates } from "../bundle/templates.ts";
import { UsageError } from "../cli-options.ts";
import { suggestion } from "../config/nearest.ts";
import type { CommandOptions } from "./load.ts";

/** Stands in templates, and in names of their files, for the name of the plugin. */
const NAME = "__NAME__";
/** What every language takes for a name. */
const NAME_PATTERN = /^[a-z][a-z0-9-]{0,63}$/;

/** `wca plugin new`: a plugin that works and does something simple, to begin with. */
export async function newPlugin(folder: string, { lang }: CommandOptions): Promise<number> {
  const { name, files } = writePlugin(folder, { lang, templates: await loadTemplates() });
  const readme = files.find((file) => /^readme/i.test(file));
  const next = readme === undefined ? "" : `; ${path.join(folder, readme)} says how to build it`;
  console.log(`Wrote the plugin ${name} to ${folder}${next}`);
  return 0;
}

/** Throws a {@link UsageError} before anything was written. */
export function writePlugin(
  folder: string,
  { lang, templates }: { readonly lang: string | undefined; readonly templates: Templates },
): { readonly name: string; readonly files: readonly string[] } {
  const languages = Object.keys(templates);
  if (languages.length === 0)
    throw new UsageError("wca plugin new: this program was built without templates");
  if (lang === undefined) throw new UsageError(`missing option --lang, one of ${languages.join(", ")}`);
  const files = Object.hasOwn(templates, lang) ? templates[lang] : undefined;
  if (files === undefined) {
    const question = suggestion(lang, languages) || ",";
    throw new UsageError(`option --lang: saw "${lang}"${question} wanted one of ${languages.join(", ")}`);
  }
  const name = path.basename(path.resolve(folder));
  if (!NAME_PATTERN.test(name)) {
    throw new UsageError(
      `wca plugin new: saw the name "${name}", wanted small letters, digits and hyphens, a letter first`,
    );
  }
  requireEmpty(folder);
  for (const [file, text] of Object.entries(files)) {
    const target = path.join(folder, file.replaceAll(NAME, name));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, text.replaceAll(NAME, name), { flag: "wx" });
  }
  return { name, files: Object.keys(files) };
}

function requireEmpty(folder: string): void {
  try {
    if (fs.readdirSync(folder).length === 0) return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return;
    throw new UsageError(
      `wca plugin new: cannot write to "${folder}": ${code === "ENOTDIR" ? "it is a file" : code}`,
    );
  }
  throw new UsageError(`wca plugin new: "${folder}" is not empty, wanted a new or empty directory`);
}
