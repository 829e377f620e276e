/**
 * Whether the tests that need `what` can run here: they can if `probe` does not throw. If it does, its
 * message is printed as the reason to skip; under WCA_REQUIRE_ALL=1 (our CI) it fails the test file.
 *
 *     describe.skipIf(!(await requirement("root", needRoot)))("…", () => { … });
 */
export async function requirement(what: string, probe: () => unknown): Promise<boolean> {
  try {
    await probe();
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (process.env["WCA_REQUIRE_ALL"] === "1") {
      throw new Error(`Cannot run tests that need ${what}: ${reason}`, { cause: error });
    }
    console.warn(`Skipping tests that need ${what}: ${reason}`);
    return false;
  }
}
