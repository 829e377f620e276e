import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { DatabaseError, NoHostAvailable, TimeoutOnAllHosts } from "../../src/databases/errors.ts";
import { EtcdDatabase } from "../../src/databases/etcd.ts";
import { SSL } from "../../src/net/ssl.ts";
import { databaseConformance } from "../roles/database.ts";
import { type Certificates, makeCertificates, needOpenssl } from "../support/certificates.ts";
import { type EtcdCluster, prepareEtcd, startEtcd } from "../support/etcd.ts";
import { requirement } from "../support/requirement.ts";
import { freePorts, startSilentServer } from "../support/server-process.ts";

/** Three members, a lost leader and an election take their time on a busy host. */
const SLOW_MS = 120_000;
const hasEtcd = await requirement("etcd", prepareEtcd);
const hasOpenssl = await requirement("openssl", needOpenssl);

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function failure(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Retries while the cluster elects a leader. */
async function eventually<Result>(attempt: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await Bun.sleep(100);
    }
  }
}

function recorder() {
  const warnings: string[] = [];
  const log = { warning: (message: string) => void warnings.push(message) };
  return { warnings, context: { log } as never };
}

describe.skipIf(!hasEtcd)("on a real etcd", () => {
  let etcd: EtcdCluster;
  beforeAll(async () => {
    etcd = await startEtcd();
  }, SLOW_MS);
  afterAll(() => etcd[Symbol.asyncDispose]());

  async function removeAll(): Promise<void> {
    const body = JSON.stringify({ key: "AA==", range_end: "AA==" });
    await fetch(`${etcd.urls[0]}/v3/kv/deleterange`, { method: "POST", body });
  }

  databaseConformance("EtcdDatabase", async () => {
    await removeAll();
    const clients = [new EtcdDatabase({ hosts: [...etcd.urls] })];
    return {
      database: clients[0] as EtcdDatabase,
      another() {
        const client = new EtcdDatabase({ hosts: [...etcd.urls] });
        clients.push(client);
        return client;
      },
      async [Symbol.asyncDispose]() {
        await Promise.all(clients.map((client) => client.close()));
      },
    };
  });

  test("EtcdDatabase finds out the path of the gateway and remembers it", async () => {
    const asked: string[] = [];
    // etcd 3.2 has its gateway elsewhere and answers 404 to other paths.
    using old = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const { pathname } = new URL(request.url);
        asked.push(pathname);
        if (!pathname.startsWith("/v3alpha/")) return new Response("404 page not found\n", { status: 404 });
        const target = `${etcd.urls[0]}${pathname.replace("/v3alpha/", "/v3/")}`;
        return fetch(target, { method: "POST", body: await request.text() });
      },
    });
    const database = new EtcdDatabase({ hosts: [old.url.href] });
    await database.set("a", bytes("1"));
    expect(await database.get("a")).toEqual(bytes("1"));
    expect(asked).toEqual(["/v3/kv/put", "/v3beta/kv/put", "/v3alpha/kv/put", "/v3alpha/kv/range"]);
  });

  test("EtcdDatabase finds the path anew after an upgrade", async () => {
    let prefix = "/v3alpha/";
    using proxy = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const { pathname } = new URL(request.url);
        if (!pathname.startsWith(prefix)) return new Response("404 page not found\n", { status: 404 });
        const target = `${etcd.urls[0]}${pathname.replace(prefix, "/v3/")}`;
        return fetch(target, { method: "POST", body: await request.text() });
      },
    });
    const database = new EtcdDatabase({ hosts: [proxy.url.href] });
    await database.set("a", bytes("1"));
    prefix = "/v3/";
    expect(await database.get("a")).toEqual(bytes("1"));
  });

  test("EtcdDatabase asks nothing but a given path, and tells the status", async () => {
    const [host = ""] = etcd.urls;
    const right = new EtcdDatabase({ hosts: [host], api_path: "/v3" });
    await right.set("a", bytes("1"));
    const wrong = new EtcdDatabase({ hosts: [host], api_path: "/v3alpha" });
    const error = await failure(wrong.get("a"));
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).not.toBeInstanceOf(NoHostAvailable);
    expect(error).toMatchObject({
      code: 404,
      message: `Cannot get "a" at ${host}: status 404, 404 page not found`,
    });
  });

  test.each([
    [2_000_000, 400, "etcdserver: request is too large"],
    [3_000_000, 429, "grpc: received message larger than max (3000011 vs. 2097152)"],
  ])("EtcdDatabase tells why etcd refused a value of %d bytes", async (length, code, reason) => {
    const database = new EtcdDatabase({ hosts: [...etcd.urls] });
    expect(await failure(database.set("long", new Uint8Array(length)))).toMatchObject({
      name: "DatabaseError",
      code,
      message: `Cannot set "long" at ${etcd.urls[0]}: status ${code}, ${reason}`,
    });
    expect(await database.get("long")).toBeNull();
  });

  test("EtcdDatabase reads the longest value that etcd takes", async () => {
    const database = new EtcdDatabase({ hosts: [...etcd.urls] });
    const value = Uint8Array.from({ length: 1_500_000 }, (_, index) => (index * 7919) >> 4);
    await database.set("long", value);
    expect(Bun.hash((await database.get("long")) ?? "")).toBe(Bun.hash(value));
  });

  test("EtcdDatabase asks the next host when one cannot be reached, and stays with it", async () => {
    const [dead] = await freePorts(1);
    const { warnings, context } = recorder();
    const hosts = [`http://127.0.0.1:${dead}`, `${etcd.urls[0]}`];
    const database = new EtcdDatabase({ hosts }, context);
    await database.set("a", bytes("1"));
    expect(await database.get("a")).toEqual(bytes("1"));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toStartWith(`Cannot set "a" at http://127.0.0.1:${dead}: `);
  });

  test("EtcdDatabase asks the next host when one is late", async () => {
    using silent = await startSilentServer();
    const { warnings, context } = recorder();
    const hosts = [`http://127.0.0.1:${silent.port}`, `${etcd.urls[0]}`];
    const database = new EtcdDatabase({ hosts, timeout: 1 }, context);
    await database.set("a", bytes("1"));
    expect(await database.get("a")).toEqual(bytes("1"));
    expect(warnings).toEqual([`Cannot set "a" at ${hosts[0]}: no answer within 1 s, asking the next host`]);
  });

  test.each([500, 502, 503, 504])("EtcdDatabase asks the next host after status %d", async (status) => {
    using broken = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => Response.json({ error: "etcdserver: no leader", code: 14 }, { status }),
    });
    const { warnings, context } = recorder();
    const database = new EtcdDatabase({ hosts: [broken.url.href, `${etcd.urls[0]}`] }, context);
    await database.set("a", bytes("1"));
    expect(await database.get("a")).toEqual(bytes("1"));
    expect(warnings).toEqual([
      `Cannot set "a" at ${broken.url.origin}: status ${status}, etcdserver: no leader, asking the next host`,
    ]);
  });

  test.each([400, 401, 403, 429, 302])("EtcdDatabase asks no other host after status %d", async (status) => {
    using refusing = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => Response.json({ error: "etcdserver: no", code: 7 }, { status }),
    });
    const database = new EtcdDatabase({ hosts: [refusing.url.origin, `${etcd.urls[0]}`] });
    expect(await failure(database.set("refused", bytes("1")))).toMatchObject({
      name: "DatabaseError",
      code: status,
      message: `Cannot set "refused" at ${refusing.url.origin}: status ${status}, etcdserver: no`,
    });
  });

  test(
    "EtcdDatabase goes on after etcd was killed and started again",
    async () => {
      const database = new EtcdDatabase({ hosts: [...etcd.urls], timeout: 2 });
      await database.set("kept", bytes("1"));
      await etcd.members[0]?.process.kill();
      expect(await failure(database.get("kept"))).toBeInstanceOf(NoHostAvailable);
      await etcd.members[0]?.process.start();
      expect(await database.get("kept")).toEqual(bytes("1"));
      await database.set("kept", bytes("2"));
      // The connections that are kept have all died meanwhile.
      await etcd.members[0]?.process.kill();
      await etcd.members[0]?.process.start();
      await database.set("kept", bytes("3"));
      expect(await database.get("kept")).toEqual(bytes("3"));
    },
    SLOW_MS,
  );
});

