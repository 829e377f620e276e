import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { DatabaseError, NoHostAvailable, TimeoutOnAllHosts } from "../../src/databases/errors.ts";
import { ZookeeperDatabase } from "../../src/databases/zookeeper.ts";
import { SSL } from "../../src/net/ssl.ts";
import { databaseConformance } from "../roles/database.ts";
import { type Certificates, makeCertificates, needOpenssl } from "../support/certificates.ts";
import { requirement } from "../support/requirement.ts";
import { freePorts, startSilentServer } from "../support/server-process.ts";
import { prepareZookeeper, startZookeeper, type ZookeeperEnsemble } from "../support/zookeeper.ts";

/** Java, elections and sessions that expire take their time on a busy host. */
const SLOW_MS = 180_000;
const hasZookeeper = await requirement("ZooKeeper", prepareZookeeper);
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

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("Cannot wait any longer");
    await Bun.sleep(100);
  }
}

/** The leader answers a sync at once, and may apply a commit after its followers did: for a moment it is behind. */
async function catchesUp(
  reader: ZookeeperDatabase,
  { before, now }: { readonly before: string; readonly now: string },
): Promise<void> {
  const deadline = performance.now() + 1000;
  for (;;) {
    const read = new TextDecoder().decode((await reader.get("a")) ?? undefined);
    if (read === now) return;
    expect(read).toBe(before);
    if (performance.now() > deadline) throw new Error(`still "${before}" after a second`);
  }
}

function recorder() {
  const warnings: string[] = [];
  const log = { warning: (message: string) => void warnings.push(message) };
  return { warnings, context: { log } as never };
}

