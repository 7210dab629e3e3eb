import { expect, it } from "vitest";
import { createEraCache, eraOf } from "./protocol-era.ts";
import type { EraVerdict } from "./protocol-era.ts";

const modern: EraVerdict = { era: "modern", protocolVersion: "2026-07-28" };
const legacy: EraVerdict = { era: "legacy", protocolVersion: "2025-11-25" };

it("keeps servers on one origin apart, but not by their query", () => {
  const eras = createEraCache();
  eras.set("https://example.com/a?key=1", modern);
  eras.set("https://example.com/b", legacy);
  expect(eras.get("https://example.com/a?key=2")).toEqual(modern);
  expect(eras.get("https://example.com/b")).toEqual(legacy);
  expect(eras.get("https://example.com/c")).toBeNull();
});

it("forgets when told, and after its time", () => {
  let now = 1;
  const eras = createEraCache({ ttlMs: 10, monotonicMs: () => now });
  eras.set("https://example.com/a", modern);
  eras.forget("https://example.com/a");
  expect(eras.get("https://example.com/a")).toBeNull();
  eras.set("https://example.com/a", modern);
  now = 11;
  expect(eras.get("https://example.com/a")).toEqual(modern);
  now = 12;
  expect(eras.get("https://example.com/a")).toBeNull();
});

it("is bounded: the oldest gives way", () => {
  const eras = createEraCache({ maxEntries: 2 });
  for (const path of ["a", "b", "c"]) eras.set(`https://example.com/${path}`, modern);
  expect(eras.get("https://example.com/a")).toBeNull();
  expect(eras.get("https://example.com/c")).toEqual(modern);
});

it("knows an era by its version", () => {
  expect(eraOf("2026-07-28")).toBe("modern");
  expect(eraOf("2027-01-01")).toBe("modern");
  expect(eraOf("2025-11-25")).toBe("legacy");
  expect(eraOf(undefined)).toBe("legacy");
});
