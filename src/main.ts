#!/usr/bin/env bun
import { tune } from "./tuned.ts";

tune();
// Only now, so that what comes to an end in tune() has loaded next to nothing.
const { main } = await import("./cli.ts");
process.exit(await main(process.argv.slice(2)));
