import type { ClientRegistrationKind, Database, OAuthClient } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import type { GrantClient, SigningKey } from "#oauth/ports.ts";

export interface NewClient {
  kind: ClientRegistrationKind;
  serverId: string;
  issuer: string;
  redirectUri: string;
  clientId: string;
  clientSecret: string | null;
  clientSecretExpiresAt: Date | null;
  signingKey: SigningKey | null;
  tokenEndpointAuthMethod: string;
  /** RFC 7592. */
  registrationAccessToken: string | null;
  registrationClientUri: string | null;
}

/**
 * Client registrations. Each one belongs to one server and one issuer and is reused by later
 * consents.
 */
export interface ClientStore {
  /**
   * Finds a usable registration of the given kind. A registration whose secret expires within a
   * minute is not returned.
   */
  findValid(key: {
    serverId: string;
    issuer: string;
    redirectUri: string;
    kind: ClientRegistrationKind;
  }): Promise<GrantClient | null>;
  find(id: string): Promise<GrantClient | null>;
  /**
   * Marks a registration that the authorization server no longer knows. The next consent registers
   * a new client.
   */
  retire(id: string): Promise<void>;
  /** Stores the authentication method that the token endpoint accepted. */
  setAuthMethod(id: string, method: string): Promise<void>;
  add(client: NewClient): Promise<GrantClient>;
  /**
   * Leases the right to register a client for a server, so that only one process registers at a
   * time. The holder of the lease must check for an existing registration again. A lease is used
   * instead of a lock so that no database connection is held while the authorization server
   * responds.
   * @returns the name of the lease, or null if another process holds it
   */
  leaseRegistration(serverId: string, ttlMs: number): Promise<string | null>;
  releaseRegistration(serverId: string, leaseId: string): Promise<void>;
}

/**
 * The number of consecutive attempts without a callback within a minute after which even a recent
 * registration is given up.
 */
const newLosses = 3;

export function createClientStore(deps: {
  db: Database;
  box: SealedBox;
  newId(): string;
}): ClientStore {
  const { db, box } = deps;
  const context = (column: string, rowId: string) => ({ table: "OAuthClient", column, rowId });
  const open = (row: OAuthClient): GrantClient => ({
    id: row.id,
    clientId: row.clientId,
    clientSecret: row.clientSecret && box.open(row.clientSecret, context("clientSecret", row.id)),
    privateKey: row.privateKey && box.open(row.privateKey, context("privateKey", row.id)),
    signingAlgorithm: row.signingAlgorithm,
    tokenEndpointAuthMethod: row.tokenEndpointAuthMethod,
  });

  return {
    async findValid({ serverId, issuer, redirectUri, kind }) {
      // An authorization server that no longer knows a client only shows an error page to the user,
      // and there is no callback (regressions R9). A dynamic registration that no grant uses and
      // whose last attempt had no callback is therefore given up. A new registration is kept,
      // because it is more likely that the user closed the window (regressions R10).
      const rows = await db.$queryRaw<(OAuthClient & { isUseless: boolean })[]>`
        SELECT c.*, c."kind" = 'DYNAMIC' AND l."lost"
            AND NOT EXISTS (SELECT 1 FROM "OAuthGrant" g WHERE g."clientId" = c."id" AND g."accessToken" IS NOT NULL)
            AND (l."cameBack" OR l."attempts" >= ${newLosses} OR c."createdAt" < clock_timestamp() - interval '1 hour') AS "isUseless"
        FROM "OAuthClient" c CROSS JOIN LATERAL (
          SELECT count(*) FILTER (WHERE f."startedAt" < clock_timestamp() - interval '1 minute') AS "attempts", coalesce(bool_or(f."consumedAt" IS NOT NULL), false) AS "cameBack",
            coalesce((array_agg(f."consumedAt" IS NULL ORDER BY f."startedAt" DESC))[1], false) AS "lost"
          FROM "OAuthFlow" f WHERE f."clientId" = c."id") l
        WHERE c."serverId" = ${serverId}::uuid AND c."issuer" = ${issuer} AND c."redirectUri" = ${redirectUri}
          AND c."kind"::text = ${kind} AND c."invalidAt" IS NULL
          AND (c."clientSecretExpiresAt" IS NULL OR c."clientSecretExpiresAt" > clock_timestamp() + interval '1 minute')
        ORDER BY c."createdAt" DESC LIMIT 1`;
      const row = rows[0];
      return row && !row.isUseless ? open(row) : null;
    },
    async find(id) {
      const row = await db.oAuthClient.findUnique({ where: { id } });
      return row && open(row);
    },
    async retire(id) {
      await db.oAuthClient.update({ where: { id }, data: { invalidAt: new Date() } });
    },
    async setAuthMethod(id, tokenEndpointAuthMethod) {
      await db.oAuthClient.update({ where: { id }, data: { tokenEndpointAuthMethod } });
    },
    async add({ clientSecret, signingKey, registrationAccessToken, ...client }) {
      const id = deps.newId();
      const seal = (column: string, plaintext: string | null) =>
        plaintext === null ? null : box.seal(plaintext, context(column, id));
      const row = await db.oAuthClient.create({
        data: {
          ...client,
          id,
          clientSecret: seal("clientSecret", clientSecret),
          privateKey: seal("privateKey", signingKey?.privateKey ?? null),
          signingAlgorithm: signingKey?.algorithm ?? null,
          registrationAccessToken: seal("registrationAccessToken", registrationAccessToken),
        },
      });
      return open(row);
    },
    async leaseRegistration(serverId, ttlMs) {
      const leaseId = deps.newId();
      const leased = await db.$executeRaw`
        UPDATE "McpServer" SET "registrationLeaseOwner" = ${leaseId},
          "registrationLeaseUntil" = clock_timestamp() + make_interval(secs => ${ttlMs}::float8 / 1000)
        WHERE "id" = ${serverId}::uuid
          AND ("registrationLeaseUntil" IS NULL OR "registrationLeaseUntil" <= clock_timestamp())`;
      return leased === 1 ? leaseId : null;
    },
    async releaseRegistration(serverId, leaseId) {
      await db.$executeRaw`
        UPDATE "McpServer" SET "registrationLeaseOwner" = NULL, "registrationLeaseUntil" = NULL
        WHERE "id" = ${serverId}::uuid AND "registrationLeaseOwner" = ${leaseId}`;
    },
  };
}
