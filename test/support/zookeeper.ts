/* A real ZooKeeper out of its Debian packages, one server or an ensemble. */
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { debianTree } from "../../tools/debian.ts";
import type { Certificates } from "./certificates.ts";
import { freePorts, ServerProcess } from "./server-process.ts";

/** Little memory and a quick start; these servers never live long. */
const JAVA = ["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
const QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn";
const LIBRARIES = /^lib(zookeeper|netty|slf4j|snappy|dropwizard-metrics)-java$/;
const ARCHIVES =
  /^(zookeeper|zookeeper-jute|netty-(buffer|codec|common|handler|resolver|transport|transport-native-(epoll|unix-common))|metrics-core|slf4j-api|slf4j-simple|snappy-java)[.]jar$/;

/** The class path of the server, fetched if it is not cached; throws where it cannot be had or run. */
export async function prepareZookeeper(): Promise<string> {
  if (Bun.which("java") === null) throw new Error("no java on PATH, install default-jre-headless");
  const tree = await debianTree({ package: "zookeeper", dependencies: LIBRARIES });
  const folder = path.join(tree, "usr/share/java");
  const archives = fs.readdirSync(folder).filter((name) => ARCHIVES.test(name));
  return archives.map((name) => path.join(folder, name)).join(":");
}

export interface ZookeeperOptions {
  /** Default: 1. */
  readonly servers?: number;
  /** The address takes TLS only, and only clients with a certificate of the same authority. */
  readonly certificates?: Certificates;
  /** Further lines of `zoo.cfg`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

export interface ZookeeperServer {
  readonly address: string;
  readonly process: ServerProcess;
  /** `standalone`, `leader` or `follower`; nothing while it does not serve. */
  mode(): Promise<string | undefined>;
  /** Sessions of clients: their addresses, as the server prints them. */
  sessions(): Promise<readonly string[]>;
}

export interface ZookeeperEnsemble extends AsyncDisposable {
  readonly servers: readonly ZookeeperServer[];
  readonly addresses: readonly string[];
}

/** Started and serving; killed at the end of the scope, its data removed. */
export async function startZookeeper(options: ZookeeperOptions = {}): Promise<ZookeeperEnsemble> {
  const { servers: count = 1, certificates } = options;
  const classPath = await prepareZookeeper();
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "wca-zookeeper-"));
  const ports = await freePorts(4 * count);
  const numbers = Array.from({ length: count }, (_, index) => index);
  const members = numbers.map(
    (index) => `server.${index + 1}=127.0.0.1:${ports[4 * index + 2]}:${ports[4 * index + 3]}`,
  );
  const servers = numbers.map((index) => {
    const [plain = 0, secure = 0] = ports.slice(4 * index);
    const home = path.join(directory, String(index + 1));
    fs.mkdirSync(home);
    fs.writeFileSync(path.join(home, "myid"), `${index + 1}\n`);
    const lines = { ...settingsOf({ home, plain, secure }, options) };
    const text = [
      ...Object.entries(lines).map(([key, value]) => `${key}=${value}`),
      ...(count > 1 ? members : []),
    ];
    fs.writeFileSync(path.join(home, "zoo.cfg"), `${text.join("\n")}\n`);
    const process = new ServerProcess({
      name: "ZooKeeper",
      command: [
        ...[...JAVA, QUIET, "-cp", classPath],
        ...["org.apache.zookeeper.server.quorum.QuorumPeerMain", path.join(home, "zoo.cfg")],
      ],
      logFile: path.join(home, "log"),
      isReady: async () => (await modeOf(plain)) !== undefined,
    });
    return {
      address: `127.0.0.1:${certificates === undefined ? plain : secure}`,
      process,
      mode: () => modeOf(plain),
      sessions: async () =>
        (await command(plain, "cons")).split("\n").filter((line) => line.includes("sid=0x")),
    };
  });
  const ensemble: ZookeeperEnsemble = {
    servers,
    addresses: servers.map(({ address }) => address),
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map(({ process }) => process.kill()));
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    for (const { process } of servers) process.launch();
    await Promise.all(servers.map(({ process }) => process.ready()));
  } catch (error) {
    await ensemble[Symbol.asyncDispose]();
    throw error;
  }
  return ensemble;
}

interface Place {
  readonly home: string;
  readonly plain: number;
  readonly secure: number;
}

function settingsOf(
  { home, plain, secure }: Place,
  { certificates, settings }: ZookeeperOptions,
): Readonly<Record<string, string | number>> {
  return {
    tickTime: 500,
    initLimit: 20,
    syncLimit: 10,
    dataDir: home,
    clientPort: plain,
    clientPortAddress: "127.0.0.1",
    "admin.enableServer": "false",
    "4lw.commands.whitelist": "srvr,cons",
    ...(certificates === undefined ? {} : secureSettings({ home, secure }, certificates)),
    ...settings,
  };
}

function secureSettings(
  { home, secure }: Pick<Place, "home" | "secure">,
  { serverCert, serverKey, ca }: Certificates,
): Readonly<Record<string, string | number>> {
  const keyStore = path.join(home, "server.pem");
  fs.writeFileSync(keyStore, `${fs.readFileSync(serverKey, "utf8")}${fs.readFileSync(serverCert, "utf8")}`);
  return {
    secureClientPort: secure,
    secureClientPortAddress: "127.0.0.1",
    serverCnxnFactory: "org.apache.zookeeper.server.NettyServerCnxnFactory",
    "ssl.keyStore.location": keyStore,
    "ssl.trustStore.location": ca,
    "ssl.clientAuth": "need",
  };
}

async function modeOf(port: number): Promise<string | undefined> {
  return /^Mode: (\w+)/m.exec(await command(port, "srvr"))?.[1];
}

/** Answer of one of the server's four letter words; empty when it does not answer. */
function command(port: number, word: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = net.connect({ host: "127.0.0.1", port }, () => socket.write(word));
    socket.setTimeout(5000, () => socket.destroy());
    socket.on("data", (piece) => {
      text += piece.toString();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}
