import type { Transaction } from "@gatehouse/prisma";
import type { Quotas } from "#config/limits.ts";
import { ServiceError } from "./service-error.ts";

/**
 * Counts the rows before one is added, in the same transaction: two concurrent transactions cannot
 * both use the last place.
 *
 * @param ownerId the workspace or user that the quota applies to
 * @param count counts the existing rows
 * @param message what the caller can do about it
 * @throws ServiceError CONFLICT with `quota` and `limit`
 */
export async function requireQuota(
  tx: Transaction,
  { quota, limit, ownerId }: { quota: keyof Quotas; limit: number; ownerId: string },
  count: () => Promise<number>,
  message: string,
): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`${quota} ${ownerId}`}, 0))`;
  if ((await count()) < limit) return;
  throw new ServiceError("CONFLICT", message, { quota, limit });
}

/** Called before a server is created, and before a deletion is undone. */
export async function requireServerQuota(
  tx: Transaction,
  { serversPerWorkspace: limit }: Pick<Quotas, "serversPerWorkspace">,
  workspaceId: string,
): Promise<void> {
  await requireQuota(
    tx,
    { quota: "serversPerWorkspace", limit, ownerId: workspaceId },
    () => tx.mcpServer.count({ where: { workspaceId, deletedAt: null } }),
    `This workspace has ${limit} servers, which is the limit. Delete one that is no longer needed.`,
  );
}
