/** How to run a compiler: what goes before PATH, and into the environment. */
export interface Toolchain {
  readonly folders: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The compiler is on PATH as it is. */
export const HOST_TOOLCHAIN: Toolchain = { folders: [], env: {} };
