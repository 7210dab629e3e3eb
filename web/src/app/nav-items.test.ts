import { expect, it } from "vitest";
import { navGroups, readCurrent } from "./nav-items.ts";

const items = navGroups.flatMap((group) => group.items);

it.each([
  ["/", "Servers", "page"],
  ["/s/abc", "Servers", "true"],
  ["/s/abc/t/add", "Servers", "true"],
  ["/import", "Servers", "true"],
  ["/runs", "Runs", "page"],
  ["/runs/1", "Runs", "true"],
  ["/activity", "Activity", "page"],
])("at %s, %s alone is marked as %s", (pathname, label, current) => {
  const marked = items.map((item) => [item.label, readCurrent(item, pathname)] as const);
  expect(marked.filter(([, mark]) => mark !== undefined)).toEqual([[label, current]]);
});

it("marks nothing where no screen is", () => {
  expect(items.filter((item) => readCurrent(item, "/nowhere"))).toEqual([]);
});
