import { describe, expect, test } from "bun:test";
import {
  formatListenAddress,
  isLoopback,
  parseListenAddress,
} from "../../../src/storages/prometheus/listen-address.ts";

describe("parseListenAddress()", () => {
  test.each([
    ["127.0.0.1:17922", { host: "127.0.0.1", port: 17922 }, true],
    ["127.1.2.3:0", { host: "127.1.2.3", port: 0 }, true],
    ["localhost:1", { host: "localhost", port: 1 }, true],
    ["[::1]:65535", { host: "::1", port: 65535 }, true],
    ["[0:0:0:0:0:0:0:1]:1", { host: "0:0:0:0:0:0:0:1", port: 1 }, true],
    ["[::ffff:127.0.0.1]:1", { host: "::ffff:127.0.0.1", port: 1 }, true],
    ["[::ffff:10.0.0.1]:1", { host: "::ffff:10.0.0.1", port: 1 }, false],
    ["[::]:1", { host: "::", port: 1 }, false],
    ["0.0.0.0:1", { host: "0.0.0.0", port: 1 }, false],
    ["10.127.0.1:1", { host: "10.127.0.1", port: 1 }, false],
    ["node-1.example.com:1", { host: "node-1.example.com", port: 1 }, false],
    ["localhost.example.com:1", { host: "localhost.example.com", port: 1 }, false],
  ])("takes %s", (text, address, isLocal) => {
    expect(parseListenAddress(text)).toEqual(address);
    expect(formatListenAddress(address)).toBe(text);
    expect(isLoopback(address)).toBe(isLocal);
  });

  test.each([
    ...["", ":1", "17922", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", "::1:1", "[::1]"],
    ...[
      "[::1",
      "[127.0.0.1]:1",
      "[g::]:1",
      "256.0.0.1:1",
      "1.2.3:1",
      "http://a:1",
      "a b:1",
      "a:1\n",
      "a:1/x",
    ],
  ])("refuses %j", (text) => {
    expect(parseListenAddress(text)).toBeUndefined();
  });
});
