/** The keys that members enter for themselves at servers with the credential scope PERSONAL. */
import type { Database, McpServer, ServerKey, Transaction } from "@gatehouse/prisma";
import type { Changes } from "#events/changes.ts";
import type { StateChange } from "#storage/grant-store.ts";
import type { ServerSecrets } from "#storage/server-secrets.ts";
import { type Access, type Caller, rolesAllowed } from "../access/access.ts";
import { checkHeaders, type HeaderInput } from "../access/input.ts";
import { InputFaults, ServiceError } from "../access/service-error.ts";
import { appendChange } from "./account-keys.ts";
import { readStatus } from "./key-changes.ts";

export interface PersonalKeys {
  /**
   * Replaces the headers that are sent with the caller's own calls. Null removes them. Requires MEMBER.
   * @throws ServiceError BAD_USER_INPUT, also if the server does not use a key of each member; CONFLICT if its settings have just changed
   */
  set(
    caller: Caller | null,
    input: {
      serverId: string;
      headers: readonly HeaderInput[] | null;
      expiresAt: Date | null;
    },
  ): Promise<void>;
}

export interface PersonalKeysDeps {
  db: Database;
  access: Access;
  secrets: Pick<ServerSecrets, "sealKey">;
  newId(): string;
  appendStateChange(tx: Transaction, change: StateChange): Promise<void>;
  changes: Pick<Changes, "grant" | "server">;
  /** A user entered a key, which has not been tried yet. */
  onKeySet(account: { serverId: string; ownerId: string }): void;
}

export function createPersonalKeys(deps: PersonalKeysDeps): PersonalKeys {
  return {
    async set(maybeCaller, { serverId, headers, expiresAt }) {
      const { caller, server } = await deps.access.requireServer(maybeCaller, serverId, "connect");
      const ownerId = caller.userId;
      const own = checkInput(server, headers);
      const keyId = await deps.db.$transaction((tx) =>
        storeOwn(deps, tx, server, ownerId, own && { headers: own, expiresAt }),
      );
      if (keyId === null) return;
      // The server's topic, because the stored tools of the account have changed too.
      deps.changes.server(serverId);
      deps.changes.grant(keyId, server.workspaceId);
      if (own) deps.onKeySet({ serverId, ownerId });
    },
  };
}

/** @throws ServiceError BAD_USER_INPUT */
function checkInput(
  { authType, credentialScope }: McpServer,
  input: readonly HeaderInput[] | null,
): Record<string, string> | null {
  const faults = new InputFaults();
  if (authType !== "HEADERS" || credentialScope !== "PERSONAL")
    faults.add("serverId", "This server does not use a key of each member.");
  const headers = input ?? [];
  if (input?.length === 0) faults.add("headers", "Enter a header, or null to remove the key.");
  checkHeaders(faults, headers, false);
  headers.forEach(({ name, value }, index) => {
    if (!value) faults.add(`headers.${index}.value`, `Enter a value for ${name}.`);
  });
  faults.throwIfAny();
  return input && Object.fromEntries(headers.map(({ name, value }) => [name, value ?? ""]));
}

/** Returns the id of the row, or null if there was nothing to remove. */
async function storeOwn(
  deps: PersonalKeysDeps,
  tx: Transaction,
  server: McpServer,
  ownerId: string,
  own: { headers: Record<string, string>; expiresAt: Date | null } | null,
): Promise<string | null> {
  const { id: serverId, workspaceId, configVersion } = server;
  // The key was entered for the settings that were read. No membership ends while the row is locked.
  const locked = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM "McpServer" s WHERE s."id" = ${serverId}::uuid AND s."configVersion" = ${configVersion} AND s."deletedAt" IS NULL
    FOR NO KEY UPDATE`;
  const isMember = await tx.membership.count({
    where: { workspaceId, userId: ownerId, role: { in: rolesAllowed("connect") } },
  });
  if (locked.length === 0 || isMember === 0)
    throw new ServiceError("CONFLICT", "The server's settings or your role have just changed.");
  const where = { serverId_ownerId: { serverId, ownerId } };
  const before = await tx.serverKey.findUnique({ where });
  if (!own && !before?.headers) return null;
  const id = before?.id ?? deps.newId();
  const data = {
    headers: own && deps.secrets.sealKey(id, own.headers),
    headerNames: own ? Object.keys(own.headers) : [],
    expiresAt: own?.expiresAt ?? null,
    state: "UNKNOWN",
    configVersion,
  } as const;
  const after: ServerKey = await tx.serverKey.upsert({
    where,
    create: { id, serverId, ownerId, ...data },
    // The row is kept without headers, so that a version is never used twice.
    update: { ...data, version: { increment: 1 } },
  });
  // A new key may be refused, so the list is shown until the server answers with another one.
  if (own)
    await tx.toolCatalog.updateMany({
      where: { serverId, ownerId },
      data: { freshUntil: after.updatedAt },
    });
  else await tx.toolCatalog.deleteMany({ where: { serverId, ownerId } });
  const account = { workspaceId, serverId, ownerId, actorId: ownerId };
  await appendChange(deps, tx, readStatus(server, before), readStatus(server, after), account);
  return id;
}
