/* Real Apache Kafka in KRaft mode, one node or several, on loopback; for tests and for the soak. */
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { javaClassPath } from "../../tools/maven.ts";

/** Both lines that are maintained; brokers of line 4 have dropped the oldest requests. */
export const KAFKA_VERSIONS = ["3.9.1", "4.1.1"] as const;
export type KafkaVersion = (typeof KAFKA_VERSIONS)[number];

/** The archives of one version; throws where they cannot be had. */
export function kafkaClassPath(version: KafkaVersion = "3.9.1"): Promise<string> {
  return javaClassPath({
    name: `kafka-${version}`,
    artifacts: [
      { group: "org.apache.kafka", artifact: "kafka_2.13", version },
      { group: "org.slf4j", artifact: "slf4j-simple", version: "1.7.36" },
    ],
  });
}

export interface KafkaOptions {
  readonly version?: KafkaVersion;
  /** Default: 1. */
  readonly nodes?: number;
  /** Further lines of `server.properties`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Adds a listener with TLS: key and certificate of the server in one PEM file. */
  readonly tlsKeyStore?: string;
  /** Adds a listener with SASL (plain and SCRAM) for this user. */
  readonly user?: { readonly name: string; readonly password: string };
  /** Folder of the nodes' data. Default: a temporary one, removed at the end. */
  readonly directory?: string;
}

