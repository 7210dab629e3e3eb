import type { Changes } from "#events/changes.ts";
import type { Database, Transaction } from "@gatehouse/prisma";
import type { FlowStore } from "#storage/flow-store.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import type { RegistrationStore } from "#storage/registration-store.ts";
import type { Access, Caller } from "../access/access.ts";
import { notFound } from "../access/service-error.ts";
import { lockServer, patient } from "./server-lock.ts";
import { type Quotas, requireServerQuota } from "../access/quotas.ts";
import type { Revocation } from "../grant/revocation.ts";

/** Deleting a server: out of use at once, for good a little later, and brought back whole until then. */
export interface Deletion {
  delete(caller: Caller | null, serverId: string): Promise<void>;
  /** A server that is not deleted is answered as it is. @throws ServiceError NOT_FOUND once it is too late. */
  restore(caller: Caller | null, serverId: string): Promise<void>;
  /** Ends what nobody has brought back: each server by one process. */
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
  /** The last statement of the transaction. */
  appendServerEvent(
    tx: Transaction,
    event: {
      type: "SERVER_UPDATED" | "SERVER_DELETED";
      workspaceId: string;
      serverId: string;
      actorId: string | null;
      /** Names of what changed. */
      fields?: string[];
    },
  ): Promise<void>;
  changes: Pick<Changes, "flow" | "server" | "workspace">;
  /** Calls `finalizeDue` when the time to undo is over; a process that dies meanwhile leaves it to the others' turns. */
  scheduleFinalizing(inMs: number): void;
  onError(error: unknown): void;
}

/** Processes' timers and the database's clock do not agree to the millisecond. */
const marginMs = 50;

export function createServerDeletion(deps: ServerDeletionDeps): Deletion {
  const { db, access } = deps;

  /** @param passed those of this turn, ended or not */
  async function finalizeNext(passed: readonly string[]): Promise<string | null> {
    let serverId: string | null = null;
    try {
      const ended = await db.$transaction(async (tx) => {
        // Whoever is bringing it back holds the row, and is not waited for.
        const [server] = await tx.$queryRaw<
          { id: string; workspaceId: string; deletedById: string | null }[]
        >`
          SELECT "id", "workspaceId", "deletedById" FROM "McpServer"
          WHERE "deletedAt" <= now() - make_interval(secs => ${deps.undoMs}::float8 / 1000)
            AND "id" <> ALL (${passed}::uuid[])
          ORDER BY "deletedAt" LIMIT 1 FOR UPDATE SKIP LOCKED`;
        if (!server) return null;
        serverId = server.id;
        const { id, workspaceId, deletedById: actorId } = server;
        const reason = "DISCONNECTED_BY_USER";
        // The log tells of every account that is gone with it.
        await deps.grants.endAll(tx, id, reason, actorId);
        await deps.registrations.retireAll(tx, id, { workspaceId, actorId, reason });
        await tx.mcpServer.delete({ where: { id } });
        const event = { type: "SERVER_DELETED", workspaceId, serverId: id, actorId } as const;
        await deps.appendServerEvent(tx, event);
        return workspaceId;
      }, patient);
      if (ended === null) return null;
      if (serverId !== null) deps.changes.server(serverId);
      deps.changes.workspace(ended);
      deps.revocation.kick();
    } catch (error) {
      // A key that is missing, say: the server stays deleted, and its turn comes again. The others do not wait for it.
      if (serverId === null) throw error;
      deps.onError(error);
    }
    return serverId;
  }

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
        // Others may have taken its place.
        await requireServerQuota(tx, deps.quotas, workspaceId);
        // The row's lock and the database's clock decide between this and the end: exactly one of them finds it so.
        const restored = await tx.$executeRaw`
          UPDATE "McpServer" SET "deletedAt" = NULL, "deletedById" = NULL
          WHERE "id" = ${id}::uuid AND "deletedAt" > clock_timestamp() - make_interval(secs => ${deps.undoMs}::float8 / 1000)`;
        if (restored === 0) {
          // Somebody else was as quick.
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
        const serverId = await finalizeNext(passed);
        if (serverId === null) return;
        passed.push(serverId);
      }
    },
  };
}
