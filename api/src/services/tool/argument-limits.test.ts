import { expect, it } from "vitest";
import { writeArguments } from "./argument-limits.ts";

function nest(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i += 1) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

it("takes what is within a megabyte and a hundred levels", () => {
  expect(writeArguments({ a: "ä" })).toEqual({ text: '{"a":"ä"}', bytes: 10 });
  expect(writeArguments(nest(100))).toHaveProperty("text");
  expect(writeArguments("x".repeat(1024 * 1024 - 2))).toHaveProperty("bytes", 1024 * 1024);
});

it.each([
  ["one level more", nest(102)],
  ["so many that recursion would fail", nest(200_000)],
  ["more than a megabyte, in bytes", "ä".repeat(600_000)],
])("refuses %s", (_what, args) => {
  expect(writeArguments(args)).toEqual({ fault: expect.stringContaining("must not be") });
});
