import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { patternToRegExp } from "../../../src/config/schema.ts";
import { Names } from "../../../src/kernel/names.ts";
import { parseZoneinfo, parseZoneinfoBy } from "../../../src/kernel/proc/zoneinfo.ts";
import { expectOnlySyntaxErrors, parseText } from "./text.ts";

/** What `parseZoneinfo` does, as a pattern. */
const DEFAULT_PATTERN = patternToRegExp(String.raw`\s+([a-z_]+)\s+(\d+)`);

const PARSERS = [
  ["parseZoneinfo()", (bytes: Uint8Array, length: number) => parseZoneinfo(bytes, length)],
  [
    "parseZoneinfoBy() with the default pattern",
    (bytes: Uint8Array, length: number) => parseZoneinfoBy(DEFAULT_PATTERN, bytes, length),
  ],
] as const;

const TWO_NODES = `Node 0, zone      DMA
  per-node stats
      nr_mapped    49112
  pages free     3867
        min      0
        managed  3867
        protection: (0, 1, 2)
      nr_free_pages 3867
  pagesets
    cpu: 0
              count: 0
              high:  0
  vm stats threshold: 14
  start_pfn:           1
Node 1, zone   Normal
  pages free     111
        min      2
`;

test.each(PARSERS)("%s takes node, zone and key", (_name, parse) => {
  expect(parseText(parse, TWO_NODES)).toEqual({
    "0": {
      "per-node-stats": { nr_mapped: 49112 },
      DMA: { free: 3867, min: 0, managed: 3867, nr_free_pages: 3867 },
    },
    "1": { Normal: { free: 111, min: 2 } },
  });
});

test.each(PARSERS)(
  "%s skips lines before the first node and allows text behind the number",
  (_name, parse) => {
    expect(
      parseText(parse, "  nr_foo 1\nNode 3, zone Movable\n\tnr_bar 2 pages\n  Upper 3\nnr_none 4\n"),
    ).toEqual({
      "3": { Movable: { nr_bar: 2 } },
    });
  },
);

test.each(PARSERS)("%s gives nothing for empty text", (_name, parse) => {
  expect(parseText(parse, "")).toEqual({});
});

test("parseZoneinfo() gives what stands there now when a zone comes", () => {
  const names = new Names();
  const parse = (text: string) => parseText((bytes, length) => parseZoneinfo(bytes, length, names), text);
  parse(TWO_NODES);
  expect(parse(`Node 0, zone HighMem\n  nr_x 1\n${TWO_NODES}`)).toEqual({
    ...parseText((bytes, length) => parseZoneinfo(bytes, length), TWO_NODES),
    "0": {
      HighMem: { nr_x: 1 },
      "per-node-stats": { nr_mapped: 49112 },
      DMA: { free: 3867, min: 0, managed: 3867, nr_free_pages: 3867 },
    },
  });
});

test("parseZoneinfoBy() takes what the pattern says, numbers with fractions among it", () => {
  const pattern = patternToRegExp(String.raw`\s+(?P<key>count|high|ratio):\s+(?P<value>[\d.]+)`);
  const text = "Node 0, zone DMA\n  count: 3\n  high: 1.5\n  ratio: ..\n  free 7\n";
  expect(parseText((bytes, length) => parseZoneinfoBy(pattern, bytes, length), text)).toEqual({
    "0": { DMA: { count: 3, high: 1.5 } },
  });
});

test.each(PARSERS)("%s never throws", (_name, parse) => {
  expectOnlySyntaxErrors(parse, [
    "Node 0, zone DMA\n",
    "  per-node stats\n",
    "  pages",
    " free 3",
    "nr_x ",
    "Node ",
  ]);
});

test("parseZoneinfo() of this host gives what the default pattern gives", () => {
  const bytes = fs.readFileSync("/proc/zoneinfo");
  const zoneinfo = parseZoneinfo(bytes, bytes.length);
  expect(zoneinfo).toEqual(parseZoneinfoBy(DEFAULT_PATTERN, bytes, bytes.length));
  for (const { "per-node-stats": _stats, ...zones } of Object.values(zoneinfo)) {
    for (const values of Object.values(zones))
      expect(values["free"]).toBeWithin(0, (values["managed"] ?? 0) + 1);
  }
});
