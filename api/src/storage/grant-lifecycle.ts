import type { Database, Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "../crypto/sealed-box.ts";
import type { Grant } from "../oauth/ports.ts";
import type { OAuthReason } from "../oauth/state.ts";
import { type GrantRow, grantColumns, openGrant } from "./grant-row.ts";
import { clearedLease, type StateChange } from "./grant-store.ts";

/** Tokens that a person has just consented to. */
export interface ConsentedGrant {
  flowId: string;
  serverId: string;
  /** The settings' version when the attempt began: another one now means that they were changed. */
  configVersion: number;
  ownerId: string;
  connectedById: string;
  clientRowId: string;
  issuer: string;
  tokenEndpoint: string;
  revocationEndpoint: string | null;
  resource: string | null;
  requestedScopes: string[];
  grantedScopes: string[];
  accessToken: string;
  refreshToken: string | null;
  /** Milliseconds; null: unknown. */
  expiresInMs: number | null;
}

export interface GrantLifecycle {
  /** Seals the grant, finishes the attempt and appends the event, in one transaction. */
  connect(grant: ConsentedGrant): Promise<
    | { kind: "connected"; grantId: string }
    /** Nothing was stored; the tokens are to be revoked. */
    | { kind: "settings-changed" | "server-gone" | "attempt-over" }
  >;
  /** Erases the tokens of one owner and answers them, so that they can be revoked. Null: there was nothing to end. */
  end(
    target: { serverId: string; ownerId: string },
    reason: OAuthReason,
    actorId: string | null,
  ): Promise<Grant | null>;
  /** The same for every owner at a server, in the caller's transaction; `publish` what comes back after the commit. */
  endAll(
    tx: Transaction,
    serverId: string,
    reason: OAuthReason,
    actorId: string | null,
    /** NOT_REQUIRED when the server asks for no OAuth any more. */
    state?: "DISCONNECTED" | "NOT_REQUIRED",
  ): Promise<Grant[]>;
  /** A change of state that leaves the tokens, if the state is still the one given. */
  changeState(
    grantId: string,
    from: { state: "CONNECTED" | "REAUTH_REQUIRED"; reason: OAuthReason | null; version: number },
    to: { state: "CONNECTED" | "REAUTH_REQUIRED"; reason: OAuthReason | null },
  ): Promise<boolean>;
}

export interface GrantLifecycleDeps {
  db: Database;
  box: SealedBox;
  newId(): string;
  appendStateChange(tx: Transaction, change: StateChange): Promise<void>;
  publish(grantId: string, workspaceId: string): void;
}

export function createGrantLifecycle(deps: GrantLifecycleDeps): GrantLifecycle {
  const { db, box } = deps;
  const seal = (grantId: string, column: string, plaintext: string) =>
    box.seal(plaintext, { table: "OAuthGrant", column, rowId: grantId });

  async function readRows(tx: Transaction, serverId: string, ownerId: string | null) {
    return tx.$queryRaw<GrantRow[]>`
      SELECT ${grantColumns} FROM "OAuthGrant" g LEFT JOIN "OAuthClient" c ON c."id" = g."clientId"
      WHERE g."serverId" = ${serverId}::uuid AND (${ownerId}::uuid IS NULL OR g."ownerId" = ${ownerId}::uuid)
      ORDER BY g."id" FOR UPDATE OF g`;
  }

  async function endRow(
    tx: Transaction,
    row: GrantRow,
    workspaceId: string,
    reason: OAuthReason,
    actorId: string | null,
    state: "DISCONNECTED" | "NOT_REQUIRED" = "DISCONNECTED",
  ): Promise<Grant | null> {
    if (row.state === "DISCONNECTED") return null;
    const grant = openGrant(box, row);
    await tx.oAuthGrant.update({
      where: { id: row.id },
      data: {
        state: "DISCONNECTED",
        reason,
        accessToken: null,
        refreshToken: null,
        accessTokenExpiresAt: null,
        accessTokenLifetimeMs: null,
        grantedScopes: [],
        challengedScopes: [],
        connectedAt: null,
        lastRefreshedAt: null,
        connectedById: null,
        version: { increment: 1 },
        ...clearedLease,
      },
    });
    await deps.appendStateChange(tx, {
      workspaceId,
      serverId: row.serverId,
      ownerId: row.ownerId,
      actorId,
      previousState: row.state,
      state,
      reason: state === "NOT_REQUIRED" ? null : reason,
    });
    return grant;
  }

  /** What a first consent tells of the server: that it wants OAuth, and whose client id was entered. */
  async function settle(tx: Transaction, input: ConsentedGrant): Promise<void> {
    await tx.mcpServer.updateMany({
      where: { id: input.serverId, authType: "UNKNOWN" },
      data: { authType: "OAUTH" },
    });
    const client = await tx.oAuthClient.findUnique({ where: { id: input.clientRowId } });
    if (client?.kind === "PRE_REGISTERED")
      await tx.mcpServer.updateMany({
        where: { id: input.serverId, oauthClientId: client.clientId, oauthIssuer: null },
        data: { oauthIssuer: input.issuer },
      });
  }

  return {
    async connect(input) {
      const outcome = await db.$transaction(async (tx) => {
        // The row's lock puts consents at one server, and a change of its settings, in an order.
        const [server] = await tx.$queryRaw<{ workspaceId: string; configVersion: number }[]>`
          SELECT "workspaceId", "configVersion" FROM "McpServer" WHERE "id" = ${input.serverId}::uuid FOR NO KEY UPDATE`;
        if (!server) return { kind: "server-gone" as const };
        if (server.configVersion !== input.configVersion)
          return { kind: "settings-changed" as const };
        // First, so that nothing else is done for an attempt that was cancelled or has run out meanwhile.
        const finished = await tx.oAuthFlow.updateMany({
          where: { id: input.flowId, status: "PENDING" },
          data: { status: "SUCCEEDED", finishedAt: new Date(), codeVerifier: null },
        });
        if (finished.count === 0) return { kind: "attempt-over" as const };
        await settle(tx, input);
        const owned = { serverId: input.serverId, ownerId: input.ownerId };
        const [previous] = await readRows(tx, input.serverId, input.ownerId);
        const grantId = previous?.id ?? deps.newId();
        const tokens = {
          state: "CONNECTED" as const,
          reason: null,
          issuer: input.issuer,
          tokenEndpoint: input.tokenEndpoint,
          revocationEndpoint: input.revocationEndpoint,
          resource: input.resource,
          requestedScopes: input.requestedScopes,
          grantedScopes: input.grantedScopes,
          challengedScopes: [],
          accessToken: seal(grantId, "accessToken", input.accessToken),
          refreshToken:
            input.refreshToken === null ? null : seal(grantId, "refreshToken", input.refreshToken),
          accessTokenLifetimeMs: input.expiresInMs,
          connectedById: input.connectedById,
          clientId: input.clientRowId,
          lastRefreshedAt: null,
          refusedAt: null,
          ...clearedLease,
        };
        await tx.oAuthGrant.upsert({
          where: { serverId_ownerId: owned },
          create: { id: grantId, ...owned, ...tokens },
          update: { ...tokens, version: { increment: 1 } },
        });
        await tx.$executeRaw`
          UPDATE "OAuthGrant" SET "connectedAt" = clock_timestamp(),
            "accessTokenExpiresAt" = clock_timestamp() + make_interval(secs => ${input.expiresInMs}::float8 / 1000)
          WHERE "id" = ${grantId}::uuid`;
        await deps.appendStateChange(tx, {
          workspaceId: server.workspaceId,
          ...owned,
          actorId: input.connectedById,
          previousState: previous?.state ?? "DISCONNECTED",
          state: "CONNECTED",
          reason: null,
        });
        return { kind: "connected" as const, grantId, workspaceId: server.workspaceId };
      });
      if (outcome.kind === "connected") deps.publish(outcome.grantId, outcome.workspaceId);
      return outcome;
    },

    async end(target, reason, actorId) {
      const ended = await db.$transaction(async (tx) => {
        const [row] = await readRows(tx, target.serverId, target.ownerId);
        const server = await tx.mcpServer.findUnique({ where: { id: target.serverId } });
        if (!row || !server) return null;
        return {
          grantId: row.id,
          workspaceId: server.workspaceId,
          grant: await endRow(tx, row, server.workspaceId, reason, actorId),
        };
      });
      if (ended) deps.publish(ended.grantId, ended.workspaceId);
      return ended?.grant ?? null;
    },

    async endAll(tx, serverId, reason, actorId, state) {
      const server = await tx.mcpServer.findUniqueOrThrow({ where: { id: serverId } });
      const grants: Grant[] = [];
      for (const row of await readRows(tx, serverId, null)) {
        const grant = await endRow(tx, row, server.workspaceId, reason, actorId, state);
        if (grant) grants.push(grant);
      }
      return grants;
    },

    async changeState(grantId, from, to) {
      const workspaceId = await db.$transaction(async (tx) => {
        // Not a change of tokens, so the version stays: a refresh under way may still store its answer.
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
