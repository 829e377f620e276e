/*
 * The parts of kafkajs 2.2.4 that are used here; the package declares types for its public interface only.
 * Why not that interface: see producer.ts.
 */
declare module "kafkajs/src/network/connection.js" {
  import type { Socket } from "node:net";

  /** One connection to one broker. */
  export default class Connection {
    constructor(options: ConnectionOptions);
    readonly requestQueue: {
      readonly pending: { readonly length: number };
      scheduleCheckPendingRequests(): void;
      destroy(): void;
    };
    connect(): Promise<true>;
    isConnected(): boolean;
    setVersions(versions: ApiVersions): void;
    setSupportAuthenticationProtocol(isSupported: boolean): void;
    authenticate(): Promise<void>;
    send(protocol: Protocol & { readonly logResponseError?: boolean }): Promise<unknown>;
    rejectRequests(error: Error): void;
  }

  export interface ConnectionOptions {
    readonly host: string;
    readonly port: number;
    readonly clientId: string;
    readonly logger: Logger;
    /** Options of `tls.connect`; null: no TLS. */
    readonly ssl: object | null;
    /** Remembers its authenticator in this very object. */
    readonly sasl: object | null;
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly enforceRequestTimeout: boolean;
    readonly socketFactory: (wanted: {
      readonly host: string;
      readonly port: number;
      readonly ssl: object | null;
      readonly onConnect: () => void;
    }) => Socket;
  }

  type LogFunction = (message: string, extra?: object) => void;

  export interface Logger {
    readonly info: LogFunction;
    readonly error: LogFunction;
    readonly warn: LogFunction;
    readonly debug: LogFunction;
    readonly namespace: () => Logger;
  }

  /** Versions that a broker speaks, by API key. */
  export type ApiVersions = Readonly<
    Record<number, { readonly minVersion: number; readonly maxVersion: number }>
  >;

  /** A request and how its answer is read. */
  export interface Protocol {
    readonly request: object;
    readonly response: Response;
  }

  export interface Response {
    decode(payload: Buffer): Promise<unknown>;
    parse(decoded: unknown): Promise<unknown>;
  }
}

declare module "kafkajs/src/protocol/requests/index.js" {
  import type { ApiVersions, Protocol } from "kafkajs/src/network/connection.js";

  export interface Definition {
    readonly versions: readonly string[];
    protocol(wanted: { readonly version: number }): (options: object) => Protocol;
  }

  const protocol: {
    readonly requests: Readonly<
      Record<"ApiVersions" | "Metadata" | "Produce" | "InitProducerId", Definition>
    >;
    /** Gives the newest version that both sides speak; throws when there is none. */
    readonly lookup: (
      versions: ApiVersions,
    ) => (apiKey: number, definition: Definition) => (options: object) => Protocol;
  };
  export default protocol;
}

declare module "kafkajs/src/protocol/requests/apiKeys.js" {
  const apiKeys: Readonly<
    Record<"ApiVersions" | "Metadata" | "Produce" | "InitProducerId" | "SaslAuthenticate", number>
  >;
  export default apiKeys;
}

declare module "kafkajs/src/protocol/error.js" {
  const errors: {
    /** With the name of the code as `type`. */
    readonly createErrorFromCode: (code: number) => Error & { readonly type: string };
  };
  export default errors;
}

declare module "kafkajs/src/protocol/message/compression/index.js" {
  /** Something that holds the bytes of records. */
  export interface Encoder {
    readonly buffer: Buffer;
  }

  export interface Codec {
    compress(encoder: Encoder): Promise<Buffer>;
    decompress(buffer: Buffer): Promise<Buffer>;
  }

  const compression: {
    /** By the number in the attributes of a record batch. */
    readonly Codecs: Record<number, () => Codec>;
  };
  export default compression;
}

declare module "kafkajs/src/producer/partitioners/default/murmur2.js" {
  const murmur2: (key: Buffer | string) => number;
  export default murmur2;
}
