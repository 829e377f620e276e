/* Stands between a Kafka client and a broker, and does to single requests what a network can do. */
import * as net from "node:net";

/** kafka.apache.org/protocol, "Api Keys". */
export const API = { produce: 0, metadata: 3, initProducerId: 22 } as const;

/**
 * What happens to a request: it passes; the connection is cut before the broker sees it, or before its answer
 * comes back; its answer waits until {@link KafkaProxy.release}; or it is answered here, with these bytes
 * behind the correlation id.
 */
export type Treatment = "pass" | "cut-before" | "cut-after" | "hold" | Buffer;

export interface KafkaProxy extends AsyncDisposable {
  readonly port: number;
  /** How the next requests of an API are treated, one after the other; then they pass. */
  treat(api: number, ...treatments: readonly Treatment[]): void;
  /** How every request of an API is treated from now on. */
  always(api: number, treatment: Treatment): void;
  /** Requests so far that the broker has seen. */
  forwarded(api: number): number;
  release(): void;
  /** Connections of clients so far. */
  connections(): number;
}

/** `target`: port of the broker on loopback; asked for when a client comes. */
export async function startProxy(target: () => number): Promise<KafkaProxy> {
  const treatments = new Map<number, Treatment[]>();
  const standing = new Map<number, Treatment>();
  const forwarded = new Map<number, number>();
  const clients = new Set<net.Socket>();
  let held: (() => void)[] = [];
  let connections = 0;

  const server = net.createServer((client) => {
    clients.add(client);
    connections++;
    const broker = net.connect(target(), "127.0.0.1");
    /** Correlation ids of answers that are not simply passed on. */
    const special = new Map<number, Treatment>();
    const cut = () => {
      client.destroy();
      broker.destroy();
      clients.delete(client);
    };
    for (const socket of [client, broker]) socket.on("error", cut).on("close", cut);
    client.on(
      "data",
      frames((frame) => {
        const api = frame.readInt16BE(4);
        const id = frame.readInt32BE(8);
        const treatment = treatments.get(api)?.shift() ?? standing.get(api) ?? "pass";
        if (treatment === "cut-before") return cut();
        if (treatment instanceof Buffer) return void client.write(answer(id, treatment));
        if (treatment !== "pass") special.set(id, treatment);
        forwarded.set(api, (forwarded.get(api) ?? 0) + 1);
        broker.write(frame);
      }),
    );
    broker.on(
      "data",
      frames((frame) => {
        const treatment = special.get(frame.readInt32BE(4));
        if (treatment === "cut-after") cut();
        else if (treatment === "hold") held.push(() => client.write(frame));
        else client.write(frame);
      }),
    );
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as net.AddressInfo).port,
    treat: (api, ...next) => void treatments.set(api, [...(treatments.get(api) ?? []), ...next]),
    always: (api, treatment) => void standing.set(api, treatment),
    forwarded: (api) => forwarded.get(api) ?? 0,
    release: () => {
      for (const pass of held) pass();
      held = [];
    },
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Answer to a produce request of version 7 with one partition, number 0. */
export function produceAnswer(topic: string, errorCode: number): Buffer {
  const name = Buffer.from(topic);
  const head = Buffer.alloc(6);
  head.writeInt32BE(1);
  head.writeInt16BE(name.length, 4);
  const rest = Buffer.alloc(4 + 4 + 2 + 8 + 8 + 8 + 4);
  rest.writeInt32BE(1);
  rest.writeInt16BE(errorCode, 8);
  rest.fill(0xff, 10, 34);
  return Buffer.concat([head, name, rest]);
}

/** Answer to a request for a producer id. */
export function initAnswer(errorCode: number): Buffer {
  const bytes = Buffer.alloc(4 + 2 + 8 + 2, 0xff);
  bytes.writeInt32BE(0);
  bytes.writeInt16BE(errorCode, 4);
  return bytes;
}

/** Answer to a request for metadata of version 6: one broker on loopback, which leads all partitions. */
export function metadataAnswer(
  topic: string,
  { port, partitions = 1 }: { readonly port: number; readonly partitions?: number },
): Buffer {
  const broker = 1;
  const rows = Array.from({ length: partitions }, (_, partition) =>
    Buffer.concat([int16(0), int32(partition), int32(broker), list([broker]), list([broker]), list([])]),
  );
  const throttleMs = 0;
  const noText = int16(-1);
  return Buffer.concat([
    int32(throttleMs),
    ...[int32(1), int32(broker), text("127.0.0.1"), int32(port), noText],
    ...[noText, int32(broker)],
    ...[int32(1), int16(0), text(topic), Buffer.from([0]), int32(partitions), ...rows],
  ]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}

function list(values: readonly number[]): Buffer {
  return Buffer.concat([int32(values.length), ...values.map(int32)]);
}

function answer(id: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(4 + bytes.length);
  head.writeInt32BE(id, 4);
  return Buffer.concat([head, bytes]);
}

/** Calls with each whole frame, its four bytes of length included. */
function frames(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE()) {
      const size = 4 + rest.readInt32BE();
      onFrame(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
  };
}
