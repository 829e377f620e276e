import * as api from "../api.ts";

/** What a user's file imports from. */
export const WCA_MODULE = "wca";

/** Names of values that can be imported from "wca"; types are not among them. */
export const WCA_EXPORTS: readonly string[] = Object.keys(api);

/**
 * Makes `import … from "wca"` in any file that is loaded from now on mean the classes and functions of this
 * very program: also in a compiled one, and whatever copy of the package lies beside the file.
 */
export function provideWcaModule(): void {
  Bun.plugin({
    name: WCA_MODULE,
    setup(build) {
      build.module(WCA_MODULE, () => ({ exports: { ...api }, loader: "object" }));
    },
  });
}
