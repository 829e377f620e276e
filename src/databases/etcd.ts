import { z } from "zod";
import { type Context, defineComponent } from "../config/component.ts";
import { ref, seconds } from "../config/schema.ts";
import { Database } from "../model/roles.ts";
import { exchange, type HttpAnswer, NoAnswer } from "../net/http.ts";
import { DatabaseError } from "./errors.ts";
import { type HostFailure, noHostAvailable } from "./hosts.ts";
import { keyText, valueBytes } from "./key.ts";
import { completeOptions, type WrittenOptions } from "./options.ts";
import { Turns } from "./turns.ts";

/** Where etcd's JSON gateway is: since 3.4, of 3.3, and of 3.2 (etcd.io, "API reference: gRPC gateway"). */
const API_PATHS = ["/v3", "/v3beta", "/v3alpha"];
const NOT_FOUND = 404;
/** etcd takes requests of 1.5 MiB unless it is told otherwise; values come back in base64. */
const LONGEST_ANSWER_BYTES = 64 * 1024 * 1024;
const LONGEST_REASON = 500;

/** The part of an answer of `kv/range` that is used; absent fields are empty ones, as in all JSON of protobuf. */
interface RangeAnswer {
  readonly kvs?: readonly { readonly value?: string }[];
}

/** A password in a URL would end up in messages; client certificates go by `ssl`. */
function isPlain(text: string): boolean {
  const { username, password, search, hash } = new URL(text);
  return `${username}${password}${search}${hash}` === "";
}

/** Why the next host is asked. */
class HostFailed extends Error {
  readonly timedOut: boolean;

  constructor(reason: string, { timedOut, cause }: { readonly timedOut: boolean; readonly cause?: unknown }) {
    super(reason, { cause });
    this.timedOut = timedOut;
  }
}

/**
 * A cluster of etcd, by its JSON gateway. Reads are linearizable. A host that cannot be reached, is late or
 * answers with a status of 5xx (it has no leader, say) makes the next one be asked; setting may then happen twice.
 */
export class EtcdDatabase extends Database {
  static readonly component = defineComponent("database", {
    doc: "Keeps values in etcd 3.2 or later, by its JSON gateway, for components that need a key-value store. Asks the next host when one does not answer.",
    options: {
      hosts: z
        .array(
          z
            .url({ protocol: /^https?$/, error: "an http or https URL", abort: true })
            .refine(isPlain, { error: "a URL without user, query and fragment" }),
        )
        .min(1)
        .describe("URLs of the members of the cluster: `https://10.0.0.1:2379`."),
      timeout: seconds({ min: 1, max: 60 }).default(5).describe("How long the answer of one host may take."),
      api_path: z
        .string()
        .regex(/^(\/[\w.-]+)*$/, { error: "a path such as /v3" })
        .nullish()
        .describe(
          "Path of the gateway. Left out: found out, `/v3` (etcd 3.4 and later), `/v3beta` or `/v3alpha` (etcd 3.2).",
        ),
      ssl: ref("ssl").nullish().describe("TLS, for https URLs. Left out: the authorities of the system."),
    },
  });

  readonly #options: z.output<z.ZodObject<(typeof EtcdDatabase.component)["options"]>>;
  readonly #hosts: readonly string[];
  readonly #warn: (message: string) => void;
  readonly #turns = new Turns();
  /** The host that answered last. */
  #current = 0;
  /** The path that was found out. */
  #apiPath: string | undefined;

  /** The context is there when a configuration file names the database; a program can leave it out. */
  constructor(options: WrittenOptions<typeof EtcdDatabase>, context?: Pick<Context, "log">) {
    super();
    this.#options = completeOptions(EtcdDatabase, options);
    this.#hosts = this.#options.hosts.map((host) => host.replace(/\/+$/, ""));
    if (this.#options.ssl != null && !this.#hosts.every((host) => /^https:/i.test(host))) {
      throw new TypeError('Cannot make EtcdDatabase: "ssl" needs https URLs in "hosts"');
    }
    this.#warn = (message) => context?.log.warning(message);
  }

  override async set(key: Uint8Array | string, value: Uint8Array): Promise<void> {
    const name = keyText(key);
    const body = { key: base64(name), value: Buffer.from(valueBytes(value)).toString("base64") };
    await this.#turns.take(name, () => this.#call(`set "${name}"`, { method: "kv/put", body }));
  }

