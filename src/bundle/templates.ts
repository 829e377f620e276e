import * as fs from "node:fs";
import * as path from "node:path";

/** Texts by path, of each language that a plugin can be begun in. */
export type Templates = Readonly<Record<string, Readonly<Record<string, string>>>>;

const PDK = path.join(import.meta.dir, "../../wasm-plugins/pdk");
const TEMPLATE = "template";
/** What a build or a test leaves, and what only the library's own tests need. */
const LEFT_OUT = /^(?:target|build|node_modules|test|tests|\.cache)$|_test\.go$/;

/**
 * What a new plugin is made of, from the files beside the sources: the library of the language, and over it
 * the template. Empty where the files are not there.
 */
export function readTemplates(folder = PDK): Templates {
  if (!fs.existsSync(folder)) return {};
  const languages = fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const begun = languages.filter(({ name }) => fs.existsSync(path.join(folder, name, TEMPLATE)));
  return Object.fromEntries(
    begun.map(({ name }) => [name, textsOf(path.join(folder, name))] as const).sort(),
  );
}

function textsOf(language: string): Record<string, string> {
  const library = filesBelow(language).filter((file) => !file.startsWith(`${TEMPLATE}/`));
  const template = path.join(language, TEMPLATE);
  const texts = [
    ...library.map((file) => [file, path.join(language, file)] as const),
    ...filesBelow(template).map((file) => [file, path.join(template, file)] as const),
  ];
  return Object.fromEntries(texts.map(([file, place]) => [file, fs.readFileSync(place, "utf8")]));
}

/** Paths below a folder, sorted. */
function filesBelow(folder: string, below = ""): readonly string[] {
  const entries = fs.readdirSync(path.join(folder, below), { withFileTypes: true });
  return entries
    .filter(({ name }) => !LEFT_OUT.test(name))
    .flatMap((entry) => {
      const place = path.join(below, entry.name);
      return entry.isDirectory() ? filesBelow(folder, place) : [place];
    })
    .sort();
}
