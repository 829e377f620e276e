#!/usr/bin/env bun
import { tune } from "./tuned.ts";

tune();
// Only now, so that what comes to an end in tune() has loaded next to nothing.
const { start } = await import("./start.ts");
await start();
