import { expect, it } from "vitest";
import { exportEventsPath, readFilters, writeFilters } from "./activity-filters.ts";

it("stands in the address beside what else does, and comes back as it was", () => {
  const filters = { type: "TOOL_EXECUTED" as const, serverId: "s/1", onlyMine: true };
  const params = writeFilters(new URLSearchParams("tab=activity&type=NONSENSE"), filters);
  expect(params.get("tab")).toBe("activity");
  expect(readFilters(params)).toEqual(filters);
  const none = { type: null, serverId: null, onlyMine: false };
  expect(String(writeFilters(params, none))).toBe("tab=activity");
  expect(readFilters(new URLSearchParams("type=NONSENSE&mine=yes"))).toEqual(none);
});

it("a file is filtered as the list is", () => {
  const none = { type: null, serverId: null, onlyMine: false };
  expect(exportEventsPath("csv", "w 1", none)).toBe("/export/events.csv?workspaceId=w+1");
  expect(
    exportEventsPath("json", "w", { type: "TOOL_EXECUTED", serverId: "s", onlyMine: true }),
  ).toBe("/export/events.json?workspaceId=w&types=TOOL_EXECUTED&serverId=s&onlyMine=true");
});
