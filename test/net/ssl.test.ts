import { describe, expect, test } from "bun:test";
import * as path from "node:path";
import { SSL } from "../../src/net/ssl.ts";
import { tempTree } from "../support/tree.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

describe("SSL", () => {
  test("trusts the authorities of the system and shows no certificate by default", () => {
    const { ca, cert, key, rejectUnauthorized, minVersion } = new SSL({ server_verify: true }).material();
    expect({ ca, cert, key, rejectUnauthorized, minVersion }).toEqual({
      ca: undefined,
      cert: undefined,
      key: undefined,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
    });
  });

  test("reads its files anew at each call, as certificates are renewed", () => {
    using tree = tempTree({ "ca.pem": PEM, "c.pem": `${PEM}1`, "k.pem": `${PEM}2` });
    const at = (name: string) => path.join(tree.root, name);
    const ssl = new SSL({
      server_verify: at("ca.pem"),
      client_cert_path: at("c.pem"),
      client_key_path: at("k.pem"),
    });
    expect(ssl.material()).toMatchObject({ ca: PEM, cert: `${PEM}1`, key: `${PEM}2` });
    tree.write("c.pem", `${PEM}3`);
    expect(ssl.material()).toMatchObject({ cert: `${PEM}3` });
  });

  test("takes the key out of the certificate's file when none is given", () => {
    using tree = tempTree({ "both.pem": PEM });
    const both = path.join(tree.root, "both.pem");
    expect(new SSL({ server_verify: false, client_cert_path: both }).material()).toMatchObject({
      rejectUnauthorized: false,
      cert: PEM,
      key: PEM,
    });
  });

  const wrong: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    ["a key without certificate", { client_key_path: "k.pem" }, /"client_key_path" needs "client_cert_path"/],
    ["a missing file", { client_cert_path: "none.pem" }, /Cannot read client_cert_path ".*none.pem": ENOENT/],
    ["a file that is no PEM", { client_cert_path: "odd.pem" }, /client_cert_path ".*odd.pem": no PEM block/],
    ["a missing bundle", { server_verify: "none.pem" }, /Cannot read server_verify ".*none.pem": ENOENT/],
  ];
  for (const [what, files, message] of wrong) {
    test(`refuses ${what} when it is built`, () => {
      using tree = tempTree({ "k.pem": PEM, "odd.pem": "hello" });
      const options = Object.fromEntries(
        Object.entries(files).map(([option, name]) => [option, path.join(tree.root, name)]),
      );
      expect(() => new SSL({ server_verify: true, ...options })).toThrow(message);
    });
  }
});
