/** Lists the accounts that need a user, now or in the foreseeable future. */
import { NIL } from "uuid";
import type { Database } from "@gatehouse/prisma";
import type { AccountReason } from "#oauth/key-state.ts";
import { type Access, type Caller, isAllowed, requireCaller } from "../access/access.ts";
import { InputFaults, notFound } from "../access/service-error.ts";
import { type Forecast, type ForecastFacts, forecastKey, forecastNeed } from "./forecast.ts";
import { isUuid } from "../access/input.ts";

export interface AccountNeed {
  workspaceId: string;
  serverId: string;
  /** The user that the account belongs to. Null for the workspace's shared account. */
  userId: string | null;
  state: "REAUTH_REQUIRED" | "CONNECTED";
  reason: AccountReason | null;
  /**
   * The time at which the account began to need a user. Null if it does not need one yet, or if the event log does not go back that far.
   */
  since: Date | null;
  /** Null if the account needs a user already. */
  forecast: Forecast | null;
}

export interface AccountNeedPage {
  edges: { cursor: string; node: AccountNeed }[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  startCursor: string | null;
  endCursor: string | null;
  totalCount: number;
}

export interface AccountsNeedingConsent {
  /**
   * Lists all accounts for an admin, otherwise the caller's own and shared accounts. Those that need a user now come first.
   * @throws ServiceError UNAUTHENTICATED, NOT_FOUND if the caller is not a member, BAD_USER_INPUT
   */
  list(
    caller: Caller | null,
    workspaceId: string,
    page: { first: number | null; after: string | null },
  ): Promise<AccountNeedPage>;
}

const soonDays = 7;
const defaultPageSize = 20;
const maxPageSize = 100;

interface NeedRow extends Omit<ForecastFacts, "state"> {
  id: string;
  rank: number;
  serverId: string;
  userId: string | null;
  state: AccountNeed["state"];
  reason: AccountReason | null;
  keyExpiresAt: Date | null;
  since: Date | null;
  total: number;
}

export function createAccountsNeedingConsent(deps: {
  db: Database;
  access: Access;
}): AccountsNeedingConsent {
  const { db, access } = deps;

  /**
   * Reads grants, and the keys that are missing, were rejected or expire soon. An account that was never used has no key: of these, the
   * shared ones and the caller's own are included.
   */
  function readRows(
    workspaceId: string,
    userId: string | null,
    callerId: string,
    after: { rank: number; id: string },
    most: number,
  ): Promise<NeedRow[]> {
    return db.$queryRaw<NeedRow[]>`
      WITH account AS (
        SELECT g.*, nullif(g."ownerId", s."workspaceId") AS "userId", c."clientSecretExpiresAt",
          g."refreshToken" IS NOT NULL OR (g."grantType" = 'CLIENT_CREDENTIALS' AND g."accessToken" IS NOT NULL) AS "renewable",
          clock_timestamp() + make_interval(days => ${soonDays}::int) AS "soon"
        FROM "McpServer" s JOIN "OAuthGrant" g ON g."serverId" = s."id" LEFT JOIN "OAuthClient" c ON c."id" = g."clientId"
        WHERE s."workspaceId" = ${workspaceId}::uuid AND s."enabled" AND s."deletedAt" IS NULL AND s."authType" = 'OAUTH'
          AND (s."credentialScope" = 'WORKSPACE') = (g."ownerId" = s."workspaceId")
          AND (${userId}::uuid IS NULL OR g."ownerId" IN (${userId}::uuid, s."workspaceId"))
      ), need AS (
        SELECT a."id", a."serverId", a."userId", a."state"::text AS "state", a."reason"::text AS "reason", a."renewable",
          a."accessTokenExpiresAt", a."refreshTokenExpiresAt", a."clientSecretExpiresAt", a."refreshFailures",
          NULL::timestamptz AS "keyExpiresAt", CASE a."state" WHEN 'REAUTH_REQUIRED' THEN 0 ELSE 1 END AS "rank" FROM account a
        WHERE a."state" = 'REAUTH_REQUIRED' OR (a."state" = 'CONNECTED' AND (
          (NOT a."renewable" AND a."accessTokenExpiresAt" < a."soon")
          OR (a."renewable" AND (a."refreshFailures" >= 3 OR a."refreshTokenExpiresAt" < a."soon" OR a."clientSecretExpiresAt" < a."soon"))))
        UNION ALL
        SELECT md5(k."serverId"::text || k."ownerId"::text)::uuid, k."serverId", nullif(k."ownerId", ${workspaceId}::uuid),
          CASE k."state" WHEN 'ACCEPTED' THEN 'CONNECTED' ELSE 'REAUTH_REQUIRED' END,
          CASE WHEN k."state" = 'ACCEPTED' THEN NULL WHEN k."hasKey" THEN 'KEY_REJECTED' ELSE 'KEY_MISSING' END,
          false, NULL, NULL, NULL, 0, CASE k."state" WHEN 'ACCEPTED' THEN k."expiresAt" END, CASE k."state" WHEN 'ACCEPTED' THEN 1 ELSE 0 END
        FROM (
          SELECT s."id" AS "serverId", o."ownerId", s."headers" IS NOT NULL OR k."headers" IS NOT NULL AS "hasKey",
            CASE WHEN k."configVersion" = s."configVersion" THEN k."state"::text ELSE 'UNKNOWN' END AS "state",
            CASE WHEN k."headers" IS NULL THEN s."headersExpireAt" ELSE k."expiresAt" END AS "expiresAt"
          FROM "McpServer" s CROSS JOIN LATERAL (
            SELECT s."workspaceId" AS "ownerId" WHERE s."credentialScope" = 'WORKSPACE'
            UNION SELECT ${callerId}::uuid WHERE s."credentialScope" = 'PERSONAL' AND ${callerId}::uuid <> ${NIL}::uuid
            UNION SELECT r."ownerId" FROM "ServerKey" r WHERE r."serverId" = s."id" AND s."credentialScope" = 'PERSONAL'
              AND (${userId}::uuid IS NULL OR r."ownerId" = ${userId}::uuid)
          ) o LEFT JOIN "ServerKey" k ON k."serverId" = s."id" AND k."ownerId" = o."ownerId"
          WHERE s."workspaceId" = ${workspaceId}::uuid AND s."enabled" AND s."deletedAt" IS NULL AND s."authType" = 'HEADERS'
        ) k
        WHERE k."state" = 'REJECTED' OR (k."state" = 'UNKNOWN' AND NOT k."hasKey")
          OR (k."state" = 'ACCEPTED' AND k."expiresAt" < clock_timestamp() + make_interval(days => ${soonDays}::int))
      )
      SELECT n."id", n."rank", n."serverId", n."userId", n."state", n."reason", n."renewable", n."keyExpiresAt",
        n."accessTokenExpiresAt", n."refreshTokenExpiresAt", n."clientSecretExpiresAt", n."refreshFailures",
        CASE n."rank" WHEN 0 THEN (
          SELECT max(e."occurredAt") FROM "WorkspaceEvent" e
          WHERE e."type" = 'REAUTH_REQUIRED'::"WorkspaceEventType" AND e."workspaceId" = ${workspaceId}::uuid
            AND e."serverId" = n."serverId" AND (e."userId" = n."userId" OR (e."userId" IS NULL AND n."userId" IS NULL))
        ) END AS "since",
        (SELECT count(*)::int FROM need) AS "total"
      FROM need n WHERE (n."rank", n."id") > (${after.rank}::int, ${after.id}::uuid)
      ORDER BY n."rank", n."id" LIMIT ${most}::int`;
  }

  return {
    async list(maybeCaller, workspaceId, { first, after }) {
      const { size, place } = readPage(first, after);
      const caller = requireCaller(maybeCaller);
      const role = await access.roleIn(caller, workspaceId);
      if (!role) throw notFound("workspace");
      const userId = isAllowed(role, "administer") ? null : caller.userId;
      const mayConnect = isAllowed(role, "connect");
      const callerId = mayConnect ? caller.userId : NIL;
      const found = await readRows(workspaceId, userId, callerId, place ?? beginning, size + 1);
      const edges = found
        .slice(0, size)
        .map((row) => ({ cursor: encodePlace(row), node: toNeed(workspaceId, row) }));
      return {
        edges,
        hasNextPage: found.length > size,
        hasPreviousPage: place !== null,
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
        totalCount: found[0]?.total ?? 0,
      };
    },
  };
}

function toNeed(workspaceId: string, row: NeedRow): AccountNeed {
  const { serverId, userId, state, reason, since } = row;
  const forecast = row.keyExpiresAt
    ? forecastKey(state, row.keyExpiresAt)
    : forecastNeed(row, new Date());
  return { workspaceId, serverId, userId, state, reason, since, forecast };
}

interface Place {
  rank: number;
  id: string;
}

const beginning: Place = { rank: -1, id: NIL };

/** Encodes a cursor, which is opaque to clients. */
function encodePlace({ rank, id }: Place): string {
  return Buffer.from(`need:${rank}:${id}`).toString("base64url");
}

/** @throws ServiceError BAD_USER_INPUT */
function readPage(first: number | null, after: string | null) {
  const faults = new InputFaults();
  if (first !== null && first < 0) faults.add("first", "Enter a number from 0 to 100.");
  const text = after === null ? "" : Buffer.from(after, "base64url").toString();
  const [, rank, id = ""] = /^need:([01]):(.+)$/.exec(text) ?? [];
  if (after !== null && !isUuid(id)) faults.add("after", "Enter a cursor of this list.");
  faults.throwIfAny();
  return {
    size: Math.min(first ?? defaultPageSize, maxPageSize),
    place: after === null ? null : { rank: Number(rank), id },
  };
}
