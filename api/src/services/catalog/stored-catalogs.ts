import type { Changes } from "#events/changes.ts";
import type { Database, McpServer, Transaction } from "@gatehouse/prisma";
import type { NewEvent } from "#events/log.ts";
import type { Tool } from "#mcp/calls/catalog.ts";
import type { Prompt } from "#mcp/calls/prompts.ts";
import type { Resource, ResourceTemplate } from "#mcp/calls/resources.ts";
import { recordAllowedDefinitions } from "./listed-definitions.ts";
import { diffCatalogs, describeChanges } from "./catalog-diff.ts";

export type CatalogResource = Resource;
export type CatalogResourceTemplate = ResourceTemplate;
export type CatalogPrompt = Prompt;

/** Whose list: one account's is never shown to another (regressions S13). */
export interface CatalogAccount {
  serverId: string;
  ownerId: string;
}

interface StoredList extends CatalogAccount {
  fetchedAt: Date;
  /** It is served all the same, and renewed behind. */
  isStale: boolean;
  /** The size of the stored lists, in bytes of JSON. */
  bytes: number;
}

export interface StoredTools extends StoredList {
  tools: Tool[];
  /** What was left out, cut or mended, in sentences; of all lists. */
  notes: string[];
}

/** What a server has besides tools; null: not asked for yet, all of them or none. */
export interface StoredOffers extends StoredList {
  resources: Resource[] | null;
  resourceTemplates: ResourceTemplate[] | null;
  prompts: Prompt[] | null;
}

/** What was learnt: a list that could not be had is null, and the one that is stored stays. */
export interface LearntOffers {
  resources: Resource[] | null;
  resourceTemplates: ResourceTemplate[] | null;
  prompts: Prompt[] | null;
  notes: string[];
  /** The shortest that the server gave; null: none. */
  ttlMs: number | null;
}

/** What each account was last told of a server. */
export interface StoredCatalogs {
  /**
   * Any number in one statement.
   * @param mostBytes the lists beyond it are left out, with their `bytes`
   */
  readTools(accounts: readonly CatalogAccount[], mostBytes?: number): Promise<StoredTools[]>;
  readOffers(accounts: readonly CatalogAccount[], mostBytes?: number): Promise<StoredOffers[]>;
  /**
   * The question asked last wins, whatever order the answers come in (regressions D11); what it changes is told.
   * @returns whether the account's resources and prompts are in use, and want to be asked for too
   */
  storeTools(
    server: McpServer,
    ownerId: string,
    learnt: { tools: Tool[]; notes: string[]; ttlMs: number | null },
    askedAt: Date,
  ): Promise<{ hasOffers: boolean }>;
  /**
   * Only beside the tools that were asked for at `askedAt`: a later question brings its own.
   * @returns false when there are others by now, or none
   */
  storeOffers(
    account: CatalogAccount,
    learnt: LearntOffers,
    askedAt: Date,
    isFirst: boolean,
  ): Promise<boolean>;
}

export interface StoredCatalogsDeps {
  db: Database;
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
  changes: Pick<Changes, "server" | "workspace">;
}

/** What the server says is kept within these bounds; without a word of it the first holds. */
const ownTtlMs = 10 * 60_000;
/** 0 is "stale at once" (MCP 2026-07-28, Caching): each look would be a request. */
const leastTtlMs = 60_000;
const mostTtlMs = 24 * 60 * 60_000;

/** Of one account: its lists are bounded when they are asked for. */
const unlimitedBytes = Number.MAX_SAFE_INTEGER;

