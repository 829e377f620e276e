import { z } from "zod";
import { type Context, defineComponent, type OptionsOf } from "../../config/component.ts";
import { path, seconds } from "../../config/schema.ts";
import type { Batch, StorageTraits } from "../../model/delivery.ts";
import type { Metric } from "../../model/metric.ts";
import { Storage } from "../../model/roles.ts";
import { Refusals } from "../refusals.ts";
import { Access } from "./access.ts";
import { Endpoint } from "./endpoint.ts";
import { Freshness } from "./freshness.ts";
import { formatListenAddress, isLoopback, type ListenAddress, parseListenAddress } from "./listen-address.ts";
import { checkServerTls, readServerTls } from "./server-tls.ts";
import { Texts } from "./texts.ts";

const LONGEST_AGE_SECS = 86_400;

/** Serves the metrics of the last round to Prometheus. `store` never fails: there is nobody to deliver to. */
export class PrometheusStorage extends Storage implements StorageTraits {
  static readonly component = defineComponent("storage", {
    doc:
      "Serves the metrics of the last round over HTTP for Prometheus to scrape: at /metrics in the text format " +
      "0.0.4 or OpenMetrics 1.0, as asked for, with /healthz and /readyz beside it.",
    options: {
      listen: z
        .string()
        .refine((text) => parseListenAddress(text) !== undefined, {
          error: "an address with port, such as 127.0.0.1:17922 or [::1]:17922",
        })
        .default("127.0.0.1:17922")
        .describe(
          "Address and port to listen on; `0.0.0.0` and `[::]` are all addresses of the host. Beyond loopback set TLS and credentials.",
        ),
      include_timestamp: z
        .boolean()
        .default(false)
        .describe(
          "Write the time of the round behind each sample. Prometheus then cannot tell at once when a series has ended.",
        ),
      max_age: seconds({ min: 1, max: LONGEST_AGE_SECS })
        .optional()
        .describe(
          "Age of the last round from which on /metrics and /readyz answer 503. Left out: three rounds, at least 60 s.",
        ),
      max_scrapes: z.number().int().min(1).max(1000).default(16).describe("Answers under way at a time."),
      cert_path: path({ absolute: true })
        .optional()
        .describe(
          "PEM file with the certificate for HTTPS, which may hold the key too. Read again on SIGHUP. Left out: HTTP.",
        ),
      key_path: path({ absolute: true }).optional().describe("PEM file with the key of that certificate."),
      client_ca_path: path({ absolute: true })
        .optional()
        .describe("PEM file with authorities; only clients with a certificate of one of them are let in."),
      username: z.string().min(1).optional().describe("User of basic authentication."),
      password: z.string().min(1).optional().describe("Its password; better `password_file`, or `!Env`."),
      password_file: path().optional().describe("File with the password, read again for each request."),
      bearer_token_file: path()
        .optional()
        .describe("File with a bearer token, read again for each request. With `username` either is taken."),
    },
  });

  readonly #options: OptionsOf<typeof PrometheusStorage>;
  readonly #address: ListenAddress;
  readonly #context: Context;
  readonly #access: Access;
  readonly #endpoint: Endpoint;
  readonly #texts: Texts;
  readonly #freshness: Freshness;
  readonly #refusals: Refusals;
  #lastFault: string | undefined;
  #isOpen = false;

  constructor(options: OptionsOf<typeof PrometheusStorage>, context: Context) {
    super();
    const address = parseListenAddress(options.listen);
    if (address === undefined) throw new TypeError(`"listen" is no address with port: "${options.listen}"`);
    checkServerTls(options);
    this.#options = options;
    this.#address = address;
    this.#context = context;
    this.#access = new Access(options);
    this.#texts = new Texts({ timestamps: options.include_timestamp });
    this.#freshness = new Freshness(options.max_age === undefined ? undefined : options.max_age * 1000);
    this.#refusals = new Refusals(context.log);
    this.#endpoint = new Endpoint({
      address,
      access: this.#access,
      maxScrapes: options.max_scrapes,
      content: {
        plain: (format) => this.#texts.plain(format),
        gzip: (format) => this.#texts.gzip(format),
        fault: () => this.#freshness.fault(context.now()),
      },
      onFault: (message) => this.#noteFault(message),
    });
  }

  /** Metrics left out so far because they cannot be written. */
  get droppedMetrics(): number {
    return this.#refusals.count;
  }

  /** Where metrics are served; nothing while it is not open. */
  get url(): string | undefined {
    return this.#endpoint.url;
  }

  /** Throws when it cannot listen, or a file of a certificate or secret cannot be used. */
  open(): void {
    this.#access.check();
    this.#endpoint.listen(readServerTls(this.#options));
    this.#isOpen = true;
    this.#warnWhenOpen();
    this.#context.log.info(`Serving metrics at ${this.url}`);
  }

  /** A certificate that was renewed is shown from now on; with one that cannot be used the old one stays. */
  reopen(): void {
    const mustListen = this.#options.cert_path !== undefined || this.url === undefined;
    if (this.#isOpen && mustListen) this.#endpoint.listen(readServerTls(this.#options));
  }

  store(metrics: readonly Metric[], batch?: Batch): void {
    const timeMs = batch?.timeMs ?? this.#context.now();
    const refusals = this.#texts.take(metrics, timeMs, batch);
    this.#freshness.note(timeMs);
    if (refusals !== undefined) this.#refusals.note(refusals);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#endpoint.close();
    this.#texts.clear();
    this.#freshness.clear();
  }

  #warnWhenOpen(): void {
    if (isLoopback(this.#address)) return;
    const address = formatListenAddress(this.#address);
    const { cert_path, client_ca_path } = this.#options;
    if (!this.#access.isRestricted && client_ca_path === undefined) {
      this.#context.log.warning(
        `Anybody who reaches ${address} can read the metrics: no credentials are set`,
      );
    } else if (cert_path === undefined) {
      this.#context.log.warning(`Credentials for ${address} travel in clear text: no "cert_path" is set`);
    }
  }

  #noteFault(message: string | undefined): void {
    if (message !== undefined && message !== this.#lastFault)
      this.#context.log.error(`Cannot answer a scrape: ${message}`);
    this.#lastFault = message;
  }
}
