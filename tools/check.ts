/** The gate: `bun run check`. Types, lint and format, layers, generated files, then all tests. */

interface Step {
  readonly name: string;
  readonly args: readonly string[];
}

/** In the order of their cost. */
const STEPS: readonly Step[] = [
  { name: "types", args: ["node_modules/.bin/tsc", "--project", "."] },
  { name: "lint and format", args: ["node_modules/.bin/biome", "ci", "--error-on-warnings", "."] },
  {
    name: "layers",
    args: [
      "node_modules/.bin/depcruise",
      "--config",
      ".dependency-cruiser.cjs",
      "src",
      "tools",
      "test",
      "bench",
    ],
  },
  { name: "generated files", args: ["tools/generate.ts", "--check"] },
];
const TESTS: Step = { name: "tests", args: ["tools/test.ts"] };

/** Stops at the first step that fails. */
function main(): number {
  const steps = process.argv.includes("--no-tests") ? STEPS : [...STEPS, TESTS];
  for (const { name, args } of steps) {
    const started = performance.now();
    const { exitCode } = Bun.spawnSync([process.execPath, "--bun", ...args], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${exitCode === 0 ? "ok" : "FAILED"}: ${name} (${seconds} s)`);
    if (exitCode !== 0) return 1;
  }
  return 0;
}

process.exit(main());
