import { expect, test } from "bun:test";
import { parseAddress, parseNamespace } from "../../../src/databases/zookeeper/address.ts";

test.each([
  ["zk1", { host: "zk1", port: 2181 }],
  ["zk1.example.org:2182", { host: "zk1.example.org", port: 2182 }],
  ["10.0.0.1:2181", { host: "10.0.0.1", port: 2181 }],
  ["[fd00::1]:2182", { host: "fd00::1", port: 2182 }],
  ["[fd00::1]", { host: "fd00::1", port: 2181 }],
  ["fd00::1", { host: "fd00::1", port: 2181 }],
  ["", undefined],
  [":2181", undefined],
  ["zk1:", undefined],
  ["zk1:0", undefined],
  ["zk1:65536", undefined],
  ["zk1:port", undefined],
  ["zk1:2181/chroot", undefined],
  ["http://zk1:2181", undefined],
  ["zk1,zk2", undefined],
  ["-zk1", undefined],
])("parseAddress(%p)", (text, address) => {
  expect(parseAddress(text)).toEqual(address);
});

test.each([
  ["wca", "/wca"],
  ["/wca/agents/", "/wca/agents"],
  ["wca/.hidden/ä b", "/wca/.hidden/ä b"],
  ["", undefined],
  ["/", undefined],
  ["//", undefined],
  ["a//b", undefined],
  ["a/./b", undefined],
  ["a/../b", undefined],
  ["a\0", undefined],
  ["a\u007f", undefined],
  ["a\ud800", undefined],
  ["a\ufff5", undefined],
  ["zookeeper", undefined],
  ["/zookeeper/config", undefined],
  ["wca/zookeeper", "/wca/zookeeper"],
])("parseNamespace(%p)", (text, namespace) => {
  expect(parseNamespace(text)).toBe(namespace as string);
});
