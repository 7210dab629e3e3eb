import { expect, it } from "vitest";
import { createMemoryStore } from "./memory-store.ts";

it("ends the grant when something is consumed twice, whoever checked before", async () => {
  const { adapter, list } = createMemoryStore();
  const refreshTokens = adapter("RefreshToken");
  await adapter("Grant").upsert("g1", { jti: "g1" });
  await adapter("Grant").upsert("g2", { jti: "g2" });
  await adapter("AccessToken").upsert("a1", { grantId: "g1" });
  await refreshTokens.upsert("r1", { grantId: "g1" });
  await refreshTokens.consume("r1");
  expect(list("Grant")).toHaveLength(2);
  await expect(refreshTokens.consume("r1")).rejects.toMatchObject({ error: "invalid_grant" });
  expect(list("Grant")).toEqual([{ jti: "g2" }]);
  expect(list("AccessToken")).toEqual([]);
  expect(await refreshTokens.find("r1")).toBeUndefined();
});

it("forgets what has expired", async () => {
  let nowMs = 0;
  const { adapter, list } = createMemoryStore(() => nowMs);
  const sessions = adapter("Session");
  await sessions.upsert("s1", { uid: "u1" }, 60);
  expect(await sessions.findByUid("u1")).toEqual({ uid: "u1" });
  nowMs = 60_000;
  expect(await sessions.find("s1")).toBeUndefined();
  expect(await sessions.findByUid("u1")).toBeUndefined();
  expect(list("Session")).toEqual([]);
});