/** One broker, which is a controller too. */
export interface KafkaNode {
  readonly id: number;
  /** `127.0.0.1:port` of the listener without TLS. */
  readonly address: string;
  readonly tlsAddress: string;
  readonly saslAddress: string;
  readonly dataDirectory: string;
  /** False once it has ended by itself, too. */
  readonly isRunning: boolean;
  /** Starts it on its ports and waits until it serves. */
  start(): Promise<void>;
  /** As the kernel kills, without a word. */
  kill(): Promise<void>;
  /** Stops it in good order. */
  stop(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  log(): string;
}

/** A running cluster; the end of the scope kills it and removes its data. */
export interface KafkaCluster extends AsyncDisposable {
  readonly nodes: readonly KafkaNode[];
  /** The first, or only node. */
  readonly node: KafkaNode;
  readonly addresses: readonly string[];
  /** `settings`: of the topic, such as `max.message.bytes`. */
  createTopic(topic: string, settings?: Readonly<Record<string, string>>, partitions?: number): Promise<void>;
  /** Changes settings of a topic. */
  setTopic(topic: string, settings: Readonly<Record<string, string>>): Promise<void>;
}

export type KafkaAdmin = ReturnType<Kafka["admin"]>;

/** What an administrator does, through the brokers at these addresses. */
export async function withAdmin<T>(
  brokers: readonly string[],
  work: (admin: KafkaAdmin) => Promise<T>,
): Promise<T> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Kind of resource of the protocol. */
const TOPIC_RESOURCE = 2;

const CLUSTER_ID = "d2NhLXRlc3QtY2x1c3Rlcg";
/** Little memory and a quick start; these brokers never live long. */
const JAVA = [
  "java",
  "-Xmx256m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
];
const START_MS = 120_000;

interface Ports {
  readonly plain: number;
  readonly controller: number;
  readonly tls: number;
  readonly sasl: number;
}

/** Formats and starts the nodes, and waits until all serve. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  const { nodes: count = 1, directory } = options;
  const root = directory ?? fs.mkdtempSync(path.join(os.tmpdir(), "wca-kafka-"));
  const classPath = await kafkaClassPath(options.version);
  const ports = await freePorts(count);
  const nodes = ports.map((_, index) => new Node({ index, ports, root, classPath, options }));
  const cluster: KafkaCluster = {
    nodes,
    node: nodes[0] as KafkaNode,
    addresses: nodes.map(({ address }) => address),
    async createTopic(topic, settings = {}, partitions = 1) {
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
      await withAdmin(cluster.addresses, (admin) =>
        admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }] }),
      );
    },
    async setTopic(topic, settings) {
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
      await withAdmin(cluster.addresses, (admin) =>
        admin.alterConfigs({
          validateOnly: false,
          resources: [{ type: TOPIC_RESOURCE, name: topic, configEntries }],
        }),
      );
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node.kill()));
      fs.rmSync(root, { recursive: true, force: true });
    },
  };
  try {
    await Promise.all(nodes.map((node) => node.format()));
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
  return cluster;
}

interface NodeOptions {
  readonly index: number;
  readonly ports: readonly Ports[];
  readonly root: string;
  readonly classPath: string;
  readonly options: KafkaOptions;
}

class Node implements KafkaNode {
  readonly id: number;
  readonly address: string;
  readonly tlsAddress: string;
  readonly saslAddress: string;
  readonly dataDirectory: string;
  readonly #options: NodeOptions;
  readonly #properties: string;
  readonly #logFile: string;
  #child: Bun.Subprocess | undefined;

  constructor(options: NodeOptions) {
    const { index, ports, root } = options;
    const own = ports[index] as Ports;
    this.#options = options;
    this.id = index + 1;
    this.address = `127.0.0.1:${own.plain}`;
    this.tlsAddress = `127.0.0.1:${own.tls}`;
    this.saslAddress = `127.0.0.1:${own.sasl}`;
    this.dataDirectory = path.join(root, `data-${this.id}`);
    this.#properties = path.join(root, `server-${this.id}.properties`);
    this.#logFile = path.join(root, `server-${this.id}.log`);
    fs.mkdirSync(root, { recursive: true });
    fs.writeFileSync(this.#properties, text(serverProperties(options, this.dataDirectory)));
  }

  async format(): Promise<void> {
    const { classPath, options } = this.#options;
    const { user } = options;
    const scram = ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) =>
      user === undefined ? [] : ["--add-scram", `${mechanism}=[name=${user.name},password=${user.password}]`],
    );
    const words = ["format", "--cluster-id", CLUSTER_ID, "--config", this.#properties, ...scram];
    const child = Bun.spawn([...JAVA, "-cp", classPath, "kafka.tools.StorageTool", ...words], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const complaint = `${await child.stdout.text()} ${await child.stderr.text()}`;
    if ((await child.exited) !== 0) throw new Error(`Cannot format the storage of Kafka: ${complaint}`);
  }

  async start(): Promise<void> {
    if (this.isRunning) return;
    const log = fs.openSync(this.#logFile, "a");
    const child = Bun.spawn([...JAVA, "-cp", this.#options.classPath, "kafka.Kafka", this.#properties], {
      stdin: "ignore",
      stdout: log,
      stderr: log,
    });
    fs.closeSync(log);
    this.#child = child;
    const deadline = Date.now() + START_MS;
    while (!(await serves(this.address))) {
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
        await this.kill();
        throw new Error(`Cannot start Kafka: ${this.log().slice(-4000)}`);
      }
      await Bun.sleep(50);
    }
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  log(): string {
    return fs.existsSync(this.#logFile) ? fs.readFileSync(this.#logFile, "utf8") : "";
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill(signal);
    await child?.exited;
  }
}

type Properties = Readonly<Record<string, string>>;

function serverProperties({ index, ports, options }: NodeOptions, dataDirectory: string): Properties {
  const own = ports[index] as Ports;
  const { tlsKeyStore, user, settings } = options;
  const listeners = [
    `PLAINTEXT://127.0.0.1:${own.plain}`,
    ...(tlsKeyStore === undefined ? [] : [`SSL://127.0.0.1:${own.tls}`]),
    ...(user === undefined ? [] : [`SASL_PLAINTEXT://127.0.0.1:${own.sasl}`]),
  ];
  const copies = String(Math.min(3, ports.length));
  return {
    "process.roles": "broker,controller",
    "node.id": String(index + 1),
    "controller.quorum.voters": ports
      .map(({ controller }, other) => `${other + 1}@127.0.0.1:${controller}`)
      .join(","),
    "controller.listener.names": "CONTROLLER",
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${own.controller}`].join(","),
    "advertised.listeners": listeners.join(","),
    "listener.security.protocol.map":
      "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
    "log.dirs": dataDirectory,
    "offsets.topic.replication.factor": copies,
    "transaction.state.log.replication.factor": copies,
    "transaction.state.log.min.isr": "1",
    "offsets.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.cleaner.dedupe.buffer.size": "2097152",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "controlled.shutdown.enable": "false",
    ...(tlsKeyStore === undefined
      ? {}
      : {
          "ssl.keystore.type": "PEM",
          "ssl.keystore.location": tlsKeyStore,
          "ssl.endpoint.identification.algorithm": "",
        }),
    ...(user === undefined ? {} : saslProperties(user)),
    ...settings,
  };
}

function saslProperties({
  name,
  password,
}: {
  readonly name: string;
  readonly password: string;
}): Properties {
  const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${name}="${password}";`;
  return {
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    "listener.name.sasl_plaintext.plain.sasl.jaas.config": plain,
    "listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config": scram,
    "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config": scram,
  };
}

function text(properties: Properties): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

async function freePorts(count: number): Promise<readonly Ports[]> {
  const servers = await Promise.all(Array.from({ length: count * 4 }, listen));
  const free = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return Array.from({ length: count }, (_, node) => {
    const [plain = 0, controller = 0, tls = 0, sasl = 0] = free.slice(node * 4);
    return { plain, controller, tls, sasl };
  });
}

function listen(): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

/** Whether a request for the versions of its requests is answered, which is the case once the broker takes part. */
function serves(address: string): Promise<boolean> {
  const [host = "", port = ""] = address.split(":");
  return new Promise((resolve) => {
    const socket = net.connect({ host, port: Number(port) });
    const end = (answered: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answered);
    };
    const timer = setTimeout(() => end(false), 2000);
    socket.once("connect", () => socket.write(API_VERSIONS));
    socket.once("data", () => end(true));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
  });
}

/** Size, key 18, version 0, correlation id 1, empty client id. kafka.apache.org/protocol */
const API_VERSIONS = Buffer.from("0000000a00120000000000010000", "hex");
