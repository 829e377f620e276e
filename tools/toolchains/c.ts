import { join } from "node:path";
import { debianTree, LIBRARIES } from "../debian.ts";
import { HOST_TOOLCHAIN, type Toolchain } from "./toolchain.ts";
import { wrapper } from "./wrapper.ts";

const CACHE = join(import.meta.dir, "../../.cache");
const VERSION = 19;

/**
 * clang and wasm-ld for WebAssembly, under the names `clang-19` and `wasm-ld-19`. The host's, or else those of
 * Debian packages, unpacked below `.cache`: throws why that is not possible.
 */
export async function cToolchain(
  options: { readonly cache?: string; readonly useHost?: boolean } = {},
): Promise<Toolchain> {
  const { cache = CACHE, useHost = true } = options;
  const programs = [`clang-${VERSION}`, `wasm-ld-${VERSION}`];
  if (useHost && programs.every((program) => Bun.which(program) !== null)) return HOST_TOOLCHAIN;
  const debian = join(cache, "debian");
  const clang = await debianTree({
    package: `clang-${VERSION}`,
    dependencies: LIBRARIES,
    cache: debian,
  });
  const lld = await debianTree({ package: `lld-${VERSION}`, cache: debian });
  const bin = join(cache, `llvm-${VERSION}`);
  const libraries = [clang];
  await wrapper(join(bin, programs[0] ?? ""), join(clang, `usr/lib/llvm-${VERSION}/bin/clang`), {
    libraries,
  });
  for (const name of [`wasm-ld-${VERSION}`, "wasm-ld"]) {
    await wrapper(join(bin, name), join(lld, `usr/lib/llvm-${VERSION}/bin/wasm-ld`), { libraries });
  }
  return { folders: [bin], env: {} };
}
