import { expect, it } from "vitest";
import type { Tool } from "#mcp/calls/catalog.ts";
import { diffCatalogs, describeChanges } from "./catalog-diff.ts";

const tool = (name: string, more: Partial<Tool> = {}): Tool => ({
  name,
  title: null,
  description: null,
  inputSchema: { type: "object" },
  outputSchema: null,
  annotations: null,
  ...more,
});

it("tells what came, what went and what is another", () => {
  const before = [tool("a"), tool("b"), tool("c")];
  const after = [tool("d"), tool("c", { description: "Now it deletes." }), tool("b")];
  expect(diffCatalogs(before, after)).toEqual({ added: ["d"], removed: ["a"], changed: ["c"] });
});

it.each([
  { inputSchema: { type: "object", properties: { to: { type: "string" } } } },
  { outputSchema: { type: "object" } },
  { annotations: { destructiveHint: true } },
  { title: "A" },
])("calls a tool changed for %j", (more) => {
  expect(diffCatalogs([tool("a")], [tool("a", more)])?.changed).toEqual(["a"]);
});

it("says nothing of a list that is the same, whatever its order, nor of a first one that is empty", () => {
  expect(diffCatalogs([tool("a"), tool("b")], [tool("b"), tool("a")])).toBeNull();
  expect(diffCatalogs(null, [])).toBeNull();
  expect(diffCatalogs(null, [tool("a")])?.added).toEqual(["a"]);
});

it("keeps an event small, and counts what it leaves out", () => {
  const many = Array.from({ length: 150 }, (_, i) => tool(`${i}${"x".repeat(500)}`));
  const changes = diffCatalogs(null, many);
  const told = changes && describeChanges(changes);
  expect(told).toMatchObject({ addedCount: 150, removedCount: 0, changedCount: 0 });
  expect(told?.added).toHaveLength(100);
  expect(Math.max(...(told?.added.map(({ length }) => length) ?? []))).toBe(200);
});
