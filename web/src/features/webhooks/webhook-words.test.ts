import { expect, it } from "vitest";
import { eventTypes } from "../../lib/event-words.ts";
import { describeEndpoint, describeTypes, readTypes } from "./webhook-words.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

it("sends null for all types, in whatever order they were chosen, so that those of the future come too", () => {
  expect(readTypes(eventTypes.toReversed())).toBeNull();
  expect(readTypes(["TOOL_EXECUTED"])).toEqual(["TOOL_EXECUTED"]);
});

it("says which events an endpoint is told of", () => {
  expect(describeTypes(null)).toBe("Every event");
  expect(describeTypes(["TOOL_EXECUTED"])).toBe("A tool ran");
  expect(describeTypes(["TOOL_EXECUTED", "SERVER_CREATED"])).toMatch(/^2 of \d+ kinds of event$/);
});

it.each([
  [{}, "Delivering", "good"],
  [{ failingSince: "2025-12-31T21:00:00Z" }, "Failing since 3 hours ago", "bad"],
  // The server's clock may be ahead.
  [{ failingSince: "2026-01-01T00:00:05Z" }, "Failing since just now", "bad"],
  [
    { failingSince: "2025-12-31T21:00:00Z", disabledAt: "2025-12-31T22:00:00Z" },
    "Turned off",
    "off",
  ],
])("says of %j that it is: %s", (endpoint, label, tone) => {
  expect(describeEndpoint(endpoint, now)).toEqual({ label, tone });
});
