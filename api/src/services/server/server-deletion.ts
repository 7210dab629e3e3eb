import type { Changes } from "#events/changes.ts";
import type { Database, Transaction } from "@gatehouse/prisma";
import type { FlowStore } from "#storage/flow-store.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import type { RegistrationStore } from "#storage/registration-store.ts";
import type { Access, Caller } from "../access/access.ts";
import { notFound } from "../access/service-error.ts";
import { lockServer, patient } from "./server-lock.ts";
import type { Quotas } from "#config/limits.ts";
import { requireServerQuota } from "../access/quotas.ts";
import type { Revocation } from "../grant/revocation.ts";

/**
 * Deletes servers: they cannot be used from then on, are deleted permanently a little later, and
 * can be restored completely until then.
 */
export interface Deletion {
  delete(caller: Caller | null, serverId: string): Promise<void>;
  /**
   * A server that is not deleted is returned unchanged. @throws ServiceError NOT_FOUND when the
   * deletion is permanent
   */
  restore(caller: Caller | null, serverId: string): Promise<void>;
  /**
   * Permanently deletes the servers that were not restored in time. Each server is handled by one
   * process.
   */
  finalizeDue(signal?: AbortSignal): Promise<void>;
}

export interface ServerDeletionDeps {
  db: Database;
  access: Access;
  quotas: Pick<Quotas, "serversPerWorkspace">;
  flows: FlowStore;
  grants: GrantLifecycle;
  registrations: RegistrationStore;
  revocation: Revocation;
  /** How long a deletion can be undone, in milliseconds, by the database's clock. */
  undoMs: number;
  /** Must be the last statement of the transaction. */
  appendServerEvent(
    tx: Transaction,
    event: {
      type: "SERVER_UPDATED" | "SERVER_DELETED";
      workspaceId: string;
      serverId: string;
      actorId: string | null;
      /** The names of the changed settings. */
      fields?: string[];
    },
  ): Promise<void>;
  changes: Pick<Changes, "flow" | "server" | "workspace">;
  /**
   * Calls `finalizeDue` when the time to undo is over. If this process stops before, the regular
   * runs of other processes do it.
   */
  scheduleFinalizing(inMs: number): void;
  onError(error: unknown): void;
}

/** Timers and the database's clock can differ by a few milliseconds. */
const marginMs = 50;

export function createServerDeletion(deps: ServerDeletionDeps): Deletion {
  const { db, access } = deps;

  return {
    async delete(maybeCaller, id) {
      const { caller, server } = await access.requireServer(maybeCaller, id, "administer");
      const { workspaceId } = server;
      const flows = await db.$transaction(async (tx) => {
        if ((await lockServer(tx, id)) === null) throw notFound("server");
        await tx.$executeRaw`
          UPDATE "McpServer" SET "deletedAt" = clock_timestamp(), "deletedById" = ${caller.userId}::uuid
          WHERE "id" = ${id}::uuid`;
        const failed = await deps.flows.failOpen(tx, id, "SERVER_GONE");
        await deps.appendServerEvent(tx, {
          type: "SERVER_UPDATED",
          workspaceId,
          serverId: id,
          actorId: caller.userId,
          fields: ["deletedAt"],
        });
        return failed;
      });
      deps.changes.server(id);
      deps.changes.flow(...flows);
      deps.changes.workspace(workspaceId);
      deps.scheduleFinalizing(deps.undoMs + marginMs);
    },

    async restore(maybeCaller, id) {
      const { caller, server } = await access.requireServer(maybeCaller, id, "administer", {
        includeDeleted: true,
      });
      if (server.deletedAt === null) return;
      const { workspaceId } = server;
      const isRestored = await db.$transaction(async (tx) => {
        // Other servers may have used up the quota in the meantime.
        await requireServerQuota(tx, deps.quotas, workspaceId);
        // The row lock and the database's clock decide between the restoration and the permanent
        // deletion.
        const restored = await tx.$executeRaw`
          UPDATE "McpServer" SET "deletedAt" = NULL, "deletedById" = NULL
          WHERE "id" = ${id}::uuid AND "deletedAt" > clock_timestamp() - make_interval(secs => ${deps.undoMs}::float8 / 1000)`;
        if (restored === 0) {
          // Another request has already restored it.
          if (await tx.mcpServer.count({ where: { id, deletedAt: null } })) return false;
          throw notFound("server");
        }
        await deps.appendServerEvent(tx, {
          type: "SERVER_UPDATED",
          workspaceId,
          serverId: id,
          actorId: caller.userId,
          fields: ["deletedAt"],
        });
        return true;
      });
      if (!isRestored) return;
      deps.changes.server(id);
      deps.changes.workspace(workspaceId);
    },

    async finalizeDue(signal) {
      const passed: string[] = [];
      while (!signal?.aborted) {
        const serverId = await finalizeNext(deps, passed);
        if (serverId === null) return;
        passed.push(serverId);
      }
    },
  };
}

interface DeletedServer {
  id: string;
  workspaceId: string;
  deletedById: string | null;
}

/**
 * Permanently deletes the next server whose time is over. Returns its id, or null if none is left.
 * @param passed the servers that this run has already handled, successfully or not
 */
async function finalizeNext(
  deps: ServerDeletionDeps,
  passed: readonly string[],
): Promise<string | null> {
  let serverId: string | null = null;
  try {
    const server = await deps.db.$transaction(async (tx) => {
      const due = await lockNext(deps, tx, passed);
      if (!due) return null;
      serverId = due.id;
      await erase(deps, tx, due);
      return due;
    }, patient);
    if (!server) return null;
    deps.changes.server(server.id);
    deps.changes.workspace(server.workspaceId);
    deps.revocation.kick();
  } catch (error) {
    // For example because an encryption key is missing: the server stays deleted, and a later run
    // retries it. The other servers do not wait for it.
    if (serverId === null) throw error;
    deps.onError(error);
  }
  return serverId;
}

async function lockNext(
  { undoMs }: ServerDeletionDeps,
  tx: Transaction,
  passed: readonly string[],
): Promise<DeletedServer | undefined> {
  // Skips a row that is locked by a transaction that restores the server.
  const [server] = await tx.$queryRaw<DeletedServer[]>`
    SELECT "id", "workspaceId", "deletedById" FROM "McpServer"
    WHERE "deletedAt" <= now() - make_interval(secs => ${undoMs}::float8 / 1000)
      AND "id" <> ALL (${passed}::uuid[])
    ORDER BY "deletedAt" LIMIT 1 FOR UPDATE SKIP LOCKED`;
  return server;
}

async function erase(
  { grants, registrations, appendServerEvent }: ServerDeletionDeps,
  tx: Transaction,
  { id, workspaceId, deletedById: actorId }: DeletedServer,
): Promise<void> {
  const reason = "DISCONNECTED_BY_USER";
  // An event is appended for every grant that ends with the server.
  await grants.endAll(tx, id, reason, actorId);
  await registrations.retireAll(tx, id, { workspaceId, actorId, reason });
  await tx.mcpServer.delete({ where: { id } });
  await appendServerEvent(tx, { type: "SERVER_DELETED", workspaceId, serverId: id, actorId });
}
