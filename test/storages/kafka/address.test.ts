import { expect, test } from "bun:test";
import { formatAddress, parseAddress } from "../../../src/storages/kafka/address.ts";

const GOOD = {
  "127.0.0.1:9092": { host: "127.0.0.1", port: 9092 },
  "kafka-1.example.com:9093": { host: "kafka-1.example.com", port: 9093 },
  "kafka_1:1": { host: "kafka_1", port: 1 },
  "[::1]:9092": { host: "::1", port: 9092 },
  "[2001:db8::7]:65535": { host: "2001:db8::7", port: 65535 },
  "[::ffff:192.0.2.1]:9092": { host: "::ffff:192.0.2.1", port: 9092 },
};

for (const [text, address] of Object.entries(GOOD)) {
  test(`parseAddress() reads ${text}`, () => {
    expect(parseAddress(text)).toEqual(address);
    expect(formatAddress(address)).toBe(text);
  });
}

const BAD = {
  kafka: 'Cannot read the broker "kafka": wanted host:port, IPv6 addresses in brackets',
  "": 'Cannot read the broker "": wanted host:port, IPv6 addresses in brackets',
  "2001:db8::7:9092":
    'Cannot read the broker "2001:db8::7:9092": wanted host:port, IPv6 addresses in brackets',
  "kafka:0": 'Cannot read the broker "kafka:0": port 0 is not from 1 to 65535',
  "kafka:65536": 'Cannot read the broker "kafka:65536": port 65536 is not from 1 to 65535',
  ":9092": 'Cannot read the broker ":9092": "" is no host name or IPv4 address',
  "256.0.0.1:9092": 'Cannot read the broker "256.0.0.1:9092": "256.0.0.1" is no host name or IPv4 address',
  "10.1:9092": 'Cannot read the broker "10.1:9092": "10.1" is no host name or IPv4 address',
  "a b:9092": 'Cannot read the broker "a b:9092": "a b" is no host name or IPv4 address',
  "[kafka]:9092": 'Cannot read the broker "[kafka]:9092": "kafka" is no IPv6 address',
  "[1:2]:9092": 'Cannot read the broker "[1:2]:9092": "1:2" is no IPv6 address',
  "kafka://host:9092":
    'Cannot read the broker "kafka://host:9092": wanted host:port, IPv6 addresses in brackets',
};

for (const [text, message] of Object.entries(BAD)) {
  test(`parseAddress() refuses "${text}"`, () => {
    expect(() => parseAddress(text)).toThrow(new TypeError(message));
  });
}