describe.skipIf(!hasEtcd)("on three members of etcd", () => {
  test(
    "EtcdDatabase goes on without one of them, and tells when there is no majority",
    async () => {
      await using etcd = await startEtcd({ members: 3 });
      const database = new EtcdDatabase({ hosts: [...etcd.urls], timeout: 5 });
      for (let victim = 0; victim < 3; victim++) {
        await eventually(() => database.set("a", bytes(`before ${victim}`)));
        await etcd.members[victim]?.process.kill();
        expect(await eventually(() => database.get("a"))).toEqual(bytes(`before ${victim}`));
        await eventually(() => database.set("a", bytes(`without ${victim}`)));
        await etcd.members[victim]?.process.start();
        // Read at each of them: no read is behind.
        for (const host of etcd.urls) {
          const one = new EtcdDatabase({ hosts: [host] });
          expect(await eventually(() => one.get("a"))).toEqual(bytes(`without ${victim}`));
        }
      }
      await etcd.members[0]?.process.kill();
      await etcd.members[1]?.process.kill();
      const lonely = new EtcdDatabase({ hosts: [...etcd.urls], timeout: 1 });
      const error = await failure(lonely.set("a", bytes("lost")));
      expect(error).toBeInstanceOf(NoHostAvailable);
      for (const host of etcd.urls) expect((error as Error).message).toContain(host);
      await etcd.members[0]?.process.start();
      await eventually(() => lonely.set("a", bytes("back")));
      expect(await lonely.get("a")).toEqual(bytes("back"));
    },
    SLOW_MS,
  );

  test(
    "EtcdDatabase passes by a member that is suspended",
    async () => {
      await using etcd = await startEtcd({ members: 3 });
      const database = new EtcdDatabase({ hosts: [...etcd.urls], timeout: 2 });
      await eventually(() => database.set("a", bytes("1")));
      etcd.members[0]?.process.suspend();
      await eventually(() => database.set("a", bytes("2")));
      expect(await eventually(() => database.get("a"))).toEqual(bytes("2"));
      etcd.members[0]?.process.resume();
    },
    SLOW_MS,
  );
});

