import { describe, expect, test } from "bun:test";
import { checkMetrics, preparePrometheus, textfileCollector } from "./prometheus.ts";
import { requirement } from "./requirement.ts";
import { tempTree } from "./tree.ts";

const GOOD = `# HELP task_up Whether the task was seen.
# TYPE task_up gauge
task_up{task_id="a \\"quoted\\" name"} 1
task_up{task_id="b"} 0
`;

const met = await requirement("promtool and the node exporter", preparePrometheus);

describe.skipIf(!met)("checkMetrics()", () => {
  const cases = [
    { name: "nothing to say", text: GOOD, ok: true, lintMessages: [] },
    { name: "advice", text: "task_up 1\n", ok: true, lintMessages: ["task_up no help text"] },
    {
      name: "an open label",
      text: 'task_up{task_id="a} 1\n',
      ok: false,
      lintMessages: [expect.stringContaining("parsing error in line 1")],
    },
    {
      name: "no newline at the end",
      text: "task_up 1",
      ok: false,
      lintMessages: [expect.stringContaining("unexpected end of input")],
    },
  ];
  for (const { name, text, ok, lintMessages } of cases) {
    test(`tells parse errors from advice: ${name}`, async () => {
      expect(await checkMetrics(text)).toEqual({ ok, lintMessages });
    });
  }
});

describe.skipIf(!met)("textfileCollector()", () => {
  test("gives the series of good files", async () => {
    using tree = tempTree({ "wca.prom": GOOD });
    expect(await textfileCollector(tree.root)).toEqual({
      samples: { 'task_up{task_id="a \\"quoted\\" name"}': 1, 'task_up{task_id="b"}': 0 },
      scrapeError: 0,
      errors: [],
    });
  });

  test("says that the exporter refused a file", async () => {
    using tree = tempTree({ "wca.prom": "task_up 1 1700000000000\n" });
    expect(await textfileCollector(tree.root)).toEqual({
      samples: {},
      scrapeError: 1,
      errors: [expect.stringContaining("unsupported client-side timestamps")],
    });
  });

  test("says that a series is there twice", async () => {
    using tree = tempTree({ "wca.prom": "# HELP a A.\n# TYPE a gauge\na 1\na 1\n" });
    const { errors } = await textfileCollector(tree.root);
    expect(errors).toEqual([expect.stringContaining("was collected before with the same name")]);
  });
});