describe.skipIf(!hasZookeeper)("on a real ZooKeeper", () => {
  let zookeeper: ZookeeperEnsemble;
  let hosts: string[];
  let namespaces = 0;
  beforeAll(async () => {
    zookeeper = await startZookeeper();
    hosts = [...zookeeper.addresses];
  }, SLOW_MS);
  afterAll(() => zookeeper[Symbol.asyncDispose]());

  function fresh(): string {
    namespaces++;
    return `wca/tests/${namespaces}`;
  }

  function server() {
    const [only] = zookeeper.servers;
    if (only === undefined) throw new Error("no server");
    return only;
  }

  databaseConformance("ZookeeperDatabase", () => {
    const options = { hosts, namespace: fresh(), timeout: 30 };
    const clients = [new ZookeeperDatabase(options)];
    return {
      database: clients[0] as ZookeeperDatabase,
      another() {
        const client = new ZookeeperDatabase(options);
        clients.push(client);
        return client;
      },
      async [Symbol.asyncDispose]() {
        await Promise.all(clients.map((client) => client.close()));
      },
    };
  });

  test("ZookeeperDatabase connects at the first use, once for all that goes on, and close() ends the session", async () => {
    await eventually(async () => (await server().sessions()).length === 0);
    const database = new ZookeeperDatabase({ hosts, namespace: fresh() });
    expect(await server().sessions()).toEqual([]);
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => database.set(`key${index}`, bytes(`${index}`))),
    );
    const read = await Promise.all(Array.from({ length: 50 }, (_, index) => database.get(`key${index}`)));
    expect(read).toEqual(Array.from({ length: 50 }, (_, index) => bytes(`${index}`)));
    expect(await server().sessions()).toHaveLength(1);
    await database.close();
    expect(await server().sessions()).toEqual([]);
  });

  test("ZookeeperDatabase makes missing parents, also when ten clients do so at once", async () => {
    const namespace = `/${fresh()}/deep/deeper/`;
    const clients = Array.from(
      { length: 10 },
      () => new ZookeeperDatabase({ hosts, namespace, timeout: 30 }),
    );
    await Promise.all(clients.map((client, index) => client.set(`key${index}`, bytes(`${index}`))));
    await clients[0]?.set("key3", bytes("three"));
    expect(await clients[9]?.get("key3")).toEqual(bytes("three"));
    expect(await clients[9]?.get("key7")).toEqual(bytes("7"));
    await Promise.all(clients.map((client) => client.close()));
  });

  test("ZookeeperDatabase keeps its namespaces apart", async () => {
    const [one, other] = [fresh(), fresh()].map((namespace) => new ZookeeperDatabase({ hosts, namespace }));
    await one?.set("a", bytes("1"));
    expect(await other?.get("a")).toBeNull();
    await one?.close();
    await other?.close();
  });

  test("ZookeeperDatabase refuses a value that is too long without losing its connection", async () => {
    const database = new ZookeeperDatabase({ hosts, namespace: fresh() });
    const value = Uint8Array.from({ length: 1_048_000 }, (_, index) => (index * 7919) >> 4);
    await database.set("long", value);
    const before = await server().sessions();
    expect(Bun.hash((await database.get("long")) ?? "")).toBe(Bun.hash(value));
    const error = await failure(database.set("long", new Uint8Array(1_048_576)));
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toMatch(/ZooKeeper takes at most 1048575$/);
    expect(await database.get("long")).toHaveLength(1_048_000);
    expect((await server().sessions()).map(sessionOf)).toEqual(before.map(sessionOf));
    await database.close();
  });

  test("ZookeeperDatabase tells by name why the server refused", async () => {
    const database = new ZookeeperDatabase({ hosts, namespace: fresh() });
    await database.set("a", bytes("1"));
    const below = new ZookeeperDatabase({ hosts, namespace: `wca/tests/${namespaces}/a` });
    await below.set("b", bytes("2"));
    const error = await failure(database.delete("a"));
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).toMatchObject({
      code: "NOTEMPTY",
      message: `Cannot delete "/wca/tests/${namespaces}/a" at ${hosts[0]}: NOTEMPTY`,
    });
    await database.close();
    await below.close();
  });

  test(
    "ZookeeperDatabase keeps its session while nothing happens",
    async () => {
      // A server that drops sessions after two seconds without a word.
      await using impatient = await startZookeeper({
        settings: { maxSessionTimeout: 2000, minSessionTimeout: 1000 },
      });
      const database = new ZookeeperDatabase({ hosts: [...impatient.addresses], namespace: "wca" });
      await database.set("a", bytes("1"));
      const [before = ""] = (await impatient.servers[0]?.sessions()) ?? [];
      const received = async () =>
        Number(/recved=(\d+)/.exec((await impatient.servers[0]?.sessions())?.[0] ?? "")?.[1]);
      const atFirst = await received();
      // Four times its time-out, told by the pings that came in.
      await eventually(async () => (await received()) >= atFirst + 12);
      const [after = ""] = (await impatient.servers[0]?.sessions()) ?? [];
      expect(sessionOf(after)).toBe(sessionOf(before));
      await database.close();
    },
    SLOW_MS,
  );

  test(
    "ZookeeperDatabase connects anew after its session has expired",
    async () => {
      await using impatient = await startZookeeper({
        settings: { maxSessionTimeout: 2000, minSessionTimeout: 1000 },
      });
      const { warnings, context } = recorder();
      const database = new ZookeeperDatabase(
        { hosts: [...impatient.addresses], namespace: "wca", timeout: 60 },
        context,
      );
      await database.set("a", bytes("1"));
      const [before = ""] = (await impatient.servers[0]?.sessions()) ?? [];
      impatient.servers[0]?.process.suspend();
      const waiting = database.set("a", bytes("2"));
      // The client gives up on a server that leaves its pings without an answer.
      await eventually(async () => warnings.length > 0);
      impatient.servers[0]?.process.resume();
      await waiting;
      expect(await database.get("a")).toEqual(bytes("2"));
      const [after = ""] = (await impatient.servers[0]?.sessions()) ?? [];
      expect(sessionOf(after)).not.toBe(sessionOf(before));
      expect(warnings).toEqual([
        `Cannot set "/wca/a" at ${impatient.addresses[0]}: no answer to a ping, trying again`,
      ]);
      await database.close();
    },
    SLOW_MS,
  );

  test(
    "ZookeeperDatabase goes on after the server was killed and started again",
    async () => {
      const database = new ZookeeperDatabase({ hosts, namespace: fresh(), timeout: 60 });
      await database.set("a", bytes("1"));
      await server().process.kill();
      const waiting = Promise.all([database.set("b", bytes("2")), database.get("a")]);
      await server().process.start();
      expect(await waiting).toEqual([undefined, bytes("1")]);
      expect(await database.get("b")).toEqual(bytes("2"));
      await database.close();
    },
    SLOW_MS,
  );
});

