import { expect, test } from "bun:test";
import { tempTree } from "./support/tree.ts";
import { configFiles, wca } from "./support/wca.ts";

const TIMEOUT_MS = 60_000;

/** Makes the import of a package that only some storages need fail, as if it were not there. */
const REFUSAL = `Bun.plugin({
  name: "refusal",
  setup(build) {
    build.onLoad({ filter: /node_modules\\/(kafkajs|@bufbuild|snappyjs)\\// }, ({ path }) => {
      throw new Error("refused to load " + path.replace(/^.*node_modules./, ""));
    });
  },
});
`;

async function runWith(storage: string) {
  using tree = tempTree({ "refusal.ts": REFUSAL });
  configFiles(tree.root, {
    "c.yaml": `runner: !MeasurementRunner
  node: !StaticNode {tasks: []}
  metrics_storage: ${storage}
`,
  });
  return await wca(["-0c", "c.yaml", "-n1"], { cwd: tree.root, preload: `${tree.root}/refusal.ts` });
}

test(
  "packages that only some storages need are loaded with these",
  async () => {
    const plain = await runWith("!LogStorage {output_filename: out.prom}");
    expect({ exitCode: plain.exitCode, stderr: plain.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(plain.stdout).not.toContain("refused");
    const kafka = await runWith("!KafkaStorage {topic: metrics, brokers_ips: ['127.0.0.1:9']}");
    expect(kafka.stdout + kafka.stderr).toContain("refused to load kafkajs/");
  },
  TIMEOUT_MS,
);
