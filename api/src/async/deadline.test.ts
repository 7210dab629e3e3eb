import { expect, it } from "vitest";
import { within } from "./deadline.ts";

it("answers what comes in time, and fails as it does", async () => {
  expect(await within(60_000, Promise.resolve(1))).toBe(1);
  await expect(within(60_000, Promise.reject(new Error("away")))).rejects.toThrow("away");
});

it("E1 gives up what never answers", async () => {
  await expect(within(10, new Promise(() => {}))).rejects.toThrow("No answer within 10 ms.");
});
