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

/**
 * The account that a list belongs to. A list is never shown to another account (regressions S13).
 */
export interface CatalogAccount {
  serverId: string;
  ownerId: string;
}

interface StoredList extends CatalogAccount {
  fetchedAt: Date;
  /** A stale list is still returned, and refreshed in the background. */
  isStale: boolean;
  /** The size of the stored lists, in bytes of JSON. */
  bytes: number;
}

export interface StoredTools extends StoredList {
  tools: Tool[];
  /** Sentences that describe what was left out, truncated or repaired in any of the lists. */
  notes: string[];
}

/** The resources, templates and prompts of a server; null: not requested yet. */
export interface StoredOffers extends StoredList {
  resources: Resource[] | null;
  resourceTemplates: ResourceTemplate[] | null;
  prompts: Prompt[] | null;
}

/** The lists of a response. A list that was not available is null, and the stored one stays. */
export interface LearntOffers {
  resources: Resource[] | null;
  resourceTemplates: ResourceTemplate[] | null;
  prompts: Prompt[] | null;
  notes: string[];
  /** The shortest time to live that the server specified; null: none. */
  ttlMs: number | null;
}

/** The last known lists of each account at a server. */
export interface StoredCatalogs {
  /**
   * Reads any number of lists in one statement.
   * @param mostBytes lists beyond this total size are left out, with their `bytes`
   */
  readTools(accounts: readonly CatalogAccount[], mostBytes?: number): Promise<StoredTools[]>;
  readOffers(accounts: readonly CatalogAccount[], mostBytes?: number): Promise<StoredOffers[]>;
  /**
   * Stores the result of the latest request, whatever the order of the responses (regressions D11),
   * and appends an event for the changes.
   * @returns whether the account's resources and prompts are in use and should be requested too
   */
  storeTools(
    server: McpServer,
    ownerId: string,
    learnt: { tools: Tool[]; notes: string[]; ttlMs: number | null },
    askedAt: Date,
  ): Promise<{ hasOffers: boolean }>;
  /**
   * Stores resources and prompts only with the tools that were requested at `askedAt`: a later
   * request stores its own.
   * @returns false if the stored tools are from another request, or there are none
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

/** The default. A time to live that the server specifies is kept within the bounds below. */
const ownTtlMs = 10 * 60_000;
/**
 * 0 means that the list is immediately stale (MCP 2026-07-28, Caching): every view would cause a
 * request.
 */
const leastTtlMs = 60_000;
const mostTtlMs = 24 * 60 * 60_000;

/** For a single account, because its lists are limited when they are requested. */
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
      // If there are two first requests with the same tools, the first one to be stored wins,
      // because neither is older.
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
