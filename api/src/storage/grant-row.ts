import { type Database, Prisma } from "@gatehouse/prisma";
import { BrokenSealError, type SealedBox, UnknownKeyError } from "#crypto/sealed-box.ts";
import type { Grant, GrantReading, GrantType } from "#oauth/ports.ts";
import type { OAuthReason } from "#oauth/state.ts";

/**
 * The columns that are needed to open a grant. Times are differences, computed with the database's
 * clock.
 */
export interface GrantRow {
  id: string;
  serverId: string;
  ownerId: string;
  state: "DISCONNECTED" | "CONNECTED" | "REAUTH_REQUIRED";
  reason: OAuthReason | null;
  grantType: GrantType;
  issuer: string | null;
  tokenEndpoint: string | null;
  revocationEndpoint: string | null;
  resource: string | null;
  profile: string | null;
  requestedScopes: string[];
  grantedScopes: string[];
  accessToken: Uint8Array | null;
  refreshToken: Uint8Array | null;
  accessTokenLifetimeMs: number | null;
  version: number;
  expiresInMs: number | null;
  sinceRefusalMs: number | null;
  retryInMs: number;
  leaseInMs: number;
  clientRowId: string | null;
  clientId: string | null;
  clientSecret: Uint8Array | null;
  privateKey: Uint8Array | null;
  signingAlgorithm: string | null;
  tokenEndpointAuthMethod: string | null;
}

/** `g` is the grant, `c` its client. */
export const grantColumns = Prisma.sql`
  g."id", g."serverId", g."ownerId", g."state"::text AS "state", g."reason"::text AS "reason",
  g."grantType"::text AS "grantType", g."issuer",
  g."tokenEndpoint", g."revocationEndpoint", g."resource", g."profile", coalesce(g."requestedScopes", '{}') AS "requestedScopes", g."grantedScopes", g."accessToken", g."refreshToken",
  g."accessTokenLifetimeMs", g."version",
  (extract(epoch FROM g."accessTokenExpiresAt" - clock_timestamp()) * 1000)::float8 AS "expiresInMs",
  (extract(epoch FROM clock_timestamp() - g."refusedAt") * 1000)::float8 AS "sinceRefusalMs",
  greatest(0, coalesce(extract(epoch FROM g."refreshRetryAt" - clock_timestamp()) * 1000, 0))::float8 AS "retryInMs",
  greatest(0, coalesce(extract(epoch FROM g."leaseUntil" - clock_timestamp()) * 1000, 0))::float8 AS "leaseInMs",
  c."id" AS "clientRowId", c."clientId", c."clientSecret", c."privateKey",
  c."signingAlgorithm", c."tokenEndpointAuthMethod"`;

/**
 * With these reasons the tokens may still be usable. With every other reason the grant needs a new
 * consent.
 */
const usableReasons: ReadonlySet<OAuthReason | null> = new Set([
  null,
  "TOKEN_REJECTED",
  "INSUFFICIENT_SCOPE",
]);

export async function readGrantRow(db: Database, grantId: string): Promise<GrantRow | null> {
  const rows = await db.$queryRaw<GrantRow[]>`
    SELECT ${grantColumns} FROM "OAuthGrant" g LEFT JOIN "OAuthClient" c ON c."id" = g."clientId"
    WHERE g."id" = ${grantId}::uuid`;
  return rows[0] ?? null;
}

/** @throws UnknownKeyError, BrokenSealError. The row is not changed in either case. */
export function openGrant(box: SealedBox, row: GrantRow): Grant | null {
  if (!row.accessToken || !row.issuer || !row.tokenEndpoint || !row.clientRowId || !row.clientId)
    return null;
  const { clientRowId } = row;
  const open = (column: string, sealed: Uint8Array) =>
    box.open(sealed, { table: "OAuthGrant", column, rowId: row.id });
  const openOfClient = (column: "clientSecret" | "privateKey") =>
    row[column] && box.open(row[column], { table: "OAuthClient", column, rowId: clientRowId });
  return {
    id: row.id,
    serverId: row.serverId,
    ownerId: row.ownerId,
    grantType: row.grantType,
    issuer: row.issuer,
    tokenEndpoint: row.tokenEndpoint,
    revocationEndpoint: row.revocationEndpoint,
    resource: row.resource,
    profile: row.profile,
    client: {
      id: clientRowId,
      clientId: row.clientId,
      clientSecret: openOfClient("clientSecret"),
      privateKey: openOfClient("privateKey"),
      signingAlgorithm: row.signingAlgorithm,
      tokenEndpointAuthMethod: row.tokenEndpointAuthMethod ?? "none",
    },
    accessToken: open("accessToken", row.accessToken),
    refreshToken: row.refreshToken && open("refreshToken", row.refreshToken),
    expiresInMs: row.expiresInMs,
    lifetimeMs: row.accessTokenLifetimeMs,
    requestedScopes: row.requestedScopes,
    grantedScopes: row.grantedScopes,
    version: row.version,
    sinceRefusalMs: row.sinceRefusalMs,
    retryInMs: row.retryInMs,
  };
}

/**
 * Opens a grant that a new consent replaces; null if it cannot be opened, because a missing
 * encryption key must not prevent the consent.
 */
export function openIfPossible(box: SealedBox, row: GrantRow): Grant | null {
  try {
    return openGrant(box, row);
  } catch (error) {
    if (error instanceof UnknownKeyError || error instanceof BrokenSealError) return null;
    throw error;
  }
}

export function readingOf(box: SealedBox, row: GrantRow | null): GrantReading {
  if (!row || row.state === "DISCONNECTED") return { kind: "gone" };
  if (row.state === "REAUTH_REQUIRED" && !usableReasons.has(row.reason))
    return { kind: "dead", reason: row.reason ?? "GRANT_INVALID" };
  const grant = openGrant(box, row);
  return grant ? { kind: "usable", grant } : { kind: "gone" };
}
