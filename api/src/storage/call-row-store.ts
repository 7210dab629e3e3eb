import { type Database, type McpServer, Prisma, type ToolPolicy } from "@gatehouse/prisma";
import type { NewToolPolicy, WorkspaceRole } from "@gatehouse/prisma";
import type { KeyState } from "#oauth/key-state.ts";
import type { OAuthReason } from "#oauth/state.ts";

/** A row with a stamp that stays equal until something changes that affects calls. */
export interface Stamped {
  id: string;
  stamp: string;
}

/** A server that has not been deleted. */
export interface ServerRow extends Stamped {
  server: McpServer;
  policies: ToolPolicy[];
  /** The setting of the workspace that the server belongs to. */
  newToolPolicy: NewToolPolicy;
}

export interface RoleRow extends Stamped {
  role: WorkspaceRole;
}

/** A grant without its secrets. */
export interface GrantStatusRow extends Stamped {
  state: "DISCONNECTED" | "CONNECTED" | "REAUTH_REQUIRED";
  reason: OAuthReason | null;
  version: number;
  accessTokenLifetimeMs: number | null;
  /**
   * The creation time of the consent that issued the grant. A different consent can belong to a
   * different account.
   */
  connectedAt: Date | null;
  lastUsedAt: Date | null;
}

/** The key of an account at a server that authenticates with headers. */
export interface KeyRow extends Stamped {
  state: KeyState;
  /** The version of the server's settings that the row belongs to. */
  configVersion: number;
  /** The user's own headers, sealed. */
  headers: Uint8Array | null;
  /** Changes with the user's own headers. */
  version: number;
}

export interface CatalogRow extends Stamped {
  /** In the stored form. */
  tools: unknown;
  fetchedAt: Date;
  /** The size of the tools, in bytes of JSON. */
  bytes: number;
}

/**
 * Reads the rows that decide whether a call is allowed, each with its stamp. Methods return null if
 * there is no row.
 */
export interface CallRowStore {
  findServer(id: string): Promise<ServerRow | null>;
  findRole(workspaceId: string, userId: string): Promise<RoleRow | null>;
  findGrant(serverId: string, ownerId: string): Promise<GrantStatusRow | null>;
  findKey(serverId: string, ownerId: string): Promise<KeyRow | null>;
  findCatalog(serverId: string, ownerId: string): Promise<CatalogRow | null>;
  /** Reads the stamps of the rows that exist, in one statement. */
  readStamps(ids: {
    servers: readonly string[];
    roles: readonly string[];
    grants: readonly string[];
    keys: readonly string[];
    catalogs: readonly string[];
  }): Promise<ReadonlyMap<string, string>>;
}

// `xmin` changes with every statement, including those that do not set `updatedAt`.
const newToolPolicy = Prisma.sql`(SELECT w."newToolPolicy"::text FROM "Workspace" w WHERE w."id" = s."workspaceId")`;
const serverStamp = Prisma.sql`concat_ws(' ', s.xmin, ${newToolPolicy}, (
  SELECT md5(string_agg(p."id"::text || p.xmin::text, ',' ORDER BY p."id")) FROM "ToolPolicy" p WHERE p."serverId" = s."id"))`;
const roleStamp = Prisma.sql`m."role"::text`;
// Leases and usage times do not affect calls, so they are not part of the stamp.
const grantStamp = Prisma.sql`concat_ws(' ', g."version", g."state", coalesce(g."reason"::text, '-'), g."accessTokenExpiresAt", g."connectedAt")`;
const keyStamp = Prisma.sql`k.xmin::text`;
const catalogStamp = Prisma.sql`c.xmin::text`;

export function createCallRowStore(db: Database): CallRowStore {
  return {
    async findServer(id) {
      // Read the stamp first: a change between the two statements is then detected later instead of
      // being missed.
      const [row] = await db.$queryRaw<Pick<ServerRow, "stamp" | "newToolPolicy">[]>`
        SELECT ${serverStamp} AS "stamp", ${newToolPolicy} AS "newToolPolicy" FROM "McpServer" s WHERE s."id" = ${id}::uuid`;
      if (!row) return null;
      const found = await db.mcpServer.findUnique({
        where: { id, deletedAt: null },
        include: { policies: true },
      });
      if (!found) return null;
      const { policies, ...server } = found;
      return { id, ...row, server, policies };
    },

    async findRole(workspaceId, userId) {
      const [row] = await db.$queryRaw<RoleRow[]>`
        SELECT m."id"::text AS "id", m."role"::text AS "role", ${roleStamp} AS "stamp" FROM "Membership" m
        WHERE m."workspaceId" = ${workspaceId}::uuid AND m."userId" = ${userId}::uuid`;
      return row ?? null;
    },

    async findGrant(serverId, ownerId) {
      const [row] = await db.$queryRaw<GrantStatusRow[]>`
        SELECT g."id"::text AS "id", g."state"::text AS "state", g."reason"::text AS "reason", g."version", g."accessTokenLifetimeMs",
          g."connectedAt", g."lastUsedAt", ${grantStamp} AS "stamp"
        FROM "OAuthGrant" g WHERE g."serverId" = ${serverId}::uuid AND g."ownerId" = ${ownerId}::uuid`;
      return row ?? null;
    },

    async findKey(serverId, ownerId) {
      const [row] = await db.$queryRaw<KeyRow[]>`
        SELECT k."id"::text AS "id", k."state"::text AS "state", k."configVersion", k."headers", k."version", ${keyStamp} AS "stamp"
        FROM "ServerKey" k WHERE k."serverId" = ${serverId}::uuid AND k."ownerId" = ${ownerId}::uuid`;
      return row ?? null;
    },

    async findCatalog(serverId, ownerId) {
      const [row] = await db.$queryRaw<CatalogRow[]>`
        SELECT c."id"::text AS "id", c."tools", c."fetchedAt", octet_length(c."tools"::text) AS "bytes", ${catalogStamp} AS "stamp"
        FROM "ToolCatalog" c WHERE c."serverId" = ${serverId}::uuid AND c."ownerId" = ${ownerId}::uuid`;
      return row ?? null;
    },

    async readStamps({ servers, roles, grants, keys, catalogs }) {
      const rows = await db.$queryRaw<Stamped[]>`
        SELECT s."id"::text AS "id", ${serverStamp} AS "stamp" FROM "McpServer" s
          WHERE s."id" = ANY(${[...servers]}::uuid[]) AND s."deletedAt" IS NULL
        UNION ALL SELECT m."id"::text, ${roleStamp} FROM "Membership" m WHERE m."id" = ANY(${[...roles]}::uuid[])
        UNION ALL SELECT g."id"::text, ${grantStamp} FROM "OAuthGrant" g WHERE g."id" = ANY(${[...grants]}::uuid[])
        UNION ALL SELECT k."id"::text, ${keyStamp} FROM "ServerKey" k WHERE k."id" = ANY(${[...keys]}::uuid[])
        UNION ALL SELECT c."id"::text, ${catalogStamp} FROM "ToolCatalog" c WHERE c."id" = ANY(${[...catalogs]}::uuid[])`;
      return new Map(rows.map(({ id, stamp }) => [id, stamp]));
    },
  };
}
