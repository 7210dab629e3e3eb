import { expect, it } from "vitest";
import { decodeCursor, encodeCursor } from "./cursor.ts";

const epoch = "0198c5a0-7c1e-7d2b-9c55-0d6a3b1f2e4c";

it("reads back the cursor that it made", () => {
  expect(decodeCursor(encodeCursor({ epoch, seq: 42n }))).toEqual({ epoch, seq: 42n });
});

it.each(["", "x", "42", Buffer.from(`${epoch}:-1`).toString("base64url"), "🙂"])(
  "refuses %j, which it did not make",
  (text) => expect(decodeCursor(text)).toBeNull(),
);
