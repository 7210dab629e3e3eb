import { NIL } from "uuid";
import { type Database, Prisma, type Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import type { RevocationCause, RevocationStore } from "./revocation-store.ts";

/**
 * Dynamic registrations that are no longer used, queued for deletion at their authorization server
 * (RFC 7592).
 */
export interface RegistrationStore {
  /**
   * Retires all registrations of a server that is being deleted. Call it after its grants have
   * ended, in the same transaction.
   */
  retireAll(tx: Transaction, serverId: string, cause: RevocationCause): Promise<void>;
  /**
   * Retires the registrations that the authorization server no longer knows, that have expired, or
   * that a newer one has replaced, once no grant and no open flow uses them.
   * @param serverId only registrations of this server; null: the next batch of all registrations,
   * starting where the previous call ended
   * @returns how many were retired
   */
  retireUnused(serverId: string | null): Promise<number>;
}

interface RegistrationRow {
  id: string;
  serverId: string;
  workspaceId: string;
  issuer: string;
  clientId: string;
  registrationAccessToken: Uint8Array;
  registrationClientUri: string;
}

/** `c` is the registration, `s` its server. */
const columns = Prisma.sql`
  c."id", c."serverId", s."workspaceId", c."issuer", c."clientId", c."registrationAccessToken", c."registrationClientUri"
  FROM "OAuthClient" c JOIN "McpServer" s ON s."id" = c."serverId"
  WHERE c."kind" = 'DYNAMIC' AND c."registrationAccessToken" IS NOT NULL AND c."registrationClientUri" IS NOT NULL`;
const atOnce = 50;
/** The number of registrations that one call reads. */
const sweepSize = 2_000;

export function createRegistrationStore(deps: {
  db: Database;
  box: SealedBox;
  revocations: Pick<RevocationStore, "addRegistration">;
}): RegistrationStore {
  const { db, box, revocations } = deps;

  let sweptTo: string = NIL;

  /** The id of the last registration in the next batch; null after the last batch. */
  async function findSweepEnd(after: string): Promise<string | null> {
    const [end] = await db.$queryRaw<{ id: string }[]>`
      SELECT "id" FROM "OAuthClient" WHERE "id" > ${after}::uuid ORDER BY "id" OFFSET ${sweepSize - 1} LIMIT 1`;
    return end?.id ?? null;
  }

  /**
   * Keeps the row, because other transactions may still refer to it, but erases the credentials so
   * that the registration is not deleted twice.
   */
  async function retire(
    tx: Transaction,
    row: RegistrationRow,
    cause: RevocationCause,
  ): Promise<void> {
    const { serverId, issuer, clientId, registrationClientUri } = row;
    const registrationAccessToken = box.open(row.registrationAccessToken, {
      table: "OAuthClient",
      column: "registrationAccessToken",
      rowId: row.id,
    });
    await revocations.addRegistration(
      tx,
      { serverId, issuer, clientId, registrationClientUri, registrationAccessToken },
      cause,
    );
    await tx.$executeRaw`
      UPDATE "OAuthClient" SET "registrationAccessToken" = NULL, "registrationClientUri" = NULL,
        "invalidAt" = coalesce("invalidAt", clock_timestamp())
      WHERE "id" = ${row.id}::uuid`;
  }

  return {
    async retireAll(tx, serverId, cause) {
      const rows = await tx.$queryRaw<RegistrationRow[]>`
        SELECT ${columns} AND c."serverId" = ${serverId}::uuid ORDER BY c."id" FOR UPDATE OF c`;
      for (const row of rows) await retire(tx, row, cause);
    },

    async retireUnused(serverId) {
      const after = sweptTo;
      const last = serverId === null ? await findSweepEnd(after) : null;
      const part =
        serverId === null
          ? Prisma.sql`c."id" > ${after}::uuid AND (${last}::uuid IS NULL OR c."id" <= ${last}::uuid)`
          : Prisma.sql`c."serverId" = ${serverId}::uuid`;
      return db.$transaction(async (tx) => {
        // `OFFSET 0` makes PostgreSQL run each subquery as a lookup per registration instead of a
        // scan of all grants and flows.
        const rows = await tx.$queryRaw<RegistrationRow[]>`
          SELECT ${columns}
            AND ${part}
            AND (c."invalidAt" IS NOT NULL OR c."clientSecretExpiresAt" <= now()
              OR EXISTS (SELECT 1 FROM "OAuthClient" n WHERE n."serverId" = c."serverId" AND n."issuer" = c."issuer"
                AND n."redirectUri" = c."redirectUri" AND n."kind" = 'DYNAMIC' AND n."invalidAt" IS NULL
                AND n."createdAt" > c."createdAt"))
            AND NOT EXISTS (SELECT 1 FROM "OAuthGrant" g WHERE g."clientId" = c."id" AND g."accessToken" IS NOT NULL OFFSET 0)
            AND NOT EXISTS (SELECT 1 FROM "OAuthFlow" f WHERE f."clientId" = c."id" AND f."status" = 'PENDING'
              AND f."expiresAt" > now() OFFSET 0)
          ORDER BY c."id" LIMIT ${atOnce} FOR UPDATE OF c SKIP LOCKED`;
        for (const row of rows) {
          const { workspaceId } = row;
          await retire(tx, row, { workspaceId, actorId: null, reason: null });
        }
        if (serverId === null) sweptTo = (rows.length === atOnce ? rows.at(-1)?.id : last) ?? NIL;
        return rows.length;
      });
    },
  };
}
