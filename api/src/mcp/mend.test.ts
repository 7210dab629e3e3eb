import { describe, expect, it } from "vitest";
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

describe("what is nested too deeply to be written again", () => {
  function nest(levels: number): unknown {
    let value: unknown = 1;
    for (let level = 0; level < levels; level += 1) value = [value];
    return value;
  }
  const note = { type: "text", text: expect.stringContaining("nested too deeply") };

  it("is left out of a result, and the rest is kept", () => {
    const odd = { type: "odd", value: nest(50_000) };
    const deep = { content: [...result.content, odd], structuredContent: { a: nest(50_000) } };
    const mended = mendResult("tools/call", deep, "modern");
    expect(mended["content"]).toEqual([...result.content, note, note]);
    expect(mended).not.toHaveProperty("structuredContent");
  });

  it("costs a list one tool", () => {
    const inputSchema = { type: "object" };
    const deep = { name: "deep", inputSchema: { ...inputSchema, properties: { a: nest(50_000) } } };
    const list = { tools: [{ name: "plain", inputSchema }, deep] };
    expect(mendResult("tools/list", list, "legacy")).toMatchObject({
      tools: [{ name: "plain" }],
      _meta: { "gatehouse/notes": ['The tool "deep" was left out: it is nested too deeply.'] },
    });
  });
});
