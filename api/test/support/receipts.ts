import { expect } from "vitest";
import { rowIdOf } from "./client.ts";
import type { TestGatehouse } from "./gatehouse.ts";

/** A receipt as the log has it. */
export interface Receipt {
  what: "TOKENS" | "REGISTRATION";
  outcome: string;
  attempts: number;
  httpStatus: number | null;
  reason: string | null;
  actorId: string | null;
  userId: string | null;
}

/** Receipts of a server, oldest first. */
export async function readReceipts(gatehouse: TestGatehouse, serverId: string): Promise<Receipt[]> {
  const events = await gatehouse.db.workspaceEvent.findMany({
    where: { type: "TOKEN_REVOKED", serverId: rowIdOf(serverId) },
    orderBy: { seq: "asc" },
  });
  return events.map(({ payload, actorId, userId }) => ({
    ...(payload as unknown as Omit<Receipt, "actorId" | "userId">),
    actorId,
    userId,
  }));
}

/** Waits until a server has so many receipts and no task is left of it. */
export async function awaitReceipts(
  gatehouse: TestGatehouse,
  serverId: string,
  count = 1,
): Promise<Receipt[]> {
  // Longer than a task's lease: a database that is slow for a moment leaves one to run out.
  await expect
    .poll(async () => (await readReceipts(gatehouse, serverId)).length, { timeout: 50_000 })
    .toBeGreaterThanOrEqual(count);
  expect(
    await gatehouse.db.revocationTask.count({ where: { serverId: rowIdOf(serverId) } }),
    "a task is erased with its receipt",
  ).toBe(0);
  return readReceipts(gatehouse, serverId);
}

/** The one open task of a server, once so many tries have failed and nobody is at it. */
export async function awaitFailedTries(
  gatehouse: TestGatehouse,
  serverId: string,
  attempts = 1,
): Promise<void> {
  await expect
    .poll(
      () =>
        gatehouse.db.revocationTask.count({
          where: { serverId: rowIdOf(serverId), attempts: { gte: attempts }, leaseOwner: null },
        }),
      { timeout: 25_000 },
    )
    .toBe(1);
}

/** Makes every open task due now, in place of waiting for the back-off. */
export async function makeDue(gatehouse: TestGatehouse): Promise<void> {
  await gatehouse.db.$executeRaw`UPDATE "RevocationTask" SET "nextAttemptAt" = clock_timestamp()`;
}
