/** Throws where packages of npm cannot be had. */
export async function npmRegistry(): Promise<void> {
  await fetch("https://registry.npmjs.org/change-case", {
    method: "HEAD",
    signal: AbortSignal.timeout(20_000),
  });
}
