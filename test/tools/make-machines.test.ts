import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { MACHINES } from "../../tools/make-machines.ts";

const root = path.join(import.meta.dirname, "../machines");

test.each(Object.entries(MACHINES))("test/machines/%s is what make-machines writes", (name, files) => {
  const written = Object.fromEntries(
    fs
      .readdirSync(path.join(root, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [path.relative(path.join(root, name), file), fs.readFileSync(file, "latin1")]),
  );
  expect(written).toEqual({ ...files() });
});
