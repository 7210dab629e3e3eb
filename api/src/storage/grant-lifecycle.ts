import type { Database, Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import type { GrantType } from "#oauth/ports.ts";
import type { OAuthReason } from "#oauth/state.ts";
import { type GrantEnding, grantsOf } from "./grant-ending.ts";
import { type GrantRow, openIfPossible } from "./grant-row.ts";
import { clearedLease, type StateChange } from "./grant-store.ts";
import type { RevocationStore } from "./revocation-store.ts";

/**
 * Tokens that a user has just consented to, or that the workspace obtained with client credentials.
 */
export interface ConsentedGrant {
  flowId: string;
  /** The workspace of the server. */
  workspaceId: string;
  serverId: string;
  /**
   * The version of the server's settings when the flow started. A different stored version means
   * that the settings were changed.
   */
  configVersion: number;
  ownerId: string;
  connectedById: string;
  grantType: GrantType;
  clientRowId: string;
  issuer: string;
  tokenEndpoint: string;
  revocationEndpoint: string | null;
  resource: string | null;
  /** The provider profile that the consent used. */
  profile: string | null;
  requestedScopes: string[];
  grantedScopes: string[];
  accessToken: string;
  refreshToken: string | null;
  /** The lifetime of the access token, in milliseconds; null: unknown. */
  expiresInMs: number | null;
  /** The lifetime of the refresh token, in milliseconds; null: unknown. */
  refreshExpiresInMs: number | null;
}

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
    /** NOT_REQUIRED if the server no longer requires OAuth. */
    state?: "DISCONNECTED" | "NOT_REQUIRED",
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

export interface GrantLifecycleDeps {
  db: Database;
  box: SealedBox;
  ending: GrantEnding;
  revocations: Pick<RevocationStore, "addTokens">;
  newId(): string;
  appendStateChange(tx: Transaction, change: StateChange): Promise<void>;
  publish(grantId: string, workspaceId: string): void;
}

/** Each entry required a consent by a user. Only the latest ones are kept. */
const keptStepUps = 50;

export function createGrantLifecycle(deps: GrantLifecycleDeps): GrantLifecycle {
  const { db, box, ending } = deps;
  const seal = (grantId: string, column: string, plaintext: string) =>
    box.seal(plaintext, { table: "OAuthGrant", column, rowId: grantId });

  /**
   * Queues the tokens of the grant that the consent replaces for revocation if they are from
   * another issuer or client. Those of the same client are left to expire: some authorization
   * servers revoke all tokens of a user and client, which would end the new grant too.
   */
  async function revokeElsewhere(
    tx: Transaction,
    previous: GrantRow,
    input: ConsentedGrant,
    workspaceId: string,
  ): Promise<void> {
    const client = await tx.oAuthClient.findUniqueOrThrow({ where: { id: input.clientRowId } });
    if (previous.issuer === input.issuer && previous.clientId === client.clientId) return;
    const grant = openIfPossible(box, previous);
    const cause = { workspaceId, actorId: input.connectedById, reason: null };
    if (grant) await deps.revocations.addTokens(tx, grant, cause);
  }

  /**
   * Stores what a first consent shows about the server: that it requires OAuth, and whose client id
   * was entered. Returns whether anything changed.
   */
  async function settle(tx: Transaction, input: ConsentedGrant): Promise<boolean> {
    const typed = await tx.mcpServer.updateMany({
      where: { id: input.serverId, authType: "UNKNOWN" },
      data: { authType: "OAUTH" },
    });
    const client = await tx.oAuthClient.findUnique({ where: { id: input.clientRowId } });
    if (client?.kind !== "PRE_REGISTERED") return typed.count > 0;
    const pinned = await tx.mcpServer.updateMany({
      where: { id: input.serverId, oauthClientId: client.clientId, oauthIssuer: null },
      data: { oauthIssuer: input.issuer },
    });
    return typed.count + pinned.count > 0;
  }

  /**
   * The scopes that consents requested because of a 403 response, including those of this consent,
   * in the order of the consents.
   */
  async function addStepUp(tx: Transaction, id: string): Promise<string[]> {
    const { stepUps, challengedScopes } = await tx.oAuthGrant.findUniqueOrThrow({ where: { id } });
    return [...stepUps, challengedScopes.join(" ")].slice(-keptStepUps);
  }

  return {
    async connect(input) {
      const outcome = await db.$transaction(async (tx) => {
        // The row lock serializes consents at one server with changes of its settings.
        const [server] = await tx.$queryRaw<{ workspaceId: string; configVersion: number }[]>`
          SELECT "workspaceId", "configVersion" FROM "McpServer" WHERE "id" = ${input.serverId}::uuid AND "deletedAt" IS NULL FOR NO KEY UPDATE`;
        if (!server) return { kind: "server-gone" as const };
        // Removing a member ends their accounts under the same lock, so no grant is stored for a
        // user who is no longer a member.
        const members = await tx.membership.count({
          where: { workspaceId: server.workspaceId, userId: input.connectedById },
        });
        if (members === 0) return { kind: "no-member" as const };
        if (server.configVersion !== input.configVersion)
          return { kind: "settings-changed" as const };
        // First, so that nothing else is done for a flow that was cancelled or has expired in the
        // meantime.
        const finished = await tx.oAuthFlow.updateMany({
          where: { id: input.flowId, status: "PENDING" },
          data: { status: "SUCCEEDED", finishedAt: new Date(), codeVerifier: null },
        });
        if (finished.count === 0) return { kind: "attempt-over" as const };
        const serverChanged = await settle(tx, input);
        const { workspaceId } = server;
        const owned = { serverId: input.serverId, ownerId: input.ownerId };
        const [previous] = await ending.readRows(tx, grantsOf.owner(input.serverId, input.ownerId));
        if (previous) await revokeElsewhere(tx, previous, input, workspaceId);
        const grantId = previous?.id ?? deps.newId();
        const stepUps =
          previous?.reason === "INSUFFICIENT_SCOPE" ? await addStepUp(tx, grantId) : undefined;
        const tokens = {
          state: "CONNECTED" as const,
          reason: null,
          grantType: input.grantType,
          issuer: input.issuer,
          tokenEndpoint: input.tokenEndpoint,
          revocationEndpoint: input.revocationEndpoint,
          resource: input.resource,
          profile: input.profile,
          requestedScopes: input.requestedScopes,
          grantedScopes: input.grantedScopes,
          challengedScopes: [],
          stepUps,
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
            "accessTokenExpiresAt" = clock_timestamp() + make_interval(secs => ${input.expiresInMs}::float8 / 1000),
            "refreshTokenExpiresAt" = clock_timestamp() + make_interval(secs => ${input.refreshToken === null ? null : input.refreshExpiresInMs}::float8 / 1000)
          WHERE "id" = ${grantId}::uuid`;
        await deps.appendStateChange(tx, {
          workspaceId,
          ...owned,
          actorId: input.connectedById,
          previousState: previous?.state ?? "DISCONNECTED",
          state: "CONNECTED",
          reason: null,
        });
        return { kind: "connected" as const, grantId, workspaceId, serverChanged };
      });
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

    async endAll(tx, serverId, reason, actorId, state) {
      const { workspaceId } = await tx.mcpServer.findUniqueOrThrow({ where: { id: serverId } });
      let ended = 0;
      for (const row of await ending.readRows(tx, grantsOf.server(serverId)))
        if (await ending.endRow(tx, row, { workspaceId, reason, actorId }, state)) ended += 1;
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
