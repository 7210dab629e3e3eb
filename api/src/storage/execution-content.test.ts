import { describe, expect, it } from "vitest";
import { cutResult, maxStoredBytes } from "./execution-content.ts";

const text = (characters: number, of = "a") => ({ type: "text", text: of.repeat(characters) });
const image = (characters: number) => ({
  type: "image",
  data: "A".repeat(characters),
  mimeType: null,
});
const read = (stored: string) => JSON.parse(stored) as { content: { text: string }[] };

describe("what is stored of a result", () => {
  it("is all of it up to a megabyte, counted in bytes", () => {
    const small = { content: [text(10)], structuredContent: { a: [1] } };
    expect(cutResult(small)).toEqual({
      text: JSON.stringify(small),
      bytes: Buffer.byteLength(JSON.stringify(small)),
      isTruncated: false,
    });
    const around = JSON.stringify({ content: [text(0)], structuredContent: null }).length;
    const full = { content: [text(maxStoredBytes - around)], structuredContent: null };
    expect(cutResult(full)).toMatchObject({ isTruncated: false, bytes: maxStoredBytes });
    // Half as many characters of two bytes each.
    const wide = { content: [text(maxStoredBytes / 2, "ä")], structuredContent: null };
    expect(cutResult(wide).isTruncated).toBe(true);
  });

  it.each([
    ["a long text: its beginning", [text(5), text(3 * maxStoredBytes)], 2],
    ["a text that grows when it is written", [text(maxStoredBytes, "\u0001")], 1],
    ["half an image is of no use", [text(5), image(2 * maxStoredBytes), text(5)], 1],
    ["many blocks: the first of them", Array.from({ length: 5 }, () => image(300_000)), 3],
  ])("beyond it, %s", (_what, content, kept) => {
    const {
      text: stored,
      bytes,
      isTruncated,
    } = cutResult({ content, structuredContent: { a: 1 } });
    expect(isTruncated).toBe(true);
    expect(bytes).toBeGreaterThan(maxStoredBytes);
    expect(Buffer.byteLength(stored)).toBeLessThanOrEqual(maxStoredBytes);
    expect(read(stored).content).toHaveLength(kept);
    expect(JSON.parse(stored).structuredContent).toBeNull();
  });

  it("keeps no half character", () => {
    const { text: stored } = cutResult({
      content: [text(maxStoredBytes, "😀")],
      structuredContent: null,
    });
    expect(read(stored).content[0]?.text.isWellFormed()).toBe(true);
    expect(read(stored).content[0]?.text.length).toBeGreaterThan(100_000);
  });
});
