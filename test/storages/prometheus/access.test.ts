import { describe, expect, test } from "bun:test";
import { Access } from "../../../src/storages/prometheus/access.ts";
import { tempTree } from "../../support/tree.ts";
import { metric } from "../exposition/samples.ts";
import { openStorage, storageOf } from "./storage-of.ts";

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString("base64")}`;
}

describe("Access", () => {
  test.each([
    [null, false],
    ["", false],
    ["Basic", false],
    ["Basic ", false],
    [basic("ü:p:w"), true],
    [basic("ü:p:w").replace("Basic", "bAsIc  "), true],
    [`${basic("ü:p:w")} x`, false],
    [basic("ü:p:w "), false],
    [basic("ü:p:"), false],
    [basic("ü:"), false],
    [basic("x:p:w"), false],
    ["Basic !!!", false],
    ["Bearer token", true],
    ["Bearer tokeN", false],
    ["Bearer token2", false],
    ["Bearer toke", false],
    [`Bearer ${"x".repeat(5000)}`, false],
    [`Digest ${Buffer.from("ü:p:w").toString("base64")}`, false],
    ["token", false],
  ])("allows() answers %j with %j", (authorization, isAllowed) => {
    using tree = tempTree({ token: "token\n" });
    const access = new Access({
      username: "ü",
      password: "p:w",
      bearer_token_file: `${tree.root}/token`,
    });
    expect(access.allows(authorization)).toBe(isAllowed);
  });

  test("allows() everybody when no credentials are set", () => {
    const access = new Access({});
    expect([access.isRestricted, access.allows(null)]).toEqual([false, true]);
  });

  test.each([
    [{ password: "p" }, '"password" and "password_file" need "username"'],
    [{ password_file: "f" }, '"password" and "password_file" need "username"'],
    [{ username: "u" }, '"username" needs "password_file" or "password"'],
    [{ username: "u", password: "p", password_file: "f" }, "exclude each other"],
    [{ username: "a:b", password: "p" }, '"username" cannot have a colon'],
    [{ key_path: "/k" }, '"key_path" needs "cert_path"'],
    [{ client_ca_path: "/k" }, '"client_ca_path" needs "cert_path"'],
  ])("%j is refused", (options, message) => {
    expect(() => storageOf(options)).toThrow(new TypeError(message).message);
    expect(() => storageOf(options)).toThrow(TypeError);
  });
});

describe("PrometheusStorage", () => {
  test("takes a name with the password that is in the file now", async () => {
    using tree = tempTree({ password: "first\n" });
    await using open = await openStorage({ username: "u", password_file: `${tree.root}/password` });
    open.storage.store([metric("m", 1)]);
    const status = async (credentials: string) =>
      (await open.get("/metrics", { Authorization: basic(credentials) })).status;
    expect([await status("u:first"), await status("u:second"), await status("U:first")]).toEqual([
      200, 401, 401,
    ]);
    tree.write("password", "second");
    expect([await status("u:first"), await status("u:second")]).toEqual([401, 200]);
  });

  test("says with 401 what it wants, and shows nothing", async () => {
    using tree = tempTree({ token: "token" });
    await using open = await openStorage({
      username: "u",
      password: "p",
      bearer_token_file: `${tree.root}/token`,
    });
    open.storage.store([metric("m", 1)]);
    for (const path of ["/metrics", "/", "/other", "/%2Fmetrics", "/metrics/"]) {
      const response = await open.get(path);
      expect([response.status, response.headers.get("www-authenticate"), await response.text()]).toEqual([
        401,
        'Basic realm="wca", charset="UTF-8", Bearer realm="wca"',
        "credentials are wanted\n",
      ]);
    }
  });

  test("lets nobody in while the file is gone or empty, and says so once without the secret", async () => {
    using tree = tempTree({ token: "hunter2" });
    await using open = await openStorage({ bearer_token_file: `${tree.root}/token` });
    open.storage.store([metric("m", 1)]);
    const status = async () => (await open.get("/metrics", { Authorization: "Bearer hunter2" })).status;
    expect(await status()).toBe(200);
    tree.write("token", "\n");
    expect([await status(), await status()]).toEqual([503, 503]);
    const empty = `Cannot use bearer_token_file "${tree.root}/token": it is empty`;
    expect(open.logged.slice(1)).toEqual([["error", `Cannot answer a scrape: ${empty}`]]);
    tree.write("token", "hunter2");
    expect(await status()).toBe(200);
    // After a time in which it worked it is news again.
    tree.write("token", "");
    expect(await status()).toBe(503);
    expect(open.logged).toHaveLength(3);
    expect(JSON.stringify(open.logged)).not.toContain("hunter2");
  });

  test("open() refuses a file with a secret that is missing", () => {
    expect(() => storageOf({ bearer_token_file: "/nonexistent/token" }).open()).toThrow(
      'Cannot read bearer_token_file "/nonexistent/token": ENOENT',
    );
  });
});
