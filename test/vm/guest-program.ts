/** Compiles a program for the guest, which has no Bun. */
export function buildForGuest(entry: string, outfile: string): void {
  const command = [process.execPath, "build", "--compile", "--minify-syntax", "--minify-whitespace", entry];
  const built = Bun.spawnSync([...command, "--outfile", outfile]);
  if (built.exitCode !== 0) throw new Error(`Cannot build "${entry}": ${built.stderr.toString()}`);
}
