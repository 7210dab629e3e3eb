import type { Database, Transaction } from "@gatehouse/prisma";
import type { OAuthReason } from "#oauth/state.ts";
import { type ConnectGrantDeps, connectGrant, type ConsentedGrant } from "./connect-grant.ts";
import type { StateChange } from "./grant-store.ts";
import { grantsOf } from "./grant-ending.ts";

export interface GrantLifecycle {
  /**
   * Seals the grant, finishes the flow and appends the event, in one transaction. Replaced tokens
   * of another issuer or client are queued for revocation.
   */
  connect(grant: ConsentedGrant): Promise<
    | { kind: "connected"; grantId: string; serverChanged: boolean }
    /** Nothing was stored; the caller must revoke the tokens. */
    | { kind: "settings-changed" | "server-gone" | "no-member" | "attempt-over" }
  >;
  /**
   * Erases the tokens of one owner and queues their revocation. False if there was nothing to end.
   */
  end(
    target: { serverId: string; ownerId: string },
    reason: OAuthReason,
    actorId: string | null,
  ): Promise<boolean>;
  /**
   * Ends the grants of every owner at a server, in the caller's transaction. Publish after the
   * commit if any ended.
   */
  endAll(
    tx: Transaction,
    serverId: string,
    reason: OAuthReason,
    actorId: string | null,
    /** If the server no longer requires OAuth; otherwise DISCONNECTED. */
    status?: Pick<StateChange, "state" | "reason">,
  ): Promise<{ ended: number }>;
  /**
   * Ends the grants of a member in a workspace: their own, and the shared ones that they connected.
   */
  endOfMember(
    tx: Transaction,
    member: { workspaceId: string; userId: string },
    actorId: string,
  ): Promise<{ serverId: string; ownerId: string }[]>;
  /** Changes the state and keeps the tokens, if the state is still the expected one. */
  changeState(
    grantId: string,
    from: { state: "CONNECTED" | "REAUTH_REQUIRED"; reason: OAuthReason | null; version: number },
    to: { state: "CONNECTED" | "REAUTH_REQUIRED"; reason: OAuthReason | null },
  ): Promise<boolean>;
}

export interface GrantLifecycleDeps extends ConnectGrantDeps {
  db: Database;
  publish(grantId: string, workspaceId: string): void;
}

export function createGrantLifecycle(deps: GrantLifecycleDeps): GrantLifecycle {
  const { db, ending } = deps;
  return {
    async connect(input) {
      const outcome = await db.$transaction((tx) => connectGrant(deps, tx, input));
      if (outcome.kind === "connected") deps.publish(outcome.grantId, outcome.workspaceId);
      return outcome;
    },

    async end(target, reason, actorId) {
      const ended = await db.$transaction(async (tx) => {
        const where = grantsOf.owner(target.serverId, target.ownerId);
        const [row] = await ending.readRows(tx, where);
        const server = await tx.mcpServer.findUnique({ where: { id: target.serverId } });
        if (!row || !server) return null;
        const { workspaceId } = server;
        const isEnded = await ending.endRow(tx, row, { workspaceId, reason, actorId });
        return isEnded ? { grantId: row.id, workspaceId } : null;
      });
      if (ended) deps.publish(ended.grantId, ended.workspaceId);
      return ended !== null;
    },

    async endAll(tx, serverId, reason, actorId, status) {
      const { workspaceId } = await tx.mcpServer.findUniqueOrThrow({ where: { id: serverId } });
      let ended = 0;
      for (const row of await ending.readRows(tx, grantsOf.server(serverId)))
        if (await ending.endRow(tx, row, { workspaceId, reason, actorId }, status)) ended += 1;
      return { ended };
    },

    async endOfMember(tx, { workspaceId, userId }, actorId) {
      const cause = { workspaceId, reason: "MEMBER_REMOVED", actorId } as const;
      const ended: { serverId: string; ownerId: string }[] = [];
      for (const row of await ending.readRows(tx, grantsOf.member(workspaceId, userId)))
        if (await ending.endRow(tx, row, cause))
          ended.push({ serverId: row.serverId, ownerId: row.ownerId });
      return ended;
    },

    async changeState(grantId, from, to) {
      const workspaceId = await db.$transaction(async (tx) => {
        // The tokens do not change, so the version stays the same: a refresh in progress can still
        // store its response.
        const changed = await tx.oAuthGrant.updateMany({
          where: { id: grantId, ...from },
          data: { state: to.state, reason: to.reason },
        });
        if (changed.count === 0) return null;
        const grant = await tx.oAuthGrant.findUniqueOrThrow({
          where: { id: grantId },
          select: { serverId: true, ownerId: true, server: { select: { workspaceId: true } } },
        });
        await deps.appendStateChange(tx, {
          workspaceId: grant.server.workspaceId,
          serverId: grant.serverId,
          ownerId: grant.ownerId,
          actorId: null,
          previousState: from.state,
          state: to.state,
          reason: to.reason,
        });
        return grant.server.workspaceId;
      });
      if (workspaceId) deps.publish(grantId, workspaceId);
      return workspaceId !== null;
    },
  };
}
