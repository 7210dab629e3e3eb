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
  connect(
    grant: ConsentedGrant,
  ): Promise<{ kind: "connected"; grantId: string } | { kind: "settings-changed" | "server-gone" }>;
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
  ): Promise<Grant[]>;
  /** A change of state that leaves the tokens, if the state is still the one given. */
  changeState(
    grantId: string,
    from: { state: "CONNECTED" | "REAUTH_REQUIRED"; reason: OAuthReason | null },
    to: { state: "CONNECTED" | "REAUTH_REQUIRED"; reason: OAuthReason | null },
  ): Promise<boolean>;
  /** Opens every grant at a server that holds tokens, without changing any. */
  readAll(tx: Transaction, serverId: string): Promise<Grant[]>;
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
      state: "DISCONNECTED",
      reason,
    });
    return grant;
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
        const owned = { serverId: input.serverId, ownerId: input.ownerId };
        const previous = await tx.oAuthGrant.findUnique({ where: { serverId_ownerId: owned } });
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
        await tx.oAuthFlow.update({
          where: { id: input.flowId },
          data: { status: "SUCCEEDED", finishedAt: new Date(), codeVerifier: null },
        });
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

    async endAll(tx, serverId, reason, actorId) {
      const server = await tx.mcpServer.findUniqueOrThrow({ where: { id: serverId } });
      const grants: Grant[] = [];
      for (const row of await readRows(tx, serverId, null)) {
        const grant = await endRow(tx, row, server.workspaceId, reason, actorId);
        if (grant) grants.push(grant);
      }
      return grants;
    },

    async changeState(grantId, from, to) {
      const workspaceId = await db.$transaction(async (tx) => {
        // Not a change of tokens, so the version stays: a refresh under way may still store its answer.
        const changed = await tx.oAuthGrant.updateMany({
          where: { id: grantId, state: from.state, reason: from.reason },
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
          ...to,
        });
        return grant.server.workspaceId;
      });
      if (workspaceId) deps.publish(grantId, workspaceId);
      return workspaceId !== null;
    },

    async readAll(tx, serverId) {
      const rows = await readRows(tx, serverId, null);
      return rows.flatMap((row) => openGrant(box, row) ?? []);
    },
  };
}