describe.skipIf(!hasZookeeper)("on three servers of ZooKeeper", () => {
  test(
    "ZookeeperDatabase goes on without any one of them, the leader too, and readers at each follow",
    async () => {
      await using zookeeper = await startZookeeper({ servers: 3 });
      const hosts = [...zookeeper.addresses];
      const database = new ZookeeperDatabase({ hosts, namespace: "wca", timeout: 60 });
      const readers = hosts.map(
        (host) => new ZookeeperDatabase({ hosts: [host], namespace: "wca", timeout: 60 }),
      );
      for (const [index, victim] of zookeeper.servers.entries()) {
        await database.set("a", bytes(`before ${index}`));
        await victim.process.kill();
        await database.set("a", bytes(`without ${index}`));
        expect(await database.get("a")).toEqual(bytes(`without ${index}`));
        await victim.process.start();
        for (const reader of readers)
          await catchesUp(reader, { before: `before ${index}`, now: `without ${index}` });
      }
      await database.set("a", bytes("round -1"));
      for (const reader of readers) await catchesUp(reader, { before: "without 2", now: "round -1" });
      for (let round = 0; round < 30; round++) {
        await database.set("a", bytes(`round ${round}`));
        for (const reader of readers)
          await catchesUp(reader, { before: `round ${round - 1}`, now: `round ${round}` });
      }
      await Promise.all([database, ...readers].map((each) => each.close()));
    },
    SLOW_MS,
  );

  test(
    "ZookeeperDatabase has no host available without a majority",
    async () => {
      await using zookeeper = await startZookeeper({ servers: 3 });
      const database = new ZookeeperDatabase({
        hosts: [...zookeeper.addresses],
        namespace: "wca",
        timeout: 60,
      });
      await database.set("a", bytes("1"));
      await zookeeper.servers[0]?.process.kill();
      await zookeeper.servers[1]?.process.kill();
      const hasty = new ZookeeperDatabase({ hosts: [...zookeeper.addresses], namespace: "wca", timeout: 2 });
      const error = await failure(hasty.set("a", bytes("2")));
      expect(error).toBeInstanceOf(NoHostAvailable);
      await zookeeper.servers[0]?.process.start();
      await database.set("a", bytes("3"));
      expect(await database.get("a")).toEqual(bytes("3"));
      await hasty.close();
      await database.close();
    },
    SLOW_MS,
  );
});

