import { afterAll, afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import { requirement } from "./requirement.ts";

const before = process.env["WCA_REQUIRE_ALL"];
const warn = spyOn(console, "warn");

beforeEach(() => {
  delete process.env["WCA_REQUIRE_ALL"];
  warn.mockReset();
});

afterEach(() => {
  delete process.env["WCA_REQUIRE_ALL"];
  if (before !== undefined) process.env["WCA_REQUIRE_ALL"] = before;
});

afterAll(() => warn.mockRestore());

function refuse(): never {
  throw new Error("uid is 1000, must be 0");
}

test("requirement() is met when the probe does not throw", async () => {
  expect(await requirement("root", () => Promise.resolve())).toBe(true);
  expect(warn).not.toHaveBeenCalled();
});

test("requirement() prints the reason to skip", async () => {
  warn.mockImplementation(() => {});
  expect(await requirement("root", refuse)).toBe(false);
  expect(warn.mock.calls).toEqual([["Skipping tests that need root: uid is 1000, must be 0"]]);
});

test("requirement() fails under WCA_REQUIRE_ALL=1", async () => {
  process.env["WCA_REQUIRE_ALL"] = "1";
  await expect(requirement("root", refuse)).rejects.toThrow(
    "Cannot run tests that need root: uid is 1000, must be 0",
  );
});