describe.skipIf(!hasEtcd || !hasOpenssl)("on etcd with TLS", () => {
  let directory: string;
  let certificates: Certificates;
  let etcd: EtcdCluster;
  beforeAll(async () => {
    directory = mkdtempSync(path.join(os.tmpdir(), "wca-etcd-tls-"));
    certificates = await makeCertificates(directory);
    etcd = await startEtcd({ certificates });
  }, SLOW_MS);
  afterAll(async () => {
    await etcd[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  test("EtcdDatabase shows its certificate and trusts the given authority", async () => {
    const { ca, clientCert, clientKey } = certificates;
    const ssl = new SSL({ server_verify: ca, client_cert_path: clientCert, client_key_path: clientKey });
    const database = new EtcdDatabase({ hosts: [...etcd.urls], ssl });
    await database.set("a", bytes("secret"));
    expect(await database.get("a")).toEqual(bytes("secret"));
  });

  test("EtcdDatabase does not talk to a server whose authority it does not know, or without its certificate", async () => {
    const { ca, clientCert, clientKey } = certificates;
    const client = { client_cert_path: clientCert, client_key_path: clientKey };
    for (const ssl of [new SSL({ server_verify: true, ...client }), new SSL({ server_verify: ca })]) {
      const database = new EtcdDatabase({ hosts: [...etcd.urls], ssl, timeout: 2 });
      expect(await failure(database.get("a"))).toBeInstanceOf(NoHostAvailable);
    }
  });
});

describe("EtcdDatabase", () => {
  test("throws TimeoutOnAllHosts after it has asked each host once", async () => {
    using one = await startSilentServer();
    using other = await startSilentServer();
    const hosts = [one, other].map(({ port }) => `http://127.0.0.1:${port}`);
    const database = new EtcdDatabase({ hosts, timeout: 1, api_path: "/v3alpha" });
    const error = await failure(database.get("a"));
    expect(error).toBeInstanceOf(TimeoutOnAllHosts);
    expect((error as Error).message).toBe(
      `Cannot get "a": no host available, ${hosts.map((host) => `${host}: no answer within 1 s`).join("; ")}`,
    );
    expect([one.connections(), other.connections()]).toEqual([1, 1]);
  });

  test("throws NoHostAvailable, which is no TimeoutOnAllHosts, when one host refused to connect", async () => {
    using silent = await startSilentServer();
    const [dead] = await freePorts(1);
    const hosts = [silent.port, dead].map((port) => `http://127.0.0.1:${port}`);
    const error = await failure(new EtcdDatabase({ hosts, timeout: 1 }).set("a", bytes("1")));
    expect(error).toBeInstanceOf(NoHostAvailable);
    expect(error).not.toBeInstanceOf(TimeoutOnAllHosts);
  });

  test.each(["no JSON", "[", "null", '"text"'])("throws when a server answers %p", async (text) => {
    using strange = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(text) });
    const error = await failure(new EtcdDatabase({ hosts: [strange.url.origin] }).get("a"));
    expect(error).toMatchObject({
      name: "DatabaseError",
      message: `Cannot get "a" at ${strange.url.origin}: the answer is no JSON object: ${text}`,
    });
  });

  test("decodes the value of base64, and takes a missing one for an empty one", async () => {
    const answers = [
      { kvs: [{ key: "YQ==", value: "AP+A" }] },
      { kvs: [{ key: "YQ==" }] },
      { header: {} },
      {},
    ];
    using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json(answers.shift()) });
    const database = new EtcdDatabase({ hosts: [server.url.origin] });
    const read = [
      await database.get("a"),
      await database.get("a"),
      await database.get("a"),
      await database.get("a"),
    ];
    expect(read).toEqual([Uint8Array.of(0, 255, 128), new Uint8Array(), null, null]);
  });

  test.each([
    [{}, "hosts"],
    [{ hosts: [] }, "hosts"],
    [{ hosts: ["127.0.0.1:2379"] }, "hosts.0"],
    [{ hosts: ["http://user:hunter2@h:1"] }, "hosts.0"],
    [{ hosts: ["http://h:1"], timeout: 0.5 }, "timeout"],
    [{ hosts: ["http://h:1"], timeout: 61 }, "timeout"],
    [{ hosts: ["http://h:1"], api_path: "v3" }, "api_path"],
    [{ hosts: ["http://h:1"], ssl: {} }, "ssl"],
    [{ hosts: ["http://h:1"], ssl: new SSL({ server_verify: false }) }, "ssl"],
    [{ hosts: ["http://h:1"], colour: "red" }, "colour"],
  ])("the constructor refuses %p by name", (options, name) => {
    const make = () => new EtcdDatabase(options as unknown as { hosts: string[] });
    expect(make).toThrow(
      expect.objectContaining({ name: "TypeError", message: expect.stringContaining(name) }),
    );
    expect(make).not.toThrow(expect.objectContaining({ message: expect.stringContaining("hunter2") }));
  });
});
