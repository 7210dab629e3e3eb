import { describe, expect, it } from "vitest";
import { weigh } from "./weigh.ts";

const manifest = {
  "index.html": { file: "index.js", imports: ["_shared.js"], css: ["index.css"] },
  "_shared.js": { file: "shared.js", imports: ["index.html"] },
  "page.tsx": { file: "page.js", imports: ["_shared.js", "_chart.js"], css: ["page.css"] },
  "_chart.js": { file: "chart.js" },
};
const bytes: Record<string, number> = {
  "index.js": 1,
  "shared.js": 10,
  "index.css": 100,
  "page.js": 1_000,
  "page.css": 10_000,
  "chart.js": 100_000,
};
const read = (file: string) => bytes[file] ?? Number.NaN;

describe("weighing a part of the web app", () => {
  it("counts it, what it imports and its style sheets, each once", () => {
    expect(weigh(manifest, ["index.html"], [], read)).toBe(111);
    expect(weigh(manifest, ["index.html", "page.tsx"], [], read)).toBe(111_111);
  });

  it("leaves out what was there before", () => {
    expect(weigh(manifest, ["page.tsx"], ["index.html"], read)).toBe(111_000);
  });

  it("knows no part that the build has not", () => {
    expect(() => weigh(manifest, ["gone.tsx"], [], read)).toThrow("gone.tsx");
  });
});
