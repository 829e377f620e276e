import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { COMPONENTS } from "../../src/components.ts";
import type { ComponentClass } from "../../src/config/component.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createRegistry } from "../../src/config/registry.ts";
import { EtcdDatabase } from "../../src/databases/etcd.ts";
import type { Database, Runner } from "../../src/model/roles.ts";
import { tempTree } from "../support/tree.ts";

const ROOT = path.join(import.meta.dir, "../..");
const BLOCKS = [
  ...fs.readFileSync(path.join(ROOT, "docs/databases.md"), "utf8").matchAll(/^```(ts|yaml)\n(.*?)^```$/gms),
].map(([, language = "", text = ""]) => ({ language, text }));
const [local = "", remote = "", counting = ""] = BLOCKS.filter(({ language }) => language === "ts").map(
  ({ text }) => text,
);
const [onDisk = "", onEtcd = ""] = BLOCKS.filter(({ language }) => language === "yaml").map(
  ({ text }) => text,
);

/** What "wca" has for these examples. */
const WCA = `
export * from "${ROOT}/src/api.ts";
export { Database } from "${ROOT}/src/model/roles.ts";
export { LocalDatabase } from "${ROOT}/src/databases/local.ts";
export { EtcdDatabase } from "${ROOT}/src/databases/etcd.ts";
export { ZookeeperDatabase } from "${ROOT}/src/databases/zookeeper.ts";
`;

/** The examples as files; what they keep goes below the tree. */
function example(text: string) {
  const tree = tempTree({ "wca.ts": WCA });
  const placed = text
    .replaceAll('from "wca"', 'from "./wca.ts"')
    .replaceAll("/var/lib", `${tree.root}/var/lib`);
  tree.write("example.ts", placed);
  return { tree, file: path.join(tree.root, "example.ts") };
}

function load(text: string, Counting: ComponentClass) {
  using tree = tempTree({ "wca.yaml": text });
  const file = path.join(tree.root, "wca.yaml");
  fs.chmodSync(file, 0o600);
  return loadConfig(file, {
    registry: createRegistry([...COMPONENTS, Counting]),
    contextFor: () => ({}) as never,
    env: {},
    hostname: "here",
  });
}

describe("docs/databases.md", () => {
  test("has the blocks that are tested here and no others", () => {
    expect(BLOCKS.map(({ language }) => language)).toEqual(["ts", "ts", "ts", "yaml", "yaml"]);
  });

  test("the first example keeps a value", async () => {
    const { tree, file } = example(local);
    using _ = tree;
    const child = Bun.spawn([process.execPath, file], { stdout: "pipe", stderr: "pipe" });
    expect([await child.stdout.text(), await child.stderr.text()]).toEqual(["weights\n", ""]);
    expect(fs.readFileSync(path.join(tree.root, "var/lib/wca/my-component/model"), "utf8")).toBe("weights");
  });

  test("the second example makes databases without connecting", async () => {
    const { tree, file } = example(remote);
    using _ = tree;
    const made = (await import(file)) as Record<string, object>;
    expect([made["etcd"]?.constructor.name, made["zookeeper"]?.constructor.name]).toEqual([
      "EtcdDatabase",
      "ZookeeperDatabase",
    ]);
  });

  test("the component counts its starts in the database that the file names", async () => {
    const { tree, file } = example(counting);
    using _ = tree;
    const { CountingRunner } = (await import(file)) as { CountingRunner: ComponentClass };
    const config = onDisk.replaceAll("/var/lib", `${tree.root}/var/lib`);
    const starts = () => fs.readFileSync(path.join(tree.root, "var/lib/wca/counts/starts"), "utf8");
    const signal = new AbortController().signal;
    for (const count of ["1", "2"]) {
      const { runner, components } = load(config, CountingRunner);
      expect(components.map(({ tag }) => tag)).toEqual(["LocalDatabase", "CountingRunner"]);
      await (runner as Runner).run(signal);
      expect(starts()).toBe(count);
    }
  });

  test("the file with etcd and TLS is right, and a component of another role is refused", async () => {
    const { tree, file } = example(counting);
    using _ = tree;
    const { CountingRunner } = (await import(file)) as { CountingRunner: ComponentClass };
    const { components } = load(onEtcd, CountingRunner);
    expect(components.map(({ tag }) => tag)).toEqual(["SSL", "EtcdDatabase", "CountingRunner"]);
    expect(components[1]?.instance as Database).toBeInstanceOf(EtcdDatabase);
    expect(() => load("runner: !CountingRunner\n  database: !SSL\n", CountingRunner)).toThrow(
      "saw !SSL (a ssl), wanted a database",
    );
    expect(() => load(onEtcd.replace("timeout: 2", "timeout: 200"), CountingRunner)).toThrow(
      "runner.database.timeout",
    );
  });
});
