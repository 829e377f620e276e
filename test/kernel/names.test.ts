import { expect, test } from "bun:test";
import { Names } from "../../src/kernel/names.ts";

const bytes = Buffer.from("nr_foo nr_fop pgfault");

test("at() gives the name that stands there now, whatever stood there before", () => {
  const names = new Names();
  const seen = [
    names.at(0, bytes, 0, 6),
    names.at(0, bytes, 7, 13),
    names.at(0, bytes, 14, 21),
    names.at(0, bytes, 14, 17),
    names.at(5, bytes, 0, 6),
    names.at(5, bytes, 7, 13),
  ];
  expect(seen).toEqual(["nr_foo", "nr_fop", "pgfault", "pgf", "nr_foo", "nr_fop"]);
});
