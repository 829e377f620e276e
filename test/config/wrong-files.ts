/* Wrong configuration files and what is reported of them. */

export const HEAD = "runner: !MeasurementRunner\n  node: !PlainNode\n";
const NODES = "!PlainNode, !StaticNode";
const OPTIONS =
  "node, interval, metrics_storage, extra_storage, extra_labels, labelers, cycles, rdt, watched";
const TAGS =
  "!BrokenStorage, !LogStorage, !ManyStorage, !MeasurementRunner, !PlainNode, !RegexLabeler, !RuleStorage, !StaticNode";
export const LEVELS = '"critical", "error", "warning", "info", "debug", "trace"';

/** What is wrong, the file, and all that is reported. */
export const WRONG_FILES: readonly (readonly [string, string, ...string[]])[] = [
  ["empty", "", 'c.yaml:1:1: saw nothing, wanted a mapping with the key "runner"'],
  ["only a comment", "# later\n", 'c.yaml:1:1: saw nothing, wanted a mapping with the key "runner"'],
  ["a list", "- runner\n", 'c.yaml:1:1: saw a list, wanted a mapping with the key "runner"'],
  ["a text", "runner\n", 'c.yaml:1:1: saw a scalar, wanted a mapping with the key "runner"'],
  ["without runner", "loggers: {wca: info}\n", 'c.yaml:1:1: missing key "runner"'],
  [
    "a tag on the document",
    "!A {runner: }",
    'c.yaml:1:4: saw the tag !A on the document, wanted a mapping with the key "runner"',
  ],
  ["two documents", `${HEAD}---\na: 1\n`, "c.yaml:3:1: saw a second document, wanted one"],
  [
    "a key twice",
    `${HEAD}  rdt: true\n  rdt: false\n`,
    'c.yaml:4:3 runner.rdt: key "rdt" stands twice, first at c.yaml:3:3',
  ],
  [
    "syntax errors",
    "runner: {a: 1\nloggers: [\n",
    "c.yaml:2:1: Cannot parse YAML: Flow map in block collection must be sufficiently indented and end with a }",
    "c.yaml:3:1: Cannot parse YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
  ],
  [
    "an unknown top-level key",
    `${HEAD}runer: 1\n`,
    'c.yaml:3:1 runer: unknown key "runer", did you mean "runner"? known are loggers, runner, and x-… for anchors',
  ],
  [
    "a runner without tag",
    "runner:\n  node: 1\n",
    "c.yaml:1:1 runner: saw a mapping, wanted a runner: !MeasurementRunner",
  ],
  [
    "a runner of another role",
    "runner: !PlainNode\n",
    "c.yaml:1:9 runner: saw !PlainNode (a node), wanted a runner",
  ],
  ["nothing as runner", "runner:\n", "c.yaml:1:1 runner: saw nothing, wanted a runner: !MeasurementRunner"],
  [
    "an unknown tag",
    "runner: !MeasurementRunner\n  node: !StatcNode\n    tasks: 5\n",
    `c.yaml:2:9 runner.node: unknown tag "!StatcNode", did you mean "!StaticNode"? known are ${TAGS}`,
  ],
  [
    "a language's own tag",
    "runner: !!python/object:os.system {}\n",
    `c.yaml:1:9 runner: unknown tag "!!python/object:os.system", known are ${TAGS}`,
  ],
  [
    "a tag in full that only looks known",
    "runner: !<xPlainNode> {}\n",
    `c.yaml:1:9 runner: unknown tag "!<xPlainNode>", did you mean "!PlainNode"? known are ${TAGS}`,
  ],
  [
    "an unknown option",
    `${HEAD}  intervall: 5\n`,
    `c.yaml:3:3 runner.intervall: unknown option "intervall" of MeasurementRunner, did you mean "interval"? options of MeasurementRunner are ${OPTIONS}`,
  ],
  [
    "an option of a component without any",
    "runner: !MeasurementRunner\n  node: !PlainNode {tasks: []}\n",
    'c.yaml:2:21 runner.node.tasks: unknown option "tasks" of PlainNode: PlainNode has no options',
  ],
  [
    "a missing option",
    "runner: !MeasurementRunner\n  node: !StaticNode\n    require_pids: true\n",
    'c.yaml:2:3 runner.node.tasks: missing option "tasks" of StaticNode: Cgroup paths.',
  ],
  [
    "a missing option in a list",
    `${HEAD}  metrics_storage: !ManyStorage\n    storages:\n      - !LogStorage\n      - !ManyStorage\n        limits: {}\n`,
    'c.yaml:6:9 runner.metrics_storage.storages[1].storages: missing option "storages" of ManyStorage: Take the metrics.',
  ],
  [
    "text for a number",
    `${HEAD}  interval: abc\n`,
    'c.yaml:3:13 runner.interval: saw text "abc", wanted a number from 0 to 60',
  ],
  [
    "a number in quotes",
    `${HEAD}  interval: "5"\n`,
    'c.yaml:3:13 runner.interval: saw text "5", wanted a number from 0 to 60: leave out the quotes',
  ],
  [
    "a boolean for a number",
    `${HEAD}  interval: true\n`,
    "c.yaml:3:13 runner.interval: saw boolean true, wanted a number from 0 to 60",
  ],
  [
    "a number out of range",
    `${HEAD}  interval: 61\n`,
    "c.yaml:3:13 runner.interval: saw number 61, wanted a number from 0 to 60",
  ],
  [
    "not a number",
    `${HEAD}  interval: .nan\n`,
    "c.yaml:3:13 runner.interval: saw number .nan, wanted a number from 0 to 60",
  ],
  [
    "an infinity",
    `${HEAD}  interval: .inf\n`,
    "c.yaml:3:13 runner.interval: saw number .inf, wanted a number from 0 to 60",
  ],
  [
    "text for a boolean",
    `${HEAD}  rdt: yes\n`,
    'c.yaml:3:8 runner.rdt: saw text "yes", wanted true, false or null',
  ],
  [
    "a number for text",
    "runner: !MeasurementRunner\n  node: !StaticNode\n    tasks:\n      - a\n      - 5\n",
    'c.yaml:5:9 runner.node.tasks[1]: saw number 5, wanted text: write "5"',
  ],
  [
    "a boolean for text",
    `${HEAD}  extra_labels: {on: true}\n`,
    'c.yaml:3:22 runner.extra_labels.on: saw boolean true, wanted text: write "true"',
  ],
  [
    "empty text",
    "runner: !MeasurementRunner\n  node: !StaticNode {tasks: ['']}\n",
    'c.yaml:2:30 runner.node.tasks[0]: saw text "", wanted non-empty text',
  ],
  [
    "text for a list",
    "runner: !MeasurementRunner\n  node: !StaticNode {tasks: a}\n",
    'c.yaml:2:29 runner.node.tasks: saw text "a", wanted a list of non-empty texts',
  ],
  [
    "null for a required option",
    "runner: !MeasurementRunner\n  node: !StaticNode\n    tasks: ~\n",
    "c.yaml:3:12 runner.node.tasks: saw nothing, wanted a list of non-empty texts",
  ],
  [
    "a fraction for an integer",
    "runner: !MeasurementRunner\n  node: !StaticNode {tasks: [], mem: 1.5}\n",
    "c.yaml:2:38 runner.node.mem: saw number 1.5, wanted an integer of at least 0",
  ],
  [
    "an integer that loses digits",
    "runner: !MeasurementRunner\n  node: !StaticNode {tasks: [], mem: 9007199254740993}\n",
    "c.yaml:2:38 runner.node.mem: saw number 9007199254740993, wanted an integer from -9007199254740991 to 9007199254740991, or quotes if it is text",
  ],
  [
    "no branch of a union",
    `${HEAD}  cycles: off\n`,
    'c.yaml:3:11 runner.cycles: saw text "off", wanted an integer of at least 1 or "auto"',
  ],
  [
    "a choice that is none",
    `${HEAD}  metrics_storage: !LogStorage {level: hihg}\n`,
    'c.yaml:3:40 runner.metrics_storage.level: saw text "hihg", wanted one of "low", "high", did you mean "high"?',
  ],
  [
    "a path of the wrong kind",
    `${HEAD}  metrics_storage: !LogStorage\n    output_filename: a.prom\n`,
    'c.yaml:4:22 runner.metrics_storage.output_filename: saw text "a.prom", wanted an absolute path',
  ],
  [
    "a component of the wrong role",
    "runner: !MeasurementRunner\n  node: !LogStorage\n",
    "c.yaml:2:9 runner.node: saw !LogStorage (a storage), wanted a node",
  ],
  [
    "an alias of the wrong role",
    `${HEAD}  metrics_storage: &s !LogStorage\n  labelers: {a: *s}\n`,
    "c.yaml:4:17 runner.labelers.a: saw !LogStorage (a storage), wanted a labeler",
  ],
  [
    "a mapping without tag",
    "runner: !MeasurementRunner\n  node:\n    tasks: []\n",
    `c.yaml:2:3 runner.node: saw a mapping, wanted a node: ${NODES}`,
  ],
  [
    "text where a component goes",
    "runner: !MeasurementRunner\n  node: StaticNode\n",
    `c.yaml:2:9 runner.node: saw text "StaticNode", wanted a node: ${NODES}`,
  ],
  [
    "a component where text goes",
    `${HEAD}  extra_labels: {a: !LogStorage }\n`,
    "c.yaml:3:21 runner.extra_labels.a: saw !LogStorage (a storage), wanted text",
  ],
  [
    "a component where a mapping goes",
    `${HEAD}  metrics_storage: !ManyStorage\n    storages: []\n    limits: !LogStorage\n`,
    "c.yaml:5:13 runner.metrics_storage.limits: saw !LogStorage (a storage), wanted a mapping with cpu, mem",
  ],
  [
    "an unknown key of plain data",
    `${HEAD}  metrics_storage: !ManyStorage {storages: [], limits: {cpus: 1}}\n`,
    'c.yaml:3:57 runner.metrics_storage.limits.cpus: unknown key "cpus", did you mean "cpu"? known are cpu, mem',
  ],
  [
    "text after a tag",
    "runner: !MeasurementRunner\n  node: !PlainNode 124\n",
    'c.yaml:2:9 runner.node: saw text "124" after !PlainNode, wanted options as a mapping, or nothing',
  ],
  [
    "a list after a tag",
    "runner: !MeasurementRunner\n  node: !PlainNode [1]\n",
    "c.yaml:2:9 runner.node: saw a list after !PlainNode, wanted options as a mapping, or nothing",
  ],
  [
    "a constructor that throws",
    `${HEAD}  metrics_storage:\n    !BrokenStorage\n`,
    "c.yaml:4:5 runner.metrics_storage: Cannot build BrokenStorage: no brokers",
  ],
  ["a file of a component", `${HEAD}  metrics_storage: !RuleStorage\n`, "rules.yaml:7:1 [0]: saw nothing"],
  [
    "a level that is none",
    `${HEAD}loggers: {wca: inof}\n`,
    `c.yaml:3:16 loggers.wca: saw text "inof", wanted one of ${LEVELS}, did you mean "info"?`,
  ],
  [
    "levels in a list",
    `${HEAD}loggers: [info]\n`,
    `c.yaml:3:10 loggers: saw a list, wanted a mapping of texts to (one of ${LEVELS})`,
  ],
  [
    "an unset variable",
    `${HEAD}  interval: !Env NOWHERE\n`,
    'c.yaml:3:13 runner.interval: environment variable "NOWHERE" is not set and !Env has no default',
  ],
  [
    "a variable with other text than wanted, which may be secret",
    `${HEAD}  interval: !Env SECRET\n`,
    'c.yaml:3:13 runner.interval: saw the text of environment variable "SECRET", wanted a number from 0 to 60',
  ],
  [
    "a merge of an alias without anchor, but not what it might have brought",
    "runner: !MeasurementRunner\n  <<: *nowhere\n",
    'c.yaml:2:7 runner["<<"]: alias "*nowhere" has no anchor "&nowhere" before it',
  ],
  [
    "an alias without anchor",
    "runner: &runner !MeasurementRunner\n  node: *runer\n",
    'c.yaml:2:9 runner.node: alias "*runer" has no anchor "&runer" before it, did you mean "runner"?',
  ],
  [
    "an alias inside its anchor",
    `${HEAD}  extra_labels: &l\n    a: *l\n`,
    'c.yaml:4:8 runner.extra_labels.a: alias "*l" stands inside what it stands for',
  ],
  [
    "a merge of text",
    `${HEAD}  <<: text\n`,
    'c.yaml:3:7 runner["<<"]: wanted a mapping, or a list of mappings, to merge with "<<"',
  ],
  [
    "a key that is a list",
    `${HEAD}  ? [a]\n  : 1\n`,
    "c.yaml:3:5: saw a key that is no plain text, wanted text",
  ],
  [
    "a key and a value in one of several forms of a selection",
    `${HEAD}  watched: [{a: "("}, {b-c: x}]\n`,
    'c.yaml:3:17 runner.watched[0].a: saw text "(", wanted a regular expression: Invalid regular expression: missing )',
    'c.yaml:3:24 runner.watched[1].b-c: saw key "b-c", wanted a label name',
  ],
];
