import { describe, expect, it } from "vitest";
import { findMissing, planImport, toCreateInput } from "./plan-import.ts";
import type { ConfigEntry, ConfigHeader } from "./read-config.ts";

function remote(name: string, url: string, headers: ConfigHeader[] = []) {
  return { kind: "remote", name, url, headers } satisfies ConfigEntry;
}

describe("planImport", () => {
  it("skips what is here already, and what the file names twice", () => {
    const entries = [
      remote("a", "https://a.example/mcp"),
      remote("b", "https://b.example/mcp"),
      remote("b again", "https://B.example/mcp/"),
      remote("b of another key", "https://b.example/mcp?key=2"),
    ];
    const rows = planImport(entries, [{ url: "https://a.example/mcp" }]);
    expect(rows.map(({ kind }) => kind)).toEqual(["duplicate", "new", "duplicate", "new"]);
  });

  it("says why a program cannot be used", () => {
    const [row] = planImport([{ kind: "local", name: "files", command: "npx" }], []);
    expect(row).toEqual({
      key: "0",
      name: "files",
      kind: "unusable",
      reason: "Runs on your machine (npx): cannot be used here.",
    });
  });
});

describe("what is created", () => {
  const key = { name: "Authorization", value: "Bearer ${input:t}", placeholders: ["${input:t}"] };

  it("waits for what has to be filled in", () => {
    const entry = remote("a", "https://a.example/mcp", [key]);
    expect(findMissing(entry, {})).toEqual(["${input:t}"]);
    expect(findMissing(entry, { "${input:t}": "x" })).toEqual([]);
    expect(toCreateInput("w", entry, { "${input:t}": "x" })).toEqual({
      workspaceId: "w",
      name: "a",
      url: "https://a.example/mcp",
      headers: [{ name: "Authorization", value: "Bearer x" }],
      authType: "HEADERS",
    });
  });

  it("leaves the protection to be detected where no key comes with it", () => {
    const plain = { name: "X-Team", value: "blue", placeholders: [] };
    const entry = remote(" ", "https://a.example/mcp", [plain]);
    expect(toCreateInput("w", entry, {})).toMatchObject({ name: "a.example", authType: undefined });
  });
});
