import { expect, it } from "vitest";
import { formatDuration, formatPast, formatRelative, formatUrl, suggestName } from "./format.ts";

it.each([
  ["https://mcp.linear.app/sse", "Linear"],
  ["https://api.githubcopilot.com/mcp/", "Githubcopilot"],
  ["http://127.0.0.1:4010/notes/mcp", "Notes"],
  ["http://localhost:3001/mcp", "Localhost"],
  ["https://my-tools.example.com/", "Example"],
  ["not a url", ""],
])("suggests a name for %s: %s", (url, name) => {
  expect(suggestName(url)).toBe(name);
});

it("says when, how long and where in few words", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(formatRelative("2026-01-01T00:02:00Z", now)).toBe("in 2 minutes");
  expect(formatRelative("2025-12-31T21:00:00Z", now)).toBe("3 hours ago");
  expect(formatRelative("2026-01-01T00:00:00.400Z", now)).toBe("now");
  expect(formatPast("2026-01-01T00:00:05Z", now)).toBe("just now");
  expect(formatPast("2025-12-31T21:00:00Z", now)).toBe("3 hours ago");
  expect([formatDuration(12.4), formatDuration(1_250), formatDuration(61_000)]).toEqual([
    "12 ms",
    "1.3 s",
    "61 s",
  ]);
  expect([formatUrl("https://a.example/mcp?key=1"), formatUrl("https://a.example/")]).toEqual([
    "a.example/mcp",
    "a.example",
  ]);
});
