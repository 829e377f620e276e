import { expect, test } from "bun:test";
import { LabelSet } from "../../../src/storages/remote-write/label-set.ts";
import { MetadataSchedule } from "../../../src/storages/remote-write/metadata-schedule.ts";
import { SeriesSet } from "../../../src/storages/remote-write/series-set.ts";
import { metric } from "./storage-of.ts";

test("MetadataSchedule says each name once a minute, also after the clock was set back", () => {
  const schedule = new MetadataSchedule();
  const set = new SeriesSet();
  for (const n of ["1", "2"])
    set.add({ labels: new LabelSet({ n }), metric: metric("a", 1, { type: "gauge" }) });
  const names = (nowMs: number) => schedule.take(set, nowMs).map((series) => series.metric.name);
  const day = 86_400_000;
  expect([names(day), names(day + 59_999), names(day + 60_000)]).toEqual([["a"], [], ["a"]]);
  expect([names(1000), names(2000), names(61_000)]).toEqual([["a"], [], ["a"]]);
});
