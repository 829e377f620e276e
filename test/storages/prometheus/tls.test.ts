import { describe, expect, spyOn, test } from "bun:test";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { makeCertificates, needOpenssl } from "../../support/certificates.ts";
import { requirement } from "../../support/requirement.ts";
import { tempTree } from "../../support/tree.ts";
import { metric } from "../exposition/samples.ts";
import { type OpenStorage, openStorage, storageOf } from "./storage-of.ts";

const available = await requirement("openssl", needOpenssl);

/** Status of /metrics, and the serial number of the certificate that was shown; throws when there is no connection. */
async function ask(open: OpenStorage, options: ConnectionOptions) {
  using client = clientOf(open, options);
  return await client.ask();
}

/** Keeps its connection. */
function clientOf(open: OpenStorage, options: ConnectionOptions) {
  const socket: TLSSocket = connect({ port: Number(open.url().port), host: "127.0.0.1", ...options });
  const ended = new Promise<never>((_, reject) => {
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed")));
  });
  ended.catch(() => {});
  async function ask() {
    socket.write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    let text = "";
    const answered = new Promise<void>((resolve) => {
      socket.on("data", (chunk) => {
        text += chunk.toString();
        if (/\r\n\r\n.*\n$/s.test(text)) resolve();
      });
    });
    await Promise.race([answered, ended]);
    return { status: text.slice(9, 12), serial: socket.getPeerCertificate().serialNumber };
  }
  return { ask, socket, ended, [Symbol.dispose]: () => void socket.destroy() };
}