describe.skipIf(!hasZookeeper || !hasOpenssl)("on ZooKeeper with TLS", () => {
  let directory: string;
  let certificates: Certificates;
  let zookeeper: ZookeeperEnsemble;
  beforeAll(async () => {
    directory = mkdtempSync(path.join(os.tmpdir(), "wca-zookeeper-tls-"));
    certificates = await makeCertificates(directory);
    zookeeper = await startZookeeper({ certificates });
  }, SLOW_MS);
  afterAll(async () => {
    await zookeeper[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  function client(): { client_cert_path: string; client_key_path: string } {
    return { client_cert_path: certificates.clientCert, client_key_path: certificates.clientKey };
  }

  test.each(["127.0.0.1", "localhost"])(
    "ZookeeperDatabase talks to %s, whose certificate names it",
    async (name) => {
      const ssl = new SSL({ server_verify: certificates.ca, ...client() });
      const hosts = zookeeper.addresses.map((address) => address.replace("127.0.0.1", name));
      const database = new ZookeeperDatabase({ hosts, namespace: "wca", timeout: 30, ssl });
      const value = Uint8Array.from({ length: 900_000 }, (_, index) => (index * 7919) >> 4);
      await database.set(name, value);
      expect(Bun.hash((await database.get(name)) ?? "")).toBe(Bun.hash(value));
      await database.close();
    },
  );

  test("ZookeeperDatabase trusts no authority that it was not told of, and checks nothing when told so", async () => {
    const strict = new SSL({ server_verify: true, ...client() });
    const lax = new SSL({ server_verify: false, ...client() });
    const options = { hosts: [...zookeeper.addresses], namespace: "wca" };
    const refused = await failure(new ZookeeperDatabase({ ...options, timeout: 2, ssl: strict }).get("a"));
    expect(refused).toBeInstanceOf(NoHostAvailable);
    expect((refused as Error).message).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/);
    const database = new ZookeeperDatabase({ ...options, timeout: 30, ssl: lax });
    await database.set("lax", bytes("1"));
    expect(await database.get("lax")).toEqual(bytes("1"));
    await database.close();
  });

  test(
    "ZookeeperDatabase does not talk to a server whose certificate names another host",
    async () => {
      // The certificate of the client is of the same authority and names the host "client".
      const { clientCert: serverCert, clientKey: serverKey } = certificates;
      await using other = await startZookeeper({ certificates: { ...certificates, serverCert, serverKey } });
      const ssl = new SSL({ server_verify: certificates.ca, ...client() });
      for (const name of ["127.0.0.1", "localhost"]) {
        const hosts = other.addresses.map((address) => address.replace("127.0.0.1", name));
        const error = await failure(
          new ZookeeperDatabase({ hosts, namespace: "wca", timeout: 2, ssl }).get("a"),
        );
        expect(error).toBeInstanceOf(NoHostAvailable);
        expect((error as Error).message).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
      }
    },
    SLOW_MS,
  );

  test("ZookeeperDatabase is refused without a certificate, and without TLS", async () => {
    const ssl = new SSL({ server_verify: certificates.ca });
    const options = { hosts: [...zookeeper.addresses], namespace: "wca", timeout: 2 };
    expect(await failure(new ZookeeperDatabase({ ...options, ssl }).get("a"))).toBeInstanceOf(
      NoHostAvailable,
    );
    expect(await failure(new ZookeeperDatabase(options).get("a"))).toBeInstanceOf(NoHostAvailable);
  });
});

describe("ZookeeperDatabase", () => {
  test("throws TimeoutOnAllHosts when no host says a word, and asks each of them", async () => {
    using one = await startSilentServer();
    using other = await startSilentServer();
    const hosts = [one, other].map(({ port }) => `127.0.0.1:${port}`);
    const database = new ZookeeperDatabase({ hosts, namespace: "wca", timeout: 1 });
    const error = await failure(database.get("a"));
    expect(error).toBeInstanceOf(TimeoutOnAllHosts);
    for (const host of hosts) expect((error as Error).message).toContain(`${host}: no `);
    expect([one.connections(), other.connections()]).toEqual([1, 1]);
    await database.close();
  });

  test("throws NoHostAvailable when nobody listens, with the reason", async () => {
    const [dead] = await freePorts(1);
    const database = new ZookeeperDatabase({ hosts: [`127.0.0.1:${dead}`], namespace: "wca", timeout: 1 });
    const error = await failure(database.set("a", bytes("1")));
    expect(error).toBeInstanceOf(NoHostAvailable);
    expect(error).not.toBeInstanceOf(TimeoutOnAllHosts);
    expect((error as Error).message).toBe(
      `Cannot set "/wca/a": no host available, 127.0.0.1:${dead}: ECONNREFUSED`,
    );
  });

  test("gives up on a server that speaks another protocol", async () => {
    using web = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n") },
    });
    const database = new ZookeeperDatabase({
      hosts: [`127.0.0.1:${web.port}`],
      namespace: "wca",
      timeout: 1,
    });
    const error = await failure(database.get("a"));
    expect(error).toBeInstanceOf(NoHostAvailable);
    expect((error as Error).message).toContain("not ZooKeeper's protocol");
  });

  test("close() does not wait for hosts that say nothing, and fails what is going on", async () => {
    using silent = await startSilentServer();
    const database = new ZookeeperDatabase({
      hosts: [`127.0.0.1:${silent.port}`],
      namespace: "wca",
      timeout: 60,
    });
    const going = failure(database.get("a"));
    await eventually(async () => silent.connections() === 1);
    await database.close();
    expect(await going).toMatchObject({
      name: "DatabaseError",
      message: 'Cannot get "/wca/a": the database was closed',
    });
  }, 30_000);

  test("leaves nothing behind that keeps a process alive", async () => {
    const [dead] = await freePorts(1);
    const source = path.join(import.meta.dir, "../../src/databases/zookeeper.ts");
    const script = `
      const { ZookeeperDatabase } = await import("${source}");
      const database = new ZookeeperDatabase({ hosts: ["127.0.0.1:${dead}"], namespace: "wca", timeout: 1 });
      console.log((await database.get("a").catch((error) => error)).name);
      await database.close();`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
    expect([await child.stdout.text(), await child.exited]).toEqual(["NoHostAvailable\n", 0]);
  }, 60_000);

  test.each([
    [{ namespace: "wca" }, "hosts"],
    [{ hosts: [], namespace: "wca" }, "hosts"],
    [{ hosts: ["a b"], namespace: "wca" }, "hosts.0"],
    [{ hosts: ["zk1"] }, "namespace"],
    [{ hosts: ["zk1"], namespace: "" }, "namespace"],
    [{ hosts: ["zk1"], namespace: "a/../b" }, "namespace"],
    [{ hosts: ["zk1"], namespace: "zookeeper/quota" }, "namespace"],
    [{ hosts: ["zk1"], namespace: "wca", timeout: 0.5 }, "timeout"],
    [{ hosts: ["zk1"], namespace: "wca", timeout: 61 }, "timeout"],
    [{ hosts: ["zk1"], namespace: "wca", ssl: "yes" }, "ssl"],
  ])("the constructor refuses %p by name", (options, name) => {
    const make = () => new ZookeeperDatabase(options as unknown as { hosts: string[]; namespace: string });
    expect(make).toThrow(
      expect.objectContaining({ name: "TypeError", message: expect.stringContaining(name) }),
    );
  });
});

function sessionOf(line: string): string | undefined {
  return /sid=(0x[0-9a-f]+)/.exec(line)?.[1];
}
