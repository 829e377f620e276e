/** An error code in a broker's answer. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  readonly code: number;

  constructor({ type, message }: { readonly type: string; readonly message: string }, code: number) {
    super(`${type.startsWith("KAFKAJS") ? `error ${code}` : type}: ${message}`);
    this.code = code;
  }
}

/**
 * What an error code of a produce request says about the message:
 * - written: it is in the log, this time or before;
 * - moved: not here and now, but perhaps at another broker or in a moment;
 * - stale-sequence: the broker does not know our numbers (any more): a new producer id is needed;
 * - not-idempotent: not with a producer id;
 * - too-large: never in one piece;
 * - refused: never at all;
 * - unknown: it may have been written;
 * - later: not now.
 */
export type Verdict =
  | "written"
  | "moved"
  | "stale-sequence"
  | "not-idempotent"
  | "too-large"
  | "refused"
  | "unknown"
  | "later";

export const UNKNOWN_TOPIC = 3;

/** Codes of kafka.apache.org/protocol, "Error Codes". All others: later. */
const VERDICTS: Readonly<Record<number, Verdict>> = {
  [-1]: "unknown", // UNKNOWN_SERVER_ERROR
  0: "written",
  [UNKNOWN_TOPIC]: "moved",
  5: "moved", // LEADER_NOT_AVAILABLE
  6: "moved", // NOT_LEADER_OR_FOLLOWER
  7: "unknown", // REQUEST_TIMED_OUT: in the leader's log, but not with all replicas in time
  9: "moved", // REPLICA_NOT_AVAILABLE
  10: "too-large", // MESSAGE_TOO_LARGE
  14: "moved", // COORDINATOR_LOAD_IN_PROGRESS: producer ids are not handed out yet
  15: "moved", // COORDINATOR_NOT_AVAILABLE
  18: "too-large", // RECORD_LIST_TOO_LARGE
  20: "unknown", // NOT_ENOUGH_REPLICAS_AFTER_APPEND
  31: "not-idempotent", // CLUSTER_AUTHORIZATION_FAILED: the right was taken away
  32: "refused", // INVALID_TIMESTAMP
  43: "not-idempotent", // UNSUPPORTED_FOR_MESSAGE_FORMAT: the topic keeps the format of Kafka 0.10
  44: "refused", // POLICY_VIOLATION
  45: "stale-sequence", // OUT_OF_ORDER_SEQUENCE_NUMBER
  46: "written", // DUPLICATE_SEQUENCE_NUMBER
  47: "stale-sequence", // INVALID_PRODUCER_EPOCH
  49: "stale-sequence", // INVALID_PRODUCER_ID_MAPPING
  56: "unknown", // KAFKA_STORAGE_ERROR: the disk failed while it was written
  59: "stale-sequence", // UNKNOWN_PRODUCER_ID
  74: "moved", // FENCED_LEADER_EPOCH
  76: "refused", // UNSUPPORTED_COMPRESSION_TYPE
  87: "refused", // INVALID_RECORD
  90: "stale-sequence", // PRODUCER_FENCED
};

export function verdictOf(code: number): Verdict {
  return VERDICTS[code] ?? "later";
}