  override async get(key: Uint8Array | string): Promise<Uint8Array | null> {
    const name = keyText(key);
    const answer = await this.#call(`get "${name}"`, { method: "kv/range", body: { key: base64(name) } });
    const [found] = (answer as RangeAnswer).kvs ?? [];
    return found === undefined ? null : Uint8Array.from(Buffer.from(found.value ?? "", "base64"));
  }

  override async delete(key: Uint8Array | string): Promise<void> {
    const name = keyText(key);
    const body = { key: base64(name) };
    await this.#turns.take(name, () => this.#call(`delete "${name}"`, { method: "kv/deleterange", body }));
  }

  async close(): Promise<void> {
    await this.#turns.idle();
  }

  /** Asks one host after the other, beginning with the one that answered last. */
  async #call(action: string, request: GatewayRequest): Promise<object> {
    const failures: HostFailure[] = [];
    const first = this.#current;
    for (let step = 0; step < this.#hosts.length; step++) {
      const index = (first + step) % this.#hosts.length;
      const host = this.#hosts[index] ?? "";
      try {
        const answer = await this.#ask(host, request);
        this.#current = index;
        return answerOf(answer, { action, host });
      } catch (error) {
        if (!(error instanceof HostFailed)) throw error;
        failures.push({ host, reason: error.message, timedOut: error.timedOut });
        if (step + 1 < this.#hosts.length) {
          this.#warn(`Cannot ${action} at ${host}: ${error.message}, asking the next host`);
        }
      }
    }
    throw noHostAvailable(action, failures);
  }

  /** The answer of one host. An unknown path is another version's. */
  async #ask(host: string, { method, body }: GatewayRequest): Promise<HttpAnswer> {
    const paths = this.#paths();
    let answer: HttpAnswer | undefined;
    for (const apiPath of paths) {
      answer = await this.#exchange(`${host}${apiPath}/${method}`, JSON.stringify(body));
      if (answer.status === NOT_FOUND) continue;
      this.#apiPath = apiPath;
      break;
    }
    if (answer === undefined || answer.status >= 500) {
      throw new HostFailed(`status ${answer?.status}, ${reasonOf(answer?.text ?? "")}`, { timedOut: false });
    }
    return answer;
  }

  #paths(): readonly string[] {
    const { api_path: given } = this.#options;
    if (given != null) return [given];
    const known = this.#apiPath;
    return known === undefined ? API_PATHS : [known, ...API_PATHS.filter((path) => path !== known)];
  }

  async #exchange(url: string, body: string): Promise<HttpAnswer> {
    const { timeout, ssl } = this.#options;
    try {
      return await exchange({
        url,
        body,
        headers: { "Content-Type": "application/json" },
        timeoutSecs: timeout,
        maxAnswerBytes: LONGEST_ANSWER_BYTES,
        ...(ssl == null ? {} : { tls: ssl.material() }),
      });
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      const timedOut = (error.cause as Error | undefined)?.name === "TimeoutError";
      throw new HostFailed(error.message, { timedOut, cause: error });
    }
  }
}

interface GatewayRequest {
  readonly method: "kv/put" | "kv/range" | "kv/deleterange";
  readonly body: Readonly<Record<string, string>>;
}

/** What etcd said; throws {@link DatabaseError} with the status as `code` when it refused. */
function answerOf(
  { status, text }: HttpAnswer,
  { action, host }: { readonly action: string; readonly host: string },
): object {
  if (status !== 200) {
    throw new DatabaseError(`Cannot ${action} at ${host}: status ${status}, ${reasonOf(text)}`, {
      code: status,
    });
  }
  const answer = parsed(text);
  if (answer !== undefined) return answer;
  throw new DatabaseError(`Cannot ${action} at ${host}: the answer is no JSON object: ${reasonOf(text)}`);
}

/** The gateway's reason, or the first line of another program's. */
function reasonOf(text: string): string {
  const { error, message } = (parsed(text) ?? {}) as { readonly error?: unknown; readonly message?: unknown };
  const reason = [error, message].find((each) => typeof each === "string") ?? text.trim().split("\n", 1)[0];
  return String(reason === "" ? "no reason given" : reason).slice(0, LONGEST_REASON);
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function base64(text: string): string {
  return Buffer.from(text, "latin1").toString("base64");
}
