/** Changes of keys by users: of their own headers, and of a server's settings. */
import type { McpServer, ServerKey, Transaction } from "@gatehouse/prisma";
import type { StateChange } from "#storage/grant-store.ts";
import { type AccountKeysDeps, appendChange, readKeyStatus } from "./account-keys.ts";

type Deps = Pick<AccountKeysDeps, "appendStateChange">;
type Status = Pick<StateChange, "state" | "reason">;

/**
 * Makes the state of all accounts unknown after the settings of a server changed, in the caller's transaction, which has locked the server.
 * Users' own headers are deleted if they could reach a different server or are no longer used. Publish the server after the commit.
 */
export async function resetKeys(
  deps: Deps,
  tx: Transaction,
  before: McpServer,
  after: McpServer,
  actorId: string,
): Promise<void> {
  const serverId = after.id;
  const { workspaceId } = after;
  const keys = await tx.serverKey.findMany({ where: { serverId }, orderBy: { id: "asc" } });
  const removesOwn =
    new URL(before.url).origin !== new URL(after.url).origin ||
    before.credentialScope !== after.credentialScope ||
    after.authType !== "HEADERS";
  if (removesOwn) await tx.serverKey.deleteMany({ where: { serverId } });
  else
    await tx.serverKey.updateMany({
      where: { serverId },
      data: { state: "UNKNOWN", configVersion: after.configVersion },
    });
  // Accounts that were in use before; a shared account has no row until it is used.
  const inUse = keys.filter(({ ownerId }) => isUsed(before, ownerId));
  const owners = new Set(inUse.map(({ ownerId }) => ownerId));
  if (before.credentialScope === "WORKSPACE") owners.add(workspaceId);
  if (before.authType !== "HEADERS") return;
  for (const ownerId of owners) {
    if (!isUsed(after, ownerId)) continue;
    const key = inUse.find((one) => one.ownerId === ownerId) ?? null;
    const kept = removesOwn ? null : key && { ...key, configVersion: 0 };
    await appendChange(deps, tx, readStatus(before, key), readStatus(after, kept), {
      workspaceId,
      serverId,
      ownerId,
      actorId,
    });
  }
}

/** Whether the owner's account is the one that calls use. */
function isUsed({ credentialScope, workspaceId }: McpServer, ownerId: string): boolean {
  return (credentialScope === "WORKSPACE") === (ownerId === workspaceId);
}

/** The status of an account after a change of the settings. @param key null: it has none, or its key was removed */
export function readStatus(server: McpServer, key: ServerKey | null = null): Status {
  if (server.authType === "OAUTH") return { state: "DISCONNECTED", reason: "NOT_CONNECTED" };
  if (server.authType === "NONE") return { state: "NOT_REQUIRED", reason: null };
  if (server.authType === "UNKNOWN") return { state: "UNKNOWN", reason: null };
  return readKeyStatus(
    { configVersion: server.configVersion, hasHeaders: server.headers !== null },
    key && { ...key, hasHeaders: key.headers !== null },
  );
}

/** Deletes the keys of a member, in the caller's transaction. Returns the ids of their servers, to be published after the commit. */
export async function removeKeysOfMember(
  tx: Transaction,
  { workspaceId, userId }: { workspaceId: string; userId: string },
): Promise<string[]> {
  const where = { ownerId: userId, server: { workspaceId } };
  const keys = await tx.serverKey.findMany({ where, select: { serverId: true } });
  await tx.serverKey.deleteMany({ where });
  return keys.map(({ serverId }) => serverId);
}
