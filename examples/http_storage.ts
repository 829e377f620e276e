import { defineComponent, FailedDeliveryError, type Metric, type OptionsOf, Storage, z } from "wca";

/** How long the receiver may take to answer. */
const TIMEOUT_MS = 1000;

export class HTTPStorage extends Storage {
  static readonly component = defineComponent("storage", {
    doc: "Posts the values of all metrics by name to a web server, as one JSON object.",
    options: {
      http_endpoint: z.url().default("http://127.0.0.1:8000").describe("Where the metrics are posted to."),
    },
  });
  readonly #endpoint: string;

  constructor(options: OptionsOf<typeof HTTPStorage>) {
    super();
    this.#endpoint = options.http_endpoint;
  }

  async store(metrics: readonly Metric[]) {
    const values = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
    try {
      const { ok, status } = await fetch(this.#endpoint, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(values),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!ok) throw new FailedDeliveryError(`the server answered with status ${status}`);
    } catch (error) {
      if (error instanceof FailedDeliveryError) throw error;
      throw new FailedDeliveryError(`no answer: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
}
