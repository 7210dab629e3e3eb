import { expect, it } from "vitest";
import { decodeCursor, encodeCursor } from "./cursor.ts";

const epoch = "0198c5a0-7c1e-7d2b-9c55-0d6a3b1f2e4c";

it.each(["0d6a3b1f2e4c", ""])("reads back the cursor that it made, with the mark %j", (mark) => {
  expect(decodeCursor(encodeCursor({ epoch, seq: 42n, mark }))).toEqual({ epoch, seq: 42n, mark });
});

it("E10 reads a cursor of the earlier format as one of a place without an event", () => {
  const earlier = Buffer.from(`${epoch}:42`).toString("base64url");
  expect(decodeCursor(earlier)).toEqual({ epoch, seq: 42n, mark: "" });
});

it.each([
  "",
  "x",
  "42",
  Buffer.from(`${epoch}:-1`).toString("base64url"),
  Buffer.from(`${epoch}:1:x`).toString("base64url"),
  "🙂",
])("refuses %j, which it did not make", (text) => expect(decodeCursor(text)).toBeNull());
