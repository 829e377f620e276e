import type { Codec } from "./codec.ts";
import { RequestDraft } from "./request.ts";
import type { Series } from "./series-set.ts";
import { WriteRequestDraft } from "./write-request.ts";

/** Bytes of a request whose values and times are still to be written. */
export interface LaidOut {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** By series, where its value is. */
  readonly valueOffsets: Int32Array;
}

/** A request that is being laid out. */
export interface Draft {
  /** Bytes so far. */
  readonly size: number;
  add(series: Series): void;
  finish(): LaidOut;
}

export type Version = "1.0" | "2.0";

export interface Protocol {
  readonly headers: Readonly<Record<string, string>>;
  /** `timeLength`: bytes of the times. */
  newDraft(codec: Codec, timeLength: number): Draft;
}

/** prometheus.io/docs/specs/prw/remote_write_spec and …_2_0 */
export const PROTOCOLS: Readonly<Record<Version, Protocol>> = {
  "1.0": {
    headers: headersOf("application/x-protobuf", "0.1.0"),
    newDraft: (codec, timeLength) => new WriteRequestDraft(codec, timeLength),
  },
  "2.0": {
    headers: headersOf("application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0"),
    newDraft: (codec, timeLength) => new RequestDraft(codec, timeLength),
  },
};

/** Names in lower case; users may not set these. */
function headersOf(contentType: string, version: string): Readonly<Record<string, string>> {
  return {
    "content-encoding": "snappy",
    "content-type": contentType,
    "user-agent": "wca",
    "x-prometheus-remote-write-version": version,
  };
}