describe.skipIf(!available)("PrometheusStorage", () => {
  test("serves TLS 1.2 and later, to clients that trust its authority", async () => {
    using tree = tempTree({});
    const files = await makeCertificates(tree.root);
    const ca = await readFile(files.ca);
    await using open = await openStorage({ cert_path: files.serverCert, key_path: files.serverKey });
    open.storage.store([metric("m", 1)]);
    expect(open.url().href).toStartWith("https://127.0.0.1:");
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const { status } = await ask(open, { ca, minVersion: version, maxVersion: version });
      expect(status).toBe("200");
    }
    await expect(ask(open, {})).rejects.toThrow(/certificate/);
    const old = ["s_client", "-connect", open.url().host, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];
    const child = Bun.spawn(["openssl", ...old], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    expect(await child.stderr.text()).toContain("alert protocol version");
    expect(await child.exited).not.toBe(0);
  });

  test("takes certificate and key out of one file", async () => {
    using tree = tempTree({});
    const files = await makeCertificates(tree.root);
    const both = `${tree.root}/both.pem`;
    await writeFile(both, Buffer.concat([await readFile(files.serverCert), await readFile(files.serverKey)]));
    await using open = await openStorage({ cert_path: both });
    open.storage.store([metric("m", 1)]);
    expect((await ask(open, { ca: await readFile(files.ca) })).status).toBe("200");
  });

  test("lets in only clients with a certificate of client_ca_path", async () => {
    using tree = tempTree({});
    using elsewhere = tempTree({});
    const [files, others] = [await makeCertificates(tree.root), await makeCertificates(elsewhere.root)];
    const ca = await readFile(files.ca);
    await using open = await openStorage({
      cert_path: files.serverCert,
      key_path: files.serverKey,
      client_ca_path: files.ca,
      listen: "0.0.0.0:0",
    });
    open.storage.store([metric("m", 1)]);
    // Clients are known: nothing to warn of.
    expect(open.logged.map(([level]) => level)).toEqual(["info"]);
    const pair = async (cert: string, key: string) => ({
      cert: await readFile(cert),
      key: await readFile(key),
    });
    const known = { ca, ...(await pair(files.clientCert, files.clientKey)) };
    expect((await ask(open, known)).status).toBe("200");
    await expect(ask(open, { ca })).rejects.toThrow();
    await expect(ask(open, { ca, ...(await pair(others.clientCert, others.clientKey)) })).rejects.toThrow();
  });

  test("reopen() shows the renewed certificate at the same port, and keeps the old one if the new cannot be used", async () => {
    using tree = tempTree({});
    using later = tempTree({});
    const [files, renewed] = [await makeCertificates(tree.root), await makeCertificates(later.root)];
    const cas = [await readFile(files.ca), await readFile(renewed.ca)];
    await using open = await openStorage({ cert_path: files.serverCert, key_path: files.serverKey });
    open.storage.store([metric("m", 1)]);
    const before = await ask(open, { ca: cas });
    const { href } = open.url();
    await copyFile(renewed.serverCert, files.serverCert);
    expect(() => open.storage.reopen()).toThrow(
      `Cannot use certificate "${files.serverCert}" with key "${files.serverKey}"`,
    );
    expect(await ask(open, { ca: cas })).toEqual(before);
    await copyFile(renewed.serverKey, files.serverKey);
    using kept = clientOf(open, { ca: cas });
    expect(await kept.ask()).toEqual(before);
    open.storage.reopen();
    const after = await ask(open, { ca: cas });
    expect([after.status, after.serial === before.serial, open.url().href]).toEqual(["200", false, href]);
    // Who keeps a connection is to come again.
    await expect(kept.ended).rejects.toThrow("closed");
    await open.storage.close();
    await expect(ask(open, { ca: cas })).rejects.toThrow();
  });

  test("close() ends answers that were under way at reopen()", async () => {
    using tree = tempTree({});
    const files = await makeCertificates(tree.root);
    const ca = await readFile(files.ca);
    await using open = await openStorage({
      cert_path: files.serverCert,
      key_path: files.serverKey,
    });
    const label = "x".repeat(20_000);
    open.storage.store(
      Array.from({ length: 3000 }, (_, index) => metric("m", index, { labels: { label, t: String(index) } })),
    );
    using slow = clientOf(open, { ca });
    let length = 0;
    const begun = new Promise<void>((resolve) => {
      slow.socket.on("data", (chunk) => {
        length += chunk.length;
        resolve();
      });
    });
    slow.socket.once("data", () => void slow.socket.pause());
    slow.socket.write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    await begun;
    open.storage.reopen();
    await open.storage.close();
    slow.socket.resume();
    await expect(slow.ended).rejects.toThrow();
    expect(length).toBeLessThan(60_000_000);
  }, 60_000);

  test("reopen() listens again when it could not at the time before", async () => {
    using tree = tempTree({});
    const files = await makeCertificates(tree.root);
    const ca = await readFile(files.ca);
    await using open = await openStorage({ cert_path: files.serverCert, key_path: files.serverKey });
    open.storage.store([metric("m", 1)]);
    const { href } = open.url();
    {
      using _ = spyOn(Bun, "serve").mockImplementationOnce(() => {
        throw Object.assign(new Error("Too many open files"), { code: "EMFILE" });
      });
      expect(() => open.storage.reopen()).toThrow(
        /^Cannot listen on 127.0.0.1:\d+: EMFILE, Too many open files$/,
      );
    }
    open.storage.reopen();
    expect(open.url().href).toBe(href);
    expect((await ask(open, { ca })).status).toBe("200");
  });

  test("reopen() without a certificate leaves everything as it is, and does nothing after close()", async () => {
    await using open = await openStorage();
    const { href } = open.url();
    open.storage.reopen();
    expect(open.url().href).toBe(href);
    await open.storage.close();
    open.storage.reopen();
    expect(open.storage.url).toBeUndefined();
  });

  test.each([
    ["cert_path", {}, /^Cannot read cert_path "\/nonexistent\/a": ENOENT$/],
    ["cert_path", { "nonexistent/a": "" }, /: no PEM block/],
  ])("open() refuses a %s that cannot be used: %j", (_, content, message) => {
    using tree = tempTree(content);
    const isThere = Object.keys(content).length > 0;
    const cert_path = `${isThere ? tree.root : ""}/nonexistent/a`;
    expect(() => storageOf({ cert_path }).open()).toThrow(message);
  });
});
