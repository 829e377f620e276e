/**
 * The layers of docs/architecture.md: a folder imports only from lower lines, never from a neighbour on
 * its own line; and each outside package is imported by one place only. Type-only imports count.
 */
const LAYERS = [
  ["model"],
  ["config", "kernel", "delivery", "protocol"],
  ["net"],
  ["nodes", "collectors", "detectors", "labelers", "storages", "databases", "trace", "wasm"],
  ["runners"],
];
/** Folders with components that may touch the machine. */
const MAY_REACH_KERNEL = ["nodes", "collectors"];
/** Package (or module of Bun) → who may import it. */
const PACKAGES = {
  yaml: "^src/config/",
  zod: "^src/(config|databases|detectors|net|nodes|collectors|labelers|protocol|storages|runners|wasm)/|^src/api[.]ts$",
  citty: "^src/cli(-options)?[.]ts$",
  kafkajs: "^src/storages/kafka/",
  snappyjs: "^src/storages/(kafka|remote-write)/",
  "@bufbuild/protobuf": "^src/storages/remote-write/",
  consola: "^src/log/pretty[.]ts$",
};

const folders = LAYERS.flat();
const layerRules = LAYERS.flatMap((line, height) =>
  line.map((folder) => {
    const lower = LAYERS.slice(0, height).flat();
    const allowed = [
      folder,
      ...lower.filter(
        (other) => other !== "kernel" || folder === "runners" || MAY_REACH_KERNEL.includes(folder),
      ),
    ];
    return {
      name: `layer-${folder}`,
      comment: `src/${folder} imports only ${allowed.join(", ")}`,
      severity: "error",
      from: { path: `^src/${folder}/` },
      to: { path: "^src/", pathNot: `^src/(${allowed.join("|")})/` },
    };
  }),
);
const packageRules = Object.entries(PACKAGES).map(([name, importer]) => ({
  name: `package-${name}`,
  comment: `${name} is imported by one place only`,
  severity: "error",
  from: { path: "^src/", pathNot: importer },
  to: { path: `^node_modules/${name}/` },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    ...packageRules,
    {
      name: "kernel-files",
      comment: "Only the kernel's door, the configuration file, storages' output and traces touch files",
      severity: "error",
      from: {
        path: `^src/(${folders.join("|")})/`,
        pathNot:
          "^src/(kernel/(host|file|auxv|own-process|perf/syscalls)|config/trusted-file|net/files|storages/(output|pipe)|databases/local|trace/(rotating-file|reader)|wasm/(resident|guest/(harden|pipe)))[.]ts$",
      },
      to: { path: "^(node:)?fs(/promises)?$" },
    },
    {
      name: "native",
      comment: "Only the kernel's door and the process that runs modules call foreign functions",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(kernel|wasm/guest)/" },
      to: { path: "^native/" },
    },
    {
      name: "wasm-guest",
      comment: "The process that runs modules loads next to nothing",
      severity: "error",
      from: { path: "^src/wasm/guest/" },
      to: { path: "^(src|node_modules)/", pathNot: "^src/wasm/|^src/model/" },
    },
    {
      name: "wasm-guest-only",
      comment: "What is in the guest runs in the process of a sandbox",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/wasm/guest/" },
      to: { path: "^src/wasm/guest/" },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "not-to-tests",
      comment: "The program does not know its tests and tools",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|tools|bench)/" },
    },
    {
      name: "no-orphans",
      comment: "Dead code",
      severity: "error",
      from: { orphan: true, path: "^src/", pathNot: "[.]d[.]ts$" },
      to: {},
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      extensions: [".ts", ".mts", ".mjs", ".js", ".json"],
      exportsFields: ["exports"],
      conditionNames: ["import", "bun", "node", "default", "types"],
    },
  },
};
