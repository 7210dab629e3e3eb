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

/** Client registrations: each belongs to one server and one issuer, and is used again at every later consent. */
export interface ClientStore {
  /** The registration of a kind that still works; one whose secret runs out within a minute does not. */
  findValid(key: {
    serverId: string;
    issuer: string;
    redirectUri: string;
    kind: ClientRegistrationKind;
  }): Promise<GrantClient | null>;
  find(id: string): Promise<GrantClient | null>;
  /** The authorization server does not know it any more; the next consent registers anew. */
  retire(id: string): Promise<void>;
  add(client: NewClient): Promise<GrantClient>;
  /**
   * One process at a time registers a client for a server; who has the lease looks again before it does. A lease and no lock: no
   * connection is held while an authorization server takes its time.
   * @returns the lease's name; null: somebody else has it
   */
  leaseRegistration(serverId: string, ttlMs: number): Promise<string | null>;
  releaseRegistration(serverId: string, leaseId: string): Promise<void>;
}

/** So many attempts in a row that did not come back within a minute are too many, even with a registration of a moment ago. */
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
      // An authorization server that has forgotten a client says so on its own page, to the person alone: nobody comes back (regressions
      // R9). So a dynamic registration that nobody is connected with, and whose last attempt did not come back, is given up; but not
      // one that is new, for then it is more likely that the person has just closed the window (regressions R10).
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
