import { expect, it } from "vitest";
import { mendResult } from "./mend.ts";

const result = { content: [{ type: "text", text: "done" }] };

it("takes a result that does not say of which type it is for complete, as the 2026-07-28 revision does", () => {
  expect(mendResult("tools/call", result, "modern")).toMatchObject({
    ...result,
    resultType: "complete",
  });
});

it("leaves the type that a result says", () => {
  const asking = { resultType: "input_required", inputRequests: {} };
  expect(mendResult("tools/call", asking, "modern")).toMatchObject({
    resultType: "input_required",
  });
});

it("adds no type to a legacy result", () => {
  expect(mendResult("tools/call", result, "legacy")).not.toHaveProperty("resultType");
});
