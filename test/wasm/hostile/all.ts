import { ANSWERS } from "./answers.ts";
import { DESCRIPTIONS } from "./descriptions.ts";
import { ENGINE } from "./engine.ts";
import { EXTISM_MEMORY } from "./extism-memory.ts";
import { FAILURES } from "./failures.ts";
import { FILES } from "./files.ts";
import type { HostileModules } from "./hostile-module.ts";
import { LINKS } from "./links.ts";
import { LOGS } from "./logs.ts";
import { LOOPS } from "./loops.ts";
import { MEMORY } from "./memory.ts";
import { WASI } from "./wasi.ts";

export const HOSTILE_MODULES: HostileModules = {
  ...LOOPS,
  ...MEMORY,
  ...ENGINE,
  ...EXTISM_MEMORY,
  ...ANSWERS,
  ...LOGS,
  ...WASI,
  ...LINKS,
  ...DESCRIPTIONS,
  ...FAILURES,
  ...FILES,
};
