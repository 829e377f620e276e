/* A real etcd out of its Debian package, one member or several. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { debianProgram } from "../../tools/debian.ts";
import type { Certificates } from "./certificates.ts";
import { freePorts, ServerProcess } from "./server-process.ts";

/** Fetches the program if it is not cached; throws where it cannot be had. */
export function prepareEtcd(): Promise<readonly string[]> {
  return debianProgram({ package: "etcd-server", path: "usr/bin/etcd" });
}

export interface EtcdOptions {
  /** Default: 1. */
  readonly members?: number;
  /** Serves https, and only to clients with a certificate of the same authority. */
  readonly certificates?: Certificates;
}

export interface EtcdMember {
  readonly url: string;
  readonly process: ServerProcess;
}

export interface EtcdCluster extends AsyncDisposable {
  readonly members: readonly EtcdMember[];
  readonly urls: readonly string[];
}

/** Started and serving; killed at the end of the scope, its data removed. */
export async function startEtcd({
  members: count = 1,
  certificates,
}: EtcdOptions = {}): Promise<EtcdCluster> {
  const [program = ""] = await prepareEtcd();
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "wca-etcd-"));
  const ports = await freePorts(3 * count);
  const places = Array.from({ length: count }, (_, index) => {
    const [client, peer, health] = ports.slice(3 * index);
    const scheme = certificates === undefined ? "http" : "https";
    return {
      name: `m${index}`,
      client: `${scheme}://127.0.0.1:${client}`,
      peer: `http://127.0.0.1:${peer}`,
      health: `http://127.0.0.1:${health}`,
    };
  });
  const everybody = places.map(({ name, peer }) => `${name}=${peer}`).join(",");
  const members = places.map(({ name, client, peer, health }) => {
    const flags = {
      name,
      "data-dir": path.join(directory, name),
      "listen-client-urls": client,
      "advertise-client-urls": client,
      "listen-peer-urls": peer,
      "initial-advertise-peer-urls": peer,
      "initial-cluster": everybody,
      "listen-metrics-urls": health,
      logger: "zap",
      "log-level": "error",
      ...(certificates === undefined
        ? {}
        : {
            "cert-file": certificates.serverCert,
            "key-file": certificates.serverKey,
            "trusted-ca-file": certificates.ca,
            "client-cert-auth": "true",
          }),
    };
    const process = new ServerProcess({
      name: "etcd",
      command: [program, ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)],
      logFile: path.join(directory, `${name}.log`),
      isReady: () => isHealthy(`${health}/health`),
    });
    return { url: client, process };
  });
  const cluster: EtcdCluster = {
    members,
    urls: members.map(({ url }) => url),
    async [Symbol.asyncDispose]() {
      await Promise.all(members.map(({ process }) => process.kill()));
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    for (const { process } of members) process.launch();
    await Promise.all(members.map(({ process }) => process.ready()));
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
  return cluster;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    const { health } = (await response.json()) as { readonly health?: string };
    return health === "true";
  } catch {
    return false;
  }
}
