import { describe, expect, test } from "bun:test";
import { acceptsGzip, negotiate } from "../../../src/storages/prometheus/negotiation.ts";

const TEXT = "text/plain; version=0.0.4; charset=utf-8";
const TEXT_1 = "text/plain; version=1.0.0; charset=utf-8";
const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

describe("negotiate()", () => {
  test.each([
    // Clients as they are. Prometheus 2.42; 3.x; 3.x with native histograms; 3.x with names in the old scheme.
    [
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      OPENMETRICS,
    ],
    [
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      `${OPENMETRICS}; escaping=allow-utf-8`,
    ],
    [
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      `${OPENMETRICS}; escaping=allow-utf-8`,
    ],
    [
      "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=underscores;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
      `${OPENMETRICS}; escaping=underscores`,
    ],
    // scrape_protocols: [PrometheusText0.0.4], [PrometheusText1.0.0]
    ["text/plain;version=0.0.4;q=0.2,*/*;q=0.1", TEXT],
    ["text/plain;version=1.0.0;escaping=allow-utf-8;q=0.2,*/*;q=0.1", `${TEXT_1}; escaping=allow-utf-8`],
    // curl; a browser; none at all.
    ["*/*", TEXT],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", TEXT],
    [null, TEXT],
    ["", TEXT],
    // Weights.
    [`${OPENMETRICS};q=0.2, text/plain;q=0.3`, TEXT],
    [`${OPENMETRICS};q=0, text/plain;q=0.001`, TEXT],
    [`text/plain;q=0.5, ${OPENMETRICS};q=0.5`, OPENMETRICS],
    ["application/openmetrics-text; Q=0.9 , text/plain; q=0.8", OPENMETRICS],
    ["text/plain;q=nonsense, application/openmetrics-text;q=0.5", TEXT],
    ["text/plain;q=7, application/openmetrics-text;q=1", OPENMETRICS],
    ["text/plain;q=-1, application/openmetrics-text;q=0.1", OPENMETRICS],
    // The closest range tells the weight of an offer, not the largest.
    ["*/*;q=0.9, text/plain;q=0.1, application/openmetrics-text;q=0.5", OPENMETRICS],
    ["text/plain;version=0.0.4;q=0.1, text/plain;q=1, application/openmetrics-text;q=0.5", OPENMETRICS],
    // Types without a version, in other letters, and quoted.
    ["application/openmetrics-text", OPENMETRICS],
    ["Application/OpenMetrics-Text; Version=1.0.0", OPENMETRICS],
    ['application/openmetrics-text; version="1.0.0"; x="a,b;c"', OPENMETRICS],
    ["text/*", TEXT],
    // OpenMetrics is only for who names it.
    ["application/*", TEXT],
    // Versions that are not offered; nothing that is offered; nothing wanted.
    ["application/openmetrics-text;version=0.0.1", TEXT],
    ["application/openmetrics-text;version=2.0.0,text/plain;q=0.1", TEXT],
    ["text/plain;version=0.0.5", TEXT],
    ["application/json", TEXT],
    ["text/plain;q=0", TEXT],
    // `dots` would mean other names; what is no scheme is not echoed.
    [`${OPENMETRICS};escaping=dots`, `${OPENMETRICS}; escaping=underscores`],
    ["text/plain;version=0.0.4;escaping=values", `${TEXT}; escaping=values`],
    [`${OPENMETRICS};escaping="x\u00e9y"`, `${OPENMETRICS}; escaping=underscores`],
    // Garbage.
    [",;,=;q", TEXT],
    ['text/plain;version="', TEXT],
    ['"', TEXT],
  ])("answers %j with %j", (accept, contentType) => {
    expect(negotiate(accept)).toEqual({
      format: contentType.startsWith("text/") ? "text" : "openmetrics",
      contentType,
    });
  });

  test("takes a header of many elements in a time that grows with their number", () => {
    const accept = `${'text/plain;a="\\"\\"";'.repeat(4000)},${"x/y,".repeat(4000)}${OPENMETRICS}`;
    expect(negotiate(accept).format).toBe("openmetrics");
  });
});

describe("acceptsGzip()", () => {
  test.each([
    ["gzip", true],
    ["gzip, deflate, br, zstd", true],
    ["deflate, GZIP;q=0.1", true],
    ["x-gzip", true],
    ["*", true],
    ["gzip;q=0", false],
    ["gzip;q=0.000", false],
    ["gzip;q=0, *", false],
    ["*;q=0", false],
    ["identity", false],
    ["br, zstd", false],
    ["identity, gzip;q=0.5", false],
    ["identity;q=0.5, gzip;q=0.5", true],
    ["identity;q=0, gzip;q=0.5", true],
    ["", false],
    [null, false],
  ])("says of %j %j", (acceptEncoding, isTaken) => {
    expect(acceptsGzip(acceptEncoding)).toBe(isTaken);
  });
});
