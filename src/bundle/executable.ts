import type { Description } from "../protocol/messages.ts";
import { GUEST_ARGUMENT } from "../wasm/guest-command.ts";
import { ARCHIVE, MINIFY, type Program } from "./program.ts";

/** What an executable is to have built in. */
export type ComponentSource = ClassSource | ModuleSource;

/** A module in WebAssembly; the executable need not ask it again what it is. */
export interface ModuleSource {
  /** For messages: what was given to `--register`. */
  readonly spec: string;
  /** Absolute path. */
  readonly file: string;
  /** Its tag. */
  readonly className: string;
  readonly description: Description;
}

export interface ClassSource {
  /** For messages: what was given to `--register`. */
  readonly spec: string;
  /** Absolute path. */
  readonly file: string;
  readonly exportName: string;
  /** Its tag. A bundler renames a class when another file has one of that name. */
  readonly className: string;
}

/** Systems that executables can be made for, as Bun calls them. */
export const TARGETS = [
  "bun-linux-x64",
  "bun-linux-x64-baseline",
  "bun-linux-x64-musl",
  "bun-linux-arm64",
  "bun-linux-arm64-musl",
] as const satisfies readonly Bun.Build.CompileTarget[];

export type Target = (typeof TARGETS)[number];

export interface ExecutableOptions {
  readonly program: Program;
  /** Default: none. */
  readonly components?: readonly ComponentSource[];
  /** Default: what this program runs on, for which nothing is downloaded. */
  readonly target?: Target;
  readonly outfile: string;
}

/** There are no such files: Bun takes the texts from memory. */
const FOLDER = "/wca-bundle";
const MAIN = `${FOLDER}/main.js`;
const TUNED = `${FOLDER}/tuned.js`;
const START = `${FOLDER}/start.js`;
const GUEST = `${FOLDER}/guest.js`;
const COMPONENTS = `${FOLDER}/components.js`;
const COMPRESSED = `${FOLDER}/${ARCHIVE}.gz`;
/** Where the files of an executable seem to be when it runs. */
const AT_RUN_TIME = "/$bunfs/root";

/**
 * Writes an executable. The agent and the user's classes are modules that are bundled on their own, as in
 * one the bundler would rename what has the same name; "wca" is looked up at run time, where it means the
 * agent's own objects. A configuration must mean the same in every working directory, so what Bun would load
 * from there is not loaded. Throws what `Bun.build` throws.
 */
export async function writeExecutable({
  program,
  components = [],
  target,
  outfile,
}: ExecutableOptions): Promise<void> {
  const own = components.length > 0;
  await Bun.build({
    entrypoints: [MAIN, START, GUEST, ...(own ? [COMPONENTS] : [])],
    files: {
      [MAIN]: mainText(own),
      [TUNED]: program.tuned,
      [START]: program.start,
      [GUEST]: program.guest,
      [COMPRESSED]: Bun.gzipSync(JSON.stringify(program)),
      ...(own ? { [COMPONENTS]: componentsText(components) } : {}),
    },
    naming: { entry: "[name].[ext]" },
    external: ["wca", `${AT_RUN_TIME}/*`],
    target: "bun",
    format: "esm",
    minify: MINIFY,
    env: "disable",
    bytecode: true,
    compile: {
      ...(target === undefined ? {} : { target }),
      outfile,
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      // Without it the packages that a file of the user imports are not found by their "exports".
      autoloadPackageJson: true,
    },
  });
}

function mainText(hasComponents: boolean): string {
  const load = hasComponents ? `() => import("${AT_RUN_TIME}/components.js")` : "";
  return `import "${COMPRESSED}" with { type: "file" };
import { tune } from "${TUNED}";
if (process.argv[2] === "${GUEST_ARGUMENT}") {
  await import("${AT_RUN_TIME}/guest.js");
} else {
  tune();
  const { start } = await import("${AT_RUN_TIME}/start.js");
  await start(${load});
}
`;
}

/** Named after their tags again, whatever the bundler makes of their names. */
function componentsText(components: readonly ComponentSource[]): string {
  const imports = components.map((source, index) => {
    const from = JSON.stringify(source.file);
    if ("description" in source) return `import component${index} from ${from} with { type: "file" };`;
    return `import { ${JSON.stringify(source.exportName)} as component${index} } from ${from};`;
  });
  const rows = components.map((source, index) => {
    const [spec, tag] = [JSON.stringify(source.spec), JSON.stringify(source.className)];
    if (!("description" in source))
      return `  { spec: ${spec}, componentClass: named(component${index}, ${tag}) },`;
    const description = JSON.stringify(source.description);
    return `  { spec: ${spec}, tag: ${tag}, module: component${index}, description: ${description} },`;
  });
  return `${imports.join("\n")}
function named(componentClass, name) {
  if (componentClass.name !== name) {
    Object.defineProperty(componentClass, "name", { value: name, configurable: true });
  }
  return componentClass;
}
export const components = [
${rows.join("\n")}
];
`;
}
