import type { Transaction } from "@gatehouse/prisma";

/**
 * For a transaction that ends all accounts of a server or a member, which takes a few statements
 * for each. In milliseconds.
 */
export const patient = { timeout: 60_000 };

/**
 * Serializes consents at a server, changes of its settings and its deletion: all of them lock the
 * server's row first, so that they cannot deadlock.
 * @returns the version of its settings; null if the server does not exist or is deleted
 */
export async function lockServer(tx: Transaction, id: string): Promise<number | null> {
  const [row] = await tx.$queryRaw<{ configVersion: number }[]>`
    SELECT "configVersion" FROM "McpServer" WHERE "id" = ${id}::uuid AND "deletedAt" IS NULL FOR UPDATE`;
  return row?.configVersion ?? null;
}
