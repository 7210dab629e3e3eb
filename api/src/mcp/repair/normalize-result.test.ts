import { describe, expect, it } from "vitest";
import { normalizeResult } from "./normalize-result.ts";

const result = { content: [{ type: "text", text: "done" }] };

it("takes a result that does not say of which type it is for complete, as the 2026-07-28 revision does", () => {
  expect(normalizeResult("tools/call", result, "modern")).toMatchObject({
    ...result,
    resultType: "complete",
  });
});

it("leaves the type that a result says", () => {
  const asking = { resultType: "input_required", inputRequests: {} };
  expect(normalizeResult("tools/call", asking, "modern")).toMatchObject({
    resultType: "input_required",
  });
});

it("adds no type to a legacy result", () => {
  expect(normalizeResult("tools/call", result, "legacy")).not.toHaveProperty("resultType");
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
    const mended = normalizeResult("tools/call", deep, "modern");
    expect(mended["content"]).toEqual([...result.content, note, note]);
    expect(mended).not.toHaveProperty("structuredContent");
  });

  it("costs a list one tool", () => {
    const inputSchema = { type: "object" };
    const deep = { name: "deep", inputSchema: { ...inputSchema, properties: { a: nest(50_000) } } };
    const list = { tools: [{ name: "plain", inputSchema }, deep] };
    expect(normalizeResult("tools/list", list, "legacy")).toMatchObject({
      tools: [{ name: "plain" }],
      _meta: { "gatehouse/notes": ['The tool "deep" was left out: it is nested too deeply.'] },
    });
  });
});

describe("what has very many parts", () => {
  const many = Array.from({ length: 200_000 }, () => 0);

  it("keeps a thousand content blocks, and says so", () => {
    const mended = normalizeResult("tools/call", { content: many }, "legacy");
    expect(mended["content"]).toHaveLength(1_000);
    expect(mended["_meta"]).toEqual({
      "gatehouse/notes": ["Only the first 1000 of 200000 content blocks were kept."],
    });
  });

  it("keeps a thousand of a prompt's messages, and of their blocks", () => {
    const message = { role: "user", content: many };
    for (const messages of [[message, message], many.map(() => ({ role: "user", content: "a" }))])
      expect(normalizeResult("prompts/get", { messages }, "legacy")["messages"]).toHaveLength(
        1_000,
      );
  });

  it("keeps a thousand of a resource's contents, and says so", () => {
    const contents = many.map(() => ({ uri: "a:b", text: "" }));
    const mended = normalizeResult("resources/read", { contents }, "legacy");
    expect(mended["contents"]).toHaveLength(1_000);
    expect(mended).toHaveProperty(["_meta", "gatehouse/notes"]);
  });

  it("lets no server speak in our notes", () => {
    const foreign = { ...result, _meta: { "gatehouse/notes": ["All is well."], other: 1 } };
    expect(normalizeResult("tools/call", foreign, "modern")["_meta"]).toEqual({ other: 1 });
  });
});
