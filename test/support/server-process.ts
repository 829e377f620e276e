/* Servers of tests that run as a process of their own, on 127.0.0.1. */
import * as fs from "node:fs";
import * as net from "node:net";

const START_MS = 120_000;
const PAUSE_MS = 50;

export interface ServerProcessOptions {
  /** For messages. */
  readonly name: string;
  readonly command: readonly string[];
  readonly logFile: string;
  /** Whether it serves now. */
  readonly isReady: () => Promise<boolean>;
}

/** A server that can be killed, stopped for a while, and started again with the same data. */
export class ServerProcess implements AsyncDisposable {
  readonly #options: ServerProcessOptions;
  #child: Bun.Subprocess | undefined;

  constructor(options: ServerProcessOptions) {
    this.#options = options;
  }

  /** Starts it and waits until it serves. */
  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  launch(): void {
    const log = fs.openSync(this.#options.logFile, "a");
    this.#child = Bun.spawn([...this.#options.command], { stdin: "ignore", stdout: log, stderr: log });
    fs.closeSync(log);
  }

  async ready(): Promise<void> {
    const { name, isReady, logFile } = this.#options;
    const deadline = performance.now() + START_MS;
    while (!(await isReady())) {
      const ended =
        this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (ended || performance.now() > deadline) {
        await this.kill();
        throw new Error(`Cannot start ${name}: ${fs.readFileSync(logFile, "utf8").slice(-4000)}`);
      }
      await Bun.sleep(PAUSE_MS);
    }
  }

  /** As the kernel kills, without a word. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
    await child?.exited;
  }

  /** Its sockets stay, but nothing answers until {@link resume}. */
  suspend(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** Ports that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

function listen(): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

/** A port that takes connections and never says a word. */
export interface SilentServer extends Disposable {
  readonly port: number;
  readonly connections: () => number;
}

export async function startSilentServer(): Promise<SilentServer> {
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const server = net.createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.resume();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as net.AddressInfo).port,
    connections: () => connections,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
