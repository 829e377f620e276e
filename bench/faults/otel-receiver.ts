import { OtelCollector } from "../../test/support/otel-collector.ts";
import { counted, sampleKey } from "./account.ts";
import type { Receiver } from "./receiver.ts";

/** A real OpenTelemetry collector that keeps each request before it answers. */
export async function otelReceiver(): Promise<Receiver> {
  const collector = await OtelCollector.make();
  return {
    storage: `!OtlpStorage {url: "${collector.url}", timeout: 2}`,
    start: () => collector.start(),
    kill: () => collector.kill(),
    pause: () => collector.pause(),
    resume: () => collector.resume(),
    reject: async () => collector.refuse("permanent"),
    accept: async () => collector.accept(),
    arrivals: async () =>
      counted(
        collector
          .points()
          .map(({ name, attributes, time }) => sampleKey(name, attributes, Number(time.slice(0, -6)))),
      ),
    [Symbol.asyncDispose]: () => collector[Symbol.asyncDispose](),
  };
}
