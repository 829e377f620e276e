/* kcat, a Kafka client on librdkafka, out of Debian packages: the independent reader, and a mock cluster. */
import { debianProgram } from "../../tools/debian.ts";

export function kcatProgram(): Promise<readonly string[]> {
  return debianProgram({ package: "kcat", dependencies: "all", path: "usr/bin/kcat" });
}

/** A message as kcat read it. */
export interface KafkaMessage {
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly ts: number;
  readonly key: string | null;
  readonly payload: string;
}

/** All messages of the topic, from the first to the last that is there now. */
export async function consume(
  brokers: string | readonly string[],
  { topic }: { readonly topic: string },
): Promise<readonly KafkaMessage[]> {
  const addresses = typeof brokers === "string" ? brokers : brokers.join(",");
  const words = ["-C", "-q", "-e", "-J", "-o", "beginning", "-b", addresses, "-t", topic];
  const command = [...(await kcatProgram()), ...words];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [output, complaint, status] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  // A topic that nobody has written to.
  if (/Unknown (?:topic or partition|partition)/i.test(complaint)) return [];
  if (status !== 0) throw new Error(`Cannot read the topic "${topic}": exit status ${status}, ${complaint}`);
  const messages = output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as KafkaMessage);
  return messages.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/** A cluster that only pretends. */
export interface MockCluster extends Disposable {
  readonly addresses: readonly string[];
}

/**
 * Brokers of librdkafka's mock cluster, which live in a kcat that waits for input: they have every topic that
 * is asked for, and forget all at the end.
 */
export async function startMockCluster(brokers = 1): Promise<MockCluster> {
  const mock = ["-P", "-b", "none", "-t", "none", "-X", `test.mock.num.brokers=${brokers}`];
  const child = Bun.spawn([...(await kcatProgram()), ...mock], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "pipe",
  });
  const decoder = new TextDecoder();
  let printed = "";
  const reader = child.stderr.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Cannot start a mock cluster: ${printed}`);
    printed += decoder.decode(value, { stream: true });
    const [, addresses] = /replaced with (\S+)\n/.exec(printed) ?? [];
    if (addresses === undefined) continue;
    return {
      addresses: addresses.split(","),
      [Symbol.dispose]: () => child.kill("SIGKILL"),
    };
  }
}