export function createStoredCatalogs(deps: StoredCatalogsDeps): StoredCatalogs {
  const { db } = deps;
  const columns = (accounts: readonly CatalogAccount[]) => ({
    servers: accounts.map(({ serverId }) => serverId),
    owners: accounts.map(({ ownerId }) => ownerId),
  });
  const freshUntil = (askedAt: Date, ttlMs: number | null) =>
    ttlMs === null
      ? null
      : new Date(askedAt.getTime() + Math.min(Math.max(ttlMs, leastTtlMs), mostTtlMs));

  return {
    async readTools(accounts, mostBytes = unlimitedBytes) {
      const { servers, owners } = columns(accounts);
      return db.$queryRaw<StoredTools[]>`
        SELECT "serverId", "ownerId", "notes", "fetchedAt", "isStale", "bytes",
          CASE WHEN "bytesSoFar" <= ${mostBytes} THEN "tools" ELSE '[]'::json END AS "tools"
        FROM (SELECT *, sum("bytes") OVER (ORDER BY "serverId") AS "bytesSoFar" FROM (
          SELECT c.*, octet_length(c."tools"::text) AS "bytes",
            coalesce(c."freshUntil", c."fetchedAt" + ${ownTtlMs} * interval '1 ms') <= now() AS "isStale"
          FROM "ToolCatalog" c JOIN unnest(${servers}::uuid[], ${owners}::uuid[]) AS a("serverId", "ownerId")
            ON a."serverId" = c."serverId" AND a."ownerId" = c."ownerId") AS known) AS counted`;
    },

    async readOffers(accounts, mostBytes = unlimitedBytes) {
      const { servers, owners } = columns(accounts);
      return db.$queryRaw<StoredOffers[]>`
        SELECT "serverId", "ownerId", "fetchedAt", "isStale", "bytes",
          CASE WHEN "bytesSoFar" <= ${mostBytes} THEN "resources" END AS "resources",
          CASE WHEN "bytesSoFar" <= ${mostBytes} THEN "resourceTemplates" END AS "resourceTemplates",
          CASE WHEN "bytesSoFar" <= ${mostBytes} THEN "prompts" END AS "prompts"
        FROM (SELECT *, sum("bytes") OVER (ORDER BY "serverId") AS "bytesSoFar" FROM (
          SELECT c.*, coalesce(octet_length(c."resources"::text), 0) + coalesce(octet_length(c."resourceTemplates"::text), 0)
              + coalesce(octet_length(c."prompts"::text), 0) AS "bytes",
            coalesce(c."freshUntil", c."fetchedAt" + ${ownTtlMs} * interval '1 ms') <= now() AS "isStale"
          FROM "ToolCatalog" c JOIN unnest(${servers}::uuid[], ${owners}::uuid[]) AS a("serverId", "ownerId")
            ON a."serverId" = c."serverId" AND a."ownerId" = c."ownerId") AS known) AS counted`;
    },

    async storeTools(server, ownerId, { tools, notes, ttlMs }, askedAt) {
      const answer = await db.$transaction(async (tx) => {
        const isRecorded = await recordAllowedDefinitions(tx, server.id);
        const [stored] = await tx.$queryRaw<{ before: Tool[] | null; hasOffers: boolean }[]>`
          INSERT INTO "ToolCatalog" ("id", "serverId", "ownerId", "tools", "notes", "fetchedAt", "freshUntil")
          SELECT uuidv7(), s."id", ${ownerId}::uuid, ${JSON.stringify(tools)}::json, ${notes}::text[],
            ${askedAt}::timestamptz, ${freshUntil(askedAt, ttlMs)}::timestamptz
          FROM "McpServer" s WHERE s."id" = ${server.id}::uuid AND s."configVersion" = ${server.configVersion}
            -- An account that was disconnected meanwhile must not come back with its list.
            AND (s."authType" <> 'OAUTH' OR EXISTS (SELECT 1 FROM "OAuthGrant" g
              WHERE g."serverId" = s."id" AND g."ownerId" = ${ownerId}::uuid AND g."state" <> 'DISCONNECTED'))
          ON CONFLICT ("serverId", "ownerId") DO UPDATE SET "tools" = excluded."tools", "notes" = excluded."notes",
            "fetchedAt" = excluded."fetchedAt", "freshUntil" = excluded."freshUntil"
          WHERE "ToolCatalog"."fetchedAt" <= excluded."fetchedAt"
          RETURNING old."tools" AS "before", new."resources" IS NOT NULL AS "hasOffers"`;
        const changes = stored && diffCatalogs(stored.before, tools);
        const hasOffers = stored?.hasOffers ?? false;
        if (!changes) return { isChanged: false, isRecorded, hasOffers };
        await deps.appendEvent(tx, {
          workspaceId: server.workspaceId,
          type: "TOOLS_CHANGED",
          actorId: null,
          serverId: server.id,
          userId: ownerId === server.workspaceId ? null : ownerId,
          payload: describeChanges(changes),
        });
        return { isChanged: true, isRecorded, hasOffers };
      });
      if (answer.isChanged || answer.isRecorded) deps.changes.server(server.id);
      if (answer.isChanged) deps.changes.workspace(server.workspaceId);
      return { hasOffers: answer.hasOffers };
    },

    async storeOffers({ serverId, ownerId }, learnt, askedAt, isFirst) {
      const json = (list: unknown[] | null) => (list === null ? null : JSON.stringify(list));
      // Of two that ask for the first time about the same tools, the first to know wins: nothing is older than the other.
      const count = await db.$executeRaw`
        UPDATE "ToolCatalog" c SET "resources" = coalesce(${json(learnt.resources)}::json, c."resources", '[]'),
          "resourceTemplates" = coalesce(${json(learnt.resourceTemplates)}::json, c."resourceTemplates", '[]'),
          "prompts" = coalesce(${json(learnt.prompts)}::json, c."prompts", '[]'),
          "notes" = c."notes" || ${learnt.notes}::text[],
          "freshUntil" = least(coalesce(c."freshUntil", c."fetchedAt" + ${ownTtlMs} * interval '1 ms'),
            ${freshUntil(askedAt, learnt.ttlMs)}::timestamptz)
        WHERE c."serverId" = ${serverId}::uuid AND c."ownerId" = ${ownerId}::uuid
          AND c."fetchedAt" = ${askedAt}::timestamptz AND (NOT ${isFirst}::boolean OR c."resources" IS NULL)`;
      return count > 0;
    },
  };
}
