import { pluginToolchain } from "../../tools/plugin-toolchain.ts";
import { requirement } from "../support/requirement.ts";
import { npmRegistry } from "./npm-registry.ts";
import { testPage } from "./run-page.ts";

/** Rust first: a machine may have a `cargo` already that cannot build for WebAssembly. */
const LANGUAGES = ["rust", "c", "go"];

/** What a word behind a block says that it needs. */
const here = new Map([["network", await requirement("the registry of npm", npmRegistry)]]);
/** Of all languages together: none has a program of the same name as another. */
const env: Record<string, string> = {};
const folders: string[] = [];
for (const language of LANGUAGES) {
  const isHere = await requirement(`a compiler of ${language} for WebAssembly`, async () => {
    const { PATH = "", ...others } = await pluginToolchain(language);
    folders.push(PATH);
    Object.assign(env, others);
  });
  here.set(language, isHere);
}

testPage({
  file: "docs/writing-a-detector.md",
  env: () => ({ ...env, PATH: folders.join(":") || (process.env["PATH"] ?? "") }),
  isPossible: ({ words }) => words.every((word) => here.get(word) ?? true),
});
