import { CODECS, COMPRESSIONS } from "./codecs.ts";

/** The parts of kafkajs that make and read the bytes on the wire. */
export type Kafkajs = Awaited<ReturnType<typeof loadKafkajs>>;

/** Loads kafkajs, which takes some twenty milliseconds: only once a storage that needs it is opened. */
export async function loadKafkajs() {
  const [connection, protocol, apiKeys, errors, compression, murmur2] = await Promise.all([
    import("kafkajs/src/network/connection.js"),
    import("kafkajs/src/protocol/requests/index.js"),
    import("kafkajs/src/protocol/requests/apiKeys.js"),
    import("kafkajs/src/protocol/error.js"),
    import("kafkajs/src/protocol/message/compression/index.js"),
    import("kafkajs/src/producer/partitioners/default/murmur2.js"),
  ]);
  for (const [name, codec] of Object.entries(CODECS)) {
    compression.default.Codecs[COMPRESSIONS[name as keyof typeof CODECS]] = codec;
  }
  return {
    Connection: connection.default,
    requests: protocol.default.requests,
    lookup: protocol.default.lookup,
    apiKeys: apiKeys.default,
    errorOf: errors.default.createErrorFromCode,
    /** Hash of a key as all Kafka clients take it, so that the same key goes to the same partition from everywhere. */
    murmur2: murmur2.default,
  };
}
