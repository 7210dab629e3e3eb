import type { Transaction } from "@gatehouse/prisma";

/** For a transaction that ends all accounts of a server, or all of a member: each takes a few statements. In milliseconds. */
export const patient = { timeout: 60_000 };

/**
 * Puts consents at a server, changes of its settings and its deletion in an order: all of them lock its row first, so that none
 * waits for another that waits for it.
 * @returns its settings' version; null when it is gone, or deleted
 */
export async function lockServer(tx: Transaction, id: string): Promise<number | null> {
  const [row] = await tx.$queryRaw<{ configVersion: number }[]>`
    SELECT "configVersion" FROM "McpServer" WHERE "id" = ${id}::uuid AND "deletedAt" IS NULL FOR UPDATE`;
  return row?.configVersion ?? null;
}
