import type { Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import type { GrantType } from "#oauth/ports.ts";
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

export interface ConnectGrantDeps {
  box: SealedBox;
  ending: GrantEnding;
  revocations: Pick<RevocationStore, "addTokens">;
  newId(): string;
  appendStateChange(tx: Transaction, change: StateChange): Promise<void>;
}

/** Each entry required a consent by a user. Only the latest ones are kept. */
const keptStepUps = 50;

type Obstacle = "settings-changed" | "server-gone" | "no-member" | "attempt-over";

/** See `GrantLifecycle.connect`. */
export async function connectGrant(
  deps: ConnectGrantDeps,
  tx: Transaction,
  input: ConsentedGrant,
): Promise<
  | { kind: "connected"; grantId: string; workspaceId: string; serverChanged: boolean }
  | { kind: Obstacle }
> {
  const obstacle = await finishFlow(tx, input);
  if (obstacle) return { kind: obstacle };
  const serverChanged = await settleServer(tx, input);
  const { workspaceId, serverId, ownerId } = input;
  const [previous] = await deps.ending.readRows(tx, grantsOf.owner(serverId, ownerId));
  if (previous) await revokeElsewhere(deps, tx, previous, input);
  const grantId = await storeGrant(deps, tx, input, previous);
  await deps.appendStateChange(tx, {
    workspaceId,
    serverId,
    ownerId,
    actorId: input.connectedById,
    previousState: previous?.state ?? "DISCONNECTED",
    state: "CONNECTED",
    reason: null,
  });
  return { kind: "connected", grantId, workspaceId, serverChanged };
}

/** Marks the flow as succeeded, unless its tokens must not be stored. */
async function finishFlow(tx: Transaction, input: ConsentedGrant): Promise<Obstacle | null> {
  // The row lock serializes consents at one server with changes of its settings.
  const [server] = await tx.$queryRaw<{ configVersion: number }[]>`
    SELECT "configVersion" FROM "McpServer" WHERE "id" = ${input.serverId}::uuid AND "deletedAt" IS NULL FOR NO KEY UPDATE`;
  if (!server) return "server-gone";
  // Removing a member ends their accounts under the same lock, so no grant is stored for a user who
  // is no longer a member.
  const members = await tx.membership.count({
    where: { workspaceId: input.workspaceId, userId: input.connectedById },
  });
  if (members === 0) return "no-member";
  if (server.configVersion !== input.configVersion) return "settings-changed";
  // Before the grant is stored, so that nothing is done for a flow that was cancelled or has expired
  // in the meantime.
  const finished = await tx.oAuthFlow.updateMany({
    where: { id: input.flowId, status: "PENDING" },
    data: { status: "SUCCEEDED", finishedAt: new Date(), codeVerifier: null },
  });
  return finished.count === 0 ? "attempt-over" : null;
}

/**
 * Stores what a first consent shows about the server: that it requires OAuth, and whose client id
 * was entered. Returns whether anything changed.
 */
async function settleServer(tx: Transaction, input: ConsentedGrant): Promise<boolean> {
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
 * Queues the tokens of the grant that the consent replaces for revocation if they are from another
 * issuer or client. Those of the same client are left to expire: some authorization servers revoke
 * all tokens of a user and client, which would end the new grant too.
 */
async function revokeElsewhere(
  { box, revocations }: ConnectGrantDeps,
  tx: Transaction,
  previous: GrantRow,
  { workspaceId, issuer, clientRowId, connectedById }: ConsentedGrant,
): Promise<void> {
  const client = await tx.oAuthClient.findUniqueOrThrow({ where: { id: clientRowId } });
  if (previous.issuer === issuer && previous.clientId === client.clientId) return;
  const grant = openIfPossible(box, previous);
  const cause = { workspaceId, actorId: connectedById, reason: null };
  if (grant) await revocations.addTokens(tx, grant, cause);
}

/** Returns the id of the grant. */
async function storeGrant(
  { box, newId }: ConnectGrantDeps,
  tx: Transaction,
  input: ConsentedGrant,
  previous: GrantRow | undefined,
): Promise<string> {
  const owned = { serverId: input.serverId, ownerId: input.ownerId };
  const id = previous?.id ?? newId();
  const seal = (column: string, plaintext: string) =>
    box.seal(plaintext, { table: "OAuthGrant", column, rowId: id });
  const columns = {
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
    stepUps: previous?.reason === "INSUFFICIENT_SCOPE" ? await addStepUp(tx, id) : undefined,
    accessToken: seal("accessToken", input.accessToken),
    refreshToken: input.refreshToken === null ? null : seal("refreshToken", input.refreshToken),
    accessTokenLifetimeMs: input.expiresInMs,
    connectedById: input.connectedById,
    clientId: input.clientRowId,
    lastRefreshedAt: null,
    refusedAt: null,
    ...clearedLease,
  };
  await tx.oAuthGrant.upsert({
    where: { serverId_ownerId: owned },
    create: { id, ...owned, ...columns },
    update: { ...columns, version: { increment: 1 } },
  });
  await tx.$executeRaw`
    UPDATE "OAuthGrant" SET "connectedAt" = clock_timestamp(),
      "accessTokenExpiresAt" = clock_timestamp() + make_interval(secs => ${input.expiresInMs}::float8 / 1000),
      "refreshTokenExpiresAt" = clock_timestamp() + make_interval(secs => ${input.refreshToken === null ? null : input.refreshExpiresInMs}::float8 / 1000)
    WHERE "id" = ${id}::uuid`;
  return id;
}

/**
 * The scopes that consents requested because of a 403 response, including those of this consent, in
 * the order of the consents.
 */
async function addStepUp(tx: Transaction, id: string): Promise<string[]> {
  const { stepUps, challengedScopes } = await tx.oAuthGrant.findUniqueOrThrow({ where: { id } });
  return [...stepUps, challengedScopes.join(" ")].slice(-keptStepUps);
}
